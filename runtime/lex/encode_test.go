package lex_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// unnamed is an object with a field whose name is empty.
type unnamed struct{ extra lex.Map }

func (v *unnamed) EncodeLex(e *lex.Encoder) {
	o := e.Object(&v.extra)
	o.Key("").String("x")
	o.End()
}

// TestEncodeEmptyName checks that a field without a name comes before the unknown ones, as canonical order has it.
func TestEncodeEmptyName(t *testing.T) {
	var v unnamed
	one, err := lex.ValueOf(1)
	if err != nil {
		t.Fatal(err)
	}
	v.extra.Set("a", one)
	if got, err := lex.EncodeJSON(&v); err != nil || string(got) != `{"":"x","a":1}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestEncodeCyclicValue(t *testing.T) {
	v := inner{Name: "n"}
	v.Inner = &v
	for _, encode := range []func(lex.Encodable) ([]byte, error){lex.EncodeCBOR, lex.EncodeJSON} {
		if _, err := encode(&v); err == nil {
			t.Error("a value that contains itself was encoded")
		}
	}
	if err := lex.Validate(&v); err == nil {
		t.Error("a value that contains itself is valid")
	}
}

func TestEncodeKeepsBufferOnError(t *testing.T) {
	v := inner{}
	v.Inner = &v
	if b, err := lex.AppendCBOR([]byte("kept"), &v); err == nil || string(b) != "kept" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestEncodeManyFields(t *testing.T) {
	v := inner{Name: "n"}
	for i := range 300 {
		x, err := lex.ValueOf(i)
		if err != nil {
			t.Fatal(err)
		}
		v.Extra.Set(strings.Repeat("k", i+5), x)
	}
	b, err := lex.EncodeCBOR(&v)
	if err != nil {
		t.Fatal(err)
	}
	var back inner
	if err := lex.DecodeCBOR(b, &back); err != nil || back.Extra.Len() != 300 || back.Name != "n" {
		t.Error(err, back.Extra.Len())
	}
}

func TestEncodeText(t *testing.T) {
	for _, s := range []string{"", "a", "ab\"cd\\ef\bgh\fi\nj\rk\tl\x01m\x1fn", strings.Repeat("plain ", 20),
		"ünïcödé 言語 👩‍👩‍👧", "12345678\"", "1234567\\", "\u2028</script>", strings.Repeat("é", 30)} {
		v := inner{Name: s}
		got, err := lex.EncodeJSON(&v)
		if err != nil {
			t.Fatal(err)
		}
		var back struct{ Name string }
		if err := json.Unmarshal(got, &back); err != nil || back.Name != s {
			t.Errorf("%q: %s, %v", s, got, err)
		}
	}
	bad := inner{Name: "a\xffb\xc3"}
	if got, _ := lex.EncodeJSON(&bad); string(got) != "{\"name\":\"a\uFFFDb\uFFFD\"}" {
		t.Errorf("%q", got)
	}
	if err := lex.Validate(&bad); err == nil {
		t.Error("text that is not UTF-8 is valid")
	}
}

func TestValidateBuiltValue(t *testing.T) {
	v := sample{Text: "", Count: 7, Words: []string{}, Choice: &unknownChoice{}}
	v.Picture = lex.Some(lex.Blob{MimeType: "image/png", Size: 5})
	v.Inner.Name = strings.Repeat("x", 11)
	got := found(v.Validate())
	want := []string{"/text minLength", "/inner/name maxLength", "/words minLength", "/choice union", "/picture/ref required"}
	if strings.Join(got, ";") != strings.Join(want, ";") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEncodeAllocations(t *testing.T) {
	var v sample
	if err := lex.DecodeJSON([]byte(with(`"kind":"k","maybe":{"name":"a"},"words":["a"]`)), &v); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 0, 4096)
	for name, encode := range map[string]func([]byte, lex.Encodable) ([]byte, error){"CBOR": lex.AppendCBOR, "JSON": lex.AppendJSON} {
		if n := testing.AllocsPerRun(100, func() { _, _ = encode(buffer, &v) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
