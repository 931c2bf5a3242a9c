package text_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
)

const mixed = "a é 𝒜 שלום 👩‍👩‍👧." // one, two, four, two and many bytes a character

func TestFind(t *testing.T) {
	for _, test := range []struct {
		text, substring string
		n               int
		want            int64
		err             error
	}{
		{mixed, "𝒜", 0, 5, nil},
		{"aaa", "aa", 1, 1, nil},
		{"ééé", "é", 2, 4, nil},
		{"aaa", "aa", 2, 0, text.ErrNotFound},
		{mixed, "", 0, 0, text.ErrNotFound},
		{mixed, "a", -1, 0, text.ErrNotFound},
		{mixed, "b", 0, 0, text.ErrNotFound},
	} {
		got, err := text.Find(test.text, test.substring, test.n)
		if !errors.Is(err, test.err) || err == nil && (got.ByteStart != test.want || got.ByteEnd != test.want+int64(len(test.substring))) {
			t.Errorf("%q, %d in %q: %v, %v", test.substring, test.n, test.text, got, err)
		}
	}
}

// TestUnits converts every range of characters and of UTF-16 code units.
func TestUnits(t *testing.T) {
	runes, units := []rune(mixed), utf16.Encode([]rune(mixed))
	for i := -1; i <= len(runes)+1; i++ {
		for j := -1; j <= len(runes)+1; j++ {
			s, err := text.FromRunes(mixed, i, j)
			if i < 0 || j < i || j > len(runes) {
				if !errors.Is(err, text.ErrSpan) {
					t.Errorf("[%d, %d): %v, %v", i, j, s, err)
				}
				continue
			}
			got, ofErr := text.Of(mixed, s)
			again, err2 := text.WithChars(mixed, layers.Span{ByteStart: s.ByteStart, ByteEnd: s.ByteEnd})
			if err = errors.Join(err, ofErr, err2); err != nil || got != string(runes[i:j]) || s.String() != again.String() {
				t.Errorf("[%d, %d): %q, %v, %v, %v", i, j, got, s, again, err)
			}
		}
	}
	for i := range len(units) + 1 {
		for j := i; j <= len(units); j++ {
			low := func(k int) bool { return k < len(units) && units[k] >= 0xdc00 && units[k] < 0xe000 }
			s, err := text.FromUTF16(mixed, i, j)
			if low(i) || low(j) {
				if !errors.Is(err, text.ErrSpan) {
					t.Errorf("[%d, %d) is within a character: %v, %v", i, j, s, err)
				}
				continue
			}
			if got, ofErr := text.Of(mixed, s); errors.Join(err, ofErr) != nil || got != string(utf16.Decode(units[i:j])) {
				t.Errorf("[%d, %d): %q, %v, %v", i, j, got, err, ofErr)
			}
			if start, end, err := text.UTF16(mixed, s); err != nil || start != i || end != j {
				t.Errorf("[%d, %d): [%d, %d), %v", i, j, start, end, err)
			}
		}
	}
	if _, _, err := text.UTF16(mixed, layers.Span{ByteStart: 3, ByteEnd: 4}); !errors.Is(err, text.ErrSpan) {
		t.Errorf("within a character: %v", err)
	}
	if _, err := text.FromUTF16(mixed, 0, len(units)+1); !errors.Is(err, text.ErrSpan) {
		t.Errorf("after the end: %v", err)
	}
}

func TestOf(t *testing.T) {
	for want, s := range map[string]layers.Span{
		"ends before it begins":            {ByteStart: 2, ByteEnd: 1},
		"[-1, 1) begins before the text":   {ByteStart: -1, ByteEnd: 1},
		"ends after the text, which has":   {ByteStart: 0, ByteEnd: 1000},
		"[3, 4) begins within a character": {ByteStart: 3, ByteEnd: 4},
		"[0, 3) ends within a character":   {ByteStart: 0, ByteEnd: 3},
		"begins at character 2, not at 1":  {ByteStart: 2, ByteEnd: 4, CharStart: lex.SomeInt(1)},
		"ends at character 3, not at 4":    {ByteStart: 2, ByteEnd: 4, CharEnd: lex.SomeInt(4)},
	} {
		if got, err := text.Of(mixed, s); !errors.Is(err, text.ErrSpan) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %q, %v, want %s", s, got, err, want)
		}
		if _, err := text.WithChars(mixed, s); err == nil && !s.CharStart.IsSet() && !s.CharEnd.IsSet() {
			t.Errorf("%v: no error", s)
		}
	}
	if got, err := text.Of(mixed, layers.Span{ByteStart: int64(len(mixed)), ByteEnd: int64(len(mixed))}); got != "" || err != nil {
		t.Errorf("empty span at the end: %q, %v", got, err)
	}
}

// TestIndex compares an index with the functions for one span, over the marks of a long text.
func TestIndex(t *testing.T) {
	long := strings.Repeat(mixed, 40)
	index := text.NewIndex(long)
	if index.Text() != long {
		t.Error("another text")
	}
	for start := -1; start <= len(long)+1; start++ {
		for _, length := range []int{-1, 0, 1, 2, 3, 4, 255, 256, 257, 600} {
			s := layers.Span{ByteStart: int64(start), ByteEnd: int64(start + length)}
			want, wantErr := text.Of(long, s)
			got, err := index.Of(s)
			if got != want || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("%v: %q, %v, want %q, %v", s, got, err, want, wantErr)
			}
			full, fullErr := index.WithChars(s)
			if (fullErr == nil) != (wantErr == nil) {
				t.Fatalf("%v: %v, want %v", s, fullErr, wantErr)
			}
			if fullErr != nil {
				continue
			}
			if first, last := utf8.RuneCountInString(long[:start]), utf8.RuneCountInString(long[:start+length]); full.CharStart.Or(-1) != int64(first) || full.CharEnd.Or(-1) != int64(last) {
				t.Fatalf("%v: want [%d, %d)", full, first, last)
			}
			if _, err := index.Of(full); err != nil {
				t.Fatal(err)
			}
			full.CharEnd.Set(full.CharEnd.Or(0) + 1)
			if _, err := index.Of(full); !errors.Is(err, text.ErrSpan) {
				t.Fatalf("%v: %v", full, err)
			}
		}
	}
}

func TestTime(t *testing.T) {
	got, err := text.Time(1500*time.Millisecond, 2*time.Second+999*time.Microsecond)
	if err != nil || got.Start != 1500 || got.Ending != 2000 {
		t.Errorf("%v, %v", got, err)
	}
	if start, end := text.Duration(got); start != 1500*time.Millisecond || end != 2*time.Second {
		t.Errorf("%v, %v", start, end)
	}
	if got, err := text.Time(0, 0); err != nil || got.Start != 0 || got.Ending != 0 {
		t.Errorf("the beginning: %v, %v", got, err)
	}
	for _, bad := range [][2]time.Duration{{-1, 0}, {2, 1}} {
		if _, err := text.Time(bad[0], bad[1]); !errors.Is(err, text.ErrSpan) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func forms(tokens []segmentation.Token) []string {
	var out []string
	for _, t := range tokens {
		out = append(out, t.Text.Or(""))
	}
	return out
}

func TestTokens(t *testing.T) {
	const sample = "Don't  panic,\nשלום עולם: 3.14 👩‍👩‍👧!"
	tokens := text.Tokenize(sample)
	want := []string{"Don't", "panic", ",", "שלום", "עולם", ":", "3.14", "👩‍👩‍👧", "!"}
	if !slices.Equal(forms(tokens), want) {
		t.Errorf("got %q", forms(tokens))
	}
	if err := text.CheckTokens(sample, tokens); err != nil {
		t.Error(err)
	}
	if joined, err := text.Join(tokens); err != nil || joined != strings.ReplaceAll(sample, "\n", " ") {
		t.Errorf("joined: %q, %v", joined, err)
	}
	aligned, err := text.Align(sample, want)
	if err != nil || fmt.Sprint(aligned) != fmt.Sprint(tokens) {
		t.Errorf("aligned: %v, %v", aligned, err)
	}
	for name, forms := range map[string][]string{"other": {"Do", "nt"}, "too few": want[:3], "too many": append(want[:9:9], "?"), "empty": {""}} {
		if _, err := text.Align(sample, forms); !errors.Is(err, text.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := text.TokenSpan(tokens, 4, 1)
	if part, _ := text.Of(sample, s); err != nil || part != "panic,\nשלום עולם" {
		t.Errorf("span of tokens: %q, %v", part, err)
	}
	if got := text.TokensIn(tokens, s); !slices.Equal(got, []int64{1, 2, 3, 4}) {
		t.Errorf("tokens of the span: %v", got)
	}
	for _, bad := range [][]int64{nil, {-1}, {9}} {
		if _, err := text.TokenSpan(tokens, bad...); !errors.Is(err, text.ErrSpan) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	break1 := func(change func(*segmentation.Token)) error {
		broken := text.Tokenize(sample)
		change(&broken[1])
		return text.CheckTokens(sample, broken)
	}
	for name, change := range map[string]func(*segmentation.Token){
		"index":    func(t *segmentation.Token) { t.TokenIndex = 7 },
		"no span":  func(t *segmentation.Token) { t.TextSpan = nil },
		"text":     func(t *segmentation.Token) { t.Text.Set("other") },
		"overlaps": func(t *segmentation.Token) { t.TextSpan.ByteStart = 4; t.Text.Unset() },
		"outside":  func(t *segmentation.Token) { t.TextSpan.ByteEnd = 4000 },
	} {
		if err := break1(change); !errors.Is(err, text.ErrSpan) || !strings.Contains(err.Error(), "token 1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	far := text.Tokenize("x")
	far[0].TextSpan = &layers.Span{ByteStart: 1 << 40, ByteEnd: 1<<40 + 1}
	if _, err := text.Join(far); !errors.Is(err, text.ErrSpan) {
		t.Errorf("a text of a terabyte: %v", err)
	}
}

func FuzzTokenize(f *testing.F) {
	f.Add(mixed)
	f.Add("0 \u200d")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		tokens := text.Tokenize(s)
		if err := text.CheckTokens(s, tokens); err != nil {
			t.Fatal(err)
		}
		if aligned, err := text.Align(s, forms(tokens)); err != nil || len(aligned) != len(tokens) {
			t.Fatal(len(aligned), err)
		}
	})
}

func ExampleFind() {
	const sentence = "The café is open."
	span, err := text.Find(sentence, "café", 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	word, err := text.Of(sentence, span)
	fmt.Println(span.ByteStart, span.ByteEnd, word, err)
	// Output: 4 9 café <nil>
}
