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

// Start is the time in the first revision of each account.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Account is an account with its repository and its key. It panics where a test could only fail. It must not be used by
// several goroutines at once.
type Account struct {
	DID  syntax.DID
	Key  multikey.PrivateKey
	Repo *repo.Writable
	// Last is the last commit, the change of the repository that the last message is about.
	Last *repo.Changed

	time   time.Time // of the last revision
	forged int       // how many messages Forge has made
}

// New returns an account with a repository without a commit. Its key depends on its DID and the curve alone, so that tests can
// be repeated.
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

// At makes t the time in the revision of the next commit. The default is a second after the one before.
func (a *Account) At(t time.Time) { a.time = t.Add(-time.Second) }

// Now returns the time in the last revision.
func (a *Account) Now() time.Time { return a.time }

func (a *Account) nextRev() syntax.TID {
	a.time = a.time.Add(time.Second)
	return revAt(a.time)
}

// revAt returns the revision of a time.
func revAt(t time.Time) syntax.TID { return syntax.TID("2222222222222").Add(t.Sub(time.Unix(0, 0))) }

// Commit applies writes and returns the message of the commit.
func (a *Account) Commit(writes ...repo.Write) *reposync.Commit {
	a.Last = must(a.Repo.Apply(context.Background(), a.nextRev(), writes...))
	return message(a.Last)
}

// Sync returns the message that says what the latest commit is.
func (a *Account) Sync() *reposync.Sync {
	commit, _ := a.Repo.Commit()
	return &reposync.Sync{DID: a.DID, Rev: commit.Rev, Blocks: must(a.Repo.Head(context.Background()))}
}

func message(c *repo.Changed) *reposync.Commit {
	return &reposync.Commit{
		DID: c.Commit.DID, Rev: c.Commit.Rev, Since: c.Since, Commit: c.CID, PrevData: c.PrevData, Ops: c.Ops, Blocks: c.Blocks,
	}
}

// Record returns a record in DAG-CBOR that holds text.
func Record(text string) []byte {
	return appendText(appendText([]byte{0xa1}, "text"), text)
}

// Create returns a write of a record that holds text. It replaces the record that is there, if any.
func Create(path, text string) repo.Write { return repo.Write{Path: path, Data: Record(text)} }

// Delete returns a deletion.
func Delete(path string) repo.Write { return repo.Write{Path: path} }

// CIDOf returns the CID of the record that [Record] returns.
func CIDOf(text string) cid.CID { return cid.Of(cid.DagCBOR, Record(text)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("forge: %v", err))
	}
	return v
}
