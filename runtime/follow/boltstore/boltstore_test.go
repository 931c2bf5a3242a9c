package boltstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/follow/memstore"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	alice syntax.DID  = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
	bob   syntax.DID  = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
	notes syntax.NSID = "com.example.note"
)

func change(did syntax.DID, collection syntax.NSID, key, text string) *follow.Change {
	c := &follow.Change{Record: firehose.Record{DID: did, Collection: collection, RecordKey: syntax.RecordKey(key), Action: firehose.Delete, Trust: rec.Chained}}
	if text != "" {
		c.Action, c.CID, c.Data = firehose.Update, forge.CIDOf(text), forge.Record(text)
	}
	return c
}

var live = follow.Repo{
	DID: alice, Phase: follow.Live, State: reposync.State{Rev: "3mbd355xl6222", Commit: forge.CIDOf("commit"), Data: forge.CIDOf("tree")},
	Filter: "f", Fault: "was bad",
}

// TestStores holds that both stores do the same.
func TestStores(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	bolt, err := boltstore.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for name, store := range map[string]follow.Store{"bolt": bolt, "memory": memstore.New()} {
		t.Run(name, func(t *testing.T) {
			if p, ok, err := store.Position(ctx, "wss://a"); ok || err != nil {
				t.Errorf("a position: %v, %v", p, err)
			}
			batches := []*follow.Batch{
				{},
				{
					Changes: []*follow.Change{change(alice, notes, "b", "1"), change(alice, notes, "a", "2"), change(alice, notes, "b", "3"), change(alice, notes, "gone", ""), change(bob, notes, "x", "9"), change(alice, "com.example.a", "z", "4")},
					Repos:   []follow.Repo{{DID: alice, Phase: follow.Stale}, live, {DID: bob, Phase: follow.Inactive, Status: "deactivated"}},
				},
				{Positions: map[string]firehose.Position{"wss://a": {Seq: 7, Time: "2026-01-02T03:04:05Z"}, "wss://b": {Seq: 1}}},
				{Changes: []*follow.Change{change(alice, notes, "c", "5"), change(alice, notes, "c", "")}, Positions: map[string]firehose.Position{"wss://a": {Seq: 8}}},
			}
			for _, b := range batches {
				if err := store.Apply(ctx, b); err != nil {
					t.Fatal(err)
				}
			}
			if p, ok, err := store.Position(ctx, "wss://a"); !ok || err != nil || p.Seq != 8 {
				t.Errorf("position %v, %v, %v", p, ok, err)
			}
			want := []follow.Path{{Path: "com.example.a/z", CID: forge.CIDOf("4")}, {Path: "com.example.note/a", CID: forge.CIDOf("2")}, {Path: "com.example.note/b", CID: forge.CIDOf("3")}}
			for _, test := range []struct {
				after string
				limit int
				want  []follow.Path
			}{{"", 10, want}, {"", 2, want[:2]}, {want[1].Path, 10, want[2:]}, {"com.example.b", 1, want[1:2]}, {"z", 1, nil}} {
				got, err := store.Paths(ctx, alice, test.after, test.limit)
				if err != nil || !slices.Equal(got, test.want) {
					t.Errorf("paths after %q: %v, %v", test.after, got, err)
				}
			}
			if got := all(t, store); !cmp.Equal(got, map[syntax.DID]follow.Repo{alice: live, bob: {DID: bob, Phase: follow.Inactive, Status: "deactivated"}}) {
				t.Errorf("%+v", got)
			}
			forget := &follow.Batch{Forgotten: []syntax.DID{alice}, Changes: []*follow.Change{change(alice, notes, "new", "6")}}
			if err := store.Apply(ctx, forget); err != nil {
				t.Fatal(err)
			}
			if got, err := store.Paths(ctx, alice, "", 10); err != nil || len(got) != 1 || got[0].Path != "com.example.note/new" {
				t.Errorf("after forgetting: %v, %v", got, err)
			}
			if got, err := store.Paths(ctx, bob, "", 10); err != nil || len(got) != 1 {
				t.Errorf("the other one: %v, %v", got, err)
			}
			if got := all(t, store); len(got) != 1 || got[bob].DID == "" {
				t.Errorf("%+v", got)
			}
		})
	}
	if _, err := boltstore.Open(file); !errors.Is(err, boltstore.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := bolt.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := boltstore.Open(file, boltstore.WithRecords()); err == nil {
		t.Error("a store without records was opened as one with them")
	}
	again, err := boltstore.OpenReadOnly(file)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if p, ok, err := again.Position(ctx, "wss://a"); !ok || err != nil || p.Seq != 8 {
		t.Errorf("opened again: %v, %v, %v", p, ok, err)
	}
}

func all(t *testing.T, store follow.Store) map[syntax.DID]follow.Repo {
	t.Helper()
	out := map[syntax.DID]follow.Repo{}
	for r, err := range store.Repos(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out[r.DID] = r
	}
	return out
}

func TestRecords(t *testing.T) {
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "store"), boltstore.WithRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = store.Apply(t.Context(), &follow.Batch{
		Changes: []*follow.Change{change(alice, notes, "a", "1"), change(alice, notes, "b", "2"), change(alice, "com.example.notes", "c", "3"), change(bob, notes, "d", "4")},
		Repos:   []follow.Repo{live},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := func(collection syntax.NSID, options *boltstore.RecordsOptions) (uris []syntax.ATURI) {
		for e, err := range store.Records(t.Context(), alice, collection, options) {
			if err != nil {
				t.Fatal(err)
			}
			if e.CID != cid.Of(cid.DagCBOR, e.Data) || e.Trust != rec.Chained {
				t.Errorf("%+v", e)
			}
			uris = append(uris, e.URI)
		}
		return uris
	}
	a := syntax.ATURI("at://" + alice + "/com.example.note/a")
	b := syntax.ATURI("at://" + alice + "/com.example.note/b")
	c := syntax.ATURI("at://" + alice + "/com.example.notes/c")
	for _, test := range []struct {
		collection syntax.NSID
		options    *boltstore.RecordsOptions
		want       []syntax.ATURI
	}{
		{notes, nil, []syntax.ATURI{a, b}},
		{"", nil, []syntax.ATURI{a, b, c}},
		{notes, &boltstore.RecordsOptions{Descending: true}, []syntax.ATURI{b, a}},
		{"", &boltstore.RecordsOptions{Descending: true}, []syntax.ATURI{c, b, a}},
		{notes, &boltstore.RecordsOptions{After: "com.example.note/a"}, []syntax.ATURI{b}},
		{notes, &boltstore.RecordsOptions{After: "com.example.note/b"}, nil},
		{notes, &boltstore.RecordsOptions{After: "com.example.note/aa"}, []syntax.ATURI{b}},
		{notes, &boltstore.RecordsOptions{After: "com.example.note/b", Descending: true}, []syntax.ATURI{a}},
		{notes, &boltstore.RecordsOptions{After: "com.example.note/aa", Descending: true}, []syntax.ATURI{a}},
		{"com.example.nothing", nil, nil},
		{"com.example.nothing", &boltstore.RecordsOptions{Descending: true}, nil},
	} {
		if got := list(test.collection, test.options); !slices.Equal(got, test.want) {
			t.Errorf("%s, %+v: %q, want %q", test.collection, test.options, got, test.want)
		}
	}
	for e, err := range store.Records(t.Context(), bob, "", &boltstore.RecordsOptions{Descending: true}) {
		if err != nil || e.URI != syntax.ATURI("at://"+bob+"/com.example.note/d") {
			t.Errorf("the last repository: %v, %v", e, err)
		}
	}
	if e, ok, err := store.Record(bob, notes, "d"); !ok || err != nil || e.CID != forge.CIDOf("4") {
		t.Errorf("%+v, %v, %v", e, ok, err)
	}
	if _, ok, err := store.Record(bob, notes, "e"); ok || err != nil {
		t.Errorf("a record that is not there: %v, %v", ok, err)
	}
	if r, ok, err := store.Repo(alice); !ok || err != nil || r != live {
		t.Errorf("%+v, %v, %v", r, ok, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range store.Records(ctx, alice, "", nil) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %v", err)
		}
	}
}

func TestOtherFiles(t *testing.T) {
	for name, content := range map[string]string{"text": "not a database", "zeros": string(make([]byte, 100_000))} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := boltstore.Open(path); !errors.Is(err, boltstore.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := boltstore.OpenReadOnly(path); !errors.Is(err, boltstore.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := boltstore.OpenReadOnly(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that does not exist: %v", err)
	}
}
