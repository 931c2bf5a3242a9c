// Package output prints records, as lines of JSON or as a summary of an archive, and events of a stream, as lines of
// text.
package output

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// JSON writes v as one line of JSON, without escapes for HTML.
func JSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// Line is a record in the form in which it is printed. It has the bytes of the record as JSON, not the decoded value,
// which may be incomplete if there are issues.
type Line struct {
	URI     syntax.ATURI
	CID     cid.CID
	Trust   string // omitted if ""
	Value   []byte // JSON
	Unknown bool   // no lexicon is known for its collection
	Issues  []issue.Issue
}

// Outcome says whether the record was decoded.
func (l *Line) Outcome() rec.Outcome { return rec.OutcomeOf(!l.Unknown, l.Issues) }

// LineOf returns the line of a record of an archive.
func LineOf(r *repo.Decoded) Line {
	value, _ := lex.CBORToJSON(r.Data) // an error is among the issues
	return Line{URI: r.URI(), CID: r.CID, Value: value, Unknown: r.Value == nil, Issues: r.Issues}
}

// LineOfEnvelope decodes a record that was read by itself, not from an archive, and returns its line. err is the error
// that came with the envelope: nil, or a *rec.Failure, which has the envelope. The record is decoded into arena, which is
// reset before LineOfEnvelope returns.
func LineOfEnvelope(e rec.Envelope, err error, arena *lex.Arena) Line {
	l := Line{}
	if f, ok := err.(*rec.Failure); ok {
		e, l.Issues = f.Envelope, f.Issues
	}
	l.URI, l.CID, l.Trust, l.Value = e.URI, e.CID, e.Trust.String(), e.Data
	switch e.Encoding {
	case lex.CBOR:
		l.Value, _ = lex.CBORToJSON(e.Data) // an error is among the issues
	default:
		l.Value = compacted(e.Data)
	}
	t, known := records.Lookup(e.URI.Collection())
	l.Unknown = !known
	if l.Outcome() == rec.Decoded {
		l.Issues = issue.Of(lex.Decode(context.Background(), e.Data, arena.New(&t), lex.DecodeOptions{Encoding: e.Encoding, Arena: arena}))
		arena.Reset()
	}
	return l
}

// lineIssue is an issue as it is printed.
type lineIssue struct {
	Path    string     `json:"path"`
	Rule    issue.Rule `json:"rule"`
	Message string     `json:"message"`
}

// Append appends the line as JSON, with a newline. The value is null if the record has no form in JSON; the issues say
// why.
func (l *Line) Append(b []byte) []byte {
	b = appendText(append(b, `{"uri":`...), string(l.URI))
	b = append(append(b, `,"cid":"`...), l.CID.String()...)
	if l.Trust != "" {
		b = append(append(b, `","trust":"`...), l.Trust...)
	}
	b = append(b, `","value":`...)
	if len(l.Value) > 0 {
		b = append(b, l.Value...)
	} else {
		b = append(b, "null"...)
	}
	if l.Unknown {
		b = append(b, `,"unknown":true`...)
	}
	if l.Issues != nil {
		b = append(append(b, `,"issues":`...), issuesJSON(l.Issues)...)
	}
	return append(b, "}\n"...)
}

// appendText appends s as JSON. The URI of a record that is not verified may be any text.
func appendText(b []byte, s string) []byte {
	if syntax.ValidATURI(s) { // it needs no escapes
		return append(append(append(b, '"'), s...), '"')
	}
	var out bytes.Buffer
	JSON(&out, s) // text in memory: this cannot fail
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

// issuesJSON returns issues as a JSON array.
func issuesJSON(issues []issue.Issue) []byte {
	list := make([]lineIssue, len(issues))
	for i, problem := range issues {
		list[i] = lineIssue{problem.Path, problem.Rule, problem.Message()}
	}
	var out bytes.Buffer
	JSON(&out, list) // text in memory: this cannot fail
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// compacted returns JSON from a server on one line, or nil if it is not JSON.
func compacted(b []byte) []byte {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return nil
	}
	return out.Bytes()
}

// Indented returns JSON with indentation, for display.
func Indented(b []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return b // it is not JSON: print what the server sent
	}
	return out.Bytes()
}
