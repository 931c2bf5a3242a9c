package lex_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/layers-pub/layers-go/runtime/lex"
)

func TestParams(t *testing.T) {
	var p lex.Params
	p.String("q", "a&b=ü ")
	p.Int("limit", -5)
	p.Bool("fresh", false)
	p.String("lang", "de")
	p.String("lang", "fr")
	if got, want := p.Encode(), "q=a%26b%3D%C3%BC+&limit=-5&fresh=false&lang=de&lang=fr"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorName(t *testing.T) {
	const notFound = lex.ErrorName("RecordNotFound")
	if !errors.Is(errors.Join(notFound), notFound) || notFound.Error() != "RecordNotFound" {
		t.Error("an error's name does not match itself")
	}
}

func TestScope(t *testing.T) {
	set := lex.PermissionSet{NSID: "com.example.authFull"}
	if got := set.Scope(""); got != "include:com.example.authFull" {
		t.Error(got)
	}
	if got := set.Scope("did:web:a.example#svc"); got != "include:com.example.authFull?aud=did%3Aweb%3Aa.example%23svc" {
		t.Error(got)
	}
}

// wide has more fields than a word has bits.
type wide struct {
	got   []int
	Extra lex.Map
}

var wideFields = func() *lex.Fields {
	var names []string
	for i := range 150 {
		name := "f" + strconv.Itoa(1000+i)
		if i%2 == 0 {
			name += "!"
		}
		names = append(names, name)
	}
	return lex.NewFields(names...)
}()

func (v *wide) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, wideFields, &v.Extra)
	for q := d.Next(&c); q >= 0; q = d.Next(&c) {
		v.got = append(v.got, q)
		d.Int(0, 10)
	}
}

func TestManyFields(t *testing.T) {
	text := "{"
	for i := range 150 {
		if i == 70 || i == 71 {
			continue
		}
		text += `"f` + strconv.Itoa(1000+i) + `":1,`
	}
	text += `"g":2}`
	cbor, err := lex.JSONToCBOR([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, decode := range map[string]func(*wide) error{
		"CBOR": func(v *wide) error { return lex.DecodeCBOR(cbor, v) },
		"JSON": func(v *wide) error { return lex.DecodeJSON([]byte(text), v) },
	} {
		var v wide
		got := found(decode(&v))
		if len(got) != 1 || got[0] != "/f1070 required" || len(v.got) != 148 || v.Extra.Len() != 1 {
			t.Errorf("%s: %v, %d fields, %d unknown", name, got, len(v.got), v.Extra.Len())
		}
	}
	twice := `{"f1100":1,"f1100":1,"f1003":1,"f1003":2}`
	syntax := 0
	for _, issue := range lex.IssuesOf(lex.DecodeJSON([]byte(twice), new(wide))) {
		if issue.Rule == lex.RuleSyntax {
			syntax++
		}
	}
	if syntax != 2 {
		t.Errorf("%d of 2 duplicate keys found", syntax)
	}
}
