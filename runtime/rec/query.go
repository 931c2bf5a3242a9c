package rec

import (
	"context"
	"iter"
	"slices"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// QueryPage calls a query whose response is a page, decodes the response into page, and returns page. With an error of
// the call, it returns nil.
func QueryPage[T any](ctx context.Context, c rpc.Caller, nsid syntax.NSID, params rpc.Params, page *Page[T]) (*Page[T], error) {
	if err := c.Call(ctx, &rpc.Request{NSID: nsid, Params: params}, &rpc.Response{Output: page}); err != nil {
		return nil, err
	}
	return page, nil
}

// QueryPages calls a query once for each page of its list, and iterates over the items as [Paginate] does. newPage
// returns an empty page to decode an answer into. The list starts at the cursor in params, if there is one.
func QueryPages[T any](ctx context.Context, c rpc.Caller, nsid syntax.NSID, params rpc.Params, newPage func() *Page[T]) iter.Seq2[*T, error] {
	isCursor := func(p rpc.Param) bool { return p.Name == "cursor" }
	start := ""
	if i := slices.IndexFunc(params, isCursor); i >= 0 {
		start = params[i].Value
	}
	params = slices.DeleteFunc(slices.Clone(params), isCursor)
	return paginate(ctx, nsid, start, func(ctx context.Context, cursor string) (*Page[T], error) {
		page := slices.Clone(params)
		if cursor != "" {
			page.String("cursor", cursor)
		}
		return QueryPage(ctx, c, nsid, page, newPage())
	})
}

// QueryItems calls a query once for each page of its list, as [QueryPages] does, and iterates over the items in the array
// called field. It decodes each item by calling item. For an item with issues it yields a [*Failure] that has the item's
// bytes.
func QueryItems[T any](ctx context.Context, c rpc.Caller, nsid syntax.NSID, params rpc.Params, field string, item func(*lex.Decoder) T) iter.Seq2[*T, error] {
	decode := func(ctx context.Context, raw lex.Raw) (*T, error) {
		value := new(T)
		err := lex.Decode(ctx, raw.Data, lex.DecodeFunc(func(d *lex.Decoder) { *value = item(d) }), lex.DecodeOptions{Encoding: raw.Encoding})
		if err != nil {
			return nil, err
		}
		return value, nil
	}
	return QueryPages(ctx, c, nsid, params, func() *Page[T] { return NewPage(field, decode) })
}
