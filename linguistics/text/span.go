package text

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers"
)

// The errors of this package wrap one of these.
var (
	// ErrSpan says that a span is not valid for the text: it ends before it begins, ends after the text, begins or ends
	// within a character, or has character offsets that do not match its byte offsets.
	ErrSpan = errors.New("invalid span")
	// ErrNotFound says that the text does not have the substring.
	ErrNotFound = errors.New("not in the text")
)

// Find returns the span of an occurrence of a substring: the first if n is 0, the second if it is 1. Occurrences may
// overlap. The error wraps ErrNotFound.
func Find(text, substring string, n int) (layers.Span, error) {
	at := 0
	for found := 0; substring != "" && n >= 0; found++ {
		i := strings.Index(text[at:], substring)
		if i < 0 {
			break
		}
		at += i
		if found == n {
			return span(at, at+len(substring)), nil
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return layers.Span{}, fmt.Errorf("text: %w: occurrence %d of %s", ErrNotFound, n, quote.Text(substring, 40))
}

// FromRunes returns the span from the character start up to, but not including, the character end. Characters are
// Unicode code points, as in Python. The span has byte offsets and character offsets. The error wraps ErrSpan.
func FromRunes(text string, start, end int) (layers.Span, error) {
	return fromUnits(text, start, end, "characters", func(rune) int { return 1 })
}

// FromUTF16 returns the span from the UTF-16 code unit start up to, but not including, end, as JavaScript counts them.
// The error wraps ErrSpan, also if one of the two is within a character.
func FromUTF16(text string, start, end int) (layers.Span, error) {
	return fromUnits(text, start, end, "UTF-16 code units", func(r rune) int {
		if r > 0xffff {
			return 2
		}
		return 1
	})
}

// fromUnits returns the span from the unit start up to, but not including, the unit end. size returns how many units a
// character has, and units is their name for errors.
func fromUnits(text string, start, end int, units string, size func(rune) int) (layers.Span, error) {
	s := layers.Span{ByteStart: -1, ByteEnd: -1}
	unit, char := 0, int64(0)
	mark := func(i int) {
		if unit == start {
			s.ByteStart = int64(i)
			s.CharStart.Set(char)
		}
		if unit == end {
			s.ByteEnd = int64(i)
			s.CharEnd.Set(char)
		}
	}
	for i, r := range text {
		mark(i)
		unit += size(r)
		char++
		if unit > start && unit > end && s.ByteStart >= 0 && s.ByteEnd >= 0 {
			break
		}
	}
	if s.ByteStart < 0 || s.ByteEnd < 0 {
		mark(len(text))
	}
	if start < 0 || end < start || s.ByteStart < 0 || s.ByteEnd < 0 {
		return layers.Span{}, fmt.Errorf("text: %w: the %s [%d, %d) are not a range of the text", ErrSpan, units, start, end)
	}
	return s, nil
}

// Of returns the text of a span. If the span has character offsets, Of checks them, which takes time proportional to
// the length of the text: use an [Index] for many spans. The error wraps ErrSpan.
func Of(text string, s layers.Span) (string, error) {
	return (&Index{text: text}).Of(s)
}

// boundary reports whether a character begins or the text ends at i.
func boundary(text string, i int64) bool {
	return i == int64(len(text)) || utf8.RuneStart(text[i])
}

// WithChars returns the span with its character offsets set; it ignores those that the span has. The error wraps
// ErrSpan.
func WithChars(text string, s layers.Span) (layers.Span, error) {
	return (&Index{text: text}).WithChars(s)
}

// Time returns the span from start to end in a recording, truncated to milliseconds. The error wraps ErrSpan if start
// is negative or after end.
func Time(start, end time.Duration) (layers.TemporalSpan, error) {
	if start < 0 || end < start {
		return layers.TemporalSpan{}, fmt.Errorf("text: %w: from %v to %v", ErrSpan, start, end)
	}
	return layers.TemporalSpan{Start: start.Milliseconds(), Ending: end.Milliseconds()}, nil
}

// Duration returns the beginning and the end of a span in a recording.
func Duration(s layers.TemporalSpan) (start, end time.Duration) {
	return time.Duration(s.Start) * time.Millisecond, time.Duration(s.Ending) * time.Millisecond
}

// UTF16 returns the UTF-16 code units at which a span begins and ends, as JavaScript counts them. The error wraps ErrSpan.
func UTF16(text string, s layers.Span) (start, end int, err error) {
	if _, err := Of(text, s); err != nil {
		return 0, 0, err
	}
	units := func(part string) (n int) {
		for _, r := range part {
			n += utf16.RuneLen(r)
		}
		return n
	}
	start = units(text[:s.ByteStart])
	return start, start + units(text[s.ByteStart:s.ByteEnd]), nil
}

// span returns a span without character offsets.
func span(start, end int) layers.Span {
	return layers.Span{ByteStart: int64(start), ByteEnd: int64(end)}
}
