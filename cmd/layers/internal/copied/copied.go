// Package copied reads the copies of repositories that layers follow keeps in a directory.
package copied

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/reading/storesource"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Repo is a repository in a directory of layers follow.
type Repo struct {
	store *boltstore.Store
	did   syntax.DID
}

// OpenRepo opens the repository of actor, a handle or a DID, in a directory of layers follow. The caller must close it.
// It is an error if the account is not active. If the repository is not current, OpenRepo prints a message.
func OpenRepo(ctx context.Context, s *connect.Servers, directory string, actor syntax.AtIdentifier) (*Repo, error) {
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
	store, err := boltstore.OpenSnapshot(ctx, File(directory))
	if err != nil {
		return nil, Error(err, directory)
	}
	r, known, err := store.Repo(did)
	switch {
	case err != nil:
	case !known:
		err = fmt.Errorf("%s: no records of %s", directory, did)
	case r.Phase == follow.Inactive:
		err = fmt.Errorf("%s: the account %s is not active: %s", directory, did, r.Status)
	case r.Phase == follow.Stale:
		terminal.Printf(s.Messages, "layers: the records of %s are not current until layers follow fetches them: %s\n", did, r.Fault)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &Repo{store, did}, nil
}

// Close closes the file in the directory.
func (c *Repo) Close() error { return c.store.Close() }

// List yields the records of a collection in the order of pds.Client.ListRecords. Of the options it uses Cursor, Reverse
// and Checkpoint; a cursor is a record key.
func (c *Repo) List(ctx context.Context, collection syntax.NSID, options *pds.ListOptions) iter.Seq2[rec.Envelope, error] {
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

// Source returns the directory as a source for package reading.
func (c *Repo) Source() reading.Source { return storesource.New(c.store) }

// Get returns the record at uri. The error wraps pds.ErrRecordNotFound if there is none.
func (c *Repo) Get(uri syntax.ATURI) (rec.Envelope, error) {
	e, ok, err := c.store.Record(c.did, uri.Collection(), uri.RecordKey())
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", uri, pds.ErrRecordNotFound)
	}
	return e, err
}

// File returns the path of the file with the records in a directory of layers follow.
func File(directory string) string { return filepath.Join(directory, archive.FollowFile) }

// Error returns an error for err, which comes from opening the file in a directory of layers follow. It explains that
// another program has the file open, or that there is no such file; other errors are returned unchanged.
func Error(err error, directory string) error {
	switch {
	case errors.Is(err, boltstore.ErrInUse):
		return exit.WithHint(fmt.Errorf("%s: %w", directory, boltstore.ErrInUse), "another program has it open, or a layers follow that does not answer")
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: layers follow has not been run with this directory: %w", directory, err)
	}
	return err
}
