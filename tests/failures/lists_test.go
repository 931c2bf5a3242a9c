package failures

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// list is one way to go through a list.
type list struct {
	name   string
	method string
	field  string // of the answer
	// items is how many the world has, nil if the list is not paged.
	items func(w *world) int
	// item is an item of the answer.
	item func(w *world) string
	// verified says that each item has a CID that is compared with its bytes.
	verified bool
	// objects says that an item may be any object.
	objects bool
	// run counts the good items, and the failures about single ones.
	run func(ctx context.Context, t *testing.T, c *client) (good, failed int, err error)
}

// count goes through a sequence.
func count[T any](items iter.Seq2[T, error]) (good, failed int, err error) {
	for _, err := range items {
		if _, one := err.(*rec.Failure); one {
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
	{"pds.ListRecords", "com.atproto.repo.listRecords", "records", expressions, record, true, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListRecords(ctx, syntax.AtIdentifier(c.did), expression.NSIDExpression, nil))
	}},
	{"pds.List", "com.atproto.repo.listRecords", "records", expressions, record, true, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(pds.List[expression.Expression](ctx, c.repos, syntax.AtIdentifier(c.did), nil))
	}},
	{"pds.ListRepos", "com.atproto.sync.listRepos", "repos", few, (*world).status, false, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListRepos(ctx, "https://"+host, nil))
	}},
	{"pds.ListReposByCollection", "com.atproto.sync.listReposByCollection", "repos", few, (*world).status, false, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListReposByCollection(ctx, "https://"+host, expression.NSIDExpression, nil))
	}},
	{"pds.ListBlobs", "com.atproto.sync.listBlobs", "cids", few, (*world).blobCID, false, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.repos.ListBlobs(ctx, syntax.AtIdentifier(c.did), nil))
	}},
	{"pds.DescribeRepo", "com.atproto.repo.describeRepo", "collections", nil, nil, false, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		description, err := c.repos.DescribeRepo(ctx, syntax.AtIdentifier(c.did))
		if err != nil {
			return 0, 0, err
		}
		return len(description.Collections), 0, nil
	}},
	{"appview.List", expression.NSIDListExpressions, "records", expressions, record, true, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.appview(t).List(ctx, expression.NSIDListExpressions, nil))
	}},
	{"appview.Items", expression.NSIDListExpressions, "records", expressions, record, false, true, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(c.appview(t).Items(ctx, expression.NSIDListExpressions, nil))
	}},
	{"expression.ListExpressionsIter", expression.NSIDListExpressions, "records", expressions, record, true, false, func(ctx context.Context, t *testing.T, c *client) (int, int, error) {
		return count(expression.NewClient(c.appview(t)).ListExpressionsIter(ctx, nil))
	}},
}

func expressions(w *world) int { return w.expressions }
func record(w *world) string   { return string(w.record) }
func few(*world) int           { return 2 }

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
		if l.item == nil {
			continue
		}
		for name, item := range odd {
			t.Run(l.name+"/"+name, func(t *testing.T) {
				item = strings.Replace(item, "%q", strconv.Quote(string(w.uri)), 1)
				want := [2]int{2, 1}
				if l.objects && strings.HasPrefix(item, "{") && !strings.Contains(item, "1.5") {
					want = [2]int{3, 0} // nothing is wrong with it
				}
				page := fmt.Sprintf(`{"%s":[%s,%s,%[2]s]}`, l.field, l.item(w), item)
				good, failed, err := l.run(t.Context(), t, connect(t, w, answering(w, page)))
				if [2]int{good, failed} != want || err != nil {
					t.Errorf("%d good items, %d failures, %v", good, failed, err)
				}
			})
		}
	}
}
