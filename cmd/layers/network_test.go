package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// world is a directory and a PDS of one account in one server.
type world struct {
	t      *testing.T
	url    string
	key    *ecdsa.PrivateKey
	handle http.HandlerFunc // of the PDS
}

func newWorld(t *testing.T, handle http.HandlerFunc) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := key.PublicKey.Bytes() // 4, x and y
	if err != nil {
		t.Fatal(err)
	}
	point := append([]byte{2 + whole[64]&1}, whole[1:33]...)
	multibase := "z" + base58.Encode(append([]byte{0x80, 0x24}, point...))
	w := &world{t: t, key: key, handle: handle}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/did:") {
			fmt.Fprintf(out, `{"id":%q,"alsoKnownAs":["at://alice.test"],"verificationMethod":[{"id":"#atproto","type":"Multikey","controller":%q,"publicKeyMultibase":%q}],`+
				`"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":%q}]}`, hostileDID, hostileDID, multibase, "http://"+r.Host)
			return
		}
		w.handle(out, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	t.Setenv("LAYERS_PLC", server.URL)
	t.Setenv("LAYERS_PDS", "")
	t.Setenv("LAYERS_APPVIEW", server.URL)
	t.Setenv("LAYERS_ALLOW_PRIVATE", "1")
	return w
}

// archive returns the repository of the account at a revision, with one record of the given name.
func (w *world) archive(rev syntax.TID, name string) []byte {
	w.t.Helper()
	sign := func(message []byte) ([]byte, error) {
		digest := sha256.Sum256(message)
		r, s, err := ecdsa.Sign(rand.Reader, w.key, digest[:])
		if err != nil {
			return nil, err
		}
		if n := elliptic.P256().Params().N; s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
			s.Sub(n, s) // of the two that verify, the one that is allowed
		}
		signature := make([]byte, multikey.SignatureSize)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature, nil
	}
	data, err := lex.JSONToCBOR(fmt.Appendf(nil, `{"$type":"pub.layers.corpus.corpus","name":%q,"createdAt":"2026-01-02T03:04:05Z"}`, name))
	if err != nil {
		w.t.Fatal(err)
	}
	var archive bytes.Buffer
	all := []repo.Record{{Collection: "pub.layers.corpus.corpus", RecordKey: "3jzfcijpj2z2a", Data: data}}
	if _, err := repo.Build(w.t.Context(), &archive, repo.Commit{DID: hostileDID, Rev: rev}, all, sign, repo.OrderTree); err != nil {
		w.t.Fatal(err)
	}
	return archive.Bytes()
}

// TestPullRevisions pulls archives one after the other: time goes forward.
func TestPullRevisions(t *testing.T) {
	var answer []byte
	w := newWorld(t, func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/vnd.ipld.car")
		out.Write(answer)
	})
	now := syntax.NewTIDClock().Next()
	at := now.Add
	old, first, second := w.archive(at(-2*time.Hour), "old"), w.archive(at(-time.Hour), "first"), w.archive(at(-time.Minute), "second")
	fork, future, farFuture := w.archive(at(-time.Minute), "fork"), w.archive(at(4*time.Minute), "soon"), w.archive(at(10*time.Minute), "far")
	damaged := bytes.Clone(second)
	damaged[len(damaged)-20] ^= 1
	dir := t.TempDir()
	file := filepath.Join(dir, archive.Name(hostileDID))
	inVersion2 := func(payload []byte) []byte {
		var converted bytes.Buffer
		if err := carv2.Write(&converted, bytes.NewReader(payload)); err != nil {
			t.Fatal(err)
		}
		return converted.Bytes()
	}
	second2, damaged2 := inVersion2(second), inVersion2(damaged)
	for _, test := range []struct {
		name         string
		have, answer []byte
		args         []string
		status       int
		message      string
		want         []byte
	}{
		{"nothing", nil, first, nil, 0, "saved", first},
		{"newer", first, second, nil, 0, "saved", second},
		{"the same", second, second, nil, 0, "unchanged: " + file, second},
		{"the same, and damaged here", damaged, second, nil, 0, "saved", second},
		{"older", second, first, nil, 1, "older revision", second},
		{"much older", second, old, []string{"--jsonl"}, 1, "--force replaces it", second},
		{"older by force", second, first, []string{"--force"}, 0, "saved", first},
		{"another of the same revision", second, fork, nil, 1, "forked revision", second},
		{"another of the same revision by force", second, fork, []string{"--force"}, 0, "saved", fork},
		{"ahead a little", second, future, nil, 0, "saved", future},
		{"in the future", second, farFuture, nil, 1, "in the future", second},
		{"in the future, with nothing here", nil, farFuture, nil, 1, "in the future", nil},
		{"in the future by force", nil, farFuture, []string{"--force"}, 0, "saved", farFuture},
		{"back from the future", farFuture, second, nil, 1, "older revision", farFuture},
		{"newer, version 2 here", inVersion2(first), second, nil, 0, "to convert it: layers convert " + file, second},
		{"the same, version 2 here", second2, second, nil, 0, "unchanged: " + file, second2},
		{"the same, version 2 damaged here", damaged2, second, nil, 0, "saved", second},
		{"older, version 2 here", second2, first, nil, 1, "older revision", second2},
		{"older by force, version 2 here", second2, first, []string{"--force"}, 0, "to convert it: layers convert " + file, first},
		{"another of the same revision, version 2 here", second2, fork, nil, 1, "forked revision", second2},
		{"no archive here", []byte("nonsense"), first, nil, 0, "saved", first},
	} {
		os.Remove(file)
		if test.have != nil {
			if err := os.WriteFile(file, test.have, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		answer = test.answer
		status, stdout, stderr := layers(t, nil, append([]string{"pull", hostileDID, "-o", dir}, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.message) || (stdout == "") != (status != 0) {
			t.Errorf("%s: status %d: %s%s", test.name, status, stdout, stderr)
		}
		if got, _ := os.ReadFile(file); !bytes.Equal(got, test.want) {
			t.Errorf("%s: the file is another one", test.name)
		}
		if left, _ := os.ReadDir(dir); len(left) > 1 {
			t.Errorf("%s: files are left: %v", test.name, left)
		}
	}
}

// TestProvenAbsence gets a record that is not in the repository, as the server proves: the message names it once and says
// so.
func TestProvenAbsence(t *testing.T) {
	var answer []byte
	w := newWorld(t, func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "application/vnd.ipld.car")
		out.Write(answer)
	})
	answer = w.archive(syntax.NewTIDClock().Next().Add(-time.Minute), "one")
	uri := "at://" + hostileDID + "/pub.layers.corpus.corpus/3mabcdefghi2a"
	status, stdout, stderr := layers(t, nil, "get", "--proof", uri)
	if want := "layers: pds: " + uri + ": record not found, as the signed repository proves\n"; status != exit.Failed || stdout != "" || stderr != want {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
}

// TestDescribeWithoutCommit describes a repository whose newest commit the server does not say.
func TestDescribeWithoutCommit(t *testing.T) {
	newWorld(t, func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "describeRepo") {
			fmt.Fprintf(out, `{"did":%q,"handle":"alice.test","handleIsCorrect":true,"didDoc":{},"collections":["pub.layers.corpus.corpus"]}`, hostileDID)
			return
		}
		out.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(out, `{"error":"Nonsense","message":"ask somebody else"}`)
	})
	status, stdout, stderr := layers(t, nil, "describe", hostileDID)
	if want := "did     " + hostileDID + "\nhandle  alice.test\ncommit  unknown\nrev     unknown\nrecords pub.layers.corpus.corpus\n"; status != 1 || stdout != want || !strings.Contains(stderr, "getLatestCommit") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
	status, stdout, stderr = layers(t, nil, "describe", hostileDID, "--json")
	if want := `{"did":"` + hostileDID + `","handle":"alice.test","commit":null,"rev":null,"collections":["pub.layers.corpus.corpus"]}` + "\n"; status != 1 || stdout != want || !strings.Contains(stderr, "getLatestCommit") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
}

// TestPauses has servers ask for pauses: short ones are announced and kept, long ones are errors at once.
func TestPauses(t *testing.T) {
	for _, test := range []struct {
		name    string
		headers map[string]string
		code    int
		args    []string
		status  int
		message string
	}{
		{"short", map[string]string{"Retry-After": "1"}, 429, nil, 0, "waiting|attempt 2 of 4"},
		{"long", map[string]string{"Retry-After": "86400"}, 429, nil, 1, "maximum accepted pause"},
		{"reset tomorrow", map[string]string{"RateLimit-Reset": "86400", "RateLimit-Limit": "10", "RateLimit-Remaining": "0"}, 429, nil, 1, "maximum accepted pause"},
		{"longer than allowed", map[string]string{"Retry-After": "5"}, 429, []string{"--max-wait", "2s"}, 1, "maximum accepted pause"},
		{"unavailable", nil, 503, nil, 0, "retrying in "},
		{"longer than the time left", map[string]string{"Retry-After": "60"}, 429, []string{"--timeout", "5s"}, 1, "longer than the time left"},
		{"no time", nil, 0, []string{"--timeout", "200ms"}, 1, "timed out after 200ms"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked atomic.Int32
			newWorld(t, func(out http.ResponseWriter, r *http.Request) {
				if test.code == 0 {
					<-r.Context().Done()
					return
				}
				out.Header().Set("Content-Type", "application/json")
				if asked.Add(1) > 1 {
					fmt.Fprint(out, `{"records":[]}`)
					return
				}
				for name, value := range test.headers {
					out.Header().Set(name, value)
				}
				out.WriteHeader(test.code)
				fmt.Fprint(out, `{"error":"Busy","message":"m"}`)
			})
			begun := time.Now()
			for _, args := range [][]string{{"list", hostileDID, "corpus.corpus"}, {"query", "corpus.listCorpora"}} {
				asked.Store(0)
				status, _, stderr := layers(t, nil, append(args, test.args...)...)
				found := false
				for _, message := range strings.Split(test.message, "|") {
					found = found || strings.Contains(stderr, message)
				}
				if status != test.status || !found {
					t.Errorf("%v: status %d after %v: %s", args, status, time.Since(begun), stderr)
				}
			}
		})
	}
}

// TestDecodeSignature decodes an archive whose signature is verified under a DID document in a file, after a look-up, and
// not at all.
func TestDecodeSignature(t *testing.T) {
	w := newWorld(t, http.NotFound)
	dir := t.TempDir()
	file, document, other := filepath.Join(dir, "repo.car"), filepath.Join(dir, "did.json"), filepath.Join(dir, "other.json")
	save := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save(file, w.archive("3mabcdefghi2a", "Tales"))
	answer, err := http.Get(w.url + "/" + hostileDID)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	save(document, text)
	save(other, bytes.Replace(text, []byte(hostileDID), []byte("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"), 1))
	stranger := newWorld(t, http.NotFound) // the directory has another key now
	for _, test := range []struct {
		args    []string
		plc     string
		status  int
		want    string
		message string
	}{
		{nil, "http://127.0.0.1:1", 0, "signature  not verified\ntrust      hashed\n", ""},
		{[]string{"--did-doc", document}, "http://127.0.0.1:1", 0, "signature  valid\ntrust      signed\n", ""},
		{[]string{"--verify"}, w.url, 0, "signature  valid\ntrust      signed\n", ""},
		{[]string{"--jsonl"}, w.url, 0, `"trust":"hashed","value"`, ""},
		{[]string{"--jsonl", "--did-doc", document}, w.url, 0, `"trust":"signed","value"`, ""},
		{[]string{"--verify"}, stranger.url, 1, "", "invalid signature"},
		{[]string{"--did-doc", other}, w.url, 1, "", "the document is that of did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"},
		{[]string{"--did-doc", file}, w.url, 1, "", "repo.car"},
		{[]string{"--did-doc", filepath.Join(dir, "nowhere")}, w.url, 1, "", "nowhere"},
	} {
		args := append([]string{"decode", file, "--plc", test.plc}, test.args...)
		status, stdout, stderr := layers(t, nil, args...)
		if status != test.status || !strings.Contains(stdout, test.want) || !strings.Contains(stderr, test.message) || (stdout == "") != (status != 0) {
			t.Errorf("%v: status %d: %s%s", test.args, status, stdout, stderr)
		}
		if status == 0 && test.want[0] == 's' && !strings.HasPrefix(stdout, "did        "+hostileDID+"\nrev        3mabcdefghi2a\ncommit     bafyrei") {
			t.Errorf("%v: %s", test.args, stdout)
		}
	}
}
