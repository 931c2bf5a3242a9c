package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// zone is a DNS of the test's own: names with their TXT records.
type zone struct {
	sync.Mutex
	txt map[string][]string
}

func (z *zone) lookUp(_ context.Context, name string) ([]string, error) {
	z.Lock()
	defer z.Unlock()
	if list := z.txt[name]; list != nil {
		return list, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z *zone) set(name string, list ...string) {
	z.Lock()
	defer z.Unlock()
	z.txt[name] = list
}

// world is a network with an account that has lexicons, and a module that installs them.
type world struct {
	servers *reference.Servers
	author  *reference.Account
	zone    *zone
	root    string
	flag    string
}

// newWorld points the command at the reference servers and at a DNS of its own.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{servers: reference.Start(t), zone: &zone{txt: make(map[string][]string)}}
	w.author = w.servers.Account(t)
	lookupTXT = w.zone.lookUp
	t.Cleanup(func() { lookupTXT = nil })
	t.Setenv("LAYERS_PLC", w.servers.PLC)
	t.Setenv("LAYERS_ALLOW_PRIVATE", "1")
	for _, domain := range []string{"feed.example.com", "defs.example.com", "tokens.example.com"} {
		w.zone.set("_lexicon."+domain, "did="+w.author.DID)
	}
	w.put(t, post)
	w.put(t, defs)
	w.put(t, tokens)
	w.root = module(t)
	w.flag = "--config=" + filepath.Join(w.root, "lexgen.json")
	return w
}

// put publishes a document with another program than ours.
func (w *world) put(t *testing.T, document string) (cid string) {
	t.Helper()
	var head struct{ ID string }
	if err := json.Unmarshal([]byte(document), &head); err != nil {
		t.Fatal(err)
	}
	_, cid = w.author.PutRecord(t, "com.atproto.lexicon.schema", head.ID, json.RawMessage(document))
	return cid
}

const (
	post = `{"$type": "com.atproto.lexicon.schema", "lexicon": 1, "id": "com.example.feed.post", "defs": {"main": {"type": "record", "key": "tid",
		"record": {"type": "object", "required": ["text"], "properties": {
			"text": {"type": "string", "maxLength": 300},
			"thing": {"type": "ref", "ref": "com.example.defs.things#thing"},
			"mood": {"type": "string", "knownValues": ["com.example.tokens.moods#happy", "other"]}}}}}}`
	defs = `{"$type": "com.atproto.lexicon.schema", "lexicon": 1, "id": "com.example.defs.things", "defs": {
		"thing": {"type": "object", "properties": {"name": {"type": "string"}, "self": {"type": "ref", "ref": "#thing"}}}}}`
	tokens = `{"$type": "com.atproto.lexicon.schema", "lexicon": 1, "id": "com.example.tokens.moods", "defs": {"happy": {"type": "token"}}}`
)

func read(t *testing.T, names ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(names...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestInstall goes through the life of installed documents.
func TestInstall(t *testing.T) {
	w := newWorld(t)
	root, flag := w.root, w.flag
	expect(t, 1, "there is no manifest", "install", flag)
	expect(t, 2, "usage", "install", flag, "--ci", "com.example.feed.post")
	expect(t, 1, "none.feed.none: identity: _lexicon.feed.none: not found", "install", flag, "none.feed.none")
	expect(t, 0, "3 documents, 3 written\n", "install", flag, "com.example.feed.post")
	manifest := read(t, root, "lexicons.json")
	if !strings.Contains(manifest, `"lexicons": [
    "com.example.feed.post"
  ]`) || !strings.Contains(manifest, "at://"+w.author.DID+"/com.atproto.lexicon.schema/com.example.tokens.moods") {
		t.Errorf("the manifest is\n%s", manifest)
	}
	expect(t, 0, "0 written\n", "install", flag, "--ci")
	expect(t, 0, "0 written\n", "install", flag)
	expect(t, 1, "com.example.app.note: not published: DNS has no TXT record _lexicon.app.example.com with the account's DID\ncom.example.defs.things: installed, up to date\ncom.example.feed.post: installed, up to date\n", "status", flag, "--manifest", filepath.Join(root, "lexicons.json"))
	expect(t, 0, "create api/com/example/", "generate", flag)
	expect(t, 0, "", "check", flag)

	// A changed file is found, and restored.
	file := filepath.Join(root, "lexicons/com/example/defs/things.json")
	whole := read(t, file)
	write(t, root, "lexicons/com/example/defs/things.json", strings.Replace(whole, "name", "title", 1))
	for _, args := range [][]string{{"install"}, {"install", "--ci"}} {
		expect(t, 1, "com.example.defs.things: not the document that the manifest lists: com/example/defs/things.json was changed", append(args, flag)...)
	}
	expect(t, 0, "3 documents, 1 written\n", "pull", flag)
	if got := read(t, file); got != whole {
		t.Errorf("restored as\n%s\nwant\n%s", got, whole)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, "3 documents, 1 written\n", "install", flag, "--ci")

	// A fine update goes through, one that breaks the rules does not, unless it is accepted.
	w.put(t, strings.Replace(defs, `"self"`, `"more": {"type": "integer"}, "self"`, 1))
	expect(t, 0, "fine com.example.defs.things:/defs/thing/properties/more: new optional field more\n\tadds example.DefsThingsThing.More lex.Opt[int64]\n", "diff", flag, "--network")
	expect(t, 1, "com.example.defs.things: update available: 1 fine\n", "status", flag)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "com.example.defs.things: not the document that the manifest lists", "pull", flag)
	write(t, root, "lexicons/com/example/defs/things.json", whole)
	expect(t, 0, "3 documents, 1 written\n", "update", flag)
	// An update that moves a Go name does not, either.
	w.put(t, strings.Replace(post, `"other"`, `"Other"`, 1))
	const moved = "example.FeedPostMoodOther would stand for com.example.feed.post#main.mood=Other instead of com.example.feed.post#main.mood=other"
	expect(t, 1, moved, "diff", flag, "--network")
	expect(t, 1, "nothing is written, since Go names would change; --rename accepts that:\nlexicons/lexgen.names:/names/com.example.feed.post#main.mood=other: "+moved, "update", flag)
	expect(t, 0, "changes example.FeedPostMoodOther from \"other\" to \"Other\"", "update", flag, "--rename")
	expect(t, 1, moved, "generate", flag)
	w.put(t, post)
	expect(t, 0, "3 documents, 1 written\n", "update", flag)
	w.put(t, strings.Replace(post, "300", "500", 1))
	expect(t, 1, "nothing is written, since changes break the rules of lexicon evolution; --breaking accepts them\n", "update", flag)
	if strings.Contains(read(t, root, "lexicons/com/example/feed/post.json"), "500") {
		t.Error("a refused update was written")
	}
	expect(t, 0, "error com.example.feed.post:/defs/main/record/properties/text/maxLength: maxLength loosened from 300 to 500", "update", flag, "--breaking")
	expect(t, 0, "0 written\n", "install", flag, "--ci")

	// What nothing needs any longer is told.
	w.put(t, strings.Replace(strings.Replace(post, "300", "500", 1), `"com.example.tokens.moods#happy", `, "", 1))
	expect(t, 0, "com.example.tokens.moods: no longer needed", "update", flag)
	expect(t, 1, "the manifest is out of date", "install", flag, "--ci", "--manifest", outdated(t, manifest, read(t, root, "lexicons.json")))
}

// outdated makes a manifest that lists one document too many.
func outdated(t *testing.T, old, current string) string {
	t.Helper()
	var before, m struct {
		Version     int                        `json:"version"`
		Lexicons    []string                   `json:"lexicons"`
		Resolutions map[string]json.RawMessage `json:"resolutions"`
	}
	if err := json.Unmarshal([]byte(old), &before); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(current), &m); err != nil {
		t.Fatal(err)
	}
	m.Resolutions["com.example.tokens.moods"] = before.Resolutions["com.example.tokens.moods"]
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "lexicons.json", string(data))
	return filepath.Join(dir, "lexicons.json")
}

// TestInstallAuthority checks whom lexgen believes about a document: DNS, and what the manifest said before.
func TestInstallAuthority(t *testing.T) {
	w := newWorld(t)
	flag := w.flag
	other := w.servers.Account(t)
	expect(t, 0, "1 document, 1 written\n", "install", flag, "com.example.tokens.moods")
	// DNS names another account.
	w.zone.set("_lexicon.tokens.example.com", "did="+other.DID)
	expect(t, 0, "0 written\n", "install", flag)
	expect(t, 1, "the manifest names the account "+w.author.DID+", but _lexicon.tokens.example.com now names "+other.DID, "update", flag)
	other.PutRecord(t, "com.atproto.lexicon.schema", "com.example.tokens.moods", json.RawMessage(tokens))
	uri := "at://" + other.DID + "/com.atproto.lexicon.schema/com.example.tokens.moods"
	expect(t, 0, "1 document, 0 written", "install", flag, uri)
	if !strings.Contains(read(t, w.root, "lexicons.json"), uri) {
		t.Error("the manifest does not have the new place")
	}
	// DNS names none, or two.
	w.zone.set("_lexicon.tokens.example.com")
	expect(t, 0, "com.example.tokens.moods: DNS names no account for it; it is read from "+uri, "update", flag)
	w.zone.set("_lexicon.tokens.example.com", "did="+other.DID, "did="+w.author.DID)
	expect(t, 1, "two DIDs", "update", flag)
	expect(t, 1, "is neither an NSID nor the at-uri of a document", "install", flag, "nonsense")
	expect(t, 1, "is not the URI of a document", "install", flag, "at://"+other.DID+"/com.example.feed.post/a")

	// A document in another repository replaces the one that is installed, if that breaks nothing.
	w.author.PutRecord(t, "com.atproto.lexicon.schema", "com.example.tokens.moods", json.RawMessage(strings.Replace(tokens, `"token"`, `"object", "properties": {}`, 1)))
	back := "at://" + w.author.DID + "/com.atproto.lexicon.schema/com.example.tokens.moods"
	expect(t, 1, "error com.example.tokens.moods:/defs/happy", "install", flag, back)
	if !strings.Contains(read(t, w.root, "lexicons.json"), uri) {
		t.Error("what was refused was written")
	}
	expect(t, 0, "1 document, 1 written", "install", flag, back, "--breaking")
	expect(t, 1, "error com.example.tokens.moods:/defs/happy", "install", flag, uri)

	// A document that exists already is not replaced.
	write(t, w.root, "lexicons/com/example/feed/post.json", strings.Replace(note, "app.note", "feed.post", 1))
	expect(t, 1, "com/example/feed/post.json exists and differs from at://", "install", flag, "com.example.feed.post")

	// Records that are no valid documents.
	w.author.PutRecord(t, "com.atproto.lexicon.schema", "com.example.defs.wrong", json.RawMessage(`{"lexicon": 1, "id": "com.example.defs.other", "defs": {"a": {"type": "token"}}}`))
	expect(t, 1, "the document is com.example.defs.other", "install", flag, "com.example.defs.wrong")
	w.author.PutRecord(t, "com.atproto.lexicon.schema", "com.example.defs.invalid", json.RawMessage(`{"lexicon": 1, "id": "com.example.defs.invalid", "defs": {"a": {"type": "nonsense"}}}`))
	expect(t, 1, "com.example.defs.invalid:/defs/a", "install", flag, "com.example.defs.invalid")
	expect(t, 1, "not found", "install", flag, "com.example.defs.missing")
}

// TestInstallForged checks that documents are verified: with another signature, with other bytes, or under another key, they
// are not installed.
func TestInstallForged(t *testing.T) {
	w := newWorld(t)
	proxy := w.servers.Proxy(t)
	w.author.SetPDS(t, proxy.URL)
	proof := proofOf(t, w, "com.example.tokens.moods")
	other := bytes.Clone(proof)
	i := bytes.LastIndex(other, []byte("happy"))
	if i < 0 {
		t.Fatal("the proof does not have the record")
	}
	other[i] = 'H'
	for name, answer := range map[string][]byte{
		"another byte":    other,
		"cut":             proof[:len(proof)-1],
		"another record":  proofOf(t, w, "com.example.feed.post"),
		"another account": foreignProof(t, w),
	} {
		proxy.Inject(func(rw http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/com.atproto.sync.getRecord") {
				return false
			}
			rw.Header().Set("Content-Type", "application/vnd.ipld.car")
			_, _ = rw.Write(answer)
			return true
		})
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), []string{"install", w.flag, "com.example.tokens.moods"}, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "com.example.tokens.moods: ") {
			t.Errorf("%s: status %d, %s", name, status, stderr.String())
		}
		if _, err := os.Stat(filepath.Join(w.root, "lexicons.json")); err == nil {
			t.Errorf("%s: there is a manifest", name)
		}
	}
	proxy.Inject(nil)
	expect(t, 0, "1 document, 1 written\n", "install", w.flag, "com.example.tokens.moods")
}

// proofOf fetches the proof of a document.
func proofOf(t *testing.T, w *world, id string) []byte {
	t.Helper()
	return fetchProof(t, w.servers.PDS, w.author.DID, id)
}

// foreignProof returns the proof that another account has the document.
func foreignProof(t *testing.T, w *world) []byte {
	t.Helper()
	other := w.servers.Account(t)
	other.PutRecord(t, "com.atproto.lexicon.schema", "com.example.tokens.moods", json.RawMessage(tokens))
	return fetchProof(t, w.servers.PDS, other.DID, "com.example.tokens.moods")
}

func fetchProof(t *testing.T, pds, did, id string) []byte {
	t.Helper()
	response, err := http.Get(pds + "/xrpc/com.atproto.sync.getRecord?did=" + did + "&collection=com.atproto.lexicon.schema&rkey=" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", response.Status, err)
	}
	return b.Bytes()
}

// TestPublish publishes documents, and changes them.
func TestPublish(t *testing.T) {
	w := newWorld(t)
	flag := w.flag
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
	expect(t, 1, "com.example.app.note: not published: DNS has no TXT record _lexicon.app.example.com with the account's DID\n", "status", flag)
	expect(t, 1, "not logged in", "publish", flag)
	w.login(t)
	expect(t, 0, `these documents cannot be found until DNS has the TXT record _lexicon.app.example.com with the value "did=`+w.author.DID+`"`, "publish", flag)
	w.zone.set("_lexicon.app.example.com", "did="+w.author.DID)
	expect(t, 0, "com.example.app.note: published\n", "status", flag)
	expect(t, 0, "1 document, 0 published\n", "publish", flag)

	changed := strings.Replace(note, `"type": "string"}`, `"type": "string"}, "more": {"type": "integer"}`, 1)
	write(t, w.root, "lexicons/com/example/app/note.json", changed)
	expect(t, 1, "com.example.app.note: differs from at://"+w.author.DID+"/com.atproto.lexicon.schema/com.example.app.note: 1 fine\n", "status", flag)
	expect(t, 0, "1 document, 1 published\n", "publish", flag, "com.example.app.note")
	write(t, w.root, "lexicons/com/example/app/note.json", strings.Replace(changed, `"type": "object",`, `"type": "object", "required": ["more"],`, 1))
	expect(t, 1, "nothing is published, since changes break the rules", "publish", flag)
	expect(t, 0, "1 document, 1 published\n", "publish", flag, "--breaking")

	// What was published can be installed, and installed documents are not one's own.
	elsewhere := module(t)
	expect(t, 0, "1 document, 1 written\n", "install", "--config="+filepath.Join(elsewhere, "lexgen.json"), "--lexicons", filepath.Join(elsewhere, "installed"), "com.example.app.note")
	expect(t, 0, "1 written", "install", flag, "com.example.tokens.moods")
	expect(t, 0, "1 document, 0 published\n", "publish", flag)
	expect(t, 1, "com.example.tokens.moods is not a document of your own", "publish", flag, "com.example.tokens.moods")

	// The domain names another account.
	w.zone.set("_lexicon.app.example.com", "did="+w.servers.Account(t).DID)
	expect(t, 1, "com.example.app.note: the domain of the document names another account: did:plc:", "publish", flag)
}

// login stores a session of the author.
func (w *world) login(t *testing.T) {
	t.Helper()
	store, err := auth.OpenStore("")
	if err != nil {
		t.Fatal(err)
	}
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: w.servers.PLC, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := auth.Login(t.Context(), syntax.AtIdentifier(w.author.DID), w.author.Password, auth.WithDirectory(directory), auth.WithStore(store)); err != nil {
		t.Fatal(err)
	}
}

// TestLex installs documents with lexgen and with @atproto/lex, and has each of them accept what the other installed.
func TestLex(t *testing.T) {
	node, tools := reference.Lex(t)
	w := newWorld(t)
	install := func(root string, options map[string]any) (string, error) {
		options["lexicons"], options["manifest"] = filepath.Join(root, "lexicons"), filepath.Join(root, "lexicons.json")
		options["plcDirectoryUrl"] = w.servers.PLC
		options["authorities"] = map[string]string{"feed.example.com": w.author.DID, "defs.example.com": w.author.DID, "tokens.example.com": w.author.DID}
		text, err := json.Marshal(options)
		if err != nil {
			t.Fatal(err)
		}
		output, err := exec.CommandContext(t.Context(), node, "testdata/lex.mjs", tools, string(text)).CombinedOutput()
		return string(output), err
	}
	offline := func(root string) error {
		command := exec.CommandContext(t.Context(), node, filepath.Join(tools, "node_modules/@atproto/lex/bin/lex"), "install", "--ci", "--no-save")
		command.Dir = root
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, output)
		}
		return nil
	}

	theirs := t.TempDir()
	write(t, theirs, "go.mod", "module example.org/theirs\n")
	if output, err := install(theirs, map[string]any{"add": []string{"com.example.feed.post"}, "save": true}); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if err := offline(theirs); err != nil {
		t.Errorf("@atproto/lex refuses its own: %v", err)
	}
	expect(t, 0, "create api/com/example/", "generate", "--config="+w.flagOf(t, theirs))

	ours := t.TempDir()
	write(t, ours, "go.mod", "module example.org/ours\n")
	expect(t, 0, "3 documents, 3 written\n", "install", "--config="+filepath.Join(ours, "lexgen.json"), "com.example.feed.post")
	expect(t, 0, "lexgen.lock", "lock", "--config="+w.flagOf(t, ours))
	if a, b := read(t, ours, "lexicons.json"), read(t, theirs, "lexicons.json"); a != b {
		t.Errorf("lexgen writes the manifest\n%s\n@atproto/lex writes\n%s", a, b)
	}

	// From here on, nothing can be fetched.
	t.Setenv("LAYERS_PLC", "http://127.0.0.1:1")
	lookupTXT = func(context.Context, string) ([]string, error) { panic("a name was looked up") }
	for _, root := range []string{theirs, ours} {
		// Our lockfile does not disturb @atproto/lex, nor its manifest us.
		if _, err := os.Stat(filepath.Join(root, "lexicons/lexgen.lock")); err != nil {
			t.Error(err)
		}
		if err := offline(root); err != nil {
			t.Errorf("@atproto/lex refuses what lexgen installed: %v", err)
		}
		expect(t, 0, "3 documents, 0 written\n", "install", "--ci", "--config="+filepath.Join(root, "lexgen.json"))
		name := "lexicons/com/example/defs/things.json"
		write(t, root, name, strings.Replace(read(t, root, name), "name", "title", 1))
		if err := offline(root); err == nil || !strings.Contains(err.Error(), "out of date") {
			t.Errorf("@atproto/lex accepts a changed document: %v", err)
		}
		expect(t, 1, "not the document that the manifest lists", "install", "--ci", "--config="+filepath.Join(root, "lexgen.json"))
	}
}

// flagOf writes a configuration for a module, and the go.mod and go.sum that the generated code needs.
func (w *world) flagOf(t *testing.T, root string) string {
	t.Helper()
	complete := module(t)
	for _, name := range []string{"go.mod", "go.sum", "lexgen.json"} {
		write(t, root, name, read(t, complete, name))
	}
	return filepath.Join(root, "lexgen.json")
}

// TestNew writes first documents of all kinds into an empty module, and generates from them.
func TestNew(t *testing.T) {
	root := module(t)
	for _, name := range []string{"lexgen.json", "lexicons/com/example/app/note.json"} {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		expect(t, 0, "create "+filepath.Join(root, "lexicons/org/example/first", kind+".json"), "new", flag, "--type", kind, "org.example.first."+kind)
	}
	expect(t, 1, "exists", "new", flag, "org.example.first.record")
	expect(t, 2, "--type is \"token\", must be one of defs, procedure, query, record", "new", flag, "--type", "token", "org.example.first.token")
	expect(t, 2, "NSID", "new", flag, "first")
	t.Chdir(root)
	expect(t, 0, "create "+filepath.Join("lexicons", "org", "example", "first", "more.json"), "new", "org.example.first.more")
	expect(t, 0, "", "lint", flag)
	expect(t, 0, "create api/org/example/", "generate", flag)
	expect(t, 0, "", "check", flag)
}
