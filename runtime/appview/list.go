package appview

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Items calls a query that answers in pages, by its [Name], and goes through the items of all of them: of the one
// array that the answer has. It fetches a page when the loop gets there, from the cursor among params on, if there is
// one.
//
// An item that is not an object of the data model is a [*lex.Failure] that has its JSON, and the loop goes on behind
// it. Any other error ends the loop: one of [Client.Query], or one about the shape of a page or a cursor that came
// before.
func (c *Client) Items(ctx context.Context, method string, params lex.Params) iter.Seq2[lex.Map, error] {
	return func(yield func(lex.Map, error) bool) {
		for item, err := range c.pages(ctx, method, params) {
			var m lex.Map
			if err == nil {
				if issues := lex.IssuesOf(lex.DecodeJSON(*item, &m)); issues != nil {
					m, err = lex.Map{}, &lex.Failure{Envelope: lex.Envelope{Data: *item, Encoding: lex.JSON}, Issues: issues}
				}
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

// List goes through the records that a query answers with, as [Client.Items] does: items with the fields uri, cid and
// value. Envelopes have the record in DAG-CBOR, and are [lex.Claimed] even though their bytes are those of their CID: see
// [Confirm].
//
// A record that is not of the data model, or whose bytes are not those of its CID, is a [*lex.Failure], and the loop
// goes on behind it. So is an item that is no record at all, without a URI or a value; its failure has all of it.
func (c *Client) List(ctx context.Context, method string, params lex.Params) iter.Seq2[lex.Envelope, error] {
	return func(yield func(lex.Envelope, error) bool) {
		for item, err := range c.pages(ctx, method, params) {
			var e lex.Envelope
			if err == nil {
				e, err = record(*item)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// record returns the record in an item.
func record(item []byte) (lex.Envelope, error) {
	fail := func(e lex.Envelope, issues []lex.Issue) (lex.Envelope, error) {
		e.Trust = lex.Claimed
		return e, &lex.Failure{Envelope: e, Issues: issues}
	}
	var view lex.View
	if err := lex.DecodeJSON(item, &view); err != nil {
		return fail(lex.Envelope{Data: item, Encoding: lex.JSON}, lex.IssuesOf(err))
	}
	if uri, err := syntax.ParseATURI(view.URI); err != nil || uri.RecordKey() == "" {
		return fail(lex.Envelope{Data: item, Encoding: lex.JSON},
			[]lex.Issue{{Path: "/uri", Rule: lex.RuleFormat, Want: "at-uri of a record", Found: fmt.Sprintf("%.200q", view.URI)}})
	}
	if len(view.Value.Data) == 0 || view.Value.Data[0] != '{' {
		return fail(lex.Envelope{URI: syntax.ATURI(view.URI), Data: item, Encoding: lex.JSON},
			[]lex.Issue{{Path: "/value", Rule: lex.RuleType, Want: "object"}})
	}
	e, err := view.Envelope()
	if failure, ok := err.(*lex.Failure); ok {
		return fail(e, failure.Issues)
	}
	e.Trust = lex.Claimed
	return e, nil
}

// pages goes through the items of all pages, in JSON.
func (c *Client) pages(ctx context.Context, method string, params lex.Params) iter.Seq2[*json.RawMessage, error] {
	start := ""
	params = slices.DeleteFunc(slices.Clone(params), func(p lex.Param) bool {
		if p.Name == "cursor" {
			start = p.Value
		}
		return p.Name == "cursor"
	})
	return func(yield func(*json.RawMessage, error) bool) {
		fetch := func(ctx context.Context, cursor string) ([]json.RawMessage, lex.Opt[string], error) {
			page := slices.Clone(params)
			if cursor != "" {
				page.String("cursor", cursor)
			}
			var answer lex.Raw
			if err := c.Query(ctx, method, page, &answer); err != nil {
				return nil, lex.Opt[string]{}, err
			}
			return split(answer.Data)
		}
		for item, err := range lex.Paginate(ctx, start, fetch) {
			if err != nil {
				err = fmt.Errorf("appview: %s: %w", method, err)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// split returns the items and the cursor of a page.
func split(page []byte) (items []json.RawMessage, cursor lex.Opt[string], err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(page, &fields); err != nil {
		return nil, cursor, fmt.Errorf("the answer is not an object: %w", err)
	}
	name := ""
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		value := fields[field]
		if field == "cursor" {
			var text *string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, cursor, fmt.Errorf("the answer's cursor is not a string: %.100s", value)
			}
			if text != nil {
				cursor = lex.Some(*text)
			}
			continue
		}
		if value[0] != '[' {
			continue
		}
		if name != "" {
			return nil, cursor, fmt.Errorf("the answer has more than one array, %q and %q: get its pages one by one", name, field)
		}
		name = field
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, cursor, err
		}
	}
	if name == "" {
		return nil, cursor, fmt.Errorf("the answer has no array: it is not a list")
	}
	return items, cursor, nil
}
