package lex

import (
	"context"
	"iter"
	"sync"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Page is one page of a list, as a query answers with: an object with an array of items, and with a cursor if there may
// be more. [NewPage] and [NewRecordPage] make an empty Page, to be decoded into as the Output of a [Call]. The server
// may send null for an empty array. Other fields of the answer are skipped unchecked.
type Page[T any] struct {
	// Cursor is the cursor of the next page, or "" on the last page.
	Cursor string

	field  string                        // the array's name, "" for the only array of the answer
	fast   func(d *Decoder) (*T, []byte) // reads an item in place: its value, or its bytes for decode; may be nil
	decode func(raw Raw) (*T, error)
	items  []pageItem[T]
}

// pageItem is an item that was decoded, or its bytes. A malformed item is decoded only when the loop reaches it, so that
// a page of malformed items takes little memory.
type pageItem[T any] struct {
	value *T
	raw   []byte
}

// NewPage returns an empty page whose items will be read from the array called field. If field is "", they are read from
// the only array of the answer, whatever its name. The page calls decode for each item.
//
// If decode returns an error that is not a [*Failure], the page yields a *Failure with the item's bytes and the
// [IssuesOf] that error.
func NewPage[T any](field string, decode func(raw Raw) (*T, error)) *Page[T] {
	return &Page[T]{field: field, decode: decode}
}

// Len returns the number of items, malformed ones included.
func (p *Page[T]) Len() int { return len(p.items) }

// All iterates over the items in the server's order. For a malformed item it yields a [*Failure] as the error, and the
// loop continues with the next item.
func (p *Page[T]) All() iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for _, item := range p.items {
			value, err := item.value, error(nil)
			if value == nil {
				value, err = p.item(Raw{item.raw, JSON})
			}
			if !yield(value, err) {
				return
			}
		}
	}
}

// item decodes an item.
func (p *Page[T]) item(raw Raw) (*T, error) {
	value, err := p.decode(raw)
	if err == nil {
		return value, nil
	}
	if _, ok := err.(*Failure); !ok {
		err = &Failure{Envelope: Envelope{URI: uriIn(raw), Data: raw.Data, Encoding: raw.Encoding}, Issues: IssuesOf(err)}
	}
	return value, err
}

// uriIn returns the URI in a malformed item, if it has one.
func uriIn(raw Raw) syntax.ATURI {
	var v View
	_ = Decode(context.Background(), raw.Data, &v, DecodeOptions{Encoding: raw.Encoding}) // other faults do not matter here
	return v.recordURI()
}

// pageFields maps names of arrays to tables of fields. Only the program chooses names, so that it stays small.
var pageFields sync.Map

func fieldsOfPage(field string) *Fields {
	if f, ok := pageFields.Load(field); ok {
		return f.(*Fields)
	}
	f, _ := pageFields.LoadOrStore(field, NewFields("cursor", field+"!"))
	return f.(*Fields)
}

// DecodeLex reads a page in JSON.
func (p *Page[T]) DecodeLex(d *Decoder) {
	if p.field == "" {
		p.decodeAny(d)
		return
	}
	var c Cursor
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

func (p *Page[T]) decodeItems(d *Decoder) []pageItem[T] {
	if d.Null() {
		return nil
	}
	return DecodeArray(d, 0, NoLimit, func(d *Decoder) (item pageItem[T]) {
		if p.fast != nil {
			item.value, item.raw = p.fast(d)
		} else {
			item.raw = d.Raw().Data
		}
		return item
	})
}

// decodeAny reads a page whose array may have any name.
func (p *Page[T]) decodeAny(d *Decoder) {
	if !d.json {
		d.mismatch("list in JSON")
		return
	}
	at := d.i
	var c Cursor
	if d.objectJSON(&c); c.state&cursorDone != 0 {
		return
	}
	array, null := "", false
	for d.separator(&c) {
		key, _ := d.textJSON()
		d.colon()
		switch next := d.skipSpace(); {
		case key == "cursor":
			p.Cursor = textOrNull(d)
		case next == '[' && array != "":
			d.report(d.i, RuleType).Want = "list: the answer has two arrays, " + excerpt(array) + " and " + excerpt(key)
			d.pass()
		case next == '[':
			array = key
			p.items = p.decodeItems(d)
		default:
			null = null || next == 'n'
			d.pass()
		}
	}
	d.closeJSON(&c)
	if array == "" && !null && !d.dead {
		d.report(at, RuleType).Want = "list: the answer has no array"
	}
}

// DecodeFunc is a function that reads one value from d, as a [Decodable].
type DecodeFunc func(d *Decoder)

// DecodeLex calls f.
func (f DecodeFunc) DecodeLex(d *Decoder) { f(d) }
