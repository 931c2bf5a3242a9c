package lex

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// The major types of CBOR (RFC 8949, section 3.1) that DAG-CBOR uses.
const (
	majorUint   = 0
	majorNegint = 1
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorMap    = 5
	majorTag    = 6
	majorSimple = 7
	majorNone   = 8 // not a header
)

const (
	cborFalse = 0xf4
	cborTrue  = 0xf5
	cborNull  = 0xf6
	cborLink  = 0xd8 // a tag in one byte; 42 follows
	tagLink   = 42
)

// highBits has the bits that are set in bytes of a word that are not ASCII.
const highBits = 0x8080808080808080

// header reads the head of a value: its major type and argument. It reports a head that is not in its shortest form.
func (d *Decoder) header() (major byte, argument uint64) {
	at := d.i
	if at >= len(d.b) {
		d.fail("unexpected end")
		return majorNone, 0
	}
	major, info := d.b[at]>>5, d.b[at]&31
	if info < 24 {
		d.i = at + 1
		return major, uint64(info)
	}
	if info > 27 {
		d.fail("indefinite length or reserved head")
		return majorNone, 0
	}
	n := 1 << (info - 24)
	if len(d.b)-at-1 < n {
		d.fail("unexpected end")
		return majorNone, 0
	}
	for _, c := range d.b[at+1 : at+1+n] {
		argument = argument<<8 | uint64(c)
	}
	d.i = at + 1 + n
	if major != majorSimple && (n == 1 && argument < 24 || n > 1 && argument>>(4*n) == 0) {
		d.report(at, issue.RuleSyntax).Want = "number or length not in its shortest form"
	}
	return major, argument
}

// length reads the head of a value whose argument counts things of at least size bytes each. It fails if so many do
// not fit into the rest of the input. The caller has checked the major type.
func (d *Decoder) length(size int) (int, bool) {
	at := d.i
	_, n := d.header()
	if d.dead {
		return 0, false
	}
	if n > uint64(len(d.b)-d.i)/uint64(size) {
		d.i = at
		d.fail("length exceeds the input")
		return 0, false
	}
	return int(n), true
}

func (d *Decoder) objectCBOR(c *Cursor) {
	if d.i >= d.check {
		d.poll()
	}
	c.offset, c.state = int32(d.i), c.state|cursorDone
	switch {
	case d.dead:
	case d.i >= len(d.b):
		d.fail("unexpected end")
	case d.b[d.i]>>5 != majorMap:
		d.mismatch("object")
	case d.depth >= MaxDepth:
		d.fail("nesting too deep")
	default:
		if n, ok := d.length(2); ok {
			d.depth++
			c.left, c.state = int32(n), c.state&^cursorDone
		}
	}
}

// nextCBOR does what the hot path of Next does not: it handles the object's end, and keys that are unknown, long, out
// of order or near the end of the input.
func (d *Decoder) nextCBOR(c *Cursor) int {
	for c.left > 0 {
		if d.i >= d.check {
			d.poll()
		}
		c.left--
		at := d.i
		d.key = at
		key, ok := d.keyCBOR()
		if !ok {
			break
		}
		q := c.fields.find(key)
		if q >= 0 && d.mark(c, q) {
			d.report(at, issue.RuleSyntax).Want = "duplicate key " + excerpt(key)
		} else if prev, ok := d.previousKey(c); ok {
			d.checkOrder(at, prev, key)
		}
		if q >= 0 {
			c.next, c.prev = uint16(q+1), 0
			if !c.fields.wide {
				c.state &^= cursorSlow
			}
			return q
		}
		c.prev = int32(at + 1)
		c.state |= cursorSlow
		if d.unknownField(c, key); d.dead {
			break
		}
	}
	return d.end(c)
}

func (d *Decoder) previousKey(c *Cursor) (string, bool) {
	switch {
	case c.prev > 0:
		r := rawReader{s: d.s, i: int(c.prev) - 1}
		return r.payload(), true
	case c.next > 0:
		return c.fields.list[c.next-1].name, true
	}
	return "", false
}

func (d *Decoder) checkOrder(at int, prev, key string) {
	if d.quiet || keyLess(prev, key) {
		return
	}
	if key == prev {
		d.report(at, issue.RuleSyntax).Want = "duplicate key " + excerpt(key)
	} else {
		d.report(at, issue.RuleSyntax).Want = "key " + excerpt(key) + " out of order"
	}
}

// keyCBOR reads a map key.
func (d *Decoder) keyCBOR() (string, bool) {
	if d.dead {
		return "", false
	}
	if d.i >= len(d.b) {
		d.fail("unexpected end")
		return "", false
	}
	if d.b[d.i]>>5 != majorText {
		d.fail("map key is not a string")
		return "", false
	}
	return d.textCBOR()
}

// textCBOR reads a text string.
func (d *Decoder) textCBOR() (string, bool) {
	at := d.i
	if at >= len(d.b) {
		d.wrong = true
		d.fail("unexpected end")
		return "", false
	}
	if d.b[at]>>5 != majorText {
		d.mismatch("string")
		return "", false
	}
	n, ok := d.length(1)
	if !ok {
		d.wrong = true
		return "", false
	}
	s := d.s[d.i : d.i+n]
	d.i += n
	if !utf8.ValidString(s) {
		d.report(at, issue.RuleSyntax).Want = "text that is not UTF-8"
	}
	return s, true
}

// text reads a string. It returns false if the next value is not a string, which it reports and skips.
func (d *Decoder) text() (string, bool) {
	if d.json {
		return d.textJSON()
	}
	i, b := d.i, d.b
	if i+26 <= len(b) && b[i] == 0x78 && b[i+1] >= 24 { // 24 to 255 bytes: URIs and datetimes
		n := int(b[i+1])
		if i += 2; n <= len(b)-i {
			text := b[i : i+n]
			words := binary.LittleEndian.Uint64(text[n-8:])
			for k := 0; k+8 <= len(text); k += 8 {
				words |= binary.LittleEndian.Uint64(text[k:])
			}
			s := d.s[i : i+n]
			if words&highBits == 0 || utf8.ValidString(s) {
				d.i = i + n
				return s, true
			}
		}
	}
	return d.textCBOR()
}

func (d *Decoder) intCBOR(min, max int64) int64 {
	at := d.i
	if at >= len(d.b) {
		d.wrong = true
		d.fail("unexpected end")
		return 0
	}
	major := d.b[at] >> 5
	if major > majorNegint {
		d.mismatch("integer")
		return 0
	}
	_, u := d.header()
	if u > math.MaxInt64 {
		d.wrong = true
		d.report(at, issue.RuleType).Want = "integer of 64 bits"
		return 0
	}
	v := int64(u)
	if major == majorNegint {
		v = -1 - v
	}
	d.checkRange(at, v, min, max)
	d.checkBits(at, v)
	return v
}

// checkBits reports an integer of more than 53 bits in a value that is about to be sent.
func (d *Decoder) checkBits(at int, v int64) {
	const most = 1<<53 - 1
	if d.purpose == sending && !d.reportedAt(at) {
		d.checkRange(at, v, -most, most)
	}
}

// skipCBOR skips one value, checking that it is well-formed, canonical and part of the data model.
func (d *Decoder) skipCBOR() {
	if d.i >= d.check {
		d.poll()
	}
	at := d.i
	if at < len(d.b) && d.b[at] >= 0xf9 && d.b[at] <= 0xfb {
		d.skipFloat()
		return
	}
	major, n := d.header()
	switch major {
	case majorBytes, majorText:
		if n > uint64(len(d.b)-d.i) {
			d.i = at
			d.fail("length exceeds the input")
			return
		}
		if major == majorText && !utf8.Valid(d.b[d.i:d.i+int(n)]) {
			d.report(at, issue.RuleSyntax).Want = "text that is not UTF-8"
		}
		d.i += int(n)
	case majorArray, majorMap:
		if d.depth >= MaxDepth {
			d.i = at
			d.fail("nesting too deep")
			return
		}
		if n > uint64(len(d.b)-d.i) {
			d.i = at
			d.fail("length exceeds the input")
			return
		}
		d.depth++
		if major == majorArray {
			for ; n > 0 && !d.dead; n-- {
				d.skipCBOR()
			}
		} else {
			d.skipEntries(at, n)
		}
		d.depth--
	case majorTag:
		if n != tagLink {
			d.i = at
			d.fail("tag other than 42")
			return
		}
		d.linkBytes(at)
	case majorSimple:
		if d.i != at+1 || n < 20 || n > 22 {
			d.i = at
			d.fail("simple value that is not in the data model")
		}
	case majorUint, majorNegint:
		switch {
		case n > math.MaxInt64 && !d.reportedAt(at):
			d.report(at, issue.RuleType).Want = "integer of 64 bits"
		case major == majorNegint:
			d.checkBits(at, -1-int64(n))
		default:
			d.checkBits(at, int64(n))
		}
	}
}

// skipFloat skips a floating-point number and reports it: the data model has none.
func (d *Decoder) skipFloat() {
	at := d.i
	size := 1 + 2<<(d.b[at]-0xf9)
	if len(d.b)-at < size {
		d.fail("unexpected end")
		return
	}
	if !d.reportedAt(at) {
		d.report(at, issue.RuleType).Want = "value of the data model: floating-point number"
	}
	d.i += size
}

// reportedAt reports whether the newest issue is about the value at offset.
func (d *Decoder) reportedAt(offset int) bool {
	n := len(d.issues)
	return n > 0 && d.issues[n-1].Offset == offset
}

// skipEntries skips the n entries of the map at offset start.
func (d *Decoder) skipEntries(start int, n uint64) {
	prev := ""
	var typed typedFields
	for k := range n {
		at := d.i
		key, ok := d.keyCBOR()
		if !ok {
			return
		}
		if k > 0 {
			d.checkOrder(at, prev, key)
		}
		prev = key
		if (key == "$link" || key == "$bytes") && !d.reportedAt(start) {
			d.report(start, issue.RuleType).Want = "value of the data model: " + key + " as a key"
		}
		value := d.i
		if d.skipCBOR(); d.dead {
			return
		}
		typed.note(key, d.s[value:d.i])
	}
	d.checkTyped(start, &typed)
}

// linkBytes reads the byte string that follows a link's tag, and returns the link.
func (d *Decoder) linkBytes(at int) (cid.Link, bool) {
	if d.i >= len(d.b) || d.b[d.i]>>5 != majorBytes {
		d.fail("link that is not a byte string")
		return cid.Link{}, false
	}
	n, ok := d.length(1)
	if !ok {
		return cid.Link{}, false
	}
	raw := d.s[d.i : d.i+n]
	d.i += n
	if n > 0 && raw[0] == 0 {
		if link, ok := cid.LinkFromBinary(raw[1:]); ok {
			return link, true
		}
	}
	d.lost = true
	found := d.report(at, issue.RuleFormat)
	found.Want, found.Found = "cid-link", excerpt(raw)
	return cid.Link{}, false
}

// peekTypeCBOR returns the $type of the map that starts here, or "" if it has none.
func (d *Decoder) peekTypeCBOR() string {
	if d.i >= len(d.b) || d.b[d.i]>>5 != majorMap {
		return ""
	}
	n, ok := d.length(2)
	for ; ok && n > 0; n-- {
		key, isKey := d.keyCBOR()
		if !isKey || len(key) > len("$type") {
			return ""
		}
		if key == "$type" {
			if d.i < len(d.b) && d.b[d.i]>>5 == majorText {
				typ, _ := d.textCBOR()
				return typ
			}
			return ""
		}
		if d.skipCBOR(); d.dead {
			return ""
		}
	}
	return ""
}
