package firehose

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// chains are the states of repositories after the last commit that was verified. The commits of one repository are
// verified in their order, and those of several at once.
type chains struct {
	known func(syntax.DID) (reposync.State, bool) // Options.Known

	mu     sync.Mutex
	states map[syntax.DID]reposync.State // of those whose chain is not broken
}

// state returns the state of a repository: that after its last commit, or the one that the caller knows. It is the zero
// State if there is none.
func (c *chains) state(did syntax.DID) (_ reposync.State, running bool) {
	c.mu.Lock()
	state, ok := c.states[did]
	c.mu.Unlock()
	if ok || c.known == nil {
		return state, ok
	}
	if state, ok = c.known(clone(did)); !ok {
		return reposync.State{}, false
	}
	return state, false
}

// follow checks a message of a followed repository by verify against its state. If it does not follow the state after the
// last commit, the caller may know a newer one, such as after it has fetched the repository. A message that follows none is
// verified by itself: then broken says how it differs.
func (c *chains) follow(did syntax.DID, verify func(known reposync.State) (reposync.State, error)) (broken, err error) {
	known, running := c.state(did)
	state, err := verify(known)
	if running && breaks(err) {
		broken = err
		c.cut(did)
		known, _ = c.state(did)
		state, err = verify(known)
	}
	switch {
	case known.Rev == "":
		return broken, err
	case err == nil:
		c.set(did, state)
		return nil, nil
	case breaks(err):
		broken = err
		_, err = verify(reposync.State{})
		return broken, err
	}
	return nil, err
}

// breaks reports whether an error says that a message does not follow the known state of a repository.
func breaks(err error) bool {
	return errors.Is(err, reposync.ErrDesynchronized) || errors.Is(err, repo.ErrForkedRevision)
}

func (c *chains) set(did syntax.DID, state reposync.State) {
	state.Rev = clone(state.Rev)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.states == nil {
		c.states = map[syntax.DID]reposync.State{}
	}
	if _, ok := c.states[did]; !ok {
		did = clone(did)
	}
	c.states[did] = state
}

// cut forgets the state of a repository.
func (c *chains) cut(did syntax.DID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.states, did)
}

// checkCommit verifies a commit as far as the client can. The change is nil if the commit is not newer than the known one.
// broken says why the commit of a followed repository does not follow the known one.
func (r *repos) checkCommit(ctx context.Context, v *reposync.Verifier, m *reposync.Commit, follows bool) (change *reposync.Change, broken, err error) {
	if r.client.keys == nil {
		change, err = v.Read(m)
		return change, nil, err
	}
	verify := func(known reposync.State) (reposync.State, error) {
		err := r.client.keys.with(ctx, m.DID, func(key multikey.Key) (err error) {
			change, err = v.Verify(m, key, known)
			return err
		})
		if err != nil {
			return reposync.State{}, err
		}
		return change.State, nil
	}
	if !follows {
		_, err = verify(reposync.State{})
	} else if broken, err = r.chains.follow(m.DID, verify); errors.Is(err, reposync.ErrOld) {
		return nil, nil, nil
	}
	return change, broken, err
}

// checkSync verifies a #sync message as far as the client can. The state is the zero State if the message is not newer than
// the known commit.
func (r *repos) checkSync(ctx context.Context, v *reposync.Verifier, m *reposync.Sync, follows bool) (state reposync.State, trust rec.Trust, err error) {
	if r.client.keys == nil {
		state, err = v.ReadSync(m)
		return state, rec.Hashed, err
	}
	trust = rec.Chained
	verify := func(known reposync.State) (reposync.State, error) {
		err := r.client.keys.with(ctx, m.DID, func(key multikey.Key) (err error) {
			state, err = v.Sync(m, key, known)
			return err
		})
		if known.Rev == "" {
			if trust = rec.Signed; errors.Is(err, reposync.ErrDesynchronized) {
				err = nil // as expected: nothing is known
			}
		}
		return state, err
	}
	if !follows {
		_, err = verify(reposync.State{})
	} else if _, err = r.chains.follow(m.DID, verify); errors.Is(err, reposync.ErrOld) {
		return reposync.State{}, 0, nil
	}
	return state, trust, err
}

// keyAttempts is how often a key is looked up while the directory cannot be reached.
const keyAttempts = 3

// backoff decides how long to wait before a key is looked up again.
var backoff = pause.Backoff{Base: time.Second, Max: time.Minute, AtLeastHalf: true}

// keys are the keys of a directory.
type keys struct{ directory *identity.Directory }

// with calls verify with the key of an account. If the signature is invalid, the account is looked up once more, since keys
// change, and verify is called again if its key has.
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

// find calls look again after a pause if the directory cannot be reached.
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
