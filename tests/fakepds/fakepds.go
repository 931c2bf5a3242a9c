// Package fakepds is a server with one account, in this process and without a network, for tests of writes.
package fakepds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The account and the collection.
const (
	DID        = "did:plc:dlkuiatgml2qsceoi5njkvs7"
	Collection = corpus.NSIDMembership
)

// PDS is a server with one account, which does what the reference PDS does with com.atproto.repo, errors included:
// tests against the latter see to that.
type PDS struct {
	mu      sync.Mutex
	Records map[string]Record // by path
	Writes  map[string]int    // how often a record was written or deleted, by path
	Commits int
	Points  int
	Calls   []string // names of methods
	Largest int      // bytes of a body
	AtOnce  int      // operations

	MaxBody    int  // 153,600 unless set
	Lenient    bool // creates what is there, and updates and deletes what is not: repeats are carried out
	SaysExists bool // a create of what is there is RecordAlreadyExists, not a fault of the server
	NoResults  bool // applyWrites does not give the optional results
	BareRecord bool // getRecord does not give the optional CID
	// intercept stands between a call, the n-th, and do, which carries it out.
	Intercept func(n int, nsid string, do func() error) error
}

// Record is a record of the server.
type Record struct {
	JSON []byte
	CID  string
}

// New returns a server without records.
func New() *PDS {
	return &PDS{Records: map[string]Record{}, Writes: map[string]int{}, MaxBody: 153_600}
}

// DID returns the account's DID.
func (p *PDS) DID() syntax.DID { return DID }

// Call carries a call out without a network.
func (p *PDS) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if err := ctx.Err(); err != nil {
		return &xrpc.TransportError{NSID: request.NSID, Service: "https://pds.test", Err: err}
	}
	var body []byte
	if request.Input != nil {
		var err error
		if body, err = lex.EncodeJSON(request.Input); err != nil {
			return err
		}
	}
	params := map[string]string{}
	for _, param := range request.Params {
		params[param.Name] = param.Value
	}
	do := func() error {
		out, err := p.serve(string(request.NSID), params, body)
		if err != nil {
			return err
		}
		if response.Output == nil {
			return nil
		}
		if err := lex.DecodeJSON(out, response.Output); err != nil {
			return fmt.Errorf("xrpc: %s: %w", request.NSID, err)
		}
		return nil
	}
	p.mu.Lock()
	p.Calls = append(p.Calls, strings.TrimPrefix(string(request.NSID), "com.atproto.repo."))
	n, intercept := len(p.Calls), p.Intercept
	p.mu.Unlock()
	if intercept != nil {
		return intercept(n, string(request.NSID), do)
	}
	return do()
}

// ServeHTTP carries a call out that came over HTTP.
func (p *PDS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	params := map[string]string{}
	for name, values := range r.URL.Query() {
		params[name] = values[0]
	}
	out, err := p.serve(strings.TrimPrefix(r.URL.Path, "/xrpc/"), params, body)
	w.Header().Set("Content-Type", "application/json")
	var failed *xrpc.Error
	if errors.As(err, &failed) {
		w.WriteHeader(failed.Status)
		out, _ = json.Marshal(map[string]string{"error": failed.Name, "message": failed.Message})
	}
	w.Write(out)
}

// Failure returns an error of the server.
func Failure(status int, name, message string) error {
	return &xrpc.Error{NSID: "com.atproto.repo.getRecord", Service: "https://pds.test", Status: status, Name: name, Message: message}
}

// ErrInternal is what the server answers if it fails.
var ErrInternal = Failure(500, "InternalServerError", "Internal Server Error")

// Lost returns the error of a call whose answer is lost.
func Lost() error {
	return &xrpc.TransportError{NSID: "com.atproto.repo.any", Service: "https://pds.test", Err: io.ErrUnexpectedEOF}
}

type fakeWrite struct {
	Type       string          `json:"$type"`
	Collection string          `json:"collection"`
	Key        string          `json:"rkey"`
	Value      json.RawMessage `json:"value"`
}

func (p *PDS) serve(nsid string, params map[string]string, body []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(body) > p.MaxBody {
		return nil, Failure(413, "PayloadTooLargeError", "request entity too large")
	}
	p.Largest = max(p.Largest, len(body))
	var in struct {
		fakeWrite
		Repo     string           `json:"repo"`
		Record   json.RawMessage  `json:"record"`
		Validate *bool            `json:"validate"`
		Swap     *json.RawMessage `json:"swapRecord"`
		Writes   []fakeWrite      `json:"writes"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, Failure(400, "InvalidRequest", err.Error())
		}
		if strings.Contains(string(body), `"swapRecord":null`) {
			null := json.RawMessage("null")
			in.Swap = &null
		}
		if in.Repo != DID {
			return nil, Failure(403, "AccountNotFound", "no such account")
		}
		if in.Validate != nil && *in.Validate {
			return nil, Failure(400, "InvalidRequest", "Unknown lexicon type: "+in.Collection)
		}
	}
	path := in.Collection + "/" + in.Key
	swapped := func() error {
		was, found := p.Records[path]
		if in.Swap == nil || !found && string(*in.Swap) == "null" || found && string(*in.Swap) == `"`+was.CID+`"` {
			return nil
		}
		return Failure(400, "InvalidSwap", "Record was at "+was.CID)
	}
	switch strings.TrimPrefix(nsid, "com.atproto.repo.") {
	case "getRecord":
		path := params["collection"] + "/" + params["rkey"]
		record, ok := p.Records[path]
		if !ok || params["repo"] != DID {
			return nil, Failure(400, "RecordNotFound", "Could not locate record: "+path)
		}
		out := map[string]any{"uri": "at://" + DID + "/" + path, "cid": record.CID, "value": json.RawMessage(record.JSON)}
		if p.BareRecord {
			delete(out, "cid")
		}
		return json.Marshal(out)
	case "createRecord":
		p.Points += 3
		return p.apply([]fakeWrite{{Type: "#create", Collection: in.Collection, Key: in.Key, Value: in.Record}}, false)
	case "putRecord":
		p.Points += 2
		if err := swapped(); err != nil {
			return nil, err
		}
		write := fakeWrite{Type: "#create", Collection: in.Collection, Key: in.Key, Value: in.Record}
		if was, found := p.Records[path]; found {
			write.Type = "#update"
			if c := CIDOf(in.Record); c == was.CID {
				return json.Marshal(map[string]string{"uri": "at://" + DID + "/" + path, "cid": c})
			}
		}
		return p.apply([]fakeWrite{write}, false)
	case "deleteRecord":
		p.Points++
		if _, found := p.Records[path]; !found {
			return []byte("{}"), nil
		}
		if err := swapped(); err != nil {
			return nil, err
		}
		return p.apply([]fakeWrite{{Type: "#delete", Collection: in.Collection, Key: in.Key}}, true)
	case "applyWrites":
		if len(in.Writes) > 200 {
			return nil, Failure(400, "InvalidRequest", "Too many writes. Max: 200")
		}
		for _, w := range in.Writes {
			p.Points += map[string]int{"create": 3, "update": 2, "delete": 1}[w.Type[strings.Index(w.Type, "#")+1:]]
		}
		p.AtOnce = max(p.AtOnce, len(in.Writes))
		return p.apply(in.Writes, true)
	}
	return nil, Failure(400, "InvalidRequest", "no such method")
}

// CIDOf returns the CID of a record in JSON, "" if it has none.
func CIDOf(record []byte) string {
	cbor, err := lex.JSONToCBOR(record)
	if err != nil {
		return ""
	}
	return cid.Of(cid.DagCBOR, cbor).String()
}

// apply makes a commit of all writes, or of none.
func (p *PDS) apply(list []fakeWrite, batch bool) ([]byte, error) {
	after := maps.Clone(p.Records)
	var results []map[string]string
	for _, w := range list {
		path := w.Collection + "/" + w.Key
		_, found := after[path]
		if !syntax.ValidRecordKey(w.Key) {
			return nil, Failure(400, "InvalidRequest", "Invalid record key: "+w.Key)
		}
		action := w.Type[strings.Index(w.Type, "#")+1:]
		if found && action == "create" && p.SaysExists {
			return nil, Failure(400, "RecordAlreadyExists", "Record already exists")
		}
		if found == (action == "create") && !p.Lenient {
			return nil, ErrInternal
		}
		if action == "delete" {
			delete(after, path)
			results = append(results, map[string]string{"$type": "com.atproto.repo.applyWrites#deleteResult"})
			continue
		}
		record := Record{w.Value, CIDOf(w.Value)}
		if record.CID == "" {
			return nil, Failure(400, "InvalidRequest", "Invalid record")
		}
		after[path] = record
		results = append(results, map[string]string{
			"$type": "com.atproto.repo.applyWrites#" + action + "Result",
			"uri":   "at://" + DID + "/" + path, "cid": record.CID, "validationStatus": "unknown",
		})
	}
	p.Records = after
	p.Commits++
	for _, w := range list {
		p.Writes[w.Collection+"/"+w.Key]++
	}
	commit := map[string]string{"cid": "bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee", "rev": "3l3famgxlzxwf"}
	out := map[string]any{"commit": commit, "results": results}
	if !batch {
		out = map[string]any{"commit": commit, "uri": results[0]["uri"], "cid": results[0]["cid"], "validationStatus": "unknown"}
	}
	if p.NoResults {
		delete(out, "results")
	}
	return json.Marshal(out)
}

// Put puts a record into the repository, behind the back of whoever is being tested.
func (p *PDS) Put(rkey, json string) cid.CID {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := CIDOf([]byte(json))
	p.Records[Collection+"/"+rkey] = Record{[]byte(json), c}
	parsed, _ := cid.Parse(c)
	return parsed
}

// Get returns a record in JSON.
func (p *PDS) Get(rkey string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.Records[Collection+"/"+rkey].JSON)
}

// Count returns how many calls of a method there were.
func (p *PDS) Count(name string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, call := range p.Calls {
		if call == name {
			n++
		}
	}
	return n
}

// Procedures counts the calls that are not queries.
func (p *PDS) Procedures() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.Calls) - len(slices.DeleteFunc(slices.Clone(p.Calls), func(name string) bool { return name != "getRecord" }))
}

// Membership returns a record, and another one for another n.
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

// Key returns a record key, a TID; later ones for greater numbers.
func Key(n int) syntax.RecordKey {
	return syntax.RecordKey(syntax.TID("3l3famgxlzxwf").Add(time.Duration(n) * time.Microsecond))
}

// Lookup is the one of the generated records, with some collections for other kinds of record keys.
func Lookup(nsid syntax.NSID) (lex.RecordDef, bool) {
	if key := map[syntax.NSID]string{"com.example.literal": "literal:self", "com.example.any": "any", "com.example.nsid": "nsid"}[nsid]; key != "" {
		return lex.RecordDef{NSID: nsid, Key: key, New: func() lex.Record { return new(write.Untyped) }}, true
	}
	return records.Lookup(nsid)
}

// Untyped parses a record.
func Untyped(t testing.TB, text string) *write.Untyped {
	t.Helper()
	record, err := write.ParseRecord([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// URI returns the URI of a record of the account.
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

// Delete deletes a record, unseen by the client that is being tested.
func (p *PDS) Delete(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.Records, path)
}
