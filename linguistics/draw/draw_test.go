package draw_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/mattn/go-runewidth"

	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/tests/browser"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares output with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s differs from line %d on (go test -update writes it)\ngot\n%s\nwant\n%s", file, i+1,
				strings.Join(g[i:min(i+3, len(g))], "\n"), strings.Join(w[i:min(i+3, len(w))], "\n"))
		}
	}
}

// text draws a document.
func text(t *testing.T, d *draw.Document, o *draw.TextOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := draw.Text(&b, d, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// of returns a document with sentences.
func of(sentences ...draw.Sentence) *draw.Document {
	return &draw.Document{Title: "Sentences", Sections: []draw.Section{{Sentences: sentences}}}
}

var english = draw.Sentence{
	Title:    "en-1",
	Language: "en",
	Tokens:   []string{"Ada", "writes", "the", "letters", "that", "her", "sister", "reads", "."},
	Layers: []draw.Layer{
		{Name: "pos", Tags: []string{"PROPN", "VERB", "DET", "NOUN", "PRON", "PRON", "NOUN", "VERB", "PUNCT"}},
		{Name: "dependency", Arcs: []draw.Arc{
			{1, 0, "nsubj"}, {draw.Root, 1, "root"}, {3, 2, "det"}, {1, 3, "obj"}, {7, 4, "obj"}, {6, 5, "nmod:poss"}, {7, 6, "nsubj"}, {3, 7, "acl:relcl"}, {1, 8, "punct"},
		}},
		{Name: "ner", Spans: []draw.Span{{[]int{0}, "PERSON", 0}}},
		{Name: "coreference", Spans: []draw.Span{{[]int{0}, "Ada", 1}, {[]int{5}, "Ada", 1}, {[]int{2, 3, 4, 5, 6, 7}, "letters", 2}}},
	},
}

// crossing has arcs that cross, two layers of arcs, a span with a gap and overlapping spans.
var crossing = draw.Sentence{
	Title:    "de-1",
	Language: "de",
	Tokens:   []string{"Ein", "Brief", "kam", "heute", "an", ",", "der", "froh", "macht"},
	Layers: []draw.Layer{
		{Name: "dependency", Arcs: []draw.Arc{
			{1, 0, "det"}, {2, 1, "nsubj"}, {draw.Root, 2, "root"}, {2, 3, "advmod"}, {2, 4, "compound:prt"}, {8, 5, "punct"}, {8, 6, "nsubj"}, {8, 7, "xcomp"}, {1, 8, "acl:relcl"},
		}},
		{Name: "enhanced", Arcs: []draw.Arc{{2, 1, "nsubj"}, {8, 1, "nsubj"}, {1, 6, "ref"}, {3, 3, "self"}}},
		{Name: "chunk", Spans: []draw.Span{{[]int{2, 4}, "VP", 0}, {[]int{0, 1, 6, 7, 8}, "NP", 0}, {[]int{1, 2}, "", 0}, {[]int{2, 3, 4, 5, 6}, "a label that is much too long for the place", 0}}},
		{Name: "notes", Notes: []string{"sentiment: positive"}},
	},
}

var hebrew = draw.Sentence{
	Title:    "he-1",
	Language: "he",
	Tokens:   []string{"הילדה", "קוראת", "ספר", "על", "JSON", "בבית", "."},
	Layers: []draw.Layer{
		{Name: "pos", Tags: []string{"NOUN", "VERB", "NOUN", "ADP", "X", "ADV", "PUNCT"}},
		{Name: "lemma", Tags: []string{"ילדה", "קרא", "ספר", "על", "JSON", "בית", "."}},
		{Name: "dependency", Arcs: []draw.Arc{{1, 0, "nsubj"}, {draw.Root, 1, "root"}, {1, 2, "obj"}, {4, 3, "case"}, {2, 4, "nmod"}, {1, 5, "obl"}, {1, 6, "punct"}}},
		{Name: "np", Spans: []draw.Span{{[]int{0}, "NP", 0}, {[]int{2, 3, 4}, "NP", 0}}},
	},
}

// wide has wide characters, an emoji of several code points, and a combining mark.
var wide = draw.Sentence{
	Title:    "ja-1",
	Language: "ja",
	Tokens:   []string{"猫", "が", "👩\u200d👩\u200d👧", "を", "見る", "cafe\u0301", "。"},
	Layers: []draw.Layer{
		{Name: "pos", Tags: []string{"NOUN", "ADP", "SYM", "ADP", "VERB", "X", "PUNCT"}},
		{Name: "読み", Tags: []string{"ねこ", "が", "", "を", "みる", "", "。"}},
		{Name: "dependency", Arcs: []draw.Arc{{4, 0, "nsubj"}, {0, 1, "case"}, {4, 2, "obj"}, {2, 3, "case"}, {draw.Root, 4, "root"}, {4, 5, "dep"}, {4, 6, "punct"}}},
		{Name: "np", Spans: []draw.Span{{[]int{0, 1}, "主語", 0}}},
	},
}

// features has tags of several parts.
var features = draw.Sentence{
	Tokens: []string{"Sie", "schläft", "."},
	Layers: []draw.Layer{
		{Name: "morph", Tags: []string{"Case=Nom|Gender=Fem|Number=Sing|Person=3", "Mood=Ind|a | b|", "||||||||||||||||x"}},
		{Name: "many", Tags: []string{"a|b|c", "one|two|three|four|five|six|seven|eight|nine", "no bar but quite a long text"}},
	},
}

// hostile has texts that would change a terminal or a page.
var hostile = draw.Sentence{
	Title:    "\x1b[2J<script>alert(1)</script>",
	Language: `en"><script>alert(2)</script>`,
	Tokens:   []string{"a\x1b[31mb", "\u202egnp.exe", "x\x00\xff", "line\nbreak\ttab", "", "</svg><script>alert(3)</script>", strings.Repeat("w", 5000), "e" + strings.Repeat("\u0301", 3000)},
	Layers: []draw.Layer{
		{Name: "pos\r\n\x07", Tags: []string{"\u2067evil", "B", "C", "D", "E", "F"}},
		{Name: "arcs", Arcs: []draw.Arc{{0, 1, "<b>\x1b]0;t\x07"}, {1, 0, "cycle"}, {2, 2, "self"}, {7, 99, "outside"}, {-5, 3, "outside"}}},
		{Name: "spans", Spans: []draw.Span{{[]int{3, 1}, "descending", 0}, {nil, "nowhere", 0}, {[]int{7, 8}, "outside", 0}, {[]int{4, 5}, "\u2028", -3}}},
		{Name: "notes", Notes: []string{"\x1b[0m<img src=x onerror=alert(4)>"}},
	},
}

func TestText(t *testing.T) {
	for name, s := range map[string]draw.Sentence{"english": english, "crossing": crossing, "hebrew": hebrew, "wide": wide, "features": features, "hostile": hostile} {
		golden(t, name+".txt", text(t, of(s), &draw.TextOptions{Width: 100}))
		golden(t, name+"_narrow.txt", text(t, of(s), &draw.TextOptions{Width: 44}))
	}
	golden(t, "english_color.txt", text(t, of(english), &draw.TextOptions{Width: 100, Color: true}))
}

// section has all that is not a sentence.
var section = draw.Section{
	Title:    "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.corpus.corpus/3kvmuvbiyrk2t",
	Facts:    []draw.Fact{{"name", "Letters"}, {"languages", "en, he"}, {"description", "A corpus of letters that two sisters wrote to each other over many years, in two languages."}, {"שם", "מכתבים"}},
	Text:     "One line that is long enough to be wrapped when the terminal is narrow.\n\nAnother paragraph: אחד שתיים שלוש.",
	Language: "en",
	Tables: []draw.Table{{
		Title:   "members",
		Columns: []string{"#", "expression", "split", "tokens"},
		Rows:    [][]string{{"1", "猫が見る", "train", "12"}, {"2", "שלום", "dev", "3"}, {"10", "letter", "", "1200", "surplus"}, {"11"}},
		Numbers: []int{0, 3},
	}},
	Tree: []draw.Node{
		{Name: "kind", Value: "letter"},
		{Name: "anchor", Children: []draw.Node{{Name: "textSpan", Children: []draw.Node{{Name: "byteStart", Value: "0"}, {Name: "byteEnd", Value: "12"}}}}},
		{Name: "languages", Children: []draw.Node{{Name: "0", Value: "en"}}},
	},
	Notes: []string{"2 records are not valid"},
}

func TestSection(t *testing.T) {
	d := &draw.Document{Sections: []draw.Section{section, {Title: "second"}}, Notes: []string{"about all"}}
	golden(t, "section.txt", text(t, d, nil))
	golden(t, "section_narrow.txt", text(t, d, &draw.TextOptions{Width: 40}))
}

// TestAligned checks that what belongs to a token is in its column, whatever characters it has, by a picture with other
// ones of the same width.
func TestAligned(t *testing.T) {
	plain := draw.Sentence{
		Tokens: []string{"aa", "bb", "cc", "d", "eeee", "ffff", "gg"},
		Layers: []draw.Layer{
			wide.Layers[0],
			{Name: "xxxx", Tags: []string{"aaaa", "bb", "", "dd", "eeee", "", "gg"}},
			wide.Layers[2],
			{Name: "np", Spans: []draw.Span{{[]int{0, 1}, "yyyy", 0}}},
		},
	}
	s := wide
	s.Title = ""
	s.Tokens = append([]string{}, s.Tokens...)
	s.Tokens[3] = "ｦ" // half the width of を
	got, want := strings.Split(text(t, of(s), nil), "\n"), strings.Split(text(t, of(plain), nil), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	width := runewidth.Condition{StrictEmojiNeutral: true}
	for i := range got {
		if g, w := width.StringWidth(got[i]), width.StringWidth(want[i]); g != w {
			t.Errorf("line %d has %d cells, want %d:\n%s\n%s", i, g, w, got[i], want[i])
		}
	}
}

// TestSafe checks that nothing in a picture moves the cursor or reorders text, apart from the isolates, which are closed on
// the line on which they were opened.
func TestSafe(t *testing.T) {
	out := text(t, of(hostile, hebrew), &draw.TextOptions{Width: 60}) + text(t, &draw.Document{Sections: []draw.Section{section, {
		Title: "\x1b[1m\u202e", Text: "a\x07b\u2066", Facts: []draw.Fact{{"\x1b", "\u200e"}},
		Tables: []draw.Table{{Title: "\x1b", Columns: []string{"\x1b"}, Rows: [][]string{{"\u202a"}}}},
		Tree:   []draw.Node{{Name: "\x1b", Value: "\u202d"}}, Notes: []string{"\x9b"},
	}}, Notes: []string{"\x1b"}}, nil)
	for line := range strings.Lines(out) {
		open := 0
		for _, r := range strings.TrimSuffix(line, "\n") {
			switch {
			case r == 0x2068:
				open++
			case r == 0x2069:
				open--
			case r == 0x200d: // in emoji
			case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
				t.Errorf("%U in %q", r, line)
			}
			if open < 0 || open > 1 {
				t.Errorf("isolates of %q do not match", line)
			}
		}
		if open != 0 {
			t.Errorf("an isolate of %q is not closed", line)
		}
	}
	if !strings.Contains(out, "\u2068") {
		t.Error("no isolate around Hebrew")
	}
}

// TestWidth checks that lines are no longer than the width, unless a token is.
func TestWidth(t *testing.T) {
	width := runewidth.Condition{StrictEmojiNeutral: true}
	for _, want := range []int{40, 50, 64, 80, 200} {
		for _, s := range []draw.Sentence{english, crossing, hebrew, wide} {
			for line := range strings.Lines(text(t, of(s), &draw.TextOptions{Width: want})) {
				line = strings.NewReplacer("\n", "", "\u2068", "", "\u2069", "").Replace(line)
				if got := width.StringWidth(line); got > want {
					t.Errorf("width %d: a line has %d cells: %s", want, got, line)
				}
			}
		}
	}
}

// many returns n strings.
func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("t", i)
	}
	return out
}

// TestLimits checks that what is too much is left out, with a note.
func TestLimits(t *testing.T) {
	huge := draw.Sentence{Tokens: many(100_000), Layers: make([]draw.Layer, 500)}
	huge.Layers[0].Name = "arcs"
	for i := range 200_000 {
		huge.Layers[0].Arcs = append(huge.Layers[0].Arcs, draw.Arc{Head: i % 1000, Dependent: i % 7, Label: "x"})
		huge.Layers[1].Spans = append(huge.Layers[1].Spans, draw.Span{Tokens: []int{i % 3, 3 + i%1900}, Label: "y"})
		huge.Layers[2].Notes = append(huge.Layers[2].Notes, "z")
	}
	var deep []draw.Node
	for range 100_000 {
		deep = []draw.Node{{Name: "n", Children: deep}}
	}
	broad := make([]draw.Node, 100_000)
	d := &draw.Document{Sections: []draw.Section{
		{Sentences: []draw.Sentence{huge}},
		{Tree: deep},
		{Tree: broad},
		{Sentences: make([]draw.Sentence, 10_000), Text: strings.Repeat("long ", 1_000_000), Facts: make([]draw.Fact, 10_000), Notes: many(10_000)},
		{Tables: []draw.Table{{Columns: []string{"c"}, Rows: make([][]string, 10_000)}}},
	}, Notes: many(10_000)}
	for format, out := range map[string]string{"text": text(t, d, nil), "HTML": html(t, d)} {
		if len(out) > 8<<20 {
			t.Errorf("%s: %d bytes", format, len(out))
		}
		for _, want := range []string{
			"… and 98000 more tokens", "… and 436 more layers", "192000 arcs not drawn", "192000 spans not drawn", "… and 199800 more notes",
			"too many at one place", "… (too deep)", "… and 95000 more nodes", "… and 9501 more sentences", "the text has 5000000 bytes, of which 20000 are shown",
			"… and 9000 more rows", "… and 9000 more facts", "… and 9800 more notes",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q", format, want)
			}
		}
	}
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestError(t *testing.T) {
	if err := draw.Text(full{}, of(english), nil); !errors.Is(err, errFull) {
		t.Errorf("error %v", err)
	}
}

func ExampleText() {
	sentence := draw.Sentence{
		Tokens: []string{"The", "cat", "sleeps", "."},
		Layers: []draw.Layer{
			{Name: "pos", Tags: []string{"DET", "NOUN", "VERB", "PUNCT"}},
			{Name: "dependency", Arcs: []draw.Arc{{1, 0, "det"}, {2, 1, "nsubj"}, {draw.Root, 2, "root"}, {2, 3, "punct"}}},
		},
	}
	draw.Text(os.Stdout, &draw.Document{Sections: []draw.Section{{Sentences: []draw.Sentence{sentence}}}}, nil)
	// Output:
	//                     root
	// dependency   ╭◂det─┬◂nsubj─┬punct▸─╮
	//             The  cat    sleeps     .
	// pos         DET  NOUN    VERB    PUNCT
}

// html returns a page.
func html(t *testing.T, d *draw.Document) string {
	t.Helper()
	var b bytes.Buffer
	if err := draw.HTML(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sentences is a document with all sentences.
var sentences = &draw.Document{Title: "Sentences", Sections: []draw.Section{
	{Title: "English", Sentences: []draw.Sentence{english}}, {Title: "Crossing", Sentences: []draw.Sentence{crossing}},
	{Title: "Hebrew", Sentences: []draw.Sentence{hebrew}}, {Title: "Wide", Sentences: []draw.Sentence{wide}}, section,
}}

// evil is a document with texts that would change a page, at each place where there is text.
var evil = func() *draw.Document {
	const script = `"'></title></style></textarea><script>document.title='evil'</script><img src=x onerror="document.title='evil'">{{.}}`
	return &draw.Document{Title: script, Notes: []string{script}, Sections: []draw.Section{{
		Title: script, Facts: []draw.Fact{{script, script}}, Text: script, Language: `en" onclick="x`, Sentences: []draw.Sentence{
			hostile,
			{Title: script, Language: script, Tokens: []string{script, script}, Layers: []draw.Layer{
				{Name: script, Tags: []string{script}, Notes: []string{script}}, {Name: script, Arcs: []draw.Arc{{0, 1, script}}},
				{Name: script, Spans: []draw.Span{{[]int{0}, script, 1 << 40}}},
			}},
		},
		Tables: []draw.Table{{Title: script, Columns: []string{script}, Rows: [][]string{{script}}, Numbers: []int{-1, 99}}},
		Tree:   []draw.Node{{Name: script, Value: script, Children: []draw.Node{{Name: script, Value: script}}}}, Notes: []string{script},
	}}}
}()

func TestHTML(t *testing.T) {
	golden(t, "page.html", html(t, sentences))
	out := html(t, evil)
	golden(t, "evil.html", out)
	for _, bad := range []string{"<script", "<img", "</textarea", " onclick=", "\x1b", "\u202e", "\x00"} {
		if strings.Contains(out, bad) {
			t.Errorf("%q in the page", bad)
		}
	}
	if got := strings.Count(out, "</style>"); got != 1 {
		t.Errorf("%d ends of the style", got)
	}
}

// TestEnds checks that pages have an end for each beginning of an element.
func TestEnds(t *testing.T) {
	for _, d := range []*draw.Document{sentences, evil, of(), {}, {Sections: make([]draw.Section, 3)}, of(make([]draw.Sentence, 3)...)} {
		out := html(t, d)
		for _, name := range []string{"html", "head", "body", "main", "header", "section", "article", "figure", "div", "svg", "text", "title", "desc", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "dl", "dt", "dd", "p", "bdi", "details", "summary", "span"} {
			if begins, ends := len(regexp.MustCompile("<"+name+"[ >]").FindAllString(out, -1)), strings.Count(out, "</"+name+">"); begins != ends {
				t.Errorf("%d times <%s>, %d times </%s>", begins, name, ends, name)
			}
		}
		ids := map[string]bool{}
		for _, id := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(out, -1) {
			if ids[id[1]] {
				t.Errorf("the ID %s twice", id[1])
			}
			ids[id[1]] = true
		}
		for _, attribute := range regexp.MustCompile(` (?:aria-labelledby="|href="#)([^"]*)"`).FindAllStringSubmatch(out, -1) {
			for _, id := range strings.Fields(attribute[1]) {
				if !ids[id] {
					t.Errorf("no ID %s", id)
				}
			}
		}
	}
}

// TestBrowser opens pages in a browser: nothing is logged, no script runs, and the annotations are in the document.
func TestBrowser(t *testing.T) {
	for name, test := range map[string]struct {
		document *draw.Document
		want     []string
	}{
		"sentences": {sentences, []string{
			"<title>Sentences</title>", `<svg`, `role="img"`, ">nmod:poss</text>", ">PROPN</text>", ">PERSON</text>", `<th scope="row"`, `<th scope="col"`,
			"<bdi>nsubj ← 2 writes</bdi>", "<bdi>1–2, 7–9</bdi>", `lang="he"><bdi>קוראת</bdi>`, "<bdi>notes: sentiment: positive</bdi>", "<bdi>byteEnd</bdi>", `direction="rtl" lang="he">ספר</text>`,
		}},
		"evil": {evil, []string{"document.title='evil'", `\u202egnp.exe`, `\u001b`}},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(file, []byte(html(t, test.document)), 0o644); err != nil {
				t.Fatal(err)
			}
			document, messages := browser.Open(t, file)
			if len(messages) > 0 {
				t.Errorf("the browser logs %q", messages)
			}
			for _, want := range test.want {
				if !strings.Contains(document, want) {
					t.Errorf("no %q in the document", want)
				}
			}
			for _, bad := range []string{"<script", "<img", "<title>evil"} {
				if strings.Contains(document, bad) {
					t.Errorf("%q in the document", bad)
				}
			}
		})
	}
}
