package syntax_test

import (
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validAtIdentifiers = []string{
	"XX.LCS.MIT.EDU",
	"john.test",
	"jan.test",
	"a234567890123456789.test",
	"john2.test",
	"john-john.test",
	"did:method:val",
	"did:method:VAL",
	"did:method:val123",
	"did:method:123",
	"did:method:val-two",
}

var invalidAtIdentifiers = []fault{
	{"did:thing.test", 9, "DID method is not lower-case letters with a colon after them"},
	{"did:thing", 9, "DID method is not lower-case letters with a colon after them"},
	{"john-.test", 4, "domain label ends with a hyphen"},
	{"john.0", 5, "top-level domain of the handle does not start with a letter"},
	{"john.-", 5, "domain label starts with a hyphen"},
	{"xn--bcher-.tld", 9, "domain label ends with a hyphen"},
	{"john..test", 5, "domain label is empty"},
	{"jo_hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"did", 3, "handle has no dot"},
	{"didmethodval", 12, "handle has no dot"},
	{"method:did:val", 6, "handle has a character other than letters, digits, hyphens and dots"},
	{"did:method:", 11, "DID has nothing after its method"},
	{"didmethod:val", 9, "handle has a character other than letters, digits, hyphens and dots"},
	{"did:methodval)", 13, "DID method is not lower-case letters with a colon after them"},
	{":did:method:val", 0, "handle has a character other than letters, digits, hyphens and dots"},
	{"did:method:val:", 14, "DID ends with a colon"},
	{"did:method:val%", 14, "DID ends with a percent sign"},
	{"DID:method:val", 3, "handle has a character other than letters, digits, hyphens and dots"},
	{"email@example.com", 5, "handle has a character other than letters, digits, hyphens and dots"},
	{"@handle@example.com", 0, "handle has a character other than letters, digits, hyphens and dots"},
	{"@handle", 0, "handle has a character other than letters, digits, hyphens and dots"},
	{"blah", 4, "handle has no dot"},
	{"", 0, "handle is empty"},
	{"did:", 4, "DID method is not lower-case letters with a colon after them"},
	{"DID:plc:asdf123", 3, "handle has a character other than letters, digits, hyphens and dots"},
	{"@john.test", 0, "handle has a character other than letters, digits, hyphens and dots"},
}

func isAtIdentifier(s string) bool {
	return isDID(s) || isHandle(s)
}

var atIdentifierFormat = format[syntax.AtIdentifier, *syntax.AtIdentifier]{
	name:  "at-identifier",
	parse: syntax.ParseAtIdentifier,
	valid: syntax.ValidAtIdentifier,
	rule:  isAtIdentifier,
	methods: func(t *testing.T, a syntax.AtIdentifier, valid bool) {
		if !valid {
			return
		}
		if did, isDID := a.DID(); isDID != syntax.ValidDID(string(did)) {
			t.Errorf("%q is a DID: %t", a, isDID)
		}
		if handle, isHandle := a.Handle(); isHandle != syntax.ValidHandle(string(handle)) {
			t.Errorf("%q is a handle: %t", a, isHandle)
		}
	},
}

func TestParseAtIdentifier(t *testing.T) {
	atIdentifierFormat.testValid(t, validAtIdentifiers)
	atIdentifierFormat.testInvalid(t, invalidAtIdentifiers)
}

func FuzzAtIdentifier(f *testing.F) {
	atIdentifierFormat.fuzz(f, validAtIdentifiers, invalidAtIdentifiers)
}

func TestAtIdentifierIsDIDOrHandle(t *testing.T) {
	const did, handle = "did:plc:z72i7hdynmk6r22z27h6tvur", "jay.bsky.team"

	account := syntax.DID(did).AtIdentifier()
	if got, isDID := account.DID(); got != did || !isDID || !account.IsDID() {
		t.Errorf("%q as a DID: %q, %t", account, got, isDID)
	}
	if got, isHandle := account.Handle(); got != "" || isHandle {
		t.Errorf("%q as a handle: %q, %t", account, got, isHandle)
	}

	account = syntax.Handle(handle).AtIdentifier()
	if got, isHandle := account.Handle(); got != handle || !isHandle || account.IsDID() {
		t.Errorf("%q as a handle: %q, %t", account, got, isHandle)
	}
	if got, isDID := account.DID(); got != "" || isDID {
		t.Errorf("%q as a DID: %q, %t", account, got, isDID)
	}
}
