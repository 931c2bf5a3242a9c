package decode

import (
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// ReportUnion reports that the next value is not a member of the union. It returns whether there is a value for the
// caller to skip.
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

// MainSuffix ends the name of a lexicon's main definition in a spelling that the lexicon language does not allow.
const MainSuffix = "#main"

// ReportMain reports a union's member whose $type names the main definition of a lexicon by "#main", which the
// lexicon language does not allow. The spelling is kept.
func (r *Reader) ReportMain(at int, typ string) {
	text, _ := dagcbor.TextOf(typ)
	found := r.Report(at, issue.RuleUnion)
	found.Found = input.Excerpt(text)
	found.Want = "$type " + found.Found + " must not end in " + MainSuffix
}

// Try calls read, which reads the next value. If the value has issues, Try does not report them but returns false, and
// the memory that the value took does not count. It then moves to the value's end; unless that is not found, it returns the
// value's offsets in the input.
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
