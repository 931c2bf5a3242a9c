package lex

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// jsonGuess remembers what earlier objects of the same types looked like, because JSON fixes no order of keys and
// states no number of items. A wrong guess costs time but never correctness.
type jsonGuess struct {
	next  [256][32]int8 // by table and number of the last field: the field that followed it
	items [64]int32     // by depth and item size: how many items arrays have had lately
}

// length returns the slot for the length of arrays at this depth with items of this size.
func (g *jsonGuess) length(depth int, size uintptr) *int32 {
	return &g.items[(uintptr(depth)*5+size/8)%64]
}

// learn sets a guess to the number that was found. Too large a guess is corrected at once, so that memory allocated in
// vain is never more than an earlier array needed.
func learn(guess *int32, n int) { *guess = int32(n) }

// after returns the slot for the field that follows the last one.
func (g *jsonGuess) after(c *Cursor) *int8 {
	return &g.next[c.fields.id&255][c.next&31]
}

// byteOrderMark returns the length of the UTF-8 byte order mark that s begins with, or 0 if there is none. JSON must
// not have one (RFC 8259, section 8.1), but some editors write it.
func byteOrderMark(s string) int {
	const mark = "\uFEFF"
	if strings.HasPrefix(s, mark) {
		return len(mark)
	}
	return 0
}

// skipSpace moves to the next byte that is not white space, and returns it, or 0 at the end of the input.
func (d *Decoder) skipSpace() byte {
	if d.i < len(d.b) && d.b[d.i] > ' ' {
		return d.b[d.i]
	}
	return d.skipSpaceSlow()
}

func (d *Decoder) skipSpaceSlow() byte {
	for ; d.i < len(d.b); d.i++ {
		switch c := d.b[d.i]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

func (d *Decoder) objectJSON(c *Cursor) {
	first := d.skipSpace()
	c.offset, c.left, c.state = int32(d.i), 0, c.state|cursorDone
	switch {
	case d.dead:
	case first != '{':
		d.mismatch("object")
	case d.depth >= MaxDepth:
		d.fail("nesting too deep")
	default:
		d.depth++
		d.i++
		c.state &^= cursorDone
		if d.reads != nil {
			c.extra = nil
		}
	}
}

// separator moves to the opening quote of the next key. It returns false at the object's end.
func (d *Decoder) separator(c *Cursor) bool {
	if c.state&cursorDone != 0 {
		return false
	}
	next := d.skipSpace()
	if next == '}' {
		d.i++
		return false
	}
	if c.left != 0 {
		if next != ',' {
			d.fail("expected , or } in an object")
			return false
		}
		d.i++
		next = d.skipSpace()
	}
	if next != '"' {
		d.fail("expected a key")
		return false
	}
	if d.i >= d.check {
		if d.poll(); d.dead {
			return false
		}
	}
	c.left = 1
	d.key = d.i
	return true
}

func (d *Decoder) colon() {
	if d.i < len(d.b) && d.b[d.i] == ':' {
		d.i++
	} else if d.skipSpace() == ':' {
		d.i++
	} else {
		d.fail("expected : after a key")
	}
}

func (d *Decoder) nextJSON(c *Cursor) int {
	for d.separator(c) {
		list := c.fields.list
		guess := d.guess.after(c)
		start := d.i + 1
		if q := int(*guess); uint(q) < uint(len(list)) && start+32 <= len(d.b) {
			f := &list[q]
			n := len(f.name)
			if n <= longestFast && d.b[start+n] == '"' {
				text := (*[24]byte)(d.b[start:])
				if f.matches(text, n, binary.LittleEndian.Uint64(text[:])&wordMask[n&31]) {
					d.i = start + n + 1
					d.colon()
					d.known(c, q)
					return q
				}
			}
		}
		key, _ := d.textJSON()
		d.colon()
		if d.dead {
			break
		}
		if q := c.fields.find(key); q >= 0 {
			if q <= math.MaxInt8 {
				*guess = int8(q)
			}
			d.known(c, q)
			return q
		}
		d.unknownField(c, key)
	}
	return d.end(c)
}

func (d *Decoder) known(c *Cursor, q int) {
	c.next = uint16(q + 1)
	if d.mark(c, q) && !d.skips(&c.fields.list[q]) {
		d.report(d.key, issue.RuleSyntax).Want = "duplicate key " + excerpt(c.fields.list[q].name)
	}
}

// Words of eight equal bytes, for checking eight bytes of text at once.
const (
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

// textJSON reads a string. It returns false if the next value is not a valid string, which it reports and skips.
func (d *Decoder) textJSON() (string, bool) {
	if d.skipSpace() != '"' {
		d.mismatch("string")
		return "", false
	}
	start := d.i + 1
	i, b := start, d.b
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
		d.i = i + 1
		s := d.s[start:i]
		if seen&highBits != 0 && !utf8.ValidString(s) {
			d.report(start-1, issue.RuleSyntax).Want = "text that is not UTF-8"
		}
		return s, true
	}
	return d.textSlowJSON(start, i)
}

// textSlowJSON reads a string that has escapes or that ends near the end of the input. The text from start to
// offset i has been read and is plain.
func (d *Decoder) textSlowJSON(start, i int) (string, bool) {
	b, escaped := d.b, false
	d.i = start - 1
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			s := d.s[start:i]
			if !utf8.ValidString(s) {
				d.report(d.i, issue.RuleSyntax).Want = "text that is not UTF-8"
			}
			d.i = i + 1
			if escaped {
				s = d.unescaped(s)
			}
			return s, true
		case c < ' ':
			d.fail("control character in a string")
			return d.noText()
		case c == '\\':
			if i >= d.check {
				if d.poll(); d.dead {
					return d.noText()
				}
			}
			r, n := escape(d.s[i:])
			if n == 0 {
				d.fail("unknown escape in a string")
				return d.noText()
			}
			if r == loneSurrogate {
				d.report(d.i, issue.RuleSyntax).Want = "lone surrogate in a string"
			}
			escaped = true
			i += n - 1
		}
	}
	d.fail("unterminated string")
	return d.noText()
}

// unescaped returns s with its escapes replaced; they have been checked. If the text will be discarded and is too long
// to be a key that the caller looks for, it returns "".
func (d *Decoder) unescaped(s string) string {
	to := d.short[:0]
	if !d.discard {
		to = make([]byte, 0, len(s))
	} else if len(s) > len(d.short) {
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

func (d *Decoder) noText() (string, bool) {
	d.wrong = true
	return "", false
}

const loneSurrogate rune = -1

// escape returns the character that the escape at the start of s stands for, and the escape's length, which is 0 if
// it is not a valid one.
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

func (d *Decoder) intJSON(min, max int64) int64 {
	c := d.skipSpace()
	at := d.i
	if c != '-' && c-'0' > 9 {
		d.mismatch("integer")
		return 0
	}
	v, ok := d.numberJSON()
	if d.dead {
		d.wrong = true
		return 0
	}
	if !ok {
		d.wrong = true
		d.report(at, issue.RuleType).Want = "integer of 64 bits"
		return 0
	}
	d.checkRange(at, v, min, max)
	return v
}

// numberJSON reads a number. A number whose value is an integer counts as one however it is spelled, as the data model
// says: 1.0 and 1e2, for example. It returns false if the value is not a 64-bit integer.
func (d *Decoder) numberJSON() (int64, bool) {
	b, i := d.b, d.i
	negative := b[i] == '-'
	if negative {
		i++
	}
	first := i
	var u uint64
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		if i-first < 19 {
			u = u*10 + uint64(b[i]-'0')
		}
	}
	n := i - first
	if n == 0 || n > 1 && b[first] == '0' {
		d.fail("malformed number")
		return 0, false
	}
	if i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
		return d.decimalJSON(first, i, negative)
	}
	d.i = i
	if n > 19 {
		return 0, false
	}
	return signed(u, negative)
}

func signed(u uint64, negative bool) (int64, bool) {
	switch {
	case negative && u <= 1<<63:
		return -int64(u), true
	case !negative && u <= math.MaxInt64:
		return int64(u), true
	}
	return 0, false
}

// decimalJSON reads the rest of a number whose digits begin at offset first and that has a fraction or an exponent
// at offset i.
func (d *Decoder) decimalJSON(first, i int, negative bool) (int64, bool) {
	b := d.b
	digits := func() int {
		start := i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		return i - start
	}
	whole, fraction := d.s[first:i], ""
	if b[i] == '.' {
		i++
		start := i
		if digits() == 0 {
			d.fail("malformed number")
			return 0, false
		}
		fraction = d.s[start:i]
	}
	exponent := 0
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		minus := i < len(b) && b[i] == '-'
		if i < len(b) && (b[i] == '-' || b[i] == '+') {
			i++
		}
		start := i
		if digits() == 0 {
			d.fail("malformed number")
			return 0, false
		}
		for _, c := range b[start:i] {
			exponent = min(exponent*10+int(c-'0'), 1<<40)
		}
		if minus {
			exponent = -exponent
		}
	}
	d.i = i
	digit := func(k int) byte {
		if k < len(whole) {
			return whole[k]
		}
		return fraction[k-len(whole)]
	}
	from, to := 0, len(whole)+len(fraction) // of the digits without zeros at both ends
	for from < to && digit(from) == '0' {
		from++
	}
	for from < to && digit(to-1) == '0' {
		to--
	}
	if from == to {
		return 0, true
	}
	zeros := len(whole) + exponent - to // that follow these digits
	if zeros < 0 || to-from+zeros > 19 {
		return 0, false
	}
	var u uint64
	for ; from < to; from++ {
		u = u*10 + uint64(digit(from)-'0')
	}
	for range zeros {
		u *= 10
	}
	return signed(u, negative)
}

func (d *Decoder) boolJSON() bool {
	c := d.skipSpace()
	switch {
	case c == 't' && strings.HasPrefix(d.s[d.i:], "true"):
		d.i += len("true")
		return true
	case c == 'f' && strings.HasPrefix(d.s[d.i:], "false"):
		d.i += len("false")
		return false
	}
	d.mismatch("boolean")
	return false
}

// skipJSON skips one value, checking its syntax. It does not check for duplicate keys, because its callers have
// reported the value already or will read it again.
func (d *Decoder) skipJSON() {
	switch c := d.skipSpace(); c {
	case '"':
		d.skipTextJSON()
	case '{', '[':
		d.skipContainerJSON(c)
	case 't', 'f', 'n':
		for _, word := range [...]string{"true", "false", "null"} {
			if strings.HasPrefix(d.s[d.i:], word) {
				d.i += len(word)
				return
			}
		}
		d.fail("unknown word")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		d.numberJSON()
	case 0:
		d.fail("unexpected end")
	default:
		d.fail("unexpected character")
	}
}

// skipContainerJSON skips an object or array, which opens with the character open.
func (d *Decoder) skipContainerJSON(open byte) {
	if d.depth >= MaxDepth {
		d.fail("nesting too deep")
		return
	}
	d.depth++
	d.i++
	for first := true; !d.dead; first = false {
		if d.i >= d.check {
			if d.poll(); d.dead {
				break
			}
		}
		c := d.skipSpace()
		if c == open+2 { // the closing character of both
			d.i++
			break
		}
		if !first {
			if c != ',' {
				d.fail("expected , or an end")
				break
			}
			d.i++
			c = d.skipSpace()
		}
		if open == '{' {
			if c != '"' {
				d.fail("expected a key")
				break
			}
			d.skipTextJSON()
			d.colon()
		}
		d.skipJSON()
	}
	d.depth--
}

// skipTextJSON skips a string. It returns the string unless that has escapes and is long: then it returns "".
func (d *Decoder) skipTextJSON() string {
	d.discard = true
	s, _ := d.textJSON()
	d.discard = false
	return s
}

// peekTypeJSON returns the $type of the object that starts here, or "" if it has none.
func (d *Decoder) peekTypeJSON() (typ string) {
	if d.skipSpace() != '{' || d.depth >= MaxDepth {
		return ""
	}
	var c Cursor
	d.objectJSON(&c)
	for d.separator(&c) {
		key := d.skipTextJSON()
		d.colon()
		if key == "$type" && d.skipSpace() == '"' {
			typ, _ = d.textJSON()
			return typ
		}
		if d.skipJSON(); d.dead {
			return ""
		}
	}
	return ""
}
