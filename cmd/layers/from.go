package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// fromFlag adds the flag --from.
func fromFlag(command *cobra.Command, value *string) {
	command.Flags().StringVar(value, "from", "", "read the `DIR` of layers follow in place of a server")
}

// copied is a repository in a directory of layers follow.
type copied struct {
	store *boltstore.Store
	did   syntax.DID
}

// openCopy opens the repository of actor in a directory. The caller must close it. A repository whose account is not active
// is not shown; one that is not current is, with a message.
func openCopy(ctx context.Context, command *cobra.Command, s *connect.Servers, directory string, actor syntax.AtIdentifier) (*copied, error) {
	did, ok := actor.DID()
	if !ok {
		identities, err := s.Directory()
		if err != nil {
			return nil, err
		}
		who, err := identities.Resolve(ctx, actor)
		if err != nil {
			return nil, err
		}
		did = who.DID
	}
	store, err := boltstore.OpenReadOnly(storeFile(directory))
	if err != nil {
		return nil, storeError(err, directory)
	}
	r, known, err := store.Repo(did)
	switch {
	case err != nil:
	case !known:
		err = fmt.Errorf("%s: no records of %s", directory, did)
	case r.Phase == follow.Inactive:
		err = fmt.Errorf("%s: the account %s is not active: %s", directory, did, r.Status)
	case r.Phase == follow.Stale:
		terminal.Printf(command.ErrOrStderr(), "layers: the records of %s are not current; layers follow has to fetch them: %s\n", did, r.Fault)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &copied{store, did}, nil
}

func (c *copied) Close() error { return c.store.Close() }

// list yields records as pds.Client.ListRecords does. A cursor is a record key.
func (c *copied) list(ctx context.Context, collection syntax.NSID, options *pds.ListOptions) iter.Seq2[rec.Envelope, error] {
	from := &boltstore.RecordsOptions{Descending: !options.Reverse}
	if options.Cursor != "" {
		from.After = string(collection) + "/" + options.Cursor
	}
	return func(yield func(rec.Envelope, error) bool) {
		for e, err := range c.store.Records(ctx, c.did, collection, from) {
			if !yield(e, err) {
				return
			}
			if options.Checkpoint != nil {
				options.Checkpoint(string(e.URI.RecordKey()))
			}
		}
	}
}

// get returns a record as pds.Client.GetRecord does.
func (c *copied) get(uri syntax.ATURI) (rec.Envelope, error) {
	e, ok, err := c.store.Record(c.did, uri.Collection(), uri.RecordKey())
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", uri, pds.ErrRecordNotFound)
	}
	return e, err
}
