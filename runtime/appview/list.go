package appview

import (
	"context"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Items calls a query that answers in pages, by its [Name], and goes through the items of all of them: of the one
// array that the answer has. It fetches a page when the loop gets there, from the cursor among params on, if there is
// one.
//
// An item that is not an object of the data model is a [*lex.Failure] that has its JSON, and the loop goes on after
// it. Any other error ends the loop: one of [Client.Query], one about the shape of a page, or one of [lex.Paginate].
func (c *Client) Items(ctx context.Context, method string, params lex.Params) iter.Seq2[lex.Map, error] {
	return pages(ctx, c, method, params, func(raw lex.Raw) (*lex.Map, error) {
		m := new(lex.Map)
		if err := lex.DecodeJSON(raw.Data, m); err != nil {
			return nil, err
		}
		return m, nil
	})
}

// List goes through the records that a query answers with, as [Client.Items] does: items with the fields uri, cid and
// value. Envelopes have the record in DAG-CBOR, and are [lex.Claimed] even though their bytes are those of their CID: see
// [Confirm].
//
// A record that is not of the data model, or whose bytes are not those of its CID, is a [*lex.Failure], and the loop
// goes on after it. So is an item that is not a record, such as one without a URI or a value; its failure has all of it.
func (c *Client) List(ctx context.Context, method string, params lex.Params) iter.Seq2[lex.Envelope, error] {
	source := lex.Source{Trust: lex.Claimed}
	return pages(ctx, c, method, params, func(raw lex.Raw) (*lex.Envelope, error) {
		e, err := source.Envelope(raw)
		return &e, err
	})
}

// pages goes through the items of all pages.
func pages[T any](ctx context.Context, c *Client, method string, params lex.Params, decode func(lex.Raw) (*T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		nsid, err := Name(method)
		if err != nil {
			var none T
			yield(none, fmt.Errorf("appview: %s: %w", method, err))
			return
		}
		newPage := func() *lex.Page[T] { return lex.NewPage("", decode) }
		for item, err := range lex.QueryPages(ctx, c, nsid, params, newPage) {
			var value T
			if item != nil {
				value = *item
			}
			if _, ok := err.(*lex.Failure); err != nil && !ok {
				err = fmt.Errorf("appview: %s: %w", method, err)
			}
			if !yield(value, err) {
				return
			}
		}
	}
}
