// Package author has an account at a PDS of package atptest, for tests of writes. It counts the calls of the account's
// client, and a test can intercept them.
package author

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// DID is the DID of the account of [New], which is the same each time. Collection is the collection of [Author.Put] and
// [Author.Get].
const (
	DID        = "did:plc:oentclbqszpivzxuaz22urrv"
	Collection = corpus.NSIDMembership
)

// Author is an account and a client that is logged in to it. Reset sets the counts of the client's calls to zero.
type Author struct {
	*xrpc.Client
	PDS   *atptest.PDS
	Owner *atptest.Account
	Token string

	own     atomic.Bool    // whether the test is writing, with Put, Delete or Reset
	written sync.Mutex     // protects writes
	writes  map[string]int // see Writes

	mu      sync.Mutex
	mine    int64          // how many events of the PDS's stream are not of the client's writes
	Calls   []string       // the methods of the calls, without "com.atproto.repo."
	Sent    map[string]int // how many writes were sent, by path, except those that the server refused with a status below 500
	Points  int            // what the writes in Sent cost: 3 for a create, 2 for an update, 1 for a delete
	AtOnce  int            // the highest number of operations in one applyWrites
	Largest int            // the size of the largest body of a procedure, in bytes

	// Intercept, if it is not nil, is called in place of each call. n is the number of the call, from 1, and nsid its method.
	// Intercept may call do, which makes the call. Its result is that of the call.
	Intercept func(n int, nsid string, do func() error) error
}

// New returns an account without records, in a network in memory of its own.
func New(t testing.TB) *Author {
	t.Helper()
	// Tests wait for days.
	n := atptest.New(t, atptest.WithMemory(), atptest.WithSessions(1000*time.Hour, 1000*time.Hour, time.Hour))
	a := At(t, n)
	if a.Owner.DID != DID {
		t.Fatalf("the account is %s", a.Owner.DID)
	}
	return a
}

// At returns an account without records at a new PDS of a network.
func At(t testing.TB, n *atptest.Network) *Author {
	t.Helper()
	a := &Author{PDS: n.NewPDS(), Sent: map[string]int{}, writes: map[string]int{}}
	a.Owner = a.PDS.NewAccount("alice.test")
	a.Owner.RotateKey(multikey.P256) // signing with it takes less time
	n.Watch(func(c atptest.Change) {
		if !a.own.Load() {
			a.written.Lock()
			defer a.written.Unlock()
			a.writes[string(c.URI.Collection())+"/"+string(c.URI.RecordKey())]++
		}
	})
	a.mine = a.PDS.Seq()
	a.Token, _ = a.Owner.NewSession()
	client, err := Connect(a.PDS.URL, a.Token, network.Network{AllowPrivate: true, HTTPClient: &http.Client{Transport: direct{a.PDS}}})
	if err != nil {
		t.Fatal(err)
	}
	a.Client = client
	return a
}

// Connect returns a client of the server at origin, which sends token with each request. It neither retries nor limits
// its pace.
func Connect(origin, token string, n network.Network) (*xrpc.Client, error) {
	return xrpc.New(origin, xrpc.WithNetwork(n), xrpc.WithAuthorizer(bearer(token)), xrpc.WithRetry(xrpc.Retry{Attempts: 1}), xrpc.WithPace(0, 0))
}

// direct is a transport that calls a handler without a connection, which takes a fraction of the time.
type direct struct{ server http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.server.ServeHTTP(w, r)
	return w.Result(), nil
}

// bearer is an authorizer that sends itself, a token, with each request.
type bearer string

func (b bearer) Authorize(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+string(b))
	return nil
}

func (bearer) Refused(context.Context, *http.Request, *xrpc.Error) (bool, error) { return false, nil }

// DID returns the DID of the account.
func (a *Author) DID() syntax.DID { return a.Owner.DID }

// Call counts a call, and then makes it, or calls Intercept if that is set. It hides the method of the embedded client.
func (a *Author) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if err := ctx.Err(); err != nil {
		return &xrpc.TransportError{NSID: request.NSID, Service: a.PDS.URL, Err: err}
	}
	a.mu.Lock()
	a.Calls = append(a.Calls, strings.TrimPrefix(string(request.NSID), "com.atproto.repo."))
	n, intercept := len(a.Calls), a.Intercept
	a.mu.Unlock()
	do := func() error {
		err := a.Client.Call(ctx, request, response)
		if request.Procedure {
			a.count(request.NSID, request.Input, err)
		}
		return err
	}
	if intercept != nil {
		return intercept(n, string(request.NSID), do)
	}
	return do()
}

// points are the points that the PDS's rate limit counts for each write.
var points = map[string]int{"create": 3, "update": 2, "delete": 1}

// count counts the writes of a call that returned err.
func (a *Author) count(nsid syntax.NSID, input lex.Encodable, err error) {
	type written struct {
		Type       string `json:"$type"`
		Collection string `json:"collection"`
		RecordKey  string `json:"rkey"`
	}
	var in struct {
		written
		Writes []written `json:"writes"`
	}
	body, failed := lex.EncodeJSON(input)
	if failed == nil {
		failed = json.Unmarshal(body, &in)
	}
	if failed != nil {
		panic(failed) // it could not be sent
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Largest = max(a.Largest, len(body))
	a.AtOnce = max(a.AtOnce, len(in.Writes))
	if refused, ok := errors.AsType[*xrpc.Error](err); ok && refused.Status < 500 {
		return
	}
	switch _, name, _ := strings.Cut(string(nsid), ".repo."); name {
	case "createRecord":
		in.Type = "#create"
	case "putRecord":
		in.Type = "#update"
	case "deleteRecord":
		in.Type = "#delete"
	}
	if in.Type != "" {
		in.Writes = append(in.Writes, in.written)
	}
	for _, w := range in.Writes {
		_, action, _ := strings.Cut(w.Type, "#")
		a.Sent[w.Collection+"/"+w.RecordKey]++
		a.Points += points[action]
	}
}

// SayExists makes the server return the error RecordAlreadyExists when it fails to create a record, with a status 400
// instead of 500. The reference PDS does not do that.
func (a *Author) SayExists() {
	a.PDS.Fail(fault.Custom("RecordAlreadyExists", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		answer := httptest.NewRecorder()
		good.ServeHTTP(answer, r)
		if answer.Code == http.StatusInternalServerError {
			fault.Error(http.StatusBadRequest, "RecordAlreadyExists", "Record already exists").Serve(w, r, good)
			return
		}
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	}), "com.atproto.repo.createRecord", "com.atproto.repo.applyWrites")
}

// Writes returns how many of the client's writes the server carried out, by path.
func (a *Author) Writes() map[string]int {
	a.written.Lock()
	defer a.written.Unlock()
	return maps.Clone(a.writes)
}

// Commits returns how many commits the client's writes made.
func (a *Author) Commits() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return int(a.PDS.Seq() - a.mine)
}

// alone calls write, whose changes do not count as the client's.
func (a *Author) alone(write func()) {
	a.own.Store(true)
	defer a.own.Store(false)
	write()
}

// Put writes a record to [Collection] directly at the PDS, so that it does not count as a write of the client. It returns
// the record's CID.
func (a *Author) Put(rkey, json string) cid.CID { return a.PutAt(Collection+"/"+rkey, json) }

// PutAt is Put for any path, "collection/recordkey".
func (a *Author) PutAt(path, json string) cid.CID {
	a.mu.Lock()
	defer a.mu.Unlock()
	collection, rkey, _ := strings.Cut(path, "/")
	a.alone(func() { a.Owner.PutJSON(syntax.NSID(collection), syntax.RecordKey(rkey), json) })
	a.mine++
	record, _ := a.Owner.Record(path)
	return record.CID
}

// Reset makes records, which has JSON by path, the only records of the account. It sets all counts to zero, and Intercept
// to nil.
func (a *Author) Reset(t testing.TB, records map[string]string) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	var writes []repo.Write
	for path := range a.Records() {
		if _, stays := records[path]; !stays {
			writes = append(writes, repo.Write{Path: path})
		}
	}
	for path, text := range records {
		data, err := lex.JSONToCBOR([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		writes = append(writes, repo.Write{Path: path, Data: data})
	}
	if len(writes) > 0 {
		a.alone(func() { a.Owner.Commit(writes...) })
	}
	a.mine, a.writes = a.PDS.Seq(), map[string]int{}
	a.Calls, a.Sent, a.Points, a.AtOnce, a.Largest, a.Intercept = nil, map[string]int{}, 0, 0, 0, nil
}

// Delete deletes the record at a path, if there is one, directly at the PDS, so that it does not count as a write of the
// client.
func (a *Author) Delete(path string) {
	if _, found := a.Owner.Record(path); !found {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	collection, rkey, _ := strings.Cut(path, "/")
	a.alone(func() { a.Owner.Delete(syntax.NSID(collection), syntax.RecordKey(rkey)) })
	a.mine++
}

// Get returns the record of [Collection] with the record key rkey in JSON, or "" if there is none.
func (a *Author) Get(rkey string) string { return a.Records()[Collection+"/"+rkey] }

// Records returns all records in JSON, by path.
func (a *Author) Records() map[string]string {
	all := map[string]string{}
	for _, r := range a.Owner.Records("") {
		text, err := lex.CBORToJSON(r.Data)
		if err != nil {
			text = []byte(err.Error())
		}
		all[string(r.URI.Collection())+"/"+string(r.URI.RecordKey())] = string(text)
	}
	return all
}

// Count returns how many calls of a method there were. name has no "com.atproto.repo.".
func (a *Author) Count(name string) (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, call := range a.Calls {
		if call == name {
			n++
		}
	}
	return n
}

// Procedures returns how many calls there were, except those of getRecord.
func (a *Author) Procedures() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(a.Calls), func(name string) bool { return name == "getRecord" }))
}

// Failure returns the error that a client returns for a server's response with the given status, error name and message.
func Failure(status int, name, message string) error {
	return &xrpc.Error{NSID: "com.atproto.repo.getRecord", Service: "https://pds.test", Status: status, Name: name, Message: message}
}

// ErrInternal is the error of a response with the status 500.
var ErrInternal = Failure(500, "InternalServerError", "Internal Server Error")

// Lost returns the error of a call whose response was lost.
func Lost() error {
	return &xrpc.TransportError{NSID: "com.atproto.repo.any", Service: "https://pds.test", Err: io.ErrUnexpectedEOF}
}

// Membership returns a valid record, with the ordinal n.
func Membership(n int) *corpus.Membership {
	return &corpus.Membership{
		CorpusRef:     "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",
		ExpressionRef: "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",
		Ordinal:       lex.Some(int64(n)),
		CreatedAt:     "2026-01-01T00:00:00Z",
	}
}

// JSON returns a record in JSON.
func JSON(t testing.TB, record lex.Encodable) string {
	t.Helper()
	b, err := lex.EncodeJSON(record)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Key returns a record key that is a TID. Keys of greater numbers are later.
func Key(n int) syntax.RecordKey {
	return syntax.RecordKey(syntax.TID("3l3famgxlzxwf").Add(time.Duration(n) * time.Microsecond))
}

// Lookup is the function Lookup of package records, and also knows the collections com.example.literal, com.example.any
// and com.example.nsid, which have other kinds of record keys.
func Lookup(nsid syntax.NSID) (lex.RecordDef, bool) {
	if key := map[syntax.NSID]string{"com.example.literal": "literal:self", "com.example.any": "any", "com.example.nsid": "nsid"}[nsid]; key != "" {
		return lex.RecordDef{NSID: nsid, Key: key, New: func() lex.Record { return new(write.Untyped) }}, true
	}
	return records.Lookup(nsid)
}

// Untyped parses a record in JSON.
func Untyped(t testing.TB, text string) *write.Untyped {
	t.Helper()
	record, err := write.ParseRecord([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// URI returns the at-uri of a record of the account [DID].
func URI(collection string, rkey syntax.RecordKey) syntax.ATURI {
	return syntax.ATURI("at://" + DID + "/" + collection + "/" + string(rkey))
}

// CID returns the CID of a record.
func CID(t testing.TB, record lex.Encodable) cid.CID {
	t.Helper()
	b, err := lex.EncodeCBOR(record)
	if err != nil {
		t.Fatal(err)
	}
	return cid.Of(cid.DagCBOR, b)
}
