package write_test

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
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	did        = "did:plc:dlkuiatgml2qsceoi5njkvs7"
	collection = corpus.NSIDMembership
)

// fakePDS is a server with one account, which does what the reference PDS does with com.atproto.repo, errors included:
// tests against the latter see to that.
type fakePDS struct {
	mu      sync.Mutex
	records map[string]fakeRecord // by path
	writes  map[string]int        // how often a record was written or deleted, by path
	commits int
	points  int
	calls   []string // names of methods
	largest int      // bytes of a body
	atOnce  int      // operations

	maxBody    int  // 153,600 unless set
	lenient    bool // creates what is there, and updates and deletes what is not: repeats are carried out
	saysExists bool // a create of what is there is RecordAlreadyExists, not a fault of the server
	noResults  bool // applyWrites does not give the optional results
	bareRecord bool // getRecord does not give the optional CID
	// intercept stands between a call, the n-th, and do, which carries it out.
	intercept func(n int, nsid string, do func() error) error
}

type fakeRecord struct {
	json []byte
	cid  string
}

func newPDS() *fakePDS {
	return &fakePDS{records: map[string]fakeRecord{}, writes: map[string]int{}, maxBody: 153_600}
}

func (p *fakePDS) DID() syntax.DID { return did }

// Call carries a call out without a network.
func (p *fakePDS) Call(ctx context.Context, call *lex.Call) error {
	if err := ctx.Err(); err != nil {
		return &xrpc.TransportError{NSID: call.NSID, Service: "https://pds.test", Err: err}
	}
	var body []byte
	if call.Input != nil {
		var err error
		if body, err = lex.EncodeJSON(call.Input); err != nil {
			return err
		}
	}
	params := map[string]string{}
	for _, param := range call.Params {
		params[param.Name] = param.Value
	}
	do := func() error {
		out, err := p.serve(string(call.NSID), params, body)
		if err != nil {
			return err
		}
		if call.Output == nil {
			return nil
		}
		if err := lex.DecodeJSON(out, call.Output); err != nil {
			return fmt.Errorf("xrpc: %s: %w", call.NSID, err)
		}
		return nil
	}
	p.mu.Lock()
	p.calls = append(p.calls, strings.TrimPrefix(string(call.NSID), "com.atproto.repo."))
	n, intercept := len(p.calls), p.intercept
	p.mu.Unlock()
	if intercept != nil {
		return intercept(n, string(call.NSID), do)
	}
	return do()
}

// ServeHTTP carries a call out that came over HTTP.
func (p *fakePDS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	params := map[string]string{}
	for name, values := range r.URL.Query() {
		params[name] = values[0]
	}
	out, err := p.serve(strings.TrimPrefix(r.URL.Path, "/xrpc/"), params, body)
	w.Header().Set("Content-Type", "application/json")
	var failure *xrpc.Error
	if errors.As(err, &failure) {
		w.WriteHeader(failure.Status)
		out, _ = json.Marshal(map[string]string{"error": failure.Name, "message": failure.Message})
	}
	w.Write(out)
}

func failure(status int, name, message string) error {
	return &xrpc.Error{NSID: "com.atproto.repo.getRecord", Service: "https://pds.test", Status: status, Name: name, Message: message}
}

var errInternal = failure(500, "InternalServerError", "Internal Server Error")

func lost() error {
	return &xrpc.TransportError{NSID: "com.atproto.repo.any", Service: "https://pds.test", Err: io.ErrUnexpectedEOF}
}

type fakeWrite struct {
	Type       string          `json:"$type"`
	Collection string          `json:"collection"`
	Key        string          `json:"rkey"`
	Value      json.RawMessage `json:"value"`
}

func (p *fakePDS) serve(nsid string, params map[string]string, body []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(body) > p.maxBody {
		return nil, failure(413, "PayloadTooLargeError", "request entity too large")
	}
	p.largest = max(p.largest, len(body))
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
			return nil, failure(400, "InvalidRequest", err.Error())
		}
		if strings.Contains(string(body), `"swapRecord":null`) {
			null := json.RawMessage("null")
			in.Swap = &null
		}
		if in.Repo != did {
			return nil, failure(403, "AccountNotFound", "no such account")
		}
		if in.Validate != nil && *in.Validate {
			return nil, failure(400, "InvalidRequest", "Unknown lexicon type: "+in.Collection)
		}
	}
	path := in.Collection + "/" + in.Key
	swapped := func() error {
		was, found := p.records[path]
		if in.Swap == nil || !found && string(*in.Swap) == "null" || found && string(*in.Swap) == `"`+was.cid+`"` {
			return nil
		}
		return failure(400, "InvalidSwap", "Record was at "+was.cid)
	}
	switch strings.TrimPrefix(nsid, "com.atproto.repo.") {
	case "getRecord":
		path := params["collection"] + "/" + params["rkey"]
		record, ok := p.records[path]
		if !ok || params["repo"] != did {
			return nil, failure(400, "RecordNotFound", "Could not locate record: "+path)
		}
		out := map[string]any{"uri": "at://" + did + "/" + path, "cid": record.cid, "value": json.RawMessage(record.json)}
		if p.bareRecord {
			delete(out, "cid")
		}
		return json.Marshal(out)
	case "createRecord":
		p.points += 3
		return p.apply([]fakeWrite{{Type: "#create", Collection: in.Collection, Key: in.Key, Value: in.Record}}, false)
	case "putRecord":
		p.points += 2
		if err := swapped(); err != nil {
			return nil, err
		}
		write := fakeWrite{Type: "#create", Collection: in.Collection, Key: in.Key, Value: in.Record}
		if was, found := p.records[path]; found {
			write.Type = "#update"
			if c := cidOf(in.Record); c == was.cid {
				return json.Marshal(map[string]string{"uri": "at://" + did + "/" + path, "cid": c})
			}
		}
		return p.apply([]fakeWrite{write}, false)
	case "deleteRecord":
		p.points++
		if _, found := p.records[path]; !found {
			return []byte("{}"), nil
		}
		if err := swapped(); err != nil {
			return nil, err
		}
		return p.apply([]fakeWrite{{Type: "#delete", Collection: in.Collection, Key: in.Key}}, true)
	case "applyWrites":
		if len(in.Writes) > 200 {
			return nil, failure(400, "InvalidRequest", "Too many writes. Max: 200")
		}
		for _, w := range in.Writes {
			p.points += map[string]int{"create": 3, "update": 2, "delete": 1}[w.Type[strings.Index(w.Type, "#")+1:]]
		}
		p.atOnce = max(p.atOnce, len(in.Writes))
		return p.apply(in.Writes, true)
	}
	return nil, failure(400, "InvalidRequest", "no such method")
}

func cidOf(record []byte) string {
	cbor, err := lex.JSONToCBOR(record)
	if err != nil {
		return ""
	}
	return cid.Of(cid.DagCBOR, cbor).String()
}

// apply makes a commit of all writes, or of none.
func (p *fakePDS) apply(list []fakeWrite, batch bool) ([]byte, error) {
	after := maps.Clone(p.records)
	var results []map[string]string
	for _, w := range list {
		path := w.Collection + "/" + w.Key
		_, found := after[path]
		if !syntax.ValidRecordKey(w.Key) {
			return nil, failure(400, "InvalidRequest", "Invalid record key: "+w.Key)
		}
		action := w.Type[strings.Index(w.Type, "#")+1:]
		if found && action == "create" && p.saysExists {
			return nil, failure(400, "RecordAlreadyExists", "Record already exists")
		}
		if found == (action == "create") && !p.lenient {
			return nil, errInternal
		}
		if action == "delete" {
			delete(after, path)
			results = append(results, map[string]string{"$type": "com.atproto.repo.applyWrites#deleteResult"})
			continue
		}
		record := fakeRecord{w.Value, cidOf(w.Value)}
		if record.cid == "" {
			return nil, failure(400, "InvalidRequest", "Invalid record")
		}
		after[path] = record
		results = append(results, map[string]string{
			"$type": "com.atproto.repo.applyWrites#" + action + "Result",
			"uri":   "at://" + did + "/" + path, "cid": record.cid, "validationStatus": "unknown",
		})
	}
	p.records = after
	p.commits++
	for _, w := range list {
		p.writes[w.Collection+"/"+w.Key]++
	}
	commit := map[string]string{"cid": "bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee", "rev": "3l3famgxlzxwf"}
	out := map[string]any{"commit": commit, "results": results}
	if !batch {
		out = map[string]any{"commit": commit, "uri": results[0]["uri"], "cid": results[0]["cid"], "validationStatus": "unknown"}
	}
	if p.noResults {
		delete(out, "results")
	}
	return json.Marshal(out)
}

// put puts a record into the repository, behind the back of whoever is being tested.
func (p *fakePDS) put(rkey, json string) cid.CID {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := cidOf([]byte(json))
	p.records[collection+"/"+rkey] = fakeRecord{[]byte(json), c}
	parsed, _ := cid.Parse(c)
	return parsed
}

func (p *fakePDS) get(rkey string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.records[collection+"/"+rkey].json)
}

func (p *fakePDS) count(name string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, call := range p.calls {
		if call == name {
			n++
		}
	}
	return n
}

// procedures counts the calls that are not queries.
func (p *fakePDS) procedures() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls) - len(slices.DeleteFunc(slices.Clone(p.calls), func(name string) bool { return name != "getRecord" }))
}

// membership returns a record, and another one for another n.
func membership(n int) *corpus.Membership {
	return &corpus.Membership{
		CorpusRef:     "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",
		ExpressionRef: "at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",
		Ordinal:       lex.Some(int64(n)),
		CreatedAt:     "2026-01-01T00:00:00Z",
	}
}

func jsonOf(t testing.TB, record lex.Encodable) string {
	t.Helper()
	b, err := lex.EncodeJSON(record)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// keyOf returns a record key, a TID; later ones for greater numbers.
func keyOf(n int) syntax.RecordKey {
	return syntax.RecordKey(syntax.TID("3l3famgxlzxwf").Add(time.Duration(n) * time.Microsecond))
}

// lookup is the one of the generated records, with some collections for other kinds of record keys.
func lookup(nsid syntax.NSID) (lex.RecordType, bool) {
	if key := map[syntax.NSID]string{"com.example.literal": "literal:self", "com.example.any": "any", "com.example.nsid": "nsid"}[nsid]; key != "" {
		return lex.RecordType{NSID: nsid, Key: key, New: func() lex.Record { return new(write.Untyped) }}, true
	}
	return records.Lookup(nsid)
}

func untyped(t testing.TB, text string) *write.Untyped {
	t.Helper()
	record, err := write.ParseRecord([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return record
}
