package memory

import "unsafe"

// Arena is reusable memory for decoded values. Values in it are valid until the next [Arena.Reset]. An Arena must not
// be used by several goroutines at once. The zero Arena is ready to use.
type Arena struct {
	// Overwrite makes Reset overwrite all memory that it reclaims: strings with bytes that are not UTF-8, other values
	// with their zero value. (Without it, Reset zeroes only the values that are not strings in the current chunks.)
	Overwrite bool
	// Keep makes Reset leave the memory to the garbage collector instead of reclaiming it, so that values stay valid.
	Keep bool

	shelves []shelf          // a hash table by type; its size is a power of two
	types   int              // how many of the shelves are taken
	bytes   int              // of all chunks that are kept
	used    []unsafe.Pointer // the types whose shelves have been used since the last Reset
	text    []byte           // the chunk for strings
	at      int              // bytes of text that are in use
	full    [][]byte         // chunks for strings that were used up since the last Reset; only with Overwrite
	own     Text             // the decoder's own memory for strings, while the arena is lent to it
}

// shelf is memory for values of one type: a chunk of items, of which the first few are in use.
type shelf struct {
	typ   unsafe.Pointer                    // the type; nil for a free place in the table
	clear func(items unsafe.Pointer, n int) // zeroes n items
	chunk items
	used  int     // how many items of chunk are in use; the others are zero
	bytes int     // the size of chunk
	total int     // how many items were allocated since the last Reset; only with Keep
	last  int     // how many were allocated between the two last calls of Reset; only with Keep
	full  []items // chunks that were used up since the last Reset; only with Overwrite
}

// items is a chunk of n items.
type items struct {
	first unsafe.Pointer
	n     int
}

const (
	// maxKept is how much memory Reset keeps, in bytes. If records needed more, Reset releases all of it.
	maxKept = 4 << 20
	// largestKept is the size in bytes of the largest chunk that several values share if Keep is set.
	largestKept = 32 << 10
	// largestChunk is the size in bytes of the largest chunk that is made for several allocations. Without this limit,
	// each item of a page that proves malformed after it has taken much memory would double the chunk.
	largestChunk = 1 << 20
	// firstText is the size of the first chunk for strings.
	firstText = 16 << 10
	// firstItems is how many items the first chunk of a type has.
	firstItems = 8
	// notUTF8 is a byte that, repeated, is not UTF-8.
	notUTF8 = 0xdb
)

// Lend lets a decoder allocate values in the arena until GiveBack is called. The input has size bytes.
func (a *Arena) Lend(o *Objects, t *Text, size int) {
	o.Arena = a
	if t.Share || a.Keep {
		return
	}
	// The strings of a value are shorter than its input. A short one is copied with what follows it.
	a.reserve(size + 24)
	a.own = *t
	t.chunk, t.used = a.text, a.at
}

// GiveBack ends the loan of Lend: the decoder uses its own memory again.
func (a *Arena) GiveBack(o *Objects, t *Text) {
	o.Arena = nil
	if t.Share || a.Keep {
		return
	}
	a.at = t.used
	if unsafe.SliceData(t.chunk) != unsafe.SliceData(a.text) {
		a.at = len(a.text) // it was not enough, so that the decoder took a chunk of its own
	}
	*t, a.own = a.own, Text{}
}

// reserve makes room for n bytes of text.
func (a *Arena) reserve(n int) {
	if len(a.text)-a.at >= n {
		return
	}
	if a.Overwrite && a.at > 0 {
		a.full = append(a.full, a.text[:a.at])
	}
	size := max(min(2*len(a.text), maxKept/4), n, firstText)
	a.bytes += size - len(a.text)
	a.text, a.at = make([]byte, size), 0
}

// Reset reclaims the memory of all values that were decoded into the arena since the last Reset. The caller must not
// use them any more, unless Keep is set.
func (a *Arena) Reset() {
	if a.Keep {
		a.giveUp()
		return
	}
	if a.Overwrite {
		a.overwrite()
	}
	for _, typ := range a.used {
		s := a.find(typ)
		s.clear(s.chunk.first, s.used)
		s.used = 0
	}
	a.used = a.used[:0]
	a.at = 0
	if a.bytes > maxKept {
		a.shelves, a.types, a.text, a.bytes = nil, 0, nil, 0
	}
}

// giveUp drops the memory in use, which stays valid, and remembers how much of it each type needed.
func (a *Arena) giveUp() {
	for _, typ := range a.used {
		s := a.find(typ)
		s.chunk, s.used, s.last, s.total = items{}, 0, s.total, 0
	}
	a.used = a.used[:0]
}

// keptItems returns n zero items of a chunk whose memory is not reused. A chunk has as many items as the type needed
// before the last Reset, so that little of it is wasted.
func keptItems[T any](a *Arena, s *shelf, n int) []T {
	if s.total == 0 {
		a.used = append(a.used, s.typ)
	}
	s.total += n
	size := int(unsafe.Sizeof(*new(T)))
	if n*size > largestKept/8 {
		return make([]T, n)
	}
	room := min(s.last-s.total+n, largestKept/size)
	if room < n {
		room = max(n, min(s.total/2, largestKept/size))
	}
	chunk := make([]T, room)
	s.chunk, s.used = items{unsafe.Pointer(unsafe.SliceData(chunk)), room}, n
	return chunk[:n:n]
}

// overwrite overwrites the memory in use that Reset does not zero: strings, and chunks that were used up.
func (a *Arena) overwrite() {
	for _, typ := range a.used {
		s := a.find(typ)
		for _, chunk := range s.full {
			s.clear(chunk.first, chunk.n)
		}
		s.full = nil
	}
	for _, text := range append(a.full, a.text[:a.at]) {
		for i := range text {
			text[i] = notUTF8
		}
	}
	a.full = nil
}

// find returns the shelf of a type, or the free place for it if it has none.
func (a *Arena) find(typ unsafe.Pointer) *shelf {
	mask := uintptr(len(a.shelves) - 1)
	i := (uintptr(typ)>>5 ^ uintptr(typ)>>11) & mask
	for a.shelves[i].typ != typ && a.shelves[i].typ != nil {
		i = (i + 1) & mask
	}
	return &a.shelves[i]
}

// add makes room for one more type and returns its shelf.
func (a *Arena) add(typ unsafe.Pointer) *shelf {
	if a.types++; 2*a.types > len(a.shelves) {
		old := a.shelves
		a.shelves = make([]shelf, max(2*len(old), 64))
		for _, s := range old {
			if s.typ != nil {
				*a.find(s.typ) = s
			}
		}
	}
	s := a.find(typ)
	s.typ = typ
	return s
}

// arenaItems returns n zero items in the arena's memory.
func arenaItems[T any](a *Arena, n int) []T {
	if n == 0 {
		return []T{}
	}
	var pointer any = (*T)(nil)
	typ := *(*unsafe.Pointer)(unsafe.Pointer(&pointer)) // the interface's first word identifies *T
	size := unsafe.Sizeof(*new(T))
	if p := a.take(typ, size, n); p != nil {
		return unsafe.Slice((*T)(p), n)
	}
	s := a.shelf(typ)
	if s.clear == nil {
		s.clear = func(first unsafe.Pointer, n int) { clear(unsafe.Slice((*T)(first), n)) }
	}
	if a.Keep {
		return keptItems[T](a, s, n)
	}
	if s.used == 0 {
		a.used = append(a.used, typ)
	}
	if s.chunk.n-s.used < n {
		if a.Overwrite && s.used > 0 {
			s.full = append(s.full, items{s.chunk.first, s.used})
		}
		room := max(n, firstItems)
		if n < s.chunk.n { // an array that grows doubles already
			room = max(n, min(2*s.chunk.n, largestChunk/int(size)))
		}
		chunk := make([]T, room)
		s.chunk, s.used = items{unsafe.Pointer(unsafe.SliceData(chunk)), len(chunk)}, 0
		a.bytes -= s.bytes
		s.bytes = len(chunk) * int(size)
		a.bytes += s.bytes
	}
	made := unsafe.Slice((*T)(s.chunk.first), s.chunk.n)[s.used : s.used+n : s.used+n]
	s.used += n
	return made
}

// take returns memory for n zero items of a type. It returns nil if the type's chunk has no room for them, or if none
// of the chunk is in use yet.
func (a *Arena) take(typ unsafe.Pointer, size uintptr, n int) unsafe.Pointer {
	if len(a.shelves) == 0 {
		return nil
	}
	s := a.find(typ)
	if s.used == 0 || s.chunk.n-s.used < n {
		return nil
	}
	p := unsafe.Add(s.chunk.first, uintptr(s.used)*size)
	s.used += n
	s.total += n
	return p
}

// shelf returns the shelf of a type, which it adds if there is none.
func (a *Arena) shelf(typ unsafe.Pointer) *shelf {
	if len(a.shelves) > 0 {
		if s := a.find(typ); s.typ != nil {
			return s
		}
	}
	return a.add(typ)
}
