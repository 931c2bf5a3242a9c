package appview_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// answers is a server that answers a query string with a page, and anything else with an error.
func answers(t testing.TB, pages map[string]string) *appview.Client {
	t.Helper()
	return start(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		page, ok := pages[r.URL.RawQuery]
		if !ok || r.URL.Path != "/xrpc/pub.layers.expression.listExpressions" {
			w.WriteHeader(http.StatusBadRequest)
			page = `{"error":"NoSuchPage","message":"` + r.URL.Path + `"}`
		}
		io.WriteString(w, page)
	})
}

const (
	query = "expression.listExpressions"
	uri   = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.example.note/"
)

// note returns a view of the record that value is, in JSON.
func note(t testing.TB, key, value string) string {
	t.Helper()
	data, err := lex.JSONToCBOR([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{"uri":"%s%s","cid":"%s","value":%s}`, uri, key, cid.Of(cid.DagCBOR, data), value)
}

// summary returns a line for each turn of a loop over a list.
func summary(list iter.Seq2[rec.Envelope, error]) (lines []string) {
	for e, err := range list {
		key := strings.TrimPrefix(string(e.URI), uri)
		failure, one := err.(*rec.Failure)
		switch {
		case one && failure.Trust == rec.Claimed && failure.URI == e.URI && string(failure.Data) == string(e.Data):
			lines = append(lines, key+" "+string(failure.Issues[0].Rule))
		case err != nil && strings.Contains(err.Error(), query):
			lines = append(lines, "error")
		case err != nil:
			lines = append(lines, "error without a name")
		case e.Trust == rec.Claimed && e.Encoding == lex.CBOR && e.CID == cid.Of(cid.DagCBOR, e.Data):
			lines = append(lines, key)
		default:
			lines = append(lines, fmt.Sprintf("%+v", e))
		}
	}
	return lines
}

// One odd record does not spoil a list; a list that is none ends.
func TestList(t *testing.T) {
	a, b, c := note(t, "a", `{"text":"a"}`), note(t, "b", `{"text":"b"}`), note(t, "c", `{"text":"c","n":[1,{"$bytes":"AQI"}]}`)
	forged := strings.Replace(a, `"text":"a"`, `"text":"A"`, 1)
	const link = `{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"}`
	for _, test := range []struct {
		name  string
		pages map[string]string
		want  []string
	}{
		{"pages", map[string]string{"": `{"records":[` + a + `],"cursor":"1"}`, "cursor=1": `{"records":[],"cursor":"2"}`, "cursor=2": `{"records":[` + b + `,` + c + `]}`}, []string{"a", "b", "c"}},
		{"a list of another name", map[string]string{"": `{"x":{"records":[]},"entries":[` + a + `],"cursor":null}`}, []string{"a"}},
		{"nothing", map[string]string{"": `{"records":[]}`}, nil},
		{"an empty cursor", map[string]string{"": `{"records":[` + a + `],"cursor":""}`}, []string{"a"}},
		{"no CID", map[string]string{"": `{"records":[{"uri":"` + uri + `a","value":{}},{"uri":"` + uri + `b","cid":null,"value":{}}]}`}, []string{"a", "b"}},
		{"other fields", map[string]string{"": `{"records":[` + strings.Replace(a, "{", `{"nsid":"x","x":{"y":[`+link+`]},`, 1) + `]}`}, []string{"a"}},
		{"other bytes", map[string]string{"": `{"records":[` + forged + `,` + b + `]}`}, []string{"a cid", "b"}},
		{"not a CID", map[string]string{"": `{"records":[{"uri":"` + uri + `a","cid":"x","value":{}},` + b + `]}`}, []string{"a cid", "b"}},
		{"a float", map[string]string{"": `{"records":[{"uri":"` + uri + `a","cid":"x","value":{"n":1.5}},` + b + `]}`}, []string{"a type", "b"}},
		{"a key twice", map[string]string{"": `{"records":[{"uri":"` + uri + `a","cid":"x","value":{"n":1,"n":2}},` + b + `]}`}, []string{"a syntax", "b"}},
		{"no URI", map[string]string{"": `{"records":[{"cid":"x","value":{}},` + b + `]}`}, []string{" required", "b"}},
		{"not the URI of a record", map[string]string{"": `{"records":[{"uri":"at://did:plc:abc","value":{}},` + b + `]}`}, []string{" format", "b"}},
		{"a number for a URI", map[string]string{"": `{"records":[{"uri":1,"value":{}},` + b + `]}`}, []string{" type", "b"}},
		{"no value", map[string]string{"": `{"records":[{"uri":"` + uri + `a"},` + b + `]}`}, []string{"a required", "b"}},
		{"null for a value", map[string]string{"": `{"records":[{"uri":"` + uri + `a","value":null},` + b + `]}`}, []string{"a type", "b"}},
		{"a text for a value", map[string]string{"": `{"records":[{"uri":"` + uri + `a","value":"x"},` + b + `]}`}, []string{"a type", "b"}},
		{"a text for a record", map[string]string{"": `{"records":["x",` + b + `]}`}, []string{" type", "b"}},
		{"no list", map[string]string{"": `{"record":` + a + `}`}, []string{"error"}},
		{"several lists", map[string]string{"": `{"a":[],"b":[]}`}, []string{"error"}},
		{"no object", map[string]string{"": `[` + a + `]`}, []string{"error"}},
		{"no JSON", map[string]string{"": `<html>`}, []string{"error"}},
		{"cut off", map[string]string{"": `{"records":[` + a + `,{"ur`}, []string{"error"}},
		{"a number for a cursor", map[string]string{"": `{"records":[` + a + `],"cursor":1}`}, []string{"error"}},
		{"an error behind a page", map[string]string{"": `{"records":[` + a + `],"cursor":"1"}`}, []string{"a", "error"}},
		{"the same page for ever", map[string]string{"": `{"records":[` + a + `],"cursor":"1"}`, "cursor=1": `{"records":[` + b + `],"cursor":"1"}`}, []string{"a", "b", "error"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, summary(answers(t, test.pages).List(t.Context(), query, nil))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A failure keeps what came, so that it can be looked at.
func TestFailure(t *testing.T) {
	const value = `{"n":1.5, "text":"a"}`
	c := answers(t, map[string]string{"": `{"records":[{"uri":"` + uri + `a","cid":"x","value":` + value + `},{"uri":"` + uri + `b","cid":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee","value":{}}]}`})
	var failures []*rec.Failure
	for _, err := range c.List(t.Context(), query, nil) {
		failures = append(failures, err.(*rec.Failure))
	}
	if f := failures[0]; string(f.Data) != value || f.Encoding != lex.JSON || f.Issues[0].Path != "/n" {
		t.Errorf("%+v", f)
	}
	if f := failures[1]; f.Issues[0].Want != f.CID.String() || f.Issues[0].Found != cid.Of(cid.DagCBOR, f.Data).String() || string(f.Data) != "\xa0" {
		t.Errorf("%+v", f)
	}
}

// Items are objects of any kind.
func TestItems(t *testing.T) {
	c := answers(t, map[string]string{
		"":         `{"hits":[{"n":1},{"n":1.5}],"cursor":"1"}`,
		"cursor=1": `{"hits":["x",{"n":2}]}`,
	})
	var got []string
	for item, err := range c.Items(t.Context(), query, nil) {
		n, _ := item.Get("n")
		v, _ := n.Int()
		text := fmt.Sprint(v)
		if failure, ok := err.(*rec.Failure); ok {
			text = string(failure.Data)
		} else if err != nil {
			text = err.Error()
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"1", `{"n":1.5}`, `"x"`, "2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Parameters go with every page, a cursor among them is where the list begins, and they stay as they are.
func TestListParams(t *testing.T) {
	c := answers(t, map[string]string{
		"repo=x&limit=7&cursor=1": `{"records":[` + note(t, "a", `{}`) + `],"cursor":"2"}`,
		"repo=x&limit=7&cursor=2": `{"records":[` + note(t, "b", `{}`) + `]}`,
	})
	params := rpc.Params{{Name: "repo", Value: "x"}, {Name: "cursor", Value: "1"}, {Name: "limit", Value: "7"}}
	for range 2 {
		if diff := cmp.Diff([]string{"a", "b"}, summary(c.List(t.Context(), query, params))); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for range c.List(t.Context(), query, params) {
		break // asks for no second page, and does not panic
	}
}

// Errors are those of the call, and name the query.
func TestErrors(t *testing.T) {
	c := answers(t, nil)
	var answer *xrpc.Error
	_, err := c.Get(t.Context(), "expression.getExpression", nil)
	if !errors.As(err, &answer) || !errors.Is(err, rpc.ErrorName("NoSuchPage")) || answer.NSID != "pub.layers.expression.getExpression" {
		t.Errorf("Get: %v", err)
	}
	for _, err := range c.List(t.Context(), query, nil) {
		if !errors.As(err, &answer) || !strings.Contains(err.Error(), query) {
			t.Errorf("List: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range c.Items(ctx, query, nil) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Items: %v", err)
		}
	}
	var invalid *syntax.Error
	for _, err := range c.List(t.Context(), "a b", nil) {
		if !errors.As(err, &invalid) {
			t.Errorf("a name that is none: %v", err)
		}
	}
	if err := c.Query(t.Context(), "a b", nil, new(lex.Map)); !errors.As(err, &invalid) {
		t.Errorf("a name that is none: %v", err)
	}
	if _, err := appview.New("ftp://x"); err == nil {
		t.Error("a service that is none is no error")
	}
}

// A caller that passes calls on sees them as they are.
func TestThrough(t *testing.T) {
	var seen *rpc.Request
	c := appview.Through(callerFunc(func(_ context.Context, request *rpc.Request, _ *rpc.Response) error {
		seen = request
		return rpc.ErrorName("RecordNotFound")
	}))
	_, err := expression.NewClient(c).GetExpression(t.Context(), &expression.GetExpressionParams{URI: uri + "a"})
	if !errors.Is(err, expression.GetExpressionErrorRecordNotFound) || seen.NSID != expression.NSIDGetExpression || seen.Procedure {
		t.Errorf("%+v, %v", seen, err)
	}
}

type callerFunc func(ctx context.Context, request *rpc.Request, response *rpc.Response) error

func (f callerFunc) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	return f(ctx, request, response)
}
