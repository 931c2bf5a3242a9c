package appview

import (
	"context"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// Items calls the query that method names, as in [Name], and iterates over the items of all pages of its answer. Each
// page must have exactly one array, whose elements are the items. Items fetches a page when the loop reaches it. It
// starts at the cursor in params, if there is one.
//
// For an item that is not an object, or does not follow the data model, Items yields a [*rec.Failure] with its JSON, and
// the loop continues. Any other error ends the loop: one of [Client.Query], one about a malformed page, or one of
// [rec.Paginate].
func (c *Client) Items(ctx context.Context, method string, params rpc.Params) iter.Seq2[lex.Map, error] {
	return pages(ctx, c, method, params, func(ctx context.Context, raw lex.Raw) (*lex.Map, error) {
		m := new(lex.Map)
		if err := lex.Decode(ctx, raw.Data, m, lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
			return nil, err
		}
		return m, nil
	})
}

// List iterates over the records in the answer of a query, as [Client.Items] does: the items must have the fields
// uri, cid and value. The envelopes have the record in DAG-CBOR. Their bytes match their CIDs, but their trust is
// only [rec.Claimed]: see [Confirm].
//
// For a record that does not follow the data model, or whose bytes do not match its CID, List yields a [*rec.Failure],
// and the loop continues. It does so, too, for an item that is not a record, such as one without a URI or a value; the
// failure then has the whole item.
func (c *Client) List(ctx context.Context, method string, params rpc.Params) iter.Seq2[rec.Envelope, error] {
	source := rec.Source{Trust: rec.Claimed}
	return pages(ctx, c, method, params, func(ctx context.Context, raw lex.Raw) (*rec.Envelope, error) {
		e, err := source.Envelope(ctx, raw)
		return &e, err
	})
}

// pages calls the query that method names for each page, and iterates over the items, which it decodes by decode.
func pages[T any](ctx context.Context, c *Client, method string, params rpc.Params, decode func(context.Context, lex.Raw) (*T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		nsid, err := Name(method)
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		newPage := func() *rec.Page[T] { return rec.NewPage("", decode) }
		for item, err := range rec.QueryPages(ctx, c, nsid, params, newPage) {
			var value T
			if item != nil {
				value = *item
			}
			if rec.Ends(err) {
				err = fmt.Errorf("appview: %w", err) // which names the method
			}
			if !yield(value, err) {
				return
			}
		}
	}
}
