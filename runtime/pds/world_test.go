package pds_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// The account of these tests is that of a corpus, whose key signed its archive.
var (
	small   = corpus.New(100)
	account = syntax.DID(small.DID())
	actor   = syntax.AtIdentifier(account)
)

const (
	handle     = "alice.test"
	layers     = syntax.NSID("pub.layers.annotation.annotationLayer")
	otherKey   = "zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N" // a valid one of somebody else
	noKey      = ""
	methodList = "com.atproto.repo.listRecords"
	methodGet  = "com.atproto.repo.getRecord"
)

// directory is a PLC directory, which also resolves the account's handle.
type directory struct {
	*httptest.Server
	mu      sync.Mutex
	pds     []string // by look-up; the last one stays
	keys    []string
	dids    []syntax.DID // what the handle leads to
	asked   int
	handles int
}

func newDirectory(t *testing.T, servers ...string) *directory {
	t.Helper()
	d := &directory{pds: servers, keys: []string{small.SigningKey()}, dids: []syntax.DID{account}}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

// take returns the first of a list and, unless it is the only one, removes it.
func take[T any](list *[]T) T {
	first := (*list)[0]
	if len(*list) > 1 {
		*list = (*list)[1:]
	}
	return first
}

func (d *directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/xrpc/") {
		d.handles++
		if r.FormValue("handle") != handle {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"InvalidRequest","message":"Unable to resolve handle"}`)
			return
		}
		fmt.Fprintf(w, `{"did":%q}`, take(&d.dids))
		return
	}
	d.asked++
	document := map[string]any{
		"id":                 strings.TrimPrefix(r.URL.Path, "/"),
		"alsoKnownAs":        []string{"at://" + handle},
		"verificationMethod": []any{},
		"service":            []any{},
	}
	if key := take(&d.keys); key != noKey {
		document["verificationMethod"] = []any{map[string]string{
			"id": "#atproto", "type": "Multikey", "controller": document["id"].(string), "publicKeyMultibase": key,
		}}
	}
	if server := take(&d.pds); server != "" {
		document["service"] = []any{map[string]string{
			"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": server,
		}}
	}
	_ = json.NewEncoder(w).Encode(document)
}

func (d *directory) lookups() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// server is a PDS that answers each method as it is told.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

type answers map[string]http.HandlerFunc

func newServer(t *testing.T, methods answers) *server {
	t.Helper()
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		if answer := methods[strings.TrimPrefix(r.URL.Path, "/xrpc/")]; answer != nil {
			answer(w, r)
			return
		}
		refuse(http.StatusNotImplemented, "MethodNotImplemented", "Method Not Implemented")(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// say answers with a body.
func say(status int, mediaType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func sayJSON(body string) http.HandlerFunc { return say(http.StatusOK, "application/json", body) }

func refuse(status int, name, message string) http.HandlerFunc {
	return say(status, "application/json", fmt.Sprintf(`{"error":%q,"message":%q}`, name, message))
}

func sayArchive(archive []byte) http.HandlerFunc {
	return say(http.StatusOK, "application/vnd.ipld.car", string(archive))
}

// newClient returns a client of the network that d describes.
func newClient(t *testing.T, d *directory, opts ...pds.Option) *pds.Client {
	t.Helper()
	known, err := identity.New(identity.WithNetwork(network.Network{PLC: d.URL, Handles: d.URL, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(append([]pds.Option{
		pds.WithDirectory(known), pds.WithXRPC(xrpc.WithRetry(xrpc.Retry{Attempts: 1})),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// serve returns a client of a network with one PDS.
func serve(t *testing.T, methods answers) (*pds.Client, *server, *directory) {
	t.Helper()
	s := newServer(t, methods)
	d := newDirectory(t, s.URL)
	return newClient(t, d), s, d
}

// item is a record as servers answer it.
type item struct {
	URI   syntax.ATURI    `json:"uri"`
	CID   string          `json:"cid"`
	Value json.RawMessage `json:"value"`
}

func (i item) json() string {
	return fmt.Sprintf(`{"uri":%q,"cid":%q,"value":%s}`, i.URI, i.CID, i.Value)
}

// block returns the record in DAG-CBOR.
func (i item) block(t *testing.T) []byte {
	t.Helper()
	block, err := lex.JSONToCBOR(i.Value)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

// items returns the annotation layers of the corpus.
func items(t *testing.T) []item {
	t.Helper()
	var all []item
	for page := range small.ListRecords(string(layers), 100) {
		var answer struct{ Records []item }
		if err := json.Unmarshal(page, &answer); err != nil {
			t.Fatal(err)
		}
		all = append(all, answer.Records...)
	}
	if len(all) < 10 {
		t.Fatalf("the corpus has only %d annotation layers", len(all))
	}
	return all
}

func archive(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := small.WriteCAR(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// page returns a page of listRecords.
func page(cursor string, items ...item) string {
	texts := make([]string, len(items))
	for i := range items {
		texts[i] = items[i].json()
	}
	text := `{"records":[` + strings.Join(texts, ",") + `]`
	if cursor != "" {
		text += fmt.Sprintf(`,"cursor":%q`, cursor)
	}
	return text + `}`
}

// sayPages answers with the page that the cursor names.
func sayPages(pages map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[r.FormValue("cursor")]
		if !ok {
			refuse(http.StatusBadRequest, "InvalidRequest", "unknown cursor")(w, r)
			return
		}
		sayJSON(text)(w, r)
	}
}
