package car

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

const (
	// pieceSize is how many bytes of a stream are read, checked and stored at once.
	pieceSize = 256 << 10
	// pieceCount is how many pieces are read, checked or stored at the same time.
	pieceCount = 6
	// streamEstimate is the number of blocks for which a table is made, if the stream has more than one piece.
	streamEstimate = 1 << 16
)

// Store stores the blocks of an archive that is read as a stream. It can read back what was written, as an [os.File] can.
type Store interface {
	io.Writer
	io.ReaderAt
}

// NewIndexStream reads the archive in r to its end, writes its blocks to store, and indexes them there, as
// [NewIndex] does. It checks a repeated block but does not store it again, so that store gets only the
// different blocks, each preceded by its length and its CID.
//
// It checks all blocks against their CIDs as it reads them; other goroutines, which end before it returns, check and
// store blocks while it reads the next. The index does not check blocks again when it reads them back. So store must not
// change as long as the index is in use, and nobody else may be able to write to it.
//
// An error is an [*Error], which is about the archive or has the position at which reading r or writing to store
// failed; or that of ctx, which is checked between two reads; or that of an option.
func NewIndexStream(ctx context.Context, r io.Reader, store Store, opts ...Option) (*Index, error) {
	x := &Index{source: store, checked: true}
	var err error
	if x.opts, err = newOptions(opts); err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(&failing{r: r}, 4<<10)
	if x.header, err = readHeader(buffered, x.opts.maxHeaderSize); err != nil {
		return nil, err
	}
	s := stream{
		index:  x,
		r:      buffered,
		store:  store,
		offset: x.header.start,
		left:   x.opts.maxBlocks,
		free:   make(chan *piece, pieceCount),
		check:  make(chan *piece, pieceCount),
		write:  make(chan *piece, pieceCount),
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	return x, nil
}

// failing is a reader that, after an error, returns the same error again.
type failing struct {
	r   io.Reader
	err error
}

func (f *failing) Read(p []byte) (n int, err error) {
	if f.err != nil {
		return 0, f.err
	}
	n, f.err = f.r.Read(p)
	return n, f.err
}

// stream is a pass over an archive that comes as a stream. One goroutine reads it piece by piece and enters
// the sections into the table, one checks the blocks of a piece, and one stores it.
type stream struct {
	index  *Index
	r      io.Reader
	store  io.Writer
	offset int64  // of the next section
	rest   []byte // the part of the next section that has been read
	need   int    // the size of the next section, or 0 if it is not known
	left   int    // how many more sections there may be
	stored int64  // how many bytes have been assigned to the store so far

	// Each channel has room for all pieces, so that sending one never blocks.
	free, check, write chan *piece
}

// piece is a part of a stream: whole sections, and the beginning of the next.
type piece struct {
	buf      []byte
	start    int64 // the position of buf in the archive
	sections []section
	parts    []part       // the parts to store
	users    atomic.Int32 // how many workers still use the piece
}

// part is a part of a piece, given by two offsets in the archive.
type part struct{ from, to int64 }

func (s *stream) run(ctx context.Context) error {
	for range pieceCount {
		s.free <- new(piece)
	}
	workers, ctx := errgroup.WithContext(ctx)
	workers.Go(func() error {
		return panics.Catch(func() error { return s.checkAll() })
	})
	workers.Go(func() error {
		return panics.Catch(func() error { return s.storeAll() })
	})
	var err error
	func() {
		defer func() { _ = workers.Wait() }() // also when r panics
		defer close(s.write)
		defer close(s.check)
		err = s.read(ctx)
	}()
	// A worker that fails ends ctx, so that its error is the cause.
	return cmp.Or(panics.Resume(workers.Wait()), err)
}

// checkAll checks the blocks of the pieces that it receives from s.check.
func (s *stream) checkAll() error {
	for p := range s.check {
		if err := p.check(); err != nil {
			return err
		}
		s.release(p)
	}
	return nil
}

// storeAll stores the new blocks of the pieces that it receives from s.write.
func (s *stream) storeAll() error {
	for p := range s.write {
		for _, part := range p.parts {
			if n, err := s.store.Write(p.buf[part.from-p.start : part.to-p.start]); err != nil {
				return &Error{Offset: part.from + int64(n), Err: err}
			}
		}
		s.release(p)
	}
	return nil
}

// release makes a piece free once both workers have released it.
func (s *stream) release(p *piece) {
	if p.users.Add(-1) == 0 {
		s.free <- p
	}
}

// read reads pieces up to the end of the stream and sends them to the workers.
func (s *stream) read(ctx context.Context) error {
	for end := false; !end; {
		var p *piece
		select {
		case p = <-s.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		err := p.fill(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && err != io.EOF {
			return &Error{Offset: p.start + int64(len(p.buf)), Err: err}
		}
		end = err == io.EOF
		if err := s.parse(p, end); err != nil {
			return err
		}
		s.insert(p, end)
		p.users.Store(2)
		s.check <- p
		s.write <- p
	}
	return ctx.Err()
}

// fill fills a piece with the rest of the previous piece and the next bytes of the stream. At the end of the stream,
// it returns io.EOF.
func (p *piece) fill(ctx context.Context, s *stream) error {
	if size := max(pieceSize, s.need); cap(p.buf) < size {
		p.buf = make([]byte, size)
	}
	p.start = s.offset
	p.buf = append(p.buf[:0], s.rest...)
	for len(p.buf) < cap(p.buf) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := s.r.Read(p.buf[len(p.buf):cap(p.buf)])
		p.buf = p.buf[:len(p.buf)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// parse finds the whole sections of a piece. last says whether it is the last piece.
func (s *stream) parse(p *piece, last bool) error {
	p.sections = p.sections[:0]
	end := p.start + int64(len(p.buf))
	if end > maxOffset {
		return &Error{Offset: end, Err: fmt.Errorf("%w: archive of more than %d bytes", ErrTooLarge, int64(maxOffset))}
	}
	s.need = 0
	for s.offset < end {
		prefix := p.buf[s.offset-p.start:]
		if len(prefix) < maxPrefix && !last {
			break
		}
		if s.left == 0 {
			return tooManyBlocks(s.offset, s.index.opts.maxBlocks)
		}
		var next section
		if err := next.parse(prefix[:min(maxPrefix, len(prefix))], s.offset, s.index.opts.maxBlockSize); err != nil {
			return err
		}
		if next.end() > end {
			if last {
				return &Error{Offset: s.offset, CID: next.cid, Err: ErrTruncated}
			}
			s.need = int(next.end() - next.offset)
			break
		}
		p.sections = append(p.sections, next)
		s.offset = next.end()
		s.left--
	}
	s.rest = p.buf[s.offset-p.start:]
	return nil
}

// insert enters the sections of a piece into the table, and sets the piece's parts to store. last says whether it is the
// last piece.
func (s *stream) insert(p *piece, last bool) {
	table := &s.index.table
	if table.slots == nil {
		estimate := streamEstimate
		if last {
			estimate = len(p.sections)
		}
		*table = newTable(int64(estimate))
	}
	p.parts = p.parts[:0]
	for group := range slices.Chunk(p.sections, groupSize) {
		table.prepare(group)
		for i := range group {
			section := &group[i]
			if !table.insert(section, s.stored+section.data-section.offset) {
				s.index.duplicates++
				continue
			}
			s.stored += section.end() - section.offset
			if n := len(p.parts); n > 0 && p.parts[n-1].to == section.offset {
				p.parts[n-1].to = section.end()
			} else {
				p.parts = append(p.parts, part{section.offset, section.end()})
			}
		}
	}
}

// check checks the blocks of a piece.
func (p *piece) check() error {
	return check(p.sections, func(s *section) []byte { return p.buf[s.data-p.start : s.end()-p.start] })
}
