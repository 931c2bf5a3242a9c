package syntax_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validURIs = []string{
	"https://example.com",
	"https://example.com/path?q=blah&yes=true#frag.123",
	"dns:example.com",
	"at://handle.example.com/nsid/rkey",
	"did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N",
	"content-type:text/plan",
	"microsoft.windows.camera:thing",
	"go://?Mercedes%20Benz",
	"https://example.com/" + strings.Repeat("x", 5000),
	"HTTP://example.com",
	"git+ssh://example.com/x.git",
	"h323:someone",
	"a:b",
	"https://ja.wikipedia.org/wiki/日本語",
	"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
	"a:" + strings.Repeat("x", 8190),
	"https:///",
}

var invalidURIs = []fault{
	{"example.com", 11, "URI has no colon after its scheme"},
	{"://example.com", 0, "URI scheme does not start with a letter"},
	{"//example.com", 0, "URI scheme does not start with a letter"},
	{"http:", 5, "URI has nothing after its scheme"},
	{".http://example.com", 0, "URI scheme does not start with a letter"},
	{"-http://example.com", 0, "URI scheme does not start with a letter"},
	{"12345", 0, "URI scheme does not start with a letter"},
	{"127.0.0.1", 0, "URI scheme does not start with a letter"},
	{"https://example.com/path gap", 24, "URI has white space"},
	{"  https://example.com/path", 0, "URI scheme does not start with a letter"},
	{"https://example.com/trailing-whitespace  ", 39, "URI has white space"},
	{"https://example.com/" + strings.Repeat("x", 8200), 8192, "URI is longer than 8192 bytes"},
	{"", 0, "URI scheme does not start with a letter"},
	{":", 0, "URI scheme does not start with a letter"},
	{"a:", 2, "URI has nothing after its scheme"},
	{"1a:b", 0, "URI scheme does not start with a letter"},
	{"a", 1, "URI has no colon after its scheme"},
	{"a_b:c", 1, "URI scheme has a character other than letters, digits and + - ."},
	{"a b:c", 1, "URI scheme has a character other than letters, digits and + - ."},
	{"https:// ", 8, "URI has white space"},
	{"https://a\tb", 9, "URI has white space"},
	{"https://a\nb", 9, "URI has white space"},
	{"https://a\x00b", 9, "URI has a control character"},
	{"https://a\x7fb", 9, "URI has a control character"},
	{"https://a\u00a0b", 9, "URI has white space"},
	{"https://a\u3000b", 9, "URI has white space"},
	{"https://a\u0085b", 9, "URI has white space"},
	{"https://a\xff", 9, "URI is not UTF-8"},
	{"https://日本語 x", 17, "URI has white space"},
	{"a:" + strings.Repeat("x", 8191), 8192, "URI is longer than 8192 bytes"},
}

var uriPattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:[^\p{Z}\p{Cc}]+$`)

func isURI(s string) bool {
	return len(s) <= 8192 && utf8.ValidString(s) && uriPattern.MatchString(s)
}

var uriFormat = format[syntax.URI, *syntax.URI]{
	name:  "uri",
	parse: syntax.ParseURI,
	valid: syntax.ValidURI,
	rule:  isURI,
}

func TestParseURI(t *testing.T) {
	uriFormat.testValid(t, validURIs)
	uriFormat.testInvalid(t, invalidURIs)
}

func FuzzURI(f *testing.F) {
	uriFormat.fuzz(f, validURIs, invalidURIs)
}
