package reading_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	ana = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers."
	bob = "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers."
)

// world is a number of repositories: their records in JSON, by the URIs.
type world map[string]string

// created is a field that all records have.
const created = `"createdAt":"2026-01-01T00:00:00Z"`

// decode returns a record, and the issues that it has.
func decode(t testing.TB, uri, text string) (reading.Record, error) {
	t.Helper()
	at := syntax.ATURI(uri)
	def, ok := records.Lookup(at.Collection())
	if !ok {
		t.Fatalf("%s: no lexicon", uri)
	}
	value := def.New()
	err := lex.DecodeJSON([]byte(withType(at, text)), value)
	return reading.Record{URI: at, Value: value, Trust: rec.Signed}, err
}

func withType(uri syntax.ATURI, text string) string {
	return `{"$type":"` + string(uri.Collection()) + `",` + created + `,` + strings.TrimPrefix(strings.TrimSpace(text), "{")
}

// index returns an index of the records of some repositories, or of all.
func (w world) index(t testing.TB, options []reading.Option, repos ...string) *reading.Index {
	t.Helper()
	x := reading.New(options...)
	for uri, text := range w {
		if len(repos) > 0 && !slices.ContainsFunc(repos, func(r string) bool { return strings.HasPrefix(uri, r) }) {
			continue
		}
		r, err := decode(t, uri, text)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		x.Add(r)
	}
	return x
}

// words is a world of one sentence with five words, in Ana's repository.
func words() world {
	return world{
		ana + "expression.expression/3aaaaaaaaaaa2": `{"id":"1","kind":"sentence","text":"Ich seh’ dich nicht."}`,
		ana + "segmentation.segmentation/3aaaaaaaaaaa3": `{"expression":"` + ana + `expression.expression/3aaaaaaaaaaa2","tokenizations":[{"uuid":{"value":"t"},"kind":"custom","tokens":[
			{"tokenIndex":0,"text":"Ich","textSpan":{"byteStart":0,"byteEnd":3},"temporalSpan":{"start":0,"ending":200}},
			{"tokenIndex":1,"textSpan":{"byteStart":4,"byteEnd":10},"temporalSpan":{"start":200,"ending":450}},
			{"tokenIndex":2,"text":"dich","textSpan":{"byteStart":11,"byteEnd":15}},
			{"tokenIndex":3,"text":"nicht","textSpan":{"byteStart":16,"byteEnd":21}},
			{"tokenIndex":4,"text":".","textSpan":{"byteStart":21,"byteEnd":22}}]}]}`,
	}
}

const sentence = ana + "expression.expression/3aaaaaaaaaaa2"

// layer returns the JSON of a layer with annotations, whose UUIDs are their places.
func layer(head string, annotations ...string) string {
	all := make([]string, len(annotations))
	for i, a := range annotations {
		all[i] = fmt.Sprintf(`{"uuid":{"value":"%d"}`, i)
		if a != "" {
			all[i] += "," + a
		}
		all[i] += "}"
	}
	return `{"expression":"` + sentence + `",` + head + `,"annotations":[` + strings.Join(all, ",") + `]}`
}

// describe returns what was found out about an annotation.
func describe(a *reading.Annotation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", a.Index)
	if a.Span != nil {
		fmt.Fprintf(&b, " [%d,%d) %q", a.Span.ByteStart, a.Span.ByteEnd, a.Text)
	}
	for _, token := range a.Tokens {
		fmt.Fprintf(&b, " %d:%s", token.Index, token.Text)
	}
	if a.Time != nil {
		fmt.Fprintf(&b, " %d-%dms", a.Time.Start, a.Time.Ending)
	}
	if a.Dependent != nil {
		head := "root"
		if a.Head != nil {
			head = a.Head.Text
		} else if !a.IsRoot() {
			head = "?"
		}
		fmt.Fprintf(&b, " %s->%s", head, a.Dependent.Text)
	}
	if a.Parent != nil {
		fmt.Fprintf(&b, " in %d", a.Parent.Index)
	}
	for _, child := range a.Children {
		fmt.Fprintf(&b, " has %d", child.Index)
	}
	for _, arg := range a.Arguments {
		fmt.Fprintf(&b, " %s=", arg.Role)
		if arg.Target != nil {
			fmt.Fprint(&b, arg.Target.Index)
		}
	}
	for _, p := range a.Problems {
		fmt.Fprintf(&b, " !%s %v", p.Path, p.Err)
	}
	return b.String()
}

// TestAnnotations joins every kind of annotation, valid and broken.
func TestAnnotations(t *testing.T) {
	const tags = `"kind":"token-tag","subkind":"pos","tokenizationId":{"value":"t"}`
	const spans = `"kind":"span","subkind":"ner","tokenizationId":{"value":"t"}`
	const arcs = `"kind":"graph","subkind":"dependency","tokenizationId":{"value":"t"}`
	const tree = `"kind":"tree","subkind":"constituency","tokenizationId":{"value":"t"}`
	for _, test := range []struct {
		name, head string
		in, want   []string
		problems   int // of the layer itself
	}{
		{"tag", tags, []string{`"tokenIndex":1`}, []string{`0 [4,10) "seh’" 1:seh’ 200-450ms`}, 0},
		{"tag of no token", tags, []string{`"tokenIndex":5`}, []string{`0 !/annotations/0/tokenIndex no such token: index 5, of 5 tokens`}, 0},
		{"tag and anchor", tags, []string{`"tokenIndex":2,"anchor":{"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":2}}`}, []string{`0 [11,15) "dich" 2:dich`}, 0},
		{"one UUID", tags, []string{`"tokenIndex":2},{"uuid":{"value":"0"},"tokenIndex":3`}, []string{`0 [11,15) "dich" 2:dich`, `1 [16,21) "nicht" 3:nicht !/annotations/1/uuid ambiguous reference: another annotation has the same UUID`}, 0},
		{"tag without a place", tags, []string{``}, []string{`0 !/annotations/0 no place in the text`}, 0},
		{"document tag", `"kind":"document-tag","subkind":"sentiment"`, []string{``}, []string{`0`}, 0},
		{"the only tokenization", `"kind":"token-tag","subkind":"pos"`, []string{`"tokenIndex":0`}, []string{`0 [0,3) "Ich" 0:Ich 0-200ms`}, 0},
		{"another tokenization", `"kind":"token-tag","tokenizationId":{"value":"u"}`, []string{`"tokenIndex":0`}, []string{`0 !/annotations/0/tokenIndex no such tokenization`}, 1},
		{"token ref", spans, []string{`"anchor":{"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":2}}`}, []string{`0 [11,15) "dich" 2:dich`}, 0},
		{"token ref elsewhere", spans, []string{`"anchor":{"tokenRef":{"tokenizationId":{"value":"u"},"tokenIndex":2}}`}, []string{`0 !/annotations/0/anchor/tokenRef/tokenizationId no such tokenization`}, 0},
		{"tokens apart", spans, []string{`"anchor":{"tokenRefSequence":{"tokenizationId":{"value":"t"},"tokenIndexes":[3,1]}}`}, []string{`0 [4,21) "seh’ dich nicht" 3:nicht 1:seh’ 200-450ms`}, 0},
		{"one of the tokens", spans, []string{`"anchor":{"tokenRefSequence":{"tokenizationId":{"value":"t"},"tokenIndexes":[0,9]}}`}, []string{`0 [0,3) "Ich" 0:Ich 0-200ms !/annotations/0/anchor/tokenRefSequence/tokenIndexes/1 no such token: index 9, of 5 tokens`}, 0},
		{"span", spans, []string{`"anchor":{"textSpan":{"byteStart":5,"byteEnd":16}}`}, []string{`0 [5,16) "eh’ dich " 1:seh’ 2:dich`}, 0},
		{"span of a space", spans, []string{`"anchor":{"textSpan":{"byteStart":3,"byteEnd":4}}`}, []string{`0 [3,4) " "`}, 0},
		{"span within a character", spans, []string{`"anchor":{"textSpan":{"byteStart":8,"byteEnd":10}}`}, []string{`0 !/annotations/0/anchor/textSpan text: invalid span: [8, 10) begins within a character`}, 0},
		{"span and token", spans, []string{`"anchor":{"textSpan":{"byteStart":0,"byteEnd":15},"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":0}}`}, []string{`0 [0,15) "Ich seh’ dich" 0:Ich 0-200ms`}, 0},
		{"time", spans, []string{`"anchor":{"temporalSpan":{"start":5,"ending":9}}`, `"anchor":{"temporalSpan":{"start":9,"ending":5}}`}, []string{`0 5-9ms`, `1 !/annotations/1/anchor/temporalSpan invalid span: the time begins before the recording, or ends before it begins`}, 0},
		{"elsewhere", spans, []string{`"anchor":{"externalTarget":{"source":"https://example.com/"}}`, `"anchor":{"pageAnchor":{"page":1}}`, `"anchor":{"later":1}`}, []string{`0`, `1`, `2 !/annotations/2/anchor/later unknown field`}, 0},
		{"arcs", arcs, []string{`"targetIndex":0,"headIndex":1`, `"targetIndex":1,"headIndex":-1`, `"targetIndex":2`, `"tokenIndex":3,"headIndex":1`, `"targetIndex":4,"headIndex":7`, `"headIndex":1`, `"tokenIndex":4,"targetIndex":4,"headIndex":-1`},
			[]string{`0 [0,3) "Ich" 0:Ich 0-200ms seh’->Ich`, `1 [4,10) "seh’" 1:seh’ 200-450ms root->seh’`, `2 [11,15) "dich" 2:dich root->dich`, `3 [16,21) "nicht" 3:nicht seh’->nicht`,
				`4 [21,22) "." 4:. ?->. !/annotations/4/headIndex no such token: index 7, of 5 tokens`, `5 !/annotations/5/headIndex no place in the text: the arc has a head but no dependent`, `6 [21,22) "." 4:. root->.`}, 0},
		{"tree", tree, []string{`"childIds":[{"value":"1"},{"value":"2"}]`, `"tokenIndex":0`, `"label":"VP"`, `"tokenIndex":1,"parentId":{"value":"2"}`, `"tokenIndex":2,"parentId":{"value":"2"}`, `"parentId":{"value":"9"}`, `"childIds":[{"value":"8"}]`},
			[]string{`0 [0,15) "Ich seh’ dich" 0:Ich 1:seh’ 2:dich has 1 has 2`, `1 [0,3) "Ich" 0:Ich 0-200ms`, `2 [4,15) "seh’ dich" 1:seh’ 2:dich has 3 has 4`, `3 [4,10) "seh’" 1:seh’ 200-450ms in 2`, `4 [11,15) "dich" 2:dich in 2`,
				`5 !/annotations/5/parentId no such object`, `6 !/annotations/6/childIds/0 no such object`}, 0},
		{"circle", tree, []string{`"parentId":{"value":"1"}`, `"parentId":{"value":"0"}`}, []string{`0 in 1 has 1`, `1 in 0 has 0`}, 0},
		{"arguments", `"kind":"relation","subkind":"frame","tokenizationId":{"value":"t"}`,
			[]string{`"arguments":[{"role":"A0","target":{"localId":{"value":"1"}}},{"role":"A1","target":{"localId":{"value":"9"}}},{"role":"A2","target":{}},{"role":"A3","target":{"recordRef":"` + ana + `annotation.annotationLayer/3bbbbbbbbbbb2","objectId":{"value":"1"}}}]`, `"tokenIndex":0`},
			[]string{`0 [0,3) "Ich" 0:Ich A0=1 A1= A2= A3=1 !/annotations/0/arguments/1/target no such object !/annotations/0/arguments/2/target reference: no field is set`, `1 [0,3) "Ich" 0:Ich 0-200ms`}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := words()
			w[ana+"annotation.annotationLayer/3bbbbbbbbbbb2"] = layer(test.head, test.in...)
			e, err := w.index(t, nil).Expression(t.Context(), sentence)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			n := 0
			for _, a := range e.Layers[0].Annotations {
				got = append(got, describe(a))
				n += len(a.Problems)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if len(e.Problems) != n+test.problems {
				t.Errorf("problems of the expression: %v", e.Problems)
			}
			for _, p := range e.Problems {
				if p.URI != ana+"annotation.annotationLayer/3bbbbbbbbbbb2" || !errors.Is(p, p.Err) || !strings.HasPrefix(p.Error(), string(p.URI)+p.Path+": ") {
					t.Errorf("%v", p)
				}
			}
		})
	}
}

// TestTokens checks the tokens with their tags, and which annotations are tags.
func TestTokens(t *testing.T) {
	w := words()
	w[ana+"annotation.annotationLayer/3bbbbbbbbbbb2"] = layer(`"kind":"token-tag","subkind":"pos"`, `"tokenIndex":1,"label":"VERB"`, `"tokenIndex":0,"label":"PRON"`)
	w[bob+"annotation.annotationLayer/3bbbbbbbbbbb3"] = layer(`"kind":"token-tag","subkind":"lemma"`, `"tokenIndex":0,"value":"ich"`, `"anchor":{"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":1}},"label":"sehen"`)
	w[bob+"annotation.annotationLayer/3bbbbbbbbbbb4"] = layer(`"kind":"span","subkind":"ner"`, `"anchor":{"textSpan":{"byteStart":0,"byteEnd":3}},"label":"PER"`, `"anchor":{"textSpan":{"byteStart":0,"byteEnd":10}},"label":"LONG"`, `"anchor":{"textSpan":{"byteStart":0,"byteEnd":2}},"label":"SHORT"`)
	w[bob+"annotation.annotationLayer/3bbbbbbbbbbb5"] = layer(`"kind":"graph","subkind":"dependency"`, `"targetIndex":0,"headIndex":1,"label":"nsubj"`)
	// Another tokenization, which no layer names.
	w[ana+"segmentation.segmentation/3aaaaaaaaaaa2"] = `{"expression":"` + sentence + `","tokenizations":[{"uuid":{"value":"s"},"kind":"custom","tokens":[]}]}`
	for uri, text := range w {
		w[uri] = strings.Replace(text, `"kind":"token-tag"`, `"tokenizationId":{"value":"t"},"kind":"token-tag"`, 1)
		w[uri] = strings.Replace(w[uri], `"kind":"graph"`, `"tokenizationId":{"value":"t"},"kind":"graph"`, 1)
		w[uri] = strings.Replace(w[uri], `"kind":"span"`, `"tokenizationId":{"value":"t"},"kind":"span"`, 1)
	}
	var first []string
	for range 5 { // maps have another order each time
		e, err := w.index(t, nil).Expression(t.Context(), sentence)
		if err != nil || len(e.Problems) > 0 {
			t.Fatal(err, e.Problems)
		}
		var got []string
		for token, tags := range e.Tokens() {
			line := fmt.Sprintf("%d %s", token.Index, token.Text)
			for _, tag := range tags {
				line += fmt.Sprintf(" %s=%s", tag.Layer.Value.Subkind.Or(""), tag.Value.Value.Or(tag.Value.Label.Or("")))
			}
			got = append(got, line)
		}
		want := []string{"0 Ich lemma=ich ner=PER dependency=nsubj pos=PRON", "1 seh’ lemma=sehen pos=VERB", "2 dich", "3 nicht", "4 ."}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		tags := e.Tokenization().Tokens[1].Tags
		if tags.Label("pos") != "VERB" || tags.Value("pos") != "VERB" || tags.Value("lemma") != "sehen" || tags.Label("ner") != "" || tags.Value("ner") != "" || tags.Find("dependency") != nil {
			t.Errorf("tags: %v", tags)
		}
		if e.Layer("ner").URI != bob+"annotation.annotationLayer/3bbbbbbbbbbb4" || e.Layer("sense") != nil {
			t.Error("Layer")
		}
		if first == nil {
			first = got
		}
	}
	for range mustJoin(t, w).Tokens() {
		break
	}
}

func mustJoin(t testing.TB, w world) *reading.Expression {
	t.Helper()
	e, err := w.index(t, nil).Expression(t.Context(), sentence)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestTokenization breaks the tokens.
func TestTokenization(t *testing.T) {
	for _, test := range []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"index", `"tokenIndex":3`, `"tokenIndex":7`, "/tokenizations/0/tokens/3/tokenIndex: no such token: the token at position 3 has the tokenIndex 7"},
		{"span", `"byteEnd":22`, `"byteEnd":23`, "/tokenizations/0/tokens/4/textSpan: text: invalid span: [21, 23) ends after the text, which has 22 bytes"},
		{"order", `"byteStart":21,"byteEnd":22`, `"byteStart":0,"byteEnd":3`, "/tokenizations/0/tokens/4/textSpan: tokens not in text order"},
		{"twice", `"tokenizations":[`, `"tokenizations":[{"uuid":{"value":"t"},"kind":"custom","tokens":[]},`, "/tokenizations/1/uuid: ambiguous reference: another tokenization has the same UUID"},
		{"part", `"kind":"custom"`, `"kind":"custom","expressionRef":"` + ana + `expression.expression/3zzzzzzzzzzz2"`, "/tokenizations/0/expressionRef: record not found"},
	} {
		w := words()
		uri := ana + "segmentation.segmentation/3aaaaaaaaaaa3"
		if test.old != "" && !strings.Contains(w[uri], test.old) {
			t.Fatal(test.name)
		}
		w[uri] = strings.Replace(w[uri], test.old, test.new, 1)
		e := mustJoin(t, w)
		var got []string
		for _, p := range e.Problems {
			got = append(got, strings.TrimPrefix(p.Error(), uri))
		}
		if s := strings.Join(got, "\n"); s != test.want {
			t.Errorf("%s: %s", test.name, s)
		}
	}
}

// TestAlternatives checks the order of alternatives, and the choice among them.
func TestAlternatives(t *testing.T) {
	w := words()
	at := func(i int) string { return fmt.Sprintf("%sannotation.annotationLayer/3bbbbbbbbbb%c2", ana, 'b'+i) }
	alternative := func(i int) string { return `"alternativesRef":"` + at(i) + `",` }
	for i, head := range []string{
		`"rank":2,` + alternative(3),  // b: the second of those of e
		``,                            // c: has no alternatives
		alternative(3),                // d: without a rank, so the last
		``,                            // e: the first of a group
		alternative(4) + `"rank":3,`,  // f: names itself
		alternative(3),                // g: as d
		alternative(20),               // h: the best is not there
		`"rank":1,` + alternative(20), // i
	} {
		w[at(i)] = layer(head + `"kind":"token-tag","subkind":"pos"`)
	}
	e := mustJoin(t, w)
	var order, best []string
	for _, l := range e.Layers {
		order = append(order, string(l.URI.RecordKey()[11]))
	}
	for _, l := range reading.Best(e.Layers) {
		best = append(best, string(l.URI.RecordKey()[11]))
	}
	if got := fmt.Sprint(order, best); got != "[e b d g c f i h] [e c f i]" {
		t.Errorf("got %s", got)
	}
}

// TestClusters checks members of every kind.
func TestClusters(t *testing.T) {
	w := words()
	mentions, other := ana+"annotation.annotationLayer/3bbbbbbbbbbb2", bob+"annotation.annotationLayer/3bbbbbbbbbbb3"
	w[mentions] = layer(`"kind":"span"`, `"tokenIndex":0`, `"tokenIndex":2`)
	w[bob+"expression.expression/3aaaaaaaaaaa2"] = `{"id":"2","kind":"sentence","text":"Mich?"}`
	w[other] = strings.Replace(layer(`"kind":"span"`, `"anchor":{"textSpan":{"byteStart":0,"byteEnd":4}}`), sentence, bob+"expression.expression/3aaaaaaaaaaa2", 1)
	set := ana + "annotation.clusterSet/3ccccccccccc2"
	w[set] = `{"kind":"coreference","expression":"` + sentence + `","layerRef":"` + mentions + `","expressionRefs":["` + sentence + `","` + bob + `expression.expression/3aaaaaaaaaaa2"],"clusters":[
		{"uuid":{"value":"a"},"members":[{"localId":{"value":"0"}},{"recordRef":"` + other + `","objectId":{"value":"0"}},{"recordRef":"` + mentions + `","objectId":{"value":"1"}}]},
		{"uuid":{"value":"b"},"members":[{"localId":{"value":"7"}},{"recordRef":"` + other + `","objectId":{"value":"7"}},{"recordRef":"` + ana + `annotation.annotationLayer/3zzzzzzzzzzz2","objectId":{"value":"1"}},
			{"recordRef":"` + sentence + `","objectId":{"value":"1"}},{},{"knowledgeRef":{"source":"wikidata","identifier":"Q1"}},{"recordRef":"` + sentence + `"},{"objectId":{"value":"1"}}]},
		{"uuid":{"value":"c"},"members":[]}]}`
	x := w.index(t, nil)
	clusters := func(uri syntax.ATURI) []string {
		e, err := x.Expression(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, set := range e.Clusters {
			for _, c := range set.Clusters {
				line := c.Value.UUID.Value
				for _, m := range c.Members {
					switch {
					case m.Annotation != nil:
						line += fmt.Sprintf(" %d:%s", m.Index, m.Annotation.Text)
						if m.Annotation.Members[0] != m || m.Cluster != c || c.Set != set {
							t.Errorf("%v", m)
						}
					case m.Elsewhere != nil:
						line += fmt.Sprintf(" %d:(%s)", m.Index, m.Elsewhere.UUID.Value)
					case m.Problem != nil:
						line += fmt.Sprintf(" %d!%v", m.Index, m.Problem.Err)
						if !slices.Contains(e.Problems, m.Problem) {
							t.Errorf("%v is not among the problems", m.Problem)
						}
					default:
						line += fmt.Sprintf(" %d:%s", m.Index, m.Target)
					}
				}
				got = append(got, line)
			}
		}
		return got
	}
	want := []string{"a 0:Ich 1:(0) 2:dich",
		"b 0!no such object 1!no such object 2!record not found 3!unexpected collection: it is a record of pub.layers.expression.expression 4!reference: no field is set 5:knowledgeRef 6:recordRef 7!reference: objectId without recordRef",
		"c"}
	if diff := cmp.Diff(want, clusters(sentence)); diff != "" {
		t.Error(diff)
	}
	if got := clusters(bob + "expression.expression/3aaaaaaaaaaa2"); fmt.Sprint(got) != "[a 1:Mich b 1!no such object]" {
		t.Errorf("the other expression: %v", got)
	}
	// The layer alone leads to the set.
	w[set] = `{"kind":"coreference","layerRef":"` + mentions + `","clusters":[{"uuid":{"value":"a"},"members":[{"localId":{"value":"1"}}]}]}`
	x = w.index(t, nil)
	if got := clusters(sentence); fmt.Sprint(got) != "[a 0:dich]" {
		t.Errorf("by the layer: %v", got)
	}
	w[set] = `{"kind":"coreference","expression":"` + sentence + `","clusters":[{"uuid":{"value":"a"},"members":[{"localId":{"value":"1"}}]}]}`
	x = w.index(t, nil)
	if got := clusters(sentence); fmt.Sprint(got) != "[a 0!objectId without recordRef: the cluster set has no layerRef]" {
		t.Errorf("without a layer: %v", got)
	}
}

// treebankOf returns the records of a treebank.
func treebankOf(t testing.TB, file []byte, per bool) []treebank.Record {
	t.Helper()
	var sentences []*conllu.Sentence
	for s, err := range conllu.Read(bytes.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		sentences = append(sentences, s)
	}
	all, err := treebank.Import(sentences, &treebank.Options{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Document: "all", CreatedAt: "2026-01-01T00:00:00Z", PerSentence: per})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestParts reads the sentences of a document, whose tokens and layers are those of the document, or their own: both are
// the same, but for what a sentence refers to outside.
func TestParts(t *testing.T) {
	file, err := os.ReadFile("../conllu/testdata/all.conllu")
	if err != nil {
		t.Fatal(err)
	}
	var results [2][]string
	for i, per := range []bool{false, true} {
		all := treebankOf(t, file, per)
		x := reading.New()
		for _, r := range all {
			x.Add(reading.Record{URI: r.URI, Value: r.Value})
		}
		if got := x.Expressions(); !slices.Equal(got, []syntax.ATURI{all[0].URI}) {
			t.Errorf("expressions: %v", got)
		}
		document, err := x.Expression(t.Context(), all[0].URI)
		if err != nil {
			t.Fatal(err)
		}
		for range document.Sentences(t.Context()) {
			break
		}
		for range document.Parts(t.Context()) {
			break
		}
		for s, err := range document.Sentences(t.Context()) {
			if err != nil || len(s.Problems) > 0 {
				t.Fatal(err, s.Problems)
			}
			results[i] = append(results[i], picture(s))
			// A call for the sentence alone has the same result.
			alone, err := x.Expression(t.Context(), s.URI)
			if err != nil || picture(alone) != picture(s) {
				t.Errorf("alone: %v\n%s\n%s", err, picture(alone), picture(s))
			}
		}
	}
	if len(results[0]) != 6 {
		t.Errorf("%d sentences", len(results[0]))
	}
	if diff := cmp.Diff(results[0], results[1]); diff != "" {
		t.Errorf("- of the document, + of the sentence\n%s", diff)
	}
	if want := "Vámonos al mar – ya.\n0 Vamos ir VERB root 0"; !strings.Contains(results[0][1], want) {
		t.Errorf("want %s, got %s", want, results[0][1])
	}
}

// picture returns all that there is to see of a sentence.
func picture(e *reading.Expression) string {
	var b strings.Builder
	fmt.Fprintln(&b, e.Text)
	for token, tags := range e.Tokens() {
		fmt.Fprintf(&b, "%d %s %s %s %s", token.Index, token.Text, tags.Value("lemma"), tags.Label("pos"), tags.Label("dependency"))
		if arc := tags.Find("dependency"); arc != nil {
			head := 0
			if arc.Head != nil {
				head = arc.Head.Index + 1
			}
			fmt.Fprintf(&b, " %d", head)
		}
		fmt.Fprintln(&b)
	}
	var layers []string
	for _, layer := range e.Layers {
		var l strings.Builder
		fmt.Fprintf(&l, "%s %s\n", layer.Value.Subkind.Or(""), layer.Value.LabelSet.Or(""))
		var lines []string
		for _, a := range layer.Annotations {
			_, line, _ := strings.Cut(describe(a), " ")
			for i := range a.Arguments {
				line = strings.ReplaceAll(line, fmt.Sprint("=", a.Arguments[i].Target.Index), "="+a.Arguments[i].Target.Value.UUID.Value)
			}
			lines = append(lines, line+" "+a.Value.Label.Or(a.Value.Value.Or("")))
		}
		slices.Sort(lines)
		layers = append(layers, l.String()+strings.Join(lines, "\n"))
	}
	slices.Sort(layers)
	return b.String() + strings.Join(layers, "\n")
}

// TestOutside has a part of a text in which an arc, a tree and a cluster lead out of it, and parts that are broken.
func TestOutside(t *testing.T) {
	w := words()
	w[ana+"annotation.annotationLayer/3bbbbbbbbbbb2"] = layer(`"kind":"graph","subkind":"dependency"`, `"targetIndex":0,"headIndex":1`, `"targetIndex":2,"headIndex":1`, `"targetIndex":3,"headIndex":2`,
		`"anchor":{"textSpan":{"byteStart":0,"byteEnd":15}}`, `"tokenIndex":2,"parentId":{"value":"3"},"arguments":[{"role":"x","target":{"localId":{"value":"0"}}}]`)
	w[ana+"annotation.clusterSet/3ccccccccccc2"] = `{"kind":"coreference","expression":"` + sentence + `","layerRef":"` + ana + `annotation.annotationLayer/3bbbbbbbbbbb2","clusters":[
		{"uuid":{"value":"x"},"members":[{"localId":{"value":"0"}}]},{"uuid":{"value":"a"},"members":[{"localId":{"value":"2"}},{"localId":{"value":"0"}},{"localId":{"value":"1"}}]}]}`
	part := func(key, fields string) {
		w[ana+"expression.expression/"+key] = `{"id":"p","kind":"phrase","parentRef":"` + sentence + `",` + fields + `}`
	}
	part("3ppppppppppp2", `"anchor":{"textSpan":{"byteStart":11,"byteEnd":21}}`)
	part("3ppppppppppp3", `"anchor":{"tokenRefSequence":{"tokenizationId":{"value":"t"},"tokenIndexes":[2,3]}},"text":"dich nicht"`)
	part("3ppppppppppp4", `"anchor":{"textSpan":{"byteStart":11,"byteEnd":21}},"text":"dich Nicht"`)
	part("3ppppppppppp5", `"anchor":{"textSpan":{"byteStart":11,"byteEnd":99}}`)
	part("3ppppppppppp6", `"text":"dich nicht"`)
	x := w.index(t, nil)
	whole, err := x.Expression(t.Context(), sentence)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for s, err := range whole.Sentences(t.Context()) { // its parts are no sentences
		if n++; err != nil || s != whole {
			t.Errorf("sentences: %v, %v", s.URI, err)
		}
	}
	if n != 1 {
		t.Errorf("%d sentences", n)
	}
	for _, key := range []string{"3ppppppppppp2", "3ppppppppppp3"} {
		e, err := x.Expression(t.Context(), syntax.ATURI(ana+"expression.expression/"+key))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range e.Layers[0].Annotations {
			got = append(got, describe(a))
		}
		want := []string{
			`1 [0,4) "dich" 0:dich ?->dich !/annotations/1/headIndex outside the requested part`,
			`4 [0,4) "dich" 0:dich root->dich in`,
			`2 [5,10) "nicht" 1:nicht dich->nicht`,
		}
		want[1] = `4 [0,4) "dich" 0:dich ?->dich x= !/annotations/4/parentId outside the requested part !/annotations/4/arguments/0/target outside the requested part`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(key, diff)
		}
		if e.Text != "dich nicht" || e.Parent.URI != sentence || len(e.Problems) != 3 {
			t.Errorf("%s: %q, %v", key, e.Text, e.Problems)
		}
		if len(e.Clusters) != 1 || len(e.Clusters[0].Clusters) != 1 || len(e.Clusters[0].Clusters[0].Members) != 2 || e.Clusters[0].Clusters[0].Members[0].Annotation.Text != "nicht" {
			t.Errorf("%s: clusters %v", key, e.Clusters)
		}
	}
	for key, want := range map[string]string{
		"3ppppppppppp4": "/anchor/textSpan: invalid span: the text of the parent differs there",
		"3ppppppppppp5": "/anchor/textSpan: text: invalid span: [11, 99) ends after the text, which has 22 bytes",
		"3ppppppppppp6": "",
	} {
		e, err := x.Expression(t.Context(), syntax.ATURI(ana+"expression.expression/"+key))
		if err != nil || len(e.Tokenizations) != 0 || (want != "") != (len(e.Problems) == 1) || want != "" && !strings.HasSuffix(e.Problems[0].Error(), want) {
			t.Errorf("%s: %v, %v", key, err, e.Problems)
		}
	}
}

// TestParents has parents that are missing, invalid, or form a circle.
func TestParents(t *testing.T) {
	at := func(i int) string {
		return ana + "expression.expression/" + strings.NewReplacer("0", "a", "1", "b", "8", "c", "9", "d").Replace(fmt.Sprintf("3%012d", i))
	}
	w := world{}
	for i := range 100 {
		w[at(i)] = `{"id":"x","kind":"section","parentRef":"` + at(i+1) + `"}`
	}
	w[at(200)] = `{"id":"x","kind":"section","parentRef":"` + at(201) + `"}`
	w[at(201)] = `{"id":"x","kind":"section","parentRef":"` + at(200) + `"}`
	x := w.index(t, nil)
	for i, want := range map[int]string{0: "parents form a cycle", 99: "record not found", 200: "parents form a cycle"} {
		e, err := x.Expression(t.Context(), syntax.ATURI(at(i)))
		if err != nil {
			t.Fatal(i, err)
		}
		var problems []string
		for ; e != nil; e = e.Parent {
			for _, p := range e.Problems {
				problems = append(problems, p.Path+" "+p.Err.Error())
			}
		}
		if got := strings.Join(problems, "\n"); got != "/parentRef "+want {
			t.Errorf("%d: %s", i, got)
		}
	}
	top, err := x.Expression(t.Context(), syntax.ATURI(at(99)))
	if err != nil {
		t.Fatal(err)
	}
	for _, err = range top.Sentences(t.Context()) {
		if err != nil {
			break
		}
	}
	if !errors.Is(err, reading.ErrCycle) {
		t.Errorf("nested too deeply: %v", err)
	}
	if _, err := x.Expression(t.Context(), syntax.ATURI(at(500))); !errors.Is(err, reading.ErrNotFound) || !strings.Contains(err.Error(), at(500)) {
		t.Errorf("no such expression: %v", err)
	}
}

// TestFailures checks that invalid records are reported where they belong.
func TestFailures(t *testing.T) {
	w := words()
	x := w.index(t, nil)
	for uri, text := range map[string]string{
		ana + "annotation.annotationLayer/3bbbbbbbbbbb2": `{"expression":"` + sentence + `","kind":"span"}`,
		ana + "segmentation.segmentation/3aaaaaaaaaaa4":  `{"expression":"` + sentence + `"}`,
		ana + "annotation.clusterSet/3ccccccccccc2":      `{"expression":"` + sentence + `","kind":"coreference"}`,
		ana + "expression.expression/3ppppppppppp2":      `{"id":"x","parentRef":"` + sentence + `"}`,
		ana + "expression.expression/3ppppppppppp3":      `{"id":"x"}`,
	} {
		data := []byte(withType(syntax.ATURI(uri), text))
		x.AddFailure(&rec.Failure{Envelope: rec.Envelope{URI: syntax.ATURI(uri), Data: data, Encoding: lex.JSON}})
	}
	e, err := x.Expression(t.Context(), sentence)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Problems) != 4 {
		t.Errorf("%v", e.Problems)
	}
	for _, p := range e.Problems {
		if !errors.Is(p, reading.ErrInvalid) {
			t.Error(p)
		}
	}
	if _, err := x.Expression(t.Context(), ana+"expression.expression/3ppppppppppp3"); !errors.Is(err, reading.ErrInvalid) {
		t.Errorf("invalid expression: %v", err)
	}
	// A later version of a record replaces it.
	r, err := decode(t, ana+"annotation.annotationLayer/3bbbbbbbbbbb2", layer(`"kind":"span"`, `"tokenIndex":0`))
	if err != nil {
		t.Fatal(err)
	}
	x.Add(r)
	if e, err = x.Expression(t.Context(), sentence); err != nil || len(e.Problems) != 3 || len(e.Layers) != 1 {
		t.Errorf("%v, %v", err, e.Problems)
	}
	x.Remove(r.URI)
	if e, err = x.Expression(t.Context(), sentence); err != nil || len(e.Layers) != 0 {
		t.Errorf("%v, %v", err, e.Layers)
	}
}

// servers is a Source of a world, which counts calls.
type servers struct {
	t     testing.TB
	world world
	down  string // the repository that cannot be read
	calls map[string]int
}

var errDown = errors.New("server is down")

func (s *servers) envelope(uri string) rec.Envelope {
	return rec.Envelope{URI: syntax.ATURI(uri), Data: []byte(withType(syntax.ATURI(uri), s.world[uri])), Encoding: lex.JSON, Trust: rec.Hashed}
}

func (s *servers) GetRecord(ctx context.Context, uri syntax.ATURI) (rec.Envelope, error) {
	s.calls["get "+string(uri)]++
	if s.down != "" && strings.HasPrefix(string(uri), s.down) {
		return rec.Envelope{}, errDown
	}
	if s.world[string(uri)] == "" {
		return rec.Envelope{}, reading.ErrNotFound
	}
	return s.envelope(string(uri)), ctx.Err()
}

func (s *servers) ListRecords(ctx context.Context, did syntax.DID, collection syntax.NSID) iter.Seq2[rec.Envelope, error] {
	prefix := "at://" + string(did) + "/" + string(collection) + "/"
	s.calls["list "+prefix]++
	return func(yield func(rec.Envelope, error) bool) {
		if s.down != "" && strings.HasPrefix(prefix, s.down) {
			yield(rec.Envelope{}, errDown)
			return
		}
		for uri := range s.world {
			if strings.HasPrefix(uri, prefix) && !yield(s.envelope(uri), ctx.Err()) {
				return
			}
		}
	}
}

// TestSource has a layer of Bob's about a text of Ana's, and a cluster of his with members in both. Only Bob's records are
// in the index at first.
func TestSource(t *testing.T) {
	w := words()
	w[ana+"annotation.annotationLayer/3bbbbbbbbbbb2"] = layer(`"kind":"span","tokenizationId":{"value":"t"}`, `"tokenIndex":0`)
	w[bob+"annotation.annotationLayer/3bbbbbbbbbbb3"] = layer(`"kind":"span","tokenizationId":{"value":"t"}`, `"tokenIndex":2`)
	w[bob+"annotation.clusterSet/3ccccccccccc2"] = `{"kind":"coreference","layerRef":"` + bob + `annotation.annotationLayer/3bbbbbbbbbbb3","clusters":[{"uuid":{"value":"a"},"members":[{"localId":{"value":"0"}},{"recordRef":"` + ana + `annotation.annotationLayer/3bbbbbbbbbbb2","objectId":{"value":"0"}}]}]}`
	w[bob+"corpus.corpus/3ddddddddddd2"] = `{"name":"c"}`
	w[bob+"corpus.membership/3eeeeeeeeeee2"] = `{"corpusRef":"` + bob + `corpus.corpus/3ddddddddddd2","expressionRef":"` + sentence + `","split":"train"}`
	w[ana+"expression.expression/3aaaaaaaaaaa9"] = `{"id":"1","kind":"sentence","text":"x"}`
	source := &servers{t: t, world: w, calls: map[string]int{}}
	x := w.index(t, []reading.Option{reading.WithSource(source)}, bob)
	e, err := x.Expression(t.Context(), sentence)
	if err != nil || len(e.Problems) > 0 {
		t.Fatal(err, e)
	}
	if len(e.Layers) != 2 || e.Layers[0].Annotations[0].Text != "dich" || e.Layers[1].Annotations[0].Text != "Ich" || e.Layers[0].Trust != rec.Signed || e.Layers[1].Trust != rec.Hashed {
		t.Errorf("layers: %v", e.Layers)
	}
	if m := e.Clusters[0].Clusters[0].Members; m[0].Annotation == nil || m[1].Annotation == nil {
		t.Errorf("members: %v", m)
	}
	c, err := x.Corpus(t.Context(), bob+"corpus.corpus/3ddddddddddd2")
	if err != nil || len(c.Members) != 1 || c.Members[0].Problem != nil {
		t.Fatal(err, c)
	}
	for m, err := range c.Expressions(t.Context()) {
		if err != nil || m.Split != "train" || m.Joined.URI != sentence {
			t.Error(m, err)
		}
	}
	for call, n := range source.calls {
		if n > 1 {
			t.Errorf("%s: %d times", call, n)
		}
	}

	// No reference leads from a text to what others annotate on it: their repository has to be named.
	x = w.index(t, []reading.Option{reading.WithSource(source)}, "at://nobody/")
	if e, err = x.Expression(t.Context(), sentence); err != nil || len(e.Layers) != 1 {
		t.Errorf("without Bob's repository: %v, %v", err, e)
	}
	if err := x.Fetch(t.Context(), syntax.DID(strings.Split(bob, "/")[2])); err != nil {
		t.Error(err)
	}
	if e, err = x.Expression(t.Context(), sentence); err != nil || len(e.Layers) != 2 || len(e.Clusters) != 1 {
		t.Errorf("with Bob's repository: %v, %v", err, e)
	}
	source.down = bob
	if err := w.index(t, []reading.Option{reading.WithSource(source)}, "at://nobody/").Fetch(t.Context(), syntax.DID(strings.Split(bob, "/")[2])); !errors.Is(err, errDown) {
		t.Errorf("Bob's server is down: %v", err)
	}

	// Of a repository that cannot be read, everything is reported.
	source = &servers{t: t, world: w, calls: map[string]int{}, down: ana}
	x = w.index(t, []reading.Option{reading.WithSource(source)}, bob)
	if _, err = x.Expression(t.Context(), sentence); !errors.Is(err, errDown) {
		t.Errorf("server is down: %v", err)
	}
	if c, err = x.Corpus(t.Context(), bob+"corpus.corpus/3ddddddddddd2"); err != nil || len(c.Problems) != 1 || !errors.Is(c.Members[0].Problem, errDown) || c.Members[0].Expression.URI != sentence {
		t.Errorf("server is down: %v, %v", err, c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	x = w.index(t, []reading.Option{reading.WithSource(&servers{t: t, world: w, calls: map[string]int{}})}, bob)
	if _, err := x.Expression(ctx, sentence); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := x.Corpus(ctx, bob+"corpus.corpus/3ddddddddddd2"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// TestRepository adds a record of every type, so that no field of a repository is forgotten.
func TestRepository(t *testing.T) {
	r := &records.Repository{}
	v := reflect.ValueOf(r).Elem()
	n := 0
	for i := range v.NumField() {
		entries := v.Field(i)
		if entries.Kind() != reflect.Slice {
			continue
		}
		value, ok := entries.Type().Elem().FieldByName("Value")
		if !ok {
			continue // failures, and records of no type
		}
		entry := reflect.New(entries.Type().Elem()).Elem()
		entry.FieldByName("Value").Set(reflect.New(value.Type.Elem()))
		record := entry.FieldByName("Value").Interface().(lex.Record)
		entry.FieldByName("URI").SetString("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/" + string(record.RecordType()) + "/3aaaaaaaaaaa2")
		entries.Set(reflect.Append(entries, entry))
		n++
	}
	if n != len(records.Types) {
		t.Fatalf("%d fields, %d types", n, len(records.Types))
	}
	// Members of a cluster lead to each of them.
	set := &annotation.ClusterSet{Kind: "same-as", Expression: lex.Some(syntax.ATURI(sentence)), Clusters: []annotation.Cluster{{}}}
	for _, def := range records.Types {
		uri := syntax.ATURI("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/" + string(def.NSID) + "/3aaaaaaaaaaa2")
		set.Clusters[0].Members = append(set.Clusters[0].Members, layersRef(uri))
	}
	x := reading.New()
	x.AddRepository(r)
	x.Add(reading.Record{URI: bob + "annotation.clusterSet/3ccccccccccc2", Value: set})
	e, err := x.Expression(t.Context(), sentence)
	if err != nil || len(e.Clusters[0].Clusters[0].Members) != n || len(e.Problems) > 0 {
		t.Errorf("%v, %v", err, e)
	}
}

func layersRef(uri syntax.ATURI) layers.ObjectRef { return layers.ObjectRef{RecordRef: lex.Some(uri)} }

func TestCorpus(t *testing.T) {
	w := words()
	corpusURI := bob + "corpus.corpus/3ddddddddddd2"
	w[corpusURI] = `{"name":"c"}`
	for i, fields := range []string{
		`"expressionRef":"` + sentence + `","split":"train","ordinal":7`,
		`"expressionRef":"` + ana + `expression.expression/3zzzzzzzzzzz2","split":"test"`,
		`"expressionRef":"` + sentence + `","split":"dev","splitUri":"` + ana + `graph.graphNode/3zzzzzzzzzzz2","ordinal":1`,
		`"expressionRef":"` + ana + `expression.expression/3aaaaaaaaaaa9"`,
	} {
		w[fmt.Sprintf("%scorpus.membership/3eeeeeeeeeee%d", ana, i+2)] = `{"corpusRef":"` + corpusURI + `",` + fields + `}`
	}
	w[ana+"expression.expression/3aaaaaaaaaaa9"] = `{"id":"1","kind":"sentence","text":"x"}`
	x := w.index(t, nil)
	x.AddFailure(&rec.Failure{Envelope: rec.Envelope{URI: ana + "corpus.membership/3eeeeeeeeeee9", Encoding: lex.JSON,
		Data: []byte(`{"$type":"pub.layers.corpus.membership","corpusRef":"` + corpusURI + `"}`)}})
	c, err := x.Corpus(t.Context(), syntax.ATURI(corpusURI))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range c.Members {
		got = append(got, fmt.Sprintf("%s %s %t", m.Membership.URI.RecordKey()[12:], m.Split, m.Problem == nil))
	}
	if s := strings.Join(got, ", "); s != "4 "+ana+"graph.graphNode/3zzzzzzzzzzz2 true, 2 train true, 3 test false, 5  true" {
		t.Error(s)
	}
	if len(c.Problems) != 3 {
		t.Errorf("problems: %v", c.Problems)
	}
	if got := c.Splits(); !slices.Equal(got, []string{"", ana + "graph.graphNode/3zzzzzzzzzzz2", "test", "train"}) {
		t.Errorf("splits: %q", got)
	}
	n := 0
	for m := range c.Split("train") {
		if n++; m.Expression.Value.ID != "1" {
			t.Error(m)
		}
	}
	joined := 0
	for m, err := range c.Expressions(t.Context()) {
		if err != nil || (m.Joined == nil) != (m.Problem != nil) {
			t.Error(m, err)
		}
		if m.Joined != nil {
			joined++
		}
	}
	if n != 1 || joined != 3 || !slices.Equal(x.Corpora(), []syntax.ATURI{syntax.ATURI(corpusURI)}) {
		t.Errorf("%d, %d, %v", n, joined, x.Corpora())
	}
	for _, uri := range []syntax.ATURI{sentence, syntax.ATURI(corpusURI + "3")} {
		if _, err := x.Corpus(t.Context(), uri); !errors.Is(err, reading.ErrType) && !errors.Is(err, reading.ErrNotFound) {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func ExampleIndex_Expression() {
	const uri = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3aaaaaaaaaaa2"
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
	index := reading.New()
	index.Add(reading.Record{URI: uri, Value: &expression.Expression{ID: "1", Kind: expression.ExpressionKindSentence, Text: lex.Some(a.Text), CreatedAt: a.CreatedAt}})
	index.Add(reading.Record{URI: "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.segmentation.segmentation/3aaaaaaaaaaa2", Value: a.Segmentation()})
	index.Add(reading.Record{URI: "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.annotation.annotationLayer/3aaaaaaaaaaa2", Value: pos})

	e, err := index.Expression(context.Background(), uri)
	if err != nil {
		fmt.Println(err)
		return
	}
	for token, tags := range e.Tokens() {
		fmt.Println(token.Index, token.Text, tags.Label(annotation.AnnotationLayerSubkindPos))
	}
	// Output:
	// 0 The DET
	// 1 cat NOUN
	// 2 sleeps VERB
	// 3 . PUNCT
}
