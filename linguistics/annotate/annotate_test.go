package annotate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/linguistics/annotate"
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

func Example() {
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
