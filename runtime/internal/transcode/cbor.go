// Package transcode converts values of the atproto data model from JSON to canonical DAG-CBOR, and from DAG-CBOR to JSON.
package transcode

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Transcoder converts JSON to DAG-CBOR, and reuses the memory that it needs. The zero Transcoder is ready to use. A
// Transcoder must not be used by several goroutines at once.
type Transcoder struct {
	scratch  []byte                                   // the result of Next
	unsorted []byte                                   // a copy of the entries that are being sorted
	entries  []entry                                  // of the objects that are being read
	most     struct{ scratch, unsorted, entries int } // how many items of each were charged to the memory budget
}

// maxScratch is the size in bytes up to which a Transcoder keeps each of its buffers for the next input.
const maxScratch = 1 << 20

// Reset makes t ready for the next input, and releases memory that only a large value needed.
func (t *Transcoder) Reset() {
	t.most.scratch, t.most.unsorted, t.most.entries = 0, 0, 0
	if cap(t.scratch) > maxScratch {
		t.scratch = nil
	}
	if cap(t.unsorted) > maxScratch {
		t.unsorted = nil
	}
	if cap(t.entries) > maxScratch/16 {
		t.entries = nil
	}
}

// Next reads the next JSON value and returns it as canonical DAG-CBOR, which is valid until the next call.
func (t *Transcoder) Next(in *input.Input) []byte {
	t.scratch = t.value(in, t.scratch[:0])
	in.Use(&t.most.scratch, len(t.scratch), 1)
	return t.scratch
}

// value reads the next JSON value and appends it to to as canonical DAG-CBOR. It appends null for a value that it
// cannot read.
func (t *Transcoder) value(in *input.Input, to []byte) []byte {
	switch c := jsontext.Space(in); c {
	case '"':
		s, _ := jsontext.Text(in)
		return dagcbor.AppendText(to, s)
	case '[':
		return t.array(in, to)
	case '{':
		return t.object(in, to)
	case 't', 'f':
		if v, ok := jsontext.Bool(in); ok {
			if v {
				return append(to, dagcbor.True)
			}
			return append(to, dagcbor.False)
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		at := in.At
		v, ok := jsontext.Number(in)
		if !ok && !in.Dead {
			in.Report(at, issue.RuleType).Want = "integer of 64 bits"
		}
		return dagcbor.AppendInt(to, v)
	}
	jsontext.Skip(in) // null, or not JSON
	return append(to, dagcbor.Null)
}

// open moves past an opening bracket or brace; the caller has moved to it. It returns false if the input is dead or the
// nesting too deep.
func open(in *input.Input) bool {
	if in.At >= in.Check {
		in.Poll()
	}
	if in.Dead || !in.Enter() {
		return false
	}
	in.At++
	return true
}

func (t *Transcoder) array(in *input.Input, to []byte) []byte {
	start, n := len(to), 0
	to = append(to, 0)
	if open(in) {
		for jsontext.NextItem(in, n == 0) {
			if in.At >= in.Check {
				in.Poll()
			}
			n++
			to = t.value(in, to)
		}
		in.Depth--
	}
	return setHeader(to, start, dagcbor.Array, n)
}

// entry holds the offsets in the output of one entry of an object: where its key and its value start, and where the
// value ends.
type entry struct{ from, value, to int32 }

// object reads an object and appends it as DAG-CBOR. It appends the entries in the order of the JSON, and sorts them
// afterwards if necessary: most servers send them in the order of DAG-CBOR.
func (t *Transcoder) object(in *input.Input, to []byte) []byte {
	at, start, first := in.At, len(to), len(t.entries)
	to = append(to, 0)
	if !open(in) {
		return to
	}
	sorted, typed, wrapped := true, false, ""
	for jsontext.NextKey(in, len(t.entries) == first) {
		key, _ := jsontext.Text(in)
		jsontext.Colon(in)
		e := entry{from: int32(len(to))}
		to = dagcbor.AppendText(to, key)
		e.value = int32(len(to))
		if n := len(t.entries); n > first && sorted {
			sorted = bytes.Compare(t.entries[n-1].key(to), e.key(to)) < 0
		}
		typed = typed || key == "$type"
		if key == "$link" || key == "$bytes" {
			wrapped = key
		}
		to = t.value(in, to)
		e.to = int32(len(to))
		in.Use(&t.most.entries, len(t.entries)+1, int(unsafe.Sizeof(e)))
		t.entries = append(t.entries, e)
	}
	in.Depth--
	entries := t.entries[first:]
	t.entries = t.entries[:first]
	if in.Dead {
		return to
	}
	if wrapped != "" {
		if len(entries) == 1 {
			t.unsorted = append(t.unsorted[:0], to[entries[0].value:]...)
			in.Use(&t.most.unsorted, len(t.unsorted), 1)
			return appendWrapped(in, to[:start], at, wrapped, string(t.unsorted))
		}
		in.Report(at, issue.RuleType).Want = "value of the data model: $link or $bytes beside other keys"
	}
	if !sorted {
		t.sort(in, to, at, entries)
	}
	if typed {
		checkTyped(in, at, to, entries)
	}
	return setHeader(to, start, dagcbor.Map, len(entries))
}

// key returns the entry's key with its header, as part of b. Comparing such keys gives the canonical order, because a
// shorter key has a smaller header.
func (e entry) key(b []byte) []byte { return b[e.from:e.value] }

// checkTyped checks the object at offset at of the input, which has a $type. Its entries are in b as DAG-CBOR.
func checkTyped(in *input.Input, at int, b []byte, entries []entry) {
	text := unsafe.String(unsafe.SliceData(b), len(b))
	var typed dagcbor.Typed
	for _, e := range entries {
		key, _ := dagcbor.TextOf(text[e.from:e.value])
		typed.Note(key, text[e.value:e.to])
	}
	typed.Check(in, at)
}

// setHeader replaces the byte at start, which was left for it, with the head of an array or map of n items or entries.
func setHeader(to []byte, start int, major byte, n int) []byte {
	var header [9]byte
	return slices.Replace(to, start, start+1, dagcbor.AppendHeader(header[:0], major, uint64(n))...)
}

// sort sorts the entries of the object at offset at of the input into canonical order, and reports duplicate keys. The
// entries are at the end of to.
func (t *Transcoder) sort(in *input.Input, to []byte, at int, entries []entry) {
	start := entries[0].from
	t.unsorted = append(t.unsorted[:0], to[start:]...)
	in.Use(&t.most.unsorted, len(t.unsorted), 1)
	slices.SortStableFunc(entries, func(a, b entry) int { return bytes.Compare(a.key(to), b.key(to)) })
	to = to[:start]
	for i, e := range entries {
		moved := entry{int32(len(to)), int32(len(to)) + e.value - e.from, int32(len(to)) + e.to - e.from}
		to = append(to, t.unsorted[e.from-start:e.to-start]...)
		entries[i] = moved
		if i > 0 && bytes.Equal(entries[i-1].key(to), moved.key(to)) {
			key, _ := dagcbor.TextOf(string(moved.key(to)))
			in.Report(at, issue.RuleSyntax).Want = "duplicate key " + input.Excerpt(key)
		}
	}
}

// appendWrapped appends the link or the bytes that stand in JSON as an object whose only key is key, "$link" or
// "$bytes". value is the value of that key, as DAG-CBOR. If it is malformed, appendWrapped reports it at offset at and
// appends null.
func appendWrapped(in *input.Input, to []byte, at int, key, value string) []byte {
	text, isText := dagcbor.TextOf(value)
	if key == "$link" {
		if link, err := cid.ParseLink(text); err == nil {
			return dagcbor.AppendLink(to, link.Binary())
		}
	} else if raw, ok := jsontext.Base64(text); ok && isText {
		return append(dagcbor.AppendHeader(to, dagcbor.ByteString, uint64(len(raw))), raw...)
	}
	in.Report(at, issue.RuleType).Want = "value of the data model: malformed " + key
	return append(to, dagcbor.Null)
}
