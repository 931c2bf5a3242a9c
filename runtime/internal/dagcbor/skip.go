package dagcbor

import (
	"math"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Skip skips one value, checking that it is well-formed, canonical and part of the data model.
func Skip(in *input.Input) {
	if in.At >= in.Check {
		in.Poll()
	}
	at := in.At
	if at < len(in.Data) && in.Data[at] >= 0xf9 && in.Data[at] <= 0xfb {
		skipFloat(in)
		return
	}
	major, n := Header(in)
	switch major {
	case ByteString, TextString:
		if n > uint64(len(in.Data)-in.At) {
			in.At = at
			in.Fail("length exceeds the input")
			return
		}
		if major == TextString && !utf8.Valid(in.Data[in.At:in.At+int(n)]) {
			in.Report(at, issue.RuleSyntax).Want = "text that is not UTF-8"
		}
		in.At += int(n)
	case Array, Map:
		if in.Depth >= input.MaxDepth {
			in.At = at
			in.Enter() // fails
			return
		}
		if n > uint64(len(in.Data)-in.At) {
			in.At = at
			in.Fail("length exceeds the input")
			return
		}
		in.Depth++
		if major == Array {
			for ; n > 0 && !in.Dead; n-- {
				Skip(in)
			}
		} else {
			skipEntries(in, at, n)
		}
		in.Depth--
	case Tag:
		if n != LinkTag {
			in.At = at
			in.Fail("tag other than 42")
			return
		}
		Link(in, at)
	case Simple:
		if in.At != at+1 || n < 20 || n > 22 {
			in.At = at
			in.Fail("simple value that is not in the data model")
		}
	case Uint, Negint:
		switch {
		case n > math.MaxInt64 && !in.ReportedAt(at):
			in.Report(at, issue.RuleType).Want = "integer of 64 bits"
		case major == Negint:
			CheckBits(in, at, -1-int64(n))
		default:
			CheckBits(in, at, int64(n))
		}
	}
}

// skipFloat skips a floating-point number and reports it: the data model has none.
func skipFloat(in *input.Input) {
	at := in.At
	size := 1 + 2<<(in.Data[at]-0xf9)
	if len(in.Data)-at < size {
		in.Fail("unexpected end")
		return
	}
	if !in.ReportedAt(at) {
		in.Report(at, issue.RuleType).Want = "value of the data model: floating-point number"
	}
	in.At += size
}

// skipEntries skips the n entries of the map at offset start.
func skipEntries(in *input.Input, start int, n uint64) {
	prev := ""
	var typed Typed
	for k := range n {
		at := in.At
		key, ok := Key(in)
		if !ok {
			return
		}
		if k > 0 {
			CheckOrder(in, at, prev, key)
		}
		prev = key
		if (key == "$link" || key == "$bytes") && !in.ReportedAt(start) {
			in.Report(start, issue.RuleType).Want = "value of the data model: " + key + " as a key"
		}
		value := in.At
		if Skip(in); in.Dead {
			return
		}
		typed.Note(key, in.Str[value:in.At])
	}
	typed.Check(in, start)
}
