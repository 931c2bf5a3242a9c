package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func validateCommand() *cobra.Command {
	var collection string
	var lines, strict bool
	command := &cobra.Command{
		Use:     "validate FILE...",
		GroupID: groupRead,
		Short:   "Check records in files against their lexicons, offline",
		Long: `Validate checks the records in files: in an archive (.car), in a file of JSON lines
(.jsonl), each a record or an object with "uri" and "value", or in a file with one
JSON record. If FILE is -, it reads a JSON record from standard input.

It prints a line for each thing that is wrong with a record, and a warning for each
that its lexicon allows but that is probably wrong: a misspelt known value, a span
outside its text, a token index that no token has, heads that form a cycle, a
reference to a record that is not in the files, a field that the lexicon does not
name. With --jsonl, each is a JSON object with "file", "uri", "path", "rule",
"message", and "warning":true for a warning.

The exit status is 3 if a record is invalid; with --strict, also if there is a
warning. Records of collections without a known lexicon are counted, and not checked.`,
		Example: `  layers validate corpus.json --collection corpus.corpus
  layers validate batch.jsonl repo.car --strict`,
		Args: arguments(1, 1<<30, "one FILE or more, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			v := &validation{files: map[syntax.ATURI]string{}, out: bufio.NewWriter(terminal.Exact(command.OutOrStdout())), lines: lines}
			if collection != "" {
				nsid, err := names.ParseCollection(collection)
				if err == nil {
					err = names.RequireLexicon(nsid)
				}
				if err != nil {
					return err
				}
				v.collection = nsid
			}
			for _, file := range args {
				if err := v.read(command.Context(), command, file); err != nil {
					return exit.Failure(errors.Join(exit.About(file, err), v.out.Flush()))
				}
			}
			for _, warning := range v.set.Warnings() {
				v.warnings++
				v.print(finding{File: v.files[warning.URI], URI: v.uri(warning.URI), Path: warning.Path, Rule: string(warning.Rule), Message: warning.Message, Warning: true})
			}
			if err := v.out.Flush(); err != nil {
				return err
			}
			terminal.Printf(command.ErrOrStderr(), "%d records: %d valid, %d invalid, %d of unknown collections; %d warnings\n",
				v.valid+v.invalid+v.unknown, v.valid, v.invalid, v.unknown, v.warnings)
			if v.invalid > 0 {
				return &exit.Error{Status: exit.Strict, Err: fmt.Errorf("%d records are invalid", v.invalid)}
			}
			if strict && v.warnings > 0 {
				return &exit.Error{Status: exit.Strict, Err: fmt.Errorf("%d warnings, with --strict", v.warnings)}
			}
			return nil
		},
	}
	command.Flags().StringVar(&collection, "collection", "", "the `COLLECTION` of records that have no $type")
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 if there is a warning")
	jsonlFlag(command, &lines)
	return command
}

// validation checks the records of some files.
type validation struct {
	collection syntax.NSID
	lines      bool
	out        *bufio.Writer
	set        check.Set
	// files has the files of the records, by their URIs.
	files                             map[syntax.ATURI]string
	valid, invalid, unknown, warnings int
}

// finding is what is wrong with a record.
type finding struct {
	File    string       `json:"file"`
	URI     syntax.ATURI `json:"uri,omitempty"`
	Path    string       `json:"path"`
	Rule    string       `json:"rule"`
	Message string       `json:"message"`
	Warning bool         `json:"warning,omitempty"`
}

// inFile is the authority of the URIs of records that have none.
const inFile = "at://did:web:file.invalid/"

// uri returns the URI of a record, or "" if it has none.
func (v *validation) uri(uri syntax.ATURI) syntax.ATURI {
	if strings.HasPrefix(string(uri), inFile) {
		return ""
	}
	return uri
}

func (v *validation) print(f finding) {
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

// read checks the records of a file.
func (v *validation) read(ctx context.Context, command *cobra.Command, file string) error {
	if strings.HasSuffix(file, ".car") {
		opened, err := archive.Open(ctx, file, nil, command.ErrOrStderr())
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
	var source io.Reader = command.InOrStdin()
	if file != "-" {
		opened, err := terminal.Open(ctx, file)
		if err != nil {
			return err
		}
		defer opened.Close()
		source = opened
	}
	if !strings.HasSuffix(file, ".jsonl") {
		text, err := io.ReadAll(io.LimitReader(source, maxRecordFile+1))
		if err != nil {
			return err
		}
		if len(text) > maxRecordFile {
			return fmt.Errorf("larger than %d bytes, the limit for a record", maxRecordFile)
		}
		v.text(file, text)
		return nil
	}
	scanner := bufio.NewScanner(source)
	scanner.Buffer(nil, maxRecordFile)
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

// text checks a record in JSON, or an object with its URI and the record. An object with a URI and no value, such as the
// operation that deletes a record, has nothing to check.
func (v *validation) text(place string, text []byte) {
	var line struct {
		Type  string          `json:"$type"`
		URI   string          `json:"uri"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &line); err != nil {
		v.invalid++
		v.print(finding{File: place, Rule: string(issue.RuleSyntax), Message: err.Error()})
		return
	}
	// A record without a URI gets one, so that records can be told from each other.
	uri := syntax.ATURI(fmt.Sprintf("%s%s/%d", inFile, "invalid.file.record", len(v.files)))
	if line.Type == "" && line.URI != "" {
		parsed, err := syntax.ParseATURI(line.URI)
		if err != nil {
			v.invalid++
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
		v.invalid++
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
		v.invalid++
		v.print(finding{File: place, URI: v.uri(uri), Rule: string(issue.RuleSyntax), Message: err.Error()})
		return
	}
	v.record(place, uri, value, issues)
}

// withType adds the $type to a record in JSON.
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

// record counts a record, prints what is wrong with it, and adds it to the set. value is nil if its collection is
// unknown.
func (v *validation) record(place string, uri syntax.ATURI, value lex.Record, issues []issue.Issue) {
	v.files[uri] = place
	switch {
	case value == nil:
		v.unknown++
		return
	case len(issues) > 0:
		v.invalid++
	default:
		v.valid++
	}
	for _, i := range issues {
		v.print(finding{File: place, URI: v.uri(uri), Path: i.Path, Rule: string(i.Rule), Message: i.Message()})
	}
	v.set.Add(uri, value)
}
