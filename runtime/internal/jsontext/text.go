package jsontext

import (
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Words of eight equal bytes, for checking eight bytes of text at once.
const (
	highBits  = 0x8080808080808080
	allOnes   = 0x0101010101010101
	allQuotes = allOnes * '"'
	allSlash  = allOnes * '\\'
	allSpaces = allOnes * ' '
)

// special returns a word whose high bits mark the bytes of x that end or interrupt plain text in a
// JSON string: quotes, backslashes and control characters. Only the first mark is reliable.
func special(x uint64) uint64 {
	quote, slash := x^allQuotes, x^allSlash
	return ((quote-allOnes)&^quote | (slash-allOnes)&^slash | (x-allSpaces)&^x) & highBits
}

// Plain returns the length of a JSON string whose opening quote is before text, if the string is ASCII without escapes
// and its closing quote is in text. Otherwise it returns -1.
func Plain(text *[24]byte) int {
	for i := 0; i < len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		if m := special(x) | x&highBits; m != 0 {
			if i += bits.TrailingZeros64(m) / 8; text[i] == '"' {
				return i
			}
			return -1
		}
	}
	return -1
}

// Text reads a string; the caller has moved to its opening quote. The result is part of the input if the string has no
// escapes. Text returns false if the input ends or is not well-formed.
func Text(in *input.Input) (string, bool) { return text(in, false) }

// SkipText skips a string as Text reads it, without allocating. It returns the string, which is valid until the next
// call, or "" if the string has escapes and is longer than 32 bytes.
func SkipText(in *input.Input) string {
	s, _ := text(in, true)
	return s
}

// text reads a string. discard says that the caller only compares it with keys, as SkipText does.
func text(in *input.Input, discard bool) (string, bool) {
	start := in.At + 1
	i, b := start, in.Data
	var seen uint64
	for i+8 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:])
		m := special(x)
		if m == 0 {
			seen |= x
			i += 8
			continue
		}
		n := bits.TrailingZeros64(m) / 8
		seen |= x & (1<<(8*n) - 1)
		if i += n; b[i] != '"' {
			break
		}
		in.At = i + 1
		s := in.Str[start:i]
		if seen&highBits != 0 && !utf8.ValidString(s) {
			in.Report(start-1, issue.RuleSyntax).Want = "text that is not UTF-8"
		}
		return s, true
	}
	return textSlow(in, start, i, discard)
}

// textSlow reads a string that has escapes or that ends near the end of the input. The text from start to
// offset i has been read and is plain.
func textSlow(in *input.Input, start, i int, discard bool) (string, bool) {
	b, escaped := in.Data, false
	in.At = start - 1
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			s := in.Str[start:i]
			if !utf8.ValidString(s) {
				in.Report(in.At, issue.RuleSyntax).Want = "text that is not UTF-8"
			}
			in.At = i + 1
			if escaped {
				s = unescaped(in, s, discard)
			}
			return s, true
		case c < ' ':
			in.Fail("control character in a string")
			return "", false
		case c == '\\':
			if i >= in.Check {
				if in.Poll(); in.Dead {
					return "", false
				}
			}
			r, n := escape(in.Str[i:])
			if n == 0 {
				in.Fail("unknown escape in a string")
				return "", false
			}
			if r == loneSurrogate {
				in.Report(in.At, issue.RuleSyntax).Want = "lone surrogate in a string"
			}
			escaped = true
			i += n - 1
		}
	}
	in.Fail("unterminated string")
	return "", false
}

// unescaped returns s with its escapes replaced; they have been checked. If the text will be discarded and is too long
// to be a key that the caller looks for, it returns "".
func unescaped(in *input.Input, s string, discard bool) string {
	to := in.Short[:0]
	if !discard {
		to = make([]byte, 0, len(s))
	} else if len(s) > len(in.Short) {
		return ""
	}
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			to = append(to, s...)
			return unsafe.String(unsafe.SliceData(to), len(to))
		}
		r, n := escape(s[i:])
		to = utf8.AppendRune(append(to, s[:i]...), r) // U+FFFD for a lone surrogate
		s = s[i+n:]
	}
}

const loneSurrogate rune = -1

// escape returns the character that the escape at the start of s stands for, or loneSurrogate, and the escape's length
// in bytes, which is 0 if the escape is not valid.
func escape(s string) (r rune, n int) {
	if len(s) < 2 {
		return 0, 0
	}
	switch c := s[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		switch r := hex4(s[2:]); {
		case r < 0:
			return 0, 0
		case r < 0xd800 || r > 0xdfff:
			return r, 6
		case r <= 0xdbff && strings.HasPrefix(s[6:], `\u`):
			if low := hex4(s[8:]); low >= 0xdc00 && low <= 0xdfff {
				return (r-0xd800)<<10 | (low - 0xdc00) + 0x10000, 12
			}
		}
		return loneSurrogate, 6
	}
	return 0, 0
}

// hex4 returns the number that the first four bytes of s spell in hexadecimal, or -1 if they are not hexadecimal digits.
func hex4(s string) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for _, c := range []byte(s[:4]) {
		switch {
		case c-'0' < 10:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}
