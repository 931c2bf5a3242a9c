package pds

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ListOptions are the options of [Client.ListRecords] and [List]; nil stands for the zero value.
type ListOptions struct {
	// Cursor is where the list goes on; "" is its beginning.
	Cursor string
	// PageSize is how many records are asked for at once, from 1 to 100; 0 stands for 100.
	PageSize int
	// Reverse turns the order of the record keys around. Without it, the newest come first.
	Reverse bool
	// Checkpoint, unless it is nil, is called with a cursor when the loop has handled all records before
	// it: a list that goes on from there misses none. It is called in the loop's goroutine, before the
	// next page is fetched, and not at the end of the list.
	Checkpoint func(cursor string)
}

// ListRecords goes through the records of a collection (com.atproto.repo.listRecords). It fetches a page
// when the loop gets there. repo is a handle or a DID.
//
// Envelopes, and what is wrong with single records, are as [Client.GetRecord] has them; the loop goes on
// behind a [*lex.Failure], which is yielded with its envelope. Any other error ends the loop, and is yielded once:
// that of a call, one about a record of another collection or repository, or one that says that the server
// serves the same pages again and again.
//
// When records are written or deleted meanwhile, or the repository moves to another server, the list may
// have some of them twice, or not.
func (c *Client) ListRecords(ctx context.Context, repo syntax.AtIdentifier, collection syntax.NSID, options *ListOptions) iter.Seq2[lex.Envelope, error] {
	return func(yield func(lex.Envelope, error) bool) {
		for v, err := range views(ctx, c, repo, collection, options, plainViews, func(v *lex.View) string { return v.URI }) {
			var e lex.Envelope
			if err == nil {
				e, err = envelope(v)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// plainViews reads records as they come.
func plainViews(d *lex.Decoder) []lex.View { return lex.DecodeObjects[lex.View](d, 0, lex.NoLimit) }

// views goes through the records of a collection, once, which decode reads and uri names.
func views[V any](ctx context.Context, c *Client, repo syntax.AtIdentifier, collection syntax.NSID, options *ListOptions, decode func(*lex.Decoder) []V, uri func(*V) string) iter.Seq2[*V, error] {
	if options == nil {
		options = new(ListOptions)
	}
	l := list[V]{of: string(repo) + "/" + string(collection), cursor: options.Cursor, size: options.PageSize, most: maxRecords, checkpoint: options.Checkpoint}
	l.fetch = func(ctx context.Context, params lex.Params) (page[V], error) {
		var answer *recordPage[V]
		var prefix string
		err := c.CallRepo(ctx, repo, func(did syntax.DID) *lex.Call {
			answer, prefix = &recordPage[V]{decode: decode}, string(collectionURI(did, collection))+"/"
			repo = syntax.AtIdentifier(did) // a list is of one repository, whatever becomes of its handle
			call := &lex.Call{NSID: "com.atproto.repo.listRecords", Params: params, Output: answer}
			call.Params.String("repo", string(did))
			call.Params.String("collection", string(collection))
			if options.Reverse {
				call.Params.Bool("reverse", true)
			}
			return call
		})
		if err != nil {
			return page[V]{}, err
		}
		for i := range answer.items {
			uri := uri(&answer.items[i])
			if key, ok := strings.CutPrefix(uri, prefix); !ok || !syntax.ValidRecordKey(key) {
				return page[V]{}, fmt.Errorf("pds: asked for the records of %s, the server answers with %s", strings.TrimSuffix(prefix, "/"), excerpt(uri))
			}
		}
		return answer.page, nil
	}
	return l.all(ctx)
}

// The largest pages that the lexicons allow.
const (
	maxRecords     = 100
	maxRepos       = 1000
	maxCollections = 2000
	maxBlobs       = 1000
)

// list goes through the pages of a list.
type list[T any] struct {
	of         string // for errors
	cursor     string
	size, most int // of a page; 0 stands for most
	checkpoint func(cursor string)
	// fetch fetches a page; the parameters that say which one are given.
	fetch func(ctx context.Context, params lex.Params) (page[T], error)
}

func (l *list[T]) all(ctx context.Context) iter.Seq2[*T, error] {
	if l.size < 0 || l.size > l.most {
		return failed[*T](fmt.Errorf("pds: pages of %d, must be from 1 to %d", l.size, l.most))
	}
	if l.size == 0 {
		l.size = l.most
	}
	pages := lex.Paginate(ctx, l.cursor, func(ctx context.Context, cursor string) ([]T, lex.Opt[string], error) {
		if l.checkpoint != nil && cursor != l.cursor {
			l.checkpoint(cursor)
		}
		var params lex.Params
		params.Int("limit", int64(l.size))
		if cursor != "" {
			params.String("cursor", cursor)
		}
		p, err := l.fetch(ctx, params[:len(params):len(params)])
		return p.items, p.cursor, err
	})
	return func(yield func(*T, error) bool) {
		for item, err := range pages {
			if errors.Is(err, lex.ErrCursor) {
				err = fmt.Errorf("pds: list of %s: %w", l.of, err)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// failed is a sequence that ends with an error at once.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		yield(none, err)
	}
}

// each decodes the items of a list one by one. One with issues is a [*lex.Failure], behind which the list
// goes on, and has the JSON of the item.
func each[T any](items iter.Seq2[*lex.Raw, error], decode func(lex.Raw) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for raw, err := range items {
			if err != nil {
				yield(none, err)
				return
			}
			item, err := decode(*raw)
			if err != nil {
				item = none
				err = &lex.Failure{Envelope: lex.Envelope{Data: raw.Data, Encoding: raw.Encoding}, Issues: lex.IssuesOf(err)}
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
