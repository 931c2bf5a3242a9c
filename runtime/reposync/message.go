package reposync

import (
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The limits of the specification.
const (
	// MaxFrameSize is the size of the largest frame of the stream, in bytes.
	MaxFrameSize = 5_000_000
	// MaxBlocksSize is the size of the largest archive in a message, in bytes.
	MaxBlocksSize = 2_000_000
	// MaxRecordSize is the size of the largest record, in bytes.
	MaxRecordSize = 1_000_000
	// MaxOps is the highest number of operations in a message.
	MaxOps = 200
)

// Commit is a #commit message. It has the fields that say what changed.
type Commit struct {
	// Size is the size of the message's frame in bytes, or 0 if it is not known.
	Size int
	// DID is the field repo.
	DID syntax.DID
	Rev syntax.TID
	// Since is the revision of the previous commit; empty if it is null, as in the first commit.
	Since syntax.TID
	// Commit is the CID of the commit.
	Commit cid.CID
	// PrevData is the root of the previous commit's tree; undefined if the field is absent, as in the first commit.
	PrevData cid.CID
	// Ops are the operations as the message states them.
	Ops []repo.Op
	// Blocks is a CAR archive of the commit, the new records, and nodes of the tree.
	Blocks []byte
	TooBig bool
	Rebase bool
}

// Sync is a #sync message: it has the latest commit, but does not say what changed.
type Sync struct {
	// Size is the size of the message's frame in bytes, or 0 if it is not known.
	Size int
	DID  syntax.DID
	Rev  syntax.TID
	// Blocks is a CAR archive of the commit.
	Blocks []byte
}

// Change is the content of a commit message, as far as it was verified.
type Change struct {
	// State is the state after the commit.
	State
	DID syntax.DID
	// Since and PrevData are those of the message. If the message is the first commit of a repository, Invert and
	// Verify set PrevData to the root of the empty tree.
	Since    syntax.TID
	PrevData cid.CID
	// Ops are the operations, one for each path, without those that change nothing, in the order in which the message first
	// states their paths.
	Ops []repo.Op
	// Trust says how far the operations were verified:
	//   - [rec.Hashed] by [Verifier.Read]: the records that [Verifier.Record] returns match their CIDs. Nothing proves that
	//     the account wrote them, or that the message states all operations.
	//   - [rec.Hashed] by [Verifier.Invert], too: the operations lead from the tree PrevData to the tree Data. So they are
	//     complete, if these are trees of the repository, which only a signature proves.
	//   - [rec.Signed] by [Verifier.Verify]: the account signed a commit of the tree Data, and the operations lead to
	//     it from PrevData. The server only claims that PrevData was the previous tree.
	//   - [rec.Chained] by [Verifier.Verify] with a known state: PrevData and Since are the known state's, so that nothing
	//     was missed.
	Trust rec.Trust
}
