package install_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const manifest = `{
  "version": 1,
  "lexicons": [
    "com.example.a",
    "com.example.b"
  ],
  "resolutions": {
    "com.example.a": {
      "uri": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/com.atproto.lexicon.schema/com.example.a",
      "cid": "bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq"
    }
  }
}`

func TestManifest(t *testing.T) {
	m, err := install.ParseManifest([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(m.Lexicons)
	data, err := m.Bytes()
	if err != nil || string(data) != manifest {
		t.Errorf("written as\n%s (%v)", data, err)
	}
	if other := install.NewManifest(); m.Equal(other) || !m.Equal(m) {
		t.Error("Equal is wrong")
	}
	if data, err := install.NewManifest().Bytes(); err != nil || string(data) != "{\n  \"version\": 1,\n  \"lexicons\": [],\n  \"resolutions\": {}\n}" {
		t.Errorf("an empty one is written as\n%s (%v)", data, err)
	}
	if m, err := install.ReadManifest(filepath.Join(t.TempDir(), install.File)); m != nil || err != nil {
		t.Errorf("a missing one gives %v, %v", m, err)
	}
}

func TestManifestErrors(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{`"version": 1`, `"version": 2`, "the manifest has version 2"},
		{`"lexicons"`, `"lexicon"`, `"lexicons" or "resolutions" is missing`},
		{`"com.example.b"`, `"b"`, `"/lexicons/1"`},
		{`"com.example.a": {`, `"a": {`, `"/resolutions/a"`},
		{`schema/com.example.a`, `schema/com.example.b`, "/resolutions/com.example.a: "},
		{`com.atproto.lexicon.schema`, `com.example.lexicon.schema`, "is not the URI of the document"},
		{`did:plc:ewvi7nxzyoun6zhxrhs64oiz`, `example.com`, "is not the URI of the document"},
		{`bafyrei`, `bafyrex`, "/resolutions/com.example.a: "},
		{`"version"`, ``, "malformed manifest"},
		{`"cid"`, `"uri"`, "malformed manifest"},
	} {
		_, err := install.ParseManifest([]byte(strings.Replace(manifest, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.new, err, test.want)
		}
	}
}

// FuzzParseManifest checks that no manifest makes it panic, and that what is accepted is written in a form that means the same.
func FuzzParseManifest(f *testing.F) {
	f.Add(manifest)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := install.ParseManifest([]byte(text))
		if err != nil {
			return
		}
		data, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := install.ParseManifest(data)
		if err != nil || !again.Equal(m) {
			t.Errorf("written as %s (%v)", data, err)
		}
	})
}

// TestNeeds wants all that a document refers to, as @atproto/lex counts it.
func TestNeeds(t *testing.T) {
	d, err := lexicon.Parse("d.json", []byte(`{"lexicon": 1, "id": "com.example.all", "defs": {
		"main": {"type": "procedure",
			"parameters": {"type": "params", "properties": {"p": {"type": "string", "knownValues": ["com.example.tokens#a", "com.example.plain", "x#y", "com.example.odd#a#b"]}}},
			"input": {"encoding": "application/json", "schema": {"type": "ref", "ref": "com.example.input"}},
			"output": {"encoding": "application/json", "schema": {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "union", "refs": ["com.example.one#x", "#own", "com.example.all#own"]}}}}}},
		"own": {"type": "object", "properties": {"r": {"type": "ref", "ref": "com.example.two#y"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := install.Needs(d), []syntax.NSID{"com.example.input", "com.example.one", "com.example.tokens", "com.example.two"}; !slices.Equal(got, want) {
		t.Errorf("needs %s, want %s", got, want)
	}
	d, err = lexicon.Parse("d.json", []byte(`{"lexicon": 1, "id": "com.example.auth", "defs": {"main": {"type": "permission-set", "title": "T", "detail": "D", "permissions": [
		{"type": "permission", "resource": "repo", "collection": ["com.example.post", "com.example.like"]},
		{"type": "permission", "resource": "rpc", "lxm": ["com.example.get"], "inheritAud": true}]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := install.Needs(d), []syntax.NSID{"com.example.get", "com.example.like", "com.example.post"}; !slices.Equal(got, want) {
		t.Errorf("needs %s, want %s", got, want)
	}
	if got := install.FileOf("com.example.feed.post"); got != "com/example/feed/post.json" {
		t.Errorf("the file is %s", got)
	}
}
