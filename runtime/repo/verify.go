package repo

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Verify checks the commit's signature under key, the signing key in the account's DID document. An error
// wraps [multikey.ErrSignature]: the key may have been replaced since the document was read, or the commit
// is not the account's.
func (c *Commit) Verify(key multikey.Key) error {
	if err := key.Verify(c.Unsigned(), c.Sig); err != nil {
		return fmt.Errorf("repo: commit %s of %s: %w", c.Rev, c.DID, err)
	}
	return nil
}

// verify checks that the commit is that of an account whose signing key is key.
func (c *Commit) verify(did syntax.DID, key multikey.Key) error {
	if c.DID != did {
		return fmt.Errorf("%w: it is of %s, not of %s", ErrDID, c.DID, did)
	}
	return c.Verify(key)
}

// Verify checks that the repository is that of the account did, whose signing key is key. Once it has
// returned nil, every record that the Repo gives out is one that the account signed for, and [Repo.Trust]
// says so.
//
// An error wraps [ErrDID] or [multikey.ErrSignature].
func (r *Repo) Verify(did syntax.DID, key multikey.Key) error {
	if err := r.commit.verify(did, key); err != nil {
		return err
	}
	r.signed.Store(true)
	return nil
}

// Trust says how far the records that the Repo gives out are verified: [lex.Signed] once [Repo.Verify] has
// returned nil, and [lex.Hashed] before.
func (r *Repo) Trust() lex.Trust {
	if r.signed.Load() {
		return lex.Signed
	}
	return lex.Hashed
}
