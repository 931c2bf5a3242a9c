package appview_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// start starts a server and returns a client of it.
func start(t testing.TB, handler http.HandlerFunc) *appview.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := appview.New(server.URL, appview.WithNetwork(network.Network{AllowPrivate: true}), appview.WithXRPC(xrpc.WithRetry(xrpc.Retry{Attempts: 1})))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type object = map[string]any

// fake is an appview for all queries of the lexicons. It checks the parameters as the lexicon says, and makes up answers that keep to
// it, with everything in them or as little as possible: lists have three items, on two pages. It shares no code with generated
// clients, while the appview of the test network decodes what they send with code of the same generator; see TestView.
type fake struct {
	t        testing.TB
	set      *lexicon.Set
	sparse   bool // answers only with what is required
	mu       sync.Mutex
	params   map[string]map[string]bool // by query, those that were sent
	requests int
}

func newFake(t testing.TB, sparse bool) *fake {
	t.Helper()
	set, err := lexicon.Load(os.DirFS("../.."), "lexicons")
	if err != nil {
		t.Fatal(err)
	}
	return &fake{t: t, set: set, sparse: sparse, params: map[string]map[string]bool{}}
}

// queries returns the lexicons of queries by NSID.
func (f *fake) queries() map[string]*lexicon.Document {
	all := map[string]*lexicon.Document{}
	for _, doc := range f.set.Documents {
		if main := doc.Def("main"); main != nil && main.Node.Type == "query" {
			all[doc.ID] = doc
		}
	}
	return all
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	w.Header().Set("Content-Type", "application/json")
	doc := f.queries()[name]
	if doc == nil || r.Method != http.MethodGet {
		f.t.Errorf("%s %s is no query", r.Method, r.URL)
		w.WriteHeader(http.StatusNotImplemented)
		fmt.Fprint(w, `{"error":"MethodNotImplemented"}`)
		return
	}
	params := r.URL.Query()
	if err := f.check(doc.Def("main").Node.Params, params); err != nil {
		f.t.Errorf("%s: %v", r.URL, err)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"InvalidRequest"}`)
		return
	}
	f.mu.Lock()
	f.requests++
	if f.params[name] == nil {
		f.params[name] = map[string]bool{}
	}
	for p := range params {
		f.params[name][p] = true
	}
	f.mu.Unlock()
	w.Write(f.answer(name, params.Get("cursor")))
}

// check checks parameters.
func (f *fake) check(want *lexicon.Node, params url.Values) error {
	for _, name := range want.Required {
		if len(params[name]) == 0 {
			return fmt.Errorf("%s is missing", name)
		}
	}
	for name, values := range params {
		i := slices.IndexFunc(want.Properties, func(p lexicon.Property) bool { return p.Name == name })
		if i < 0 {
			return fmt.Errorf("there is no %s", name)
		}
		node := want.Properties[i].Node
		if node.Type == "array" {
			node = node.Items
		} else if len(values) != 1 {
			return fmt.Errorf("%d times %s", len(values), name)
		}
		for _, v := range values {
			if err := checkParam(node, v); err != nil {
				return fmt.Errorf("%s=%s: %w", name, v, err)
			}
		}
	}
	return nil
}

func checkParam(node *lexicon.Node, v string) error {
	valid := true
	switch node.Type {
	case "boolean":
		valid = v == "true" || v == "false"
	case "integer":
		n, err := strconv.ParseInt(v, 10, 64)
		valid = err == nil && (node.Minimum == nil || n >= *node.Minimum) && (node.Maximum == nil || n <= *node.Maximum)
	case "string":
		valid = node.MaxLength == nil || int64(len(v)) <= *node.MaxLength
		switch node.Format {
		case "":
		case "at-uri":
			valid = valid && syntax.ValidATURI(v)
		case "at-identifier":
			valid = valid && syntax.ValidAtIdentifier(v)
		case "did":
			valid = valid && syntax.ValidDID(v)
		case "nsid":
			valid = valid && syntax.ValidNSID(v)
		default:
			return fmt.Errorf("the fake knows no format %s", node.Format)
		}
	default:
		return fmt.Errorf("the fake knows no parameters of type %s", node.Type)
	}
	if !valid {
		return fmt.Errorf("not a valid %s %s", node.Type, node.Format)
	}
	return nil
}

// answer returns the answer of a query, of which the second page is the last.
func (f *fake) answer(name, cursor string) []byte {
	doc := f.set.Lookup(name)
	items := 2
	if cursor == "2" {
		items = 1
	}
	m := maker{f: f, doc: doc, items: items}
	out := m.object(doc.Def("main").Node.Output.Schema, 0)
	delete(out, "cursor")
	if _, isList := listField(doc); isList && cursor == "" {
		out["cursor"] = "2"
	}
	data, err := json.Marshal(out)
	if err != nil {
		f.t.Error(err)
	}
	return data
}

// listField returns the array in the output of a query with a cursor.
func listField(doc *lexicon.Document) (name string, ok bool) {
	cursor := false
	for _, p := range doc.Def("main").Node.Output.Schema.Properties {
		cursor = cursor || p.Name == "cursor"
		if p.Node.Type == "array" {
			name = p.Name
		}
	}
	return name, cursor && name != ""
}

// maker makes up values that keep to a lexicon.
type maker struct {
	f     *fake
	doc   *lexicon.Document // that the node is written in
	items int               // of an array, as far as it may have them
}

func (m maker) value(node *lexicon.Node, depth int) any {
	switch node.Type {
	case "ref":
		return m.at(node.Ref, func(m maker, node *lexicon.Node) any { return m.value(node, depth) })
	case "record":
		o := m.object(node.Record, depth)
		o["$type"] = m.doc.ID
		return o
	case "object":
		return m.object(node, depth)
	case "union":
		o := m.at(node.Refs[0], func(m maker, node *lexicon.Node) any { return m.value(node, depth) }).(object)
		o["$type"] = strings.TrimSuffix(strings.TrimPrefix(m.full(node.Refs[0]), "lex:"), "#main")
		return o
	case "array":
		n := m.items
		if node.MinLength != nil {
			n = max(n, int(*node.MinLength))
		}
		if node.MaxLength != nil {
			n = min(n, int(*node.MaxLength))
		}
		all := make([]any, n)
		for i := range all {
			all[i] = m.value(node.Items, depth)
		}
		return all
	case "unknown":
		return object{"$type": "com.example.thing", "n": m.items, "list": []any{true, nil}}
	case "boolean":
		return true
	case "integer":
		n := int64(7)
		if node.Minimum != nil {
			n = max(n, *node.Minimum)
		}
		if node.Maximum != nil {
			n = min(n, *node.Maximum)
		}
		return n
	case "blob":
		mimeType := "text/plain"
		if len(node.Accept) > 0 {
			mimeType = strings.Replace(node.Accept[0], "*", "x", 1)
		}
		return object{"$type": "blob", "ref": object{"$link": cid.Of(cid.Raw, nil).String()}, "mimeType": mimeType, "size": 0}
	case "string":
		return m.string(node)
	}
	m.f.t.Errorf("the fake knows no %s", node.Type)
	return nil
}

func (m maker) string(node *lexicon.Node) string {
	switch {
	case len(node.StringEnum) > 0:
		return node.StringEnum[0]
	case node.Const != nil:
		return node.Const.(string)
	case len(node.KnownValues) > 0:
		return node.KnownValues[0]
	}
	if node.Format != "" {
		return formats[node.Format]
	}
	s := "héllo"
	if node.MinLength != nil {
		s = strings.Repeat("x", max(int(*node.MinLength), 1))
	}
	if node.MaxLength != nil && len(s) > int(*node.MaxLength) {
		s = s[:1]
	}
	return s
}

var formats = map[string]string{
	"at-uri":        "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3l3famgxlzxwf",
	"at-identifier": "alice.example.com",
	"cid":           cid.Of(cid.DagCBOR, nil).String(),
	"datetime":      "2026-01-01T00:00:00.5Z",
	"did":           "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
	"nsid":          "com.example.thing",
	"uri":           "https://example.com/a?b",
	"language":      "de",
}

// object makes an object. If it shows a record, its CID and URI are those of the record.
func (m maker) object(node *lexicon.Node, depth int) object {
	o := object{}
	for _, p := range node.Properties {
		if slices.Contains(node.Required, p.Name) || !m.f.sparse && depth < 3 {
			o[p.Name] = m.value(p.Node, depth+1)
		}
	}
	if value, ok := o["value"]; ok && o["cid"] != nil {
		text, err := json.Marshal(value)
		if err == nil {
			text, err = lex.JSONToCBOR(text)
		}
		if err != nil {
			m.f.t.Errorf("%s: %v", m.doc.ID, err)
		}
		o["cid"] = cid.Of(cid.DagCBOR, text).String()
		if record, ok := value.(object); ok {
			o["uri"] = fmt.Sprintf("at://%s/%s/3l3famgxlzxwf", formats["did"], record["$type"])
		}
	}
	return o
}

// at makes the value that ref leads to.
func (m maker) at(ref string, make func(maker, *lexicon.Node) any) any {
	doc, def, ok := m.f.set.Resolve(m.doc, ref)
	if !ok {
		m.f.t.Errorf("nothing at %s", ref)
		return nil
	}
	m.doc = doc
	return make(m, def.Node)
}

func (m maker) full(ref string) string {
	if strings.HasPrefix(ref, "#") {
		return m.doc.ID + ref
	}
	return ref
}

// sent returns the parameters that a query was sent.
func (f *fake) sent(name string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.params[name]))
}
