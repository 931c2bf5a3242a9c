package lex_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

func valueOf(t *testing.T, x any) lex.Value {
	t.Helper()
	v, err := lex.ValueOf(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValue(t *testing.T) {
	l, err := cid.ParseLink("bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		value any
		kind  lex.Kind
		json  string
	}{
		{nil, lex.KindNull, `null`},
		{true, lex.KindBool, `true`},
		{false, lex.KindBool, `false`},
		{-7, lex.KindInt, `-7`},
		{int64(1) << 62, lex.KindInt, `4611686018427387904`},
		{"a\"ü\u2028\x00", lex.KindText, "\"a\\\"ü\u2028\\u0000\""},
		{lex.Bytes{1, 2, 3}, lex.KindBytes, `{"$bytes":"AQID"}`},
		{l, lex.KindLink, `{"$link":"` + l.String() + `"}`},
		{[]any{1, "a", []any{}}, lex.KindArray, `[1,"a",[]]`},
		{map[string]any{"bb": 1, "a": nil, "c": map[string]any{}}, lex.KindMap, `{"a":null,"c":{},"bb":1}`},
	} {
		v := valueOf(t, test.value)
		if v.Kind() != test.kind || v.Kind().String() == "" {
			t.Errorf("%v: kind %v, want %v", test.value, v.Kind(), test.kind)
		}
		got, err := v.MarshalJSON()
		if err != nil || string(got) != test.json {
			t.Errorf("%v: %s, %v; want %s", test.value, got, err, test.json)
		}
		cbor, err := lex.JSONToCBOR(got)
		if err != nil || string(cbor) != string(v.CBOR()) {
			t.Errorf("%v: back from JSON %x, want %x (%v)", test.value, cbor, v.CBOR(), err)
		}
	}
	if n, ok := valueOf(t, -7).Int(); n != -7 || !ok {
		t.Error("Int", n, ok)
	}
	if s, ok := valueOf(t, "x").Text(); s != "x" || !ok {
		t.Error("Text", s, ok)
	}
	if b, ok := valueOf(t, true).Bool(); !b || !ok {
		t.Error("Bool", b, ok)
	}
	if b, ok := valueOf(t, lex.Bytes{1}).Bytes(); len(b) != 1 || !ok {
		t.Error("Bytes", b, ok)
	}
	if got, ok := valueOf(t, l).Link(); got != l || !ok {
		t.Error("Link", got, ok)
	}
	items := slices.Collect(valueOf(t, []any{1, map[string]any{"a": []any{2}}, 3}).Items())
	if len(items) != 3 || items[1].Kind() != lex.KindMap {
		t.Error("Items", items)
	}
	for _, wrong := range []any{1.5, struct{}{}, []any{float32(1)}, lex.Value{}} {
		if _, err := lex.ValueOf(wrong); err == nil {
			t.Errorf("ValueOf(%v): no error", wrong)
		}
	}
	if lex.KindMap.String() != "object" || lex.Kind(99).String() != "Kind(99)" {
		t.Error("kinds have other names")
	}
	var none lex.Value
	if _, err := none.MarshalJSON(); err == nil || none.Kind() != lex.KindInvalid {
		t.Error("the zero Value passes for a value")
	}
}

// The zero Value in a map is an error, and not a field without a value.
func TestMapOfZero(t *testing.T) {
	var m lex.Map
	m.Set("field", lex.Value{})
	for name, encode := range map[string]func(lex.Encodable) ([]byte, error){"CBOR": lex.EncodeCBOR, "JSON": lex.EncodeJSON} {
		if b, err := encode(&m); err == nil || !strings.Contains(err.Error(), `field "field"`) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
}

func TestMap(t *testing.T) {
	var m lex.Map
	if m.IsSet() || m.Len() != 0 {
		t.Error("the zero Map is set")
	}
	m.Set("longer", valueOf(t, 1))
	m.Set("b", valueOf(t, 2))
	was := m
	m.Set("a", valueOf(t, 3))
	m.Set("b", valueOf(t, 4))
	m.Delete("longer")
	m.Delete("missing")
	if got, _ := json.Marshal(m); string(got) != `{"a":3,"b":4}` {
		t.Errorf("got %s", got)
	}
	if got, _ := json.Marshal(was); string(got) != `{"b":2,"longer":1}` {
		t.Errorf("a copy changed: %s", got)
	}
	var keys []string
	for key := range m.All() {
		keys = append(keys, key)
		break
	}
	if !slices.Equal(keys, []string{"a"}) {
		t.Error(keys)
	}
	var back lex.Map
	if err := json.Unmarshal([]byte(`{"b":4,"a":{"name":"n"}}`), &back); err != nil || back.Len() != 2 {
		t.Error(back, err)
	}
	a, _ := back.Get("a")
	object, ok := a.Map()
	var in inner
	if err := object.Decode(&in); err != nil || !ok || in.Name != "n" {
		t.Error(in, ok, err)
	}
	if err := json.Unmarshal([]byte(`{"$link":"`+"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"+`"}`), &back); err == nil {
		t.Error("a link passes for an object")
	}
}

func TestJSONMarshalers(t *testing.T) {
	type page struct {
		Link  cid.Link
		Bytes lex.Bytes
		Blob  lex.Blob
		Value *sample
	}
	text := `{"Link":` + link + `,"Bytes":{"$bytes":"AQ"},"Blob":{"ref":` + link +
		`,"size":1,"$type":"blob","mimeType":"a/b"},"Value":` + canonical(t, with(`"kind":"k","extra":{"b":1}`)) + `}`
	var p page
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(p); err != nil || string(got) != text {
		t.Errorf("%v\n%s\n%s", err, got, text)
	}
	if err := json.Unmarshal([]byte(`{"Value":{}}`), &p); err == nil {
		t.Error("issues are no error of encoding/json")
	}
	for _, wrong := range []string{`"x"`, `{"$link":"x"}`, `{"$link":"b!"}`, `{}`, `{"a":1}`} {
		if err := new(cid.Link).UnmarshalJSON([]byte(wrong)); err == nil {
			t.Errorf("%s passes for a link", wrong)
		}
	}
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	cbor, err := lex.JSONToCBOR([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := lex.CBORToJSON(cbor)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// CBORToJSON shows what is broken as well as it can, and always as JSON.
func TestBrokenToJSON(t *testing.T) {
	for input, want := range map[string]string{
		"\xa1\x61a\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00": `{"a":1.5}`,
		"\xa1\x61a\xf9\x3c\x00":                         `{"a":null}`,
		"\xa1\x61\xff\x01":                              "{\"\uFFFD\":1}",
		"\xa2\x61a":                                     `{"a":null}`,
		"\x82\x01":                                      `[1]`,
		"":                                              `null`,
		"\xa1\x01\x02":                                  `{"":null}`,
		"\x3b\xff\xff\xff\xff\xff\xff\xff\xff":          `-18446744073709551616`,
		"\xd8\x2a\x41\x00":                              `{"$link":"b"}`,
		"\xff":                                          `null`,
	} {
		got, err := lex.CBORToJSON([]byte(input))
		if string(got) != want || err == nil || !json.Valid(got) {
			t.Errorf("%x: %s, %v; want %s", input, got, err, want)
		}
	}
}

// The integers around those of 64 bits: CBOR holds one bit more. They are shown as they are, with an issue, and are
// no value that a program could take for another number.
func TestIntegersOf64Bits(t *testing.T) {
	for _, test := range []struct {
		cbor, want string
		valid      bool
	}{
		{"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", "9223372036854775807", true},
		{"\x1b\x80\x00\x00\x00\x00\x00\x00\x00", "9223372036854775808", false},
		{"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615", false},
		{"\x3b\x7f\xff\xff\xff\xff\xff\xff\xfe", "-9223372036854775807", true},
		{"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", "-9223372036854775808", true},
		{"\x3b\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775809", false},
		{"\x3b\x80\x00\x00\x00\x00\x00\x00\x01", "-9223372036854775810", false},
		{"\x3b\xff\xff\xff\xff\xff\xff\xff\xfe", "-18446744073709551615", false},
		{"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "-18446744073709551616", false},
	} {
		text, err := lex.CBORToJSON([]byte(test.cbor))
		if string(text) != test.want || (err == nil) != test.valid {
			t.Errorf("%x: %s, %v; want %s", test.cbor, text, err, test.want)
		}
		cbor, err := lex.JSONToCBOR([]byte(test.want))
		if (err == nil) != test.valid || test.valid && string(cbor) != test.cbor {
			t.Errorf("%s: %x, %v; want %x", test.want, cbor, err, test.cbor)
		}
		var m lex.Map
		err = lex.DecodeCBOR([]byte("\xa1\x61a"+test.cbor), &m)
		v, _ := m.Get("a")
		n, ok := v.Int()
		if (err == nil) != test.valid || ok != test.valid || ok && fmt.Sprint(n) != test.want {
			t.Errorf("%s in a Map: %d, %v, %v", test.want, n, ok, err)
		}
	}
}

// In base64 the padding is right or missing altogether, and there is nothing else.
func TestBase64(t *testing.T) {
	type form struct {
		text, want string
		valid      bool
	}
	forms := []form{
		{"", "", true},
		{"YQ", "a", true},
		{"YQ==", "a", true},
		{"YWI", "ab", true},
		{"YWI=", "ab", true},
		{"YWJj", "abc", true},
		{"YWJjZA==", "abcd", true},
		{"+/+/", "\xfb\xff\xbf", true},
		{"YR", "a", true}, // the bits after the last byte do not count
		{"YR==", "a", true},
		{"YWJ=", "ab", true},
	}
	for _, text := range []string{
		"Y", "YWJjY", "=", "==", "====", "YQ=", "YQ===", "YQ====", "YWI==", "YWJj=", "YWJj==", "YWJj===", "YWJj====", "Y===",
		"YQ==YQ==", "YQ==YQ", "YQ=Q", "Y=Q=", "=YQ", "-_-_", "YQ==\n", "YQ\n", "\nYQ", "YW\r\nJj", "YQ= =", " YQ", "YQ ", "YQ\t",
		"YQ\x00", "YQ==\x00", "YQ.", "YW%3D", "é",
	} {
		forms = append(forms, form{text, "", false})
	}
	for _, f := range forms {
		quoted, err := json.Marshal(f.text)
		if err != nil {
			t.Fatal(err)
		}
		text := `{"$bytes":` + string(quoted) + `}`
		check := func(way string, got string, err error) {
			if (err == nil) != f.valid || f.valid && got != f.want {
				t.Errorf("%s: %s: %q, %v", way, text, got, err)
			}
		}
		var b lex.Bytes
		err = b.UnmarshalJSON([]byte(text))
		check("Bytes", string(b), err)
		var m lex.Map
		err = lex.DecodeJSON([]byte(`{"a":[`+text+`]}`), &m)
		var inMap lex.Bytes
		list, _ := m.Get("a")
		for v := range list.Items() {
			inMap, _ = v.Bytes()
		}
		check("Map", string(inMap), err)
		cbor, err := lex.JSONToCBOR([]byte(text))
		if len(cbor) > 0 {
			cbor = cbor[1:]
		}
		check("JSONToCBOR", string(cbor), err)
	}
}
