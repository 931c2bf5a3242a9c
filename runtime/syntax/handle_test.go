package syntax_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validHandles = []string{
	"A.ISI.EDU",
	"XX.LCS.MIT.EDU",
	"SRI-NIC.ARPA",
	"john.test",
	"jan.test",
	"a234567890123456789.test",
	"john2.test",
	"john-john.test",
	"john.bsky.app",
	"jo.hn",
	"a.co",
	"a.org",
	"joh.n",
	"j0.h0",
	"jaymome-johnber123456.test",
	"jay.mome-johnber123456.test",
	"john.test.bsky.app",
	"shoooort" + strings.Repeat(".loooooooooooooooooooooooooong", 8) + ".test",
	"short." + strings.Repeat("o", 63) + ".test",
	"john.t",
	"laptop.local",
	"laptop.arpa",
	"xn--ls8h.test",
	"xn--bcher-kva.tld",
	"xn--3jk.com",
	"xn--w3d.com",
	"xn--vqb.com",
	"xn--ppd.com",
	"xn--cs9a.com",
	"xn--8r9a.com",
	"xn--cfd.com",
	"xn--5jk.com",
	"xn--2lb.com",
	"expyuzz4wqqyqhjn.onion",
	"friend.expyuzz4wqqyqhjn.onion",
	"g2zyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
	"friend.g2zyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
	"2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
	"friend.2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
	"12345.test",
	"8.cn",
	"4chan.org",
	"4chan.o-g",
	"blah.4chan.org",
	"thing.a01",
	"120.0.0.1.com",
	"0john.test",
	"9sta--ck.com",
	"99stack.com",
	"0ohn.test",
	"john.t--t",
	"thing.0aa.thing",
	"stack.com",
	"sta-ck.com",
	"sta---ck.com",
	"sta--ck9.com",
	"stack99.com",
	"sta99ck.com",
	"google.com.uk",
	"google.co.in",
	"google.com",
	"maselkowski.pl",
	"m.maselkowski.pl",
	"xn--masekowski-d0b.pl",
	"xn--fiqa61au8b7zsevnm8ak20mc4a87e.xn--fiqs8s",
	"xn--stackoverflow.com",
	"stackoverflow.xn--com",
	"stackoverflow.co.uk",
	"handle.invalid",
	strings.Repeat("a.", 126) + "b",
	"a.b",
}

var invalidHandles = []fault{
	{"did:thing.test", 3, "handle has a character other than letters, digits, hyphens and dots"},
	{"did:thing", 3, "handle has a character other than letters, digits, hyphens and dots"},
	{"john-.test", 4, "domain label ends with a hyphen"},
	{"john.0", 5, "top-level domain of the handle does not start with a letter"},
	{"john.-", 5, "domain label starts with a hyphen"},
	{"xn--bcher-.tld", 9, "domain label ends with a hyphen"},
	{"john..test", 5, "domain label is empty"},
	{"jo_hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"-john.test", 0, "domain label starts with a hyphen"},
	{".john.test", 0, "domain label is empty"},
	{"jo!hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo%hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo&hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo@hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo*hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo|hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo:hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"jo/hn.test", 2, "handle has a character other than letters, digits, hyphens and dots"},
	{"john💩.test", 4, "handle has a character other than letters, digits, hyphens and dots"},
	{"bücher.test", 1, "handle has a character other than letters, digits, hyphens and dots"},
	{"john .test", 4, "handle has a character other than letters, digits, hyphens and dots"},
	{"john.test.", 10, "domain label is empty"},
	{"john", 4, "handle has no dot"},
	{"john.", 5, "domain label is empty"},
	{".john", 0, "domain label is empty"},
	{" john.test", 0, "handle has a character other than letters, digits, hyphens and dots"},
	{"john.test ", 9, "handle has a character other than letters, digits, hyphens and dots"},
	{"joh-.test", 3, "domain label ends with a hyphen"},
	{"john.-est", 5, "domain label starts with a hyphen"},
	{"john.tes-", 8, "domain label ends with a hyphen"},
	{"shoooort" + strings.Repeat(".loooooooooooooooooooooooooong", 9) + ".test", 253, "handle is longer than 253 bytes"},
	{"short." + strings.Repeat("o", 64) + ".test", 69, "domain label is longer than 63 bytes"},
	{"org", 3, "handle has no dot"},
	{"ai", 2, "handle has no dot"},
	{"gg", 2, "handle has no dot"},
	{"io", 2, "handle has no dot"},
	{"cn.8", 3, "top-level domain of the handle does not start with a letter"},
	{"thing.0aa", 6, "top-level domain of the handle does not start with a letter"},
	{"127.0.0.1", 8, "top-level domain of the handle does not start with a letter"},
	{"192.168.0.142", 10, "top-level domain of the handle does not start with a letter"},
	{"fe80::7325:8a97:c100:94b", 4, "handle has a character other than letters, digits, hyphens and dots"},
	{"2600:3c03::f03c:9100:feb0:af1f", 4, "handle has a character other than letters, digits, hyphens and dots"},
	{"-notvalid.at-all", 0, "domain label starts with a hyphen"},
	{"-thing.com", 0, "domain label starts with a hyphen"},
	{"www.masełkowski.pl.com", 8, "handle has a character other than letters, digits, hyphens and dots"},
	{"", 0, "handle is empty"},
	{"a", 1, "handle has no dot"},
	{strings.Repeat("o", 64) + ".test", 63, "domain label is longer than 63 bytes"},
	{"a." + strings.Repeat("o", 64), 65, "domain label is longer than 63 bytes"},
	{strings.Repeat("a.", 126) + "bb", 253, "handle is longer than 253 bytes"},
	{"a.b\n", 3, "handle has a character other than letters, digits, hyphens and dots"},
	{"a\x00.b", 1, "handle has a character other than letters, digits, hyphens and dots"},
	{".", 0, "domain label is empty"},
	{"..", 0, "domain label is empty"},
	{"-.a", 0, "domain label starts with a hyphen"},
	{"a.-", 2, "domain label starts with a hyphen"},
}

var handlePattern = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$`)

func isHandle(s string) bool {
	return len(s) <= 253 && handlePattern.MatchString(s)
}

var handleFormat = format[syntax.Handle, *syntax.Handle]{
	name:  "handle",
	parse: syntax.ParseHandle,
	valid: syntax.ValidHandle,
	rule:  isHandle,
	methods: func(t *testing.T, h syntax.Handle, valid bool) {
		if normal := h.Normalize(); valid && !syntax.ValidHandle(string(normal)) {
			t.Errorf("%q was normalized to %q, which is not valid", h, normal)
		}
	},
}

func TestParseHandle(t *testing.T) {
	handleFormat.testValid(t, validHandles)
	handleFormat.testInvalid(t, invalidHandles)
}

func FuzzHandle(f *testing.F) {
	handleFormat.fuzz(f, validHandles, invalidHandles)
}

func TestHandleNormalize(t *testing.T) {
	for _, test := range []struct{ handle, want syntax.Handle }{
		{"XX.LCS.MIT.EDU", "xx.lcs.mit.edu"},
		{"jay.bsky.team", "jay.bsky.team"},
		{"", ""},
	} {
		if got := test.handle.Normalize(); got != test.want {
			t.Errorf("%q became %q, want %q", test.handle, got, test.want)
		}
	}
}
