package atptest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

const note = syntax.NSID("com.example.note")

func text(s string) string { return fmt.Sprintf(`{"$type":%q,"text":%q}`, note, s) }

func login(t *testing.T, n *atptest.Network, a *atptest.Account, opts ...auth.Option) *auth.Client {
	t.Helper()
	c, err := auth.Login(t.Context(), syntax.AtIdentifier(a.Handle()), a.Password, append([]auth.Option{auth.WithNetwork(n.Options())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func reader(t *testing.T, n *atptest.Network) *pds.Client {
	t.Helper()
	c, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pathsOf reads a repository, verifies it and returns the paths of its records.
func pathsOf(t *testing.T, c *pds.Client, a *atptest.Account) []string {
	t.Helper()
	r, err := c.GetRepo(t.Context(), syntax.AtIdentifier(a.DID), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Trust() != rec.Signed {
		t.Errorf("the repository is %s", r.Trust())
	}
	var paths []string
	for record, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, string(record.Collection)+"/"+string(record.RecordKey))
	}
	return paths
}

// TestClients writes and reads with the SDK's own clients.
func TestClients(t *testing.T) {
	for _, order := range []string{"revision", "tree"} {
		t.Run(order, func(t *testing.T) {
			opts := []atptest.Option{atptest.WithRecords(records.Lookup)}
			if order == "tree" {
				opts = append(opts, atptest.WithTreeOrder())
			}
			n := atptest.New(t, opts...)
			a := n.NewAccount("alice.test")
			session := login(t, n, a)
			read := reader(t, n)

			file, err := blob.Upload(t.Context(), session, strings.NewReader("some words"), "text/plain", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := blob.Get(t.Context(), read, a.DID, file, nil); err == nil {
				t.Error("a blob is served before a record refers to it")
			}
			a.PutJSON(note, "blob", fmt.Sprintf(`{"$type":%q,"file":%s}`, note, file))
			if data, _, err := blob.Get(t.Context(), read, a.DID, file, nil); err != nil || string(data) != "some words" {
				t.Errorf("the blob is %q, %v", data, err)
			}

			membership := &corpus.Membership{
				CorpusRef:     a.PutJSON("pub.layers.corpus.corpus", "", `{"$type":"pub.layers.corpus.corpus"}`),
				ExpressionRef: a.PutJSON("pub.layers.expression.expression", "", `{"$type":"pub.layers.expression.expression"}`),
				CreatedAt:     "2026-01-01T00:00:00Z",
			}
			yes := lex.Some(true)
			ref, err := write.Create(t.Context(), session, membership, &write.CreateOptions{Validate: yes})
			if err != nil {
				t.Fatal(err)
			}
			var ops []batch.Op
			clock := syntax.NewTIDClock()
			for i := range 450 {
				m := *membership
				m.Ordinal = lex.SomeInt(int64(i))
				ops = append(ops, batch.Op{Action: batch.ActionCreate, Record: &m, RecordKey: syntax.RecordKey(clock.Next())})
			}
			ops = append(ops, batch.Op{Action: batch.ActionDelete, Collection: membership.RecordType(), RecordKey: ref.URI.RecordKey()})
			result, err := batch.Apply(t.Context(), session, batch.Ops(ops...), &batch.ApplyOptions{Lookup: records.Lookup})
			if err != nil || result.Written != len(ops) {
				t.Fatalf("%d written, %v", result.Written, err)
			}

			paths := pathsOf(t, read, a)
			if len(paths) != 3+450 {
				t.Errorf("the repository has %d records", len(paths))
			}
			listed := 0
			for _, err := range pds.List[corpus.Membership](t.Context(), read, syntax.AtIdentifier(a.DID), nil) {
				if err != nil {
					t.Fatal(err)
				}
				listed++
			}
			if listed != 450 {
				t.Errorf("%d records are listed", listed)
			}
			description, err := read.DescribeRepo(t.Context(), "alice.test")
			if want := []syntax.NSID{note, "pub.layers.corpus.corpus", "pub.layers.corpus.membership", "pub.layers.expression.expression"}; err != nil || !slices.Equal(description.Collections, want) {
				t.Errorf("the collections are %v, %v", description.Collections, err)
			}
			if _, err := read.GetRecordProof(t.Context(), ref.URI); !errors.Is(err, pds.ErrRecordNotFound) {
				t.Errorf("the proof of a deleted record: %v", err)
			}
		})
	}
}

// TestSince reads what is new since each revision: the records of the tree must be known from before or be in the archive.
func TestSince(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	var revs []syntax.TID
	known := []map[string]bool{}
	for i := range 40 {
		a.PutJSON(note, syntax.RecordKey(fmt.Sprint("k", i%25)), text(fmt.Sprint(i/3)))
		if i%4 == 3 {
			a.Delete(note, syntax.RecordKey(fmt.Sprint("k", (i-2)%25)))
		}
		revs = append(revs, a.State().Rev)
		cids := map[string]bool{}
		for _, r := range a.Records("") {
			cids[r.CID.String()] = true
		}
		known = append(known, cids)
	}
	now := a.Records("")
	for i, rev := range revs {
		archive := get(t, fmt.Sprintf("%s/xrpc/com.atproto.sync.getRepo?did=%s&since=%s", a.PDS().URL, a.DID, rev))
		r, err := repo.FromBytes(t.Context(), archive, repo.WithPartial())
		if i == len(revs)-1 {
			if !errors.Is(err, repo.ErrUnchanged) {
				t.Errorf("since the latest revision: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		sent := map[string]bool{}
		for record, err := range r.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			sent[record.CID.String()] = true
		}
		for _, record := range now {
			if c := record.CID.String(); !sent[c] && !known[i][c] {
				t.Errorf("since the commit %d: the record %s is missing", i, record.URI)
			}
		}
		r.Close()
	}
}

// TestStream follows the stream of a relay, verifying each commit, while an account does everything that an account can.
func TestStream(t *testing.T) {
	n := atptest.New(t)
	relay := n.NewRelay()
	a := n.NewAccount("alice.test")
	moved := n.NewPDS()
	session := login(t, n, a)
	directory, err := identity.New(identity.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	client, err := firehose.New(relay.URL, firehose.WithNetwork(n.Options()), firehose.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	var known atomic.Pointer[reposync.State]
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	next, stop := iter.Pull2(client.Subscribe(ctx, &firehose.Options{
		Collections: []string{"*"}, Cursor: lex.SomeInt(0),
		Commits: func([]byte) bool { return true }, Known: func(syntax.DID) (reposync.State, bool) {
			if s := known.Load(); s != nil {
				return *s, true
			}
			return reposync.State{}, false
		},
	}))
	defer stop()
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"a new account", func() {}, []string{"identity alice.test", "account true ", "commit signed", "sync"}},
		{"a path twice", func() {
			state := a.State()
			known.Store(&state)
			post(t, session, "com.atproto.repo.applyWrites", fmt.Sprintf(`{"repo":%q,"writes":[
				{"$type":"com.atproto.repo.applyWrites#create","collection":%q,"rkey":"a","value":{"text":"one"}},
				{"$type":"com.atproto.repo.applyWrites#update","collection":%[2]q,"rkey":"a","value":{"text":"two"}},
				{"$type":"com.atproto.repo.applyWrites#create","collection":%[2]q,"rkey":"b","value":{"text":"one"}},
				{"$type":"com.atproto.repo.applyWrites#delete","collection":%[2]q,"rkey":"b"}]}`, a.DID, note))
		}, []string{"create a chained", "commit chained"}},
		{"an update", func() { a.PutJSON(note, "a", text("three")) }, []string{"update a chained", "commit chained"}},
		{"another key", func() { a.RotateKey(multikey.P256) }, []string{"identity alice.test", "commit chained"}},
		{"another handle", func() { a.SetHandle("alice2.test") }, []string{"identity alice2.test"}},
		{"another PDS", func() { a.MoveTo(moved) }, []string{"identity alice2.test", "account true "}}, // the commit of #sync is known
		{"a record there", func() { a.PutJSON(note, "c", text("at the new PDS")) }, []string{"create c chained", "commit chained"}},
		{"the end", func() { a.SetStatus(atptest.Deleted) }, []string{"account false deleted"}},
	} {
		step.do()
		for _, want := range step.want {
			event, err, ok := next()
			if !ok || err != nil {
				t.Fatalf("%s: the stream ended: %v", step.name, err)
			}
			got := line(event)
			if got != want {
				t.Errorf("%s: got %s, want %s", step.name, got, want)
			}
		}
	}
}

// line returns what an event says.
func line(event firehose.Event) string {
	switch e := event.(type) {
	case *firehose.Record:
		return fmt.Sprint(e.Action, " ", e.RecordKey, " ", e.Trust)
	case *firehose.Commit:
		return fmt.Sprint("commit ", e.Trust)
	case *firehose.Identity:
		return fmt.Sprint("identity ", e.Handle)
	case *firehose.Account:
		return fmt.Sprint("account ", e.Active, " ", e.Status)
	case *firehose.Sync:
		return "sync"
	case *firehose.BadFrame:
		return fmt.Sprint("bad frame: ", e.Err)
	}
	return fmt.Sprintf("%T", event)
}

// TestArchiveOrder checks that the default order is that of the reference PDS: by revision, and by CID in one revision.
func TestArchiveOrder(t *testing.T) {
	tree, revision := atptest.New(t, atptest.WithTreeOrder()), atptest.New(t)
	var archives [][]byte
	for _, n := range []*atptest.Network{tree, revision} {
		a := n.NewAccount("alice.test")
		for i := range 20 {
			a.PutJSON(note, syntax.RecordKey(fmt.Sprint(i)), text(fmt.Sprint(i)))
		}
		archives = append(archives, get(t, a.PDS().URL+"/xrpc/com.atproto.sync.getRepo?did="+string(a.DID)))
		if n == tree && !bytes.Equal(archives[0], a.Archive()) {
			t.Error("the archive is not in the order of the tree")
		}
	}
	if len(archives[0]) != len(archives[1]) || bytes.Equal(archives[0], archives[1]) {
		t.Error("the orders do not differ")
	}
}
