package decode

import (
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
)

// Array is the place in one array that is being decoded.
type Array struct {
	Left   int     // DAG-CBOR: items left
	Items  int     // items that More or NextItem has moved to
	max    int     // the most items that the lexicon allows
	min    int     // the fewest
	offset int     // of the array in the input
	size   uintptr // of an item in memory
	Done   bool    // the array has ended, or the value is not an array
	spare  bool    // an optional array of an answer: it counts as absent if it has issues
	issues int     // how many issues there were before it
}

// StartArray starts reading the next array, which must have min to max items. If the next value is not an array,
// StartArray reports that, unless it is null in an answer, and returns an Array that is done.
func (r *Reader) StartArray(min, max int) (a Array) {
	if r.At >= r.Check {
		r.Poll()
	}
	a.min, a.max, a.offset, a.Done = min, max, r.At, true
	if r.JSON {
		first := jsontext.Space(&r.Input)
		a.offset = r.At
		switch {
		case r.Dead:
		case r.Reads != nil && r.Null():
		case first != '[':
			r.Mismatch("array")
		case r.Depth >= input.MaxDepth:
			r.Fail("nesting too deep")
		default:
			r.Depth++
			r.At++
			a.Done, a.spare, a.issues = false, r.Optional, len(r.Issues)
			r.Optional = false
		}
		return a
	}
	switch {
	case r.At >= len(r.Data):
		r.Fail("unexpected end")
	case r.Data[r.At]>>5 != dagcbor.Array:
		r.Mismatch("array")
	case r.Depth >= input.MaxDepth:
		r.Fail("nesting too deep")
	default:
		if n, ok := dagcbor.Length(&r.Input, 1); ok {
			r.Depth++
			a.Left, a.Done = n, false
			r.CheckLength(a.offset, n, min, max)
		}
	}
	return a
}

// More moves to the array's next item. It returns false at the end of the array and after reading has failed.
func (r *Reader) More(a *Array) bool {
	if r.At >= r.Check {
		r.Poll()
	}
	if r.JSON {
		return r.moreJSON(a)
	}
	if a.Left == 0 || r.Dead {
		if !a.Done {
			a.Done = true
			r.Depth--
		}
		return false
	}
	a.Left--
	a.Items++
	return true
}

func (r *Reader) moreJSON(a *Array) bool {
	if a.Done {
		return false
	}
	if i, b := r.At, r.Data; a.Items > 0 && i+1 < len(b) && b[i] == ',' && b[i+1] > ' ' {
		r.At = i + 1
		a.Items++
		return true
	}
	if jsontext.NextItem(&r.Input, a.Items == 0) {
		a.Items++
		return true
	}
	a.Done = true
	r.Depth--
	if !r.Dead {
		learn(r.guess.length(r.Depth, a.size), a.Items)
		r.CheckLength(a.offset, a.Items, a.min, a.max)
	}
	return false
}

// growthJSON is how many times the size of an item is charged to the memory budget in JSON, which does not say in
// advance how many items an array has. The slice of items grows by doubling, to less than twice what is needed, and its
// old copy stays in memory until it is collected. The slice's first size is a guess from earlier arrays; the charge
// must not depend on it, so that the same input is always charged the same.
const growthJSON = 3

// FirstItems returns how many items of size bytes to allocate before reading any: in DAG-CBOR all of them, unless that
// is suspiciously many; in JSON a guess.
func (r *Reader) FirstItems(a *Array, size uintptr) int {
	a.size = size
	room, few := 0, (64<<10)/int(max(size, 1))
	switch {
	case r.JSON && jsontext.Space(&r.Input) == ']':
		return 0
	case r.JSON:
		return min(int(*r.guess.length(r.Depth-1, size)), few)
	case a.Left > few && a.Left > 8*len(r.Data)/int(max(size, 1)):
		room = few
	default:
		room = a.Left
	}
	if room > 0 && !r.Spend(input.Allocated(room*int(size))) {
		return 0
	}
	return room
}

// NextItem moves to the array's next item, and charges it to the memory budget. room is how many items the caller's
// slice has room for. NextItem returns how many it must have room for now. It returns false at the end of the array,
// and if the budget is used up; decoding has then failed.
func (r *Reader) NextItem(a *Array, room int) (int, bool) {
	if a.Left > 0 && a.Items < room && r.Ahead() { // in JSON, Left is 0
		a.Left--
		a.Items++
		return room, true
	}
	return r.nextItem(a, room)
}

func (r *Reader) nextItem(a *Array, room int) (int, bool) {
	if !r.More(a) {
		return 0, false
	}
	if r.JSON {
		if !r.Spend(growthJSON * int(a.size)) {
			return 0, false
		}
		if a.Items > room {
			room = max(4, 2*room)
		}
		return room, true
	}
	if a.Items <= room {
		return room, true
	}
	room = min(2*room, a.Items+a.Left)
	return room, r.Spend(input.Allocated(room * int(a.size)))
}

// Absent is called after the array was read. It reports whether the array is an optional one of an answer and has
// issues: it then counts as absent, and Absent discards the issues.
func (r *Reader) Absent(a *Array) bool { return a.spare && r.Forgive(a.issues) }
