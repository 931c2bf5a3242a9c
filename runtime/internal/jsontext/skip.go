package jsontext

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/input"
)

// Skip skips one value, checking its syntax. It does not check for duplicate keys, because its callers have
// reported the value already or will read it again.
func Skip(in *input.Input) {
	switch c := Space(in); c {
	case '"':
		SkipText(in)
	case '{', '[':
		skipContainer(in, c)
	case 't', 'f', 'n':
		for _, word := range [...]string{"true", "false", "null"} {
			if strings.HasPrefix(in.Str[in.At:], word) {
				in.At += len(word)
				return
			}
		}
		in.Fail("unknown word")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		Number(in)
	case 0:
		in.Fail("unexpected end")
	default:
		in.Fail("unexpected character")
	}
}

// skipContainer skips an object or array, which opens with the character open.
func skipContainer(in *input.Input, open byte) {
	if !in.Enter() {
		return
	}
	in.At++
	for first := true; !in.Dead; first = false {
		if in.At >= in.Check {
			if in.Poll(); in.Dead {
				break
			}
		}
		c := Space(in)
		if c == open+2 { // the closing character of both
			in.At++
			break
		}
		if !first {
			if c != ',' {
				in.Fail("expected , or an end")
				break
			}
			in.At++
			c = Space(in)
		}
		if open == '{' {
			if c != '"' {
				in.Fail("expected a key")
				break
			}
			SkipText(in)
			Colon(in)
		}
		Skip(in)
	}
	in.Depth--
}

// Pass skips one value. In an object or array, it finds only the ends of strings and brackets, at any depth of
// nesting.
func Pass(in *input.Input) {
	if c := Space(in); c != '{' && c != '[' {
		Skip(in)
		return
	}
	b, depth := in.Data, 0
	for i := in.At; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				in.At = i + 1
				return
			}
		case '"':
			i = endOfString(b, i+1)
		default:
			continue
		}
		if i >= in.Check {
			in.At = min(i, len(b))
			if in.Poll(); in.Dead {
				return
			}
		}
	}
	in.Fail("unexpected end")
}

// endOfString returns the offset of the closing quote of the JSON string that offset i is in. If there is none, the
// result is len(b) or more.
func endOfString(b []byte, i int) int {
	for {
		for i+8 <= len(b) {
			m := special(binary.LittleEndian.Uint64(b[i:]))
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) / 8
			break
		}
		switch {
		case i >= len(b) || b[i] == '"':
			return i
		case b[i] == '\\':
			i++ // what is escaped may be a quote
		}
		i++
	}
}
