package pds

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ListOptions are the options of [Client.ListRecords] and [List]; nil stands for the zero value.
type ListOptions struct {
	// Cursor is where the list starts; "" stands for its beginning.
	Cursor string
	// PageSize is how many records a page has at most, from 1 to 100; 0 stands for 100.
	PageSize int
	// Reverse reverses the order of the record keys. By default the newest records come first.
	Reverse bool
	// Checkpoint, unless it is nil, is called with a cursor when the loop has handled all records before the cursor:
	// a list that starts there misses none. It is called in the loop's goroutine before the next page is fetched, and
	// not at the end of the list.
	Checkpoint func(cursor string)
	// Reuse decodes records into memory that is reused: a record that the loop gets is valid only until the loop's next
	// turn or its end. Failures may be kept. Reuse saves most allocations and most of the garbage collector's time.
	Reuse bool
	// Overwrite, with Reuse, overwrites a record at the loop's next turn. It is for tests, where it exposes the use of
	// records that are no longer valid. It costs time.
	Overwrite bool
}

// ListRecords iterates over the records of a collection (com.atproto.repo.listRecords). It fetches a page when the
// loop reaches it. actor is a handle or a DID.
//
// Envelopes, and failures of single records, are as in [Client.GetRecord]. For an item that is malformed, or whose
// URI is not that of a record in this collection of this repository, ListRecords yields a [*rec.Failure] with the
// bytes of the item; see [rec.Source]. Failures are yielded with their envelopes, and the loop continues. Any other
// error is yielded once and ends the loop: that of a call, one about a page as a whole, or one of [rec.Paginate]
// about an endless list.
//
// If records are written or deleted during the loop, or the repository moves to another server, the list may repeat
// or miss some records.
func (c *Client) ListRecords(ctx context.Context, actor syntax.AtIdentifier, collection syntax.NSID, options *ListOptions) iter.Seq2[rec.Envelope, error] {
	return values(recordPages(ctx, c, actor, collection, options, func(source rec.Source) *rec.Page[rec.Envelope] {
		return rec.NewEnvelopePage("records", source)
	}))
}

// recordPages iterates once over the records of a collection, on pages that newPage makes. It does not use the
// generated atproto.RepoListRecordsOutput, which fails as a whole if one item is malformed. Besides, these pages
// decode typed records in place, which takes a tenth less time and two fifths fewer allocations.
func recordPages[T any](ctx context.Context, c *Client, actor syntax.AtIdentifier, collection syntax.NSID, options *ListOptions, newPage func(rec.Source) *rec.Page[T]) iter.Seq2[*T, error] {
	if options == nil {
		options = new(ListOptions)
	}
	l := list[T]{of: string(actor) + "/" + string(collection), cursor: options.Cursor, size: options.PageSize, most: maxRecords, checkpoint: options.Checkpoint}
	return l.all(ctx, func() fetch[T] {
		actor := actor
		var memory *rec.Memory
		if options.Reuse {
			memory = &rec.Memory{Overwrite: options.Overwrite}
		}
		return func(ctx context.Context, limit lex.Opt[int64], cursor lex.Opt[string]) (*rec.Page[T], error) {
			return CallRepo(ctx, c, actor, func(did syntax.DID, server rpc.Caller) (*rec.Page[T], error) {
				actor = syntax.AtIdentifier(did) // the list stays with one repository even if its handle changes
				params := atproto.RepoListRecordsParams{Repo: actor, Collection: collection, Limit: limit, Cursor: cursor, Reverse: some(options.Reverse)}
				page := newPage(rec.Source{Repo: did, Collection: collection, Trust: rec.Hashed})
				if memory != nil {
					page.Reuse(memory)
				}
				return rec.QueryPage(ctx, server, atproto.NSIDRepoListRecords, params.LexParams(), page)
			})
		}
	})
}

// The largest pages that the lexicons allow.
const (
	maxRecords     = 100
	maxRepos       = 1000
	maxCollections = 2000
	maxBlobs       = 1000
)

// list iterates over the pages of a list.
type list[T any] struct {
	of         string // what is listed, for errors
	cursor     string // where the list starts
	size, most int    // how many items a page has at most, and the largest allowed size; size 0 stands for most
	checkpoint func(cursor string)
}

// fetch fetches one page.
type fetch[T any] func(ctx context.Context, limit lex.Opt[int64], cursor lex.Opt[string]) (*rec.Page[T], error)

// all iterates over the items of all pages. It calls start for each loop over the list to get the function that
// fetches the pages.
func (l list[T]) all(ctx context.Context, start func() fetch[T]) iter.Seq2[*T, error] {
	if l.size < 0 || l.size > l.most {
		return failed[*T](fmt.Errorf("pds: page size is %d, must be from 1 to %d", l.size, l.most))
	}
	if l.size == 0 {
		l.size = l.most
	}
	return func(yield func(*T, error) bool) {
		fetch := start()
		pages := rec.Paginate(ctx, l.cursor, func(ctx context.Context, cursor string) (*rec.Page[T], error) {
			if l.checkpoint != nil && cursor != l.cursor {
				l.checkpoint(cursor)
			}
			return fetch(ctx, lex.Some(int64(l.size)), some(cursor))
		})
		for item, err := range pages {
			if errors.Is(err, rec.ErrCursor) || errors.Is(err, rec.ErrEmptyPages) || errors.Is(err, rec.ErrCursorLength) {
				err = fmt.Errorf("pds: list of %s: %w", l.of, err)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// some returns v as an optional parameter, which is left out if v is zero.
func some[T comparable](v T) lex.Opt[T] {
	var zero T
	if v == zero {
		return lex.Opt[T]{}
	}
	return lex.Some(v)
}

// failed returns a sequence that yields only an error.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}

// values turns a sequence of pointers into one of values, with the zero value for nil.
func values[T any](items iter.Seq2[*T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range items {
			var value T
			if item != nil {
				value = *item
			}
			if !yield(value, err) {
				return
			}
		}
	}
}
