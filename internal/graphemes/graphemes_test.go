package graphemes_test

import (
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/internal/graphemes"
)

// The rules are those of Unicode Standard Annex 29, section 3.1.1.
var counts = []struct {
	rule, text string
	want       int
}{
	{"empty", "", 0},
	{"ASCII", "layers", 6},
	{"ASCII", "a", 1},
	{"controls", "\x00\x01\t", 3},

	{"GB3", "\r\n", 1},
	{"GB3", "a\r\nb\r\n", 4},
	{"GB3", "\r\r\n\n", 3},
	{"GB3", "\n\r", 2},
	{"GB3", "ü\r\nü", 3},
	{"GB4, GB5", "\n\u0308", 2},
	{"GB4, GB5", "\r\n\u0308", 2},
	{"GB4, GB5", "\r\u0308\n", 3},
	{"GB4, GB5", "\u200B\u0308", 2}, // ZERO WIDTH SPACE is a control

	{"GB6: L V", "\u1100\u1161", 1},
	{"GB6, GB8: L V T", "\u1100\u1161\u11A8", 1},
	{"GB6: L LVT", "\u1100\uAC01", 1},
	{"GB7: LV T", "\uAC00\u11A8", 1},
	{"GB7: LV V", "\uAC00\u1161", 1},
	{"GB8: LVT T", "\uAC01\u11A8", 1},
	{"not GB8: LVT V", "\uAC01\u1161", 2},
	{"not GB6: V L", "\u1161\u1100", 2},
	{"Hangul", "한국어", 3},
	{"Hangul in jamo", "\u1112\u1161\u11AB\u1100\u116E\u11A8\u110B\u1165", 3},

	{"GB9", "e\u0301", 1},
	{"GB9", "abe\u0301", 3},
	{"GB9", "e\u0301\u0323\u0308", 1},
	{"GB9", "\u0301", 1},
	{"GB9: a mark on the last ASCII character", "layers\u0308", 6},
	{"GB9: ZWJ", "a\u200Db", 2},
	{"GB9: variation selector", "☺\uFE0F", 1},
	{"GB9: keycap", "1\uFE0F\u20E3", 1},
	{"GB9: tags", "🏴\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F", 1},
	{"GB9a: spacing mark", "நி", 1},
	{"GB9b: prepended", "\u0600a", 1},

	{"GB9c", "नमस्ते", 3},
	{"GB9c", "क्ष", 1},
	{"GB9c: three consonants", "न्त्र", 1},
	{"GB9c: a nukta between", "क\u093C\u094Dष", 1},
	{"GB9c: ZWJ behind the linker", "क\u094D\u200Dष", 1},
	{"GB9c: ZWNJ behind the linker", "क\u094D\u200Cष", 2},
	{"GB9c: two linkers", "क\u094D\u094Dष", 1},
	{"not GB9c: no linker", "कष", 2},
	{"not GB9c: no second consonant", "क\u094Da", 2},
	{"not GB9c: no first consonant", "a\u094Dष", 2},
	{"GB9c: Bengali", "ক্ষ", 1},
	{"GB9c: Gujarati", "ક્ષ", 1},
	{"GB9c: Telugu", "క్ష", 1},
	{"GB9c: Malayalam", "ക്ഷ", 1},
	{"GB9c: Odia", "କ୍ଷ", 1},
	{"not GB9c: Tamil has no conjuncts", "க்ஷ", 2},

	{"GB11: family", "👩\u200D👩\u200D👧\u200D👦", 1},
	{"GB11: skin tone", "👩🏽\u200D🚀", 1},
	{"GB11: heart", "❤\uFE0F\u200D🔥", 1},
	{"skin tone", "👍🏿", 1},
	{"not GB11: no ZWJ", "👩👧", 2},
	{"not GB11: a letter before ZWJ", "a\u200D👦", 2},
	{"not GB11: two ZWJ", "👩\u200D\u200D👦", 2},

	{"GB12: flags", "🇩🇪", 1},
	{"GB12: two flags", "🇩🇪🇫🇷", 2},
	{"GB12: an odd letter", "🇩🇪🇫", 2},
	{"GB13: behind a letter", "a🇩🇪🇫🇷b", 4},
	{"GB12: a mark between", "🇩\u0308🇪", 2},
	{"GB12: ZWJ between", "🇩\u200D🇪", 2},

	{"GB999", "語言學", 3},
	{"GB999: Greek", "γλῶσσα", 6},
	{"Arabic with marks", "\u0643\u064E\u062A\u064E\u0628\u064E", 3},
	{"Thai", "ภาษา", 4},
	{"Tibetan", "བོད", 2},
}

func TestCount(t *testing.T) {
	for _, test := range counts {
		if got := graphemes.Count(test.text); got != test.want {
			t.Errorf("%s: %+q has %d, want %d", test.rule, test.text, got, test.want)
		}
		// A control character breaks on both sides, so that counts add up, wherever the fast path ends.
		for _, around := range []string{"\x01", "abcdefgh\x01", "ü\x01"} {
			text := around + test.text + "\x01" + test.text
			if got, want := graphemes.Count(text), graphemes.Count(around)+2*test.want+1; got != want {
				t.Errorf("%s: %+q has %d, want %d", test.rule, text, got, want)
			}
		}
	}
}

// What is not UTF-8 is counted somehow, and without a panic.
func TestCountMalformed(t *testing.T) {
	for _, text := range []string{"\xff", "a\xff", "a\xe0\xa4", "\xe0\xa4", "\xed\xa0\x80", "\xf4\x90\x80\x80", "क\u094D\xe0", "🇩\xf0\x9f"} {
		if n := graphemes.Count(text); n < 1 || n > len(text) {
			t.Errorf("%+q has %d", text, n)
		}
	}
}

func TestCountAllocates(t *testing.T) {
	text := strings.Repeat("layers नमस्ते 👩\u200D👧 🇩🇪\r\n", 100)
	if n := testing.AllocsPerRun(10, func() { graphemes.Count(text) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCount(b *testing.B) {
	for _, test := range []struct{ name, text string }{
		{"ascii", "The quick brown fox. "},
		{"latin", "Größe über alles ändern. "},
		{"hindi", "नमस्ते "},
		{"chinese", "語言學標註"},
		{"emoji", "👩\u200D👩\u200D👧🇩🇪"},
	} {
		text := strings.Repeat(test.text, 10_000/len(test.text))
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				graphemes.Count(text)
			}
		})
	}
}
