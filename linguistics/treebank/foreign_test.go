package treebank_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const foreignSentence = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3aaaaaaaaaaaa"

// foreign returns a set with one sentence of three words, "Ann saw Bo", and the given layers.
func foreign(t testing.TB, layersOn ...*annotation.AnnotationLayer) *treebank.Set {
	tokenization := layers.UUID{Value: "t"}
	all := []treebank.Record{
		{URI: foreignSentence, Value: &expression.Expression{ID: "made-up", Kind: "sentence", Text: lex.Some("Ann saw\nBo"), CreatedAt: options.CreatedAt}},
		{URI: "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.segmentation.segmentation/3aaaaaaaaaaaa", Value: &segmentation.Segmentation{
			Expression: foreignSentence, CreatedAt: options.CreatedAt,
			Tokenizations: []segmentation.Tokenization{{UUID: tokenization, Kind: "whitespace", Tokens: []segmentation.Token{
				{TokenIndex: 0, Text: lex.Some("Ann")},
				{TokenIndex: 1, TextSpan: &layers.Span{ByteStart: 4, ByteEnd: 7}},
				{TokenIndex: 2, Text: lex.Some("Bo")},
			}}},
		}},
	}
	for i, layer := range layersOn {
		layer.Expression, layer.CreatedAt = foreignSentence, options.CreatedAt
		if layer.TokenizationID == nil {
			layer.TokenizationID = &tokenization
		}
		for j := range layer.Annotations {
			layer.Annotations[j].UUID.Value = fmt.Sprintf("%d-%d", i, j)
		}
		uri := fmt.Sprintf("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.annotation.annotationLayer/3aaaaaaaaaa%c2", 'a'+i)
		all = append(all, treebank.Record{URI: syntax.ATURI(uri), Value: layer})
	}
	return stored(t, all)
}

func layer(kind annotation.AnnotationLayerKind, subkind annotation.AnnotationLayerSubkind, all ...annotation.Annotation) *annotation.AnnotationLayer {
	return &annotation.AnnotationLayer{Kind: kind, Subkind: lex.Some(subkind), Annotations: all}
}

func features(pairs ...string) *layers.FeatureMap {
	m := &layers.FeatureMap{}
	for i := 0; i < len(pairs); i += 2 {
		m.Entries = append(m.Entries, layers.Feature{Key: pairs[i], Value: pairs[i+1]})
	}
	return m
}

// TestForeign exports records of other writers.
func TestForeign(t *testing.T) {
	index, label := lex.SomeInt, lex.Some[string]
	best := layer("token-tag", "pos", annotation.Annotation{TokenIndex: index(0), Label: label("PROPN")})
	second := layer("token-tag", "pos", annotation.Annotation{TokenIndex: index(0), Label: label("WRONG")})
	second.Rank = index(2)
	subwords := layer("token-tag", "xpos", annotation.Annotation{TokenIndex: index(0), Label: label("WRONG")})
	subwords.TokenizationID = &layers.UUID{Value: "of subwords"}
	for _, test := range []struct {
		name   string
		layers []*annotation.AnnotationLayer
		want   string
	}{
		{"documentation", []*annotation.AnnotationLayer{
			subwords, second, best,
			layer("token-tag", "lemma", annotation.Annotation{TokenIndex: index(1), Value: label("see"), Label: label("no")}),
			layer("token-tag", "morph", annotation.Annotation{TokenIndex: index(1), Features: features("Tense", "Past")}),
			layer("graph", "dependency",
				annotation.Annotation{TokenIndex: index(0), HeadIndex: index(1), Label: label("nsubj")},
				annotation.Annotation{TokenIndex: index(1), Label: label("root")},
				annotation.Annotation{TargetIndex: index(2), HeadIndex: index(1), Label: label("obj")}),
			layer("graph", "enhanced-dependency",
				annotation.Annotation{TargetIndex: index(0), HeadIndex: index(1), Label: label("nsubj")},
				annotation.Annotation{TargetIndex: index(0), HeadIndex: index(2), Label: label("x")}),
		}, "1 Ann _ PROPN _ _ 2 nsubj 2:nsubj|3:x _\n2 saw see _ _ Tense=Past 0 root _ _\n3 Bo _ _ _ _ 2 obj _ _\n"},
		{"lairs", []*annotation.AnnotationLayer{
			layer("token-tag", "lemma", annotation.Annotation{TokenIndex: index(1), Label: label("see")}),
			layer("token-tag", "pos", annotation.Annotation{TokenIndex: index(1), Label: label("VERB"), Features: features("Tense", "Past")}),
			layer("relation", "dependency",
				annotation.Annotation{TokenIndex: index(0), TargetIndex: index(0), HeadIndex: index(1), Label: label("nsubj")},
				annotation.Annotation{TokenIndex: index(1), TargetIndex: index(1), HeadIndex: index(-1), Label: label("root")}),
		}, "1 Ann _ _ _ _ 2 nsubj _ _\n2 saw see VERB _ Tense=Past 0 root _ _\n3 Bo _ _ _ _ _ _ _ _\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := foreign(t, test.layers...)
			want := "# sent_id = made-up\n# text = Ann saw Bo\n" + strings.ReplaceAll(test.want, " ", "\t") + "\n"
			if diff := cmp.Diff(want, export(t, set, foreignSentence)); diff != "" {
				t.Error(diff)
			}
			if got := set.Documents(); len(got) != 1 || got[0] != foreignSentence {
				t.Errorf("documents: %v", got)
			}
		})
	}
}

// TestExportErrors exports records that CoNLL-U cannot express.
func TestExportErrors(t *testing.T) {
	index, label := lex.SomeInt, lex.Some[string]
	for want, on := range map[string]*annotation.AnnotationLayer{
		"token 0: token 3 is not in the sentence":                    layer("graph", "dependency", annotation.Annotation{TargetIndex: index(0), HeadIndex: index(3), Label: label("x")}),
		"line 3, column 10 (UPOS): the column contains a space":      layer("token-tag", "pos", annotation.Annotation{TokenIndex: index(0), Label: label("a b")}),
		"a column or a comment contains a line feed":                 layer("token-tag", "lemma", annotation.Annotation{TokenIndex: index(2), Value: label("a" + strings.Repeat("\t_", 7) + "\n\n1\tx\tx")}),
		"the row must have 10 columns separated by tabs, but has 11": layer("token-tag", "lemma", annotation.Annotation{TokenIndex: index(0), Value: label("a\tb")}),
	} {
		err := foreign(t, on).Export(new(bytes.Buffer), foreignSentence)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), foreignSentence) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	set := &treebank.Set{}
	if err := set.Export(new(bytes.Buffer), foreignSentence); err == nil {
		t.Error("an expression that does not exist was exported")
	}
	set.Add(foreignSentence, &expression.Expression{Kind: "sentence"})
	if err := set.Export(new(bytes.Buffer), foreignSentence); !errors.Is(err, treebank.ErrNoTokens) {
		t.Errorf("got %v, want ErrNoTokens", err)
	}
	// Expressions that are parts of each other end the export.
	loop := &expression.Expression{Kind: "section", ParentRef: lex.Some(syntax.ATURI(foreignSentence))}
	set = &treebank.Set{}
	set.Add(foreignSentence, loop)
	if err := set.Export(new(bytes.Buffer), foreignSentence); err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("got %v, want an error about nesting", err)
	}
}

// TestTooLarge imports what no record can hold.
func TestTooLarge(t *testing.T) {
	row := func(form, lemma string) string {
		return "# sent_id = s\n1\t" + form + "\t" + lemma + "\t_\t_\t_\t_\t_\t_\t_\n"
	}
	for want, file := range map[string]string{
		"line 2 (LEMMA): too large for a record: it has 4097 bytes, limit 4096": row("a", strings.Repeat("l", 4097)) + "\n",
		`sentence "s" (line 1): too large for a record: its comments take`:      "# sent_id = s\n#" + strings.Repeat("c", 150_000) + "\n1\ta\t_\t_\t_\t_\t_\t_\t_\t_\n\n",
		`sentence "s" (line 1): too large for a record: its segmentation takes`: row(strings.Repeat("f", 4000), "_") + rows(2, 1000) + "\n",
	} {
		o := options
		_, err := treebank.Import(parse(t, []byte(file)), &o)
		if !errors.Is(err, treebank.ErrTooLarge) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %.200v, want %s", err, want)
		}
	}
	for _, o := range []treebank.Options{{}, {DID: options.DID, Document: "x"}} {
		if _, err := treebank.Import(parse(t, file(t)), &o); err == nil {
			t.Errorf("options %+v: no error", o)
		}
	}
	if _, err := treebank.Import(nil, &options); err == nil {
		t.Error("no sentences: no error")
	}
}

// rows returns the rows of words from a number to another.
func rows(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, "%d\t%s\t_\t_\t_\t_\t_\t_\t_\t_\n", i, strings.Repeat("f", 100))
	}
	return b.String()
}
