package lex

import "unsafe"

// array is the place in one array that is being decoded.
type array struct {
	left   int // DAG-CBOR: items left
	items  int // items met
	max    int
	min    int
	offset int
	size   uintptr // of an item in memory
	done   bool
	spare  bool // it counts as absent if decoding it adds to the issues
	issues int  // how many there were before it
}

// startArray starts reading the next array. If the next value is not an array, it reports that and returns an array
// that is done.
func (d *Decoder) startArray(min, max int) (a array) {
	if d.i >= d.check {
		d.poll()
	}
	a.min, a.max, a.offset, a.done = min, max, d.i, true
	if d.json {
		first := d.skipSpace()
		a.offset = d.i
		switch {
		case d.dead:
		case d.reads != nil && d.Null():
		case first != '[':
			d.mismatch("array")
		case d.depth >= MaxDepth:
			d.fail("nesting too deep")
		default:
			d.depth++
			d.i++
			a.done, a.spare, a.issues = false, d.optional, len(d.issues)
			d.optional = false
		}
		return a
	}
	switch {
	case d.i >= len(d.b):
		d.fail("unexpected end")
	case d.b[d.i]>>5 != majorArray:
		d.mismatch("array")
	case d.depth >= MaxDepth:
		d.fail("nesting too deep")
	default:
		if n, ok := d.length(1); ok {
			d.depth++
			a.left, a.done = n, false
			d.checkLength(a.offset, n, min, max)
		}
	}
	return a
}

// more moves to the array's next item. It returns false at the end.
func (d *Decoder) more(a *array) bool {
	if d.i >= d.check {
		d.poll()
	}
	if d.json {
		return d.moreJSON(a)
	}
	if a.left == 0 || d.dead {
		if !a.done {
			a.done = true
			d.depth--
		}
		return false
	}
	a.left--
	a.items++
	return true
}

func (d *Decoder) moreJSON(a *array) bool {
	if a.done {
		return false
	}
	c := d.skipSpace()
	if c == ']' {
		d.i++
		d.depth--
		a.done = true
		learn(d.guess.length(d.depth, a.size), a.items)
		d.checkLength(a.offset, a.items, a.min, a.max)
		return false
	}
	if a.items > 0 {
		if c != ',' {
			d.fail("expected , or ] in an array")
		} else {
			d.i++
			d.skipSpace()
		}
	}
	if d.dead {
		a.done = true
		d.depth--
		return false
	}
	a.items++
	return true
}

// growthJSON is the factor by which an item's memory counts in JSON, which does not say how many items an array has.
// The memory grows by doubling, to less than twice what is needed, and the old copy lives for a while, too. Its first
// size is a guess, so that what is really allocated depends on earlier arrays; what counts must not.
const growthJSON = 3

// firstItems returns how many items of size bytes to allocate before reading any: in DAG-CBOR all of them, unless that
// is suspiciously many; in JSON a guess.
func (d *Decoder) firstItems(a *array, size uintptr) int {
	a.size = size
	room, few := 0, (64<<10)/int(max(size, 1))
	switch {
	case d.json && d.skipSpace() == ']':
		return 0
	case d.json:
		return min(int(*d.guess.length(d.depth-1, size)), few)
	case a.left > few && a.left > 8*len(d.b)/int(max(size, 1)):
		room = few
	default:
		room = a.left
	}
	if room > 0 && !d.spend(allocated(room*int(size))) {
		return 0
	}
	return room
}

// nextItem charges the next item to the memory budget, and returns how many items the slice must have room for. It
// returns false if the budget is used up; decoding has then failed.
func (d *Decoder) nextItem(a *array, room int) (int, bool) {
	if d.json {
		if !d.spend(growthJSON * int(a.size)) {
			return 0, false
		}
		if a.items > room {
			room = max(4, 2*room)
		}
		return room, true
	}
	if a.items <= room {
		return room, true
	}
	room = min(2*room, a.items+a.left)
	return room, d.spend(allocated(room * int(a.size)))
}

type decodablePointer[T any] interface {
	*T
	Decodable
}

// DecodeObject reads an optional object. If the next value is not an object, it reports that and returns nil.
func DecodeObject[T any, P decodablePointer[T]](d *Decoder) *T {
	if !d.atObject() {
		d.mismatch("object")
		return nil
	}
	optional, issues := d.optional, len(d.issues)
	v := NewObject[T](d)
	if P(v).DecodeLex(d); d.wrong || optional && d.forgive(issues) {
		return nil
	}
	return v
}

func (d *Decoder) atObject() bool {
	if d.json {
		return d.skipSpace() == '{'
	}
	return d.i < len(d.b) && d.b[d.i]>>5 == majorMap
}

// DecodeObjects reads an array of min to max objects. min is 0 and max is [NoLimit] where the lexicon sets no limit.
// The result is nil if the next value is not an array; an item that is not an object is the zero T.
// In an [Answer], an optional array with issues is nil, too.
func DecodeObjects[T any, P decodablePointer[T]](d *Decoder, min, max int) []T {
	a := d.startArray(min, max)
	if a.done {
		return nil
	}
	var zero T
	size := unsafe.Sizeof(zero)
	s := makeItems[T](d, d.firstItems(&a, size))
	outside := d.slabs.expect
	for d.more(&a) {
		room, ok := d.nextItem(&a, cap(s))
		if !ok {
			break
		}
		if room > cap(s) {
			s = append(makeItems[T](d, room), s...)
		}
		if s = s[:len(s)+1]; d.json {
			d.slabs.expect = a.items // as good a guess as any that depends on the input alone
		} else {
			d.slabs.expect = a.left + 1
		}
		P(&s[len(s)-1]).DecodeLex(d)
	}
	d.slabs.expect = outside
	if a.spare && d.forgive(a.issues) {
		return nil
	}
	return s
}

// DecodeArray reads an array of min to max items, calling item to read each of them. The result is nil if the next
// value is not an array. In an [Answer], an optional array with issues is nil, too.
func DecodeArray[T any](d *Decoder, min, max int, item func(*Decoder) T) []T {
	a := d.startArray(min, max)
	if a.done {
		return nil
	}
	var zero T
	size := unsafe.Sizeof(zero)
	s := makeItems[T](d, d.firstItems(&a, size))
	for d.more(&a) {
		room, ok := d.nextItem(&a, cap(s))
		if !ok {
			break
		}
		if room > cap(s) {
			s = append(makeItems[T](d, room), s...)
		}
		s = append(s, item(d))
	}
	if a.spare && d.forgive(a.issues) {
		return nil
	}
	return s
}

// DecodeNullable reads a field that may be null. It calls value to read anything else.
func DecodeNullable[T any](d *Decoder, value func(*Decoder) T) Nullable[T] {
	if d.Null() {
		return NullOf[T]()
	}
	d.wrong = false
	v := value(d)
	if d.wrong {
		return Nullable[T]{}
	}
	return ValueOrNull(v)
}
