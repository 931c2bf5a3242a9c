// Package validation checks the records in files against their lexicons and against each other.
package validation

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/input"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Validation checks the records of files. Call Read for each file, and then Finish.
type Validation struct {
	collection syntax.NSID
	lines      bool
	stdin      io.Reader
	stderr     io.Writer
	out        *bufio.Writer
	set        check.Set
	// files has the file of each record, and the line in it, by the record's URI.
	files          map[syntax.ATURI]string
	valid, unknown int
	// Invalid is the number of invalid records, and Warnings the number of warnings.
	Invalid, Warnings int
}

// finding is an issue or a warning as it is printed.
type finding struct {
	File    string       `json:"file"`
	URI     syntax.ATURI `json:"uri,omitempty"`
	Path    string       `json:"path"`
	Rule    string       `json:"rule"`
	Message string       `json:"message"`
	Warning bool         `json:"warning,omitempty"`
}

// inFile is the prefix of the URIs that are made up for records without one.
const inFile = "at://did:web:file.invalid/"

// uri returns the URI of a record, or "" if it is made up.
func (v *Validation) uri(uri syntax.ATURI) syntax.ATURI {
	if strings.HasPrefix(string(uri), inFile) {
		return ""
	}
	return uri
}

// print prints a finding, as a line of JSON or as text.
func (v *Validation) print(f finding) {
	if v.lines {
		output.JSON(v.out, f) // out keeps its error for Flush
		return
	}
	warning := ""
	if f.Warning {
		warning = "warning: "
	}
	place := strings.TrimSpace(f.File + " " + string(f.URI))
	terminal.Printf(v.out, "%s%s: %s%s: %s\n", place, f.Path, warning, f.Rule, f.Message)
}

// New returns a validation that prints what it finds to stdout, as lines of JSON if lines is set. A JSON record without
// a $type is taken for one of collection, unless that is "".
func New(stdin io.Reader, stdout, stderr io.Writer, collection syntax.NSID, lines bool) *Validation {
	return &Validation{collection: collection, lines: lines, stdin: stdin, stderr: stderr, out: bufio.NewWriter(terminal.Exact(stdout)), files: map[syntax.ATURI]string{}}
}

// Finish checks the records against each other, prints the warnings, and prints the numbers of records and warnings to
// stderr.
func (v *Validation) Finish() error {
	for _, warning := range v.set.Warnings() {
		v.Warnings++
		v.print(finding{File: v.files[warning.URI], URI: v.uri(warning.URI), Path: warning.Path, Rule: string(warning.Rule), Message: warning.Message(), Warning: true})
	}
	if err := v.out.Flush(); err != nil {
		return err
	}
	return terminal.Note(v.stderr, "%s: %d valid, %d invalid, %d of unknown collections; %s\n",
		terminal.Number(v.valid+v.Invalid+v.unknown, "record"), v.valid, v.Invalid, v.unknown, terminal.Number(v.Warnings, "warning"))
}

// Flush writes the buffered output.
func (v *Validation) Flush() error { return v.out.Flush() }

// Read checks the records of an archive (.car), of a file of JSON lines (.jsonl), or of a file with one JSON record, or
// of standard input if file is "-". The error is one of reading: Read prints what is wrong with the records.
func (v *Validation) Read(ctx context.Context, file string) error {
	if strings.HasSuffix(file, ".car") {
		opened, err := archive.Open(ctx, file, nil, v.stderr)
		if err != nil {
			return err
		}
		defer opened.Close()
		for record, err := range opened.Decode(ctx, records.Lookup, nil) {
			if err != nil {
				return err
			}
			v.record(file, record.URI(), record.Value, record.Issues)
		}
		return nil
	}
	source := v.stdin
	if file != "-" {
		opened, err := terminal.Open(ctx, file)
		if err != nil {
			return err
		}
		defer opened.Close()
		source = opened
	}
	if !strings.HasSuffix(file, ".jsonl") {
		text, err := io.ReadAll(io.LimitReader(source, input.MaxRecord+1))
		if err != nil {
			return err
		}
		if len(text) > input.MaxRecord {
			return fmt.Errorf("larger than %d bytes, the limit for a record", input.MaxRecord)
		}
		v.text(file, text)
		return nil
	}
	scanner := bufio.NewScanner(source)
	scanner.Buffer(nil, input.MaxRecord)
	for n := 1; scanner.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(scanner.Bytes())) > 0 {
			v.text(fmt.Sprintf("%s:%d", file, n), scanner.Bytes())
		}
	}
	return scanner.Err()
}

// text checks the JSON text at place: a record, an object with a URI and a record, or an operation of layers apply. An
// object with a URI but no value, and an operation that deletes a record, have nothing to check.
func (v *Validation) text(place string, text []byte) {
	var line struct {
		Type   string          `json:"$type"`
		Action *string         `json:"action"`
		URI    string          `json:"uri"`
		Value  json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		v.Invalid++
		v.print(finding{File: place, Rule: string(issue.RuleSyntax), Message: err.Error()})
		return
	}
	// A record without a URI gets a made-up one, so that records can be distinguished.
	uri := syntax.ATURI(fmt.Sprintf("%s%s/%d", inFile, "invalid.file.record", len(v.files)))
	switch {
	case line.Type != "":
	case line.Action != nil:
		op, err := operation(text)
		if err != nil {
			v.Invalid++
			v.print(finding{File: place, Rule: ruleOperation, Message: err.Error()})
			return
		}
		if op.Record == nil {
			return
		}
		text, line.Type = line.Value, string(op.Record.RecordType())
		if parts := strings.SplitN(line.URI, "/", 4); len(parts) == 4 { // at: "" authority path
			uri = syntax.ATURI("at://" + parts[2] + "/" + string(op.Collection) + "/" + string(op.RecordKey))
		}
		if !hasType(text) {
			text = withType(text, op.Record.RecordType())
		}
	case line.URI != "":
		parsed, err := syntax.ParseATURI(line.URI)
		if err != nil {
			v.Invalid++
			v.print(finding{File: place, Path: "/uri", Rule: string(issue.RuleFormat), Message: err.Error()})
			return
		}
		if line.Value == nil {
			return
		}
		uri, text = parsed, line.Value
		line.Type = string(parsed.Collection())
	}
	collection := syntax.NSID(line.Type)
	if collection == "" && v.collection != "" {
		collection, text = v.collection, withType(text, v.collection)
	}
	if collection == "" {
		v.Invalid++
		v.print(finding{File: place, Path: "/$type", Rule: string(issue.RuleRequired), Message: "required field is missing; --collection names the collection of records without it"})
		return
	}
	def, known := records.Lookup(collection)
	if !known {
		v.record(place, uri, nil, nil)
		return
	}
	value := def.New()
	err := lex.DecodeJSON(text, value)
	issues := issue.Of(err)
	if err != nil && issues == nil {
		v.Invalid++
		v.print(finding{File: place, URI: v.uri(uri), Rule: string(issue.RuleSyntax), Message: err.Error()})
		return
	}
	v.record(place, uri, value, issues)
}

// ruleOperation is the rule of a finding about a line that is not a valid operation.
const ruleOperation = "operation"

// operation parses an operation of layers apply. A placeholder stands for the DID of a handle in its URI, which is not
// resolved.
func operation(text []byte) (op batch.Op, err error) {
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	unresolved := func(syntax.Handle) (syntax.DID, error) { return "did:web:file.invalid", nil }
	for op, err = range batch.ReadOps(open, &batch.ReadOpsOptions{Collection: names.ParseCollection, ResolveHandle: unresolved}) {
		if wrapped, ok := errors.AsType[*batch.OpError](err); ok {
			err = wrapped.Err
		}
	}
	switch {
	case err != nil:
		return op, err
	case !slices.Contains([]batch.Action{batch.ActionCreate, batch.ActionUpdate, batch.ActionPut, batch.ActionDelete}, op.Action):
		return op, fmt.Errorf("unknown action %s: must be create, update, put or delete", quote.Text(string(op.Action), 40))
	case op.Action == batch.ActionDelete && op.Record != nil:
		return op, errors.New("a delete must not have a value")
	case op.Action != batch.ActionDelete && op.Record == nil:
		return op, fmt.Errorf("the action %s needs a value", op.Action)
	case op.Record != nil && op.Record.RecordType() == "":
		return op, errors.New("neither a uri nor a collection, and the value has no $type")
	case op.Record != nil && op.Collection != "" && op.Record.RecordType() != op.Collection:
		return op, fmt.Errorf("the value's $type is %s, not %s", op.Record.RecordType(), op.Collection)
	}
	return op, nil
}

// hasType reports whether a record in JSON has a $type.
func hasType(text []byte) bool {
	var record struct {
		Type *string `json:"$type"`
	}
	return json.Unmarshal(text, &record) == nil && record.Type != nil
}

// withType adds a $type to a record in JSON that has none.
func withType(text []byte, collection syntax.NSID) []byte {
	if start := bytes.IndexByte(text, '{'); start >= 0 {
		comma := ","
		if rest := bytes.TrimSpace(text[start+1:]); len(rest) > 0 && rest[0] == '}' {
			comma = ""
		}
		return append([]byte(fmt.Sprintf(`{"$type":%q%s`, collection, comma)), text[start+1:]...)
	}
	return text
}

// record counts a record, prints its issues, and adds it to the set. value is nil if the record's collection is
// unknown.
func (v *Validation) record(place string, uri syntax.ATURI, value lex.Record, issues []issue.Issue) {
	v.files[uri] = place
	switch {
	case value == nil:
		v.unknown++
		return
	case len(issues) > 0:
		v.Invalid++
	default:
		v.valid++
	}
	for _, i := range issues {
		v.print(finding{File: place, URI: v.uri(uri), Path: i.Path, Rule: string(i.Rule), Message: i.Message()})
	}
	v.set.Add(uri, value)
}
