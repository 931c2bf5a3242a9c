package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// newOdd points the command at a network in this process, which has what the reference servers do not accept.
func newOdd(t *testing.T) (alice *atptest.Account, z *zone, root string) {
	t.Helper()
	n := atptest.New(t)
	alice = n.NewAccount("alice.test")
	for _, variable := range n.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	z = &zone{txt: make(map[string][]string)}
	lookupTXT = z.lookUp
	t.Cleanup(func() { lookupTXT = nil })
	return alice, z, module(t)
}

const schema = "com.atproto.lexicon.schema"

// TestInstallCircle installs documents that refer to each other.
func TestInstallCircle(t *testing.T) {
	alice, z, root := newOdd(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	for id, other := range map[string]string{"com.example.one.a": "com.example.two.b", "com.example.two.b": "com.example.three.c", "com.example.three.c": "com.example.one.a"} {
		alice.PutJSON(schema, syntax.RecordKey(id), `{"$type": "`+schema+`", "lexicon": 1, "id": "`+id+`", "defs": {"x": {"type": "object", "properties": {"y": {"type": "ref", "ref": "`+other+`#x"}}}}}`)
	}
	for _, domain := range []string{"one", "two", "three"} {
		z.set("_lexicon."+domain+".example.com", "did="+string(alice.DID))
	}
	expect(t, 0, "3 documents, 3 written\n", "install", flag, "com.example.two.b")
	expect(t, 0, "0 written\n", "install", flag, "--ci")
	expect(t, 0, "0 written\n", "update", flag)
	expect(t, 0, "changed", "generate", flag)
}

// TestInstallUnresolved checks what is said about authorities that lead nowhere.
func TestInstallUnresolved(t *testing.T) {
	alice, z, root := newOdd(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	t.Setenv("LAYERS_PDS", "") // which has all accounts
	const id, nowhere = "com.example.one.a", "com.example.one.a: DNS names an account for it that does not exist: "
	for _, test := range []struct {
		txt  []string
		want string
	}{
		{[]string{"did=did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"}, nowhere + "pds: identity: did:plc:aaaaaaaaaaaaaaaaaaaaaaaa: not found"},
		{[]string{"did=nonsense"}, "com.example.one.a: identity: _lexicon.one.example.com: invalid: TXT record of _lexicon.one.example.com"},
		{[]string{"v=spf1 -all"}, "_lexicon.one.example.com has no TXT record with a DID"},
		{[]string{"did=did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"}, "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme: invalid: DID method is not supported"},
		{[]string{"v=spf1 -all", "did=" + string(alice.DID)}, "/com.example.one.a: record not found, as the signed repository proves"},
	} {
		z.set("_lexicon.one.example.com", test.txt...)
		expect(t, 1, test.want, "install", flag, id)
	}
	alice.PutJSON(schema, id, `{"$type": "`+schema+`", "lexicon": 2, "id": "`+id+`", "defs": {}}`)
	expect(t, 1, "/com.example.one.a:/lexicon: write 1, the version of the language", "install", flag, id)
	alice.PutJSON(schema, id, `{"$type": "`+schema+`", "lexicon": 1, "id": "com.example.one.b", "defs": {"x": {"type": "token"}}}`)
	expect(t, 1, "/com.example.one.a: the document is com.example.one.b", "install", flag, id)
	alice.PutJSON(schema, id, `{"$type": "com.example.other", "lexicon": 1, "id": "com.example.one.a", "defs": {"x": {"type": "token"}}}`)
	expect(t, 1, `the record has the $type "com.example.other"`, "install", flag, id)
	alice.PutJSON(schema, id, `{"$type": "`+schema+`", "lexicon": 1, "id": "com.example.one.a", "defs": {"x": {"type": "object", "properties": {"y": {"type": "ref", "ref": "com.example.gone.b#y"}}}}}`)
	expect(t, 1, "com.example.gone.b, to which com.example.one.a refers: identity: _lexicon.gone.example.com: not found", "install", flag, id)
}

// TestPublishOver publishes where a record stands that is not a document.
func TestPublishOver(t *testing.T) {
	alice, z, root := newOdd(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
	store, err := auth.OpenStore("")
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Login(t.Context(), "alice.test", alice.NewAppPassword(), auth.WithNetwork(n), auth.WithStore(store)); err != nil {
		t.Fatal(err)
	}
	z.set("_lexicon.app.example.com", "did="+string(alice.DID))
	for _, record := range []string{`{"$type": "` + schema + `", "lexicon": 2}`, `{"$type": "` + schema + `", "lexicon": 1, "id": "com.example.app.other", "defs": {"x": {"type": "token"}}}`, `{"$type": "com.example.other"}`} {
		alice.PutJSON(schema, "com.example.app.note", record)
		expect(t, 1, "com.example.app.note: differs from at://"+string(alice.DID)+"/com.atproto.lexicon.schema/com.example.app.note: 1 error", "status", flag)
		expect(t, 1, "error com.example.app.note: the record that is published is not this document: ", "publish", flag)
		expect(t, 0, "1 document, 1 published", "publish", flag, "--breaking")
		expect(t, 0, "com.example.app.note: published\n", "status", flag)
	}
}
