package treebank_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

var options = treebank.Options{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Document: "test", CreatedAt: "2026-01-01T00:00:00Z", Languages: []string{"mul"}}

func file(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../conllu/testdata/all.conllu")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t testing.TB, file []byte) []*conllu.Sentence {
	t.Helper()
	var sentences []*conllu.Sentence
	for s, err := range conllu.Read(bytes.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		sentences = append(sentences, s)
	}
	return sentences
}

func convert(t testing.TB, file []byte, o treebank.Options) []treebank.Record {
	t.Helper()
	all, err := treebank.Import(parse(t, file), &o)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// stored returns the records as a server stores them, having checked each against its lexicon.
func stored(t testing.TB, all []treebank.Record) *treebank.Set {
	t.Helper()
	set := &treebank.Set{}
	seen := map[syntax.ATURI]bool{}
	for _, r := range all {
		if seen[r.URI] {
			t.Fatalf("%s occurs twice", r.URI)
		}
		seen[r.URI] = true
		def, ok := records.Lookup(r.URI.Collection())
		if !ok {
			t.Fatalf("%s: no lexicon", r.URI)
		}
		if err := lex.ValidateRecord(def, r.Value); err != nil {
			t.Fatalf("%s: %v", r.URI, err)
		}
		if err := def.CheckKey(r.URI.RecordKey()); err != nil {
			t.Fatalf("%s: %v", r.URI, err)
		}
		data, err := lex.EncodeCBOR(r.Value)
		if err != nil {
			t.Fatalf("%s: %v", r.URI, err)
		}
		value := def.New()
		if err := lex.DecodeCBOR(data, value); err != nil {
			t.Fatalf("%s: %v", r.URI, err)
		}
		set.Add(r.URI, value)
	}
	return set
}

func export(t testing.TB, set *treebank.Set, uri syntax.ATURI) string {
	t.Helper()
	var out bytes.Buffer
	if err := set.Export(&out, uri); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// many returns a treebank of n sentences, each with an ID of its own.
func many(n int) []byte {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "# sent_id = s%d\n# text = Sentence %d is one of many.\n", i, i)
		for j, form := range []string{"Sentence", fmt.Sprint(i), "is", "one", "of", "many", "."} {
			misc := "_"
			if j == 5 {
				misc = "SpaceAfter=No"
			}
			fmt.Fprintf(&b, "%d\t%s\t%s\tX\tXX\tCase=Nom|Number=Sing\t%d\tdep\t%d:dep\t%s\n", j+1, form, strings.ToLower(form), j, j, misc)
		}
		b.WriteString("\n")
	}
	return []byte(b.String())
}

func TestRoundTrip(t *testing.T) {
	long := strings.Repeat("é", 3000)
	styles, err := os.ReadFile("../conllu/testdata/styles.conllu")
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"all features": file(t),
		"styles":       styles,
		"many":         many(700),
		"long values":  []byte("# long = " + long + "\n#" + long + "\n# " + long + " = x\n1\ta\ta\tX\t_\tA=" + long + "\t0\troot\t_\t" + long + "|B=" + long + "|" + long + "=C\n\n"),
		"reserved names": []byte("# conllu = x\n# conllu.more = y\n# # = z\n# text = \n# a = b = c\n#x = y\n#  x = y\n# x  =  y \n" +
			"1\ta\ta\tX\t_\tconllu.item=1\t0\troot\t_\tconllu.more=x|=y|z=|conllu=1\n\n"),
		"no annotation":   []byte("1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n"),
		"odd relations":   []byte("1\ta\t_\t_\t_\t_\t_\troot\t_\t_\n2\tb\t_\t_\t_\t_\t0\t_\t_\t_\n3\tc\t_\t_\t_\t_\t3\tdep\t0:root|0:root|3:x\t_\n\n"),
		"no text":         []byte("1\ta\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n2\tb\t_\t_\t_\t_\t_\t_\t_\tSpacesAfter=\\s\\n\n\n1\ta\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No\n\n"),
		"equal sentences": bytes.Repeat([]byte("# sent_id = x\n# newpar\n1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n"), 5),
		"equal documents": bytes.Repeat([]byte("# newdoc id = x\n1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n"), 3),
	} {
		for _, per := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%t", name, per), func(t *testing.T) {
				o := options
				o.PerSentence = per
				all := convert(t, file, o)
				for _, r := range all {
					if size := len(r.Value.(fmt.Stringer).String()); size > treebank.DefaultMaxRecord {
						t.Errorf("%s: %d bytes", r.URI, size)
					}
				}
				set := stored(t, all)
				if diff := cmp.Diff(string(file), export(t, set, all[0].URI)); diff != "" {
					t.Errorf("the file differs (- before, + after):\n%s", diff)
				}
				if got := set.Documents(); len(got) != 1 || got[0] != all[0].URI {
					t.Errorf("documents: %v", got)
				}
				// An import of what was exported changes nothing, even at another time.
				o.CreatedAt = "2026-02-02T00:00:00Z"
				put, remove, err := set.Changes(convert(t, file, o), &o)
				if err != nil || len(put)+len(remove) > 0 {
					t.Errorf("importing again: put %d, delete %d, %v", len(put), len(remove), err)
				}
			})
		}
	}
}

// TestSpans checks that every span is what its record says it is, in the text of its expression.
func TestSpans(t *testing.T) {
	for _, per := range []bool{false, true} {
		o := options
		o.PerSentence = per
		texts := map[syntax.ATURI]string{}
		tokens, multiword := 0, 0
		for _, r := range convert(t, file(t), o) {
			switch v := r.Value.(type) {
			case *expression.Expression:
				texts[r.URI] = v.Text.Or("")
				if parent, ok := v.ParentRef.Get(); ok && v.Anchor != nil {
					span := v.Anchor.TextSpan
					if got := texts[parent][span.ByteStart:span.ByteEnd]; got != texts[r.URI] {
						t.Errorf("%s: %q in its parent, %q itself", r.URI, got, texts[r.URI])
					}
				}
			case *annotation.AnnotationLayer:
				for _, a := range v.Annotations {
					if a.Anchor == nil {
						continue
					}
					multiword++
					if span := a.Anchor.TextSpan; texts[v.Expression][span.ByteStart:span.ByteEnd] != a.Text.Or("") {
						t.Errorf("multiword token %v", a)
					}
				}
			case *segmentation.Segmentation:
				for _, token := range v.Tokenizations[0].Tokens {
					tokens++
					got := texts[v.Expression][token.TextSpan.ByteStart:token.TextSpan.ByteEnd]
					if want := token.Text.Or(""); got != want && got != "Vámonos" && got != "al" {
						t.Errorf("token %d: %q in the text, %q itself", token.TokenIndex, got, want)
					}
				}
			}
		}
		if tokens != 29 || multiword != 2 {
			t.Errorf("per sentence %t: %d tokens, %d multiword tokens", per, tokens, multiword)
		}
	}
}

// TestInsert checks that sentences put in between move no key and no UUID, and that they are deleted again.
func TestInsert(t *testing.T) {
	o := options
	before := many(700)
	extra := bytes.ReplaceAll(many(40), []byte("# sent_id = s"), []byte("# sent_id = new"))
	at := bytes.Index(before, []byte("# sent_id = s377\n"))
	after := append(append(append([]byte{}, before[:at]...), extra...), before[at:]...)
	set := stored(t, convert(t, before, o))
	put, remove, err := set.Changes(convert(t, after, o), &o)
	if err != nil {
		t.Fatal(err)
	}
	// The sentences after it in its unit have other places; those of other units do not change.
	if len(put) < 40 || len(put) > 200 || len(remove) > 8 {
		t.Errorf("put %d, delete %d", len(put), len(remove))
	}
	uuids := map[string]bool{}
	for _, r := range convert(t, before, o) {
		if layer, ok := r.Value.(*annotation.AnnotationLayer); ok {
			for _, a := range layer.Annotations {
				uuids[a.UUID.Value] = true
			}
		}
	}
	for _, r := range convert(t, after, o) {
		if layer, ok := r.Value.(*annotation.AnnotationLayer); ok {
			for _, a := range layer.Annotations {
				delete(uuids, a.UUID.Value)
			}
		}
	}
	if len(uuids) > 0 {
		t.Errorf("%d UUIDs are gone", len(uuids))
	}

	set = stored(t, convert(t, after, o))
	note := treebank.Record{URI: "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.annotation.annotationLayer/3aaaaaaaaaaaa", Value: &annotation.AnnotationLayer{
		Expression: convert(t, after, o)[0].URI, Kind: "span", CreatedAt: o.CreatedAt, Subkind: lex.Some(annotation.AnnotationLayerSubkindNer), Annotations: []annotation.Annotation{},
	}}
	set.Add(note.URI, note.Value)
	put, remove, err = set.Changes(convert(t, before, o), &o)
	if err != nil || len(put) == 0 || len(put) > 200 || len(remove) < 40 || len(remove) > 60 || slices.Contains(remove, note.URI) {
		t.Errorf("put %d, delete %d, %v", len(put), len(remove), err)
	}
}

func BenchmarkImport(b *testing.B) {
	sentences := parse(b, many(6000)) // 1.8 MB
	b.SetBytes(int64(len(many(6000))))
	for b.Loop() {
		if _, err := treebank.Import(sentences, &options); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExport(b *testing.B) {
	o := options
	all := convert(b, many(6000), o)
	set := stored(b, all)
	for b.Loop() {
		if err := set.Export(new(bytes.Buffer), all[0].URI); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleImport() {
	file := "# sent_id = 1\n# text = Go home!\n1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\t_\n" +
		"2\thome\thome\tADV\t_\t_\t1\tadvmod\t_\tSpaceAfter=No\n3\t!\t!\tPUNCT\t_\t_\t1\tpunct\t_\t_\n\n"
	var sentences []*conllu.Sentence
	for sentence, err := range conllu.Read(strings.NewReader(file)) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		sentences = append(sentences, sentence)
	}
	records, err := treebank.Import(sentences, &treebank.Options{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Document: "example", CreatedAt: "2026-01-01T00:00:00Z"})
	if err != nil {
		fmt.Println(err)
		return
	}
	set := &treebank.Set{}
	for _, record := range records {
		fmt.Println(record.URI.Collection())
		set.Add(record.URI, record.Value)
	}
	var out strings.Builder
	err = set.Export(&out, records[0].URI)
	fmt.Println(out.String() == file, err)
	// Output:
	// pub.layers.expression.expression
	// pub.layers.expression.expression
	// pub.layers.segmentation.segmentation
	// pub.layers.annotation.annotationLayer
	// pub.layers.annotation.annotationLayer
	// pub.layers.annotation.annotationLayer
	// pub.layers.annotation.annotationLayer
	// true <nil>
}
