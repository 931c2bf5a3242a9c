package quote_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/quote"
)

func TestQuote(t *testing.T) {
	for _, test := range []struct {
		name, in           string
		text, message, cut string // with a limit of 8
	}{
		{"empty", "", `""`, "", ""},
		{"short", "a b", `"a b"`, "a b", "a b"},
		{"at the limit", "12345678", `"12345678"`, "12345678", "12345678"},
		{"over the limit", "123456789", `"12345678"…`, `"12345678"…`, "12345678…"},
		{"quotes", `a"b`, `"a\"b"`, `a"b`, `a"b`},
		{"newline", "a\nb", `"a\nb"`, `"a\nb"`, "a\nb"},
		{"escape sequence", "\x1b[2J", `"\x1b[2J"`, `"\x1b[2J"`, "\x1b[2J"},
		{"right to left", "\u202eab", `"\u202eab"`, `"\u202eab"`, "\u202eab"},
		{"zero width", "a\u200bb", `"a\u200bb"`, `"a\u200bb"`, "a\u200bb"},
		{"separator", "a\u2028b", `"a\u2028b"`, `"a\u2028b"`, "a\u2028b"},
		{"not UTF-8", "a\xff", `"a\xff"`, `"a\xff"`, "a\xff"},
		{"replacement character", "a\ufffd", `"a�"`, `"a�"`, "a\ufffd"},
		{"cut after a character", "1234567é", `"1234567"…`, `"1234567"…`, "1234567…"},
		{"cut in a character", "日本語", `"日本"…`, `"日本"…`, "日本…"},
		{"cut in a long character", "12345😀😀", `"12345"…`, `"12345"…`, "12345…"},
		{"long, not UTF-8", strings.Repeat("\xbf", 9), `"` + strings.Repeat(`\xbf`, 8) + `"…`, `"` + strings.Repeat(`\xbf`, 8) + `"…`, strings.Repeat("\xbf", 8) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for what, got := range map[string][2]string{
				"Text": {quote.Text(test.in, 8), test.text}, "Text of bytes": {quote.Text([]byte(test.in), 8), test.text},
				"Message": {quote.Message(test.in, 8), test.message}, "Cut": {quote.Cut(test.in, 8), test.cut},
			} {
				if got[0] != got[1] {
					t.Errorf("%s gives %s, want %s", what, got[0], got[1])
				}
			}
		})
	}
}

// FuzzQuote checks that a message is valid UTF-8, printable, and bounded by the limit, and quotes the beginning.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "abc", "日本語", "\x1b[2J\xff", "😀😀😀", strings.Repeat("\x80", 300)} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 300)
		for _, got := range []string{quote.Text(s, limit), quote.Message(s, limit), fmt.Sprintf("%q", quote.Cut(s, limit))} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !strconv.IsPrint(r) }) || len(got) > 4*limit+8 {
				t.Errorf("%q with limit %d gives %q", s, limit, got)
			}
		}
		text, cut := strings.CutSuffix(quote.Text(s, limit), "…")
		start, err := strconv.Unquote(text)
		if err != nil || !strings.HasPrefix(s, start) || len(start) > limit || cut != (len(s) > len(start)) || len(s) > limit && len(start) < limit-3 {
			t.Errorf("%q with limit %d quotes %q, %v", s, limit, start, err)
		}
	})
}
