package failures

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// size is the number of records of the repository that the server has.
const size = 300

// The names by which the server is known. Nothing else has an address for them.
const (
	host   = "pds.example.com"
	handle = syntax.Handle("corpus.example.com")
)

// world is a server that has one account, with its repository and a blob, and works well. It is no network of package atptest,
// since the operations reach it as they would reach a server on the Internet: at https://pds.example.com, with TLS, and with private addresses
// refused. Servers of atptest are at private addresses.
type world struct {
	did      syntax.DID
	archive  []byte
	document []byte
	pages    [][]byte
	record   []byte // an answer of getRecord
	uri      syntax.ATURI
	cid      string
	value    []byte // of that record
	blob     []byte

	expressions int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	c := corpus.New(size)
	archive, err := c.CAR()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		did:      syntax.DID(c.DID()),
		archive:  archive,
		document: c.DIDDocument(),
		blob:     bytes.Repeat([]byte("a story told twice. "), 1<<14),
	}
	for page := range c.ListRecords(expression.NSIDExpression, 10) {
		w.pages = append(w.pages, page)
	}
	var page struct{ Records []json.RawMessage }
	var view struct {
		URI, CID string
		Value    json.RawMessage
	}
	for _, data := range w.pages {
		if err := json.Unmarshal(data, &page); err != nil {
			t.Fatal(err)
		}
		w.expressions += len(page.Records)
	}
	w.record = page.Records[0]
	if err := json.Unmarshal(w.record, &view); err != nil {
		t.Fatal(err)
	}
	w.uri, w.cid, w.value = syntax.ATURI(view.URI), view.CID, view.Value
	return w
}

func (w *world) blobRef() lex.Blob {
	return lex.Blob{Ref: cid.Of(cid.Raw, w.blob).Link(), MimeType: "text/plain", Size: int64(len(w.blob))}
}

// ServeHTTP answers as a PDS, a directory, the host of a handle and an appview do.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	send := func(contentType string, body []byte) {
		out.Header().Set("Content-Type", contentType)
		out.Header().Set("Content-Length", fmt.Sprint(len(body)))
		out.Write(body)
	}
	sendJSON := func(format string, args ...any) { send("application/json", fmt.Appendf(nil, format, args...)) }
	body, _ := io.ReadAll(r.Body)
	switch method, _ := strings.CutPrefix(r.URL.Path, "/xrpc/"); method {
	case "/" + string(w.did):
		send("application/json", w.document)
	case "/.well-known/atproto-did":
		send("text/plain", []byte(w.did))
	case "com.atproto.repo.getRecord", "pub.layers.expression.getExpression":
		send("application/json", w.record)
	case "com.atproto.repo.listRecords", "pub.layers.expression.listExpressions":
		send("application/json", w.page(r.FormValue("cursor")))
	case "com.atproto.sync.getRepo", "com.atproto.sync.getRecord":
		send("application/vnd.ipld.car", w.archive)
	case "com.atproto.sync.getBlob":
		send("text/plain", w.blob)
	case "com.atproto.server.createSession":
		sendJSON(`{"did":%q,"handle":%q,"accessJwt":%q,"refreshJwt":%q}`, w.did, handle, token("access"), token("refresh"))
	case "com.atproto.repo.uploadBlob":
		ref, _ := json.Marshal(w.blobRef())
		sendJSON(`{"blob":%s}`, ref)
	case "com.atproto.server.refreshSession":
		sendJSON(`{"did":%q,"handle":%q,"accessJwt":%q,"refreshJwt":%q}`, w.did, handle, token("renewed"), token("refresh"))
	case "com.atproto.server.deleteSession":
	case "com.atproto.identity.resolveHandle":
		sendJSON(`{"did":%q}`, w.did)
	case "com.atproto.repo.describeRepo":
		sendJSON(`{"handle":%q,"did":%q,"didDoc":%s,"collections":[%q],"handleIsCorrect":true}`, handle, w.did, w.document, w.uri.Collection())
	case "com.atproto.sync.getLatestCommit":
		sendJSON(`{"cid":%q,"rev":"3l3famgxlzxwf"}`, w.cid)
	case "com.atproto.sync.listRepos", "com.atproto.sync.listReposByCollection":
		send("application/json", two("repos", w.status(), r.FormValue("cursor")))
	case "com.atproto.sync.listBlobs":
		send("application/json", two("cids", w.blobCID(), r.FormValue("cursor")))
	case "com.atproto.repo.createRecord", "com.atproto.repo.putRecord":
		var in struct{ Record json.RawMessage }
		json.Unmarshal(body, &in)
		sendJSON(`{"uri":%q,"cid":%q}`, w.uri, cidOf(in.Record))
	case "com.atproto.repo.deleteRecord":
		sendJSON(`{"commit":{"cid":%q,"rev":"3l3famgxlzxwf"}}`, w.cid)
	case "com.atproto.repo.applyWrites":
		var in struct {
			Writes []struct{ Value json.RawMessage }
		}
		json.Unmarshal(body, &in)
		var results []string
		for _, write := range in.Writes {
			result := `{"$type":"com.atproto.repo.applyWrites#deleteResult"}`
			if write.Value != nil {
				result = fmt.Sprintf(`{"$type":"com.atproto.repo.applyWrites#updateResult","uri":%q,"cid":%q}`, w.uri, cidOf(write.Value))
			}
			results = append(results, result)
		}
		sendJSON(`{"results":[%s]}`, strings.Join(results, ","))
	default:
		out.WriteHeader(http.StatusNotFound)
	}
}

// status is an item of listRepos, blobCID one of listBlobs.
func (w *world) status() string {
	return fmt.Sprintf(`{"did":%q,"head":%q,"rev":"3l3famgxlzxwf","active":true}`, w.did, w.cid)
}

func (w *world) blobCID() string { return fmt.Sprintf("%q", cid.Of(cid.Raw, w.blob)) }

// two returns one of two pages, each with one item.
func two(field, item, cursor string) []byte {
	if cursor == "" {
		return fmt.Appendf(nil, `{"%s":[%s],"cursor":"1"}`, field, item)
	}
	return fmt.Appendf(nil, `{"%s":[%s]}`, field, item)
}

// cidOf returns the CID of a record in JSON.
func cidOf(record []byte) string {
	data, err := lex.JSONToCBOR(record)
	if err != nil {
		panic(err)
	}
	return cid.Of(cid.DagCBOR, data).String()
}

// page returns the page after a cursor.
func (w *world) page(cursor string) []byte {
	for _, page := range w.pages {
		if cursor == "" {
			return page
		}
		var p struct{ Cursor string }
		if json.Unmarshal(page, &p) == nil && p.Cursor == cursor {
			cursor = ""
		}
	}
	return []byte(`{"records":[]}`)
}

// token returns something like a JWT, which nobody verifies here.
func token(kind string) string { return "e30." + kind + ".c2ln" }

// client is how the operations reach the server: as they would reach any on the Internet, with TLS and with
// private addresses refused.
type client struct {
	*world
	http      *http.Client
	directory *identity.Directory
	repos     *pds.Client
}

// connect serves handler under the world's names. Any other connection is made, or not, as package guard
// decides.
func connect(t *testing.T, w *world, handler http.Handler) *client {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handlers that break off
	server.StartTLS()
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	httpClient := guard.Client(false)
	transport := httpClient.Transport.(*http.Transport)
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, _, _ := net.SplitHostPort(address); name == host || name == string(handle) {
			return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
		}
		return dial(ctx, network, address)
	}
	t.Cleanup(transport.CloseIdleConnections)
	c := &client{world: w, http: httpClient}
	c.directory = c.newDirectory(t, "")
	repos, err := pds.New(pds.WithDirectory(c.directory), pds.WithXRPC(retry))
	if err != nil {
		t.Fatal(err)
	}
	c.repos = repos
	return c
}

// newDirectory looks accounts up at the server. There is no DNS.
func (c *client) newDirectory(t *testing.T, handles string) *identity.Directory {
	t.Helper()
	n := c.network()
	n.Handles = handles
	directory, err := identity.New(identity.WithNetwork(n))
	if err != nil {
		t.Fatal(err)
	}
	return directory
}

// network leads to the server, whatever the host.
func (c *client) network() network.Network {
	return network.Network{PLC: "https://" + host, HTTPClient: c.http, LookupTXT: func(_ context.Context, name string) ([]string, error) {
		return nil, &net.DNSError{Name: name, IsNotFound: true, Err: "no such host"}
	}}
}

// retry repeats calls soon, so that the tests are quick.
var retry = xrpc.WithRetry(xrpc.Retry{Attempts: 4, Base: time.Millisecond, Max: 10 * time.Millisecond})
