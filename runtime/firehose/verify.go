package firehose

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// chains has the chains of the followed repositories. The commits of one repository are verified in their order, and
// those of different repositories concurrently.
type chains struct {
	known func(syntax.DID) (reposync.State, bool) // Options.Known

	mu    sync.Mutex
	chain map[syntax.DID]chain
}

// chain describes the last commits of one repository, each of which follows the one before.
type chain struct {
	// states are the states after the commits. If the caller knew one of them, only the last is kept. Otherwise
	// earlier ones are kept, too: commits are verified before the loop gets them, so the caller may know an earlier
	// state than the last.
	states   []reposync.State
	anchored bool // whether the caller knew one of the states, or the state before the first commit
}

// maxStates is how many states of a chain are kept.
const maxStates = 64

// link is what a verified message says: the state after its commit, and which state the commit follows.
type link struct {
	reposync.State
	since    syntax.TID // empty for #sync, which follows nothing
	prevData cid.CID
}

// follow verifies a message of a followed repository. It calls verify with the state that the message should follow:
// the last one of the repository's chain if the caller knew a state of that chain, and otherwise the state that the
// caller knows now, or the zero State if there is none. If the message does not follow that state, follow calls verify
// again with the zero State, and the message begins another chain: then broken says how it differs. If the message is
// invalid, follow returns an error and changes nothing.
func (c *chains) follow(did syntax.DID, verify func(known reposync.State) (link, error)) (broken, err error) {
	c.mu.Lock()
	run := c.chain[did]
	c.mu.Unlock()
	if run.anchored {
		next, err := verify(run.states[0])
		if err == nil {
			c.set(did, chain{[]reposync.State{next.State}, true})
		}
		if !breaks(err) {
			return nil, err
		}
		broken, run = err, chain{}
	}
	var known reposync.State
	if c.known != nil {
		if state, ok := c.known(clone(did)); ok && state.Data.Defined() {
			known = state
		}
	}
	if slices.ContainsFunc(run.states, func(s reposync.State) bool { return s.Rev == known.Rev && s.Data == known.Data }) {
		known = run.states[len(run.states)-1]
	}
	next, err := verify(known)
	switch {
	case err == nil && known.Rev != "":
		c.set(did, chain{[]reposync.State{next.State}, true})
		return nil, nil
	case known.Rev != "" && breaks(err):
		broken = err
		next, err = verify(reposync.State{})
	}
	if err != nil {
		return nil, err
	}
	if n := len(run.states); n == 0 || next.since != run.states[n-1].Rev || next.prevData != run.states[n-1].Data {
		run.states = nil
	} else if n == maxStates {
		run.states = run.states[1:]
	}
	c.set(did, chain{states: append(run.states, next.State)})
	return broken, nil
}

// breaks reports whether an error says that a message does not follow the known state of a repository.
func breaks(err error) bool {
	return errors.Is(err, reposync.ErrDesynchronized) || errors.Is(err, repo.ErrForkedRevision)
}

func (c *chains) set(did syntax.DID, run chain) {
	last := &run.states[len(run.states)-1]
	last.Rev = clone(last.Rev)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chain == nil {
		c.chain = map[syntax.DID]chain{}
	}
	if _, ok := c.chain[did]; !ok {
		did = clone(did)
	}
	c.chain[did] = run
}

// cut removes the chain of a repository, because a message does not say what changed.
func (c *chains) cut(did syntax.DID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.chain, did)
}

// checkCommit verifies a commit as far as the client can: without a directory, it checks only the form. The change is
// nil if the commit is not newer than the known one. broken, if it is not nil, says why the commit of a followed
// repository does not follow the known one.
func (r *repos) checkCommit(ctx context.Context, v *reposync.Verifier, m *reposync.Commit, follows bool) (change *reposync.Change, broken, err error) {
	if r.client.keys == nil {
		change, err = v.Read(m)
		return change, nil, err
	}
	verify := func(known reposync.State) (link, error) {
		err := r.client.keys.with(ctx, m.DID, func(key multikey.Key) (err error) {
			change, err = v.Verify(m, key, known)
			return err
		})
		if err != nil {
			return link{}, err
		}
		return link{change.State, change.Since, change.PrevData}, nil
	}
	if !follows {
		_, err = verify(reposync.State{})
	} else if broken, err = r.chains.follow(m.DID, verify); errors.Is(err, reposync.ErrOld) {
		return nil, nil, nil
	}
	return change, broken, err
}

// checkSync verifies a #sync message as far as the client can: without a directory, it checks only the form. The state
// is the zero State if the message is not newer than the known commit.
func (r *repos) checkSync(ctx context.Context, v *reposync.Verifier, m *reposync.Sync, follows bool) (state reposync.State, trust rec.Trust, err error) {
	if r.client.keys == nil {
		state, err = v.ReadSync(m)
		return state, rec.Hashed, err
	}
	trust = rec.Chained
	verify := func(known reposync.State) (link, error) {
		err := r.client.keys.with(ctx, m.DID, func(key multikey.Key) (err error) {
			state, err = v.Sync(m, key, known)
			return err
		})
		if known.Rev == "" {
			if trust = rec.Signed; errors.Is(err, reposync.ErrDesynchronized) {
				err = nil // as expected: nothing is known
			}
		}
		return link{State: state}, err
	}
	if !follows {
		_, err = verify(reposync.State{})
	} else if _, err = r.chains.follow(m.DID, verify); errors.Is(err, reposync.ErrOld) {
		return reposync.State{}, 0, nil
	}
	return state, trust, err
}

// keyAttempts is how often a key is looked up in all while the directory cannot be reached.
const keyAttempts = 3

// backoff decides how long to wait before a key is looked up again.
var backoff = pause.Backoff{Base: time.Second, Max: time.Minute, AtLeastHalf: true}

// keys looks up the signing keys of accounts in a directory.
type keys struct{ directory *identity.Directory }

// with calls verify with the signing key of an account. If verify returns [multikey.ErrSignature], with looks the
// account up once more, because keys change, and calls verify again if the account has another key.
func (k *keys) with(ctx context.Context, did syntax.DID, verify func(multikey.Key) error) error {
	key, err := k.find(ctx, func() (multikey.Key, error) {
		document, err := k.directory.ResolveDID(ctx, did)
		if err != nil {
			return multikey.Key{}, err
		}
		return document.RequireKey()
	})
	if err != nil {
		return err
	}
	invalid := verify(key)
	if !errors.Is(invalid, multikey.ErrSignature) {
		return invalid
	}
	fresh, err := k.find(ctx, func() (multikey.Key, error) {
		account, err := k.directory.Refresh(ctx, syntax.AtIdentifier(did))
		if err != nil {
			return multikey.Key{}, err
		}
		return account.RequireKey()
	})
	switch {
	case err != nil:
		return errors.Join(invalid, err)
	case fresh == key:
		return invalid
	}
	return verify(fresh)
}

// find calls look. While the directory cannot be reached, it calls look again after a pause, up to keyAttempts times
// in all.
func (k *keys) find(ctx context.Context, look func() (multikey.Key, error)) (multikey.Key, error) {
	for attempt := 1; ; attempt++ {
		key, err := look()
		if !errors.Is(err, identity.ErrUnreachable) || attempt == keyAttempts {
			return key, err
		}
		if err := pause.Wait(ctx, time.Now().Add(backoff.After(attempt)), func() {}); err != nil {
			return multikey.Key{}, err
		}
	}
}
