package rec_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// pager answers with pages of numbers, which answer returns for a cursor: JSON, or an error.
type pager struct {
	answer func(cursor string) (string, error)
	asked  int
}

func (p *pager) Call(_ context.Context, request *rpc.Request, response *rpc.Response) error {
	p.asked++
	cursor := ""
	for _, param := range request.Params {
		if param.Name == "cursor" {
			cursor = param.Value
		}
	}
	text, err := p.answer(cursor)
	if err != nil {
		return err
	}
	return lex.DecodeJSON([]byte(text), response.Output)
}

// numbers goes through the pages until the number 99, and returns what the loop was given: "!" for a failure.
func (p *pager) numbers(ctx context.Context, params rpc.Params) (got []string, err error) {
	for n, err := range rec.QueryItems(ctx, p, "com.example.list", params, "numbers", func(d *lex.Decoder) int64 { return d.Int(0, 99) }) {
		if failure, ok := err.(*rec.Failure); ok {
			got = append(got, "!"+string(failure.Data))
			continue
		}
		if err != nil {
			return got, err
		}
		if got = append(got, fmt.Sprint(*n)); *n == 99 {
			break
		}
	}
	return got, nil
}

func TestPaginate(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name  string
		start string
		pages map[string]string
		want  string
		asked int
		err   error
	}{
		{"one page", "", map[string]string{"": `{"numbers":[1,2]}`}, "1 2", 1, nil},
		{"three pages", "", map[string]string{"": `{"numbers":[1],"cursor":"a"}`, "a": `{"numbers":[2],"cursor":"b"}`, "b": `{"numbers":[3]}`}, "1 2 3", 3, nil},
		{"from a cursor on", "a", map[string]string{"a": `{"numbers":[2],"cursor":"b"}`, "b": `{"numbers":[3]}`}, "2 3", 2, nil},
		{"an empty page goes on", "", map[string]string{"": `{"numbers":[],"cursor":"a"}`, "a": `{"numbers":[3]}`}, "3", 2, nil},
		{"null for an empty page", "", map[string]string{"": `{"numbers":null,"cursor":"a"}`, "a": `{"cursor":null,"numbers":[3]}`}, "3", 2, nil},
		{"an empty cursor ends", "", map[string]string{"": `{"numbers":[1],"cursor":""}`}, "1", 1, nil},
		{"bad items", "", map[string]string{"": `{"numbers":[1,null,"x",{"a":[]},1.5,100,2]}`}, `1 !null !"x" !{"a":[]} !1.5 !100 2`, 1, nil},
		{"other fields", "", map[string]string{"": `{"took":1.5,"numbers":[1],"debug":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`}, "1", 1, nil},
		{"the same cursor", "", map[string]string{"": `{"numbers":[1],"cursor":"a"}`, "a": `{"numbers":[2],"cursor":"a"}`}, "1 2", 2, rec.ErrCursor},
		{"the first cursor", "a", map[string]string{"a": `{"numbers":[2],"cursor":"a"}`}, "2", 1, rec.ErrCursor},
		{"alternating cursors", "", map[string]string{"": `{"numbers":[],"cursor":"a"}`, "a": `{"numbers":[],"cursor":"b"}`, "b": `{"numbers":[],"cursor":"a"}`}, "", 3, rec.ErrCursor},
		{"a cursor of the greatest length", "", map[string]string{"": `{"numbers":[1],"cursor":"` + strings.Repeat("c", 64<<10) + `"}`, strings.Repeat("c", 64<<10): `{"numbers":[2]}`}, "1 2", 2, nil},
		{"a cursor that is too long", "", map[string]string{"": `{"numbers":[1],"cursor":"` + strings.Repeat("c", 64<<10+1) + `"}`}, "1", 1, rec.ErrCursorLength},
		{"an error", "", map[string]string{"": `{"numbers":[1],"cursor":"a"}`}, "1", 2, broken},
		{"a break", "", map[string]string{"": `{"numbers":[99,1],"cursor":"a"}`}, "99", 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &pager{answer: func(cursor string) (string, error) {
				if text, ok := test.pages[cursor]; ok {
					return text, nil
				}
				return "", broken
			}}
			var params rpc.Params
			if test.start != "" {
				params.String("cursor", test.start)
			}
			got, err := p.numbers(t.Context(), params)
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" || p.asked != test.asked || !errors.Is(err, test.err) {
				t.Errorf("asked for %d pages, error %v (-want +got):\n%s", p.asked, err, diff)
			}
		})
	}
}

// What is wrong with a page as a whole ends the list.
func TestPaginateBrokenPages(t *testing.T) {
	for _, page := range []string{
		`{}`, `[]`, `null`, `{"numbers":{}}`, `{"numbers":"x"}`, `{"numbers":[1],"numbers":[2]}`, `{"numbers":[1],"cursor":5}`, `{"numbers":[1`, ``, `x`, `{"numbers":[1]} 2`,
	} {
		p := &pager{answer: func(string) (string, error) { return page, nil }}
		if got, err := p.numbers(t.Context(), nil); err == nil || got != nil {
			t.Errorf("%s: %v, error %v", page, got, err)
		}
	}
}

// TestEmptyPages is about pages without items, each with a cursor of its own: 100 in a row end the list.
func TestEmptyPages(t *testing.T) {
	for _, test := range []struct {
		name  string
		every int // how often a page has an item, 0 for never
		item  string
		asked int
		err   error
	}{
		{"empty for ever", 0, "", 100, rec.ErrEmptyPages},
		{"every 100th page has an item", 100, "1", 1001, nil},
		{"every 100th page has a malformed item", 100, "null", 1001, nil},
		{"every 101st page has an item", 101, "1", 100, rec.ErrEmptyPages},
	} {
		p := new(pager)
		p.answer = func(string) (string, error) {
			item, cursor := "", fmt.Sprintf(`,"cursor":"%d"`, p.asked)
			if test.every > 0 && p.asked%test.every == 0 {
				item = test.item
			}
			if p.asked == 1001 {
				cursor = ""
			}
			return `{"numbers":[` + item + `]` + cursor + `}`, nil
		}
		if _, err := p.numbers(t.Context(), nil); !errors.Is(err, test.err) || p.asked != test.asked {
			t.Errorf("%s: asked for %d pages, %v", test.name, p.asked, err)
		}
	}
}

// A loop that begins after more cursors than are remembered one by one is noticed, too.
func TestLateLoop(t *testing.T) {
	const before, turn = 70_000, 1_000
	p := new(pager)
	p.answer = func(string) (string, error) {
		n := p.asked
		if n > before {
			n = before + (n-before)%turn
		}
		if p.asked > before+200*turn {
			t.Fatal("the loop was not noticed")
		}
		return fmt.Sprintf(`{"numbers":[1],"cursor":"%d"}`, n), nil
	}
	if _, err := p.numbers(t.Context(), nil); !errors.Is(err, rec.ErrCursor) {
		t.Error(err)
	}
}

// TestPaginateMemory measures what a list of many pages with long cursors keeps.
func TestPaginateMemory(t *testing.T) {
	const pages = 100_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before, after uint64
	p := new(pager)
	p.answer = func(string) (string, error) {
		switch p.asked {
		case 1:
			before = heap()
		case pages:
			after = heap()
			return `{"numbers":[1]}`, nil
		}
		return fmt.Sprintf(`{"numbers":[1],"cursor":"%d%s"}`, p.asked, strings.Repeat("c", 1000)), nil
	}
	n := 0
	for range rec.QueryItems(t.Context(), p, "com.example.list", nil, "numbers", func(d *lex.Decoder) int64 { return d.Int(0, 99) }) {
		n++
	}
	if kept := int64(after) - int64(before); n != pages || kept > 1<<20 {
		t.Errorf("%d items; the list keeps %d bytes, at most 1 MiB is allowed", n, kept)
	}
}

// The loop ends with the context, in the middle of a page and before the next one.
func TestPaginateContext(t *testing.T) {
	cause := errors.New("enough")
	for _, at := range []int{1, 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		p := &pager{answer: func(string) (string, error) { return `{"numbers":[1,2],"cursor":"a"}`, nil }}
		n := 0
		var ended error
		for _, err := range rec.QueryItems(ctx, p, "com.example.list", nil, "numbers", func(d *lex.Decoder) int64 { return d.Int(0, 99) }) {
			if ended = err; err == nil {
				n++
			}
			if n == at {
				cancel(cause)
			}
		}
		if n != at || p.asked != 1 || !errors.Is(ended, context.Canceled) || !errors.Is(ended, cause) {
			t.Errorf("%d items of %d pages, %v", n, p.asked, ended)
		}
		cancel(nil)
	}
}
