package check_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/linguistics/treebank"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const repo = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/"

// decode returns a record in JSON, whose collection stands before it.
func decode(t *testing.T, collection, text string) lex.Record {
	t.Helper()
	def, ok := records.Lookup(syntax.NSID("pub.layers." + collection))
	if !ok {
		t.Fatal(collection)
	}
	value := def.New()
	if !strings.Contains(text, `"$type":"pub.layers.`+collection+`"`) {
		text = `{"$type":"pub.layers.` + collection + `",` + text[1:]
	}
	if err := lex.DecodeJSON([]byte(text), value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

const expr = "pub.layers.expression.expression/"

func TestRecord(t *testing.T) {
	const layerHead = `"expression":"` + repo + expr + `3aaaaaaaaaaaa","createdAt":"2026-01-01T00:00:00Z",`
	annotations := func(subkind string, list ...string) string {
		for i := range list {
			list[i] = fmt.Sprintf(`{"uuid":{"value":"%d"},%s}`, i, list[i])
		}
		return `{` + layerHead + `"kind":"graph","subkind":"` + subkind + `","annotations":[` + strings.Join(list, ",") + `]}`
	}
	for _, test := range []struct{ name, collection, record, want string }{
		{"nothing", "expression.expression", `{"id":"1","kind":"sentence","createdAt":"2026-01-01T00:00:00Z"}`, ""},
		{"empty", "expression.expression", `{"id":"","kind":"sentence","createdAt":"2026-01-01T00:00:00Z"}`, "/id empty"},
		{"empty below", "expression.expression", `{"id":"1","kind":"sentence","createdAt":"2026-01-01T00:00:00Z","features":{"entries":[{"key":"a","value":"b"},{"key":"","value":"b"}]}}`, "/features/entries/1/key empty"},
		{"empty optional", "expression.expression", `{"id":"1","kind":"sentence","text":"","createdAt":"2026-01-01T00:00:00Z"}`, ""},
		{"misspelt", "expression.expression", `{"id":"1","kind":"sentense","createdAt":"2026-01-01T00:00:00Z"}`, "/kind misspelt"},
		{"case", "expression.expression", `{"id":"1","kind":"Sentence","createdAt":"2026-01-01T00:00:00Z"}`, "/kind misspelt"},
		{"underscore", "expression.expression", `{"id":"1","kind":"social_media","createdAt":"2026-01-01T00:00:00Z"}`, "/kind misspelt"},
		{"camel case", "expression.expression", `{"id":"1","kind":"socialMedia","createdAt":"2026-01-01T00:00:00Z"}`, "/kind misspelt"},
		{"own value", "expression.expression", `{"id":"1","kind":"limerick","createdAt":"2026-01-01T00:00:00Z"}`, ""},
		{"misspelt optional", "annotation.annotationLayer", annotations("dependancy"), "/subkind misspelt"},
		{"unknown field", "expression.expression", `{"id":"1","kind":"sentence","createdAt":"2026-01-01T00:00:00Z","txt/x":"a","features":{"entries":[],"more":1}}`, "/features/more unknown-field\n/txt~1x unknown-field"},
		{"span", "expression.expression", `{"id":"1","kind":"sentence","createdAt":"2026-01-01T00:00:00Z","anchor":{"textSpan":{"byteStart":2,"byteEnd":1},"temporalSpan":{"start":2,"ending":1}}}`, "/anchor/temporalSpan/ending span\n/anchor/textSpan/byteEnd span"},
		{"token", "segmentation.segmentation", `{` + layerHead + `"tokenizations":[{"uuid":{"value":"a"},"kind":"custom","tokens":[{"tokenIndex":1,"textSpan":{"byteStart":2,"byteEnd":1}}]},{"uuid":{"value":"a"},"kind":"custom","tokens":[]}]}`,
			"/tokenizations/0/tokens/0/textSpan/byteEnd span\n/tokenizations/0/tokens/0/tokenIndex token\n/tokenizations/1/uuid uuid"},
		{"cycle", "annotation.annotationLayer", annotations("dependency", `"targetIndex":0,"headIndex":1`, `"targetIndex":1,"headIndex":2`, `"targetIndex":2,"headIndex":1`, `"targetIndex":3,"headIndex":-1`), "/annotations/1/headIndex cycle"},
		{"two cycles", "annotation.annotationLayer", annotations("dependency", `"tokenIndex":0,"headIndex":0`, `"targetIndex":1,"headIndex":2`, `"targetIndex":2,"headIndex":1`), "/annotations/0/headIndex cycle\n/annotations/1/headIndex cycle"},
		{"no cycle", "annotation.annotationLayer", annotations("dependency", `"targetIndex":0,"headIndex":1`, `"targetIndex":1,"headIndex":2`, `"targetIndex":2,"headIndex":-1`), ""},
		{"enhanced cycle", "annotation.annotationLayer", annotations("enhanced-dependency", `"targetIndex":0,"headIndex":1`, `"targetIndex":1,"headIndex":0`), ""},
		{"words and case", "annotation.annotationLayer", `{` + layerHead + `"kind":"tokenTag","subkind":"POS","formalism":"Universal_Dependancies","annotations":[]}`, "/formalism misspelt\n/kind misspelt\n/subkind misspelt"},
		{"two letters", "annotation.annotationLayer", `{` + layerHead + `"kind":"sapm","subkind":"depndncy","annotations":[]}`, ""},
		{"one letter", "annotation.annotationLayer", `{` + layerHead + `"kind":"spann","subkind":"sentimnet","formalism":"brag","sourceMethod":"automtic","annotations":[]}`, "/formalism misspelt\n/kind misspelt\n/sourceMethod misspelt\n/subkind misspelt"},
		{"field in another case", "expression.expression", `{"id":"1","kind":"sentence","createdAt":"2026-01-01T00:00:00Z","text":"a","Text":"b","features":{"entries":[]},"Features":1}`, "/Features unknown-field\n/Text unknown-field"},
		{"empty anchor", "expression.expression", `{"id":"1","kind":"sentence","createdAt":"2026-01-01T00:00:00Z","anchor":{}}`, "/anchor anchor"},
		{"characters", "annotation.annotationLayer", annotations("ner", `"anchor":{"textSpan":{"byteStart":4,"byteEnd":6,"charStart":3,"charEnd":2}}`, `"anchor":{"textSpan":{"byteStart":4,"byteEnd":6,"charStart":5}}`, `"anchor":{"textSpan":{"byteStart":4,"byteEnd":6,"charEnd":7}}`, `"anchor":{"textSpan":{"byteStart":4,"byteEnd":6,"charStart":4,"charEnd":6}}`),
			"/annotations/0/anchor/textSpan/charEnd span\n/annotations/1/anchor/textSpan/charStart span\n/annotations/2/anchor/textSpan/charEnd span"},
		{"spans elsewhere", "annotation.annotationLayer", annotations("ner", `"anchor":{"pageAnchor":{"page":1,"textSpan":{"byteStart":2,"byteEnd":1}}}`,
			`"anchor":{"externalTarget":{"source":"https://example.com/","selector":{"$type":"pub.layers.defs#textPositionSelector","byteStart":2,"byteEnd":1}}}`,
			`"anchor":{"spatioTemporalAnchor":{"temporalSpan":{"start":2,"ending":1}}}`),
			"/annotations/0/anchor/pageAnchor/textSpan/byteEnd span\n/annotations/1/anchor/externalTarget/selector/byteEnd span\n/annotations/2/anchor/spatioTemporalAnchor/temporalSpan/ending span"},
		{"judgment", "judgment.judgmentSet", `{"experimentRef":"` + repo + `pub.layers.judgment.experimentDef/3aaaaaaaaaaaa","createdAt":"2026-01-01T00:00:00Z","judgments":[{"item":{},"textSpan":{"byteStart":2,"byteEnd":1}}]}`, "/judgments/0/item reference\n/judgments/0/textSpan/byteEnd span"},
		{"order of tokens", "segmentation.segmentation", `{` + layerHead + `"tokenizations":[{"uuid":{"value":"a"},"kind":"custom","tokens":[{"tokenIndex":0,"textSpan":{"byteStart":4,"byteEnd":5}},{"tokenIndex":1,"textSpan":{"byteStart":4,"byteEnd":5}},{"tokenIndex":2},{"tokenIndex":3,"textSpan":{"byteStart":3,"byteEnd":4}}]}]}`,
			"/tokenizations/0/tokens/3/textSpan token"},
		{"two heads", "annotation.annotationLayer", annotations("dependency", `"targetIndex":0,"headIndex":1`, `"targetIndex":0,"headIndex":-1`, `"targetIndex":1,"headIndex":-1`), "/annotations/1/headIndex heads"},
		{"two heads in a graph", "annotation.annotationLayer", annotations("enhanced-dependency", `"targetIndex":0,"headIndex":1`, `"targetIndex":0,"headIndex":-1`), ""},
		{"below itself", "annotation.annotationLayer", annotations("constituency", `"parentId":{"value":"1"}`, `"parentId":{"value":"2"}`, `"parentId":{"value":"1"}`, `"parentId":{"value":"3"}`), "/annotations/1/parentId cycle\n/annotations/3/parentId cycle"},
		{"references", "annotation.annotationLayer", annotations("frame", `"arguments":[{"role":"a","target":{}},{"role":"b","target":{"objectId":{"value":"1"}}},{"role":"c","target":{"localId":{"value":"0"},"recordRef":"`+repo+expr+`3aaaaaaaaaaaa"}},{"role":"d","target":{"localId":{"value":"0"}}}]`),
			"/annotations/0/arguments/0/target reference\n/annotations/0/arguments/1/target reference\n/annotations/0/arguments/2/target reference"},
		{"edges", "graph.graphEdgeSet", `{"createdAt":"2026-01-01T00:00:00Z","edgeType":"x","edges":[{"uuid":{"value":"1"},"edgeType":"x","source":{"localId":{"value":"1"}},"target":{"localId":{"value":"2"}}},{"uuid":{"value":"1"},"edgeType":"","source":{"localId":{"value":"1"}},"target":{"localId":{"value":"1"}}}]}`,
			"/edges/0/target/localId reference\n/edges/1/edgeType empty\n/edges/1/uuid uuid"},
		{"parent", "annotation.annotationLayer", annotations("constituency", `"parentId":{"value":"1"}`, `"childIds":[{"value":"0"},{"value":"9"}]`, `"parentId":{"value":"8"}`, `"arguments":[{"role":"x","target":{"localId":{"value":"7"}}}]`),
			"/annotations/1/childIds/1 reference\n/annotations/2/parentId reference\n/annotations/3/arguments/0/target/localId reference"},
		{"members of a layer", "annotation.clusterSet", `{"kind":"coreference","createdAt":"2026-01-01T00:00:00Z","layerRef":"` + repo + `pub.layers.annotation.annotationLayer/3aaaaaaaaaaaa","clusters":[{"uuid":{"value":"1"},"members":[{"localId":{"value":"7"}}]}]}`, ""},
		{"tokenization of an expression", "alignment.alignment", `{"kind":"interlinear","createdAt":"2026-01-01T00:00:00Z","source":{"localId":{"value":"7"}},"links":[]}`, ""},
		{"moments", "annotation.annotationLayer", annotations("ner", `"anchor":{"temporalSpan":{"start":2,"ending":2},"textSpan":{"byteStart":2,"byteEnd":2,"charStart":1,"charEnd":1}}`), ""},
		{"twice", "annotation.clusterSet", `{"kind":"coreference","createdAt":"2026-01-01T00:00:00Z","clusters":[{"uuid":{"value":"1"},"members":[]},{"uuid":{"value":"1"},"members":[]}]}`, "/clusters/1/uuid uuid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, w := range check.Record(decode(t, test.collection, test.record)) {
				got = append(got, w.Path+" "+string(w.Rule))
				if w.Message() == "" || !strings.Contains(w.String(), w.Message()) {
					t.Errorf("%+v", w)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSet breaks a treebank that has no warnings in one place at a time.
func TestSet(t *testing.T) {
	file, err := os.ReadFile("../conllu/testdata/all.conllu")
	if err != nil {
		t.Fatal(err)
	}
	var sentences []*conllu.Sentence
	for s, err := range conllu.Read(bytes.NewReader(file)) {
		if err != nil {
			t.Fatal(err)
		}
		sentences = append(sentences, s)
	}
	all, err := treebank.Import(sentences, &treebank.Options{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Document: "all", CreatedAt: "2026-01-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[syntax.ATURI]string{}
	var layerURI syntax.ATURI
	for _, r := range all {
		data, err := lex.EncodeJSON(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		texts[r.URI] = string(data)
		if layer, ok := r.Value.(*annotation.AnnotationLayer); ok && layer.Subkind.Or("") == "pos" && layerURI == "" {
			layerURI = r.URI
		}
	}
	clusters := syntax.ATURI(repo + "pub.layers.annotation.clusterSet/3aaaaaaaaaaaa")
	first := strings.Split(strings.SplitAfter(texts[layerURI], `"uuid":{"value":"`)[1], `"`)[0]
	texts[clusters] = `{"kind":"coreference","createdAt":"2026-01-01T00:00:00Z","clusters":[{"uuid":{"value":"1"},"members":[{"recordRef":"` + string(layerURI) + `","objectId":{"value":"` + first + `"}}]}]}`
	for _, test := range []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"parent", `"parentRef":"` + repo + expr, `"parentRef":"` + repo + expr + "3bad", "/parentRef reference"},
		{"another repository", `"parentRef":"` + repo, `"parentRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/`, ""},
		{"span", `"byteEnd":14`, `"byteEnd":13`, "/anchor/textSpan span"},
		{"span outside", `"byteEnd":14`, `"byteEnd":9999`, "/anchor/textSpan span"},
		{"within a character", `"byteStart":15`, `"byteStart":17`, "textSpan: span: invalid span: [17, 23) begins within"},
		{"token", `"tokenIndex":4`, `"tokenIndex":400`, "/tokenIndex token"},
		{"head", `"headIndex":3`, `"headIndex":300`, "/headIndex token"},
		{"tokenization", `"tokenizationId":{"value":"`, `"tokenizationId":{"value":"x`, "/tokenizationId reference"},
		{"member", `"objectId":{"value":"`, `"objectId":{"value":"x`, "/clusters/0/members/0/objectId reference"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			found := false
			for uri, text := range texts {
				if found || !strings.Contains(text, test.old) {
					continue
				}
				// Only this record is broken.
				set := &check.Set{}
				for other, text := range texts {
					if other == uri {
						text = strings.Replace(text, test.old, test.new, 1)
					}
					text = strings.Replace(text, "3bad", "3222222222", 1)
					set.Add(other, decode(t, strings.TrimPrefix(string(other.Collection()), "pub.layers."), text))
				}
				path, rule, _ := strings.Cut(test.want, " ")
				for _, w := range set.Warnings() {
					// One sentence of the file has two words that depend on each other.
					if s := w.String(); !strings.HasSuffix(s, ": cycle: token 3 depends on itself") {
						got = append(got, s)
						found = found || test.want != "" && (strings.Contains(s, path+": "+rule+": ") || strings.Contains(s, test.want))
					}
				}
				if test.old == "" {
					break
				}
			}
			if found != (test.want != "") || test.want == "" && len(got) > 0 {
				t.Errorf("want %s, got %q", test.want, got)
			}
		})
	}
}

// TestAcross has small sets in which something does not fit together.
func TestAcross(t *testing.T) {
	const (
		created = `"createdAt":"2026-01-01T00:00:00Z"`
		text    = expr + "3aaaaaaaaaaa2"
		tokens  = "pub.layers.segmentation.segmentation/3aaaaaaaaaaa2"
		layer   = "pub.layers.annotation.annotationLayer/3aaaaaaaaaaa2"
		thing   = "pub.layers.alignment.alignment/3aaaaaaaaaaa2"
		clip    = "pub.layers.media.media/3aaaaaaaaaaa2"
		kind    = "pub.layers.ontology.typeDef/3aaaaaaaaaaa2"
		set     = "pub.layers.annotation.clusterSet/3aaaaaaaaaaa2"
	)
	base := map[string]string{
		text: `{"id":"1","kind":"sentence","text":"é b","mediaRef":"` + repo + clip + `",` + created + `}`,
		clip: `{"kind":"audio","durationMs":1000,` + created + `}`,
		tokens: `{"expression":"` + repo + text + `",` + created + `,"tokenizations":[{"uuid":{"value":"t"},"kind":"custom","tokens":[
			{"tokenIndex":0,"text":"é","textSpan":{"byteStart":0,"byteEnd":2}},{"tokenIndex":1,"text":"b","textSpan":{"byteStart":3,"byteEnd":4}}]}]}`,
	}
	annotation := func(fields, annotation string) string {
		return `{"expression":"` + repo + text + `","kind":"span",` + fields + created + `,"annotations":[{"uuid":{"value":"1"},` + annotation + `}]}`
	}
	link := func(source, target string, indexes string) string {
		return `{"kind":"interlinear","expression":"` + repo + text + `","source":` + source + `,"target":` + target + `,` + created + `,"links":[` + indexes + `]}`
	}
	for _, test := range []struct {
		name    string
		records map[string]string
		want    string
	}{
		{"nothing", nil, ""},
		{"nothing in a layer", map[string]string{layer: annotation(`"tokenizationId":{"value":"t"},`, `"text":"é","anchor":{"textSpan":{"byteStart":0,"byteEnd":2},"temporalSpan":{"start":0,"ending":1000},"tokenRefSequence":{"tokenizationId":{"value":"t"},"tokenIndexes":[0,1],"anchorTokenIndex":1}}`)}, ""},
		{"token's text", map[string]string{tokens: strings.Replace(base[tokens], `"text":"b"`, `"text":"c"`, 1)}, `/tokenizations/0/tokens/1/textSpan span the text of the span is "b", not "c"`},
		{"words of a token", map[string]string{tokens: strings.Replace(base[tokens], `{"tokenIndex":1,"text":"b"`, `{"tokenIndex":1,"text":"x","textSpan":{"byteStart":3,"byteEnd":4}},{"tokenIndex":2,"text":"y"`, 1)}, ""},
		{"annotation's text", map[string]string{layer: annotation("", `"text":"e","anchor":{"textSpan":{"byteStart":0,"byteEnd":2}}`)}, `/annotations/0/text span the text of the span is "é", not "e"`},
		{"within a character", map[string]string{layer: annotation("", `"text":"e","anchor":{"textSpan":{"byteStart":0,"byteEnd":1}}`)}, `/annotations/0/anchor/textSpan span invalid span: [0, 1) ends within a character`},
		{"characters", map[string]string{layer: annotation("", `"anchor":{"textSpan":{"byteStart":3,"byteEnd":4,"charStart":3}}`)}, `/annotations/0/anchor/textSpan span invalid span: [3, 4) begins at character 2, not at 3`},
		{"the only tokenization", map[string]string{layer: annotation("", `"tokenIndex":2`)}, "/annotations/0/tokenIndex token there is no token 2: the tokenization has 2 tokens"},
		{"one of the tokens", map[string]string{layer: annotation("", `"anchor":{"tokenRefSequence":{"tokenizationId":{"value":"t"},"tokenIndexes":[0,2],"anchorTokenIndex":3}}`)}, "/annotations/0/anchor/tokenRefSequence/anchorTokenIndex token there is no token 3: the tokenization has 2 tokens\n/annotations/0/anchor/tokenRefSequence/tokenIndexes/1 token there is no token 2: the tokenization has 2 tokens"},
		{"token ref", map[string]string{layer: annotation("", `"anchor":{"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":2}}`)}, "/annotations/0/anchor/tokenRef/tokenIndex token there is no token 2: the tokenization has 2 tokens"},
		{"no tokenization", map[string]string{layer: annotation("", `"anchor":{"tokenRef":{"tokenizationId":{"value":"u"},"tokenIndex":2}}`)}, "/annotations/0/anchor/tokenRef/tokenIndex reference the expression has no tokenization with the UUID \"u\""},
		{"empty span outside", map[string]string{layer: annotation("", `"anchor":{"textSpan":{"byteStart":9,"byteEnd":9}}`)}, "/annotations/0/anchor/textSpan span invalid span: [9, 9) ends after the text, which has 4 bytes"},
		{"text of an expression elsewhere", map[string]string{layer: strings.ReplaceAll(annotation("", `"text":"x","anchor":{"textSpan":{"byteStart":0,"byteEnd":1}}`), repo, "at://did:plc:dlkuiatgml2qsceoi5njkvs7/")}, ""},
		{"one of two tokenizations", map[string]string{layer: annotation("", `"tokenIndex":5`), tokens: strings.Replace(base[tokens], `"tokenizations":[`, `"tokenizations":[{"uuid":{"value":"s"},"kind":"custom","tokens":[]},`, 1)}, ""},
		{"tokens that are not known", map[string]string{layer: annotation("", `"tokenIndex":5`), tokens: strings.Replace(base[tokens], `"expression":"`, `"expression":"`+repo+expr+`3bbbbbbbbbbb2","x":"`, 1), expr + "3bbbbbbbbbbb2": `{"id":"2","kind":"word",` + created + `}`}, ""},
		{"dependent", map[string]string{layer: annotation("", `"targetIndex":2,"headIndex":-1`)}, "/annotations/0/targetIndex token there is no token 2: the tokenization has 2 tokens"},
		{"alignment of what is not known", map[string]string{thing: link(`{}`, `{"recordRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/`+tokens+`","objectId":{"value":"t"}}`, `{"sourceIndices":[9],"targetIndices":[9]}`)}, ""},
		{"alignment of a text", map[string]string{thing: link(`{"recordRef":"`+repo+text+`"}`, `{"knowledgeRef":{"source":"wikidata","identifier":"Q1"}}`, `{"sourceIndices":[9],"targetIndices":[9]}`)}, ""},
		{"words of the first token", map[string]string{tokens: strings.Replace(base[tokens], `{"tokenIndex":0,"text":"é"`, `{"tokenIndex":0,"text":"x","textSpan":{"byteStart":0,"byteEnd":2}},{"tokenIndex":1,"text":"y"`, 1)}, ""},
		{"layer on no tokenization", map[string]string{layer: annotation(`"tokenizationId":{"value":"u"},`, `"tokenIndex":5`)}, "/tokenizationId reference the expression has no tokenization with this UUID"},
		{"layer on a tokenization elsewhere", map[string]string{layer: strings.ReplaceAll(annotation(`"tokenizationId":{"value":"u"},`, `"tokenIndex":5`), repo, "at://did:plc:dlkuiatgml2qsceoi5njkvs7/")}, ""},
		{"after the recording", map[string]string{layer: annotation("", `"anchor":{"temporalSpan":{"start":0,"ending":1001}}`)}, "/annotations/0/anchor/temporalSpan/ending span the span ends at 1001 ms, after the end of the recording at 1000 ms"},
		{"reference below", map[string]string{layer: annotation("", `"tokenIndex":0,"ontologyTypeRef":"`+repo+kind+`"`)}, "/annotations/0/ontologyTypeRef reference there is no record \"" + repo + kind + "\""},
		{"reference in a list", map[string]string{layer: annotation(`"eprintRefs":["`+repo+text+`","`+repo+kind+`"],`, `"tokenIndex":0`)}, "/eprintRefs/1 reference there is no record \"" + repo + kind + "\""},
		{"another app's record", map[string]string{text: strings.Replace(base[text], `"id"`, `"sourceRef":"`+repo+`app.bsky.feed.post/3aaaaaaaaaaa2","id"`, 1)}, ""},
		{"object of a record", map[string]string{layer: annotation("", `"arguments":[{"role":"a","target":{"recordRef":"`+repo+tokens+`","objectId":{"value":"t"}}},{"role":"b","target":{"recordRef":"`+repo+tokens+`","objectId":{"value":"u"}}},{"role":"c","target":{"recordRef":"`+repo+text+`","objectId":{"value":"u"}}}]`)},
			"/annotations/0/arguments/1/target/objectId reference the record \"" + repo + tokens + "\" has no object with the UUID \"u\"\n/annotations/0/arguments/2/target/objectId reference the record \"" + repo + text + "\" has no object with the UUID \"u\""},
		{"set without a layer", map[string]string{set: `{"kind":"coreference",` + created + `,"clusters":[{"uuid":{"value":"1"},"members":[{"localId":{"value":"1"}}]}]}`}, "/clusters/0/members/0/localId reference the cluster set has no layerRef"},
		{"alignment", map[string]string{thing: link(`{"localId":{"value":"t"}}`, `{"recordRef":"`+repo+tokens+`","objectId":{"value":"t"}}`, `{"sourceIndices":[0,1],"targetIndices":[1]},{"sourceIndices":[2],"targetIndices":[1,5]}`)},
			"/links/1/sourceIndices/0 token there is no token 2: the tokenization has 2 tokens\n/links/1/targetIndices/1 token there is no token 5: the tokenization has 2 tokens"},
		{"alignment of nothing", map[string]string{thing: link(`{"localId":{"value":"u"}}`, `{"localId":{"value":"t"}}`, `{"sourceIndices":[9],"targetIndices":[0]}`)}, "/source/localId reference the expression has no tokenization with this UUID"},
		{"part", map[string]string{expr + "3bbbbbbbbbbb2": `{"id":"2","kind":"word","text":"c","parentRef":"` + repo + text + `","anchor":{"textSpan":{"byteStart":3,"byteEnd":4}},` + created + `}`}, `/anchor/textSpan span the text of the span is "b", not "c"`},
		{"part by token", map[string]string{expr + "3bbbbbbbbbbb2": `{"id":"2","kind":"word","parentRef":"` + repo + text + `","anchor":{"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":7}},` + created + `}`}, `/anchor/tokenRef/tokenIndex token there is no token 7: the tokenization has 2 tokens`},
		{"tokenization of a part", map[string]string{expr + "3bbbbbbbbbbb2": `{"id":"2","kind":"word","text":"b",` + created + `}`, tokens: strings.Replace(base[tokens], `"kind":"custom"`, `"kind":"custom","expressionRef":"`+repo+expr+`3bbbbbbbbbbb2"`, 1)},
			`/tokenizations/0/tokens/0/textSpan span invalid span: [0, 2) ends after the text, which has 1 bytes` + "\n" + `/tokenizations/0/tokens/1/textSpan span invalid span: [3, 4) ends after the text, which has 1 bytes`},
		{"circle of expressions", map[string]string{text: strings.Replace(base[text], `"id"`, `"parentRef":"`+repo+expr+`3bbbbbbbbbbb2","id"`, 1), expr + "3bbbbbbbbbbb2": `{"id":"2","kind":"word","parentRef":"` + repo + text + `",` + created + `}`}, "/parentRef cycle the record is its own ancestor"},
		{"circle of media", map[string]string{clip: strings.Replace(base[clip], `"kind"`, `"parentMediaRef":"`+repo+clip+`","kind"`, 1)}, "/parentMediaRef cycle the record is its own ancestor"},
		{"circle of layers", map[string]string{layer: annotation(`"parentLayerRef":"`+repo+layer+`",`, `"tokenIndex":0`)}, "/parentLayerRef cycle the record is its own ancestor"},
		{"circle of types", map[string]string{kind: `{"name":"x","typeKind":"entity","ontologyRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.ontology.ontology/3aaaaaaaaaaa2","parentTypeRef":"` + repo + kind + `",` + created + `}`}, "/parentTypeRef cycle the record is its own ancestor"},
		{"judgment", map[string]string{"pub.layers.judgment.judgmentSet/3aaaaaaaaaaa2": `{"experimentRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.judgment.experimentDef/3aaaaaaaaaaa2",` + created + `,"judgments":[{"item":{"recordRef":"` + repo + text + `"},"textSpan":{"byteStart":2,"byteEnd":9}}]}`},
			"/judgments/0/textSpan span invalid span: [2, 9) ends after the text, which has 4 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, partial := range []bool{false, true} {
				s := check.Set{Partial: partial}
				all := maps.Clone(base)
				maps.Copy(all, test.records)
				for path, record := range all {
					collection, _, _ := strings.Cut(strings.TrimPrefix(path, "pub.layers."), "/")
					s.Add(syntax.ATURI(repo+path), decode(t, collection, record))
				}
				var got []string
				for _, w := range s.Across() {
					got = append(got, fmt.Sprintf("%s %s %s", w.Path, w.Rule, w.Message()))
				}
				// In a set with more records elsewhere, nothing is missing.
				var want []string
				for line := range strings.SplitSeq(test.want, "\n") {
					if line != "" && !(partial && (strings.Contains(line, "there is no record") || strings.Contains(line, "has no tokenization"))) {
						want = append(want, line)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("partial %t: %s", partial, diff)
				}
			}
		})
	}
}

// TestMany checks that a record has at most 1,000 warnings, and that there is a limit to guessing.
func TestMany(t *testing.T) {
	list := make([]string, 2000)
	for i := range list {
		list[i] = fmt.Sprintf(`{"uuid":{"value":"1"},"kind":"unknown-%d","tokens":[]}`, i)
	}
	record := decode(t, "segmentation.segmentation", `{"expression":"`+repo+expr+`3aaaaaaaaaaaa","createdAt":"2026-01-01T00:00:00Z","tokenizations":[`+strings.Join(list, ",")+`,{"uuid":{"value":"2"},"kind":"Custom","tokens":[]}]}`)
	warnings := check.Record(record)
	if len(warnings) != 1000 {
		t.Errorf("%d warnings", len(warnings))
	}
	for _, w := range warnings {
		if w.Rule != check.RuleUUID {
			t.Error(w)
		}
	}
}

// BenchmarkRecord checks a layer of 1,000 annotations.
func BenchmarkRecord(b *testing.B) {
	layer := &annotation.AnnotationLayer{Expression: repo + expr + "3aaaaaaaaaaaa", Kind: "token-tag", CreatedAt: "2026-01-01T00:00:00Z"}
	for i := range 1000 {
		layer.Annotations = append(layer.Annotations, annotation.Annotation{UUID: layers.UUID{Value: fmt.Sprint(i)}, TokenIndex: lex.SomeInt(int64(i)), Label: lex.Some("NOUN")})
	}
	b.ReportAllocs()
	for b.Loop() {
		if found := check.Record(layer); len(found) > 0 {
			b.Fatal(found)
		}
	}
}

func ExampleRecord() {
	layer := annotation.AnnotationLayer{Kind: "token_tag", CreatedAt: "2026-01-01T00:00:00Z"}
	for _, warning := range check.Record(&layer) {
		fmt.Println(warning.Path, warning.Rule, warning.Message())
	}
	// Output:
	// /expression empty a required text is empty
	// /kind misspelt "token_tag" is not a known value; "token-tag" is
}
