package annotate_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	uri      = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3aaaaaaaaaaaa"
	layerURI = syntax.ATURI("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.annotation.annotationLayer/3aaaaaaaaaaaa")
	sentence = "Ana saw the cat; it slept."
)

var forms = []string{"Ana", "saw", "the", "cat", ";", "it", "slept", "."}

func annotator(t *testing.T) *annotate.Annotator {
	t.Helper()
	a, err := annotate.Words(uri, sentence, forms)
	if err != nil {
		t.Fatal(err)
	}
	a.Formalism = annotation.AnnotationLayerFormalismUniversalDependencies
	return a
}

func mention(t *testing.T, s, label string) annotate.Mention {
	t.Helper()
	span, err := text.Find(sentence, s, 0)
	if err != nil {
		t.Fatal(err)
	}
	return annotate.Mention{Span: span, Label: label}
}

// TestRecords checks that the records are valid, that each annotation has a UUID of its own, and that references lead to
// what they mean.
func TestRecords(t *testing.T) {
	a := annotator(t)
	tokens := a.Segmentation()
	if err := tokens.Validate(); err != nil {
		t.Error(err)
	}
	id := tokens.Tokenizations[0].UUID.Value
	tags, err := a.Tags(annotation.AnnotationLayerSubkindPos, []string{"PROPN", "VERB", "DET", "NOUN", "", "PRON", "VERB", "PUNCT"})
	if err != nil || len(tags.Annotations) != 7 || tags.Annotations[4].TokenIndex.Or(-1) != 5 || tags.Annotations[4].Label.Or("") != "PRON" {
		t.Errorf("tags: %v, %v", tags, err)
	}
	lemmas, err := a.Values(annotation.AnnotationLayerSubkindLemma, forms)
	if err != nil || lemmas.Annotations[0].Value.Or("") != "Ana" || lemmas.Annotations[0].Label.IsSet() {
		t.Errorf("lemmas: %v, %v", lemmas, err)
	}
	tree, err := a.Dependencies([]int{1, annotate.Root, 3, 1, 6, 6, 1, 1}, []string{"nsubj", "root", "det", "obj", "punct", "nsubj", "parataxis", "punct"})
	if err != nil || tree.Annotations[1].HeadIndex.Or(0) != -1 || tree.Annotations[0].HeadIndex.Or(0) != 1 || tree.Annotations[0].TargetIndex.Or(9) != 0 {
		t.Errorf("dependencies: %v, %v", tree, err)
	}
	mentions, err := a.Spans(annotation.AnnotationLayerSubkindEntityMention, []annotate.Mention{mention(t, "the cat", "ANIMAL"), mention(t, "it", "")})
	if err != nil || mentions.Annotations[0].Text.Or("") != "the cat" || fmt.Sprint(mentions.Annotations[0].Anchor.TokenRefSequence.TokenIndexes) != "[2 3]" || mentions.Annotations[1].Label.IsSet() {
		t.Errorf("mentions: %v, %v", mentions, err)
	}
	clusters, err := a.Clusters(annotation.ClusterSetKindCoreference, layerURI, mentions, [][]int{{0, 1}})
	if err != nil || clusters.Clusters[0].Members[1].ObjectID.Value != mentions.Annotations[1].UUID.Value || clusters.LayerRef.Or("") != layerURI {
		t.Errorf("clusters: %v, %v", clusters, err)
	}
	if err := clusters.Validate(); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{id: true, clusters.Clusters[0].UUID.Value: true}
	for _, layer := range []*annotation.AnnotationLayer{tags, lemmas, tree, mentions} {
		if err := layer.Validate(); err != nil {
			t.Error(err)
		}
		if layer.TokenizationID.Value != id || layer.Expression != uri || layer.Formalism.Or("") != a.Formalism {
			t.Errorf("%v", layer)
		}
		for _, x := range layer.Annotations {
			if seen[x.UUID.Value] {
				t.Errorf("the UUID %s occurs twice", x.UUID.Value)
			}
			seen[x.UUID.Value] = true
		}
	}
}

func TestErrors(t *testing.T) {
	a := annotator(t)
	eight := strings.Fields("a b c d e f g h")
	for name, err := range map[string]error{
		"labels": second(a.Tags("pos", forms[:7])),
		"values": second(a.Values("lemma", append(eight, "i"))),
		"heads":  second(a.Dependencies([]int{1}, eight)),
		"range":  second(a.Dependencies([]int{1, -1, 3, 1, 6, 6, 8, 1}, eight)),
		"root":   second(a.Dependencies([]int{1, -2, 3, 1, 6, 6, 1, 1}, eight)),
		"cycle":  second(a.Dependencies([]int{1, 2, 0, 1, 6, 6, 1, 1}, eight)),
		"itself": second(a.Dependencies([]int{0, -1, 3, 1, 6, 6, 1, 1}, eight)),
		"member": second(a.Clusters("coreference", layerURI, &annotation.AnnotationLayer{}, [][]int{{0}})),
	} {
		if !errors.Is(err, annotate.ErrMismatch) || !strings.Contains(err.Error(), "at://") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Spans("ner", []annotate.Mention{{Span: layers.Span{ByteStart: 1, ByteEnd: 100}}}); !errors.Is(err, text.ErrSpan) {
		t.Errorf("span: %v", err)
	}
	if _, err := annotate.Words(uri, sentence, forms[1:]); !errors.Is(err, text.ErrNotFound) {
		t.Errorf("words: %v", err)
	}
	broken := text.Tokenize(sentence)
	broken[0].Text = lex.Some("Eve")
	if _, err := annotate.New(uri, sentence, broken); !errors.Is(err, text.ErrSpan) {
		t.Errorf("tokens: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestIntervals makes a tier of a recording.
func TestIntervals(t *testing.T) {
	a, err := annotate.New(uri, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	layer, err := a.Intervals(annotation.AnnotationLayerSubkindSpeaker, []annotate.Interval{{Start: 0, End: 1500 * time.Millisecond, Label: "Ana"}, {Start: 2 * time.Second, End: 3 * time.Second}})
	if err != nil || layer.Kind != annotation.AnnotationLayerKindTier || layer.TokenizationID != nil || len(layer.Annotations) != 2 || layer.Validate() != nil {
		t.Fatalf("%v, %v", layer, err)
	}
	if x := layer.Annotations[0]; x.Anchor.TemporalSpan.Ending != 1500 || x.Label.Or("") != "Ana" || layer.Annotations[1].Label.IsSet() {
		t.Errorf("%v", layer)
	}
	if _, err := a.Intervals("speaker", []annotate.Interval{{Start: 2, End: 1}}); !errors.Is(err, text.ErrSpan) || !strings.Contains(err.Error(), "interval 0") {
		t.Errorf("%v", err)
	}
}

const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

// TestDraft annotates texts in several languages: nothing is wrong with the records, each comes after those that it refers to,
// and they are read back as they were given.
func TestDraft(t *testing.T) {
	for content, forms := range map[string][]string{
		"The cat sleeps.":    {"The", "cat", "sleeps", "."},
		"猫は寝ている。":            {"猫", "は", "寝て", "いる", "。"},
		"שלום,  עולם!\n":     {"שלום", ",", "עולם", "!"},
		"แมวนอน":             {"แมว", "นอน"},
		"👩‍👩‍👧 e\u0301te\t2": {"👩‍👩‍👧", "e\u0301te", "2"},
		"Ohne Formen, so?":   nil,
	} {
		d := annotate.NewDraft(did, content, forms...)
		d.Expression.Languages = []string{"mul"}
		d.Metadata = &layers.AnnotationMetadata{Tool: "test"}
		var words []string
		heads := make([]int, len(d.Tokenization.Tokens))
		for i, token := range d.Tokenization.Tokens {
			words = append(words, token.Text.Or(""))
			heads[i] = i - 1
		}
		if forms != nil && !slices.Equal(words, forms) {
			t.Errorf("%q: %q", content, words)
		}
		d.Tags(annotation.AnnotationLayerSubkindPos, words...)
		d.Values(annotation.AnnotationLayerSubkindLemma, words...)
		d.Dependencies(heads, words...)
		mentions := d.Mentions(annotation.AnnotationLayerSubkindEntityMention, [2]string{words[0], "FIRST"}, [2]string{words[1], ""})
		d.Clusters(annotation.ClusterSetKindCoreference, mentions, []int{0, 1})
		d.Intervals(annotation.AnnotationLayerSubkindSpeaker, annotate.Interval{End: time.Second})
		all, err := d.Records()
		if err != nil || len(all) != 8 || all[0].URI != d.URI() {
			t.Fatalf("%q: %v, %v", content, all, err)
		}
		again, _ := d.Records()
		set, index := check.Set{}, reading.New()
		seen := ""
		for i, r := range all {
			def, ok := records.Lookup(r.URI.Collection())
			if !ok || lex.ValidateRecord(def, r.Value) != nil || def.CheckKey(r.URI.RecordKey()) != nil || r.URI.Authority() != did || again[i].URI != r.URI {
				t.Errorf("%q: %s: %v", content, r.URI, lex.ValidateRecord(def, r.Value))
			}
			for _, uri := range uris.FindAllString(fmt.Sprint(r.Value), -1) {
				if !strings.Contains(seen, uri) {
					t.Errorf("%q: %s refers to %s, which comes later", content, r.URI, uri)
				}
			}
			seen += string(r.URI) + " "
			set.Add(r.URI, r.Value)
			index.Add(reading.Record{URI: r.URI, Value: r.Value})
		}
		if warnings := set.Warnings(); len(warnings) > 0 {
			t.Errorf("%q: %v", content, warnings)
		}
		e, err := index.Expression(t.Context(), d.URI())
		if err != nil || len(e.Problems) > 0 || e.Text != content {
			t.Fatalf("%q: %v, %v", content, err, e.Problems)
		}
		for token, tags := range e.Tokens() {
			if i := token.Index; token.Text != words[i] || tags.Label("pos") != words[i] || tags.Value("lemma") != words[i] || (i > 0) != (tags.Find("dependency").Head != nil) {
				t.Errorf("%q: token %v", content, token)
			}
		}
		if m := e.Clusters[0].Clusters[0].Members; m[0].Annotation.Text != words[0] || m[1].Annotation.Tokens[0].Index != 1 {
			t.Errorf("%q: %v", content, m)
		}
	}
}

// uris finds the URIs in records.
var uris = regexp.MustCompile(`at://[a-zA-Z0-9:./]+`)

// TestDraftErrors checks that the first error is the one that Records returns.
func TestDraftErrors(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(d *annotate.Draft)
		want error
	}{
		"labels": {func(d *annotate.Draft) { d.Tags("pos", "X"); d.Mentions("ner", [2]string{"dog", ""}) }, annotate.ErrMismatch},
		"mention": {func(d *annotate.Draft) {
			d.Mentions("ner", [2]string{"cat", ""}, [2]string{"The", ""})
			d.Tags("pos", "X")
		}, text.ErrNotFound},
		"span":     {func(d *annotate.Draft) { d.Spans("ner", annotate.Mention{Span: layers.Span{ByteEnd: 99}}) }, text.ErrSpan},
		"interval": {func(d *annotate.Draft) { d.Intervals("speaker", annotate.Interval{Start: 1}) }, text.ErrSpan},
		"heads":    {func(d *annotate.Draft) { d.Dependencies([]int{0, 1}, "a", "b") }, annotate.ErrMismatch},
		"values":   {func(d *annotate.Draft) { d.Values("lemma") }, annotate.ErrMismatch},
		"clusters": {func(d *annotate.Draft) { d.Clusters("coreference", d.Mentions("ner", [2]string{"cat", ""}), []int{1}) }, annotate.ErrMismatch},
		"no layer": {func(d *annotate.Draft) { d.Clusters("coreference", d.Mentions("ner", [2]string{"dog", ""}), []int{1}) }, text.ErrNotFound},
	} {
		d := annotate.NewDraft(did, "The cat", "The", "cat")
		test.do(d)
		if all, err := d.Records(); !errors.Is(err, test.want) || all != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := annotate.NewDraft("alice", "a", "a").Records(); err == nil {
		t.Error("no DID")
	}
	d := annotate.NewDraft(did, "The cat", "The", "dog")
	d.Tags("pos", "DET", "NOUN")
	if _, err := d.Records(); !errors.Is(err, text.ErrNotFound) {
		t.Errorf("forms: %v", err)
	}
	d = annotate.NewDraft(did, strings.Repeat("é ", 1000))
	if all, err := d.Records(); err != nil || len(d.Expression.ID) != 1023 || d.Expression.Validate() != nil || len(all) != 2 {
		t.Errorf("a long text: %v, %d", err, len(d.Expression.ID))
	}
	if all, err := annotate.NewDraft(did, "").Records(); err != nil || len(all) != 1 {
		t.Errorf("no text: %v, %v", all, err)
	}
}

// Annotate a sentence with parts of speech, dependencies and two mentions of one thing.
func Example() {
	d := annotate.NewDraft("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "Ana saw the cat; it slept.", "Ana", "saw", "the", "cat", ";", "it", "slept", ".")
	d.Expression.Languages = []string{"en"}
	d.Tags(annotation.AnnotationLayerSubkindPos, "PROPN", "VERB", "DET", "NOUN", "PUNCT", "PRON", "VERB", "PUNCT")
	d.Dependencies([]int{1, annotate.Root, 3, 1, 6, 6, 1, 1}, "nsubj", "root", "det", "obj", "punct", "nsubj", "parataxis", "punct")
	mentions := d.Mentions(annotation.AnnotationLayerSubkindEntityMention, [2]string{"the cat", "ANIMAL"}, [2]string{"it", ""})
	d.Clusters(annotation.ClusterSetKindCoreference, mentions, []int{0, 1})
	all, err := d.Records()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range all {
		fmt.Println(r.URI.Collection())
	}
	// Output:
	// pub.layers.expression.expression
	// pub.layers.segmentation.segmentation
	// pub.layers.annotation.annotationLayer
	// pub.layers.annotation.annotationLayer
	// pub.layers.annotation.annotationLayer
	// pub.layers.annotation.clusterSet
}

// Annotate an expression that exists.
func ExampleWords() {
	a, err := annotate.Words(uri, "The cat sleeps.", []string{"The", "cat", "sleeps", "."})
	if err != nil {
		fmt.Println(err)
		return
	}
	pos, err := a.Tags(annotation.AnnotationLayerSubkindPos, []string{"DET", "NOUN", "VERB", "PUNCT"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tree, err := a.Dependencies([]int{1, 2, annotate.Root, 2}, []string{"det", "nsubj", "root", "punct"})
	fmt.Println(len(a.Segmentation().Tokenizations[0].Tokens), len(pos.Annotations), len(tree.Annotations), err)
	// Output: 4 4 4 <nil>
}
