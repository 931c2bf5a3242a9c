package syntax_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validNSIDs = []string{
	"com." + strings.Repeat("o", 63) + ".foo",
	"com.example." + strings.Repeat("o", 63),
	"com" + strings.Repeat(".middle", 40) + ".foo",
	"com.example.fooBar",
	"com.example.fooBarV2",
	"net.users.bob.ping",
	"a.b.c",
	"m.xn--masekowski-d0b.pl",
	"one.two.three",
	"one.two.three.four-and.FiVe",
	"one.2.three",
	"a-0.b-1.c",
	"a0.b1.cc",
	"cn.8.lex.stuff",
	"test.12345.record",
	"a01.thing.record",
	"a.0.c",
	"xn--fiqs8s.xn--fiqa61au8b7zsevnm8ak20mc4a87e.record.two",
	"a0.b1.c3",
	"com.example.f00",
	"onion.expyuzz4wqqyqhjn.spec.getThing",
	"onion.g2zyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.lex.deleteThing",
	"org.4chan.lex.getThing",
	"onion.2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.lex.deleteThing",
	"pub.layers.expression.expression",
	"m.8.x",
}

var invalidNSIDs = []fault{
	{"com." + strings.Repeat("o", 64) + ".foo", 67, "domain label is longer than 63 bytes"},
	{"com.example." + strings.Repeat("o", 64), 75, "name of the NSID is longer than 63 bytes"},
	{"com" + strings.Repeat(".middle", 50) + ".foo", 317, "NSID is longer than 317 bytes"},
	{"com.example.foo.*", 16, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.example.foo.blah*", 20, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.example.foo.*blah", 16, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.exa💩ple.thing", 7, "NSID has a character other than letters, digits, hyphens and dots"},
	{"a-0.b-1.c-3", 9, "name of the NSID has a character other than letters and digits"},
	{"a-0.b-1.c-o", 9, "name of the NSID has a character other than letters and digits"},
	{"1.0.0.127.record", 0, "top-level domain of the NSID does not start with a letter"},
	{"0two.example.foo", 0, "top-level domain of the NSID does not start with a letter"},
	{"example.com", 11, "NSID has fewer than three segments"},
	{"com.example", 11, "NSID has fewer than three segments"},
	{"a.", 2, "NSID has fewer than three segments"},
	{".one.two.three", 0, "domain label is empty"},
	{"one.two.three ", 13, "NSID has a character other than letters, digits, hyphens and dots"},
	{"one.two..three", 8, "domain label is empty"},
	{"one .two.three", 3, "NSID has a character other than letters, digits, hyphens and dots"},
	{" one.two.three", 0, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.atproto.feed.p@st", 18, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.atproto.feed.p_st", 18, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.atproto.feed.p*st", 18, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.atproto.feed.po#t", 19, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.atproto.feed.p!ot", 18, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.example-.foo", 11, "domain label ends with a hyphen"},
	{"com.example.fooBar.2", 19, "name of the NSID does not start with a letter"},
	{"", 0, "NSID is empty"},
	{"a.b.", 4, "name of the NSID is empty"},
	{"a.b.c.", 6, "name of the NSID is empty"},
	{".a.b", 0, "domain label is empty"},
	{"a..b", 2, "domain label is empty"},
	{"a.b.c-d", 5, "name of the NSID has a character other than letters and digits"},
	{"a.b.-c", 4, "name of the NSID does not start with a letter"},
	{"a.b.3c", 4, "name of the NSID does not start with a letter"},
	{"a." + strings.Repeat("o", 64) + ".c", 65, "domain label is longer than 63 bytes"},
	{"a.b." + strings.Repeat("o", 64), 67, "name of the NSID is longer than 63 bytes"},
	{strings.Repeat("a.", 158) + "bb", 317, "NSID is longer than 317 bytes"},
	{"a.b.c\x00", 5, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.example.*", 12, "NSID has a character other than letters, digits, hyphens and dots"},
	{"com.example.foo#main", 15, "NSID has a character other than letters, digits, hyphens and dots"},
}

var nsidPattern = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$`)

func isNSID(s string) bool {
	return len(s) <= 317 && nsidPattern.MatchString(s)
}

var nsidFormat = format[syntax.NSID, *syntax.NSID]{
	name:  "nsid",
	parse: syntax.ParseNSID,
	valid: syntax.ValidNSID,
	rule:  isNSID,
	methods: func(t *testing.T, n syntax.NSID, valid bool) {
		if again := strings.Join(n.Segments(), "."); again != string(n) {
			t.Errorf("%q has segments that make %q", n, again)
		}
		if name := n.Name(); valid && !strings.HasSuffix(string(n), "."+name) {
			t.Errorf("%q has the name %q", n, name)
		}
		if authority := n.Authority(); valid && len(authority) <= 253 && !syntax.ValidHandle(authority) {
			t.Errorf("%q has the authority %q, which is not a domain name", n, authority)
		}
	},
}

func TestParseNSID(t *testing.T) {
	nsidFormat.testValid(t, validNSIDs)
	nsidFormat.testInvalid(t, invalidNSIDs)
}

func FuzzNSID(f *testing.F) {
	nsidFormat.fuzz(f, validNSIDs, invalidNSIDs)
}

func TestNSIDParts(t *testing.T) {
	for _, test := range []struct {
		nsid            syntax.NSID
		authority, name string
		segments        []string
	}{
		{"pub.layers.expression.expression", "expression.layers.pub", "expression", []string{"pub", "layers", "expression", "expression"}},
		{"com.Example.fooBar", "example.com", "fooBar", []string{"com", "Example", "fooBar"}},
		{"", "", "", nil},
		{"com", "", "com", []string{"com"}},
	} {
		if got := test.nsid.Authority(); got != test.authority {
			t.Errorf("%q has authority %q, want %q", test.nsid, got, test.authority)
		}
		if got := test.nsid.Name(); got != test.name {
			t.Errorf("%q has name %q, want %q", test.nsid, got, test.name)
		}
		if got := test.nsid.Segments(); !slices.Equal(got, test.segments) {
			t.Errorf("%q has segments %q, want %q", test.nsid, got, test.segments)
		}
	}
}
