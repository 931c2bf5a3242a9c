package syntax_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// What an at-uri leaves in the memory must not change the answer for another,
// or for itself.
func TestATURIValidator(t *testing.T) {
	const record = "at://did:plc:asdf123/com.example.post/3jzfcijpj2z2a"
	long := strings.Repeat("a", 80)
	uris := []string{
		record,
		"at://did:plc:asdf123/com.example.post/3jzfcijpj2z2b",
		"at://did:plc:asdf123/com.example.post/3jzfcijpj2z#b",
		"at://did:plc:asdf123/com.example.post/3jzfcijpj2z/b",
		"at://did:plc:asdf123/com.example.post/.............",
		"at://did:plc:asdf123/com.example.post/",
		"at://did:plc:asdf123/com.example.post",
		// The last 13 bytes are a collection, and a record key in the third.
		"at://did:plc:asdf123/com.example.a",
		"at://did:plc:asdf123/com.exampl.ab",
		"at://did:plc:asdf123/3jzfcijpj2z2a",
		"at://did:plc:asdf123/com.exampl.ab/3jzfcijpj2z2a",
		// The last 13 bytes are an authority.
		"at://did:plc:asdf1",
		"at://did:plc:asdf1/com.example.post/3jzfcijpj2z2a",
		// About as long as the longest prefix that is remembered.
		"at://did:plc:" + long[:58] + "/com.example.post/x.example.post/3jzfcijpj2z2a",
		"at://did:plc:" + long[:73] + "/com.example.post/3jzfcijpj2z2a",
		"at://did:plc:" + long[:74] + "/com.example.post/3jzfcijpj2z2a",
		"at://did:plc:" + long[:75] + "/com.example.post/3jzfcijpj2z2a",
		"at://did:x:y/a.b.c/3jzfcijpj2z2a",
		"at://d.x/a.b.c/3jzfcijpj2z2a",
		"at:///////////////////////3jzfcijpj2z2a",
		"",
		"3jzfcijpj2z2a",
		"/3jzfcijpj2z2a",
	}
	var validator syntax.ATURIValidator
	for _, first := range uris {
		for _, second := range uris {
			for _, uri := range []string{first, second, first} {
				if got, want := validator.Valid(uri), syntax.ValidATURI(uri); got != want {
					t.Fatalf("%q is valid: %t, want %t", uri, got, want)
				}
			}
		}
	}
}

func TestATURIValidatorWithManyCollections(t *testing.T) {
	var validator syntax.ATURIValidator
	for round := range 3 {
		for account := range 20 {
			for collection := range 20 {
				uri := fmt.Sprintf("at://did:plc:account%d/com.example.collection%d/3jzfcijpj2z2%d", account, collection, 2+round)
				if !validator.Valid(uri) {
					t.Fatalf("%q is not valid", uri)
				}
				if validator.Valid(strings.Replace(uri, "account", "account#", 1)) {
					t.Fatalf("%q is valid with a # in it", uri)
				}
			}
		}
	}
}

// FuzzATURIValidator checks at-uris in the order in which they are likely to be
// mistaken for each other.
func FuzzATURIValidator(f *testing.F) {
	for i, uri := range validATURIs {
		f.Add(uri, validATURIs[(i+1)%len(validATURIs)])
	}
	f.Add("at://did:plc:asdf123/com.example.post/3jzfcijpj2z2a", "at://did:plc:asdf123/com.example.post/3jzfcijpj2z#b")
	f.Add("at://did:plc:asdf123/com.exampl.ab", "at://did:plc:asdf123/3jzfcijpj2z2a")
	f.Fuzz(func(t *testing.T, first, second string) {
		var validator syntax.ATURIValidator
		// The last bytes of each are put behind the first bytes of the other.
		mixed := second
		if len(first) > 13 && len(second) > 13 {
			mixed = first[:len(first)-13] + second[len(second)-13:]
		}
		for _, uri := range []string{first, second, mixed, first, mixed, second} {
			if got, want := validator.Valid(uri), syntax.ValidATURI(uri); got != want {
				t.Fatalf("%q is valid: %t, want %t", uri, got, want)
			}
		}
	})
}
