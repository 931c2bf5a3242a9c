package decode

import (
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// ReportUnion reports that the next value is not a valid member of the union; why is the text of the issue. It returns
// false if there is no next value, which the caller would have to skip.
func (r *Reader) ReportUnion(why string) bool {
	if r.JSON {
		jsontext.Space(&r.Input)
	}
	if r.At >= len(r.Data) {
		r.Fail("unexpected end")
		return false
	}
	r.Report(r.At, issue.RuleUnion).Want = why
	r.Wrong, r.Lost = true, true
	return true
}

// MainSuffix is the end of a $type that names the main definition of a lexicon in a form that the lexicon language does
// not allow: the correct form is the lexicon's NSID alone.
const MainSuffix = "#main"

// ReportMain reports the union member at offset at, because its $type ends in [MainSuffix]. typ is the $type in
// DAG-CBOR. The value keeps this spelling.
func (r *Reader) ReportMain(at int, typ string) {
	text, _ := dagcbor.TextOf(typ)
	found := r.Report(at, issue.RuleUnion)
	found.Found = input.Excerpt(text)
	found.Want = "$type " + found.Found + " must not end in " + MainSuffix
}

// Try calls read, which reads the next value, and returns the offsets of the value's start and end. If the value has
// issues, Try does not report them but returns false for ok; the memory that the value took is then not counted against
// the limit. If the value's end cannot be found, both offsets are those of its start.
func (r *Reader) Try(read func()) (start, end int, ok bool) {
	if r.JSON {
		jsontext.Space(&r.Input)
	}
	start = r.At
	mark, wasDead := r.Mark(), r.Dead
	read()
	ok = !r.FoundSince(mark)
	if r.Ended || wasDead {
		return start, start, false
	}
	if !ok { // the limit of issues, of memory or of depth may have stopped it: find the value's end
		r.Rewind(mark)
		r.Member = false
		if r.Pass(); r.Dead {
			return start, start, false
		}
	}
	return start, r.At, ok
}
