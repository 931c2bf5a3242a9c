package forge

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Start is one second before the timestamp in the first revision of an account's repository.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Account is an account with its repository and its key. Its methods panic on errors, since a test could not continue.
// It must not be used by several goroutines at once.
type Account struct {
	DID  syntax.DID
	Key  multikey.PrivateKey
	Repo *repo.Writable
	// Last is the last commit: the change of the repository that the last message describes.
	Last *repo.Changed

	time   time.Time // of the last revision
	forged int       // how many messages Forge has made
}

// New returns an account with a repository without a commit. Its key depends only on the DID and the curve, so that
// tests are reproducible.
func New(did syntax.DID, curve multikey.Curve) *Account {
	seed := sha256.Sum256([]byte(did))
	return NewWithKey(did, must(multikey.NewPrivate(curve, seed[:])))
}

// NewWithKey returns an account with the given signing key, with a repository without a commit.
func NewWithKey(did syntax.DID, key multikey.PrivateKey) *Account {
	return &Account{DID: did, Key: key, Repo: repo.NewWritable(did, key), time: Start}
}

// State returns the state of the repository, as a reader that has seen all its commits knows it.
func (a *Account) State() reposync.State {
	commit, c := a.Repo.Commit()
	return reposync.State{Rev: commit.Rev, Commit: c, Data: commit.Data}
}

// At sets the timestamp in the revision of the next commit. By default it is one second after that of the last commit.
func (a *Account) At(t time.Time) { a.time = t.Add(-time.Second) }

// Now returns the timestamp in the last revision, or [Start] before the first commit.
func (a *Account) Now() time.Time { return a.time }

func (a *Account) nextRev() syntax.TID {
	a.time = a.time.Add(time.Second)
	return revAt(a.time)
}

// revAt returns the revision with the timestamp t.
func revAt(t time.Time) syntax.TID { return syntax.TID("2222222222222").Add(t.Sub(time.Unix(0, 0))) }

// Commit applies writes and returns the message of the commit.
func (a *Account) Commit(writes ...repo.Write) *reposync.Commit {
	a.Last = must(a.Repo.Apply(context.Background(), a.nextRev(), writes...))
	return message(a.Last)
}

// Sync returns the #sync message for the latest commit.
func (a *Account) Sync() *reposync.Sync {
	commit, _ := a.Repo.Commit()
	return &reposync.Sync{DID: a.DID, Rev: commit.Rev, Blocks: must(a.Repo.Head(context.Background()))}
}

func message(c *repo.Changed) *reposync.Commit {
	return &reposync.Commit{
		DID: c.Commit.DID, Rev: c.Commit.Rev, Since: c.Since, Commit: c.CID, PrevData: c.PrevData, Ops: c.Ops, Blocks: c.Blocks,
	}
}

// Record returns a record in DAG-CBOR that contains text.
func Record(text string) []byte {
	return appendText(appendText([]byte{0xa1}, "text"), text)
}

// Create returns a write of a record that contains text. It replaces an existing record.
func Create(path, text string) repo.Write { return repo.Write{Path: path, Data: Record(text)} }

// Delete returns a write that deletes the record at path.
func Delete(path string) repo.Write { return repo.Write{Path: path} }

// CIDOf returns the CID of the record that [Record] returns.
func CIDOf(text string) cid.CID { return cid.Of(cid.DagCBOR, Record(text)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("forge: %v", err))
	}
	return v
}
