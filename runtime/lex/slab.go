package lex

import "unsafe"

// slabs allocates the optional objects of one record. The first object of a type is an allocation of its
// own; further ones share chunks that grow, though not beyond what the array that is being decoded has
// items left, so that a record with hundreds costs a few allocations and little is left over. A chunk lives
// as long as any object in it: objects of one record share one fate anyway. A decoder in the pool may keep
// the last chunks until the pool is cleared.
type slabs struct {
	epoch  uint32 // one for each input: older chunks belong to other records
	expect int    // items left in the innermost array of objects, with the current one; 0 outside
	slots  [64]slab
}

type slab struct {
	typ   uintptr // the type that the chunk is of
	epoch uint32
	size  uint32         // of the last chunk, in objects
	left  uint32         // objects that are free
	next  unsafe.Pointer // the first of them
}

const (
	slabGrowth  = 4
	largestSlab = 32
)

// NewObject returns a new, zero T for the object that comes next, and counts its memory.
func NewObject[T any](d *Decoder) *T {
	var zero T
	if d.arena != nil {
		d.spend(int(unsafe.Sizeof(zero)))
		return &arenaItems[T](d.arena, 1)[0]
	}
	var pointer any = (*T)(nil)
	typ := *(*uintptr)(unsafe.Pointer(&pointer)) // the interface's first word identifies *T
	s := &d.slabs.slots[(typ>>5^typ>>11)&63]
	size := int(unsafe.Sizeof(zero))
	if s.typ != typ || s.epoch != d.slabs.epoch {
		d.spend(allocated(size))
		*s = slab{typ: typ, epoch: d.slabs.epoch, size: 1}
		return new(T)
	}
	if s.left == 0 {
		s.size = min(slabGrowth*s.size, largestSlab, uint32(max(d.slabs.expect, 1)))
		s.left = s.size
		d.spend(allocated(int(s.size) * size))
		s.next = unsafe.Pointer(unsafe.SliceData(make([]T, s.size)))
	}
	p := (*T)(s.next)
	// The last object's successor would point behind the chunk, which would keep its neighbour alive.
	if s.left--; s.left > 0 {
		s.next = unsafe.Add(s.next, size)
	} else {
		s.next = nil
	}
	return p
}
