package syntax_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validDIDs = []string{
	"did:method:val",
	"did:method:VAL",
	"did:method:val123",
	"did:method:123",
	"did:method:val-two",
	"did:method:val_two",
	"did:method:val.two",
	"did:method:val:two",
	"did:method:val%BB",
	"did:method:" + strings.Repeat("v", 241),
	"did:m:v",
	"did:method::::val",
	"did:method:-",
	"did:method:-:_:.:%ab",
	"did:method:.",
	"did:method:_",
	"did:method::.",
	"did:onion:2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid",
	"did:example:123456789abcdefghi",
	"did:plc:7iza6de2dwap2sbkpav7c6c6",
	"did:web:example.com",
	"did:web:localhost%3A1234",
	"did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N",
	"did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8a",
	"did:web:localhost",
	"did:method:%x",
}

var invalidDIDs = []fault{
	{"did", 0, `DID does not start with "did:"`},
	{"didmethodval", 0, `DID does not start with "did:"`},
	{"method:did:val", 0, `DID does not start with "did:"`},
	{"did:method:", 11, "DID has nothing after its method"},
	{"didmethod:val", 0, `DID does not start with "did:"`},
	{"did:methodval)", 13, "DID method is not lower-case letters with a colon after them"},
	{":did:method:val", 0, `DID does not start with "did:"`},
	{"did.method.val", 0, `DID does not start with "did:"`},
	{"did:method:val:", 14, "DID ends with a colon"},
	{"did:method:val%", 14, "DID ends with a percent sign"},
	{"DID:method:val", 0, `DID does not start with "did:"`},
	{"did:METHOD:val", 4, "DID method is not lower-case letters with a colon after them"},
	{"did:m123:val", 5, "DID method is not lower-case letters with a colon after them"},
	{"did:method:val/two", 14, "DID has a character other than letters, digits and . _ : % -"},
	{"did:method:val?two", 14, "DID has a character other than letters, digits and . _ : % -"},
	{"did:method:val#two", 14, "DID has a character other than letters, digits and . _ : % -"},
	{"did:method:" + strings.Repeat("v", 2492), 2048, "DID is longer than 2048 bytes"},
	{"", 0, `DID does not start with "did:"`},
	{"did:", 4, "DID method is not lower-case letters with a colon after them"},
	{"did:a", 5, "DID method is not lower-case letters with a colon after them"},
	{"did::x", 4, "DID method is not lower-case letters with a colon after them"},
	{"did:a:", 6, "DID has nothing after its method"},
	{" did:a:b", 0, `DID does not start with "did:"`},
	{"did:a:b ", 7, "DID has a character other than letters, digits and . _ : % -"},
	{"did:a:b\x00", 7, "DID has a character other than letters, digits and . _ : % -"},
	{"did:a:é", 6, "DID has a character other than letters, digits and . _ : % -"},
}

var didPattern = regexp.MustCompile(`^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$`)

func isDID(s string) bool {
	return len(s) <= 2048 && didPattern.MatchString(s)
}

var didFormat = format[syntax.DID, *syntax.DID]{
	name:  "did",
	parse: syntax.ParseDID,
	valid: syntax.ValidDID,
	rule:  isDID,
	methods: func(t *testing.T, d syntax.DID, valid bool) {
		if again := "did:" + d.Method() + ":" + d.Identifier(); valid && again != string(d) {
			t.Errorf("%q has parts that make %q", d, again)
		}
	},
}

func TestParseDID(t *testing.T) {
	didFormat.testValid(t, validDIDs)
	didFormat.testInvalid(t, invalidDIDs)
}

func FuzzDID(f *testing.F) {
	didFormat.fuzz(f, validDIDs, invalidDIDs)
}

func TestDIDParts(t *testing.T) {
	for _, test := range []struct {
		did                syntax.DID
		method, identifier string
	}{
		{"did:plc:z72i7hdynmk6r22z27h6tvur", "plc", "z72i7hdynmk6r22z27h6tvur"},
		{"did:web:localhost%3A1234", "web", "localhost%3A1234"},
		{"did:method::::val", "method", ":::val"},
		{"", "", ""},
		{"did:", "", ""},
		{"did:plc:", "", ""},
		{"jay.bsky.team", "", ""},
	} {
		if got := test.did.Method(); got != test.method {
			t.Errorf("%q has method %q, want %q", test.did, got, test.method)
		}
		if got := test.did.Identifier(); got != test.identifier {
			t.Errorf("%q has identifier %q, want %q", test.did, got, test.identifier)
		}
	}
}
