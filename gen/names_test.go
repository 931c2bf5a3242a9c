package gen_test

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/naming"
)

// lockOf returns the name lock for documents, which are given by their NSID as the JSON of their definitions. The
// lock before, if there is one, is in old. Change changes the configuration.
func lockOf(documents map[string]string, old *naming.Lock, change func(*gen.Config)) (*naming.Lock, error) {
	root := fstest.MapFS{}
	for id, defs := range documents {
		root["lexicons/"+strings.ReplaceAll(id, ".", "/")+".json"] = &fstest.MapFile{Data: []byte(`{"lexicon": 1, "id": "` + id + `", "defs": ` + defs + `}`)}
	}
	config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api"}
	if change != nil {
		change(config)
	}
	if old != nil {
		data, err := old.Bytes()
		if err != nil {
			return nil, err
		}
		root[config.NamesFile()] = &fstest.MapFile{Data: data}
	}
	set, err := config.Load(root)
	if err != nil {
		return nil, err
	}
	_, lock, err := gen.SourceAndLock(set, config)
	return lock, err
}

const (
	empty  = `{"main": {"type": "object", "properties": {}}}`
	view   = `{"view": {"type": "object", "properties": {"record": {"type": "union", "refs": ["#view"]}}}}`
	query  = `{"main": {"type": "query"}}`
	record = `{"main": {"type": "record", "key": "tid", "record": {"type": "object", "properties": {}}}}`
)

func refTo(ref string) string {
	return `{"main": {"type": "object", "properties": {"x": {"type": "ref", "ref": "` + ref + `"}}}}`
}

// apart makes a package of each namespace.
func apart(c *gen.Config) { c.Packages = map[string]string{"com": "api/com"} }

// TestNamesStay generates, updates the documents and generates again. What exists keeps its name, whatever is
// added; what cannot is an error with both names.
func TestNamesStay(t *testing.T) {
	type documents = map[string]string
	for _, test := range []struct {
		name          string
		config        func(*gen.Config)
		before, added documents // a document that is added as "" is removed
		// want are names after the update; by is the configuration of the update, if it is another.
		want map[string]string
		by   func(*gen.Config)
		// fails are parts of the error, if there is one; then want is what --rename gives.
		fails []string
	}{
		{"a def that an inline type has the name of", nil,
			documents{"com.example.defs": view},
			documents{"com.example.viewRecord": empty},
			map[string]string{"com.example.defs#view.record": "ViewRecord", "com.example.viewRecord#main": "ViewRecordObject"}, nil, nil},
		{"a document called client", nil,
			documents{"com.example.get": query},
			documents{"com.example.client": record},
			map[string]string{"api/com/example:client": "Client", "com.example.client#main": "ClientRecord"}, nil, nil},
		{"a query beside a document called client", nil,
			documents{"com.example.client": record},
			documents{"com.example.get": query},
			map[string]string{"api/com/example:client": "ExampleClient", "com.example.client#main": "Client"}, nil, nil},
		{"a second collection", func(c *gen.Config) { c.Records = "api/records" },
			documents{"com.b.actor.profile": record},
			documents{"com.a.actor.profile": record},
			map[string]string{"com.b.actor.profile#main:collection": "ActorProfile", "com.a.actor.profile#main:collection": "AActorProfile"}, nil, nil},
		{"a namespace of its own beside one of an authority", func(c *gen.Config) { c.Packages = map[string]string{"com.example.app": "app"} },
			documents{"com.example.app.note": record},
			documents{"com.example.other.note": record},
			map[string]string{"com.example.app.note#main": "Note", "com.example.other.note#main": "OtherNote"}, nil, nil},
		{"a circle of new packages", apart,
			documents{"com.example.text.facet": empty},
			documents{"com.example.one.a": refTo("com.example.two.b"), "com.example.two.b": refTo("com.example.one.a")},
			map[string]string{"com.example.text.facet#main": "Facet", "com.example.one.a#main": "OneA", "com.example.two.b#main": "TwoB"}, nil, nil},
		{"a circle of packages that exist", apart,
			documents{"com.example.text.facet": empty, "com.example.post.item": refTo("com.example.text.facet")},
			documents{"com.example.text.facet": refTo("com.example.post.item")},
			map[string]string{"com.example.text.facet#main": "TextFacet", "com.example.post.item#main": "PostItem"}, nil,
			[]string{"text.Facet (in api/com/example/text) would become example.TextFacet (in api/com/example): ",
				"post.Item (in api/com/example/post) would become example.PostItem (in api/com/example): ",
				"the references at lexicons/com/example/post/item.json:/defs/main/properties/x, lexicons/com/example/text/facet.json:/defs/main/properties/x create an import cycle",
				`remove one of them, map the authority to one package under "packages" ("com.example.*": "api/com/example"), or run ` + "`lexgen generate --rename`"}},
		{"a long value beside others", nil,
			documents{"com.example.participants.defs": `{"participantConfiguration": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["short"]}}}}`},
			documents{"com.example.participants.defs": `{"participantConfiguration": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["short", "quite-long"]}}}}`},
			map[string]string{"com.example.participants.defs#participantConfiguration.kind=short": "ParticipantsParticipantConfigurationKindShort",
				"com.example.participants.defs#participantConfiguration.kind=quite-long": "ParticipantsParticipantConfigurationKindQuiteLong"}, nil, nil},
		{"a long name that another one would have, too", nil,
			documents{"com.example.participants.getAllParticipants": `{"participantConfiguration": {"type": "object", "properties": {}}}`},
			documents{"com.example.participants.askAllParticipants": `{"participantConfiguration": {"type": "object", "properties": {}}}`},
			map[string]string{"com.example.participants.getAllParticipants#participantConfiguration": "GetAllParticipantsParticipantConfiguration",
				"com.example.participants.askAllParticipants#participantConfiguration": "AskAllParticipantsParticipantConfiguration"}, nil, nil},
		{"another directory", apart,
			documents{"com.example.text.facet": empty}, nil,
			map[string]string{"com.example.text.facet#main": "TextFacet"}, func(c *gen.Config) { c.Output = "other" },
			[]string{"text.Facet (in api/com/example/text) would become example.TextFacet (in other/com/example): the configuration places it elsewhere"}},
		{"a name that is given", nil,
			documents{"com.example.note": record}, nil,
			map[string]string{"com.example.note#main": "Memo"}, func(c *gen.Config) { c.Names = map[string]string{"com.example.note#main": "Memo"} }, nil},
		{"a name that is given to something else", nil,
			documents{"com.example.note": record},
			documents{"com.example.memo": record},
			map[string]string{"com.example.note#main": "NoteRecord", "com.example.memo#main": "Note"},
			func(c *gen.Config) { c.Names = map[string]string{"com.example.memo#main": "Note"} },
			[]string{"lexicons/lexgen.names:/names/com.example.note#main: Note would become NoteRecord, since its name now belongs to something else"}},
		{"an override that is removed", func(c *gen.Config) { c.Names = map[string]string{"com.example.note#main": "Memo"} },
			documents{"com.example.note": record}, nil,
			map[string]string{"com.example.note#main": "Memo"}, func(*gen.Config) {}, nil},
		{"a document takes the name of an inline type that is gone", nil,
			documents{"com.example.defs": view},
			documents{"com.example.defs": `{"view": {"type": "object", "properties": {}}}`, "com.example.viewRecord": record},
			map[string]string{"com.example.viewRecord#main": "ViewRecord"}, nil,
			[]string{"lexicons/lexgen.names:/names/com.example.defs#view.record: example.ViewRecord would stand for com.example.viewRecord#main instead of com.example.defs#view.record, which was removed; give the new one another name"}},
		{"a name that is used again, and is given", nil,
			documents{"com.example.defs": `{"a-b": {"type": "object", "properties": {}}}`},
			documents{"com.example.defs": `{"aB": {"type": "object", "properties": {}}}`},
			map[string]string{"com.example.defs#aB": "AB"}, func(c *gen.Config) { c.Names = map[string]string{"com.example.defs#aB": "AB"} }, nil},
		{"a definition takes the name of another one", nil,
			documents{"com.example.defs": `{"a-b": {"type": "object", "properties": {"x": {"type": "object", "properties": {}}}}}`},
			documents{"com.example.defs": `{"aB": {"type": "object", "properties": {"x": {"type": "object", "properties": {}}}}}`},
			map[string]string{"com.example.defs#aB": "AB", "com.example.defs#aB.x": "ABX"}, nil,
			[]string{"example.AB would stand for com.example.defs#aB instead of com.example.defs#a-b"}},
		{"a document in another case", nil,
			documents{"com.example.note": record}, documents{"com.example.note": "", "com.example.Note": record},
			map[string]string{"com.example.Note#main": "Note"}, nil,
			[]string{"example.Note would stand for com.example.Note#main instead of com.example.note#main"}},
		{"a known value in another case", nil,
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["draft"]}}}}`},
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["Draft"]}}}}`},
			map[string]string{"com.example.note#main.kind=Draft": "NoteKindDraft"}, nil,
			[]string{"example.NoteKindDraft would stand for com.example.note#main.kind=Draft instead of com.example.note#main.kind=draft"}},
		{"a known value that becomes another one", nil, // the constant goes, and nobody takes its name
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["draft", "final"]}}}}`},
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["sketch", "final"]}}}}`},
			map[string]string{"com.example.note#main.kind=sketch": "NoteKindSketch", "com.example.note#main.kind=final": "NoteKindFinal", "com.example.note#main.kind=draft": ""}, nil, nil},
		{"a value that loses the one that it gave way to", nil,
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["a", "A"]}}}}`},
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"kind": {"type": "string", "knownValues": ["a"]}}}}`},
			map[string]string{"com.example.note#main.kind=a": "NoteKindLowerA"}, nil, nil},
		{"a field that is spelled otherwise", nil,
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"foo-bar": {"type": "string"}}}}`},
			documents{"com.example.note": `{"main": {"type": "object", "properties": {"fooBar": {"type": "string"}}}}`},
			map[string]string{"com.example.note#main.fooBar:field": "FooBar"}, nil,
			[]string{"example.Note.FooBar would stand for com.example.note#main.fooBar:field instead of com.example.note#main.foo-bar:field"}},
		{"a field of the name of a type", nil,
			documents{"com.example.defs": `{"a-b": {"type": "object", "properties": {}}, "other": {"type": "object", "properties": {}}}`},
			documents{"com.example.defs": `{"other": {"type": "object", "properties": {"aB": {"type": "string"}}}}`},
			map[string]string{"com.example.defs#other.aB:field": "AB"}, nil, nil},
		{"an error that is spelled otherwise", nil,
			documents{"com.example.get": `{"main": {"type": "query", "errors": [{"name": "Bad"}]}}`},
			documents{"com.example.get": `{"main": {"type": "query", "errors": [{"name": "bad"}]}}`},
			map[string]string{"com.example.get#main.errors=bad": "GetErrorBad"}, nil,
			[]string{"example.GetErrorBad would stand for com.example.get#main.errors=bad instead of com.example.get#main.errors=Bad"}},
		{"a record called client after the calls have gone", nil,
			documents{"com.example.get": query}, documents{"com.example.get": "", "com.example.client": record},
			map[string]string{"com.example.client#main": "Client"}, nil,
			[]string{"example.Client would stand for com.example.client#main instead of api/com/example:client"}},
		{"a collection of another authority", func(c *gen.Config) { c.Records = "api/records" },
			documents{"com.b.actor.profile": record}, documents{"com.b.actor.profile": "", "com.a.actor.profile": record},
			map[string]string{"com.a.actor.profile#main:collection": "ActorProfile"}, nil,
			[]string{"Repository.ActorProfile would stand for com.a.actor.profile#main:collection instead of com.b.actor.profile#main:collection"}},
		{"something goes, and something else comes", nil,
			documents{"com.example.note": record}, documents{"com.example.note": "", "com.example.memo": record},
			map[string]string{"com.example.memo#main": "Memo", "com.example.note#main": ""}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, err := lockOf(test.before, nil, test.config)
			if err != nil {
				t.Fatal(err)
			}
			if test.by == nil {
				test.by = test.config
			}
			after := maps.Clone(test.before)
			maps.Copy(after, test.added)
			maps.DeleteFunc(after, func(_, defs string) bool { return defs == "" })
			got, err := lockOf(after, before, test.by)
			if (err != nil) != (test.fails != nil) {
				t.Errorf("the error is %v", err)
			}
			for _, part := range test.fails {
				if err != nil && !strings.Contains(err.Error(), part) {
					t.Errorf("the error is\n%v\nand has no %s", err, part)
				}
			}
			if err != nil {
				accept := func(c *gen.Config) { test.by(c); c.Rename = true }
				if test.by == nil {
					accept = func(c *gen.Config) { c.Rename = true }
				}
				if got, err = lockOf(after, before, accept); err != nil {
					t.Fatalf("with Rename: %v", err)
				}
			}
			for key, name := range test.want {
				if got.Names[key] != name {
					t.Errorf("%s is %s, want %s", key, got.Names[key], name)
				}
			}
			// What is accepted once stays.
			again, err := lockOf(after, got, test.by)
			if err != nil {
				t.Fatal(err)
			}
			a, _ := got.Bytes()
			b, _ := again.Bytes()
			if !bytes.Equal(a, b) {
				t.Errorf("the next run gives another lock:\n%s\n%s", a, b)
			}
		})
	}
}

// TestNamesMalformed checks that a name lock that is none stops the run.
func TestNamesMalformed(t *testing.T) {
	for _, text := range []string{"", "{", `{"names": {"a.b.c#main": "x y"}}`} {
		root := fstest.MapFS{"lexicons/lexgen.names": {Data: []byte(text)}}
		config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api"}
		if _, err := config.Load(root); err == nil || !strings.Contains(err.Error(), "lexicons/lexgen.names: malformed name lock") {
			t.Errorf("%q gives %v", text, err)
		}
	}
}
