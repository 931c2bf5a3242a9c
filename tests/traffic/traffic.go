// Package traffic writes random changes to accounts at the reference PDS, and compares the records that a consumer of its
// stream has then with those of the PDS.
//
//	w := traffic.New(t, servers, 3)
//	for range 100 {
//		w.Commit(t)
//	}
//	w.End(t)
//	var state traffic.State
//	... // state.Apply(event) for each record, until state.Ended(w)
//	state.Compare(t, w)
package traffic

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

// Writer writes to accounts that [New] makes. It must not be used by several goroutines at once.
type Writer struct {
	Servers  *reference.Servers
	Accounts []*reference.Account
	// Distinct makes Commit change each record at most once in a commit.
	Distinct bool
	// Changes counts all operations that were written, including several on one path in one commit.
	Changes int

	n, made int               // n selects the record of the next operation; made is the number of records made by unique
	exists  []map[string]bool // the paths of each account that have records
}

// New makes the given number of accounts, and returns a Writer to them.
func New(t testing.TB, s *reference.Servers, accounts int) *Writer {
	t.Helper()
	w := &Writer{Servers: s}
	for range accounts {
		w.Accounts = append(w.Accounts, s.Account(t))
		w.exists = append(w.exists, map[string]bool{})
	}
	return w
}

// DIDs returns the accounts' DIDs.
func (w *Writer) DIDs() []syntax.DID {
	var dids []syntax.DID
	for _, a := range w.Accounts {
		dids = append(dids, syntax.DID(a.DID))
	}
	return dids
}

// maxOps is how many operations a commit has at most.
const maxOps = 66

// Commit makes a commit of 1 to 66 random operations to one of the accounts. They create, change and delete records of all
// types of Layers, some of them several times. No two records are equal, because the PDS omits from some commits the
// block of a record that it had before.
func (w *Writer) Commit(t testing.TB) {
	t.Helper()
	at := rand.IntN(len(w.Accounts))
	a, exists := w.Accounts[at], w.exists[at]
	all, changed := records(t), map[string]bool{}
	var writes []map[string]any
	for range 1 + rand.IntN(maxOps) {
		w.n++
		r := all[w.n%len(all)]
		key := fmt.Sprint("k", rand.IntN(4))
		path := r.collection + "/" + key
		if w.Distinct && changed[path] {
			continue
		}
		changed[path] = true
		op := map[string]any{"collection": r.collection, "rkey": key}
		switch {
		case exists[path] && rand.IntN(2) == 0:
			op["$type"] = "com.atproto.repo.applyWrites#delete"
			delete(exists, path)
		case exists[path]:
			op["$type"], op["value"] = "com.atproto.repo.applyWrites#update", w.unique(r)
		default:
			op["$type"], op["value"] = "com.atproto.repo.applyWrites#create", w.unique(r)
			exists[path] = true
		}
		writes = append(writes, op)
		w.Changes++
		if rand.IntN(4) == 0 {
			w.n-- // the next one has the same collection, and perhaps the same path
		}
	}
	a.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": a.DID, "writes": writes, "validate": false}).OK(t, nil)
}

// unique returns the value of a record with an additional field, traffic, which no lexicon knows and whose value is
// different each time.
func (w *Writer) unique(r record) json.RawMessage {
	w.made++
	return fmt.Appendf(nil, `{"traffic":%d,%s`, w.made, bytes.TrimPrefix(r.value, []byte("{")))
}

// end is the record key of the last record of each account.
const end = "end"

// End writes a last record to each account, by which [State.Ended] knows that a consumer has seen all changes.
func (w *Writer) End(t testing.TB) {
	t.Helper()
	for _, a := range w.Accounts {
		r := records(t)[0]
		a.PutRecord(t, r.collection, end, w.unique(r))
		w.Changes++
	}
}

// Want returns the CIDs of all records by their at-uris. It reads them from the signed repositories of the PDS.
func (w *Writer) Want(t testing.TB) map[string]string {
	t.Helper()
	local := network.Network{PLC: w.Servers.PLC, PDS: w.Servers.PDS, AllowPrivate: true}
	directory, err := identity.New(identity.WithNetwork(local))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory), pds.WithNetwork(local))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, did := range w.DIDs() {
		r, err := client.GetRepo(t.Context(), syntax.AtIdentifier(did), nil)
		if err != nil {
			t.Fatal(err)
		}
		for record, err := range r.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			want["at://"+string(did)+"/"+string(record.Collection)+"/"+string(record.RecordKey)] = record.CID.String()
		}
		r.Close()
	}
	return want
}

// State is the state of a consumer: the records that exist after the events that it has applied. The zero State is empty.
// A State must not be used by several goroutines at once.
type State struct {
	// Records has the CIDs of records by their at-uris.
	Records map[string]string
	// Events is the number of events. Again is how many of them were not newer than an earlier event of their record.
	Events, Again int

	revs  map[string]syntax.TID
	ended map[syntax.DID]bool
}

// Apply applies an event. If its revision is older than that of the record's last event, it has no effect except on the
// counts: the stream has delivered it again.
func (s *State) Apply(e *firehose.Record) {
	if s.Records == nil {
		s.Records, s.revs, s.ended = map[string]string{}, map[string]syntax.TID{}, map[syntax.DID]bool{}
	}
	s.Events++
	uri := string(e.URI())
	if e.Rev <= s.revs[uri] {
		s.Again++
	}
	if e.Rev < s.revs[uri] {
		return
	}
	s.revs[uri] = e.Rev
	if e.Action == firehose.Delete {
		delete(s.Records, uri)
	} else {
		s.Records[uri] = e.CID.String()
	}
	if e.RecordKey == end {
		s.ended[e.DID] = true
	}
}

// Ended reports whether s has the record that [Writer.End] has written to each account.
func (s *State) Ended(w *Writer) bool { return len(s.ended) == len(w.Accounts) }

// Difference compares the records of s with those of the PDS. wrong are the at-uris of the PDS's records that s lacks or
// has with another CID. extra are those of the records that the PDS does not have.
func (s *State) Difference(t testing.TB, w *Writer) (wrong, extra []string) {
	t.Helper()
	want := w.Want(t)
	for uri, c := range want {
		if s.Records[uri] != c {
			wrong = append(wrong, uri)
		}
	}
	for uri := range s.Records {
		if want[uri] == "" {
			extra = append(extra, uri)
		}
	}
	slices.Sort(wrong)
	slices.Sort(extra)
	return wrong, extra
}

// Compare fails the test if the state differs from the PDS.
func (s *State) Compare(t testing.TB, w *Writer) {
	t.Helper()
	wrong, extra := s.Difference(t, w)
	for _, uri := range wrong {
		t.Errorf("%s is %q, which is not what the PDS has", uri, s.Records[uri])
	}
	for _, uri := range extra {
		t.Errorf("%s is %q, and the PDS has no such record", uri, s.Records[uri])
	}
}

type record struct {
	collection string
	value      json.RawMessage
}

var load = sync.OnceValues(func() ([]record, error) {
	_, file, _, _ := runtime.Caller(0)
	data, err := os.ReadFile(filepath.Join(filepath.Dir(file), "..", "testdata", "acceptance.jsonl"))
	if err != nil {
		return nil, err
	}
	// In turns, one of each collection, so that a few of them have all types.
	byCollection := map[string][]record{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r struct {
			URI   syntax.ATURI
			Valid bool
			Value json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, err
		}
		collection := string(r.URI.Collection())
		if !r.Valid || !strings.HasPrefix(collection, "pub.layers.") || bytes.Contains(r.Value, []byte(`"blob"`)) {
			continue // the PDS takes no record that refers to a blob that it does not have
		}
		byCollection[collection] = append(byCollection[collection], record{collection, r.Value})
	}
	var all []record
	for turn := 0; ; turn++ {
		before := len(all)
		for _, c := range slices.Sorted(maps.Keys(byCollection)) {
			if turn < len(byCollection[c]) {
				all = append(all, byCollection[c][turn])
			}
		}
		if len(all) == before {
			return all, lines.Err()
		}
	}
})

// records returns valid records of all types of Layers, from tests/testdata. Their types alternate.
func records(t testing.TB) []record {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Collections returns the collections of the records that a [Writer] writes.
func Collections(t testing.TB) []syntax.NSID {
	t.Helper()
	seen := map[string]bool{}
	for _, r := range records(t) {
		seen[r.collection] = true
	}
	var all []syntax.NSID
	for _, c := range slices.Sorted(maps.Keys(seen)) {
		all = append(all, syntax.NSID(c))
	}
	return all
}
