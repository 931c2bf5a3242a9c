package lex_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// everything has a value in each kind of field.
var everything = with(`"one":1,"raw":{"$bytes":"AQID"},"uri":"at://example.com","yes":true,"kind":"k","link":` + link +
	`,"null":null,"maybe":{"name":"m","x":1},"words":["a"],"choice":{"$type":"a.b.c","x":[1]},"closed":{"$type":"com.example.sample#inner","name":"c"},"number":2,` +
	`"picture":{"$type":"blob","ref":` + link + `,"mimeType":"image/png","size":1,"more":2},"anything":{"a":{"b":null}},` +
	`"typedAnything":{"$type":"d.e.f"},"nullableObject":{"name":"o","extra":{}},"other":{"deep":[true]}`)

// go-cmp panics at an unexported field of a type without a method Equal.
func TestCompare(t *testing.T) {
	decoded := func(text string) *sample {
		t.Helper()
		v := new(sample)
		if err := lex.DecodeJSON([]byte(text), v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	a := decoded(everything)
	if diff := cmp.Diff(a, decoded(everything)); diff != "" {
		t.Error(diff)
	}
	x, err := lex.ValueOf("x")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*sample){
		"Opt":                func(v *sample) { v.One = lex.Some[int64](2) },
		"unset":              func(v *sample) { v.One = lex.Opt[int64]{} },
		"Bytes":              func(v *sample) { v.Raw[0]++ },
		"CIDLink":            func(v *sample) { v.Link = lex.Some(cid.Of(cid.Raw, nil).Link()) },
		"null":               func(v *sample) { v.Null = lex.ValueOrNull("") },
		"absent":             func(v *sample) { v.Null = lex.Nullable[string]{} },
		"Blob":               func(v *sample) { b, _ := v.Picture.Get(); b.Size++; v.Picture = lex.Some(b) },
		"Map":                func(v *sample) { v.Anything.Set("a", x) },
		"empty Map":          func(v *sample) { v.Anything.Delete("a") },
		"extra":              func(v *sample) { v.Extra.Set("new", x) },
		"extra within":       func(v *sample) { v.Maybe.Extra.Set("x", x) },
		"union":              func(v *sample) { v.Closed = &inner{Name: "d"} },
		"unknown member":     func(v *sample) { v.Choice.(*unknownChoice).Set("x", x) },
		"TypedMap":           func(v *sample) { v.AnyOf.Set("x", x) },
		"object, maybe null": func(v *sample) { v.NullObj = lex.ValueOrNull(inner{Name: "p"}) },
	} {
		b := decoded(everything)
		if change(b); cmp.Equal(a, b) {
			t.Errorf("%s: a change makes no difference", name)
		}
	}

	var failed sample // the mark of incompleteness is not content
	if err := lex.DecodeJSON([]byte(with(`"maybe":7`)), &failed); err == nil {
		t.Fatal("no issues")
	}
	if diff := cmp.Diff(*decoded(with("")), failed); diff != "" || failed.Extra.IsSet() {
		t.Errorf("a record that could not be held whole: %s", diff)
	}
	issues := issue.Of(lex.DecodeJSON([]byte(`{"$type":"com.example.sample"}`), new(sample)))
	if !cmp.Equal(issues, issues[:len(issues):len(issues)]) || cmp.Equal(issues[0], issues[1]) {
		t.Error("issues do not compare")
	}
	one, other := lex.Map{}, lex.Map{}
	one.Set("a", x)
	one.Set("b", x)
	other.Set("b", x)
	if cmp.Equal(one, other) || cmp.Equal(lex.Map{}, one) {
		t.Error("maps with other fields are equal")
	}
	if other.Set("a", x); !cmp.Equal(one, other) {
		t.Error("the order of Set makes a difference")
	}
	if cmp.Equal(x, lex.Value{}) || !cmp.Equal(x, x) {
		t.Error("values do not compare")
	}
}

func TestPrint(t *testing.T) {
	var v sample
	if err := lex.DecodeJSON([]byte(everything), &v); err != nil {
		t.Fatal(err)
	}
	picture, _ := v.Picture.Get()
	a, _ := v.Anything.Get("a")
	type fields struct {
		Number  lex.Opt[int64]
		Unset   lex.Opt[string]
		Null    lex.Nullable[string]
		Absent  lex.Nullable[string]
		Present lex.Nullable[string]
		Map     lex.Map
		NoMap   lex.Map
		Value   lex.Value
		NoValue lex.Value
		Bytes   lex.Bytes
		CID     cid.CID
	}
	f := fields{
		Number: lex.Some[int64](7), Null: lex.NullOf[string](), Present: lex.ValueOrNull("x"), Map: v.Anything, Value: a,
		Bytes: lex.Bytes("abc"), CID: cid.Of(cid.Raw, nil),
	}
	for _, test := range []struct {
		format string
		value  any
		want   string
	}{
		{"%v", f, `{7 unset null unset x {"a":{"b":null}} unset {"b":null} unset YWJj bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku}`},
		{"%+v", &f, `&{Number:7 Unset:unset Null:null Absent:unset Present:x Map:{"a":{"b":null}} NoMap:unset Value:{"b":null} NoValue:unset Bytes:YWJj CID:bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku}`},
		{"%v", picture, `{"ref":` + link + `,"more":2,"size":1,"$type":"blob","mimeType":"image/png"}`},
		{"%v", v.Picture, `{"ref":` + link + `,"more":2,"size":1,"$type":"blob","mimeType":"image/png"}`},
		{"%v", v.AnyOf, `{"$type":"d.e.f"}`},
		{"%v", v.Choice, `{"x":[1],"$type":"a.b.c"}`},
		{"%v", lex.Some(v.Raw[0]), "1"},
		{"%v", v.Raw, "AQID"},
		{"%x", v.Raw, "010203"},
		{"%d", v.Raw, "[1 2 3]"},
		{"%s", lex.Bytes("abc"), "abc"},
		{"%q", lex.Bytes("abc"), `"abc"`},
		{"%#v", lex.Bytes{1}, "[]byte{0x1}"},
		{"%v", lex.Bytes(nil), ""},
	} {
		if got := fmt.Sprintf(test.format, test.value); got != test.want {
			t.Errorf("%s of %T: %s\nwant %s", test.format, test.value, got, test.want)
		}
	}
	var failed sample
	if err := lex.DecodeJSON([]byte(with(`"maybe":7`)), &failed); err == nil || lex.Text(&failed) != canonical(t, with("")) {
		t.Errorf("a failed record prints %s", lex.Text(&failed))
	}
	deep := &inner{}
	deep.Inner = deep
	if got := lex.Text(deep); got != "!(lex: the value nests too deep, or contains itself)" {
		t.Error(got)
	}
}
