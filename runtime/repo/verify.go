package repo

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Verify checks the commit's signature with key, the signing key in the account's DID document. An error
// wraps [multikey.ErrSignature]. It means that the account did not sign the commit, or that it has changed its key
// since the document was read.
func (c *Commit) Verify(key multikey.Key) error {
	if err := key.Verify(c.Unsigned(), c.Sig); err != nil {
		return fmt.Errorf("repo: commit %s of %s: %w", c.Rev, c.DID, err)
	}
	return nil
}

// verify checks that the commit belongs to the account did and is signed with key.
func (c *Commit) verify(did syntax.DID, key multikey.Key) error {
	if c.DID != did {
		return fmt.Errorf("%w: it belongs to %s, not to %s", ErrDID, c.DID, did)
	}
	return c.Verify(key)
}

// Verify checks that the repository belongs to the account did, whose signing key is key. Once it has
// returned nil, the account's signature covers every record that the Repo yields, and [Repo.Trust]
// returns [rec.Signed].
//
// An error wraps [ErrDID] or [multikey.ErrSignature].
func (r *Repo) Verify(did syntax.DID, key multikey.Key) error {
	if err := r.commit.verify(did, key); err != nil {
		return err
	}
	r.signed.Store(true)
	return nil
}

// Trust returns the level of trust of the records that the Repo yields: [rec.Signed] once [Repo.Verify] has
// returned nil, and [rec.Hashed] before.
func (r *Repo) Trust() rec.Trust {
	if r.signed.Load() {
		return rec.Signed
	}
	return rec.Hashed
}
