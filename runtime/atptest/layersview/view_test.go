package layersview_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/prove"
	"github.com/layers-pub/layers-go/layers/integration"
	"github.com/layers-pub/layers-go/runtime/atptest/layersview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	alice = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	bob   = "did:plc:z72i7hdynmk6r22z27h6tvur"
)

type object = map[string]any

// world is an appview with the lexicons that it answers for.
type world struct {
	*testing.T
	view    *layersview.View
	url     string
	set     *lexicon.Set
	samples map[string]object // a record of each collection, with what is required
}

var load = sync.OnceValues(func() (*lexicon.Set, error) { return lexicon.Load(os.DirFS("../../.."), "lexicons") })

func newWorld(t *testing.T) *world {
	t.Helper()
	set, err := load()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, set: set, samples: map[string]object{}}
	w.view = layersview.New(layersview.WithHandles(func(_ context.Context, handle syntax.Handle) (syntax.DID, error) {
		if handle == "alice.example.org" {
			return alice, nil
		}
		return "", errors.New("no such handle")
	}))
	server := httptest.NewServer(w.view)
	t.Cleanup(server.Close)
	w.url = server.URL
	names := map[string]string{}
	for _, doc := range set.Documents {
		if main := doc.Def("main"); main != nil && main.Node.Type == "record" {
			names[doc.ID+"#main"] = "record"
		}
	}
	for _, sample := range slices.Backward(prove.Samples(set, names)) { // the first of each has what is required
		w.samples[strings.TrimSuffix(sample.Key, "#main")] = sample.Value.(object)
	}
	return w
}

// put adds the sample of a collection, with other fields, to the appview. A field that is nil is left out.
func (w *world) put(repo, collection, key string, fields object) (uri string, id cid.CID) {
	w.Helper()
	record := maps.Clone(w.samples[collection])
	maps.Copy(record, fields)
	maps.DeleteFunc(record, func(_ string, v any) bool { return v == nil })
	data := w.encode(record)
	uri, id = "at://"+repo+"/"+collection+"/"+key, cid.Of(cid.DagCBOR, data)
	if err := w.view.Put(syntax.ATURI(uri), id, data); err != nil {
		w.Fatal(err)
	}
	return uri, id
}

func (w *world) encode(record object) []byte {
	w.Helper()
	text, err := json.Marshal(record)
	if err != nil {
		w.Fatal(err)
	}
	data, err := lex.JSONToCBOR(text)
	if err != nil {
		w.Fatal(err)
	}
	return data
}

// call calls a query and returns the status and the answer.
func (w *world) call(query string, params url.Values) (int, object) {
	w.Helper()
	response, err := http.Get(w.url + "/xrpc/" + query + "?" + params.Encode())
	if err != nil {
		w.Fatal(err)
	}
	defer response.Body.Close()
	var answer object
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		w.Fatalf("%s: %v", query, err)
	}
	return response.StatusCode, answer
}

// list calls a query for a list, and returns the URIs on the page and the cursor of the next.
func (w *world) list(query string, params url.Values) (uris []string, cursor string) {
	w.Helper()
	status, answer := w.call(query, params)
	if status != 200 {
		w.Fatalf("%s?%s: %d %v", query, params.Encode(), status, answer)
	}
	for name, value := range answer {
		switch value := value.(type) {
		case string:
			cursor = value
		case []any:
			for _, item := range value {
				uris = append(uris, item.(object)["uri"].(string))
			}
			if want := arrayOf(w.set.Lookup(query)); name != want {
				w.Errorf("%s: the array is called %s, want %s", query, name, want)
			}
		}
	}
	return uris, cursor
}

// queries yields the queries of Layers with the collection whose records they return.
func (w *world) queries(lists bool) func(yield func(*lexicon.Document, string) bool) {
	return func(yield func(*lexicon.Document, string) bool) {
		for _, doc := range w.set.Documents {
			main := doc.Def("main")
			if main == nil || main.Node.Type != "query" || strings.Contains(doc.ID, ".integration.") || (arrayOf(doc) != "") != lists {
				continue
			}
			schema := main.Node.Output.Schema
			if lists {
				schema = property(doc.Def("recordView").Node, "value")
			} else {
				schema = property(schema, "value")
			}
			collection, _, _ := strings.Cut(schema.Ref, "#")
			if !yield(doc, collection) {
				return
			}
		}
	}
}

// arrayOf returns the name of the array in a query's answer, or "".
func arrayOf(doc *lexicon.Document) string {
	for _, p := range doc.Def("main").Node.Output.Schema.Properties {
		if p.Node.Type == "array" {
			return p.Name
		}
	}
	return ""
}

func property(node *lexicon.Node, name string) *lexicon.Node {
	for _, p := range node.Properties {
		if p.Name == name {
			return p.Node
		}
	}
	return nil
}

func TestGets(t *testing.T) {
	w := newWorld(t)
	count := 0
	for doc, collection := range w.queries(false) {
		count++
		uri, id := w.put(alice, collection, "3l3famgxlzxwf", nil)
		for _, asked := range []string{uri, "at://alice.example.org/" + collection + "/3l3famgxlzxwf"} {
			status, answer := w.call(doc.ID, url.Values{"uri": {asked}})
			value, _ := answer["value"].(object)
			if status != 200 || answer["uri"] != uri || answer["cid"] != id.String() || cid.Of(cid.DagCBOR, w.encode(value)) != id || len(answer) != 3 {
				t.Errorf("%s of %s: %d %v", doc.ID, asked, status, answer)
			}
		}
		for _, test := range []struct {
			uri, want string
		}{
			{uri + "x", "RecordNotFound"},
			{strings.Replace(uri, alice, bob, 1), "RecordNotFound"},
			{"at://" + alice + "/com.example.note/3l3famgxlzxwf", "RecordNotFound"},
			{"at://" + alice, "RecordNotFound"},
			{"at://carol.example.org/" + collection + "/3l3famgxlzxwf", "InvalidRequest"},
			{"nothing", "InvalidRequest"},
		} {
			if status, answer := w.call(doc.ID, url.Values{"uri": {test.uri}}); status != 400 || answer["error"] != test.want {
				t.Errorf("%s of %s: %d %v, want %s", doc.ID, test.uri, status, answer, test.want)
			}
		}
		w.view.Delete(syntax.ATURI(uri))
		if status, answer := w.call(doc.ID, url.Values{"uri": {uri}}); status != 400 || answer["error"] != "RecordNotFound" {
			t.Errorf("%s of a deleted record: %d %v", doc.ID, status, answer)
		}
	}
	if count != 26 {
		t.Errorf("%d queries for a record, want 26", count)
	}
	// A record of another collection is not what the query is for.
	uri, _ := w.put(alice, "pub.layers.corpus.corpus", "self", nil)
	if status, answer := w.call("pub.layers.expression.getExpression", url.Values{"uri": {uri}}); status != 400 || answer["error"] != "RecordNotFound" {
		t.Errorf("getExpression of a corpus: %d %v", status, answer)
	}
}

// filter is a value of a parameter, with the fields of records that match it and of those that do not.
type filter struct {
	repo              string
	matching, another object
}

// filterOf returns a filter for a parameter of a query.
func (w *world) filterOf(doc *lexicon.Document, collection, param string) (value string, f filter) {
	w.Helper()
	record := w.set.Lookup(collection).Def("main").Node.Record
	field := param
	if param == "collection" {
		field = "subjectCollection"
	}
	node := property(record, field)
	switch {
	case param == "repo":
		return alice, filter{repo: bob}
	case node == nil:
		w.Fatalf("%s: there is no field for the parameter %s", doc.ID, param)
	case node.Type == "ref": // an objectRef
		value = "at://" + alice + "/pub.layers.graph.graphNode/3l3famgxlzxwf"
		return value, filter{matching: object{field: object{"recordRef": value}}, another: object{field: object{"recordRef": value + "2"}}}
	case node.Type == "array":
		return "de", filter{matching: object{field: []any{"en", "DE"}}, another: object{field: []any{"en", "fr"}}}
	case node.Format == "at-uri":
		value = "at://" + alice + "/pub.layers.expression.expression/3l3famgxlzxwf"
		return value, filter{matching: object{field: value}, another: object{field: value + "2"}}
	}
	return "some.value", filter{matching: object{field: "some.value"}, another: object{field: "another"}}
}

// TestFilters holds that each parameter of each list is a filter: of the records that differ in one field alone it returns those
// with the value.
func TestFilters(t *testing.T) {
	lists, filters := 0, 0
	t0 := newWorld(t)
	for doc, collection := range t0.queries(true) {
		lists++
		node := doc.Def("main").Node.Params
		all, fields := url.Values{}, object{}
		byParam := map[string]filter{}
		for _, p := range node.Properties {
			if p.Name == "limit" || p.Name == "cursor" {
				continue
			}
			value, f := t0.filterOf(doc, collection, p.Name)
			all.Set(p.Name, value)
			maps.Copy(fields, f.matching)
			byParam[p.Name] = f
		}
		w := newWorld(t)
		want, _ := w.put(alice, collection, "match", fields)
		for name, f := range byParam {
			filters++
			others := maps.Clone(fields)
			maps.Copy(others, f.another)
			repo := alice
			if f.repo != "" {
				repo = f.repo
			}
			w.put(repo, collection, "other-"+name, others)
			for field := range f.matching {
				if !slices.Contains(w.set.Lookup(collection).Def("main").Node.Record.Required, field) {
					others[field] = nil
					w.put(alice, collection, "without-"+name, others)
				}
			}
		}
		if got, cursor := w.list(doc.ID, all); !slices.Equal(got, []string{want}) || cursor != "" {
			t.Errorf("%s?%s: %q, cursor %q, want only %s", doc.ID, all.Encode(), got, cursor, want)
		}
		for _, p := range node.Required {
			params := maps.Clone(all)
			params.Del(p)
			if status, answer := w.call(doc.ID, params); status != 400 || answer["error"] != "InvalidRequest" {
				t.Errorf("%s without %s: %d %v", doc.ID, p, status, answer)
			}
		}
		// Each filter alone, with what is required.
		for name, f := range byParam {
			params := url.Values{name: all[name]}
			for _, p := range node.Required {
				params[p] = all[p]
			}
			got, _ := w.list(doc.ID, params)
			if !slices.Contains(got, want) || slices.ContainsFunc(got, func(uri string) bool {
				return strings.HasSuffix(uri, "-"+name) && (f.repo == "" || strings.Contains(uri, f.repo))
			}) {
				t.Errorf("%s?%s: %q", doc.ID, params.Encode(), got)
			}
		}
	}
	if lists != 27 || filters < 50 {
		t.Errorf("%d lists with %d filters, want 27 with at least 50", lists, filters)
	}
}

// TestPages reads each list in pages, with changes between them.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for doc, collection := range w.queries(true) {
		params, fields := url.Values{}, object{}
		for _, p := range doc.Def("main").Node.Params.Required {
			value, f := w.filterOf(doc, collection, p)
			params.Set(p, value)
			maps.Copy(fields, f.matching)
		}
		var want []string
		for i := range 7 {
			fields["createdAt"] = fmt.Sprintf("2026-01-0%dT00:00:00+0%d:00", 1+i%3, i%2)
			uri, _ := w.put(alice, collection, fmt.Sprint(i), fields)
			want = append(want, uri)
		}
		if collection == "pub.layers.changelog.entry" { // the newest first; those of one time by their URIs
			want = []string{want[2], want[5], want[4], want[1], want[6], want[0], want[3]}
		}
		if got, cursor := w.list(doc.ID, params); !slices.Equal(got, want) || cursor != "" {
			t.Errorf("%s: %q, cursor %q, want %q", doc.ID, got, cursor, want)
		}
		params.Set("limit", "3")
		first, cursor := w.list(doc.ID, params)
		w.view.Delete(syntax.ATURI(want[2])) // where the cursor is
		w.view.Delete(syntax.ATURI(want[0]))
		params.Set("cursor", cursor)
		second, cursor := w.list(doc.ID, params)
		params.Set("cursor", cursor)
		third, end := w.list(doc.ID, params)
		if got := slices.Concat(first, second, third); !slices.Equal(got, want) || len(first) != 3 || len(second) != 3 || end != "" {
			t.Errorf("%s: in pages %q %q %q, cursor %q, want %q", doc.ID, first, second, third, end, want)
		}
		for _, test := range []struct{ name, value string }{
			{"cursor", "x"}, {"cursor", "bm90aGluZw"}, {"cursor", "?"}, {"limit", "0"}, {"limit", "101"}, {"limit", "many"},
		} {
			params := maps.Clone(params)
			params.Set(test.name, test.value)
			if status, answer := w.call(doc.ID, params); status != 400 || answer["error"] != "InvalidRequest" {
				t.Errorf("%s with %s=%s: %d %v", doc.ID, test.name, test.value, status, answer)
			}
		}
		for _, uri := range want {
			w.view.Delete(syntax.ATURI(uri))
		}
		delete(params, "cursor")
		if got, cursor := w.list(doc.ID, params); len(got) != 0 || cursor != "" {
			t.Errorf("%s: %q, cursor %q after all records were deleted", doc.ID, got, cursor)
		}
	}
}

// TestDefaultLimit holds that a page has 50 records unless the client says otherwise.
func TestDefaultLimit(t *testing.T) {
	w := newWorld(t)
	for i := range 51 {
		w.put(alice, "pub.layers.persona.persona", fmt.Sprint(i), nil)
	}
	got, cursor := w.list("pub.layers.persona.listPersonas", url.Values{"repo": {"alice.example.org"}})
	if len(got) != 50 || cursor == "" {
		t.Errorf("%d records, cursor %q", len(got), cursor)
	}
}

func TestPut(t *testing.T) {
	w := newWorld(t)
	const collection = "pub.layers.persona.persona"
	get := func(uri string) any {
		status, answer := w.call("pub.layers.persona.getPersona", url.Values{"uri": {uri}})
		if status != 200 {
			return answer["error"]
		}
		return answer["value"].(object)["name"]
	}
	list := func() int {
		got, _ := w.list("pub.layers.persona.listPersonas", url.Values{"repo": {alice}})
		return len(got)
	}
	uri, _ := w.put(alice, collection, "1", object{"name": "old"})
	w.put(alice, collection, "1", object{"name": "new"})
	if got := get(uri); got != "new" || list() != 1 {
		t.Errorf("after a replacement: %v, %d in the list", got, list())
	}
	broken := w.encode(object{"$type": collection})
	err := w.view.Put(syntax.ATURI(uri), cid.Of(cid.DagCBOR, broken), broken)
	if issues, ok := errors.AsType[*issue.Error](err); !ok || issues.Issues[0].Rule != issue.RuleRequired || !strings.Contains(err.Error(), uri) {
		t.Errorf("a record without what is required: %v", err)
	}
	if got := get(uri); got != "RecordNotFound" || list() != 0 {
		t.Errorf("a record that was replaced by a broken one: %v, %d in the list", got, list())
	}
	if refused := w.view.Refused(); len(refused) != 1 || refused[syntax.ATURI(uri)] != err {
		t.Errorf("the view refused %v, want %v", refused, err)
	}
	w.put(alice, collection, "1", object{"name": "mended"})
	if refused := w.view.Refused(); len(refused) != 0 || get(uri) != "mended" {
		t.Errorf("after the record was mended: refused %v", refused)
	}
	_ = w.view.Put(syntax.ATURI(uri), cid.Of(cid.DagCBOR, broken), broken)
	w.view.Delete(syntax.ATURI(uri))
	if refused := w.view.Refused(); len(refused) != 0 {
		t.Errorf("after the record was deleted: refused %v", refused)
	}
	if err := w.view.Put("at://"+alice+"/com.example.note/1", cid.CID{}, []byte("no CBOR")); err != nil {
		t.Errorf("a record of an unknown collection: %v", err)
	}
}

// TestIntegration holds that the queries about records of other apps answer what the test sets.
func TestIntegration(t *testing.T) {
	w := newWorld(t)
	uri := url.Values{"uri": {"at://" + alice + "/com.example.note/1"}}
	queries := map[string]url.Values{"applyLens": uri, "getExternal": uri, "listExternal": nil}
	for query, params := range queries {
		if status, answer := w.call("pub.layers.integration."+query, params); status != 501 || answer["error"] != "MethodNotImplemented" {
			t.Errorf("%s before it was set: %d %v", query, status, answer)
		}
	}
	w.view.SetIntegration(layersview.Integration{
		ApplyLens: func(_ context.Context, p *integration.ApplyLensParams) (*integration.ApplyLensOutput, error) {
			return nil, fmt.Errorf("%w: no lens", integration.ApplyLensErrorBadRequest)
		},
		GetExternal: func(_ context.Context, p *integration.GetExternalParams) (*integration.GetExternalOutput, error) {
			return &integration.GetExternalOutput{URI: p.URI, NSID: string(p.URI.Collection()), FromCache: !p.Fresh.Or(false)}, nil
		},
		ListExternal: func(_ context.Context, p *integration.ListExternalParams) (*integration.ListExternalOutput, error) {
			return &integration.ListExternalOutput{Cursor: p.NSIDPrefix}, nil
		},
	})
	for _, test := range []struct {
		query  string
		params url.Values
		status int
		want   object
	}{
		{"applyLens", uri, 400, object{"error": "BadRequest", "message": "BadRequest: no lens"}},
		{"getExternal", uri, 200, object{"uri": uri.Get("uri"), "nsid": "com.example.note", "fromCache": true, "value": object{}}},
		{"listExternal", url.Values{"nsidPrefix": {"com."}}, 200, object{"cursor": "com.", "records": []any{}}},
	} {
		if status, answer := w.call("pub.layers.integration."+test.query, test.params); status != test.status || !reflect.DeepEqual(answer, test.want) {
			t.Errorf("%s: %d %v, want %d %v", test.query, status, answer, test.status, test.want)
		}
	}
}

// TestConcurrent changes records while they are read: the race detector looks on.
func TestConcurrent(t *testing.T) {
	w := newWorld(t)
	data := w.encode(w.samples["pub.layers.persona.persona"])
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := range 20 {
				uri := syntax.ATURI(fmt.Sprintf("at://%s/pub.layers.persona.persona/%d-%d", alice, g, i))
				if err := w.view.Put(uri, cid.Of(cid.DagCBOR, data), data); err != nil {
					t.Error(err)
				}
				response, err := http.Get(w.url + "/xrpc/pub.layers.persona.listPersonas?repo=" + alice)
				if err != nil || response.StatusCode != 200 {
					t.Error(response, err)
					return
				}
				response.Body.Close()
				if i%2 == 0 {
					w.view.Delete(uri)
				}
			}
		})
	}
	wait.Wait()
	if got, _ := w.list("pub.layers.persona.listPersonas", url.Values{"repo": {alice}, "limit": {"100"}}); len(got) != 40 {
		t.Errorf("%d records, want 40", len(got))
	}
}
