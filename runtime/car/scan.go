package car

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

const (
	// groupSize is how many sections are processed together.
	groupSize = 64
	// windowSize is how many bytes are read at once from a file.
	windowSize = 128 << 10
	// smallArchive is the size of an archive, in bytes, below which workers do not save time.
	smallArchive = 1 << 20
)

// scan is a pass over an archive.
type scan struct {
	index  *Index
	window window
	offset int64 // of the next section
	left   int   // how many more sections there may be
	check  bool  // whether to check the blocks here, because no worker does
	group  []section
	free   chan []section // groups that workers no longer use
	buf    []byte         // for the repeated blocks that insert reads and checks
}

// scan enters all sections into the table, from the first up to the offset end. If the archive is in memory, it also
// checks the blocks.
func (x *Index) scan(ctx context.Context, end int64) error {
	workers, ctx := errgroup.WithContext(ctx)
	workers.SetLimit(x.opts.workers)
	s := scan{index: x, window: window{index: x, end: end}, offset: x.header.start, left: x.opts.maxBlocks}
	s.check = x.source == nil && (x.opts.workers == 1 || x.size < smallArchive)
	if x.source == nil && !s.check {
		s.free = make(chan []section, x.opts.workers+1)
	}
	var err error
	for s.offset < end && err == nil {
		if err = s.next(); err != nil {
			break
		}
		if s.check {
			err = x.check(s.group)
		} else if x.source == nil {
			group := append(s.freeGroup(), s.group...)
			workers.Go(func() error {
				defer func() { s.free <- group }()
				return panics.Catch(func() error { return x.check(group) })
			})
		}
		if err == nil {
			err = cmp.Or(s.insert(), ctx.Err())
		}
	}
	// A worker that finds a bad block ends ctx, so that its error is the cause.
	return cmp.Or(panics.Resume(workers.Wait()), err)
}

// freeGroup returns an empty group for a worker. There are never more groups than one for each worker, plus one.
func (s *scan) freeGroup() []section {
	select {
	case group := <-s.free:
		return group[:0]
	default:
		return make([]section, 0, groupSize)
	}
}

// next reads the beginnings of the next sections into s.group.
func (s *scan) next() error {
	if s.group == nil {
		s.group = make([]section, groupSize)
	}
	s.group = s.group[:groupSize]
	for i := range s.group {
		if s.offset == s.window.end {
			s.group = s.group[:i]
			break
		}
		if s.left == 0 {
			return tooManyBlocks(s.offset, s.index.opts.maxBlocks)
		}
		s.left--
		prefix, err := s.window.at(s.offset)
		if err != nil {
			return err
		}
		section := &s.group[i]
		if err := section.parse(prefix, s.offset, s.index.opts.maxBlockSize); err != nil {
			return err
		}
		if section.end() > s.window.end {
			return &Error{Offset: s.offset, CID: section.cid, Err: ErrTruncated}
		}
		if s.index.source == nil {
			s.index.memory.keep(section.data, section.size)
		}
		s.offset = section.end()
	}
	return nil
}

// insert enters the group into the table. It counts repeated blocks. In a file, it also checks them, because
// they will never be read.
func (s *scan) insert() error {
	x := s.index
	x.table.prepare(s.group)
	for i := range s.group {
		section := &s.group[i]
		if x.table.insert(section, section.data) {
			continue
		}
		x.duplicates++
		if x.source == nil {
			continue
		}
		var err error
		if s.buf, err = x.read(section.data, section.size, s.buf); err != nil {
			return &Error{Offset: section.offset, CID: section.cid, Err: err}
		}
		if err := section.check(s.buf); err != nil {
			return err
		}
	}
	return nil
}

// check checks the blocks of sections, which must be in memory, against their CIDs.
func (x *Index) check(sections []section) error {
	return check(sections, func(s *section) []byte { return x.memory.block(s.data, s.size) })
}

// window is a view of an archive in which scan finds the beginnings of sections. It reads a file in pieces of windowSize,
// because most sections are small.
type window struct {
	index *Index
	end   int64 // the end of the last section
	start int64 // the position of buf in the archive
	buf   []byte

	crossing [maxPrefix]byte // a beginning that crosses the end of a chunk of memory
}

// at returns maxPrefix bytes from offset on, or fewer at the end.
func (w *window) at(offset int64) ([]byte, error) {
	stop := min(offset+int64(maxPrefix), w.end)
	if w.index.source == nil {
		b, ok := w.index.memory.within(offset, int(stop-offset))
		if !ok {
			b = w.crossing[:stop-offset]
			_, _ = w.index.memory.ReadAt(b, offset) // all of them are there
		}
		return b, nil
	}
	if offset < w.start || stop > w.start+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, min(windowSize, w.end-offset))
		}
		w.start = offset
		w.buf = w.buf[:min(int64(cap(w.buf)), w.end-offset)]
		if err := readAt(w.index.source, w.buf, offset); err != nil {
			return nil, &Error{Offset: offset, Err: err}
		}
	}
	return w.buf[offset-w.start : stop-w.start], nil
}
