package lex_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
)

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
	for _, problem := range issue.Of(lex.DecodeJSON([]byte(twice), new(wide))) {
		if problem.Rule == issue.RuleSyntax {
			syntax++
		}
	}
	if syntax != 2 {
		t.Errorf("%d of 2 duplicate keys found", syntax)
	}
}

// marked has fields whose names end in the marks of tables.
type marked struct{ got []int }

var markedFields = lex.NewFields("a?", "b!?", "c?!", "d??", "e!!")

func (v *marked) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, markedFields, nil)
	for q := d.Next(&c); q >= 0; q = d.Next(&c) {
		v.got = append(v.got, q)
		d.Int(0, 10)
	}
}

func TestMarkedFields(t *testing.T) {
	var v marked
	err := lex.DecodeJSON([]byte(`{"a": 1, "b!": 1, "c?": 1, "d?": 1, "e!": 1}`), &v)
	if err != nil || len(v.got) != 5 {
		t.Errorf("got %v, %v", v.got, err)
	}
	v = marked{}
	err = lex.DecodeJSON([]byte(`{"b": 1}`), &v)
	if err == nil || len(v.got) != 0 || !strings.Contains(err.Error(), "/c?: ") || !strings.Contains(err.Error(), "/e!: ") || strings.Contains(err.Error(), "/a") {
		t.Errorf("got %v, %v", v.got, err)
	}
}
