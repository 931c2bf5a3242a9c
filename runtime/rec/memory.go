package rec

import "github.com/layers-pub/layers-go/runtime/lex"

// Memory is memory that the pages of one list reuse: see [Page.Reuse]. It must not be used by several goroutines at
// once.
type Memory struct {
	// Overwrite overwrites an item at the loop's next turn: text and bytes with bytes that are not UTF-8, other values
	// with their zero value. It is for tests, where it exposes the use of items that are no longer valid. It costs time.
	Overwrite bool

	arena    lex.Arena
	view     View          // the item that is being decoded
	envelope Envelope      // the item that the loop has
	block    lex.Canonical // the data of envelope
}

// Reuse makes the page decode its items into m; call it before the page is decoded. An item is then valid until the loop
// over [Page.All] makes its next turn or ends. Items that earlier pages decoded into m become invalid. Failures are not
// affected: the loop may keep them. Only pages of [NewRecordPage] and [NewEnvelopePage] decode into m.
func (p *Page[T]) Reuse(m *Memory) {
	m.arena.Reset()
	if cap(m.block) > maxKept {
		m.block = nil
	}
	p.memory = m
}

// maxKept is the size of the largest buffer for records that is kept for reuse, in bytes.
const maxKept = 1 << 20

// newOverwritten returns memory for one item, which is to be overwritten after the item's turn.
func newOverwritten() *Memory { return &Memory{Overwrite: true, arena: lex.Arena{Overwrite: true}} }

// overwrite overwrites an item in m, whose bytes are raw. The memory must not be used again, so that a later use of the
// item reads what was overwritten.
func (m *Memory) overwrite(raw []byte) {
	const notUTF8 = 0xdb
	m.arena.Reset()
	m.envelope = Envelope{}
	for _, b := range [][]byte{raw, m.block} {
		for i := range b {
			b[i] = notUTF8
		}
	}
}
