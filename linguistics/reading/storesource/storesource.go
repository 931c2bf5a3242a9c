// Package storesource fetches records for package reading from a copy that package follow keeps current.
//
//	store, err := boltstore.OpenReadOnly("follow.db")
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	index := reading.New(reading.WithSource(storesource.New(store)))
//	e, err := index.Expression(ctx, uri)
package storesource

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrNoData says that a store has only the paths and CIDs of records, because it was created without
// boltstore.WithRecords.
var ErrNoData = errors.New("the store does not keep records")

// New returns a source that reads from a store, which must stay open. The source is safe for concurrent use.
func New(store *boltstore.Store) reading.Source { return source{store} }

type source struct{ store *boltstore.Store }

// GetRecord implements [reading.Source].
func (s source) GetRecord(_ context.Context, uri syntax.ATURI) (rec.Envelope, error) {
	did, ok := uri.Authority().DID()
	if !ok {
		return rec.Envelope{}, fmt.Errorf("storesource: %s: %w: the URI has no DID", uri, reading.ErrNotFound)
	}
	envelope, ok, err := s.store.Record(did, uri.Collection(), uri.RecordKey())
	switch {
	case err != nil:
		return rec.Envelope{}, err
	case !ok:
		return rec.Envelope{}, fmt.Errorf("storesource: %s: %w", uri, reading.ErrNotFound)
	case len(envelope.Data) == 0:
		return rec.Envelope{}, fmt.Errorf("storesource: %s: %w", uri, ErrNoData)
	}
	return envelope, nil
}

// ListRecords implements [reading.Source].
func (s source) ListRecords(ctx context.Context, did syntax.DID, collection syntax.NSID) iter.Seq2[rec.Envelope, error] {
	return func(yield func(rec.Envelope, error) bool) {
		for envelope, err := range s.store.Records(ctx, did, collection, nil) {
			if err == nil && len(envelope.Data) == 0 {
				err = fmt.Errorf("storesource: %s: %w", envelope.URI, ErrNoData)
			}
			if !yield(envelope, err) || err != nil {
				return
			}
		}
	}
}
