package rec_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// thing is a record of any fields.
type thing struct{ fields lex.Map }

func (v *thing) DecodeLex(d *lex.Decoder) { v.fields = d.Map() }
func (v *thing) EncodeLex(e *lex.Encoder) { e.Map(v.fields) }
func (v *thing) RecordType() syntax.NSID  { return "com.example.thing" }

// endingContext ends when it has been looked at a number of times, whatever the time.
type endingContext struct {
	context.Context
	left, looks int
}

func (c *endingContext) Done() <-chan struct{}       { return make(chan struct{}) }
func (c *endingContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c *endingContext) Err() error {
	c.looks++
	if c.looks > c.left {
		return context.Canceled
	}
	return nil
}

// A context that ends while a large item is decoded ends the sequence with its error, at each place where decoding looks at
// it: that is no failure of the item.
func TestPageContext(t *testing.T) {
	large := strings.Repeat(`{"a":1},`, 1<<16)
	item := `{"uri":"at://did:web:a.test/com.example.thing/a","value":{"$type":"com.example.thing","list":[` + large + `1]}}`
	input := `{"items":[` + item + `,` + item + `]}`
	for name, test := range map[string]struct {
		all   func(ctx context.Context) iter.Seq[error]
		least int // looks at the context; each step (the envelope, the data model, the record) adds some
	}{
		"records": {func(ctx context.Context) iter.Seq[error] {
			return errorsOf(ctx, input, rec.NewRecordPage[thing]("items", rec.Source{}))
		}, 24},
		"envelopes": {func(ctx context.Context) iter.Seq[error] {
			return errorsOf(ctx, input, rec.NewPage("items", func(ctx context.Context, raw lex.Raw) (*rec.Envelope, error) {
				e, err := rec.Source{}.Envelope(ctx, raw)
				return &e, err
			}))
		}, 18},
		"items": {func(ctx context.Context) iter.Seq[error] {
			p := &pager{answer: func(string) (string, error) { return input, nil }}
			return func(yield func(error) bool) {
				for _, err := range rec.QueryItems(ctx, p, "com.example.list", rpc.Params{}, "items", (*lex.Decoder).Map) {
					if !yield(err) {
						return
					}
				}
			}
		}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			whole := &endingContext{Context: t.Context(), left: 1 << 30}
			n := 0
			for err := range test.all(whole) {
				if n++; err != nil {
					t.Fatal(err)
				}
			}
			if n != 2 || whole.looks < test.least {
				t.Fatalf("%d items, %d looks at the context, want 2 and at least %d", n, whole.looks, test.least)
			}
			for left := range whole.looks {
				n, last := 0, error(nil)
				for err := range test.all(&endingContext{Context: t.Context(), left: left}) {
					if n++; last != nil {
						t.Fatalf("after %d looks, the sequence goes on after the error %v", left, last)
					}
					last = err
				}
				if _, failure := last.(*rec.Failure); failure || !errors.Is(last, context.Canceled) {
					t.Fatalf("after %d looks, the last of %d items has the error %.200v", left, n, last)
				}
			}
		})
	}
}

// errorsOf returns the errors of a page's items.
func errorsOf[T any](ctx context.Context, input string, page *rec.Page[T]) iter.Seq[error] {
	return func(yield func(error) bool) {
		if err := lex.DecodeJSON([]byte(input), page); err != nil {
			yield(err)
			return
		}
		for _, err := range page.All(ctx) {
			if !yield(err) {
				return
			}
		}
	}
}
