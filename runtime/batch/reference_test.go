package batch_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

// account is an account at the reference server, or at a proxy in front of it.
type account struct {
	*xrpc.Client
	did syntax.DID
}

func (a account) DID() syntax.DID { return a.did }

// token authorizes requests.
type token string

func (t token) Authorize(_ context.Context, req *http.Request) error {
	req.Header.Set("Authorization", "Bearer "+string(t))
	return nil
}

func (token) Refused(context.Context, *http.Request, *xrpc.Error) (bool, error) { return false, nil }

func at(t testing.TB, service string, a *reference.Account, opts ...xrpc.Option) account {
	t.Helper()
	client, err := xrpc.New(service, append(opts, xrpc.WithNetwork(network.Network{AllowPrivate: true}), xrpc.WithAuthorizer(token(a.AccessJWT)))...)
	if err != nil {
		t.Fatal(err)
	}
	return account{client, syntax.DID(a.DID)}
}

// samples returns records of each of the 26 types: those of the acceptance archive that are valid and have no blobs.
func samples(t testing.TB, each int) []*write.Untyped {
	t.Helper()
	f, err := os.Open("../../tests/testdata/acceptance.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	have := map[syntax.NSID]int{}
	var list []*write.Untyped
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line struct {
			Valid bool            `json:"valid"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		text := string(line.Value)
		if !line.Valid || strings.Contains(text, `"blob"`) || strings.Contains(text, `"mimeType"`) {
			continue
		}
		record, err := write.ParseRecord(line.Value)
		if err != nil {
			t.Fatal(err)
		}
		typ, known := records.Lookup(record.RecordType())
		if known && have[typ.NSID] < each {
			have[typ.NSID]++
			list = append(list, record)
		}
	}
	if err := lines.Err(); err != nil || len(have) != len(records.Types) {
		t.Fatalf("%v, %d of %d types", err, len(have), len(records.Types))
	}
	return list
}

// latest returns the revision of a repository.
func latest(t testing.TB, s *reference.Servers, did string) string {
	t.Helper()
	var out struct{ Rev string }
	s.Get(t, "com.atproto.sync.getLatestCommit", url.Values{"did": {did}}, "").OK(t, &out)
	return out.Rev
}

// Every type of records is created, read, changed and deleted, as its Go type, with an account that was logged in.
func TestReferenceTypes(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	session, err := auth.Login(t.Context(), syntax.AtIdentifier(a.DID), a.Password,
		auth.WithNetwork(network.Network{PLC: s.PLC, PDS: s.PDS, AllowPrivate: true}), auth.WithStore(auth.NewMemoryStore()))
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range samples(t, 1) {
		typ, _ := records.Lookup(record.RecordType())
		// What Create[T] does with a *T, for a type that is known by its name alone: the record is decoded into it first.
		value := typ.New()
		if err := record.Decode(value); err != nil {
			t.Fatal(err)
		}
		ref, err := write.Create(t.Context(), session, record, &write.CreateOptions{Lookup: records.Lookup})
		if err != nil {
			t.Errorf("%s: %v", typ.NSID, err)
			continue
		}
		key := ref.URI.RecordKey()
		c, text := a.GetRecord(t, string(typ.NSID), string(key))
		if c != ref.CID.String() || ref.CID != cidOfRecord(t, value) || cidOfRecord(t, untyped(t, string(text))) != ref.CID {
			t.Errorf("%s: the server says %s, the client %s", typ.NSID, c, ref.CID)
		}

		before := latest(t, s, a.DID)
		if same, err := write.Put(t.Context(), session, key, record, &write.PutOptions{Lookup: records.Lookup}); err != nil || same != ref || latest(t, s, a.DID) != before {
			t.Errorf("%s: unchanged: %v, %v", typ.NSID, same, err)
		}
		more := &write.Untyped{Map: record.Map}
		extra, _ := lex.ValueOf(map[string]any{"n": 1})
		more.Set("comExampleExtra", extra)
		second, err := write.Put(t.Context(), session, key, more, &write.PutOptions{Lookup: records.Lookup, Swap: lex.ValueOrNull(ref.CID)})
		if err != nil {
			t.Errorf("%s: %v", typ.NSID, err)
			continue
		}
		if c, _ := a.GetRecord(t, string(typ.NSID), string(key)); c != second.CID.String() {
			t.Errorf("%s: put: the server says %s, the client %s", typ.NSID, c, second.CID)
		}
		if _, err := write.Put(t.Context(), session, key, record, &write.PutOptions{Lookup: records.Lookup}); !errors.Is(err, write.ErrDropsFields) {
			t.Errorf("%s: %v", typ.NSID, err)
		}
		if err := write.Delete(t.Context(), session, ref.URI, &write.DeleteOptions{Swap: ref.CID}); !errors.Is(err, write.ErrConflict) {
			t.Errorf("%s: %v", typ.NSID, err)
		}
		for range 2 {
			if err := write.Delete(t.Context(), session, ref.URI, &write.DeleteOptions{Swap: second.CID}); err != nil {
				t.Errorf("%s: %v", typ.NSID, err)
			}
		}
	}
}

// The typed functions, and how the server refuses.
func TestReferenceSingle(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	pds := at(t, s.PDS, a)
	opts := &write.CreateOptions{Lookup: records.Lookup}
	ref, err := write.Create(t.Context(), pds, membership(1), opts)
	if err != nil {
		t.Fatal(err)
	}
	key := ref.URI.RecordKey()
	rev := latest(t, s, a.DID)
	// The same again is there; another is in the way. Neither is written.
	if again, err := write.Create(t.Context(), pds, membership(1), &write.CreateOptions{RecordKey: key}); err != nil || again != ref {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := write.Create(t.Context(), pds, membership(2), &write.CreateOptions{RecordKey: key}); !errors.Is(err, write.ErrConflict) {
		t.Error(err)
	}
	for name, swap := range map[string]lex.Nullable[cid.CID]{"none": lex.NullOf[cid.CID](), "another": lex.ValueOrNull(cidOfRecord(t, membership(5)))} {
		if _, err := write.Put(t.Context(), pds, key, membership(2), &write.PutOptions{Swap: swap}); !errors.Is(err, write.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := write.Create(t.Context(), pds, membership(1), &write.CreateOptions{Validate: lex.Some(true)}); err == nil || !strings.Contains(err.Error(), "Unknown lexicon type") {
		t.Error(err)
	}
	large := membership(1)
	text, _ := lex.ValueOf(strings.Repeat("x", 160_000))
	large.Extra.Set("text", text)
	if _, err := write.Create(t.Context(), pds, large, &write.CreateOptions{MaxBytes: 1 << 20}); !errors.Is(err, write.ErrTooLarge) {
		t.Error(err)
	}
	if now := latest(t, s, a.DID); now != rev {
		t.Error("something was written")
	}
	// A record of the largest size that is allowed is taken.
	text, _ = lex.ValueOf(strings.Repeat("x", write.DefaultMaxBytes-500))
	large.Extra.Set("text", text)
	if _, err := write.Create(t.Context(), pds, large, &write.CreateOptions{Validate: lex.Some(false)}); err != nil {
		t.Error(err)
	}

	// Between the comparison and the write somebody else changes the record.
	proxy := s.Proxy(t)
	var once atomic.Bool
	proxy.Inject(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "putRecord") && once.CompareAndSwap(false, true) {
			a.PutRecord(t, collection, string(key), json.RawMessage(jsonOf(t, membership(7))))
		}
		return false
	})
	behind := at(t, proxy.URL, a)
	if _, err := write.Put(t.Context(), behind, key, membership(2), nil); !errors.Is(err, write.ErrConflict) {
		t.Error(err)
	}
	if second, err := write.Put(t.Context(), behind, key, membership(2), nil); err != nil || second.CID != cidOfRecord(t, membership(2)) {
		t.Errorf("%v, %v", second, err)
	}

	// Answers are lost.
	proxy.Inject(loseAnswers(t, s))
	proxy.Reset()
	if ref, err = write.Create(t.Context(), behind, membership(3), opts); err != nil {
		t.Fatal(err)
	}
	if _, err := write.Put(t.Context(), behind, ref.URI.RecordKey(), membership(4), nil); err != nil {
		t.Error(err)
	}
	if err := write.Delete(t.Context(), behind, ref.URI, nil); err != nil {
		t.Error(err)
	}
	for _, method := range []string{"createRecord", "putRecord", "deleteRecord"} {
		if n := proxy.Count("com.atproto.repo." + method); n != 1 {
			t.Errorf("%s was sent %d times", method, n)
		}
	}

	// An account that is not active tells nothing about its records: nothing is taken for done.
	a.Deactivate(t)
	if _, err := write.Put(t.Context(), pds, key, membership(9), nil); err == nil {
		t.Error("a put to an account that is deactivated")
	}
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(batch.Op{Action: batch.ActionDelete, Collection: collection, RecordKey: key}), &batch.ApplyOptions{Attempts: 1}); err == nil {
		t.Error("a delete in an account that is deactivated")
	}
}

// loseAnswers carries procedures out and cuts the connection instead of answering.
func loseAnswers(t testing.TB, s *reference.Servers) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		forward, err := http.NewRequestWithContext(t.Context(), r.Method, s.PDS+r.URL.Path, bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return false
		}
		forward.Header = r.Header.Clone()
		answer, err := http.DefaultClient.Do(forward)
		if err != nil {
			t.Error(err)
			return false
		}
		answer.Body.Close()
		panic(http.ErrAbortHandler)
	}
}

// A batch of 500 operations on all types is applied, with failures of all kinds on the way, and is carried out once.
func TestReferenceApply(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	proxy := s.Proxy(t)
	pds := at(t, proxy.URL, a, xrpc.WithRetry(xrpc.Retry{Attempts: 1}))
	list := samples(t, 4)
	var ops []batch.Op
	for n := range 470 {
		ops = append(ops, batch.Op{Action: batch.ActionCreate, Record: list[n%len(list)]})
	}
	for n := range 30 {
		key := string(keyOf(n))
		op := batch.Op{RecordKey: syntax.RecordKey(key), Record: membership(n)}
		switch n % 3 {
		case 0:
			op.Action = batch.ActionDelete
			op.Collection, op.Record = collection, nil
			a.CreateRecord(t, collection, key, json.RawMessage(jsonOf(t, membership(1000))))
		case 1:
			op.Action = batch.ActionUpdate
			a.CreateRecord(t, collection, key, json.RawMessage(jsonOf(t, membership(1000))))
		case 2:
			op.Action = batch.ActionPut
		}
		ops = append(ops, op)
	}
	path := filepath.Join(t.TempDir(), "journal")
	refs := map[int]write.Ref{}
	lose := loseAnswers(t, s)
	var requests atomic.Int64
	proxy.Inject(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "applyWrites") {
			return false
		}
		switch requests.Add(1) {
		case 1:
			panic(http.ErrAbortHandler)
		case 3:
			lose(w, r)
		case 4:
			http.Error(w, "Bad Gateway", http.StatusBadGateway)
			return true
		}
		return false
	})
	runs := 0
	for ; ; runs++ {
		if runs == 10 {
			t.Fatal("no end")
		}
		j := openJournal(t, path)
		result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{
			Lookup: records.Lookup, Journal: j, Attempts: 1, MaxOps: 150, MaxBytes: 153_600,
			Each: func(r batch.OpResult) { refs[r.Op] = r.Ref },
		})
		j.Close()
		t.Logf("%+v, %v", result, err)
		if err == nil {
			break
		}
	}
	if runs != 2 { // the first and the fourth request were lost; what became of the third could be seen
		t.Errorf("%d runs failed", runs)
	}
	for i, op := range ops {
		ref := refs[i+1]
		if op.Record == nil {
			params := url.Values{"repo": {a.DID}, "collection": {collection}, "rkey": {string(op.RecordKey)}}
			if answer := a.Get(t, "com.atproto.repo.getRecord", params); answer.ErrorName() != "RecordNotFound" {
				t.Errorf("op %d: %s", i+1, answer.Body)
			}
			continue
		}
		if ref.CID != cidOfRecord(t, op.Record) {
			t.Errorf("op %d: %s", i+1, ref.CID)
		}
	}
	// There is nothing but what was to be there, and with the CIDs that were to be.
	want := map[string]string{}
	for _, ref := range refs {
		if ref.CID.Defined() {
			want[string(ref.URI)] = ref.CID.String()
		}
	}
	if got := listed(t, a); len(got) != len(want) || len(want) != 490 {
		t.Errorf("%d records, want %d", len(got), len(want))
	} else {
		for uri, c := range want {
			if got[uri] != c {
				t.Errorf("%s has the CID %s, not %s", uri, got[uri], c)
			}
		}
	}
	// Once more does nothing.
	rev := latest(t, s, a.DID)
	proxy.Reset()
	result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: records.Lookup, Journal: openJournal(t, path)})
	if err != nil || *result != (batch.Result{Ops: 500, Already: 500}) || len(proxy.Counts()) != 0 || latest(t, s, a.DID) != rev {
		t.Errorf("%+v, %v, %v", result, err, proxy.Counts())
	}
}

// listed returns the CIDs of all records.
func listed(t testing.TB, a *reference.Account) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, typ := range records.Types {
		for cursor := ""; ; {
			var page struct {
				Cursor  string
				Records []struct{ URI, CID string }
			}
			params := url.Values{"repo": {a.DID}, "collection": {string(typ.NSID)}, "limit": {"100"}, "cursor": {cursor}}
			if cursor == "" {
				params.Del("cursor")
			}
			a.Get(t, "com.atproto.repo.listRecords", params).OK(t, &page)
			for _, record := range page.Records {
				all[record.URI] = record.CID
			}
			if cursor = page.Cursor; cursor == "" {
				break
			}
		}
	}
	return all
}

// Without a journal, with all keys given: conflicts, limits, and a second run.
func TestReferenceApplyKeys(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	proxy := s.Proxy(t)
	pds := at(t, proxy.URL, a)
	text, _ := lex.ValueOf(strings.Repeat("x", 5_000))
	var ops []batch.Op
	for n := range 50 {
		record := membership(n)
		record.Extra.Set("text", text)
		ops = append(ops, batch.Op{Action: batch.ActionCreate, Record: record})
	}
	batch.AssignKeys(ops, syntax.NewTIDClock(), records.Lookup)
	// The server takes 150 kB: it is believed to take more, and what it refuses is cut smaller.
	opts := &batch.ApplyOptions{Lookup: records.Lookup, MaxBytes: 1 << 20}
	result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), opts)
	if err != nil || result.Written != 50 || result.Requests != 3 || proxy.Count("com.atproto.repo.applyWrites") != 4 {
		t.Errorf("%+v, %v, %v", result, err, proxy.Counts())
	}
	if result, err = batch.Apply(t.Context(), pds, batch.Ops(ops...), opts); err != nil || result.Already != 50 || proxy.Count("com.atproto.repo.applyWrites") != 4 {
		t.Errorf("%+v, %v, %v", result, err, proxy.Counts())
	}
	other := ops[7]
	other.Record = membership(1000)
	for _, journal := range []bool{false, true} {
		opts := &batch.ApplyOptions{Lookup: records.Lookup}
		if journal {
			opts.Journal = openJournal(t, filepath.Join(t.TempDir(), "journal"))
		}
		_, err = batch.Apply(t.Context(), pds, batch.Ops(other), opts)
		var op *batch.OpError
		if !errors.Is(err, write.ErrConflict) || !errors.As(err, &op) || op.URI.RecordKey() != other.RecordKey {
			t.Error(err)
		}
	}
	other.RecordKey, other.Action = keyOf(0), batch.ActionUpdate
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(other), opts); !errors.Is(err, write.ErrConflict) {
		t.Error(err)
	}

	// The record comes to be there after the look: the server refuses the whole with a 500, and the look says why.
	key := keyOf(1)
	var once atomic.Bool
	proxy.Inject(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "applyWrites") && once.CompareAndSwap(false, true) {
			a.CreateRecord(t, collection, string(key), json.RawMessage(jsonOf(t, membership(1000))))
		}
		return false
	})
	race := []batch.Op{
		{Action: batch.ActionCreate, RecordKey: keyOf(2), Record: membership(2)},
		{Action: batch.ActionCreate, RecordKey: key, Record: membership(1)},
	}
	before := proxy.Count("com.atproto.repo.applyWrites")
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(race...), opts); !errors.Is(err, write.ErrConflict) || proxy.Count("com.atproto.repo.applyWrites") != before+1 {
		t.Errorf("%v, %v", err, proxy.Counts())
	}
	params := url.Values{"repo": {a.DID}, "collection": {collection}, "rkey": {string(keyOf(2))}}
	if answer := a.Get(t, "com.atproto.repo.getRecord", params); answer.ErrorName() != "RecordNotFound" {
		t.Errorf("a part was written: %s", answer.Body)
	}
}
