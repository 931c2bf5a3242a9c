package text

import (
	"fmt"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// Index finds spans in one text. Its methods Of and WithChars do what the functions [Of] and [WithChars] do, but faster
// for many spans: each call takes constant time, even if a span has character offsets. An Index is safe for concurrent
// use.
type Index struct {
	text string
	// marks[i] is the number of characters before byte i*mark. If marks is nil, characters are counted from the
	// beginning.
	marks []int64
}

// mark is the distance between two marks, in bytes.
const mark = 256

// NewIndex returns an index of a text, in time proportional to the length of the text.
func NewIndex(text string) *Index {
	x := &Index{text: text, marks: make([]int64, len(text)/mark+1)}
	for i := 1; i < len(x.marks); i++ {
		x.marks[i] = x.marks[i-1] + int64(starts(text[(i-1)*mark:i*mark]))
	}
	return x
}

// starts counts the bytes with which a character begins.
func starts(part string) int {
	n := 0
	for i := range len(part) {
		if utf8.RuneStart(part[i]) {
			n++
		}
	}
	return n
}

// Text returns the text.
func (x *Index) Text() string { return x.text }

// chars returns the number of characters before the byte at.
func (x *Index) chars(at int64) int64 {
	if x.marks == nil {
		return int64(starts(x.text[:at]))
	}
	i := at / mark
	return x.marks[i] + int64(starts(x.text[i*mark:at]))
}

// Of returns the text of a span, as the function [Of] does.
func (x *Index) Of(s layers.Span) (string, error) {
	start, end := s.ByteStart, s.ByteEnd
	switch {
	case start < 0:
		return "", fmt.Errorf("text: %w: [%d, %d) begins before the text", ErrSpan, start, end)
	case end < start:
		return "", fmt.Errorf("text: %w: [%d, %d) ends before it begins", ErrSpan, start, end)
	case end > int64(len(x.text)):
		return "", fmt.Errorf("text: %w: [%d, %d) ends after the text, which has %d bytes", ErrSpan, start, end, len(x.text))
	case !boundary(x.text, start):
		return "", fmt.Errorf("text: %w: [%d, %d) begins within a character", ErrSpan, start, end)
	case !boundary(x.text, end):
		return "", fmt.Errorf("text: %w: [%d, %d) ends within a character", ErrSpan, start, end)
	}
	if first, ok := s.CharStart.Get(); ok {
		if n := x.chars(start); n != first {
			return "", fmt.Errorf("text: %w: [%d, %d) begins at character %d, not at %d", ErrSpan, start, end, n, first)
		}
	}
	if last, ok := s.CharEnd.Get(); ok {
		if n := x.chars(end); n != last {
			return "", fmt.Errorf("text: %w: [%d, %d) ends at character %d, not at %d", ErrSpan, start, end, n, last)
		}
	}
	return x.text[start:end], nil
}

// WithChars returns the span with its character offsets, as the function [WithChars] does.
func (x *Index) WithChars(s layers.Span) (layers.Span, error) {
	s.CharStart, s.CharEnd = lex.Opt[int64]{}, lex.Opt[int64]{}
	if _, err := x.Of(s); err != nil {
		return layers.Span{}, err
	}
	s.CharStart.Set(x.chars(s.ByteStart))
	s.CharEnd.Set(x.chars(s.ByteEnd))
	return s, nil
}
