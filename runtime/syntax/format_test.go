package syntax_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// specified are the formats of the specification, https://atproto.com/specs/lexicon#string-formats, in the order of
// their names, each with a valid string.
var specified = []struct {
	name, valid string
	parse       func(string) (any, error)
}{
	{"at-identifier", "did:plc:dlkuiatgml2qsceoi5njkvs7", parser(syntax.ParseAtIdentifier)},
	{"at-uri", "at://did:plc:dlkuiatgml2qsceoi5njkvs7/com.example.thing/self", parser(syntax.ParseATURI)},
	{"cid", "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq", parser(syntax.ParseCID)},
	{"datetime", "1985-04-12T23:20:50.123Z", parser(syntax.ParseDatetime)},
	{"did", "did:web:example.com", parser(syntax.ParseDID)},
	{"handle", "anna.example.com", parser(syntax.ParseHandle)},
	{"language", "de-CH", parser(syntax.ParseLanguage)},
	{"nsid", "com.example.thingOfMany", parser(syntax.ParseNSID)},
	{"record-key", "a:b_c", parser(syntax.ParseRecordKey)},
	{"tid", "3jzfcijpj2z2a", parser(syntax.ParseTID)},
	{"uri", "https://example.com/a?b=c#d", parser(syntax.ParseURI)},
}

func parser[T any](parse func(string) (T, error)) func(string) (any, error) {
	return func(s string) (any, error) { return parse(s) }
}

// Each row of the table is about one format: name, type and check belong together.
func TestFormats(t *testing.T) {
	formats := syntax.Formats()
	if len(formats) != len(specified) {
		t.Fatalf("the package has the formats %v, the specification has %d", formats, len(specified))
	}
	for i, want := range specified {
		f, ok := syntax.FormatNamed(want.name)
		if !ok || f != formats[i] || f.String() != want.name {
			t.Errorf("the format called %q is %d, %t; Formats has %q in its place", want.name, f, ok, formats[i])
			continue
		}
		for _, other := range specified {
			v, err := want.parse(other.valid)
			if err != nil && other.name == want.name {
				t.Error(err)
			}
			if valid := f.Valid(other.valid); valid != (err == nil) {
				t.Errorf("%q has the format %s: %t, but the parser's error is %v", other.valid, f, valid, err)
			}
			var fault *syntax.Error
			if errors.As(err, &fault) && fault.Format != want.name {
				t.Errorf("%s: the parser's error is about %q", f, fault.Format)
			}
			if got := reflect.TypeOf(v).Name(); got != f.GoType() {
				t.Errorf("%s is of type %s, but its parser returns a %s", f, f.GoType(), got)
			}
		}
	}
}

func TestFormatNamedNothing(t *testing.T) {
	for _, name := range []string{"", "at-url", "DID"} {
		if f, ok := syntax.FormatNamed(name); ok || f != 0 {
			t.Errorf("a format is called %q: %v", name, f)
		}
	}
	var none syntax.Format
	if none.String() != "" || none.GoType() != "string" || !none.Valid("\x00") {
		t.Errorf("the zero Format is %q, of type %s", none, none.GoType())
	}
	if got := syntax.Format(200).String(); got != "Format(200)" {
		t.Errorf("a format that does not exist is called %q", got)
	}
}

// A type that has a Parse function is in the table.
func TestFormatsHaveAllTypes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var parsed, listed []string
	function := regexp.MustCompile(`(?m)^func Parse(\w+)\(`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range function.FindAllSubmatch(source, -1) {
			parsed = append(parsed, string(match[1]))
		}
	}
	for _, f := range syntax.Formats() {
		listed = append(listed, f.GoType())
	}
	slices.Sort(parsed)
	slices.Sort(listed)
	if diff := cmp.Diff(parsed, listed); diff != "" {
		t.Errorf("-types with a Parse function +types of formats:\n%s", diff)
	}
}
