// Package pointer returns the JSON pointers (RFC 6901) of the places at given offsets of a value in DAG-CBOR or JSON. It
// shortens pointers that the input would make long.
package pointer

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
)

// Find returns the JSON pointers of the values at offsets, which must be in ascending order. b is JSON or else
// DAG-CBOR. (Decoding records only the offsets of issues, so that values without issues cost nothing for paths.) Find
// walks through b once. b may be malformed anywhere: where the walk cannot continue, the remaining offsets get the
// pointer that it has reached. The error is that of ctx.
func Find(ctx context.Context, b []byte, json bool, offsets []int) ([]string, error) {
	w := finder{offsets: offsets}
	w.in.Start(ctx, b, json, input.Reading, 0)
	w.in.Quiet = true
	if json {
		w.in.At = jsontext.ByteOrderMark(w.in.Str)
		w.walkJSON()
	} else {
		w.walkCBOR()
	}
	if err := w.in.Err(); err != nil {
		return nil, err
	}
	w.reach(len(b) + 1)
	return w.found, nil
}

// Append returns the pointer of the field called name of the object whose pointer is path.
func Append(path, name string) string { return shorten(path + "/" + escape(name)) }

// finder is a walk through a value.
type finder struct {
	in      input.Input
	offsets []int    // those whose pointers are not known yet
	found   []string // the pointers of those before
	path    []step   // to the value that the walk has reached
	made    string   // the pointer of path, or "" if it has not been made yet
}

// step is one step of a path: a key, or the number of an item.
type step struct {
	key  string
	item int // the number of the item, or -1 for a key
}

// reach notes that the walk has reached an offset in the input: the offsets up to it get the pointer of the current
// path.
func (w *finder) reach(offset int) {
	for len(w.offsets) > 0 && w.offsets[0] <= offset {
		if w.made == "" {
			w.made = w.pointer()
		}
		w.found = append(w.found, w.made)
		w.offsets = w.offsets[1:]
	}
}

// pointer returns the path as a JSON pointer.
func (w *finder) pointer() string {
	var b []byte
	for _, s := range w.path {
		b = append(b, '/')
		if s.item >= 0 {
			b = strconv.AppendInt(b, int64(s.item), 10)
		} else {
			b = append(b, escape(shortText(s.key, longestStep, 0))...)
		}
	}
	return shorten(string(b))
}

// The limits of the length of a step and of a path, in bytes. There may be many issues, each with its own path, and a
// path in hostile input may be as long as the input.
const (
	longestStep = 128
	longestPath = 1 << 10
)

func shorten(path string) string { return shortText(path, longestPath/2, longestPath/2) }

// shortText returns s if it has at most first+last bytes. Otherwise it returns about the first first bytes and about
// the last last bytes of s, with "…" between them.
func shortText(s string, first, last int) string {
	if len(s) <= first+last {
		return s
	}
	for first > 0 && !utf8.RuneStart(s[first]) {
		first--
	}
	last = len(s) - last
	for last < len(s) && !utf8.RuneStart(s[last]) {
		last++
	}
	return s[:first] + "…" + s[last:]
}

// enter appends a step to the path and walks the value there. It returns false if the walk cannot continue.
func (w *finder) enter(s step, at int) bool {
	w.path, w.made = append(w.path, s), ""
	w.reach(at)
	ok := false
	if w.in.JSON {
		ok = w.walkJSON()
	} else {
		ok = w.walkCBOR()
	}
	if ok {
		w.path, w.made = w.path[:len(w.path)-1], ""
	}
	return ok
}

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func escape(step string) string { return pointerEscapes.Replace(step) }

func (w *finder) walkCBOR() bool {
	in := &w.in
	if in.At >= in.Check {
		in.Poll()
	}
	w.reach(in.At)
	if len(w.offsets) == 0 || len(w.path) > input.MaxDepth+1 || in.Ended {
		return false
	}
	major, n := dagcbor.Header(in)
	switch major {
	case dagcbor.ByteString, dagcbor.TextString:
		if n > uint64(len(in.Data)-in.At) {
			return false
		}
		in.At += int(n)
	case dagcbor.Array:
		for i := range n {
			if !w.enter(step{"", int(i)}, in.At) {
				return false
			}
		}
	case dagcbor.Map:
		for range n {
			at := in.At
			if at >= len(in.Data) || in.Data[at]>>5 != dagcbor.TextString {
				return false
			}
			key, ok := dagcbor.Text(in)
			if !ok || !w.enter(step{key, -1}, at) {
				return false
			}
		}
	case dagcbor.Tag: // one that holds another is reported where it begins, and not walked through
		if in.At < len(in.Data) && in.Data[in.At]>>5 == dagcbor.ByteString {
			return w.walkCBOR()
		}
		return false
	}
	return !in.Dead
}

func (w *finder) walkJSON() bool {
	in := &w.in
	if in.At >= in.Check {
		in.Poll()
	}
	open := jsontext.Space(in)
	w.reach(in.At)
	if len(w.offsets) == 0 || len(w.path) > input.MaxDepth+1 || in.Ended {
		return false
	}
	if open != '{' && open != '[' {
		jsontext.Skip(in)
		return !in.Dead
	}
	in.At++
	for i := 0; ; i++ {
		c := jsontext.Space(in)
		if c == open+2 {
			in.At++
			return true
		}
		if i > 0 {
			if c != ',' {
				return false
			}
			in.At++
			c = jsontext.Space(in)
		}
		s, at := step{"", i}, in.At
		if open == '{' {
			if c != '"' {
				return false
			}
			s.item = -1
			s.key, _ = jsontext.Text(in)
			if jsontext.Colon(in); in.Dead {
				return false
			}
		}
		if !w.enter(s, at) {
			return false
		}
	}
}
