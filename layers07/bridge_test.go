package layers07_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/bridge"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers07"
	runtime "github.com/layers-pub/layers-go/runtime/bridge"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const eprintURI = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.eprint.eprint/3jzfcijpj2z2a"

// olds are records of version 0.7, with what they become.
var olds = []struct {
	name, old, new, moves string
}{
	{"annotation layer", `{"$type": "pub.layers.annotation.annotationLayer", "kind": "token-tag", "annotations": [], "createdAt": "2025-01-01T00:00:00Z", "expression": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3jzfcijpj2z2a", "language": "de"}`,
		`{"$type": "pub.layers.annotation.annotationLayer", "kind": "token-tag", "annotations": [], "createdAt": "2025-01-01T00:00:00Z", "expression": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3jzfcijpj2z2a", "languages": ["de"]}`,
		"/language to /languages/0"},
	{"corpus", `{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "language": "en", "license": "CC-BY-4.0"}`,
		`{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "languages": ["en"], "licensing": {"expression": "CC-BY-4.0", "licenses": [{"spdx": "CC-BY-4.0"}]}}`,
		"/language to /languages/0, /license to /licensing/expression"},
	{"corpus with a name of a license", `{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "license": "ask me", "unknown": {"a": [1]}}`,
		`{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "licensing": {"licenses": [{"spdx": "custom", "name": "ask me"}]}, "unknown": {"a": [1]}}`,
		"/license to /licensing/licenses/0/name"},
	{"corpus with both licenses", `{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "license": "MIT", "licensing": {"licenses": [{"spdx": "MIT"}]}}`,
		`{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "license": "MIT", "licensing": {"licenses": [{"spdx": "MIT"}]}}`,
		"/license stays: the record already has the field licensing"},
	{"eprint", `{"$type": "pub.layers.eprint.eprint", "eprintIdentifier": "10.1/a", "linkType": "doi", "createdAt": "2025-01-01T00:00:00Z", "citation": "A. B., 2020.", "platformEprintRef": "` + eprintURI + `"}`,
		`{"$type": "pub.layers.eprint.eprint", "eprintIdentifier": "10.1/a", "linkType": "doi", "createdAt": "2025-01-01T00:00:00Z", "citation": {"raw": "A. B., 2020."}, "platformEprintRefs": ["` + eprintURI + `"]}`,
		"/platformEprintRef to /platformEprintRefs/0, /citation to /citation/raw"},
	{"expression", `{"$type": "pub.layers.expression.expression", "id": "a", "kind": "document", "createdAt": "2025-01-01T00:00:00Z", "text": "A", "language": "en", "languages": ["de"], "eprintRef": "` + eprintURI + `"}`,
		`{"$type": "pub.layers.expression.expression", "id": "a", "kind": "document", "createdAt": "2025-01-01T00:00:00Z", "text": "A", "languages": ["en", "de"], "eprintRefs": ["` + eprintURI + `"]}`,
		"/language to /languages/0, /eprintRef to /eprintRefs/0"},
	{"expression with the language twice", `{"$type": "pub.layers.expression.expression", "id": "a", "kind": "document", "createdAt": "2025-01-01T00:00:00Z", "text": "A", "language": "de", "languages": ["en", "de"]}`,
		`{"$type": "pub.layers.expression.expression", "id": "a", "kind": "document", "createdAt": "2025-01-01T00:00:00Z", "text": "A", "languages": ["en", "de"]}`,
		"/language to /languages/1"},
	{"media", `{"$type": "pub.layers.media.media", "kind": "audio", "createdAt": "2025-01-01T00:00:00Z", "externalUri": "https://example.com/a", "mimeType": "audio/mpeg", "language": "en"}`,
		`{"$type": "pub.layers.media.media", "kind": "audio", "createdAt": "2025-01-01T00:00:00Z", "externalUri": "https://example.com/a", "mimeType": "audio/mpeg", "languages": ["en"]}`,
		"/language to /languages/0"},
	{"collection", `{"$type": "pub.layers.resource.collection", "kind": "lexicon", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "language": "en"}`,
		`{"$type": "pub.layers.resource.collection", "kind": "lexicon", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "languages": ["en"]}`,
		"/language to /languages/0"},
	{"entry", `{"$type": "pub.layers.resource.entry", "form": "a", "lemma": "a", "createdAt": "2025-01-01T00:00:00Z", "language": "en"}`,
		`{"$type": "pub.layers.resource.entry", "form": "a", "lemma": "a", "createdAt": "2025-01-01T00:00:00Z", "languages": ["en"]}`,
		"/language to /languages/0"},
	{"template", `{"$type": "pub.layers.resource.template", "name": "A", "text": "a", "slots": [], "createdAt": "2025-01-01T00:00:00Z", "language": "en"}`,
		`{"$type": "pub.layers.resource.template", "name": "A", "text": "a", "slots": [], "createdAt": "2025-01-01T00:00:00Z", "languages": ["en"]}`,
		"/language to /languages/0"},
}

// envelope returns a record as it is received.
func envelope(t *testing.T, text string) *rec.Envelope {
	t.Helper()
	data, err := lex.JSONToCBOR([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var m lex.Map
	if err := lex.DecodeCBOR(data, &m); err != nil {
		t.Fatal(err)
	}
	value, _ := m.Get("$type")
	collection, _ := value.Text()
	return &rec.Envelope{URI: syntax.ATURI("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/" + collection + "/3jzfcijpj2z2a"), Data: data, Encoding: lex.CBOR}
}

func mapOf(t *testing.T, e *rec.Envelope) (m lex.Map) {
	t.Helper()
	if err := e.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestUpgrade recognizes, decodes and upgrades records of all types that changed, with all fields that went.
func TestUpgrade(t *testing.T) {
	seen := make(map[string]bool)
	for _, test := range olds {
		t.Run(test.name, func(t *testing.T) {
			e := envelope(t, test.old)
			typed, old, err := layers07.Decode(e)
			if !old || err != nil || typed.RecordType() != e.URI.Collection() {
				t.Fatalf("decoded as %T, %t, %v", typed, old, err)
			}
			again, err := lex.EncodeCBOR(typed)
			if err != nil || string(again) != string(e.Data) {
				t.Errorf("the old type loses something (%v)", err)
			}
			b, _ := layers07.Lookup(e.URI.Collection())
			before := mapOf(t, e)
			for _, name := range b.Recognize(before) {
				seen[string(b.Collection)+" "+name] = true
			}
			upgraded, moves, err := b.Upgrade(before)
			if err != nil {
				t.Fatal(err)
			}
			if moves.String() != test.moves {
				t.Errorf("moves %q, want %q", moves, test.moves)
			}
			if want := mapOf(t, envelope(t, test.new)); !upgraded.Equal(want) {
				t.Errorf("upgraded to\n%s\nwant\n%s", upgraded, want)
			}
			if !before.Equal(mapOf(t, e)) {
				t.Error("the old record was modified")
			}
			def, _ := records.Lookup(b.Collection)
			data, err := lex.EncodeCBOR(&upgraded)
			if err != nil || lex.DecodeCBOR(data, def.New()) != nil {
				t.Errorf("the upgraded record is not valid: %v, %v", err, lex.DecodeCBOR(data, def.New()))
			}
			if names := b.Recognize(upgraded); len(names) != strings.Count(test.moves, "stays") {
				t.Errorf("the upgraded record is taken for an old one, by %s", names)
			}
			for _, move := range moves {
				if drops := slices.Contains(moves.Drop(), move.From); drops != (move.To != "") {
					t.Errorf("Drop is %s for %s", moves.Drop(), move)
				}
			}
		})
	}
	if len(seen) != 11 {
		t.Errorf("%d of the 11 old fields were tried", len(seen))
	}
}

// TestUpgradeTyped upgrades from one Go type to the other.
func TestUpgradeTyped(t *testing.T) {
	old := &layers07.Corpus{Name: "A", CreatedAt: "2025-01-01T00:00:00Z", Language: lex.Some("en"), License: lex.Some("MIT OR Apache-2.0")}
	got, moves, err := layers07.UpgradeCorpus(old)
	if err != nil || len(moves) != 2 {
		t.Fatalf("moves %v, error %v", moves, err)
	}
	if len(got.Languages) != 1 || got.Licensing == nil || len(got.Licensing.Licenses) != 2 || got.Extra.Len() != 0 {
		t.Errorf("upgraded to %s", got)
	}
	// A record without old fields is one of both versions.
	got, moves, err = layers07.UpgradeCorpus(&layers07.Corpus{Name: "A", CreatedAt: "2025-01-01T00:00:00Z"})
	if err != nil || moves != nil || got.Name != "A" {
		t.Errorf("%s, %v, %v", got, moves, err)
	}
}

// TestUpgradeStays checks that a value without a place stays where it is, also if only the new lexicon's limits tell.
func TestUpgradeStays(t *testing.T) {
	long := strings.Repeat("a", 40) // 0.7 allowed 64 bytes in an annotation layer, 0.8 allows 32
	e := envelope(t, `{"$type": "pub.layers.annotation.annotationLayer", "kind": "token-tag", "annotations": [], "createdAt": "2025-01-01T00:00:00Z", "expression": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3jzfcijpj2z2a", "language": "`+long+`"}`)
	b, _ := layers07.Lookup(e.URI.Collection())
	upgraded, moves, err := b.Upgrade(mapOf(t, e))
	if err != nil || len(moves) != 1 || moves[0].To != "" || !strings.Contains(moves[0].Reason, "/languages/0") || moves.Drop() != nil {
		t.Errorf("moves %v, error %v", moves, err)
	}
	if !upgraded.Equal(mapOf(t, e)) {
		t.Errorf("upgraded to %s", upgraded)
	}
	full := `"` + strings.Repeat(`de", "`, 127) + `de"`
	e = envelope(t, `{"$type": "pub.layers.expression.expression", "id": "a", "kind": "document", "createdAt": "2025-01-01T00:00:00Z", "text": "A", "language": "en", "languages": [`+full+`]}`)
	b, _ = layers07.Lookup(e.URI.Collection())
	if _, moves, err = b.Upgrade(mapOf(t, e)); err != nil || len(moves) != 1 || moves[0].To != "" {
		t.Errorf("moves %v, error %v", moves, err)
	}
}

// TestNotOld passes over records that are not of version 0.7.
func TestNotOld(t *testing.T) {
	for _, text := range []string{
		`{"$type": "pub.layers.corpus.corpus", "name": "A", "createdAt": "2025-01-01T00:00:00Z", "languages": ["en"]}`,
		`{"$type": "pub.layers.eprint.eprint", "eprintIdentifier": "a", "linkType": "doi", "createdAt": "2025-01-01T00:00:00Z", "citation": {"raw": "A"}}`,
		`{"$type": "pub.layers.persona.persona", "name": "A", "language": "en"}`,
	} {
		e := envelope(t, text)
		if record, old, err := layers07.Decode(e); record != nil || old || err != nil {
			t.Errorf("%s: %v, %t, %v", text, record, old, err)
		}
	}
	b, _ := layers07.Lookup(corpus.NSIDCorpus)
	if _, _, err := b.Upgrade(lex.Map{}); !errors.Is(err, runtime.ErrNotOld) {
		t.Errorf("error %v", err)
	}
}

// TestFailure upgrades a record that fails as one of today: a citation in one text.
func TestFailure(t *testing.T) {
	e := envelope(t, olds[4].old)
	def, _ := records.Lookup(e.URI.Collection())
	err := e.Decode(def.New())
	if issues := issue.Of(err); len(issues) != 1 || issues[0].Path != "/citation" {
		t.Fatalf("issues %v", issues)
	}
	failure := &rec.Failure{Envelope: *e, Issues: issue.Of(err)}
	if record, old, err := layers07.Decode(&failure.Envelope); !old || err != nil || record.(*layers07.Eprint).Citation.Or("") != "A. B., 2020." {
		t.Errorf("%v, %t, %v", record, old, err)
	}
}

// TestSPDX tells expressions from names, by what a license becomes.
func TestSPDX(t *testing.T) {
	for text, want := range map[string]string{
		"MIT": "MIT", "CC-BY-4.0": "CC-BY-4.0", "GPL-2.0+": "GPL-2.0+", "0BSD": "0BSD", "BSD-3-Clause": "BSD-3-Clause",
		"MIT OR Apache-2.0":                         "MIT Apache-2.0",
		"(MIT AND CC0-1.0) OR LicenseRef-own":       "MIT CC0-1.0 LicenseRef-own",
		"GPL-3.0-only WITH Classpath-exception-2.0": "GPL-3.0-only",
		"MIT and MIT":                               "MIT",
		"proprietary":                               "", "custom": "", "public domain": "", "CC BY 4.0": "", "ask me": "", "": "",
		"MIT OR": "", "(MIT": "", "MIT)": "", "MIT Apache-2.0": "", "LDC-User-Agreement": "", "Creative Commons": "", "4.0": "", "see-2.0/x": "",
		strings.Repeat("(", 40) + "MIT" + strings.Repeat(")", 40): "",
	} {
		got, moves, err := layers07.UpgradeCorpus(&layers07.Corpus{Name: "A", CreatedAt: "2025-01-01T00:00:00Z", License: lex.Some(text)})
		if err != nil || got.Licensing == nil || len(moves) != 1 {
			t.Errorf("%q: %v, %v, %v", text, got, moves, err)
			continue
		}
		var ids []string
		for _, l := range got.Licensing.Licenses {
			if name, named := l.Name.Get(); named && name != text {
				t.Errorf("%q is the name %q", text, name)
			} else if !named {
				ids = append(ids, string(l.Spdx))
			}
		}
		if expression, has := got.Licensing.Expression.Get(); strings.Join(ids, " ") != want || has != (want != "") || has && expression != text {
			t.Errorf("%q: expression %q, licenses %s, want %q", text, expression, ids, want)
		}
	}
	got, _, _ := layers07.UpgradeCorpus(&layers07.Corpus{Name: "A", CreatedAt: "2025-01-01T00:00:00Z", License: lex.Some("proprietary")})
	if l := got.Licensing.Licenses[0]; l.Spdx != "proprietary" || l.Name.Or("") != "proprietary" {
		t.Errorf("proprietary becomes %s", l)
	}
}

// TestDrift generates the package again, in memory.
func TestDrift(t *testing.T) {
	root := os.DirFS("..")
	config, err := gen.ReadConfig(root, gen.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	output, err := bridge.Generate(root, []string{"layers07/lexicons"}, root, config, &bridge.Options{Dir: "layers07", Version: "0.7",
		Rules: map[string]map[string]bridge.Rule{
			"pub.layers.corpus.corpus": {"license": {Func: "upgradeLicense"}},
			"pub.layers.eprint.eprint": {"citation": {Wrap: "raw"}},
		}})
	if err != nil {
		t.Fatal(err)
	}
	changes, err := gen.NewOutput([]string{"layers07"}, output.Files...).Check("..")
	if err != nil || len(output.Stubs) > 0 {
		t.Fatal(err, output.Stubs)
	}
	if diff := cmp.Diff([]gen.Change{}, changes); diff != "" {
		t.Errorf("run go generate: %s", diff)
	}
}
