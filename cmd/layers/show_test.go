package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/browser"
	"github.com/layers-pub/layers-go/tests/reference"
)

// sampleLines returns records of the demo's corpus as lines for apply and show.
func sampleLines(t *testing.T, records []sample.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, r := range records {
		line, err := json.Marshal(map[string]any{"action": "put", "uri": r.URI, "value": json.RawMessage(r.JSON)})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.Bytes()
}

// TestShow draws the corpus of the demo, broken records included: as text, and as a page that is opened in a browser.
func TestShow(t *testing.T) {
	corpus, err := sample.New("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := filepath.Abs("testdata/show.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("corpus.jsonl", sampleLines(t, corpus.All()), 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := layers(t, nil, "show", "corpus.jsonl")
	if status != exit.OK || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if stdout != string(want) {
		t.Errorf("the picture is not that in testdata/show.txt (go test -update writes it):\n%s", stdout)
	}

	status, stdout, stderr = layers(t, nil, "show", "--from", "corpus.jsonl", string(corpus.Sentence))
	if status != exit.OK || stderr != "" || !strings.Contains(string(want), stdout) || !strings.HasPrefix(stdout, "en-1 (sentence)\n") {
		t.Errorf("status %d, %s%s", status, stdout, stderr)
	}

	status, stdout, stderr = layers(t, nil, "show", "--html", "corpus.html", "corpus.jsonl")
	if status != exit.OK || stdout != "" || stderr != "" {
		t.Fatalf("status %d, %s%s", status, stdout, stderr)
	}
	document, messages := browser.Open(t, "corpus.html")
	if len(messages) > 0 {
		t.Errorf("the browser logs %q", messages)
	}
	for _, want := range []string{
		"<title>corpus.jsonl</title>", ">nmod:poss</text>", "<bdi>PROPN</bdi>", `lang="ja">猫</text>`, "<bdi>bafkreic6volbhc5zrhhbozmpqoqygwim2erkbl75sesw2dek5kqbdbfxk4</bdi>",
		"<bdi>Cats and printers (corpus)</bdi>", "<bdi>invalid: /kind: required: required field is missing</bdi>", "<bdi>330 Hz</bdi>",
	} {
		if !strings.Contains(document, want) {
			t.Errorf("no %q in the document", want)
		}
	}
}

// TestShowServers draws records that are read from servers, from an archive, and from a directory of follow: they look the
// same.
func TestShowServers(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	t.Chdir(t.TempDir())
	t.Setenv("LAYERS_PLC", servers.PLC)
	t.Setenv("LAYERS_PDS", servers.PDS)
	t.Setenv("LAYERS_ALLOW_PRIVATE", "1")
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(t.TempDir(), "auth.json"))
	t.Setenv("LAYERS_PASSWORD", account.AppPassword(t))
	corpus, err := sample.New(syntax.DID(account.DID))
	if err != nil {
		t.Fatal(err)
	}
	// The reference server recognizes the file as what it calls audio/vnd.wave, and refuses records that call it another name.
	batch := bytes.ReplaceAll(sampleLines(t, corpus.Records), []byte(sample.AudioType), []byte("audio/vnd.wave"))
	if err := os.WriteFile("batch.jsonl", batch, 0o644); err != nil {
		t.Fatal(err)
	}
	do := func(args ...string) string {
		t.Helper()
		status, stdout, stderr := layers(t, nil, args...)
		if status != exit.OK {
			t.Fatalf("%v: status %d, %s", args, status, stderr)
		}
		return stdout
	}
	account.UploadBlob(t, sample.AudioType, sample.Audio())
	do("login", account.Handle)
	do("apply", "batch.jsonl")
	do("pull", account.DID, "-o", "archives")
	do("follow", "-o", "copy", "--relay", servers.PDS, "--did", account.DID, "--once")
	plain := do("show", "batch.jsonl")
	archive := filepath.Join("archives", strings.ReplaceAll(account.DID, ":", "-")+".car")
	if got := checked.ReplaceAllString(do("show", archive), ""); got != plain {
		t.Errorf("the archive is drawn as\n%s\nand the records as\n%s", got, plain)
	}
	byHandle := strings.Replace(string(corpus.Sentence), account.DID, account.Handle, 1)
	for _, args := range [][]string{{byHandle}, {string(corpus.Corpus)}, {string(corpus.Recording), string(corpus.Japanese)}} {
		got := checked.ReplaceAllString(do(append([]string{"show"}, args...)...), "")
		for part := range strings.SplitSeq(got, "\n\n") {
			if !strings.Contains(plain, part) {
				t.Errorf("%v is drawn as\n%s\nand not as in\n%s", args, part, plain)
			}
		}
	}
	followed := do("show", "--from", "copy", string(corpus.Sentence))
	if got := checked.ReplaceAllString(followed, ""); !strings.Contains(plain, got) || !regexp.MustCompile(`(?m)^verified +(signed|chained)$`).MatchString(followed) {
		t.Errorf("the followed record is drawn as\n%s", followed)
	}
	status, _, stderr := layers(t, nil, "show", string(corpus.Sentence)+"x")
	if status != exit.Failed || !strings.Contains(stderr, string(corpus.Sentence)+"x") {
		t.Errorf("status %d, %s", status, stderr)
	}
}

// checked is what show says of records that have a CID, and no more of those that were read from a file.
var checked = regexp.MustCompile(`(?m)^(CID|verified) +\S+\n`)
