package decode

import (
	"encoding/binary"
	"math/bits"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Cursor is the place in one object that is being decoded. The zero Cursor is ready for
// [Reader.Object]. It is small because there is one for every object.
type Cursor struct {
	fields *Table
	extra  **Extra
	seen   uint64 // one bit for each of the first 64 fields, set when the field was met
	offset int32  // of the object
	left   int32  // DAG-CBOR: entries left. JSON: 0 before the first entry
	prev   int32  // DAG-CBOR: 1 + offset of the previous key, or 0 if that is the last of the fields in seen
	extras int32  // where its extra fields begin in Reader.extras, if it has any
	next   uint16 // JSON: 1 + number of the last known field, 0 before the first
	state  cursorState
}

// cursorState is a set of flags about the object of a [Cursor].
type cursorState uint8

const (
	cursorDone     cursorState = 1 << iota // not an object, or at its end: Next returns no more fields
	cursorSlow                             // the next key must be compared with the previous one's text
	cursorMember                           // a union member: its $type is known and not kept
	cursorExtra                            // it has extra fields
	cursorNoObject                         // a key shows that it is not an object of the data model; see noObject
)

// mark notes that field q was met, and reports whether it had been met before.
func (r *Reader) mark(c *Cursor, q int) bool {
	word, bit := &c.seen, uint64(1)<<(q&63)
	if q >= 64 {
		word = r.wideWord(c, q)
	}
	again := *word&bit != 0
	*word |= bit
	return again
}

// wideWord returns the word with the bit of field q, for a field that is not among the first 64 of its table.
func (r *Reader) wideWord(c *Cursor, q int) *uint64 {
	if r.wide == nil {
		r.wide = map[int32][]uint64{}
	}
	words := r.wide[c.offset]
	if words == nil {
		n := (len(c.fields.list) + 63) / 64
		r.Spend(input.Allocated(8*n) + 64)
		words = make([]uint64, n)
		r.wide[c.offset] = words
	}
	return &words[q/64]
}

// met reports whether field q was met in the object.
func (r *Reader) met(c *Cursor, q int) bool {
	if q < 64 {
		return c.seen>>q&1 == 1
	}
	return *r.wideWord(c, q)>>(q&63)&1 == 1
}

// complete reports whether every required field was met. For a wide table it returns false: the caller must check
// each field.
func (c *Cursor) complete() bool {
	return c.seen&c.fields.required == c.fields.required && !c.fields.wide
}

// Object starts reading the next object, whose fields are listed in f. Unknown fields are stored in extra; if extra is
// nil, they are skipped unchecked.
// If the next value is not an object, Object reports that, and the first call of [Reader.Next] ends the object.
func (r *Reader) Object(c *Cursor, f *Table, extra **Extra) {
	c.fields, c.extra = f, extra
	if r.Member || f.wide || r.Depth == 0 {
		r.objectState(c)
	}
	if r.Ahead() && r.Depth < input.MaxDepth {
		head := r.Window()[0]
		if !r.JSON {
			if n := head - 0xa0; n < 24 {
				c.offset, c.left = int32(r.At), int32(n)
				r.At++
				r.Depth++
				return
			}
		} else if head == '{' && r.Reads == nil {
			c.offset = int32(r.At)
			r.At++
			r.Depth++
			return
		}
	}
	if r.JSON {
		r.objectJSON(c)
	} else {
		r.objectCBOR(c)
	}
}

// objectState does the part of Object that few objects need: it is for union members, tables of more than 64 fields,
// and the outermost object.
func (r *Reader) objectState(c *Cursor) {
	if r.Member {
		c.state |= cursorMember
		r.Member = false
	}
	if c.fields.wide {
		c.state |= cursorSlow
	}
	if r.Depth == 0 {
		r.root = c.extra
	}
}

// Next moves to the object's next field that is in its table and returns the field's number. The caller must decode the
// field's value before it calls Next again. At the end of the object, Next reports the required fields that are missing
// and returns a negative number.
//
// Next contains the fast path for DAG-CBOR: a hash of the key selects a field, and Next compares the key with its name.
// Since keys are in canonical order, the field must come after all those that were met; nextCBOR handles everything
// else.
func (r *Reader) Next(c *Cursor) int {
	r.Wrong = false
	if r.JSON {
		if r.Reads != nil {
			return r.nextRead(c)
		}
		return r.nextJSON(c)
	}
	if c.left == 0 {
		if c.state == 0 && c.complete() {
			c.state = cursorDone
			r.Depth--
			return -1
		}
	} else if r.Ahead() && c.state&cursorSlow == 0 {
		text, list := r.Window(), c.fields.list
		head := text[0]
		first := binary.LittleEndian.Uint64(text[:]) & keepName[head&31]
		if q := int(c.fields.slots[c.fields.slot(first)]); q < len(list) {
			// Names of up to 15 bytes are compared without a branch for their length, which the processor could not foresee.
			f := &list[q]
			if first^f.first|binary.LittleEndian.Uint64(text[8:])&f.mask^f.second == 0 && c.seen < f.bit && (head < 0x70 || f.endsAs(text)) {
				c.seen |= f.bit
				c.left--
				r.At += int(head) - 0x5f
				return q
			}
		}
	}
	return r.nextCBOR(c)
}

// endsAs reports whether the third word of the name at text, which has 16 bytes or more, is that of the field.
func (f *field) endsAs(text *[32]byte) bool {
	return binary.LittleEndian.Uint64(text[16:])&keep[text[0]&31+1][2] == f.third
}

// end closes the object, reports the required fields that it lacks, and returns -1.
func (r *Reader) end(c *Cursor) int {
	if c.state&cursorDone != 0 {
		r.Wrong = true // it was not an object, so that a field that may be null is absent
		return -1
	}
	if c.state&cursorExtra != 0 {
		r.keepExtras(c)
	}
	c.state |= cursorDone
	c.left = 0
	r.Depth--
	if c.state&cursorNoObject != 0 {
		r.Wrong = true
	} else if !r.Dead && !c.complete() {
		for q := range c.fields.list {
			if r.requires(&c.fields.list[q]) && !r.met(c, q) {
				r.Report(int(c.offset), issue.RuleRequired).Path = c.fields.list[q].name
			}
		}
	}
	if c.fields.wide {
		delete(r.wide, c.offset)
	}
	return -1
}

func (r *Reader) objectCBOR(c *Cursor) {
	if r.At >= r.Check {
		r.Poll()
	}
	c.offset, c.state = int32(r.At), c.state|cursorDone
	switch {
	case r.Dead:
	case r.At >= len(r.Data):
		r.Fail("unexpected end")
	case r.Data[r.At]>>5 != dagcbor.Map:
		r.Mismatch("object")
	case r.Depth >= input.MaxDepth:
		r.Fail("nesting too deep")
	default:
		if n, ok := dagcbor.Length(&r.Input, 2); ok {
			r.Depth++
			c.left, c.state = int32(n), c.state&^cursorDone
		}
	}
}

// nextCBOR does what the fast path of Next does not: it handles the object's end, and keys that are unknown, long, out
// of order or near the end of the input.
func (r *Reader) nextCBOR(c *Cursor) int {
	for c.left > 0 {
		if r.At >= r.Check {
			r.Poll()
		}
		c.left--
		at := r.At
		r.key = at
		key, ok := dagcbor.Key(&r.Input)
		if !ok {
			break
		}
		q := c.fields.find(key)
		prev, ok := r.previousKey(c)
		if q >= 0 && r.mark(c, q) {
			r.Report(at, issue.RuleSyntax).Want = "duplicate key " + input.Excerpt(key)
		} else if ok {
			dagcbor.CheckOrder(&r.Input, at, prev, key)
		}
		if q >= 0 {
			if c.seen>>(q&63) == 1 && !c.fields.wide {
				c.prev, c.state = 0, c.state&^cursorSlow
			} else {
				c.prev, c.state = int32(at+1), c.state|cursorSlow
			}
			return q
		}
		c.prev = int32(at + 1)
		c.state |= cursorSlow
		if r.unknownField(c, key); r.Dead {
			break
		}
	}
	return r.end(c)
}

// previousKey returns the key before the one that was just read, and whether there is one.
func (r *Reader) previousKey(c *Cursor) (string, bool) {
	switch {
	case c.prev > 0:
		key := dagcbor.Checked{Str: r.Str, At: int(c.prev) - 1}
		return key.Payload(), true
	case c.seen != 0:
		return c.fields.list[bits.Len64(c.seen)-1].name, true
	}
	return "", false
}
