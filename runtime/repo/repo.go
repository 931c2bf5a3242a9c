package repo

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// batchSize is how many leaves a walk gathers at once (the texts of their paths share one allocation), and after how
// many blocks a loop checks whether its context has ended.
const batchSize = 128

// Repo is a repository in an archive. It is safe for concurrent use, and can be read any number of times. Each
// time it checks the tree and the presence of all blocks; the package comment says when it hashes the blocks.
type Repo struct {
	index     *car.Index
	spool     *spool
	commit    Commit
	commitCID cid.CID
	at        car.Location // of the commit
	partial   bool
	signed    atomic.Bool
	counts    atomic.Pointer[Counts]
}

// Counts are the numbers of records, nodes and blocks in an archive.
type Counts struct {
	// Records is the number of paths in the tree whose record is in the archive. Without [WithPartial],
	// these are all paths.
	Records int
	// Nodes is the number of nodes of the tree.
	Nodes int
	// Blocks is the number of different blocks in the archive.
	Blocks int
	// Extra is the number of blocks that are neither the commit nor in the tree. The format allows
	// them.
	Extra int
	// Duplicates is the number of repeated blocks, not counting the first of each.
	Duplicates int
	// SkippedTrees and SkippedRecords are the numbers of subtrees, and of records in the rest of the tree,
	// that are not in the archive. Without [WithPartial] they are 0.
	SkippedTrees, SkippedRecords int
}

// Record is a record of a repository.
type Record struct {
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	CID        cid.CID
	// Data is the record in DAG-CBOR. CID is the hash of these bytes.
	Data []byte
}

// Leaf is a path in the tree of a repository, with the CID of its record.
type Leaf struct {
	mst.Leaf
	at car.Location
}

// Open opens the repository whose archive is in source, such as a file, which has the given size in bytes. source
// must not change as long as the Repo is in use. The caller closes it.
//
// Open reads the beginning of each section of the archive, and the commit. An error is a *[car.Error], or
// that of ctx or of an option, or wraps [ErrRoot] or [ErrCommit], or, with [WithPartial], [ErrUnchanged].
func Open(ctx context.Context, source io.ReaderAt, size int64, opts ...Option) (*Repo, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	index, err := car.NewIndex(ctx, source, size, o.archive...)
	return newRepo(index, nil, o, err)
}

// FromBytes opens the repository in the archive b, as [Open] does. b must not change as long
// as the Repo, or the data of one of its records, is in use.
func FromBytes(ctx context.Context, b []byte, opts ...Option) (*Repo, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	index, err := car.NewIndexBytes(ctx, b, o.archive...)
	return newRepo(index, nil, o, err)
}

// Read reads an archive from r to its end and opens the repository in it, as [Open] does. It writes an archive of
// more than [DefaultMaxMemory] bytes to a temporary file, which only the user of the process can open and
// which [Repo.Close] removes.
//
// Read checks every block against its CID as it reads it. Blocks that are read back later from the temporary file
// are not checked again.
//
// An error of r is wrapped in one that says how many bytes were read. If the archive has more than [DefaultMaxSize]
// bytes, the error wraps [ErrTooLarge]. When ctx ends, Read stops before its next read of r; it does not interrupt one.
func Read(ctx context.Context, r io.Reader, opts ...Option) (*Repo, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	if o.size > o.maxSize {
		return nil, fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, o.size, o.maxSize)
	}
	r = &source{ctx: ctx, r: r, limit: o.maxSize}
	var head []io.Reader
	if o.size <= o.maxMemory {
		chunks, size, err := readHead(r, o.maxMemory+1)
		if err != nil {
			return nil, fmt.Errorf("repo: after %d bytes: %w", size, err)
		}
		if size <= o.maxMemory {
			index, err := car.NewIndexChunks(ctx, chunks, o.archive...)
			return newRepo(index, nil, o, err)
		}
		head = readers(chunks)
	}
	s, err := newSpool(o.directory)
	if err != nil {
		return nil, err
	}
	index, err := car.NewIndexStream(ctx, io.MultiReader(append(head, r)...), s, o.archive...)
	repo, err := newRepo(index, s, o, err)
	if err != nil {
		s.close()
		return nil, err
	}
	return repo, nil
}

// newRepo reads the commit of an indexed archive. err is the error of indexing it, if any.
func newRepo(index *car.Index, s *spool, o options, err error) (*Repo, error) {
	if err != nil {
		return nil, err
	}
	// The first root is the commit. The specification does not define the meaning of others.
	if len(index.Roots()) == 0 {
		return nil, ErrRoot
	}
	r := &Repo{index: index, spool: s, commitCID: index.Roots()[0], partial: o.partial}
	if r.commitCID.Codec() != cid.DagCBOR {
		return nil, fmt.Errorf("repo: %w: the codec of its CID %s is not DAG-CBOR", ErrCommit, r.commitCID)
	}
	var ok bool
	if r.at, ok = index.Find(r.commitCID); !ok {
		if o.partial && index.Blocks() == 0 {
			return nil, &UnchangedError{r.commitCID}
		}
		return nil, notFound(r.commitCID)
	}
	block, err := index.Read(r.at, nil)
	if err != nil {
		return nil, err
	}
	commit, err := ParseCommit(block)
	if err != nil {
		return nil, fmt.Errorf("repo: commit %s: %w", r.commitCID, err)
	}
	r.commit = *commit
	return r, nil
}

func notFound(c cid.CID) error { return &car.Error{Offset: -1, CID: c, Err: car.ErrNotFound} }

// Close removes the temporary file of [Read], if there is one. For a Repo of [Open] or [FromBytes], it does
// nothing. The Repo must not be used afterwards.
func (r *Repo) Close() error {
	if r.spool == nil {
		return nil
	}
	return r.spool.close()
}

// Commit returns the commit, which the caller must not change. [Repo.Verify] checks its signature.
func (r *Repo) Commit() Commit { return r.commit }

// CommitCID returns the CID of the commit.
func (r *Repo) CommitCID() cid.CID { return r.commitCID }

// Counts returns the numbers of records, nodes and blocks in the archive. ok is false until a loop, such as one over
// [Repo.Records], [Repo.Leaves] or [Repo.Chunks], has ended without an error.
func (r *Repo) Counts() (counts Counts, ok bool) {
	if c := r.counts.Load(); c != nil {
		return *c, true
	}
	return Counts{}, false
}

// Records yields all records in the order of their paths. It yields each only after its bytes have been
// hashed and the tree has been checked up to it. Data is valid until the loop's next turn, and
// must not be changed.
//
// The loop ends without an error only if the whole archive is valid: the tree, the
// records that it names, and also the blocks that it does not name. An error is yielded once and ends
// the loop: a *[mst.Error] about the tree, a [*RecordError], a *[car.Error] about another block, or
// that of ctx.
func (r *Repo) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		w := r.newWalk()
		leaves := make([]Leaf, batchSize)
		l := loader{repo: r}
		for {
			n, err := w.next(ctx, leaves)
			for rest := leaves[:n]; len(rest) > 0; {
				loaded, err := l.load(rest)
				for i, data := range loaded {
					leaf := &rest[i]
					if !yield(Record{Collection: leaf.Collection, RecordKey: leaf.RecordKey, CID: leaf.CID, Data: data}, nil) {
						return
					}
				}
				if err != nil {
					yield(Record{}, err)
					return
				}
				rest = rest[len(loaded):]
			}
			if err == io.EOF {
				err = w.finish(ctx)
				if err == nil {
					return
				}
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// Leaves yields the leaves of the tree in the order of their paths. It checks what [Repo.Records]
// checks, except for the bytes of the records: of those it checks only that the archive has them.
func (r *Repo) Leaves(ctx context.Context) iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		for chunk, err := range r.Chunks(ctx, batchSize) {
			if err != nil {
				yield(Leaf{}, err)
				return
			}
			for _, leaf := range chunk {
				if !yield(leaf, nil) {
					return
				}
			}
		}
	}
}

// Chunks yields the leaves of the tree, as [Repo.Leaves] does, in slices of length size; the last slice, and with
// [WithPartial] any, may be shorter. The loop may keep the slices. For example, it can pass each to a worker that loads
// the records with [Repo.Load].
func (r *Repo) Chunks(ctx context.Context, size int) iter.Seq2[[]Leaf, error] {
	return func(yield func([]Leaf, error) bool) {
		if size < 1 {
			yield(nil, fmt.Errorf("repo: the number of leaves in a chunk is %d, must be positive", size))
			return
		}
		w := r.newWalk()
		for {
			leaves := make([]Leaf, size)
			n, err := w.next(ctx, leaves)
			if n > 0 && !yield(leaves[:n:n], nil) {
				return
			}
			if err == io.EOF {
				err = w.finish(ctx)
				if err == nil {
					return
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Load returns the record of a leaf of this repository, checked against its CID. It reads into buf, or into a new
// slice if buf is too small. If the archive is in memory, it returns a part of the archive instead, which
// must not be changed. Several goroutines can call it at once, each with its own buf.
//
// An error is a [*RecordError].
func (r *Repo) Load(leaf Leaf, buf []byte) ([]byte, error) {
	return r.load(&leaf, buf)
}

func (r *Repo) load(leaf *Leaf, buf []byte) ([]byte, error) {
	data, err := r.index.Read(leaf.at, buf)
	if err != nil {
		return nil, r.recordError(&leaf.Leaf, err)
	}
	return data, nil
}

func (r *Repo) recordError(leaf *mst.Leaf, err error) error {
	return &RecordError{DID: r.commit.DID, Collection: leaf.Collection, RecordKey: leaf.RecordKey, CID: leaf.CID, Err: err}
}

// walk is one walk through the tree of a repository. It notes which blocks of the archive it has seen.
type walk struct {
	repo    *Repo
	tree    *mst.Walker
	seen    *car.Set
	records int
	skipped int

	// Buffers of next, each with one element for each leaf.
	batch     []mst.Leaf
	cids      []cid.CID
	locations []car.Location
}

func (r *Repo) newWalk() *walk {
	w := &walk{repo: r, seen: r.index.NewSet()}
	w.seen.Add(r.at)
	w.tree = mst.NewWalker(r.commit.Data, func(c cid.CID, buf []byte) ([]byte, error) {
		l, ok := r.index.Find(c)
		if !ok && r.partial {
			return nil, mst.ErrSkip
		}
		if !ok {
			return nil, notFound(c)
		}
		w.seen.Add(l)
		return r.index.Read(l, buf)
	})
	w.tree.Announce(r.index.Prefetch)
	return w
}

// next stores the next leaves in leaves, checks that the archive has their records, and returns their number. At the
// end of the tree the error is io.EOF, and the caller must call finish.
func (w *walk) next(ctx context.Context, leaves []Leaf) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if len(w.batch) < len(leaves) {
		w.batch = make([]mst.Leaf, len(leaves))
		w.locations = make([]car.Location, len(leaves))
	}
	n, err := w.tree.Next(w.batch[:len(leaves)])
	if w.repo.partial {
		n = w.skip(n)
	}
	w.cids = w.cids[:0]
	for i := range w.batch[:n] {
		w.cids = append(w.cids, w.batch[i].CID)
	}
	found := w.repo.index.FindAll(w.cids, w.locations)
	for i, l := range w.locations[:found] {
		w.seen.Add(l)
		leaves[i] = Leaf{Leaf: w.batch[i], at: l}
	}
	w.records += found
	if found < n {
		leaf := &w.batch[found]
		return found, w.repo.recordError(leaf, notFound(leaf.CID))
	}
	return n, err
}

// skip removes those of the n leaves in the batch whose records are not in the archive, and returns the
// number of the others.
func (w *walk) skip(n int) int {
	kept := w.batch[:0]
	for _, leaf := range w.batch[:n] {
		if _, ok := w.repo.index.Find(leaf.CID); ok {
			kept = append(kept, leaf)
		}
	}
	w.skipped += n - len(kept)
	return len(kept)
}

// finish checks the blocks that the walk has not reached, and stores the counts.
func (w *walk) finish(ctx context.Context) error {
	index := w.repo.index
	others := w.seen.Others()
	var buf []byte
	for i, l := range others {
		if index.Checked() {
			break
		}
		if i%batchSize == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var err error
		if buf, err = index.Read(l, buf); err != nil {
			return err
		}
	}
	w.repo.counts.Store(&Counts{
		Records:        w.records,
		Nodes:          w.tree.Nodes(),
		Blocks:         index.Blocks(),
		Extra:          len(others),
		Duplicates:     index.Duplicates(),
		SkippedTrees:   w.tree.Skipped(),
		SkippedRecords: w.skipped,
	})
	return nil
}
