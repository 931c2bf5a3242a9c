package appview_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/prove"
	"github.com/layers-pub/layers-go/runtime/atptest/layersview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// TestView calls all generated clients, with all filters, against the appview of the test network: each of them finds the
// record that it asks for, among others, and no other.
func TestView(t *testing.T) {
	f := newFake(t, false)
	view := layersview.New(layersview.WithHandles(func(context.Context, syntax.Handle) (syntax.DID, error) {
		return syntax.DID(formats["did"]), nil
	}))
	c := start(t, view.ServeHTTP)
	names := map[string]string{}
	for _, doc := range f.set.Documents {
		if main := doc.Def("main"); main != nil && main.Node.Type == "record" {
			names[doc.ID+"#main"] = "record"
		}
	}
	samples := map[string]object{}
	for _, sample := range prove.Samples(f.set, names) { // the last of each has all fields
		samples[strings.TrimSuffix(sample.Key, "#main")] = sample.Value.(object)
	}
	put := func(collection, key string, fields object) syntax.ATURI {
		record := maps.Clone(samples[collection])
		maps.Copy(record, fields)
		text, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		data, err := lex.JSONToCBOR(text)
		if err != nil {
			t.Fatal(err)
		}
		uri := syntax.ATURI("at://" + formats["did"] + "/" + collection + "/" + key)
		if err := view.Put(uri, cid.Of(cid.DagCBOR, data), data); err != nil {
			t.Fatal(err)
		}
		return uri
	}
	gets, lists := 0, 0
	for _, client := range typedClients(c) {
		v := reflect.ValueOf(client)
		for i := range v.NumMethod() {
			method, params := v.Method(i), v.Method(i).Type().In(1)
			namespace := params.Elem().PkgPath()[strings.LastIndex(params.Elem().PkgPath(), "/")+1:]
			name := strings.TrimSuffix(params.Elem().Name(), "Params")
			doc := f.set.Lookup("pub.layers." + namespace + "." + strings.ToLower(name[:1]) + name[1:])
			_, isList := listField(doc)
			if namespace == "integration" || isList != strings.HasSuffix(v.Type().Method(i).Name, "Iter") {
				continue
			}
			collection := collectionOf(doc, isList)
			filled := fill(t, params, true)
			arguments := []reflect.Value{reflect.ValueOf(t.Context()), filled}
			if !isList {
				gets++
				uri := put(collection, "self", nil)
				filled.Elem().FieldByName("URI").Set(reflect.ValueOf(uri))
				out := method.Call(arguments)
				if err, _ := out[1].Interface().(error); err != nil || out[0].Elem().FieldByName("URI").Interface() != uri {
					t.Errorf("%s: %v", doc.ID, err)
				}
				filled.Elem().FieldByName("URI").Set(reflect.ValueOf(uri + "x"))
				if err, _ := method.Call(arguments)[1].Interface().(error); !errors.Is(err, rpc.ErrorName("RecordNotFound")) {
					t.Errorf("%s of a record that is not there: %v", doc.ID, err)
				}
				continue
			}
			lists++
			filled.Elem().FieldByName("Cursor").SetZero()
			put(collection, "other", nil)
			uri := put(collection, "match", matching(f.set, doc, collection))
			var got []any
			for entry, err := range method.Call(arguments)[0].Seq2() {
				if !err.IsNil() {
					t.Fatalf("%s: %v", doc.ID, err)
				}
				got = append(got, entry.Elem().FieldByName("URI").Interface())
			}
			if !slices.Equal(got, []any{uri}) {
				t.Errorf("%s: %v, want %s", doc.ID, got, uri)
			}
			view.Delete(uri)
		}
	}
	if gets != 26 || lists != 27 {
		t.Errorf("%d queries for a record and %d for lists, want 26 and 27", gets, lists)
	}
}

// collectionOf returns the collection of the records that a query answers with.
func collectionOf(doc *lexicon.Document, isList bool) string {
	node := doc.Def("main").Node.Output.Schema
	if isList {
		node = doc.Def("recordView").Node
	}
	i := slices.IndexFunc(node.Properties, func(p lexicon.Property) bool { return p.Name == "value" })
	return strings.TrimSuffix(node.Properties[i].Node.Ref, "#main")
}

// matching returns the fields of a record that matches the filters in the parameters that fill makes.
func matching(set *lexicon.Set, doc *lexicon.Document, collection string) object {
	fields := object{}
	for _, p := range doc.Def("main").Node.Params.Properties {
		properties := set.Lookup(collection).Def("main").Node.Record.Properties
		i := slices.IndexFunc(properties, func(field lexicon.Property) bool { return field.Name == p.Name })
		switch {
		case p.Name == "collection":
			fields["subjectCollection"] = "x"
		case i < 0: // repo, limit and cursor
		case properties[i].Node.Type == "ref":
			fields[p.Name] = object{"recordRef": formats["at-uri"]}
		case properties[i].Node.Type == "array":
			fields[p.Name] = []any{"fr"}
		case p.Node.Format == "at-uri":
			fields[p.Name] = formats["at-uri"]
		default:
			fields[p.Name] = "x"
		}
	}
	return fields
}
