package check_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	if !strings.Contains(text, `"$type"`) {
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
		{"parent", "annotation.annotationLayer", annotations("constituency", `"parentId":{"value":"1"}`, `"childIds":[{"value":"0"},{"value":"9"}]`, `"parentId":{"value":"8"}`, `"arguments":[{"role":"x","target":{"localId":{"value":"7"}}}]`),
			"/annotations/1/childIds/1 reference\n/annotations/2/parentId reference\n/annotations/3/arguments/0/target/localId reference"},
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
		{"member", `"objectId":{"value":"`, `"objectId":{"value":"x`, "/clusters/0/members/0 reference"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for uri, text := range texts {
				if test.old != "" && !strings.Contains(text, test.old) {
					continue
				}
				// Only this record is broken.
				set := &check.Set{}
				for other, text := range texts {
					if other == uri && test.old != "" {
						text = strings.Replace(text, test.old, test.new, 1)
					}
					text = strings.Replace(text, "3bad", "3222222222", 1)
					set.Add(other, decode(t, strings.TrimPrefix(string(other.Collection()), "pub.layers."), text))
				}
				for _, w := range set.Warnings() {
					got = append(got, w.String())
				}
			}
			// One sentence of the file has two words that depend on each other.
			got = slices.DeleteFunc(got, func(w string) bool { return strings.HasSuffix(w, ": cycle: the token 3 depends on itself") })
			found := false
			for _, w := range got {
				path, rule, _ := strings.Cut(test.want, " ")
				found = found || test.want != "" && (strings.Contains(w, path+": "+rule+": ") || strings.Contains(w, test.want))
			}
			if found != (test.want != "") || test.want == "" && len(got) > 0 {
				t.Errorf("want %s, got %q", test.want, got)
			}
		})
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
