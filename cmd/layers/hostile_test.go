package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// evil is in each hostile text, so that tests see whether it came through.
const evil = "EVIL"

// hostileTexts are what servers may say to upset a terminal or the eyes before it.
var hostileTexts = map[string]string{
	"colour":              "\x1b[31m" + evil,
	"title":               "\x1b]0;" + evil + "\a",
	"cursor":              evil + "\r\x1b[1A\x1b[2K",
	"backspaces":          evil + strings.Repeat("\b", 20),
	"a line of its own":   evil + "\nlayers: FORGED",
	"carriage return":     evil + "\rlayers: FORGED",
	"vertical tab":        evil + "\v\f",
	"null":                evil + "\x00",
	"DEL":                 evil + "\x7f",
	"C1":                  "\u009b31m" + evil + "\u0085\u0090",
	"bare bytes of C1":    "\x9b31m" + evil,
	"right to left":       evil + "\u202e\u202d\u202a",
	"isolates":            "\u2066" + evil + "\u2067\u2068\u2069",
	"marks":               "\u200e" + evil + "\u200f\u061c",
	"separators":          evil + "\u2028layers: FORGED\u2029",
	"not UTF-8":           evil + "\xff\xfe\xed\xa0\x80",
	"cut UTF-8":           evil + "\xf0\x9f",
	"invisible":           evil + "\u00ad\ufeff\u2060\u180e",
	"tags beyond the BMP": evil + "\U000e0041\U0001d173",
}

// checkVisible reports what in s should not reach a terminal.
func checkVisible(s string) error {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return fmt.Errorf("byte %#x at %d is not UTF-8", s[i], i)
			}
		}
		switch {
		case r == '\n' || r == '\t':
		case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp, unicode.Cf):
			return fmt.Errorf("%U at %d", r, i)
		}
	}
	for line := range strings.Lines(s) {
		if strings.HasPrefix(strings.TrimSpace(line), "layers: FORGED") {
			return fmt.Errorf("a forged line")
		}
	}
	return nil
}

// quoteJSON returns text as JSON that says all of it in the fewest escapes, which is what hurts most.
func quoteJSON(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == '"' || c == '\\':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

const hostileDID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

// hostileServer answers in one of several ways with text. It is everything at once: directory, PDS and appview.
func hostileServer(t *testing.T, way, text string) *httptest.Server {
	t.Helper()
	quoted := quoteJSON(text)
	record := fmt.Sprintf(`{"$type":"pub.layers.corpus.corpus","name":%s,"createdAt":%s,%s:[1]}`, quoted, quoted, quoted)
	uri := "at://" + hostileDID + "/pub.layers.corpus.corpus/3mabcdefghi2a"
	answers := map[string]string{
		"/xrpc/com.atproto.repo.describeRepo":    fmt.Sprintf(`{"did":%q,"handle":%s,"handleIsCorrect":true,"didDoc":{},"collections":["pub.layers.corpus.corpus"]}`, hostileDID, quoted),
		"/xrpc/com.atproto.sync.getLatestCommit": fmt.Sprintf(`{"cid":%s,"rev":%s}`, quoted, quoted),
		"/xrpc/com.atproto.repo.getRecord":       fmt.Sprintf(`{"uri":%q,"cid":%s,"value":%s}`, uri, quoted, record),
		"/xrpc/com.atproto.repo.listRecords": fmt.Sprintf(`{"records":[{"uri":%q,"cid":%s,"value":%s},{"uri":%s,"cid":%s,"value":%s},%s,null,{"value":%s}],"cursor":%s}`,
			uri, quoted, record, quoted, quoted, record, quoted, quoted, quoted),
		"/xrpc/com.atproto.server.createSession":   fmt.Sprintf(`{"did":%q,"handle":%s,"accessJwt":%s,"refreshJwt":%s}`, hostileDID, quoted, quoted, quoted),
		"/xrpc/com.atproto.identity.resolveHandle": fmt.Sprintf(`{"did":%s}`, quoted),
		"/xrpc/pub.layers.corpus.listCorpora":      fmt.Sprintf(`{"records":[%s],"cursor":%s}`, record, quoted),
		"/xrpc/pub.layers.corpus.getCorpus":        record,
	}
	server := httptest.NewUnstartedServer(nil)
	server.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/did:") && way != "directory" {
			fmt.Fprintf(w, `{"id":%q,"alsoKnownAs":[%s,"at://alice.test"],"verificationMethod":[{"id":"#atproto","type":%s,"controller":%q,"publicKeyMultibase":%s}],`+
				`"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":%q}]}`, hostileDID, quoted, quoted, hostileDID, quoted, "http://"+r.Host)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		switch way {
		case "answers":
			if answer, ok := answers[r.URL.Path]; ok {
				fmt.Fprint(w, answer)
				return
			}
			if r.URL.Path == "/xrpc/com.atproto.sync.getBlob" {
				w.Header()["Content-Type"] = []string{headerText(text)}
				fmt.Fprint(w, "a blob")
				return
			}
			fmt.Fprint(w, text)
		case "errors":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":%s,"message":%s}`, quoted, quoted)
		case "directory", "pages":
			w.Header()["Content-Type"] = []string{"text/html;" + headerText(text)}
			w.WriteHeader(http.StatusForbidden) // which is not tried again
			fmt.Fprint(w, "<html>"+text)
		case "media types":
			w.Header()["Content-Type"] = []string{headerText(text)}
			fmt.Fprint(w, text)
		case "redirects":
			w.Header()["Location"] = []string{"gopher://" + headerText(text)}
			w.WriteHeader(http.StatusFound)
		}
	})
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// headerText returns text without what HTTP cannot carry.
func headerText(text string) string {
	return strings.NewReplacer("\n", "", "\r", "", "\x00", "").Replace(text)
}

// TestHostileServers has each command talk to servers that say what upsets terminals: none of it comes out.
func TestHostileServers(t *testing.T) {
	commands := [][]string{
		{"resolve", "alice.test"}, {"resolve", hostileDID}, {"describe", hostileDID},
		{"get", "at://" + hostileDID + "/corpus.corpus/3mabcdefghi2a"}, {"get", "--proof", "at://" + hostileDID + "/corpus.corpus/3mabcdefghi2a"},
		{"list", hostileDID, "corpus.corpus"}, {"pull", hostileDID}, {"query", "corpus.listCorpora"}, {"query", "corpus.getCorpus"},
		{"login", "alice.test"}, {"login", hostileDID}, {"whoami"}, {"logout"},
		{"blob", "get", hostileDID, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
	}
	machine := [][]string{
		{"resolve", hostileDID, "--json"}, {"describe", hostileDID, "--json"}, {"list", hostileDID, "corpus.corpus", "--jsonl"},
		{"get", "--json", "at://" + hostileDID + "/corpus.corpus/3mabcdefghi2a"}, {"query", "corpus.listCorpora", "--jsonl"}, {"query", "corpus.getCorpus", "--json"},
	}
	for _, way := range []string{"answers", "errors", "directory", "pages", "media types", "redirects"} {
		t.Run(way, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
			t.Setenv("LAYERS_PASSWORD", "secret")
			var came atomic.Bool
			var all sync.WaitGroup // what fails in passing is tried again, with pauses: all at once take no longer than one
			for name, text := range hostileTexts {
				server := hostileServer(t, way, text)
				flags := []string{"--plc", server.URL, "--pds", server.URL, "--appview", server.URL, "--allow-private"}
				for _, args := range commands {
					all.Go(func() {
						_, stdout, stderr := layers(t, nil, append(flags, args...)...)
						if strings.Contains(stdout+stderr, evil) {
							came.Store(true)
						}
						for stream, text := range map[string]string{"output": stdout, "error": stderr} {
							if err := checkVisible(text); err != nil {
								t.Errorf("%s: %v: standard %s: %v: %q", name, args, stream, err, text)
							}
						}
					})
				}
				for _, args := range machine {
					all.Go(func() {
						_, stdout, stderr := layers(t, nil, append(flags, args...)...)
						if err := checkVisible(stderr); err != nil {
							t.Errorf("%s: %v: standard error: %v: %q", name, args, err, stderr)
						}
						for line := range strings.Lines(stdout) {
							if !json.Valid([]byte(line)) {
								t.Errorf("%s: %v: not a line of JSON: %q", name, args, line)
							}
						}
					})
				}
			}
			all.Wait()
			if !came.Load() {
				t.Error("nothing of what the server says came out: the test tests nothing")
			}
		})
	}
}

// TestHostileArchive prints a table of an archive whose keys and texts are hostile.
func TestHostileArchive(t *testing.T) {
	for name, text := range hostileTexts {
		if !utf8.ValidString(text) {
			continue // an issue of the whole record
		}
		value := map[string]any{
			"$type": "pub.layers.persona.persona", "name": text, "createdAt": text,
			"features": map[string]any{"entries": []any{}, text: map[string]any{"$typ": "x"}},
		}
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = lex.JSONToCBOR(data); err != nil {
			t.Fatal(err)
		}
		data = bytes.Replace(data, []byte("\x64$typ\x61x"), []byte("\x65$type\x60"), 1) // an issue whose path has the text
		var archive bytes.Buffer
		all := []repo.Record{{Collection: "pub.layers.persona.persona", RecordKey: "3jzfcijpj2z2a", Data: data}}
		sign := func([]byte) ([]byte, error) { return make([]byte, multikey.SignatureSize), nil }
		if _, err := repo.Build(t.Context(), &archive, repo.Commit{DID: hostileDID, Rev: "3jzfcijpj2z2a"}, all, sign, repo.OrderTree); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := layers(t, &archive, "decode", "-")
		if err := checkVisible(stdout); err != nil || status != exit.OK || stderr != "" || !strings.Contains(stdout, evil) {
			t.Errorf("%s: status %d, %v: %q%s", name, status, err, stdout, stderr)
		}
	}
}

// TestHostileArguments says what is wrong with arguments that were pasted from somewhere, and with names of files.
func TestHostileArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	for name, text := range hostileTexts {
		for _, args := range [][]string{
			{text}, {"--" + text}, {"-" + text}, {"help", text}, {"completion", text}, {"blob", text}, {"list", "--" + text}, {"list", text, "corpus.corpus"},
			{"list", "alice.test", text}, {"list", "alice.test", "corpus.corpus", "--limit", text}, {"get", text}, {"get", "at://alice.test/" + text + "/1"},
			{"decode", text}, {"create", text}, {"put", "corpus.corpus/" + text}, {"query", text}, {"query", "corpus.getCorpus", text, "--appview", "https://a.test"},
			{"query", "corpus.getCorpus", "--appview", text}, {"resolve", "alice.test", "--pds", text}, {"resolve", "alice.test", "--plc", text},
			{"blob", "put", text}, {"blob", "put", "a.mp3", "--for", text}, {"blob", "get", "alice.test", text}, {"apply", text}, {"delete", text},
		} {
			_, stdout, stderr := layers(t, nil, args...)
			if err := checkVisible(stdout + stderr); err != nil {
				t.Errorf("%s: %q: %v: %q", name, args, err, stdout+stderr)
			}
		}
	}
}

// TestHostileCertificate shows the names in a server's certificate.
func TestHostileCertificate(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "\x1b[31m" + evil}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"\x1b[31m" + evil + "\n" + "layers: FORGED"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(new(bytes.Buffer), "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.StartTLS()
	defer server.Close()
	status, stdout, stderr := layers(t, nil, "resolve", hostileDID, "--allow-private", "--plc", strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	if err := checkVisible(stdout + stderr); err != nil || status != exit.Failed || !strings.Contains(stderr, evil) {
		t.Errorf("status %d, %v: %q", status, err, stdout+stderr)
	}
}

// TestHostileLog logs what package net/http may: it is the command's output, too.
func TestHostileLog(t *testing.T) {
	defer log.SetOutput(log.Writer())
	var stderr bytes.Buffer
	run(t.Context(), []string{"--version"}, nil, new(bytes.Buffer), &stderr)
	log.Print("Unsolicited response: \x1b[31m" + evil + "\u009b")
	if err := checkVisible(stderr.String()); err != nil || !strings.Contains(stderr.String(), evil) {
		t.Errorf("%v: %q", err, stderr.String())
	}
}

// TestIndentedAnswers gets JSON that a server indents: one line of --jsonl is one line.
func TestIndentedAnswers(t *testing.T) {
	record := "{\n  \"$type\": \"pub.layers.corpus.corpus\",\r\n\t\"name\": \"Tales \\u2028\",\n  \"n\": [\n1]\n}"
	odd := strings.Replace(record, "1]", "1.5]", 1) // which stays JSON
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		uri := "at://" + hostileDID + "/pub.layers.corpus.corpus/3mabcdefghi2a"
		switch {
		case strings.HasPrefix(r.URL.Path, "/did:"):
			fmt.Fprintf(w, `{"id":%q,"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":%q}]}`, hostileDID, "http://"+r.Host)
		case strings.HasSuffix(r.URL.Path, "listRecords"):
			fmt.Fprintf(w, "{\n\"records\": [\n{\"uri\": %q,\n\"value\": %s}, {\"uri\": %q,\n\"value\": {\n}}]}", uri, odd, uri)
		case strings.HasSuffix(r.URL.Path, "getRecord"):
			fmt.Fprintf(w, "{\n\"uri\": %q,\n\"value\": %s}", uri, odd)
		case strings.HasSuffix(r.URL.Path, "listCorpora"):
			fmt.Fprintf(w, "{\n\"records\": [\n%s,\n%s]}", record, record)
		default:
			fmt.Fprint(w, record)
		}
	}))
	defer server.Close()
	for name, value := range map[string]string{"PLC": server.URL, "PDS": server.URL, "APPVIEW": server.URL, "ALLOW_PRIVATE": "1"} {
		t.Setenv("LAYERS_"+name, value)
	}
	for _, test := range []struct {
		lines int
		args  []string
	}{
		{2, []string{"list", hostileDID, "corpus.corpus", "--jsonl"}},
		{1, []string{"get", "--json", "at://" + hostileDID + "/corpus.corpus/3mabcdefghi2a"}},
		{2, []string{"query", "corpus.listCorpora", "--jsonl"}},
		{1, []string{"query", "corpus.getCorpus", "--json"}},
	} {
		_, stdout, stderr := layers(t, nil, test.args...)
		if n := strings.Count(stdout, "\n"); n != test.lines {
			t.Errorf("%v: %d lines: %s%s", test.args, n, stdout, stderr)
		}
		for line := range strings.Lines(stdout) {
			if !json.Valid([]byte(line)) || strings.Contains(line, "\r") {
				t.Errorf("%v: %q", test.args, line)
			}
		}
	}
}

// TestTextWriter writes text in pieces.
func TestTextWriter(t *testing.T) {
	const text = "नमस्ते\u200d 👩\u200d🚀 \x1b \u009b \u202e \xff\tæ\n\xf0\x9f"
	const want = "नमस्ते\u200d 👩\u200d🚀 \\u001b \\u009b \\u202e \\xff\tæ\n\\xf0\\x9f"
	for size := 1; size <= len(text); size++ {
		var got strings.Builder
		w := terminal.NewWriter(&got)
		for piece := range bytesOf([]byte(text), size) {
			if n, err := w.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		w.Flush()
		if got.String() != want {
			t.Errorf("in pieces of %d: %q, want %q", size, got.String(), want)
		}
	}
	if got := terminal.OneLine("a\nb\tc\r"); got != `a\nb\tc\r` {
		t.Error(got)
	}
	if uri := "at://" + hostileDID; !syntax.ValidATURI(uri) || terminal.OneLine(uri) != uri {
		t.Error(uri)
	}
}

// TestCompletionIsExact prints the scripts of shells as they are.
func TestCompletionIsExact(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if status, stdout, _ := layers(t, nil, "completion", shell); status != 0 || strings.Contains(stdout, `\u00`) || len(stdout) < 1000 {
			t.Errorf("%s: status %d, %d bytes", shell, status, len(stdout))
		}
	}
}
