package lex_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// formatted is an object whose field s is read as a string of a format, in the way that generated code does it.
type formatted struct {
	read  func(*lex.Decoder) string
	value string
}

var formattedFields = lex.NewFields("s!")

func (v *formatted) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, formattedFields, nil)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		v.value = v.read(d)
	}
}

// Every format has the method that the generator calls, which returns the format's type, and makes its check and no
// other; so does StringWith.
func TestDecoderReadsAllFormats(t *testing.T) {
	values := []string{"", "\x00", "did:web:example.com", "at://did:web:example.com", "a.example.com", "com.example.thingOfMany", "de-CH",
		"1985-04-12T23:20:50.123Z", "3jzfcijpj2z2a", "a_b", "mailto:a@example.com", "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq"}
	for _, f := range syntax.Formats() {
		method, ok := reflect.TypeFor[*lex.Decoder]().MethodByName(f.GoType())
		if !ok {
			t.Errorf("package lex has no method Decoder.%s for strings of format %s", f.GoType(), f)
			continue
		}
		typ := method.Type
		if typ.NumIn() != 1 || typ.NumOut() != 1 || typ.Out(0).Kind() != reflect.String || typ.Out(0).Name() != f.GoType() ||
			typ.Out(0).PkgPath() != reflect.TypeFor[syntax.DID]().PkgPath() {
			t.Errorf("Decoder.%s has the type %v", method.Name, typ)
			continue
		}
		rules := lex.StringRules{Format: f}
		for name, read := range map[string]func(*lex.Decoder) string{
			method.Name:  func(d *lex.Decoder) string { return method.Func.Call([]reflect.Value{reflect.ValueOf(d)})[0].String() },
			"StringWith": func(d *lex.Decoder) string { return d.StringWith(&rules) },
		} {
			for _, s := range values {
				v := formatted{read: read}
				err := lex.DecodeJSON([]byte(`{"s":"`+strings.ReplaceAll(s, "\x00", `\u0000`)+`"}`), &v)
				if (err == nil) != f.Valid(s) || v.value != s {
					t.Errorf("%s: %q became %q, error %v; valid is %t", name, s, v.value, err, f.Valid(s))
				}
				var issues *issue.Error
				if err != nil && (!errors.As(err, &issues) || len(issues.Issues) != 1 || issues.Issues[0].Rule != issue.RuleFormat || issues.Issues[0].Want != f.String()) {
					t.Errorf("%s: %q: error %v, want one about the format %s", name, s, err, f)
				}
			}
		}
	}
}
