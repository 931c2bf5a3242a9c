package treebank_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/linguistics/treebank"
)

// generator makes valid files that have every feature of the format, in any combination.
type generator struct {
	*rand.Rand
	b strings.Builder
}

func pick[T any](g *generator, all ...T) T { return all[g.IntN(len(all))] }

// rarely returns one of some values in one of n cases, and else usual.
func rarely(g *generator, n int, usual string, rare ...string) string {
	if g.IntN(n) > 0 {
		return usual
	}
	return pick(g, rare...)
}

func (g *generator) file(sentences int) []byte {
	g.b.Reset()
	for i := range sentences {
		g.sentence(i)
	}
	return []byte(g.b.String())
}

func (g *generator) form() string {
	return pick(g, "a", "word", "_", "-", "10 000", "học sinh", "e\u0301", "é", "שלום", "القطة", "猫", "👩‍👩‍👧", "=", "|", "a=b|c", "#", "\u00a0x", "\"", `\`, "\u200b", "1-2", strings.Repeat("long", 40))
}

func (g *generator) items(separated bool) string {
	var all []string
	for range g.IntN(4) {
		name := pick(g, "Case", "Number[psor]", "Gender", "conllu", "conllu.item", "Ñ", "a b")
		value := rarely(g, 40, pick(g, "Nom", "Sing,Plur", "x=y", "_", "1"), strings.Repeat("é", 3000))
		if !separated {
			name = strings.ReplaceAll(name, " ", "")
		}
		all = append(all, name+"="+value)
	}
	if separated {
		for range g.IntN(3) {
			all = append(all, pick(g, "SpaceAfter=No", `SpacesAfter=\s\s\n`, `SpacesAfter=\t\p\r\\`, `SpacesBefore=\n`, "plain", "", "=", "x=", "=y", "_", "SpaceAfter=Yes", "Entity=(e1-person-1-new)", "Gloss=big  water"))
		}
		g.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	column := strings.Join(all, "|")
	if column == "" || column[0] == ' ' || strings.HasSuffix(column, " ") {
		return "_"
	}
	return column
}

func (g *generator) comments(i int) {
	for range g.IntN(2) {
		g.b.WriteString(pick(g, "# newdoc\n", "# newdoc id = d\n", fmt.Sprintf("# newdoc id = d%d\n", i), "# newdoc id =\n"))
	}
	if g.IntN(3) == 0 {
		g.b.WriteString(pick(g, "# newpar\n", "# newpar id = p\n", fmt.Sprintf("# newpar id = p%d\n", i), "# newpar id = \n"))
	}
	if g.IntN(4) > 0 {
		g.b.WriteString(rarely(g, 4, fmt.Sprintf("# sent_id = s%d\n", i), "# sent_id = s\n", "# sent_id =\n", "#sent_id=t\n", "# sent_id = a # b\n", "# sent_id = s\n# sent_id = s\n"))
	}
	for range g.IntN(3) {
		g.b.WriteString(pick(g, "#\n", "# \n", "# text_en = hello\n", "# text = not the text\n", "#text = x\n", "# a comment\n", "##\n", "# = \n", "# x =  y \n", "# x = a = b\n", "# conllu = 1\n", "# conllu.item = 1\n", "#\tTab\there\n", "# global.Entity = eid-etype\n", "# x = "+strings.Repeat("é", 3000)+"\n", "# text = \n", "# \u00a0\n"))
	}
}

func (g *generator) sentence(i int) {
	g.comments(i)
	words := 1 + g.IntN(7)
	var rows []string
	var text strings.Builder
	nodes := map[int]int{} // how many empty nodes follow each word
	for word := range words + 1 {
		if g.IntN(6) == 0 {
			nodes[word] = 1 + g.IntN(11)
		}
	}
	head := func(empty bool) string {
		word := g.IntN(words + 1)
		if n := nodes[word]; empty && n > 0 && g.IntN(2) == 0 {
			return fmt.Sprintf("%d.%d", word, 1+g.IntN(n))
		}
		return fmt.Sprint(word)
	}
	deps := func() string {
		if g.IntN(3) == 0 {
			return "_"
		}
		var all []string
		for range 1 + g.IntN(3) {
			all = append(all, head(true)+":"+pick(g, "nsubj", "obl:på:acc", "conj:and>33.1", "root", "a:", "x"))
		}
		return strings.Join(all, "|")
	}
	row := func(columns ...string) { rows = append(rows, strings.Join(columns, "\t")) }
	empty := func(word int) {
		for n := range nodes[word] {
			row(fmt.Sprintf("%d.%d", word, n+1), g.form(), g.form(), pick(g, "VERB", "_"), pick(g, "VB", "_"), g.items(false), "_", "_", deps(), g.items(true))
		}
	}
	empty(0)
	covered := 0
	for word := 1; word <= words; word++ {
		form := g.form()
		if word > covered && g.IntN(4) == 0 {
			covered = word + g.IntN(words-word+1)
			token := g.form()
			row(fmt.Sprintf("%d-%d", word, covered), token, "_", "_", "_", rarely(g, 3, "_", "Typo=Yes"), "_", "_", "_", g.items(true))
			text.WriteString(token + pick(g, " ", "", "  "))
		} else if word > covered {
			text.WriteString(form + pick(g, " ", "", "  "))
		}
		row(fmt.Sprint(word), form, g.form(), pick(g, "NOUN", "X", "_"), pick(g, "NN-x|y", "_", "NN"), g.items(false), rarely(g, 5, head(false), "_"), rarely(g, 5, "dep", "_", "root", "nsubj:pass"), deps(), g.items(true))
		empty(word)
	}
	if g.IntN(2) == 0 {
		g.b.WriteString("# text = " + text.String() + "\n")
	}
	g.b.WriteString(strings.Join(rows, "\n") + "\n\n")
}

// TestRandom imports and exports random files: they come back byte for byte, an import of the same file changes nothing,
// and nothing is wrong with the records.
func TestRandom(t *testing.T) {
	for seed := range uint64(5) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
		data := g.file(1 + g.IntN(30))
		for _, per := range []bool{false, true} {
			o := options
			o.PerSentence = per
			all := convert(t, data, o)
			set := stored(t, all)
			if got := export(t, set, all[0].URI); got != string(data) {
				t.Fatalf("seed %d, per sentence %t: the file differs (- before, + after):\n%s", seed, per, cmp.Diff(string(data), got))
			}
			o.CreatedAt = "2026-02-02T00:00:00Z"
			put, remove, err := set.Changes(convert(t, data, o), &o)
			if err != nil || len(put)+len(remove) > 0 {
				t.Fatalf("seed %d, per sentence %t: importing again: put %d, delete %d, %v", seed, per, len(put), len(remove), err)
			}
			warnings := check.Set{}
			for _, r := range all {
				warnings.Add(r.URI, r.Value)
			}
			for _, w := range warnings.Warnings() {
				// The trees are random, and so are the comments. A range of one word gives that another form than the text has.
				if w.Rule != check.RuleCycle && w.Rule != check.RuleEmpty && !strings.HasPrefix(w.Message(), "the text of the span is ") {
					t.Fatalf("seed %d, per sentence %t: %s", seed, per, w)
				}
			}
		}
	}
}

// TestMutated changes random files, a few columns, lines or bytes at a time: what is still valid comes back, and what is
// not has a line and a column.
func TestMutated(t *testing.T) {
	valid, invalid := 0, 0
	for seed := range uint64(500) {
		g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
		lines := strings.SplitAfter(string(g.file(2)), "\n")
		for range 1 + g.IntN(2) {
			i, j := g.IntN(len(lines)), g.IntN(len(lines))
			columns := strings.Split(lines[i], "\t")
			switch g.IntN(6) {
			case 0: // lines change places
				lines[i], lines[j] = lines[j], lines[i]
			case 1: // a line is gone
				lines[i] = ""
			case 2: // a line is there twice
				lines[i] += lines[i]
			case 3: // a column has another value
				columns[g.IntN(len(columns))] = pick(g, "_", "0", "1", "2", "1-2", "0.1", "1.1", "2:x", "A=b", "a|b", "a b", "", " ", "\u0085", "\ufeff", "-", "1:", ":x", "A=", "=", "|")
				lines[i] = strings.Join(columns, "\t")
			case 4: // two columns change places
				k, l := g.IntN(len(columns)), g.IntN(len(columns))
				columns[k], columns[l] = columns[l], columns[k]
				lines[i] = strings.Join(columns, "\t")
			case 5: // a byte is another one
				b := []byte(lines[i])
				if len(b) > 0 {
					b[g.IntN(len(b))] = pick[byte](g, '\n', '\t', ' ', '#', '_', '\r', 0xff, '0', '1', '-', '.', '|', '=')
				}
				lines[i] = string(b)
			}
		}
		data := strings.Join(lines, "")
		var sentences []*conllu.Sentence
		broken := false
		for s, err := range conllu.Read(strings.NewReader(data)) {
			if problem, ok := errors.AsType[*conllu.SyntaxError](err); ok {
				if total := strings.Count(data, "\n") + 1; problem.Line < 1 || problem.Line > total || problem.Column < 1 || problem.Problem == "" {
					t.Errorf("seed %d: %v", seed, err)
				}
				broken = true
				continue
			} else if err != nil {
				t.Fatal(err)
			}
			sentences = append(sentences, s)
		}
		if broken || len(sentences) == 0 {
			invalid++
			continue
		}
		valid++
		all, err := treebank.Import(sentences, &options)
		if err != nil {
			if !errors.Is(err, treebank.ErrTooLarge) {
				t.Errorf("seed %d: %v", seed, err)
			}
			continue
		}
		if got := export(t, stored(t, all), all[0].URI); got != data {
			t.Fatalf("seed %d: the file differs (- before, + after):\n%s", seed, cmp.Diff(data, got))
		}
	}
	if valid < 50 || invalid < 50 {
		t.Errorf("%d valid, %d invalid files", valid, invalid)
	}
}
