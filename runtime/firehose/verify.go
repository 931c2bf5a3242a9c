package firehose

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrUnproved says that a change in a commit message is not what the tree of the signed commit has.
var ErrUnproved = errors.New("change is not in the signed tree")

// keyAttempts is how often a key is looked up while the directory cannot be reached.
const keyAttempts = 3

// keys verifies commits with the keys of a directory.
type keys struct{ directory *identity.Directory }

// verify checks the signature of a commit. If it is invalid, the account is looked up once more, since keys change.
func (k *keys) verify(ctx context.Context, commit *repo.Commit) error {
	key, err := k.key(ctx, func() (multikey.Key, error) {
		document, err := k.directory.ResolveDID(ctx, commit.DID)
		if err != nil {
			return multikey.Key{}, err
		}
		return document.RequireKey()
	})
	if err != nil {
		return err
	}
	invalid := commit.Verify(key)
	if invalid == nil {
		return nil
	}
	fresh, err := k.key(ctx, func() (multikey.Key, error) {
		account, err := k.directory.Refresh(ctx, syntax.AtIdentifier(commit.DID))
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
	return commit.Verify(fresh)
}

// key calls find again after a pause if the directory cannot be reached.
func (k *keys) key(ctx context.Context, find func() (multikey.Key, error)) (multikey.Key, error) {
	for attempt := 1; ; attempt++ {
		key, err := find()
		if !errors.Is(err, identity.ErrUnreachable) || attempt == keyAttempts {
			return key, err
		}
		if err := sleep(ctx, pauseBefore(attempt)); err != nil {
			return multikey.Key{}, err
		}
	}
}

// proves checks that the tree in an archive has the record of an event, or, after a deletion, does not have it.
func proves(index *car.Index, root cid.CID, e *Record) error {
	found, err := mst.Find(root, e.Collection, e.RecordKey, index.Get)
	if err != nil {
		return fmt.Errorf("proof of %s/%s: %w", e.Collection, e.RecordKey, err)
	}
	if found != e.CID {
		return fmt.Errorf("%w: %s/%s is %q in the tree, not %q", ErrUnproved, e.Collection, e.RecordKey, found, e.CID)
	}
	return nil
}
