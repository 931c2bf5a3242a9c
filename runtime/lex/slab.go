package lex

import "unsafe"

// slabs allocates the optional objects of one record. The first object of a type has an allocation of its
// own; further ones share chunks that grow, up to the number of items left in the array that is being decoded. So a
// record with hundreds of objects costs few allocations and wastes little. A chunk stays in memory
// as long as any object in it; the objects of one record are usually dropped together anyway. A decoder in the pool may
// keep the last chunks until the pool is cleared.
type slabs struct {
	epoch  uint32 // one for each input: older chunks belong to other records
	expect int    // items left in the innermost array of objects, with the current one; 0 outside
	slots  [64]slab
}

type slab struct {
	typ   uintptr // the type of the chunk's objects
	epoch uint32
	size  uint32         // of the last chunk, in objects
	left  uint32         // objects that are free
	next  unsafe.Pointer // the first of them
}

const (
	slabGrowth  = 4
	largestSlab = 32
)

// NewObject returns a new, zero T for the next object, and charges its memory to the limit.
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
	// After the last object, a pointer past the chunk would keep another allocation in memory.
	if s.left--; s.left > 0 {
		s.next = unsafe.Add(s.next, size)
	} else {
		s.next = nil
	}
	return p
}
