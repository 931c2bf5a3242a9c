// Package lists tests every way in which the SDK lists records: the sequences of package pds, typed and untyped, those
// of package appview, and those of the generated clients. One table of pages serves all of them.
package lists

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	account    = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	collection = expression.NSIDExpression
	prefix     = "at://" + account + "/" + collection + "/"
)

// server answers every request with the page for its cursor, or with the error NoSuchPage.
func server(t *testing.T, page func(cursor string) (string, bool)) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		text, ok := page(r.FormValue("cursor"))
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			text = `{"error":"NoSuchPage"}`
		}
		io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// turn is what a loop over a list is given in one turn: a URI, a failure, or the error that ends it.
type turn struct {
	uri string
	err error
}

// road is a way to go through a list.
type road struct {
	name string
	list func(t *testing.T, ctx context.Context, server string) iter.Seq[turn]
	// typed roads decode records, foreign ones take those of any repository.
	typed, foreign bool
}

func envelopes(list iter.Seq2[rec.Envelope, error]) iter.Seq[turn] {
	return func(yield func(turn) bool) {
		for e, err := range list {
			if !yield(turn{string(e.URI), err}) {
				return
			}
		}
	}
}

func entries(list iter.Seq2[*rec.Entry[expression.Expression], error]) iter.Seq[turn] {
	return func(yield func(turn) bool) {
		for e, err := range list {
			var next turn
			if next.err = err; err == nil {
				next.uri = string(e.URI)
			}
			if !yield(next) {
				return
			}
		}
	}
}

func repos(t *testing.T, server string) *pds.Client {
	t.Helper()
	client, err := pds.New(pds.WithHost(server), pds.WithNetwork(network.Network{AllowPrivate: true}), pds.WithXRPC(xrpc.WithRetry(xrpc.Retry{Attempts: 1})))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func index(t *testing.T, server string) *appview.Client {
	t.Helper()
	client, err := appview.New(server, appview.WithNetwork(network.Network{AllowPrivate: true}), appview.WithXRPC(xrpc.WithRetry(xrpc.Retry{Attempts: 1})))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var roads = []road{
	{"pds.ListRecords", func(t *testing.T, ctx context.Context, server string) iter.Seq[turn] {
		return envelopes(repos(t, server).ListRecords(ctx, account, collection, nil))
	}, false, false},
	{"pds.List", func(t *testing.T, ctx context.Context, server string) iter.Seq[turn] {
		return entries(pds.List[expression.Expression](ctx, repos(t, server), account, nil))
	}, true, false},
	{"appview.List", func(t *testing.T, ctx context.Context, server string) iter.Seq[turn] {
		return envelopes(index(t, server).List(ctx, expression.NSIDListExpressions, nil))
	}, false, true},
	{"ListExpressionsIter", func(t *testing.T, ctx context.Context, server string) iter.Seq[turn] {
		return entries(expression.NewClient(index(t, server)).ListExpressionsIter(ctx, nil))
	}, true, true},
	{"ListExpressions", func(t *testing.T, ctx context.Context, server string) iter.Seq[turn] {
		return func(yield func(turn) bool) {
			params := new(expression.ListExpressionsParams)
			for {
				page, err := expression.NewClient(index(t, server)).ListExpressions(ctx, params)
				if err != nil {
					yield(turn{err: err})
					return
				}
				for next := range entries(page.All(ctx)) {
					if !yield(next) {
						return
					}
				}
				if page.Cursor == "" {
					return
				}
				params.Cursor = lex.Some(page.Cursor)
			}
		}
	}, true, true},
}

func record(text string) string {
	return `{"$type":"` + collection + `","id":"e","kind":"sentence","text":"` + text + `","createdAt":"2026-01-01T00:00:00Z"}`
}

func cidOf(t *testing.T, value string) string {
	t.Helper()
	data, err := lex.JSONToCBOR([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return cid.Of(cid.DagCBOR, data).String()
}

func view(uri, c, value string) string {
	return fmt.Sprintf(`{"uri":%q,"cid":%q,"value":%s}`, uri, c, value)
}

// good is an item with a valid record.
func good(t *testing.T, key string) string {
	return view(prefix+key, cidOf(t, record(key)), record(key))
}

// TestItems is about pages with one odd item between two good ones: that item is a failure, which has its bytes, and the
// good ones are yielded.
func TestItems(t *testing.T) {
	value, c := record("odd"), cidOf(t, record("odd"))
	const uri = prefix + "odd"
	deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
	noKind := strings.Replace(value, `"kind":"sentence",`, "", 1)
	for _, test := range []struct {
		name, item string
		rule       issue.Rule
		path       string
		uri        bool // the failure has the URI
		// good says by which roads there is nothing wrong with the item.
		good func(road) bool
	}{
		{name: "null", item: `null`, rule: issue.RuleType},
		{name: "a number", item: `5`, rule: issue.RuleType},
		{name: "a float", item: `1.5`, rule: issue.RuleType},
		{name: "a string", item: `"x"`, rule: issue.RuleType},
		{name: "a boolean", item: `true`, rule: issue.RuleType},
		{name: "an array", item: `[` + good(t, "x") + `]`, rule: issue.RuleType},
		{name: "an empty object", item: `{}`, rule: issue.RuleRequired, path: "/uri"},
		{name: "no URI", item: `{"cid":"` + c + `","value":` + value + `}`, rule: issue.RuleRequired, path: "/uri"},
		{name: "null for a URI", item: `{"uri":null,"cid":"` + c + `","value":` + value + `}`, rule: issue.RuleRequired, path: "/uri"},
		{name: "a number for a URI", item: `{"uri":7,"cid":"` + c + `","value":` + value + `}`, rule: issue.RuleType, path: "/uri"},
		{name: "not a URI", item: view("x", c, value), rule: issue.RuleFormat, path: "/uri"},
		{name: "the URI of a repository", item: view("at://"+account, c, value), rule: issue.RuleFormat, path: "/uri"},
		{name: "the URI of a collection", item: view("at://"+account+"/"+collection, c, value), rule: issue.RuleFormat, path: "/uri"},
		{name: "a record key that is not one", item: view(prefix+"..", c, value), rule: issue.RuleFormat, path: "/uri"},
		{name: "another collection", item: view("at://"+account+"/com.example.other/odd", c, value), rule: issue.RuleFormat, path: "/uri", uri: true,
			good: func(r road) bool { return r.name == "appview.List" }},
		{name: "another repository", item: view("at://did:web:b.test/"+collection+"/odd", c, value), rule: issue.RuleFormat, path: "/uri", uri: true,
			good: func(r road) bool { return r.foreign }},
		{name: "a handle", item: view("at://alice.test/"+collection+"/odd", c, value), rule: issue.RuleFormat, path: "/uri", uri: true,
			good: func(r road) bool { return r.foreign }},
		{name: "a CID as a link", item: `{"uri":"` + uri + `","cid":{"$link":"` + c + `"},"value":` + value + `}`, rule: issue.RuleType, path: "/cid", uri: true},
		{name: "a number for a CID", item: `{"uri":"` + uri + `","cid":1,"value":` + value + `}`, rule: issue.RuleType, path: "/cid", uri: true},
		{name: "an array for a CID", item: `{"uri":"` + uri + `","cid":["` + c + `"],"value":` + value + `}`, rule: issue.RuleType, path: "/cid", uri: true},
		{name: "a malformed CID", item: view(uri, "bafyx", value), rule: issue.RuleCID, uri: true},
		{name: "another CID", item: view(uri, cidOf(t, record("x")), value), rule: issue.RuleCID, uri: true},
		{name: "no CID", item: `{"uri":"` + uri + `","value":` + value + `}`, good: func(road) bool { return true }},
		{name: "null for a CID", item: `{"uri":"` + uri + `","cid":null,"value":` + value + `}`, good: func(road) bool { return true }},
		{name: "no value", item: `{"uri":"` + uri + `","cid":"` + c + `"}`, rule: issue.RuleRequired, path: "/value", uri: true},
		{name: "null for a value", item: view(uri, c, `null`), rule: issue.RuleType, path: "/value", uri: true},
		{name: "a string for a value", item: view(uri, c, `"x"`), rule: issue.RuleType, path: "/value", uri: true},
		{name: "an array for a value", item: view(uri, c, `[{}]`), rule: issue.RuleType, path: "/value", uri: true},
		{name: "an empty value", item: view(uri, cidOf(t, `{}`), `{}`), rule: issue.RuleRequired, path: "/id", uri: true, good: func(r road) bool { return !r.typed }},
		{name: "a value with a float", item: view(uri, c, strings.Replace(value, `"odd"`, `1.5`, 1)), rule: issue.RuleType, path: "/text", uri: true},
		{name: "a value that is too deep", item: view(uri, c, strings.Replace(value, `"odd"`, deep, 1)), rule: issue.RuleSyntax, uri: true},
		{name: "a value with a key twice", item: view(uri, c, strings.Replace(value, `"id":"e"`, `"id":"e","id":"e"`, 1)), rule: issue.RuleSyntax, uri: true},
		{name: "a value that its lexicon does not allow", item: view(uri, cidOf(t, noKind), noKind), rule: issue.RuleRequired, path: "/kind", uri: true,
			good: func(r road) bool { return !r.typed }},
		{name: "a URI twice", item: `{"uri":"` + uri + `","uri":"` + uri + `","cid":"` + c + `","value":` + value + `}`, rule: issue.RuleSyntax, path: "/uri", uri: true},
		{name: "fields that nobody reads", item: `{"score":1.5,"deep":` + deep + `,"uri":"` + uri + `","cid":"` + c + `","$type":5,"value":` + value + `}`, good: func(road) bool { return true }},
	} {
		page := `{"records":[` + good(t, "a") + `,` + test.item + `,` + good(t, "b") + `],"took":0.5}`
		url := server(t, func(string) (string, bool) { return page, true })
		for _, road := range roads {
			t.Run(test.name+"/"+road.name, func(t *testing.T) {
				var turns []turn
				for next := range road.list(t, t.Context(), url) {
					turns = append(turns, next)
				}
				if len(turns) != 3 || turns[0] != (turn{uri: prefix + "a"}) || turns[2] != (turn{uri: prefix + "b"}) {
					t.Fatalf("got %v", turns)
				}
				if test.good != nil && test.good(road) {
					if turns[1].err != nil || !strings.HasSuffix(turns[1].uri, "/odd") {
						t.Errorf("got %v", turns[1])
					}
					return
				}
				failure, ok := turns[1].err.(*rec.Failure)
				if !ok {
					t.Fatalf("got %v", turns[1])
				}
				if problem := failure.Issues[0]; problem.Rule != test.rule || test.path != "" && problem.Path != test.path {
					t.Errorf("issue %v", problem)
				}
				if len(failure.Data) == 0 || (failure.URI != "") != test.uri || test.uri && !strings.HasSuffix(string(failure.URI), "/odd") {
					t.Errorf("the failure is of %q, with %d bytes", failure.URI, len(failure.Data))
				}
				if whole := test.path == "/uri" || test.path == "/cid" || test.path == "/value" || !test.uri; whole && string(failure.Data) != test.item {
					t.Errorf("the failure has %s", failure.Data)
				}
			})
		}
	}
}

// TestPages is about lists as a whole: null for an empty one, and what ends one.
func TestPages(t *testing.T) {
	a, b := good(t, "a"), good(t, "b")
	for _, test := range []struct {
		name  string
		pages map[string]string
		want  string
		ends  bool // with an error
	}{
		{"two pages", map[string]string{"": `{"records":[` + a + `],"cursor":"1"}`, "1": `{"records":[` + b + `]}`}, "a b", false},
		{"null for an empty list", map[string]string{"": `{"records":null}`}, "", false},
		{"null for an empty page", map[string]string{"": `{"cursor":"1","records":null}`, "1": `{"records":[` + b + `],"cursor":null}`}, "b", false},
		{"fields that nobody reads", map[string]string{"": `{"took":0.5,"x":` + strings.Repeat(`{"x":`, 100) + `1e99` + strings.Repeat(`}`, 100) + `,"records":[` + a + `],"$type":5}`}, "a", false},
		{"an object for a list", map[string]string{"": `{"records":{}}`}, "", true},
		{"no list", map[string]string{"": `{"cursor":"1"}`, "1": `{}`}, "", true},
		{"a number for a cursor", map[string]string{"": `{"records":[` + a + `],"cursor":1}`}, "", true},
		{"not JSON", map[string]string{"": `{"records":[` + a + `,`}, "", true},
		{"an error", map[string]string{"": `{"records":[` + a + `],"cursor":"1"}`}, "a", true},
	} {
		url := server(t, func(cursor string) (string, bool) { text, ok := test.pages[cursor]; return text, ok })
		for _, road := range roads {
			t.Run(test.name+"/"+road.name, func(t *testing.T) {
				var got []string
				var ended error
				for next := range road.list(t, t.Context(), url) {
					if ended != nil {
						t.Error("the loop went on after an error")
					}
					if ended = next.err; ended == nil {
						got = append(got, strings.TrimPrefix(next.uri, prefix))
					}
				}
				if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" || (ended != nil) != test.ends {
					t.Errorf("error %v (-want +got):\n%s", ended, diff)
				}
				if _, ok := ended.(*rec.Failure); ok {
					t.Errorf("a failure ended the loop: %v", ended)
				}
			})
		}
	}
}

// TestEndless is about servers that never end a list.
func TestEndless(t *testing.T) {
	for _, test := range []struct {
		name   string
		record bool
		cursor func(n int) string
		want   error
	}{
		{"empty pages, fresh cursors", false, func(n int) string { return fmt.Sprint(n) }, rec.ErrEmptyPages},
		{"the same cursor", true, func(int) string { return "x" }, rec.ErrCursor},
		{"alternating cursors", true, func(n int) string { return fmt.Sprint(n % 2) }, rec.ErrCursor},
		{"a circle of cursors", true, func(n int) string { return fmt.Sprint(n % 50) }, rec.ErrCursor},
		{"cursors of 1 MiB", true, func(n int) string { return strings.Repeat("c", 1<<20) + fmt.Sprint(n) }, rec.ErrCursorLength},
	} {
		item := ""
		if test.record {
			item = good(t, "a")
		}
		for _, road := range roads {
			if road.name == "ListExpressions" {
				continue // goes page by page, in a loop of the caller
			}
			t.Run(test.name+"/"+road.name, func(t *testing.T) {
				n := 0
				url := server(t, func(string) (string, bool) {
					if n++; n > 1000 {
						return "", false
					}
					return `{"records":[` + item + `],"cursor":"` + test.cursor(n) + `"}`, true
				})
				var ended error
				for next := range road.list(t, t.Context(), url) {
					ended = next.err
				}
				if !errors.Is(ended, test.want) || n > 100 {
					t.Errorf("%v after %d pages", ended, n)
				}
			})
		}
	}
}

// TestEnded is about a context that ends in the middle of a page: the loop ends at the next turn.
func TestEnded(t *testing.T) {
	url := server(t, func(string) (string, bool) {
		return `{"records":[` + good(t, "a") + `,` + good(t, "b") + `],"cursor":"1"}`, true
	})
	for _, road := range roads[:4] {
		ctx, cancel := context.WithCancel(t.Context())
		var turns []turn
		for next := range road.list(t, ctx, url) {
			turns = append(turns, next)
			cancel()
		}
		if len(turns) != 2 || turns[0].err != nil || !errors.Is(turns[1].err, context.Canceled) {
			t.Errorf("%s: %v", road.name, turns)
		}
		cancel()
	}
}
