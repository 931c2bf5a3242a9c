package rec

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The errors with which [Paginate] ends a list that the server would never end, for errors.Is.
var (
	// ErrCursor says that a server repeated a cursor: it would serve the same pages for ever.
	ErrCursor = errors.New("pagination loop")
	// ErrEmptyPages says that a server sent 100 empty pages in a row, each with a cursor.
	ErrEmptyPages = errors.New("100 empty pages in a row")
	// ErrCursorLength says that a server sent a cursor of more than 64 KiB.
	ErrCursorLength = errors.New("cursor too long")
)

// maxCursor is the longest cursor, in bytes, that [Paginate] accepts from a server. A cursor is sent back in the
// query string, which few servers accept at a tenth of that length.
const maxCursor = 64 << 10

const (
	maxEmptyPages = 100
	maxCursors    = 1 << 14 // remembered one by one; a map of them takes about half a mebibyte
)

// Paginate iterates over the items of all pages that fetch returns, starting with the page at cursor ("" for the
// first). It fetches a page only when the loop reaches it. The list ends with a page that has no cursor; an empty page
// that has one does not end it.
//
// An error that is a [*Failure] is about one item, and the loop continues after it. Any other error ends the loop and is
// yielded once: an error of fetch, ctx's error, [ErrCursor], [ErrEmptyPages] or [ErrCursorLength].
//
// Apart from the current page, Paginate uses less than 1 MiB of memory, however long the list is. It remembers the
// hashes of the first 16,384 cursors, and of later ones only that of one cursor, which it replaces at intervals that
// double (Brent's algorithm). So it notices a repetition of one of the first cursors at once, and any later loop within
// three of its turns.
func Paginate[T any](ctx context.Context, cursor string, fetch func(ctx context.Context, cursor string) (*Page[T], error)) iter.Seq2[*T, error] {
	return paginate(ctx, "", cursor, fetch)
}

// paginate is [Paginate] for the pages of the query nsid. Unless nsid is "", the errors ErrCursor, ErrEmptyPages and
// ErrCursorLength name it.
func paginate[T any](ctx context.Context, nsid syntax.NSID, cursor string, fetch func(ctx context.Context, cursor string) (*Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := newCursors(cursor)
		for empty := 0; ; {
			page, err := nextPage(ctx, cursor, fetch)
			if err != nil {
				yield(nil, err)
				return
			}
			for item, err := range page.All(ctx) {
				if ctx.Err() != nil {
					yield(nil, ended(ctx))
					return
				}
				if !yield(item, err) {
					return
				}
			}
			if cursor = page.Cursor; cursor == "" {
				return
			}
			if empty++; page.Len() > 0 {
				empty = 0
			}
			switch {
			case len(cursor) > maxCursor:
				err = fmt.Errorf("%w: %d bytes, maximum %d", ErrCursorLength, len(cursor), maxCursor)
			case seen.repeated(cursor):
				err = fmt.Errorf("%w: cursor %s repeated", ErrCursor, excerpt(cursor))
			case empty == maxEmptyPages:
				err = ErrEmptyPages
			}
			if err != nil && nsid != "" {
				err = fmt.Errorf("%s: %w", nsid, err)
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// nextPage fetches a page unless ctx has ended.
func nextPage[T any](ctx context.Context, cursor string, fetch func(context.Context, string) (*Page[T], error)) (*Page[T], error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	return fetch(ctx, cursor)
}

// ended returns ctx's error, and its cause if that is a different error.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// cursors notices that a cursor is repeated, in bounded memory.
type cursors struct {
	seed  maphash.Seed
	first map[uint64]struct{} // hashes of the first maxCursors
	// Brent's algorithm for the later ones: mark is the hash of one of them, and is replaced after limit more.
	mark         uint64
	since, limit int
}

func newCursors(start string) *cursors {
	c := &cursors{seed: maphash.MakeSeed(), first: map[uint64]struct{}{}, limit: 1}
	c.repeated(start)
	return c
}

// repeated reports whether cursor is one that c remembers. It may remember cursor for later calls.
func (c *cursors) repeated(cursor string) bool {
	hash := maphash.String(c.seed, cursor)
	if _, ok := c.first[hash]; ok {
		return true
	}
	if len(c.first) < maxCursors {
		c.first[hash] = struct{}{}
		return false
	}
	if hash == c.mark {
		return true
	}
	if c.since++; c.since == c.limit {
		c.mark, c.since, c.limit = hash, 0, 2*c.limit
	}
	return false
}
