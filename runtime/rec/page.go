package rec

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"strings"
	"sync"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Page is one page of a list, as a query returns it: an object with an array of items, and with a cursor if there may
// be more. [NewPage] and [NewRecordPage] make an empty Page, to be decoded into as the Output of a [rpc.Response]. The
// server may send null for an empty array. Other fields of the answer are skipped unchecked.
type Page[T any] struct {
	// Cursor is the cursor of the next page, or "" on the last page.
	Cursor string

	field string // the array's name, "" for the only array of the answer
	// fast, unless it is nil, reads an item and returns its value or, if something is wrong with it, its bytes for
	// decode.
	fast   func(d *lex.Decoder, m *Memory, p *proof) (*T, []byte)
	decode func(ctx context.Context, raw lex.Raw, m *Memory) (*T, error) // decodes an item from its bytes
	items  []pageItem[T]
	memory *Memory // of Reuse; nil: each item has new memory
}

// pageItem is an item that was decoded, or its bytes. A malformed item is decoded only when the loop reaches it, so that
// a page of malformed items takes little memory.
type pageItem[T any] struct {
	value  *T      // nil: to be decoded from raw
	raw    []byte  // in JSON
	memory *Memory // of this item alone, if it is to be overwritten after its turn; otherwise nil
}

// NewPage returns an empty page whose items will be read from the array called field. If field is "", they are read from
// the only array of the answer, whatever its name. The page calls decode for each item, with the context of [Page.All].
//
// If decode returns an error that is not a [*Failure], the page yields a *Failure with the item's bytes and the
// [issue.Of] that error, unless the context has ended.
func NewPage[T any](field string, decode func(ctx context.Context, raw lex.Raw) (*T, error)) *Page[T] {
	return &Page[T]{field: field, decode: func(ctx context.Context, raw lex.Raw, _ *Memory) (*T, error) { return decode(ctx, raw) }}
}

// Len returns the number of items, malformed ones included.
func (p *Page[T]) Len() int { return len(p.items) }

// All iterates over the items in the server's order. For a malformed item it yields a [*Failure] as the error, and the
// loop continues with the next item. If ctx ends while an item is decoded, All yields its error, which ends the loop.
func (p *Page[T]) All(ctx context.Context) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for _, item := range p.items {
			value, err := item.value, error(nil)
			if value == nil {
				value, err = p.item(ctx, lex.Raw{Data: item.raw, Encoding: lex.JSON}, cmp.Or(item.memory, p.memory))
			}
			more := yield(value, err)
			if item.memory != nil && err == nil {
				item.memory.overwrite(item.raw)
			}
			if !more || Ends(err) {
				return
			}
		}
	}
}

// item decodes an item. The error is a *Failure, or, if the context ended, that of ctx.
func (p *Page[T]) item(ctx context.Context, raw lex.Raw, m *Memory) (*T, error) {
	value, err := p.decode(ctx, raw, m)
	if err == nil {
		return value, nil
	}
	if Ends(err) {
		if isEnd(ctx, err) {
			return nil, ended(ctx)
		}
		if m != nil {
			raw.Data = bytes.Clone(raw.Data) // the loop may keep failures
		}
		err = &Failure{Envelope: Envelope{URI: uriIn(ctx, raw), Data: raw.Data, Encoding: raw.Encoding}, Issues: issue.Of(err)}
	}
	return value, err
}

// isEnd reports whether err says that ctx has ended, and nothing about what was decoded.
func isEnd(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// uriIn returns the URI in a malformed item, "" if it has none that names a record.
func uriIn(ctx context.Context, raw lex.Raw) syntax.ATURI {
	var v View
	_ = lex.Decode(ctx, raw.Data, &v, lex.DecodeOptions{Encoding: raw.Encoding}) // other faults do not matter here
	return v.recordURI()
}

// pageFields maps the names of arrays to the fields of their pages, a [*lex.Fields]. It stays small, since the names come
// from the program and not from servers.
var pageFields sync.Map

func fieldsOfPage(field string) *lex.Fields {
	if f, ok := pageFields.Load(field); ok {
		return f.(*lex.Fields)
	}
	f, _ := pageFields.LoadOrStore(field, lex.NewFields("cursor", field+"!"))
	return f.(*lex.Fields)
}

// DecodeLex decodes a page in JSON, which d reads. It implements [lex.Decodable].
func (p *Page[T]) DecodeLex(d *lex.Decoder) {
	if p.memory == nil || p.memory.Overwrite {
		p.read(d)
		return
	}
	d.InArena(&p.memory.arena, func() { p.read(d) })
	p.Cursor = strings.Clone(p.Cursor) // it outlives the page
}

func (p *Page[T]) read(d *lex.Decoder) {
	if p.field == "" {
		p.decodeAny(d)
		return
	}
	var c lex.Cursor
	d.Object(&c, fieldsOfPage(p.field), nil)
	for {
		switch d.Next(&c) {
		case 0:
			p.Cursor = textOrNull(d)
		case 1:
			p.items = p.decodeItems(d)
		default:
			return
		}
	}
}

func (p *Page[T]) decodeItems(d *lex.Decoder) []pageItem[T] {
	if d.Null() {
		return nil
	}
	proof := proofs.Get().(*proof)
	defer proof.release()
	items := lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) (item pageItem[T]) {
		if p.memory != nil && p.memory.Overwrite {
			item.memory = newOverwritten()
			d.InArena(&item.memory.arena, func() { p.readItem(d, &item, item.memory, proof) })
		} else {
			p.readItem(d, &item, p.memory, proof)
		}
		proof.number++
		return item
	})
	proof.hash()
	for _, w := range proof.wrong {
		if w.number < len(items) {
			items[w.number].value, items[w.number].raw = nil, w.raw
		}
	}
	return items
}

func (p *Page[T]) readItem(d *lex.Decoder, item *pageItem[T], m *Memory, proof *proof) {
	if p.fast != nil {
		item.value, item.raw = p.fast(d, m, proof)
	} else {
		item.raw = d.Raw().Data
	}
}

// decodeAny reads a page whose array may have any name.
func (p *Page[T]) decodeAny(d *lex.Decoder) {
	d.AnyList(func() { p.Cursor = textOrNull(d) }, func() { p.items = p.decodeItems(d) })
}
