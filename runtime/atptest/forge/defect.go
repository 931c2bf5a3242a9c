package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Defect is a way in which a message can be wrong.
type Defect struct {
	Name string
	// Want is the error that errors.Is finds when the message is verified.
	Want error
	// Relayed reports whether a relay passes such a message on. A relay checks signatures, sizes and the order of
	// revisions, but it reads only the block of the commit, and does not require that the operations can be undone.
	// tests/relay checks this with a real relay.
	Relayed bool

	forge func(a *Account, m *reposync.Commit)
}

// prepared is how many records Prepare creates.
const prepared = 300

// Prepare makes a commit with enough records for a tree of several layers, and returns its message without operations.
// It must be called once before [Account.Forge].
func (a *Account) Prepare() *reposync.Commit {
	var writes []repo.Write
	for i := range prepared {
		writes = append(writes, Create(oldPath(i), "old"))
	}
	m := a.Commit(writes...)
	m.Ops = m.Ops[:0] // a message with so many operations is invalid
	return m
}

func oldPath(i int) string { return fmt.Sprintf("com.example.forged/%d", i) }

// Forge makes a commit with a creation, an update and a deletion, and returns its message twice: as it should be, and
// with the defect. It can be called 100 times for an account.
func (a *Account) Forge(d Defect) (genuine, forged *reposync.Commit) {
	a.forged++
	text := fmt.Sprintf("new %d", a.forged)
	genuine = a.Commit(
		Create(fmt.Sprintf("com.example.forged/created%d", a.forged), text+" created"),
		Create(oldPath(a.forged), text+" updated"),
		Delete(oldPath(100+a.forged)),
	)
	m := *genuine
	m.Ops, m.Blocks = slices.Clone(m.Ops), bytes.Clone(m.Blocks)
	d.forge(a, &m)
	return genuine, &m
}

// Defects are the defects that [Account.Forge] can make.
var Defects = []Defect{
	{"wrong prevData", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.PrevData = CIDOf("another tree") }},
	{"created record left out", reposync.ErrInvalid, true, leaveOut(repo.Create)},
	{"updated record left out", reposync.ErrInvalid, true, leaveOut(repo.Update)},
	{"deleted record left out", reposync.ErrInvalid, true, leaveOut(repo.Delete)},
	{"all operations left out", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.Ops = nil }},
	{"forged creation", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		m.Ops = append(m.Ops, repo.NewOp("com.example.forged/never", cid.CID{}, CIDOf("old")))
		edit(m, func(b []Block) []Block { return append(b, Block{CIDOf("old"), Record("old")}) })
	}},
	{"forged deletion", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		m.Ops = append(m.Ops, repo.NewOp("com.example.forged/never", CIDOf("old"), cid.CID{}))
	}},
	{"forged deletion of an existing record", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		m.Ops = append(m.Ops, repo.NewOp(oldPath(299), CIDOf("old"), cid.CID{}))
	}},
	{"created record with another CID", reposync.ErrInvalid, true, otherCID(repo.Create)},
	{"updated record with another CID", reposync.ErrInvalid, true, otherCID(repo.Update)},
	{"update with another prev", reposync.ErrInvalid, true, otherPrev(repo.Update)},
	{"delete with another prev", reposync.ErrInvalid, true, otherPrev(repo.Delete)},
	{"update without prev", reposync.ErrInvalid, true, withoutPrev(repo.Update)},
	{"delete without prev", reposync.ErrInvalid, true, withoutPrev(repo.Delete)},
	{"delete with a CID", reposync.ErrInvalid, true, each(repo.Delete, func(op *repo.Op) { op.CID = op.Prev })},
	{"create without a CID", reposync.ErrInvalid, true, each(repo.Create, func(op *repo.Op) { op.CID = cid.CID{} })},
	{"create with the CID of a blob", reposync.ErrInvalid, true, each(repo.Create, func(op *repo.Op) { op.CID = cid.Of(cid.Raw, nil) })},
	{"unknown action", reposync.ErrInvalid, true, each(repo.Create, func(op *repo.Op) { op.Action = "move" })},
	{"malformed path", reposync.ErrInvalid, true, each(repo.Create, func(op *repo.Op) { op.Path = "forged" })},
	{"wrong since", reposync.ErrDesynchronized, true, func(a *Account, m *reposync.Commit) { m.Since = m.Since.Add(-1e6) }},
	{"since after the revision", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.Since = m.Rev.Add(1e6) }},
	{"since that is not a TID", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.Since = "1" }},
	{"no since", reposync.ErrDesynchronized, true, func(a *Account, m *reposync.Commit) { m.Since = "" }},
	{"record block missing", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		edit(m, func(b []Block) []Block {
			return slices.DeleteFunc(b, func(b Block) bool { return b.CID == opOf(m, repo.Create).CID })
		})
	}},
	{"only the commit block", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		edit(m, func(b []Block) []Block { return b[:1] })
	}},
	{"commit block missing", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) {
		edit(m, func(b []Block) []Block { return b[1:] })
	}},
	{"root of the tree missing", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		data := a.State().Data
		edit(m, func(b []Block) []Block {
			return slices.DeleteFunc(b, func(b Block) bool { return b.CID == data })
		})
	}},
	{"wrong commit", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.Commit = CIDOf("another commit") }},
	{"no commit", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { m.Commit = cid.CID{} }},
	{"missing prevData", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { m.PrevData = cid.CID{} }},
	{"missing prevData and since", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) {
		m.PrevData, m.Since = cid.CID{}, ""
	}},
	{"flipped bit in the commit", reposync.ErrInvalid, false, flip(0)},
	{"flipped bit in a node", reposync.ErrInvalid, true, flip(1)},
	{"flipped bit in a record", reposync.ErrInvalid, true, flip(-1)},
	{"unneeded block does not match its CID", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) {
		edit(m, func(b []Block) []Block { return append(b, Block{CIDOf("nothing"), Record("something")}) })
	}},
	{"blocks cut short", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.Blocks = m.Blocks[:len(m.Blocks)-1] }},
	{"bytes after the blocks", reposync.ErrInvalid, true, func(a *Account, m *reposync.Commit) { m.Blocks = append(m.Blocks, 1) }},
	{"no blocks", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { m.Blocks = nil }},
	{"another repository", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) {
		m.DID = syntax.DID("did:plc:" + strings.Repeat("z", 24))
	}},
	{"another revision", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { m.Rev = m.Rev.Add(1e6) }},
	{"revision that is not a TID", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { m.Rev = "tomorrow" }},
	{"tooBig", reposync.ErrDesynchronized, false, func(a *Account, m *reposync.Commit) { m.TooBig = true }},
	{"rebase", reposync.ErrDesynchronized, false, func(a *Account, m *reposync.Commit) { m.Rebase = true }},
	{"201 operations", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) {
		for len(m.Ops) <= reposync.MaxOps {
			m.Ops = append(m.Ops, m.Ops[0])
		}
	}},
	{"2,000,001 bytes of blocks", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { Fill(m, reposync.MaxBlocksSize+1) }},
	{"frame of 5,000,001 bytes", reposync.ErrInvalid, false, func(a *Account, m *reposync.Commit) { m.Size = reposync.MaxFrameSize + 1 }},
	{"signed with another key", multikey.ErrSignature, false, func(a *Account, m *reposync.Commit) {
		Resign(m, multikey.Generate(a.Key.Public().Curve()))
	}},
}

// DefectNamed returns the defect in [Defects] that has the given name. It panics if there is none.
func DefectNamed(name string) Defect {
	for _, d := range Defects {
		if d.Name == name {
			return d
		}
	}
	panic("forge: no defect " + name)
}

// Genuine is a defect that leaves the message unchanged. It is not in [Defects].
var Genuine = Defect{Name: "none", Relayed: true, forge: func(*Account, *reposync.Commit) {}}

func opOf(m *reposync.Commit, action repo.Action) *repo.Op {
	return &m.Ops[slices.IndexFunc(m.Ops, func(op repo.Op) bool { return op.Action == action })]
}

func each(action repo.Action, change func(op *repo.Op)) func(*Account, *reposync.Commit) {
	return func(_ *Account, m *reposync.Commit) { change(opOf(m, action)) }
}

func leaveOut(action repo.Action) func(*Account, *reposync.Commit) {
	return func(_ *Account, m *reposync.Commit) {
		m.Ops = slices.DeleteFunc(m.Ops, func(op repo.Op) bool { return op.Action == action })
	}
}

func otherCID(action repo.Action) func(*Account, *reposync.Commit) {
	return func(_ *Account, m *reposync.Commit) {
		opOf(m, action).CID = CIDOf("forged")
		edit(m, func(b []Block) []Block { return append(b, Block{CIDOf("forged"), Record("forged")}) })
	}
}

func otherPrev(action repo.Action) func(*Account, *reposync.Commit) {
	return each(action, func(op *repo.Op) { op.Prev = CIDOf("forged") })
}

func withoutPrev(action repo.Action) func(*Account, *reposync.Commit) {
	return each(action, func(op *repo.Op) { op.Prev = cid.CID{} })
}

// flip returns a function that flips a bit in the last byte of block i of the archive. A negative i counts from the
// end.
func flip(i int) func(*Account, *reposync.Commit) {
	return func(_ *Account, m *reposync.Commit) {
		edit(m, func(b []Block) []Block {
			block := &b[(i+len(b))%len(b)]
			block.Data = bytes.Clone(block.Data)
			block.Data[len(block.Data)-1] ^= 1
			return b
		})
	}
}

// Block is a block of an archive.
type Block struct {
	CID  cid.CID
	Data []byte
}

// Blocks returns the first root and the blocks of an archive. It panics if the archive is malformed.
func Blocks(archive []byte) (root cid.CID, blocks []Block) {
	var s car.Scanner
	root = must(s.Reset(archive))[0]
	for {
		c, data, err := s.Next()
		if errors.Is(err, io.EOF) {
			return root, blocks
		}
		blocks = append(blocks, Block{must(c, err), data})
	}
}

// Archive returns an archive with the given root and blocks.
func Archive(root cid.CID, blocks []Block) []byte {
	var b bytes.Buffer
	w := must(car.NewWriter(&b, root))
	for _, block := range blocks {
		must(0, w.Write(context.Background(), block.CID, block.Data))
	}
	must(0, w.Flush())
	return b.Bytes()
}

// edit replaces the blocks of a message by the result of change.
func edit(m *reposync.Commit, change func([]Block) []Block) {
	root, blocks := Blocks(m.Blocks)
	m.Blocks = Archive(root, change(blocks))
}

// Fill adds unreferenced blocks to the archive of m, so that it has size bytes. It panics if that is not possible.
func Fill(m *reposync.Commit, size int) {
	const overhead = 36 + 3 // for each block: a CID, and a length of three bytes
	for {
		n := size - len(m.Blocks) - overhead
		if n > 1<<20 {
			n = 1 << 20
		}
		if n <= 0 {
			break
		}
		data := bytes.Repeat([]byte{byte(n)}, n)
		edit(m, func(b []Block) []Block { return append(b, Block{cid.Of(cid.DagCBOR, data), data}) })
	}
	if len(m.Blocks) != size {
		panic(fmt.Sprintf("forge: %d bytes of blocks, not %d", len(m.Blocks), size))
	}
}

// Resign replaces the commit of m by the same commit signed with key.
func Resign(m *reposync.Commit, key multikey.PrivateKey) {
	_, blocks := Blocks(m.Blocks)
	commit := must(repo.ParseCommit(blocks[0].Data))
	must(0, commit.Sign(key))
	blocks[0].Data = commit.Block()
	blocks[0].CID = cid.Of(cid.DagCBOR, blocks[0].Data)
	m.Commit = blocks[0].CID
	m.Blocks = Archive(m.Commit, blocks)
}
