package reposync_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// TestRepeatedPaths has each way in which a commit can state a path twice, as the reference server publishes it: each prev is
// that of before the commit, whatever an earlier operation did.
func TestRepeatedPaths(t *testing.T) {
	const path = "com.example.note/1"
	old, a, b := forge.CIDOf("old"), forge.CIDOf("a"), forge.CIDOf("b")
	none := cid.CID{}
	op := func(action repo.Action, c, prev cid.CID) repo.Op {
		return repo.Op{Action: action, Path: path, CID: c, Prev: prev}
	}
	for _, test := range []struct {
		name   string
		before string // the record before the commit, or ""
		after  string // and after it
		ops    []repo.Op
		want   []repo.Op
	}{
		{"delete and create", "old", "a", []repo.Op{op(repo.Delete, none, old), op(repo.Create, a, old)}, []repo.Op{op(repo.Update, a, old)}},
		{"create with prev", "old", "a", []repo.Op{op(repo.Create, a, old)}, []repo.Op{op(repo.Update, a, old)}},
		{"delete and create of the same", "old", "old", []repo.Op{op(repo.Delete, none, old), op(repo.Create, old, old)}, nil},
		{"create and delete", "", "", []repo.Op{op(repo.Create, a, none), op(repo.Delete, none, none)}, nil},
		{"delete without prev", "", "", []repo.Op{op(repo.Delete, none, none)}, nil},
		{"create and update", "", "b", []repo.Op{op(repo.Create, a, none), op(repo.Update, b, none)}, []repo.Op{op(repo.Create, b, none)}},
		{"create, update and delete", "", "", []repo.Op{op(repo.Create, a, none), op(repo.Update, b, none), op(repo.Delete, none, none)}, nil},
		{"update and update", "old", "b", []repo.Op{op(repo.Update, a, old), op(repo.Update, b, old)}, []repo.Op{op(repo.Update, b, old)}},
		{"update and update, each after the other", "old", "b", []repo.Op{op(repo.Update, a, old), op(repo.Update, b, a)}, []repo.Op{op(repo.Update, b, old)}},
		{"update and back", "old", "old", []repo.Op{op(repo.Update, a, old), op(repo.Update, old, old)}, nil},
		{"update to the same", "old", "old", []repo.Op{op(repo.Update, old, old)}, nil},
		{"update and delete", "old", "", []repo.Op{op(repo.Update, a, old), op(repo.Delete, none, old)}, []repo.Op{op(repo.Delete, none, old)}},
		{"delete, create and delete", "old", "", []repo.Op{op(repo.Delete, none, old), op(repo.Create, a, old), op(repo.Delete, none, old)}, []repo.Op{op(repo.Delete, none, old)}},
	} {
		// Few operations are compared with each other, many through a map.
		for _, others := range []int{0, 100} {
			account := forge.New(did, multikey.K256)
			account.Prepare()
			if test.before != "" {
				account.Commit(forge.Create(path, test.before))
			}
			known := account.State()
			var writes []repo.Write
			var more []repo.Op
			for i := range others {
				write := forge.Create(fmt.Sprintf("com.example.other/%d", i), "old")
				writes = append(writes, write)
				more = append(more, repo.NewOp(write.Path, none, old))
			}
			write := forge.Delete(path)
			if test.after != "" {
				write = forge.Create(path, test.after)
			}
			m := account.Commit(append(writes, write)...)
			m.Ops = append(more, test.ops...)
			v := newVerifier()
			change, err := v.Verify(m, account.Key.Public(), known)
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			if got := change.Ops[others:]; !slices.Equal(got, test.want) || change.Trust != rec.Chained || change.State != account.State() {
				t.Errorf("%s: %v, want %v", test.name, got, test.want)
			}
		}
	}
}

// TestLyingNoop has operations that claim to change nothing where the tree has something else.
func TestLyingNoop(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Commit(forge.Create("com.example.note/1", "old"))
	known := account.State()
	m := account.Commit(forge.Create("com.example.note/1", "new"))
	other := forge.CIDOf("other")
	m.Ops = append(m.Ops, repo.Op{Action: repo.Update, Path: "com.example.note/2", CID: other, Prev: other})
	if _, err := newVerifier().Verify(m, account.Key.Public(), known); !errors.Is(err, reposync.ErrInvalid) {
		t.Error(err)
	}
}

// TestRandom follows random repositories: every commit verifies, with exactly the operations that the server made. Keys
// whose first bytes vary make trees that grow and shrink by layers.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	v := newVerifier()
	for i := range 40 {
		account := forge.New(did, multikey.Curve(1+i%2))
		keys := 1 + r.IntN(1<<r.IntN(10))
		var known reposync.State
		for range 30 {
			writes := randomWrites(r, keys)
			m := account.Commit(writes...)
			change, err := v.Verify(m, account.Key.Public(), known)
			if err != nil {
				t.Fatalf("repository %d: %v: %v", i, m.Ops, err)
			}
			if !slices.Equal(change.Ops, m.Ops) || change.State != account.State() {
				t.Fatalf("repository %d: %+v, want %v", i, change, m.Ops)
			}
			known = change.State
		}
	}
}

func randomWrites(r *rand.Rand, keys int) []repo.Write {
	var writes []repo.Write
	for range r.IntN(1 << r.IntN(6)) {
		path := fmt.Sprintf("com.example.c%d/%d", r.IntN(2), r.IntN(keys))
		if r.IntN(2) == 0 {
			writes = append(writes, forge.Delete(path))
		} else {
			writes = append(writes, forge.Create(path, fmt.Sprint(r.IntN(1000))))
		}
	}
	return writes
}

// TestDamaged removes blocks, and leaves out or changes operations of random messages. No damage leads to another result than
// an error or what really changed.
func TestDamaged(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	v := newVerifier()
	account := forge.New(did, multikey.K256)
	known := account.State()
	refused, passed := 0, 0
	for range 1500 {
		m := account.Commit(randomWrites(r, 200)...)
		genuine := slices.Clone(m.Ops)
		damage(r, m)
		change, err := v.Verify(m, account.Key.Public(), known)
		known = account.State()
		if err != nil {
			if !errors.Is(err, reposync.ErrInvalid) {
				t.Fatal(err)
			}
			refused++
			continue
		}
		passed++
		if got := byPath(change.Ops); !maps.Equal(got, byPath(genuine)) || change.State != known {
			t.Fatalf("verified as %v, but it is %v", change.Ops, genuine)
		}
	}
	if refused < 300 || passed < 300 {
		t.Errorf("%d messages refused, %d passed", refused, passed)
	}
}

func byPath(ops []repo.Op) map[string]repo.Op {
	m := map[string]repo.Op{}
	for _, op := range ops {
		m[op.Path] = op
	}
	return m
}

func damage(r *rand.Rand, m *reposync.Commit) {
	root, blocks := forge.Blocks(m.Blocks)
	if len(blocks) > 2 && r.IntN(2) == 0 {
		i := 1 + r.IntN(len(blocks)-1)
		blocks = slices.Delete(blocks, i, i+1)
		m.Blocks = forge.Archive(root, blocks)
	}
	if len(m.Ops) == 0 {
		return
	}
	op := &m.Ops[r.IntN(len(m.Ops))]
	switch r.IntN(12) {
	case 0:
		*op = m.Ops[len(m.Ops)-1]
		m.Ops = m.Ops[:len(m.Ops)-1]
	case 1:
		op.Prev = forge.CIDOf("1")
	case 2:
		op.Prev = cid.CID{}
	case 3:
		op.Path += "x"
	case 4:
		op.Action, op.CID = repo.Delete, cid.CID{}
	}
}

// TestFewestNodes removes nodes from messages of creations that raise the tree, whose inversion lowers it. A message that can be
// inverted in some order of the operations is verified. An order from the highest layer down needs more nodes.
func TestFewestNodes(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	v := newVerifier()
	account := forge.New(did, multikey.K256)
	account.Prepare()
	more := 0
	for i := range 300 {
		var writes []repo.Write
		for j := range 1 + r.IntN(40) {
			writes = append(writes, forge.Create(fmt.Sprintf("com.example.c%d/%d-%d", r.IntN(2), i, j), "text"))
		}
		known := account.State()
		genuine := account.Commit(writes...)
		root, blocks := forge.Blocks(genuine.Blocks)
		for j := 1; j < len(blocks); j++ {
			m := *genuine
			m.Blocks = forge.Archive(root, slices.Delete(slices.Clone(blocks), j, j+1))
			_, err := v.Verify(&m, account.Key.Public(), known)
			inverts := invertsDownwards(t, &m, account.State().Data)
			if inverts && err != nil && !slices.ContainsFunc(m.Ops, func(op repo.Op) bool { return op.CID == blocks[j].CID }) {
				t.Fatalf("message %d without %s: %v", i, blocks[j].CID, err)
			}
			if !inverts && err == nil {
				more++
			}
		}
		// The next message begins from a small tree again at times.
		if i%10 == 9 {
			var deletions []repo.Write
			for _, op := range genuine.Ops {
				deletions = append(deletions, forge.Delete(op.Path))
			}
			account.Commit(deletions...)
		}
	}
	if more == 0 {
		t.Error("no message needs more nodes in the other order")
	}
}

// invertsDownwards reports whether the creations of a message can be undone from the highest layer down.
func invertsDownwards(t *testing.T, m *reposync.Commit, data cid.CID) bool {
	t.Helper()
	_, list := forge.Blocks(m.Blocks)
	stored := map[cid.CID][]byte{}
	for _, block := range list {
		stored[block.CID] = block.Data
	}
	tree := mst.NewTree(data, func(c cid.CID, _ []byte) ([]byte, error) {
		if node, ok := stored[c]; ok {
			return node, nil
		}
		return nil, errors.New("missing")
	})
	ops := slices.Clone(m.Ops)
	slices.SortStableFunc(ops, func(a, b repo.Op) int { return mst.Layer([]byte(b.Path)) - mst.Layer([]byte(a.Path)) })
	for _, op := range ops {
		if _, err := tree.Delete(op.Path); err != nil {
			return false
		}
	}
	root, err := tree.Root(nil)
	return err == nil && root == m.PrevData
}

// TestReuse holds that a Verifier allocates nothing for a message of the usual shape but what its strings need, whatever came
// before.
func TestReuse(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	m, _ := account.Forge(forge.Genuine)
	m2, _ := account.Forge(forge.Genuine)
	v := newVerifier()
	for name, call := range map[string]func() error{
		"Read":   func() error { _, err := v.Read(m); return err },
		"Invert": func() error { _, err := v.Invert(m2); return err },
	} {
		if err := call(); err != nil {
			t.Fatal(name, err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = call() }); n > 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// TestWithoutPrev holds that an update or a deletion without prev, as servers sent them before version 1.1, is not lost when
// a message is only read.
func TestWithoutPrev(t *testing.T) {
	const path = "com.example.note/1"
	a, b := forge.CIDOf("a"), forge.CIDOf("b")
	none := cid.CID{}
	op := func(action repo.Action, c cid.CID) repo.Op { return repo.Op{Action: action, Path: path, CID: c} }
	for _, test := range []struct {
		name  string
		after string
		ops   []repo.Op
		want  []repo.Op
	}{
		{"update", "b", []repo.Op{op(repo.Update, b)}, []repo.Op{op(repo.Update, b)}},
		{"delete", "", []repo.Op{op(repo.Delete, none)}, []repo.Op{op(repo.Delete, none)}},
		{"delete and create", "b", []repo.Op{op(repo.Delete, none), op(repo.Create, b)}, []repo.Op{op(repo.Update, b)}},
		{"update and delete", "", []repo.Op{op(repo.Update, b), op(repo.Delete, none)}, []repo.Op{op(repo.Delete, none)}},
		{"create and delete", "", []repo.Op{op(repo.Create, a), op(repo.Delete, none)}, nil},
		{"create and update", "b", []repo.Op{op(repo.Create, a), op(repo.Update, b)}, []repo.Op{op(repo.Create, b)}},
	} {
		account := forge.New(did, multikey.K256)
		account.Commit(forge.Create(path, "a"))
		write := forge.Delete(path)
		if test.after != "" {
			write = forge.Create(path, test.after)
		}
		m := account.Commit(write)
		m.Ops = test.ops
		v := newVerifier()
		if change, err := v.Read(m); err != nil || !slices.Equal(change.Ops, test.want) {
			t.Errorf("%s: %v, %v; want %v", test.name, change, err, test.want)
		}
		if _, err := v.Invert(m); !errors.Is(err, reposync.ErrInvalid) {
			t.Errorf("%s, undone: %v", test.name, err)
		}
	}
}
