package memory

import (
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/input"
)

// Objects allocates the optional objects of one record. The first object of a type has an allocation of its
// own; further ones share chunks that grow, up to the number of items left in the array that is being decoded. So a
// record with hundreds of objects costs few allocations and wastes little. A chunk stays in memory
// as long as any object in it; the objects of one record are usually dropped together anyway. A decoder in the pool may
// keep the last chunks until the pool is cleared.
type Objects struct {
	Arena  *Arena // takes the place of the chunks, if it is not nil
	Expect int    // items left in the innermost array of objects, with the current one; 0 outside
	epoch  uint32 // the number of the input: chunks with another number belong to earlier inputs
	slots  [64]slab
}

// slab is a chunk of objects of one type.
type slab struct {
	typ   uintptr        // the type of the chunk's objects
	epoch uint32         // the number of the input that the chunk was made for
	size  uint32         // of the last chunk, in objects
	left  uint32         // objects that are free
	next  unsafe.Pointer // the first of them
}

const (
	slabGrowth  = 4  // how many times as large as the last one a chunk is
	largestSlab = 32 // how many objects a chunk has at most
)

// Next makes o ready for the next input.
func (o *Objects) Next() {
	o.epoch++
	o.Expect = 0
}

// New returns a new, zero T, and charges its memory to the budget of in.
func New[T any](o *Objects, in *input.Input) *T {
	var zero T
	if o.Arena != nil {
		in.Spend(int(unsafe.Sizeof(zero)))
		return &arenaItems[T](o.Arena, 1)[0]
	}
	var pointer any = (*T)(nil)
	typ := *(*uintptr)(unsafe.Pointer(&pointer)) // the interface's first word identifies *T
	s := &o.slots[(typ>>5^typ>>11)&63]
	size := int(unsafe.Sizeof(zero))
	if s.typ != typ || s.epoch != o.epoch {
		in.Spend(input.Allocated(size))
		*s = slab{typ: typ, epoch: o.epoch, size: 1}
		return new(T)
	}
	if s.left == 0 {
		s.size = min(slabGrowth*s.size, largestSlab, uint32(max(o.Expect, 1)))
		s.left = s.size
		in.Spend(input.Allocated(int(s.size) * size))
		s.next = unsafe.Pointer(unsafe.SliceData(make([]T, s.size)))
	}
	p := (*T)(s.next)
	// After the last object, a pointer past the chunk would keep another allocation in memory.
	if s.left--; s.left > 0 {
		s.next = unsafe.Add(s.next, size)
	} else {
		s.next = nil
	}
	return p
}

// Items returns an empty slice with room for n items.
func Items[T any](o *Objects, n int) []T {
	if o.Arena != nil {
		return arenaItems[T](o.Arena, n)[:0]
	}
	return make([]T, 0, n)
}
