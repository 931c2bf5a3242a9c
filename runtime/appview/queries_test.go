package appview_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/changelog"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/eprint"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/graph"
	"github.com/layers-pub/layers-go/layers/integration"
	"github.com/layers-pub/layers-go/layers/judgment"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/ontology"
	"github.com/layers-pub/layers-go/layers/persona"
	"github.com/layers-pub/layers-go/layers/resource"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// typedClients are the generated clients of all namespaces.
func typedClients(c rpc.Caller) []any {
	return []any{
		alignment.NewClient(c), annotation.NewClient(c), changelog.NewClient(c), corpus.NewClient(c), eprint.NewClient(c),
		expression.NewClient(c), graph.NewClient(c), integration.NewClient(c), judgment.NewClient(c), media.NewClient(c),
		ontology.NewClient(c), persona.NewClient(c), resource.NewClient(c), segmentation.NewClient(c),
	}
}

// All 56 queries of the generated clients, over HTTP: with the parameters that are required and with all,
// answered with what is required and with all.
func TestTypedQueries(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		t.Run(fmt.Sprintf("sparse=%v", sparse), func(t *testing.T) {
			f := newFake(t, sparse)
			c := start(t, f.ServeHTTP)
			lists := 0
			for _, client := range typedClients(c) {
				v := reflect.ValueOf(client)
				for i := range v.NumMethod() {
					name := v.Type().Method(i).Name
					if strings.HasSuffix(name, "Iter") {
						lists++
						checkPages(t, v.Method(i), !sparse)
					} else {
						checkCall(t, f, v.Method(i), !sparse)
					}
				}
			}
			queries := f.queries()
			if diff := cmp.Diff(slices.Sorted(maps.Keys(queries)), slices.Sorted(maps.Keys(f.params))); diff != "" || len(queries) != 56 {
				t.Errorf("%d queries in the lexicons, called were (-want +got):\n%s", len(queries), diff)
			}
			for name, doc := range queries {
				want := doc.Def("main").Node.Params.Required
				if !sparse {
					want = nil
					for _, p := range doc.Def("main").Node.Params.Properties {
						want = append(want, p.Name)
					}
				}
				for _, param := range want {
					if !slices.Contains(f.sent(name), param) {
						t.Errorf("%s was never sent %s", name, param)
					}
				}
				if _, ok := listField(doc); ok {
					lists--
				}
			}
			if lists != 0 {
				t.Errorf("%d more lists than the lexicons have", lists)
			}
		})
	}
}

// checkCall calls a method and compares what comes with the answer: nothing may be lost.
func checkCall(t *testing.T, f *fake, method reflect.Value, all bool) {
	t.Helper()
	params := method.Type().In(1)
	out := method.Call([]reflect.Value{reflect.ValueOf(t.Context()), fill(t, params, all)})
	if err, _ := out[1].Interface().(error); err != nil {
		t.Errorf("%s: %v", params, err)
		return
	}
	// The method's name is that of its parameters, and of its NSID.
	name := strings.TrimSuffix(params.Elem().Name(), "Params")
	namespace := params.Elem().PkgPath()[strings.LastIndex(params.Elem().PkgPath(), "/")+1:]
	nsid := "pub.layers." + namespace + "." + strings.ToLower(name[:1]) + name[1:]
	cursor := ""
	if field := fill(t, params, all).Elem().FieldByName("Cursor"); all && field.IsValid() {
		cursor = field.Interface().(lex.Opt[string]).Or("")
	}
	want, err := lex.JSONToCBOR(f.answer(nsid, cursor))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := listField(f.set.Lookup(nsid))
	got, err := reencoded(out[0], list)
	if err != nil || !bytes.Equal(want, got) {
		t.Errorf("%s: what came is not what was sent; error %v", nsid, err)
	}
}

// reencoded returns, in DAG-CBOR, the answer that a method made a value of: an output, an entry, or a page of entries,
// which the answer has in the field called list.
func reencoded(out reflect.Value, list string) ([]byte, error) {
	if answer, ok := out.Interface().(lex.Encodable); ok {
		return lex.EncodeCBOR(answer)
	}
	all := out.MethodByName("All")
	if !all.IsValid() {
		value, err := lex.ValueOf(view(out))
		return value.CBOR(), err
	}
	views := []any{}
	for entry, err := range all.Call([]reflect.Value{reflect.ValueOf(context.Background())})[0].Seq2() {
		if !err.IsNil() {
			return nil, err.Interface().(error)
		}
		views = append(views, view(entry))
	}
	answer := object{list: views}
	if cursor := out.Elem().FieldByName("Cursor").String(); cursor != "" {
		answer["cursor"] = cursor
	}
	value, err := lex.ValueOf(answer)
	return value.CBOR(), err
}

// view returns what a server says of an entry.
func view(entry reflect.Value) object {
	e := entry.Elem()
	return object{"uri": e.FieldByName("URI").String(), "cid": fmt.Sprint(e.FieldByName("CID").Interface()), "value": e.FieldByName("Value").Interface()}
}

// checkPages goes through all pages of a method.
func checkPages(t *testing.T, method reflect.Value, all bool) {
	t.Helper()
	params := method.Type().In(1)
	filled := fill(t, params, all)
	if cursor := filled.Elem().FieldByName("Cursor"); cursor.IsValid() {
		cursor.SetZero()
	}
	n := 0
	for _, err := range method.Call([]reflect.Value{reflect.ValueOf(t.Context()), filled})[0].Seq2() {
		if !err.IsNil() {
			t.Errorf("%s: %v", params, err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%s: %d items", params, n)
	}
}

// fill returns a pointer to parameters, with all of them or with the required ones.
func fill(t *testing.T, pointer reflect.Type, all bool) reflect.Value {
	t.Helper()
	params := reflect.New(pointer.Elem())
	for i := range params.Elem().NumField() {
		switch p := params.Elem().Field(i).Addr().Interface().(type) {
		case *string:
			*p = "x"
		case *syntax.ATURI:
			*p = syntax.ATURI(formats["at-uri"])
		case *syntax.AtIdentifier:
			*p = "alice.example.com"
		case *syntax.DID:
			*p = syntax.DID(formats["did"])
		case *syntax.NSID:
			*p = "com.example.thing"
		case *lex.Opt[string]:
			if all {
				*p = lex.Some("x")
			}
		case *lex.Opt[int64]:
			if all {
				*p = lex.Some(int64(99))
			}
		case *lex.Opt[bool]:
			if all {
				*p = lex.Some(true)
			}
		case *lex.Opt[syntax.ATURI]:
			if all {
				*p = lex.Some(syntax.ATURI(formats["at-uri"]))
			}
		case *lex.Opt[syntax.AtIdentifier]:
			if all {
				*p = lex.Some(syntax.AtIdentifier("alice.example.com"))
			}
		case *lex.Opt[syntax.DID]:
			if all {
				*p = lex.Some(syntax.DID(formats["did"]))
			}
		case *[]string:
			if all {
				*p = []string{"de", "fr"}
			}
		default:
			t.Errorf("the test cannot fill %T", p)
		}
	}
	return params
}

// required returns the required parameters of a query.
func required(doc *lexicon.Document) (params rpc.Params) {
	node := doc.Def("main").Node.Params
	for _, p := range node.Properties {
		if slices.Contains(node.Required, p.Name) {
			value := "x"
			if p.Node.Format != "" {
				value = formats[p.Node.Format]
			}
			params.String(p.Name, value)
		}
	}
	return params
}

// All queries once more, by name: Get gives the answer, List and Items go through the pages.
func TestQueriesByName(t *testing.T) {
	f := newFake(t, false)
	c := start(t, f.ServeHTTP)
	for nsid, doc := range f.queries() {
		answer, err := c.Get(t.Context(), strings.TrimPrefix(nsid, "pub.layers."), required(doc))
		if err != nil {
			t.Errorf("%s: %v", nsid, err)
			continue
		}
		want, err := lex.JSONToCBOR(f.answer(nsid, ""))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := lex.EncodeCBOR(&answer); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: what came is not what was sent", nsid)
		}
		if _, ok := listField(doc); !ok {
			continue
		}
		records, items := 0, 0
		for e, err := range c.List(t.Context(), nsid, required(doc)) {
			if err != nil || e.Trust != rec.Claimed || e.Encoding != lex.CBOR || e.CID != cid.Of(cid.DagCBOR, e.Data) || e.URI.RecordKey() != "3l3famgxlzxwf" {
				t.Errorf("%s: %+v, error %v", nsid, e, err)
			}
			records++
		}
		for item, err := range c.Items(t.Context(), nsid, required(doc)) {
			if uri, ok := item.Get("uri"); err != nil || !ok || uri.Kind() != lex.KindText {
				t.Errorf("%s: error %v", nsid, err)
			}
			items++
		}
		if records != 3 || items != 3 {
			t.Errorf("%s: %d records, %d items", nsid, records, items)
		}
	}
}

func TestName(t *testing.T) {
	for _, test := range []struct {
		in, want string
	}{
		{"expression.getExpression", "pub.layers.expression.getExpression"},
		{"pub.layers.expression.getExpression", "pub.layers.expression.getExpression"},
		{"com.atproto.repo.getRecord", "com.atproto.repo.getRecord"},
		{"getThing", ""},
		{"", ""},
		{"expression.get-expression", ""},
		{"..", ""},
		{"a b.c", ""},
	} {
		got, err := appview.Name(test.in)
		if string(got) != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: %q, error %v", test.in, got, err)
		}
	}
}
