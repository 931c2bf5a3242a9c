package syntax_test

import (
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validATURIs = []string{
	"at://did:plc:asdf123",
	"at://user.bsky.social",
	"at://did:plc:asdf123/com.atproto.feed.post",
	"at://did:plc:asdf123/com.atproto.feed.post/record",
	"at://did:plc:asdf123/com.atproto.feed.post/" + strings.Repeat("o", 512),
	"at://did:plc:asdf123/com.atproto.feed.post/asdf123",
	"at://did:plc:asdf123/com.atproto.feed.post/a",
	"at://did:plc:asdf123/com.atproto.feed.post/asdf-123",
	"at://did:abc:123",
	"at://did:abc:123/io.nsid.someFunc/record-key",
	"at://did:abc:123/io.nsid.someFunc/self.",
	"at://did:abc:123/io.nsid.someFunc/lang:",
	"at://did:abc:123/io.nsid.someFunc/:",
	"at://did:abc:123/io.nsid.someFunc/-",
	"at://did:abc:123/io.nsid.someFunc/_",
	"at://did:abc:123/io.nsid.someFunc/~",
	"at://did:abc:123/io.nsid.someFunc/...",
	"at://did:plc:asdf123/com.atproto.feed.postV2",
	"at://did:plc:asdf123/com.example.post/3jzfcijpj2z2a",
	"at://handle.invalid/com.example.post",
	"at://did:plc:" + strings.Repeat("a", 2040) + "/com.example.post/" + strings.Repeat("k", 512),
}

var invalidATURIs = []fault{
	{"a://did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at//did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at:/a/did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at:/did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"AT://did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"http://did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"://did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at:did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at:///did:plc:asdf123", 5, "at-uri has no authority"},
	{"at://:/did:plc:asdf123", 5, "handle has a character other than letters, digits, hyphens and dots"},
	{"at:/ /did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at://did:plc:asdf123 ", 20, "DID has a character other than letters, digits and . _ : % -"},
	{"at://did:plc:asdf123/ ", 21, "NSID has a character other than letters, digits, hyphens and dots"},
	{" at://did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at://did:plc:asdf123/com.atproto.feed.post ", 42, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed.post# ", 42, "at-uri has a fragment"},
	{"at://did:plc:asdf123/com.atproto.feed.post#/ ", 42, "at-uri has a fragment"},
	{"at://did:plc:asdf123/com.atproto.feed.post#/frag ", 42, "at-uri has a fragment"},
	{"at://did:plc:asdf123/com.atproto.feed.post#fr ag", 42, "at-uri has a fragment"},
	{"//did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at://name", 9, "handle has no dot"},
	{"at://name.0", 10, "top-level domain of the handle does not start with a letter"},
	{"at://diD:plc:asdf123", 8, "handle has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed.p@st", 39, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed.p$st", 39, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed.p%st", 39, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed.p&st", 39, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed.p()t", 39, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.atproto.feed_post", 37, "NSID has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/-com.atproto.feed.post", 21, "domain label starts with a hyphen"},
	{"at://did:plc:asdf@123/com.atproto.feed.post", 17, "DID has a character other than letters, digits and . _ : % -"},
	{"at://DID:plc:asdf123", 8, "handle has a character other than letters, digits, hyphens and dots"},
	{"at://user.bsky.123", 15, "top-level domain of the handle does not start with a letter"},
	{"at://bsky", 9, "handle has no dot"},
	{"at://did:plc:", 13, "DID has nothing after its method"},
	{"at://frag", 9, "handle has no dot"},
	{"at://did:plc:asdf123/com.atproto.feed.post/" + strings.Repeat("o", 8200), 555, "record key is longer than 512 bytes"},
	{"at://user.bsky.social//", 22, "at-uri has a slash without a collection after it"},
	{"at://user.bsky.social//com.atproto.feed.post", 22, "at-uri has a slash without a collection after it"},
	{"at://user.bsky.social/com.atproto.feed.post//", 44, "at-uri has a slash after its record key"},
	{"at://did:plc:asdf123/com.atproto.feed.post/asdf123/more/more',", 50, "at-uri has a slash after its record key"},
	{"at://did:plc:asdf123/short/stuff", 26, "NSID has fewer than three segments"},
	{"at://did:plc:asdf123/12345", 26, "NSID has fewer than three segments"},
	{"at://did:plc:asdf123/", 21, "at-uri has a slash without a collection after it"},
	{"at://user.bsky.social/", 22, "at-uri has a slash without a collection after it"},
	{"at://did:plc:asdf123/com.atproto.feed.post/", 43, "at-uri has a slash without a record key after it"},
	{"at://did:plc:asdf123/com.atproto.feed.post/record/", 49, "at-uri has a slash after its record key"},
	{"at://did:plc:asdf123/com.atproto.feed.post/record/#/frag", 49, "at-uri has a slash after its record key"},
	{"at://did:plc:asdf123/com.atproto.feed.post/asdf123/asdf", 50, "at-uri has a slash after its record key"},
	{"at://did:plc:asdf123#", 20, "at-uri has a fragment"},
	{"at://did:plc:asdf123##", 20, "at-uri has a fragment"},
	{"at://did:plc:asdf123#/asdf#/asdf", 20, "at-uri has a fragment"},
	{"at://did:plc:asdf123/com.atproto.feed.post/%23", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/$@!*)(:,;~.sdf123", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/~'sdf123\")", 44, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/$", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/@", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/!", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/*", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/(", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/,", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/;", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/abc%30123", 46, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/%30", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/%3", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/%", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/%zz", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/%%%", 43, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123/com.atproto.feed.post/.", 43, "record key is one of the path segments . and .."},
	{"at://did:plc:asdf123/com.atproto.feed.post/..", 43, "record key is one of the path segments . and .."},
	{"", 0, `at-uri does not start with "at://"`},
	{"at://", 5, "at-uri has no authority"},
	{"at:///com.example.post", 5, "at-uri has no authority"},
	{"#at://did:plc:asdf123", 0, `at-uri does not start with "at://"`},
	{"at://did:plc:asdf123?a=b", 20, "at-uri has a query"},
	{"at://did:plc:asdf123#/text", 20, "at-uri has a fragment"},
	{"at://did:plc:asdf123/com.example.post?a=b", 37, "at-uri has a query"},
	{"at://did:plc:asdf123/com.example.post/3jzfcijpj2z2a#/text", 51, "at-uri has a fragment"},
	{"at://did:plc:asdf123/com.example.post/3jzfcijpj2z2a?a", 51, "at-uri has a query"},
	{"at://@john.test", 5, "handle has a character other than letters, digits, hyphens and dots"},
	{"at://john:secret@john.test", 9, "handle has a character other than letters, digits, hyphens and dots"},
	{"at://example.com:3000", 16, "handle has a character other than letters, digits, hyphens and dots"},
	{"at://did:plc:asdf123/com.example", 32, "NSID has fewer than three segments"},
	{"at://did:plc:asdf123/space/com.example.group/default", 26, "NSID has fewer than three segments"},
	{"at://did:plc:asdf123/com.example.post/é", 38, "record key has a character other than letters, digits and . _ : ~ -"},
	{"at://did:plc:asdf123\x00", 20, "DID has a character other than letters, digits and . _ : % -"},
	{"at://did:plc:" + strings.Repeat("a", 2041), 2053, "DID is longer than 2048 bytes"},
}

func isATURI(s string) bool {
	rest, found := strings.CutPrefix(s, "at://")
	parts := strings.Split(rest, "/")
	return found && len(parts) <= 3 && isAtIdentifier(parts[0]) &&
		(len(parts) < 2 || isNSID(parts[1])) &&
		(len(parts) < 3 || isRecordKey(parts[2]))
}

var atURIFormat = format[syntax.ATURI, *syntax.ATURI]{
	name:  "at-uri",
	parse: syntax.ParseATURI,
	valid: syntax.ValidATURI,
	rule:  isATURI,
	methods: func(t *testing.T, u syntax.ATURI, valid bool) {
		again, err := syntax.NewATURI(u.Authority(), u.Collection(), u.RecordKey())
		if valid && (again != u || err != nil) {
			t.Errorf("%q has parts that make %q, error %v", u, again, err)
		}
	},
}

func TestParseATURI(t *testing.T) {
	atURIFormat.testValid(t, validATURIs)
	atURIFormat.testInvalid(t, invalidATURIs)
}

func FuzzATURI(f *testing.F) {
	atURIFormat.fuzz(f, validATURIs, invalidATURIs)
}

var atURIParts = []struct {
	uri        syntax.ATURI
	authority  syntax.AtIdentifier
	collection syntax.NSID
	key        syntax.RecordKey
}{
	{"at://did:plc:asdf123", "did:plc:asdf123", "", ""},
	{"at://jay.bsky.team/pub.layers.media.media", "jay.bsky.team", "pub.layers.media.media", ""},
	{"at://did:plc:asdf123/pub.layers.media.media/self", "did:plc:asdf123", "pub.layers.media.media", "self"},
}

func TestATURIParts(t *testing.T) {
	for _, test := range atURIParts {
		if got := test.uri.Authority(); got != test.authority {
			t.Errorf("%q has authority %q, want %q", test.uri, got, test.authority)
		}
		if got := test.uri.Collection(); got != test.collection {
			t.Errorf("%q has collection %q, want %q", test.uri, got, test.collection)
		}
		if got := test.uri.RecordKey(); got != test.key {
			t.Errorf("%q has record key %q, want %q", test.uri, got, test.key)
		}
	}
	for _, uri := range []syntax.ATURI{"", "at:", "http://layers.pub/a/b"} {
		if uri.Authority() != "" || uri.Collection() != "" || uri.RecordKey() != "" {
			t.Errorf("%q has parts, and is no at-uri", uri)
		}
	}
}

func TestNewATURI(t *testing.T) {
	for _, test := range atURIParts {
		got, err := syntax.NewATURI(test.authority, test.collection, test.key)
		if err != nil || got != test.uri {
			t.Errorf("%q, error %v, want %q", got, err, test.uri)
		}
	}
	for _, test := range []struct {
		authority  syntax.AtIdentifier
		collection syntax.NSID
		key        syntax.RecordKey
		want       string
	}{
		{"", "pub.layers.media.media", "self", `syntax: invalid at-uri "at:///pub.layers.media.media/self": at-uri has no authority (offset 5)`},
		{"jay.bsky.team", "", "self", `syntax: invalid at-uri "at://jay.bsky.team//self": at-uri has a slash without a collection after it (offset 19)`},
		{"jay.bsky.team", "media", "self", `syntax: invalid at-uri "at://jay.bsky.team/media/self": NSID has fewer than three segments (offset 24)`},
		{"jay.bsky.team", "pub.layers.media.media", "a/b", `syntax: invalid at-uri "at://jay.bsky.team/pub.layers.media.media/a/b": at-uri has a slash after its record key (offset 43)`},
		{"jay.bsky.team/pub.layers.media.media", "", "", `syntax: invalid at-uri "at://jay.bsky.team/pub.layers.media.media": parts of the at-uri have slashes in them (offset 5)`},
		{"jay.bsky.team", "pub.layers.media.media/self", "", `syntax: invalid at-uri "at://jay.bsky.team/pub.layers.media.media/self": parts of the at-uri have slashes in them (offset 5)`},
	} {
		got, err := syntax.NewATURI(test.authority, test.collection, test.key)
		if err == nil || err.Error() != test.want {
			t.Errorf("%q, error %v, want %s", got, err, test.want)
		}
	}
}
