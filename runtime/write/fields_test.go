package write_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/write"
)

func TestDroppedFields(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		want                []string
	}{
		{"nothing", `{}`, `{}`, nil},
		{"added", `{}`, `{"a":1}`, nil},
		{"changed", `{"a":1,"b":"x","c":true}`, `{"a":2,"b":null,"c":[]}`, nil},
		{"dropped", `{"a":1,"b":2}`, `{"b":2}`, []string{"/a"}},
		{"several", `{"long":1,"a":1,"b":{"x":1}}`, `{"b":{}}`, []string{"/a", "/b/x", "/long"}},
		{"escaped", `{"a/b":1,"~":{"m~n":1}}`, `{"~":{}}`, []string{"/~0/m~0n", "/a~1b"}},
		{"a whole object", `{"a":{"b":{"c":1}}}`, `{}`, []string{"/a"}},
		{"deep", `{"a":{"b":{"c":1}}}`, `{"a":{"b":{}}}`, []string{"/a/b/c"}},
		{"an object gives way to something else", `{"a":{"b":1}}`, `{"a":7}`, nil},
		{"a null is a value", `{"a":null}`, `{}`, []string{"/a"}},
		{"another type is another thing", `{"a":{"$type":"x.y.z#one","b":1}}`, `{"a":{"$type":"x.y.z#two","c":1}}`, nil},
		{"the same type", `{"a":{"$type":"x.y.z#one","b":1}}`, `{"a":{"$type":"x.y.z#one","c":1}}`, []string{"/a/b"}},
		{"a type comes", `{"a":{"b":1}}`, `{"a":{"$type":"x.y.z#one"}}`, nil},
		{"items in order", `{"a":[{"x":1,"y":1},{"x":2,"y":2}]}`, `{"a":[{"x":1},{"x":3,"y":2}]}`, []string{"/a/0/y"}},
		{"items that moved", `{"a":[{"x":1,"y":1},{"x":2}]}`, `{"a":[{"x":2},{"x":1,"y":1}]}`, nil},
		{"one moved, one changed", `{"a":[{"x":1,"y":1},{"x":2}]}`, `{"a":[{"x":2},{"x":1}]}`, []string{"/a/0/y"}},
		{"an item goes", `{"a":[{"x":1,"y":1},{"x":2}]}`, `{"a":[{"x":2}]}`, nil},
		{"all items go", `{"a":[{"x":1,"y":1},{"x":2}]}`, `{"a":[]}`, nil},
		{"an item comes", `{"a":[{"x":1,"y":1}]}`, `{"a":[{"x":2},{"x":1,"y":1}]}`, nil},
		{"all new, one less, a field gone", `{"a":[{"x":1,"y":1},{"x":2,"y":2},{"x":3,"z":{"w":1}}]}`, `{"a":[{"x":4},{"x":5,"z":{}}]}`, []string{"/a/0/y", "/a/2/z/w"}},
		{"all new, one less, no field gone", `{"a":[{"x":1,"y":1},{"x":2,"y":2},{"x":3}]}`, `{"a":[{"x":4},{"x":5,"y":1}]}`, nil},
		{"the same item twice", `{"a":[{"x":1,"y":1},{"x":1,"y":1}]}`, `{"a":[{"x":1,"y":1},{"x":1}]}`, []string{"/a/1/y"}},
		{"arrays in arrays", `{"a":[[{"x":1,"y":1}],[{"x":2}]]}`, `{"a":[[{"x":1}],[{"x":2}]]}`, []string{"/a/0/0/y"}},
		{"arrays in items of which there are less", `{"a":[{"b":[{"x":1,"y":1}]},{"b":[{"x":2}]},{"b":[]}]}`, `{"a":[{"b":[{"x":3}]},{"b":[{"x":4}]}]}`, []string{"/a/0/b/0/y"}},
		{"items of several types", `{"a":[{"$type":"x.y.z#a","p":1},{"$type":"x.y.z#b","q":1},{"$type":"x.y.z#b"}]}`, `{"a":[{"$type":"x.y.z#b","q":2},{"$type":"x.y.z#a"}]}`, []string{"/a/0/p"}},
		{"an array gives way", `{"a":[{"x":1}]}`, `{"a":{"y":1}}`, nil},
		{"bytes and links are values", `{"a":{"$bytes":"AAAA"},"b":{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"}}`, `{"a":{"c":1},"b":1}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			typed := func(s string) string {
				return strings.Replace(strings.Replace(s, "{", `{"$type":"com.example.any",`, 1), ",}", "}", 1)
			}
			pds := newPDS(t)
			put := func(text string, opts write.PutOptions) error {
				opts.Lookup = lookup
				_, err := write.Put(t.Context(), pds, "x", untyped(t, typed(text)), &opts)
				return err
			}
			if err := put(test.before, write.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			err := put(test.after, write.PutOptions{})
			var drop *write.DropError
			var got []string
			if errors.As(err, &drop) {
				got = drop.Fields
				if !errors.Is(err, write.ErrDropsFields) || drop.Dropped != len(got) || !drop.CID.Defined() {
					t.Errorf("%+v", drop)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if test.want == nil {
				return
			}
			// Each field can be allowed to go, and a field allows what is below it.
			if err := put(test.after, write.PutOptions{Drop: test.want[1:]}); len(drop.Fields) > 0 && !errors.Is(err, write.ErrDropsFields) {
				t.Errorf("%v", err)
			}
			var above []string
			for _, pointer := range test.want {
				above = append(above, pointer[:1+strings.IndexByte(pointer[1:]+"/", '/')])
			}
			if err := put(test.after, write.PutOptions{Drop: above}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDropErrorIsShort(t *testing.T) {
	pds := newPDS(t)
	var fields []string
	for n := range 500 {
		fields = append(fields, fmt.Sprintf(`"f%03d":1`, n))
	}
	text := `{"$type":"com.example.any",` + strings.Join(fields, ",") + `}`
	opts := &write.PutOptions{Lookup: lookup}
	if _, err := write.Put(t.Context(), pds, "x", untyped(t, text), opts); err != nil {
		t.Fatal(err)
	}
	_, err := write.Put(t.Context(), pds, "x", untyped(t, `{"$type":"com.example.any"}`), opts)
	var drop *write.DropError
	if !errors.As(err, &drop) || drop.Dropped != 500 || len(drop.Fields) != 100 || !strings.HasSuffix(err.Error(), "/f004 and 495 more") {
		t.Errorf("%v", err)
	}
}

// Fields that the type does not know go when a record is built from scratch, and stay when it was read.
func TestPutKeepsUnknownFields(t *testing.T) {
	const key = "3l3famgxlzxwf"
	pds := newPDS(t)
	text := strings.Replace(jsonOf(t, membership(1)), "{", `{"newer":{"x":[1]},`, 1)
	pds.Put(key, text)
	_, err := write.Put(t.Context(), pds, key, membership(2), nil)
	if !errors.Is(err, write.ErrDropsFields) || !strings.Contains(err.Error(), "/newer") || pds.Commits() != 0 {
		t.Errorf("%v", err)
	}
	var read corpus.Membership
	if err := lex.DecodeJSON([]byte(pds.Get(key)), &read); err != nil {
		t.Fatal(err)
	}
	read.Ordinal = lex.Some(int64(2))
	if _, err := write.Put(t.Context(), pds, key, &read, nil); err != nil || !strings.Contains(pds.Get(key), `"newer":{"x":[1]}`) {
		t.Errorf("%v, %s", err, pds.Get(key))
	}
}

// A record that is not of the data model cannot be compared.
func TestPutOverBrokenRecord(t *testing.T) {
	const key = "3l3famgxlzxwf"
	pds := newPDS(t)
	pds.Put(key, jsonOf(t, membership(1)))
	pds.PDS.Fail(fault.SetField("value", `{"a":1.5}`), "com.atproto.repo.getRecord")
	if _, err := write.Put(t.Context(), pds, key, membership(2), nil); !errors.Is(err, write.ErrDropsFields) {
		t.Error(err)
	}
	if _, err := write.Put(t.Context(), pds, key, membership(2), &write.PutOptions{DropFields: true}); err != nil {
		t.Error(err)
	}
}
