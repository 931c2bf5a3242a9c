package main

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func jsonFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "json", false, "print one line of JSON")
}

func jsonlFlag(command *cobra.Command, value *bool) {
	command.Flags().BoolVar(value, "jsonl", false, "print one line of JSON a record")
}

// printJSON prints v as one line of JSON.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// line is a record as it is printed: with the bytes of the record as JSON, not the decoded value, which may lack
// something when there are issues.
type line struct {
	uri     syntax.ATURI
	cid     cid.CID
	trust   string // omitted if ""
	value   []byte // JSON
	unknown bool
	issues  []lex.Issue
}

// lineOf returns the line of a record of an archive.
func lineOf(r *repo.Decoded) line {
	value, _ := lex.CBORToJSON(r.Data) // an error is among the issues
	return line{uri: r.URI(), cid: r.CID, value: value, unknown: r.Value == nil, issues: r.Issues}
}

// lineOfEnvelope decodes a record that was read by itself, not from an archive, and returns its line. err is the error
// that came with the envelope: nil, or a *lex.Failure, which has the envelope.
func lineOfEnvelope(e lex.Envelope, err error) line {
	l := line{}
	if f, ok := err.(*lex.Failure); ok {
		e, l.issues = f.Envelope, f.Issues
	}
	l.uri, l.cid, l.trust, l.value = e.URI, e.CID, e.Trust.String(), e.Data
	switch e.Encoding {
	case lex.CBOR:
		l.value, _ = lex.CBORToJSON(e.Data) // an error is among the issues
	default:
		l.value = compacted(e.Data)
	}
	t, known := records.Lookup(e.URI.Collection())
	l.unknown = !known
	if known && l.issues == nil {
		l.issues = lex.IssuesOf(e.Decode(t.New()))
	}
	return l
}

// lineIssue is an issue as it is printed.
type lineIssue struct {
	Path    string   `json:"path"`
	Rule    lex.Rule `json:"rule"`
	Message string   `json:"message"`
}

// append appends the line as JSON, with a newline. The value is null if the record has no form in JSON; the issues say
// why.
func (l *line) append(b []byte) []byte {
	b = appendText(append(b, `{"uri":`...), string(l.uri))
	b = append(append(b, `,"cid":"`...), l.cid.String()...)
	if l.trust != "" {
		b = append(append(b, `","trust":"`...), l.trust...)
	}
	b = append(b, `","value":`...)
	if len(l.value) > 0 {
		b = append(b, l.value...)
	} else {
		b = append(b, "null"...)
	}
	if l.unknown {
		b = append(b, `,"unknown":true`...)
	}
	if l.issues != nil {
		b = append(append(b, `,"issues":`...), issuesJSON(l.issues)...)
	}
	return append(b, "}\n"...)
}

// appendText appends s as JSON. The URI of a record that is not verified may be any text.
func appendText(b []byte, s string) []byte {
	if syntax.ValidATURI(s) { // it needs no escapes
		return append(append(append(b, '"'), s...), '"')
	}
	var out bytes.Buffer
	printJSON(&out, s) // text in memory: this cannot fail
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

func issuesJSON(issues []lex.Issue) []byte {
	list := make([]lineIssue, len(issues))
	for i, issue := range issues {
		list[i] = lineIssue{issue.Path, issue.Rule, issue.Message()}
	}
	var out bytes.Buffer
	printJSON(&out, list) // text in memory: this cannot fail
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// compacted returns a server's JSON on one line; nil if it is not JSON.
func compacted(b []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return nil
	}
	return out.Bytes()
}

// indented returns JSON with indentation, for people.
func indented(b []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return b // it is not JSON: print what the server sent
	}
	return out.Bytes()
}

// completeCollection completes the argument at the given index with Layers' collections.
func completeCollection(place int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) != place {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, t := range records.Types {
			names = append(names, string(t.NSID))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
