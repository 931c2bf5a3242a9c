package peers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	comatproto "github.com/bluesky-social/indigo/api/atproto"
	"github.com/bluesky-social/indigo/atproto/atcrypto"
	indigo "github.com/bluesky-social/indigo/atproto/repo"
	indigosyntax "github.com/bluesky-social/indigo/atproto/syntax"
	"github.com/bluesky-social/indigo/lex/util"
	olddiff "github.com/bluesky-social/indigo/mst"
	blocks "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/car"
	ourcid "github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

const syncDID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

// quiet keeps indigo from logging about each message.
func quiet(tb testing.TB) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})))
	tb.Cleanup(func() { slog.SetDefault(before) })
}

// toIndigo returns a message in indigo's type.
func toIndigo(m *reposync.Commit) *comatproto.SyncSubscribeRepos_Commit {
	link := func(c ourcid.CID) *util.LexLink {
		if !c.Defined() {
			return nil
		}
		parsed, err := cid.Cast(c[:])
		if err != nil {
			panic(err)
		}
		l := util.LexLink(parsed)
		return &l
	}
	out := &comatproto.SyncSubscribeRepos_Commit{
		Repo: string(m.DID), Rev: string(m.Rev), PrevData: link(m.PrevData), Blocks: m.Blocks, TooBig: m.TooBig, Rebase: m.Rebase,
		Time: "2026-01-01T00:00:00.000Z",
	}
	if m.Since != "" {
		since := string(m.Since)
		out.Since = &since
	}
	if c := link(m.Commit); c != nil {
		out.Commit = *c
	}
	for _, op := range m.Ops {
		out.Ops = append(out.Ops, &comatproto.SyncSubscribeRepos_RepoOp{
			Action: string(op.Action), Path: op.Path, Cid: link(op.CID), Prev: link(op.Prev),
		})
	}
	return out
}

// difference says why indigo and this module judge a message differently, by the specification: an empty text means that
// they must agree.
func difference(m *reposync.Commit, ours, theirs error) string {
	seen := map[string]bool{}
	for _, op := range m.Ops {
		switch {
		case seen[op.Path] && theirs != nil:
			return "indigo refuses repeated paths, which the reference server sends"
		case op.Action == repo.Create && op.Prev.Defined() && theirs != nil:
			return "indigo refuses a create with prev, which the reference server sends for delete and create"
		case op.CID == op.Prev && op.CID.Defined() && theirs != nil:
			return "indigo refuses an update to the same value, which changes nothing"
		case op.Action != repo.Create && !op.Prev.Defined() && ours != nil:
			return "indigo does not undo operations if an update or a delete lacks prev"
		case op.Action == repo.Delete && !op.Prev.Defined() && theirs != nil:
			return "the same: indigo refuses the message for another reason"
		}
		seen[op.Path] = true
	}
	switch {
	case errors.Is(ours, ourcid.ErrInvalid):
		return "indigo accepts blocks whose CIDs are not those of the AT Protocol"
	case errors.Is(ours, car.ErrHeader):
		return "indigo accepts headers that are not canonical DAG-CBOR"
	case !m.PrevData.Defined() && ours != nil:
		return "indigo accepts any operations if prevData is absent"
	case ours == nil && theirs != nil && missing(theirs):
		return "indigo needs nodes that the inversion does not: the root if there are no operations, neighbours of keys that all vanish"
	}
	return ""
}

// missing reports whether an error of indigo is about a node that the message does not have.
func missing(err error) bool {
	return strings.Contains(err.Error(), "not complete") || strings.Contains(err.Error(), "partial") || strings.Contains(err.Error(), "could not find")
}

// TestSameVerdict compares inversions and signatures with indigo's on 10,000 messages of random repositories, half of them damaged.
func TestSameVerdict(t *testing.T) {
	quiet(t)
	r := rand.New(rand.NewPCG(1, 2))
	v := reposync.NewVerifier(reposync.WithClock(func() time.Time { return forge.Start.Add(24 * time.Hour) }))
	var account *forge.Account
	var theirKey atcrypto.PublicKey
	count := map[string]int{}
	for i := range 10_000 {
		if i%50 == 0 {
			account = forge.New(syncDID, multikey.Curve(1+i/50%2))
			var err error
			if theirKey, err = atcrypto.ParsePublicMultibase(account.Key.Public().String()); err != nil {
				t.Fatal(err)
			}
			if i%100 == 0 {
				account.Prepare()
			}
		}
		m := account.Commit(randomWrites(r, 1+r.IntN(300))...)
		damaged := r.IntN(2) == 0
		if damaged {
			damageMessage(r, account, m)
		}
		change, ours := v.Invert(m)
		_, theirs := indigo.VerifyCommitMessage(t.Context(), toIndigo(m))
		rootless := len(m.Ops) == 0 && theirs != nil && missing(theirs) // as the reference server sends it
		if !damaged && (ours != nil || theirs != nil && !rootless) {
			t.Fatalf("genuine message %d: ours %v, indigo's %v", i, ours, theirs)
		}
		switch why := difference(m, ours, theirs); {
		case (ours == nil) == (theirs == nil) && ours == nil:
			count["both accept"]++
		case (ours == nil) == (theirs == nil):
			count["both refuse"]++
		case why == "":
			t.Fatalf("message %d: ours %v, indigo's %v\n%+v", i, ours, theirs, m.Ops)
		default:
			count[why]++
		}
		if ours == nil && change.Data != account.State().Data {
			t.Fatalf("message %d: the tree is %s", i, change.Data)
		}
		// Signatures: indigo reads the commit by itself.
		_, ours = v.Verify(m, account.Key.Public(), reposync.State{})
		if change == nil {
			continue
		}
		commit, _, err := indigo.LoadCommitFromCAR(t.Context(), bytes.NewReader(m.Blocks))
		if err != nil {
			t.Fatal(err)
		}
		theirs = commit.VerifySignature(theirKey)
		if errors.Is(ours, multikey.ErrSignature) != (theirs != nil) {
			t.Fatalf("message %d: signature: ours %v, indigo's %v", i, ours, theirs)
		}
		if theirs != nil {
			count["both refuse the signature"]++
		}
	}
	for _, why := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%5d: %s", count[why], why)
	}
	for _, least := range []string{"both accept", "both refuse", "both refuse the signature"} {
		if count[least] < 100 {
			t.Errorf("%s: only %d times", least, count[least])
		}
	}
}

func randomWrites(r *rand.Rand, keys int) []repo.Write {
	var writes []repo.Write
	for range r.IntN(1 << r.IntN(5)) {
		path := fmt.Sprintf("com.example.c%d/%d", r.IntN(2), r.IntN(keys))
		if r.IntN(3) == 0 {
			writes = append(writes, forge.Delete(path))
		} else {
			writes = append(writes, forge.Create(path, fmt.Sprint(r.IntN(1000))))
		}
	}
	return writes
}

// damageMessage changes what a message states, or its blocks.
func damageMessage(r *rand.Rand, account *forge.Account, m *reposync.Commit) {
	other := forge.CIDOf("other")
	if len(m.Ops) > 0 {
		i := r.IntN(len(m.Ops))
		op := &m.Ops[i]
		switch r.IntN(9) {
		case 0:
			m.Ops = slices.Delete(m.Ops, i, i+1)
			return
		case 1:
			m.Ops = append(m.Ops, repo.NewOp("com.example.c0/never", ourcid.CID{}, op.CID))
			return
		case 2:
			op.Prev = other
			return
		case 3:
			op.Prev = ourcid.CID{}
			return
		case 4: // as the reference server states delete and create
			if op.Action == repo.Update {
				m.Ops = slices.Insert(m.Ops, i, repo.NewOp(op.Path, op.Prev, ourcid.CID{}))
				m.Ops[i+1].Action = repo.Create
			}
			return
		case 5: // an update to the same value
			if path := "com.example.forged/1"; op.CID.Defined() {
				c, _ := account.Repo.Get(path)
				if c.Defined() {
					m.Ops = append(m.Ops, repo.Op{Action: repo.Update, Path: path, CID: c, Prev: c})
				}
			}
			return
		}
	}
	switch r.IntN(4) {
	case 0:
		m.PrevData = other
	case 1:
		forge.Resign(m, multikey.Generate(account.Key.Public().Curve()))
	case 2:
		root, all := forge.Blocks(m.Blocks)
		if len(all) > 1 {
			i := 1 + r.IntN(len(all)-1)
			m.Blocks = forge.Archive(root, slices.Delete(all, i, i+1))
		}
	case 3:
		m.Blocks = bytes.Clone(m.Blocks)
		m.Blocks[r.IntN(len(m.Blocks))] ^= 1 << r.IntN(8)
	}
}

// nodes is a store of nodes for both.
type nodes map[ourcid.CID][]byte

func (n nodes) load(c ourcid.CID, _ []byte) ([]byte, error) {
	if node, ok := n[c]; ok {
		return node, nil
	}
	return nil, fmt.Errorf("no node %s", c)
}

func (n nodes) put(c ourcid.CID, node []byte) error {
	n[c] = bytes.Clone(node)
	return nil
}

type oldStore struct{ nodes nodes }

func (s oldStore) Get(_ context.Context, c cid.Cid) (blocks.Block, error) {
	node, err := s.nodes.load(ourcid.CID(c.Bytes()), nil)
	if err != nil {
		return nil, err
	}
	return blocks.NewBlockWithCid(node, c)
}

func (s oldStore) Put(context.Context, blocks.Block) error { return errors.New("read only") }

// TestSameDiff compares the differences of 10,000 pairs of random trees with those that indigo finds.
func TestSameDiff(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 10_000 {
		before := map[string]ourcid.CID{"com.example.c/first": forge.CIDOf("first")}
		for range r.IntN(1 << r.IntN(8)) {
			before[fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(1000))] = forge.CIDOf(fmt.Sprint(r.IntN(100)))
		}
		after := maps.Clone(before)
		for path := range before {
			if r.IntN(20) == 0 && len(after) > 1 {
				delete(after, path)
			}
		}
		for range r.IntN(6) {
			after[fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(1000))] = forge.CIDOf(fmt.Sprint(r.IntN(100)))
		}
		stored := nodes{}
		roots := [2]ourcid.CID{}
		for side, leaves := range []map[string]ourcid.CID{before, after} {
			builder := mst.NewBuilder(stored.put)
			for _, path := range slices.Sorted(maps.Keys(leaves)) {
				if err := builder.Add(path, leaves[path]); err != nil {
					t.Fatal(err)
				}
			}
			var err error
			if roots[side], err = builder.Root(); err != nil {
				t.Fatal(err)
			}
		}
		ours := map[string]mst.Change{}
		for change, err := range mst.Diff(roots[0], roots[1], stored.load) {
			if err != nil {
				t.Fatal(err)
			}
			ours[change.Path] = change
		}
		from, _ := cid.Cast(roots[0][:])
		to, _ := cid.Cast(roots[1][:])
		ops, err := olddiff.DiffTrees(t.Context(), oldStore{stored}, from, to)
		if err != nil {
			t.Fatalf("pair %d: indigo: %v", i, err)
		}
		theirs := map[string]mst.Change{}
		for _, op := range ops {
			change := mst.Change{Path: op.Rpath}
			if op.OldCid.Defined() {
				change.Old = ourcid.CID(op.OldCid.Bytes())
			}
			if op.NewCid.Defined() {
				change.New = ourcid.CID(op.NewCid.Bytes())
			}
			theirs[op.Rpath] = change
		}
		if !maps.Equal(ours, theirs) {
			t.Fatalf("pair %d: ours %v, indigo's %v", i, ours, theirs)
		}
	}
}

// TestSameProof holds that indigo reads the proofs that are made here, of records and of their absence.
func TestSameProof(t *testing.T) {
	account := forge.New(syncDID, multikey.K256)
	account.Prepare()
	for i := range 1000 {
		path := fmt.Sprintf("com.example.forged/%d", i)
		var proof bytes.Buffer
		if err := account.Repo.Prove(t.Context(), &proof, path); err != nil {
			t.Fatal(err)
		}
		_, theirs, err := indigo.LoadRepoFromCAR(t.Context(), &proof)
		if err != nil {
			t.Fatal(err)
		}
		data, c, err := theirs.GetRecordBytes(t.Context(), "com.example.forged", indigosyntax.RecordKey(fmt.Sprint(i)))
		want, wantData := account.Repo.Get(path)
		if !want.Defined() {
			if !errors.Is(err, indigo.ErrNotFound) {
				t.Fatalf("%s: indigo finds %v, %v", path, c, err)
			}
			continue
		}
		if err != nil || !bytes.Equal(c.Bytes(), want[:]) || !bytes.Equal(data, wantData) {
			t.Fatalf("%s: indigo finds %v, %v", path, c, err)
		}
	}
}

// TestSamePrivateKeys holds that indigo reads the private keys of this module, and that either verifies what the other signs.
func TestSamePrivateKeys(t *testing.T) {
	for _, curve := range []multikey.Curve{multikey.K256, multikey.P256} {
		for i := range 100 {
			key := multikey.Generate(curve)
			theirs, err := atcrypto.ParsePrivateMultibase(key.Multibase())
			if err != nil {
				t.Fatal(err)
			}
			message := fmt.Appendf(nil, "message %d", i)
			signature, err := key.Sign(message)
			if err != nil {
				t.Fatal(err)
			}
			public, err := theirs.PublicKey()
			if err != nil {
				t.Fatal(err)
			}
			if err := public.HashAndVerify(message, signature); err != nil {
				t.Fatal(err)
			}
			if signature, err = theirs.HashAndSign(message); err != nil {
				t.Fatal(err)
			}
			if err := key.Public().Verify(message, signature); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// BenchmarkVerify verifies messages of a repository of 10,000 records, one operation in each: inverted by both, and with a
// signature. The hosts' speed differs: the quotient of two rows of one run counts.
func BenchmarkVerify(b *testing.B) {
	quiet(b)
	messages, key := stream(b, 500)
	theirKey, err := atcrypto.ParsePublicMultibase(key.String())
	if err != nil {
		b.Fatal(err)
	}
	var theirs []*comatproto.SyncSubscribeRepos_Commit
	for _, m := range messages {
		theirs = append(theirs, toIndigo(m))
	}
	signature := messages[0]
	_, signed := forge.Blocks(signature.Blocks)
	commit, err := repo.ParseCommit(signed[0].Data)
	if err != nil {
		b.Fatal(err)
	}
	unsigned := commit.Unsigned()
	v := reposync.NewVerifier(reposync.WithClock(func() time.Time { return forge.Start.Add(24 * time.Hour) }))
	for _, bench := range []struct {
		name string
		run  func(i int) error
	}{
		{"read/layers-go", func(i int) error { _, err := v.Read(messages[i]); return err }},
		{"invert/layers-go", func(i int) error { _, err := v.Invert(messages[i]); return err }},
		{"invert/indigo", func(i int) error { _, err := indigo.VerifyCommitMessage(b.Context(), theirs[i]); return err }},
		{"sign/k256-alone", func(i int) error { return key.Verify(unsigned, commit.Sig) }},
		{"sign/layers-go", func(i int) error { _, err := v.Verify(messages[i], key, reposync.State{}); return err }},
		{"sign/indigo", func(i int) error {
			c, _, err := indigo.LoadCommitFromCAR(b.Context(), bytes.NewReader(messages[i].Blocks))
			if err == nil {
				err = c.VerifySignature(theirKey)
			}
			if err == nil {
				_, err = indigo.VerifyCommitMessage(b.Context(), theirs[i])
			}
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if err := bench.run(i % len(messages)); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// stream returns the messages of n commits to a repository of 10,000 records.
func stream(tb testing.TB, n int) ([]*reposync.Commit, multikey.Key) {
	tb.Helper()
	account := forge.New(syncDID, multikey.K256)
	var writes []repo.Write
	for i := range 10_000 {
		writes = append(writes, forge.Create(fmt.Sprintf("com.example.note/3kdbyhpf%05d", i), "text"))
	}
	account.Commit(writes...)
	r := rand.New(rand.NewPCG(5, 6))
	var messages []*reposync.Commit
	for i := range n {
		path := fmt.Sprintf("com.example.note/3kdbyhpf%05d", r.IntN(10_000))
		write := forge.Create(path, fmt.Sprintf("changed %d %s", i, bytes.Repeat([]byte("x"), 1000)))
		switch r.IntN(10) {
		case 0:
			write = forge.Delete(path)
		case 1, 2, 3, 4, 5, 6:
			write.Path = fmt.Sprintf("com.example.note/3kdbyhpg%05d", i)
		}
		messages = append(messages, account.Commit(write))
	}
	return messages, account.Key.Public()
}
