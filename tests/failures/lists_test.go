package failures

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"testing"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// list is one way to go through a list. run counts the good items, and the failures about single ones.
type list struct {
	name  string
	field string // of the answer
	run   func(ctx context.Context, t *testing.T, c *client) (good, failed int, err error)
}

// count goes through a sequence.
func count[T any](items iter.Seq2[T, error]) (good, failed int, err error) {
	for _, err := range items {
		if _, one := err.(*lex.Failure); one {
			failed++
		} else if err != nil {
			return good, failed, err
		} else {
			good++
		}
	}
	return good, failed, nil
}

var lists = []list{
	{"pds.ListRecords", "records", func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListRecords(ctx, syntax.AtIdentifier(c.did), expression.NSIDExpression, nil))
	}},
	{"pds.ListRepos", "repos", func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListRepos(ctx, "https://"+host, nil))
	}},
	{"pds.ListBlobs", "cids", func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListBlobs(ctx, syntax.AtIdentifier(c.did), nil))
	}},
	{"pds.DescribeRepo", "collections", func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		description, err := c.repos.DescribeRepo(ctx, syntax.AtIdentifier(c.did))
		if err != nil {
			return 0, 0, err
		}
		return len(description.Collections), 0, nil
	}},
	{"appview.List", "records", func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		view, err := appview.New("https://"+host, options(c.http)...)
		if err != nil {
			t.Fatal(err)
		}
		return count(view.List(ctx, "expression.listExpressions", nil))
	}},
}

// TestNullLists: null in the place of a list, as servers in Go send it, is an empty one.
func TestNullLists(t *testing.T) {
	w := newWorld(t)
	for _, l := range lists {
		for name, answer := range map[string]string{
			"null":  fmt.Sprintf(`{"did":%q,"handle":%q,"%s":null}`, w.did, handle, l.field),
			"empty": fmt.Sprintf(`{"did":%q,"handle":"","%s":[]}`, w.did, l.field),
		} {
			t.Run(l.name+"/"+name, func(t *testing.T) {
				good, failed, err := l.run(t.Context(), t, connect(t, w, answering(w, answer)))
				if good != 0 || failed != 0 || err != nil {
					t.Errorf("%d items, %d failures, %v", good, failed, err)
				}
			})
		}
	}
}

// answering answers all methods in one way, and the rest as w does.
func answering(w *world, answer string) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) < 6 || r.URL.Path[:6] != "/xrpc/" {
			w.ServeHTTP(out, r)
			return
		}
		out.Header().Set("Content-Type", "application/json")
		io.WriteString(out, answer)
	})
}

// odd are items that are not records.
var odd = map[string]string{
	"null":                 `null`,
	"a number":             `7`,
	"a text":               `"at://"`,
	"an array":             `[]`,
	"an empty object":      `{}`,
	"without a URI":        `{"cid":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee","value":{"a":1}}`,
	"a number for a URI":   `{"uri":7,"value":{"a":1}}`,
	"a CID that is a link": `{"uri":%q,"cid":{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"},"value":{"a":1}}`,
	"a malformed CID":      `{"uri":%q,"cid":"bafy","value":{"a":1}}`,
	"another CID":          `{"uri":%q,"cid":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee","value":{"a":1}}`,
	"without a value":      `{"uri":%q,"cid":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"}`,
	"a null value":         `{"uri":%q,"value":null}`,
	"a float":              `{"uri":%q,"value":{"a":1.5}}`,
}

// TestOddItems: all that is wrong with one item of a page is a failure about that item. The list goes on.
func TestOddItems(t *testing.T) {
	w := newWorld(t)
	for _, l := range lists {
		if l.field != "records" {
			continue
		}
		for name, item := range odd {
			t.Run(l.name+"/"+name, func(t *testing.T) {
				if len(item) > 12 && item[:10] == `{"uri":%q,` {
					item = fmt.Sprintf(item, w.uri)
				}
				page := fmt.Sprintf(`{"records":[%s,%s,%[1]s]}`, w.record, item)
				good, failed, err := l.run(t.Context(), t, connect(t, w, answering(w, page)))
				if good != 2 || failed != 1 || err != nil {
					t.Errorf("%d good items, %d failures, %v", good, failed, err)
				}
			})
		}
	}
}
