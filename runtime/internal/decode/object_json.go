package decode

import (
	"math"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// guess remembers what earlier objects of the same types looked like, because JSON fixes no order of keys and
// states no number of items. A wrong guess costs time but never correctness.
type guess struct {
	next  [256][32]int8 // by table and number of the last field: the field that followed it
	items [64]int32     // by depth and item size: how many items arrays have had lately
}

// length returns the slot for the length of arrays at this depth with items of this size.
func (g *guess) length(depth int, size uintptr) *int32 {
	return &g.items[(uintptr(depth)*5+size/8)%64]
}

// learn replaces a guess with the number that was found. A guess that is too large is thus used only once, so that the
// memory allocated in vain is never more than an earlier array needed.
func learn(slot *int32, n int) { *slot = int32(n) }

// after returns the slot for the field that follows the last one.
func (g *guess) after(c *Cursor) *int8 {
	return &g.next[c.fields.id&255][c.next&31]
}

func (r *Reader) objectJSON(c *Cursor) {
	first := jsontext.Space(&r.Input)
	c.offset, c.left, c.state = int32(r.At), 0, c.state|cursorDone
	switch {
	case r.Dead:
	case first != '{':
		r.Mismatch("object")
	case r.Depth >= input.MaxDepth:
		r.Fail("nesting too deep")
	default:
		r.Depth++
		r.At++
		c.state &^= cursorDone
		if r.Reads != nil {
			c.extra = nil
		}
	}
}

// separator moves to the opening quote of the next key. It returns false at the object's end.
func (r *Reader) separator(c *Cursor) bool {
	if c.state&cursorDone != 0 || !jsontext.NextKey(&r.Input, c.left == 0) {
		return false
	}
	c.left = 1
	r.key = r.At
	return true
}

// close closes an object that was opened with objectJSON.
func (r *Reader) close(c *Cursor) {
	if c.state&cursorDone == 0 {
		c.state |= cursorDone
		r.Depth--
	}
}

// nextJSON is Next for JSON. It contains the fast path for JSON without white space whose next field is the one that
// was guessed, and for the object's end; nextJSONSlow handles everything else.
func (r *Reader) nextJSON(c *Cursor) int {
	i, b := r.At, r.Data
	if !r.Ahead() || c.state&cursorDone != 0 {
		return r.nextJSONSlow(c)
	}
	if b[i] == '}' {
		if c.state == 0 && c.complete() {
			r.At = i + 1
			c.state = cursorDone
			r.Depth--
			return -1
		}
		return r.nextJSONSlow(c)
	}
	if c.left != 0 {
		if b[i] != ',' {
			return r.nextJSONSlow(c)
		}
		i++
	}
	if q := int(*r.guess.after(c)); b[i] == '"' && uint(q) < uint(len(c.fields.tokens)) {
		if t := &c.fields.tokens[q]; t.at((*[24]byte)(b[i+1:])) {
			if bit := uint64(1) << (q & 63); c.seen&bit == 0 && q < 64 {
				c.seen |= bit
				c.next, c.left = uint16(q+1), 1
				r.At = i + 1 + t.length
				return q
			}
		}
	}
	return r.nextJSONSlow(c)
}

func (r *Reader) nextJSONSlow(c *Cursor) int {
	for r.separator(c) {
		key, _ := jsontext.Text(&r.Input)
		jsontext.Colon(&r.Input)
		if r.Dead {
			break
		}
		if q := c.fields.find(key); q >= 0 {
			if q <= math.MaxInt8 {
				*r.guess.after(c) = int8(q)
			}
			r.known(c, q)
			return q
		}
		r.unknownField(c, key)
	}
	return r.end(c)
}

// known notes that field q was met, and reports it if it had been met before.
func (r *Reader) known(c *Cursor, q int) {
	c.next = uint16(q + 1)
	if r.mark(c, q) && !r.skips(&c.fields.list[q]) {
		r.Report(r.key, issue.RuleSyntax).Want = "duplicate key " + input.Excerpt(c.fields.list[q].name)
	}
}

// peekTypeJSON returns the $type of the object that starts here, or "" if it has none.
func (r *Reader) peekTypeJSON() (typ string) {
	if jsontext.Space(&r.Input) != '{' || r.Depth >= input.MaxDepth {
		return ""
	}
	var c Cursor
	r.objectJSON(&c)
	for r.separator(&c) {
		key := jsontext.SkipText(&r.Input)
		jsontext.Colon(&r.Input)
		if key == "$type" && jsontext.Space(&r.Input) == '"' {
			typ, _ = jsontext.Text(&r.Input)
			return typ
		}
		if jsontext.Skip(&r.Input); r.Dead {
			return ""
		}
	}
	return ""
}
