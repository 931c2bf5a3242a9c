package reposync_test

import (
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// FuzzVerifier verifies messages with any blocks and operations. A message that is accepted says what the genuine one says.
func FuzzVerifier(f *testing.F) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	known := account.State()
	genuine, _ := account.Forge(forge.Genuine)
	after := account.State()
	for _, defect := range forge.Defects {
		if len(genuine.Blocks) < 10_000 {
			other := forge.New(did, multikey.K256)
			other.Prepare()
			_, m := other.Forge(defect)
			if len(m.Blocks) < 10_000 {
				f.Add(m.Blocks, byte(0), "com.example.forged/1", []byte(nil))
			}
		}
	}
	f.Add(genuine.Blocks, byte(1), genuine.Ops[0].Path, genuine.Ops[0].CID[:])
	v, fresh := newVerifier(), newVerifier()
	f.Fuzz(func(t *testing.T, blocks []byte, change byte, path string, c []byte) {
		m := *genuine
		m.Blocks = blocks
		m.Ops = append([]repo.Op(nil), genuine.Ops...)
		op := repo.Op{Action: repo.Update, Path: path}
		copy(op.CID[:], c)
		switch change % 4 {
		case 1:
			m.Ops[int(change/4)%len(m.Ops)] = op
		case 2:
			m.Ops = append(m.Ops, op)
		case 3:
			op.Action, op.Prev, op.CID = repo.Delete, op.CID, cid.CID{}
			m.Ops = append(m.Ops, op)
		}
		got, err := v.Verify(&m, account.Key.Public(), known)
		if _, again := fresh.Verify(&m, account.Key.Public(), known); (again == nil) != (err == nil) {
			t.Fatalf("%v, but in another Verifier %v", err, again)
		}
		if err != nil {
			if kinds(err) != 1 {
				t.Fatalf("the error is of %d kinds: %v", kinds(err), err)
			}
			return
		}
		if got.State != after || len(got.Ops) != len(genuine.Ops) {
			t.Fatalf("%+v is accepted", got)
		}
		for i, op := range got.Ops {
			if op != genuine.Ops[i] && byPath(genuine.Ops)[op.Path] != op {
				t.Fatalf("%+v is accepted", op)
			}
		}
		if _, err := v.Sync(&reposync.Sync{DID: did, Rev: m.Rev, Blocks: blocks}, account.Key.Public(), known); err == nil {
			t.Fatal("#sync of another tree is accepted")
		}
	})
}
