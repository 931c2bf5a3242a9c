package conllu_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/linguistics/conllu"
)

// all is a file with every feature of the format.
func all(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/all.conllu")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// read returns the sentences of a file, or all of its errors, joined.
func read(r io.Reader) ([]*conllu.Sentence, error) {
	var sentences []*conllu.Sentence
	var errs []error
	for s, err := range conllu.Read(r) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sentences = append(sentences, s)
	}
	return sentences, errors.Join(errs...)
}

// TestRoundTrip reads a file with every feature of the format, and one with the ways in which treebanks use it.
func TestRoundTrip(t *testing.T) {
	styles, err := os.ReadFile("testdata/styles.conllu")
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"all": all(t), "styles": styles} {
		for _, reader := range []io.Reader{bytes.NewReader(file), iotest.OneByteReader(bytes.NewReader(file))} {
			sentences, err := read(reader)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var out []byte
			for _, s := range sentences {
				out = s.Append(out)
			}
			if diff := cmp.Diff(string(file), string(out)); diff != "" {
				t.Errorf("%s: the file differs (- read, + written):\n%s", name, diff)
			}
		}
	}
}

func TestSurface(t *testing.T) {
	sentences, err := read(bytes.NewReader(all(t)))
	if err != nil {
		t.Fatal(err)
	}
	type surface struct {
		text, after string
		stated      bool
		tokens      string
	}
	want := []surface{
		{"Go to the sea.", "\n", true, "Go to the sea ."},
		{"Vámonos al mar – ya.", " ", true, "Vámonos Vámonos Vámonos al al al mar – ya ."},
		{"Ana likes tea and Bo 10 000 coffees.", "", true, "  Ana likes tea and Bo  10 000 coffees ."},
		{"שלום, עולם", " ", true, "שלום , עולם"},
		{"_ 👩‍👩‍👧 bare", " ", false, "_ 👩‍👩‍👧 bare"},
		{"No comments", " ", false, "No comments"},
	}
	for i, s := range sentences {
		got := s.Surface()
		var tokens []string
		for _, span := range got.Spans {
			tokens = append(tokens, got.Text[span.Start:span.End])
		}
		if got := (surface{got.Text, got.After, got.Stated, strings.Join(tokens, " ")}); got != want[i] {
			t.Errorf("sentence %d: got %+v, want %+v", i+1, got, want[i])
		}
	}
}

func TestErrors(t *testing.T) {
	row := func(columns string) string { return strings.ReplaceAll(columns, " ", "\t") + "\n" }
	word := row("1 a a X _ _ 0 root _ _")
	for _, test := range []struct{ name, file, want string }{
		{"columns", "1\ta\ta\n\n", "line 1, column 6: the row must have 10 columns separated by tabs, but has 3"},
		{"eleven columns", row("1 a a X _ _ 0 root _ _ _") + "\n", "line 1, column 24: the row must have 10 columns separated by tabs, but has 11"},
		{"spaces between columns", "1 a a X _ _ 0 root _ _\n\n", "line 1, column 23: the row must have 10 columns separated by tabs, but has 1"},
		{"spaces alone", word + "  \n\n", "line 2, column 1: the line has only spaces: a sentence must end with an empty line"},
		{"empty column", row("1 á  X _ _ 0 root _ _") + "\n", "line 1, column 5 (LEMMA): the column is empty: write _ if there is no value"},
		{"space in a column", "1\ta\ta\tX Y\t_\t_\t0\troot\t_\t_\n\n", "line 1, column 8 (UPOS): the column contains a space"},
		{"space at the end", "1\ta\ta\tX\t_\t_\t0\troot\t_\ta=b \n\n", "line 1, column 25 (MISC): the column begins or ends with a space"},
		{"UTF-8", "1\ta\xff\ta\tX\t_\t_\t0\troot\t_\t_\n\n", "line 1, column 4 (FORM): the text is not valid UTF-8"},
		{"UTF-8 in a comment", "# é\xff\n" + word + "\n", "line 1, column 4: the text is not valid UTF-8"},
		{"ID", row("a a a X _ _ 0 root _ _") + "\n", `line 1, column 1 (ID): "a" is not a number, a range of numbers such as 1-2, or an empty node such as 1.1`},
		{"ID with a zero", row("01 a a X _ _ 0 root _ _") + "\n", `line 1, column 1 (ID): "01" is not a number, a range of numbers such as 1-2, or an empty node such as 1.1`},
		{"reversed range", row("2-1 a _ _ _ _ _ _ _ _") + word + "\n", `line 1, column 1 (ID): "2-1" is not a number, a range of numbers such as 1-2, or an empty node such as 1.1`},
		{"order", word + row("3 a a X _ _ 0 root _ _") + "\n", "line 2, column 1 (ID): word 3 follows word 1"},
		{"range after its word", word + row("1-1 a _ _ _ _ _ _ _ _") + "\n", "line 2, column 1 (ID): the range 1-1 must come just before its first word, 1"},
		{"range too long", row("1-2 a _ _ _ _ _ _ _ _") + word + "\n", "line 1, column 1 (ID): the range 1-2 ends after the last word, 1"},
		{"ranges overlap", row("1-2 a _ _ _ _ _ _ _ _") + word + row("2-3 a _ _ _ _ _ _ _ _") + row("2 b b X _ _ 1 dep _ _") + row("3 b b X _ _ 1 dep _ _") + "\n", "line 3, column 1 (ID): the range 2-3 overlaps the one before it"},
		{"range with annotation", row("1-1 a b c d E=f 1 g h:i _") + word + "\n", "line 1, column 7 (LEMMA): a multiword token must have _ here, not \"b\"\nline 1, column 9 (UPOS): a multiword token must have _ here, not \"c\"\n" +
			"line 1, column 11 (XPOS): a multiword token must have _ here, not \"d\"\nline 1, column 17 (HEAD): a multiword token must have _ here, not \"1\"\nline 1, column 19 (DEPREL): a multiword token must have _ here, not \"g\"\n" +
			"line 1, column 21 (DEPS): a multiword token must have _ here, not \"h:i\"\nline 1, column 21 (DEPS): \"h:i\" is not an edge of the form HEAD:RELATION"},
		{"range with a lemma", row("1-1 a b _ _ _ _ _ _ _") + word + "\n", `line 1, column 7 (LEMMA): a multiword token must have _ here, not "b"`},
		{"empty node out of place", word + row("2.1 a _ _ _ _ _ _ _ _") + "\n", "line 2, column 1 (ID): the empty node 2.1 cannot follow 1"},
		{"empty node within a range", row("1-2 a _ _ _ _ _ _ _ _") + row("0.1 a _ _ _ _ _ _ _ _") + word + row("2 b b X _ _ 1 dep _ _") + "\n", "line 2, column 1 (ID): the empty node 0.1 must come before the range 1-2"},
		{"tab at the end", row("1 á a X _ _ 0 root _ _ ") + "\n", "line 1, column 24: the row must have 10 columns separated by tabs, but has 11"},
		{"several features", row("1 a a X _ Á=1|b|c=d 0 root 0:root|9:x|1 _") + "\n", `line 1, column 15 (FEATS): "b" is not a feature of the form Name=Value` + "\nline 1, column 35 (DEPS): the head 9 does not exist\n" + `line 1, column 39 (DEPS): "1" is not an edge of the form HEAD:RELATION`},
		{"empty node with a head", word + row("1.1 a _ _ _ _ 1 _ _ _") + "\n", `line 2, column 15 (HEAD): an empty node must have _ here, not "1"`},
		{"head", row("1 a a X _ _ 2 root _ _") + "\n", "line 1, column 13 (HEAD): the head 2 does not exist: the last word is 1"},
		{"head is no number", row("1 a a X _ _ -1 root _ _") + "\n", `line 1, column 13 (HEAD): "-1" is not a number`},
		{"FEATS", row("1 a a X _ Case 0 root _ _") + "\n", `line 1, column 11 (FEATS): "Case" is not a feature of the form Name=Value`},
		{"DEPS", row("1 a a X _ _ 0 root 0 _") + "\n", `line 1, column 20 (DEPS): "0" is not an edge of the form HEAD:RELATION`},
		{"head in DEPS", row("1 a a X _ _ 0 root 1.1:x _") + "\n", "line 1, column 20 (DEPS): the head 1.1 does not exist"},
		{"comment in a sentence", word + "# late\n\n", "line 2, column 1: a comment must be before the sentence's first row"},
		{"comment alone", "# alone\n\n" + word + "\n", "line 2, column 1: the sentence has comments but no rows"},
		{"no words", row("0.1 a _ _ _ _ _ _ _ _") + "\n", "line 1, column 1 (ID): the sentence has no words"},
		{"empty line", "\n" + word + "\n", "line 1, column 1: unexpected empty line: no sentence precedes it"},
		{"no empty line at the end", word, "line 1, column 1: the file ends within a sentence: an empty line must follow the last row"},
		{"no line feed at the end", word + "\n# á", "line 3, column 4: the last line has no line feed at its end"},
		{"CR LF", strings.ReplaceAll(word, "\n", "\r\n") + "\r\n", "line 1, column 23: the line ends with CR LF: lines must end with LF only"},
		{"byte order mark", "\ufeff" + word + "\n", "line 1, column 1: the file begins with a byte order mark"},
		{"CoNLL-U Plus", "# global.columns = ID FORM\n1\ta\n\n", "line 1, column 1: the file defines its own columns (CoNLL-U Plus), which is not supported: only the ten of CoNLL-U in their order are"},
		{"CoNLL-U Plus with one more", "#global.columns=ID FORM LEMMA UPOS XPOS FEATS HEAD DEPREL DEPS MISC X:Y\n1\ta\n\n", "line 1, column 1: the file defines its own columns (CoNLL-U Plus), which is not supported: only the ten of CoNLL-U in their order are"},
		{"all errors", row("1 a a X _ Case 5 root _ _") + row("2 a a X _ _ 6 root _ _") + "\n" + word + "\n" + row("2 a a X _ _ 0 root _ _") + "\n",
			"line 1, column 11 (FEATS): \"Case\" is not a feature of the form Name=Value\nline 1, column 16 (HEAD): the head 5 does not exist: the last word is 2\n" +
				"line 2, column 13 (HEAD): the head 6 does not exist: the last word is 2\nline 6, column 1 (ID): word 2 follows word 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sentences, err := read(strings.NewReader(test.file))
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
			if valid := strings.Count(test.file, "\n"+word+"\n"); test.name == "all errors" && len(sentences) != valid {
				t.Errorf("%d sentences, want %d", len(sentences), valid)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	long := "# " + strings.Repeat("x", conllu.MaxLine)
	if _, err := read(strings.NewReader(long + "\n\n")); err == nil || !strings.Contains(err.Error(), "line 1, column 1: the line is longer") {
		t.Errorf("long line: %v", err)
	}
	comment := "# " + strings.Repeat("x", conllu.MaxLine-10) + "\n"
	many := strings.Repeat(comment, conllu.MaxSentence/conllu.MaxLine+1)
	if _, err := read(strings.NewReader(many)); err == nil || !strings.Contains(err.Error(), "the sentence is larger") {
		t.Errorf("large sentence: %v", err)
	}
	rows := strings.Repeat("x\n", 1000)
	if _, err := read(strings.NewReader(rows + "\n")); err == nil || strings.Count(err.Error(), "\n") != 99 || !strings.HasSuffix(err.Error(), "and 900 more errors in this sentence") {
		t.Errorf("many errors: %.300v", err)
	}
	broken := errors.New("broken")
	if _, err := read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("reader's error: %v", err)
	}
}

func TestValidate(t *testing.T) {
	row := func(id, form, head string) conllu.Row {
		word, _ := conllu.ParseID(id)
		return conllu.Row{ID: word, Form: form, Lemma: "_", UPOS: "_", XPOS: "_", Feats: "_", Head: head, Deprel: "_", Deps: "_", Misc: "_"}
	}
	for want, s := range map[string]conllu.Sentence{
		"": {Comments: []string{" text = a b"}, Rows: []conllu.Row{row("1", "a", "2"), row("2", "b", "0")}},
		"line 2, column 13 (HEAD): the head 3 does not exist: the last word is 1": {Comments: []string{""}, Rows: []conllu.Row{row("1", "a", "3")}},
		"line 1, column 1: a column or a comment contains a line feed":            {Comments: []string{" a\n1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n#"}, Rows: []conllu.Row{row("1", "a", "0")}},
		"line 1, column 1: unexpected empty line: no sentence precedes it":        {},
	} {
		if err := s.Validate(); fmt.Sprint(err) != want && (err != nil || want != "") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(all(f))
	f.Add([]byte("1\ta\ta\tX\t_\t_\t0\troot\t_\t_\n\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		sentences, err := read(bytes.NewReader(file))
		if err != nil {
			return
		}
		var out []byte
		for _, s := range sentences {
			out = s.Append(out)
			surface := s.Surface()
			if len(surface.Spans) != len(s.Rows) {
				t.Fatalf("%d spans for %d rows", len(surface.Spans), len(s.Rows))
			}
			covered := 0
			for i, span := range surface.Spans {
				id := s.Rows[i].ID
				if text := surface.Text[span.Start:span.End]; id.IsRange() || id.IsWord() && id.Word > covered {
					if covered = max(covered, id.Last); text != s.Rows[i].Form {
						t.Fatalf("row %s is %q in the text, not %q", id, text, s.Rows[i].Form)
					}
				}
			}
		}
		if !bytes.Equal(out, file) {
			t.Fatalf("read %q, wrote %q", file, out)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	file := bytes.Repeat(all(b), 1000)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		for _, err := range conllu.Read(bytes.NewReader(file)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func ExampleRead() {
	file := strings.NewReader("# text = Go home!\n" +
		"1\tGo\tgo\tVERB\t_\tMood=Imp\t0\troot\t_\t_\n2\thome\thome\tADV\t_\t_\t1\tadvmod\t_\tSpaceAfter=No\n3\t!\t!\tPUNCT\t_\t_\t1\tpunct\t_\t_\n\n")
	for sentence, err := range conllu.Read(file) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		surface := sentence.Surface()
		for i, row := range sentence.Rows {
			fmt.Println(row.ID, row.Form, row.UPOS, surface.Spans[i])
		}
	}
	// Output:
	// 1 Go VERB {0 2}
	// 2 home ADV {3 7}
	// 3 ! PUNCT {7 8}
}
