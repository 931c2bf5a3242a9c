package dagcbor

import (
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// EmptyBlob is the text of the issue about an empty blob in a value that is about to be written.
const EmptyBlob = "blob is empty; it must have at least 1 byte"

const typedValue = "value of the data model: $type must be a string with content"

// Typed collects, as DAG-CBOR, the fields of an object without a generated type that [Typed.Check] needs.
type Typed struct{ typ, ref, mimeType, size string }

// Note records the field called key, whose value is raw in DAG-CBOR. It ignores fields that Check does not need.
func (f *Typed) Note(key, raw string) {
	switch key {
	case "$type":
		f.typ = raw
	case "ref":
		f.ref = raw
	case "mimeType":
		f.mimeType = raw
	case "size":
		f.size = raw
	}
}

// Check checks the object whose fields were noted, which is at offset at and has no generated type. If it has a $type,
// this must be a string that is not empty, and a blob must have the form that the data model prescribes. Check reports
// an object that is otherwise.
func (f *Typed) Check(in *input.Input, at int) {
	if f.typ == "" || in.ReportedAt(at) {
		return // skipped because it is wrong anyway
	}
	text, _ := TextOf(f.typ)
	if text == "" {
		in.Report(at, issue.RuleType).Want = typedValue
	}
	if text != "blob" {
		return
	}
	mime, _ := TextOf(f.mimeType)
	if n, isInt := IntOf(f.size); !IsLink(f.ref) || mime == "" || !isInt || n < 0 {
		in.Report(at, issue.RuleBlob).Want = "blob needs a ref, a mimeType and a size"
	} else if n == 0 && in.Purpose != input.Reading {
		in.Report(at, issue.RuleBlob).Want = EmptyBlob
	}
}
