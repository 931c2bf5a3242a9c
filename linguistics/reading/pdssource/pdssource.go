// Package pdssource fetches records for package reading from the servers of the accounts.
//
//	client, err := pds.New()
//	if err != nil {
//		return err
//	}
//	index := reading.New(reading.WithSource(pdssource.New(client)))
//	e, err := index.Expression(ctx, uri)
package pdssource

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// New returns a source that reads single records and whole collections with a client. The client compares each record
// with its CID (rec.Hashed). The source is safe for concurrent use.
func New(client *pds.Client) reading.Source { return source{client} }

type source struct{ client *pds.Client }

// GetRecord implements [reading.Source].
func (s source) GetRecord(ctx context.Context, uri syntax.ATURI) (rec.Envelope, error) {
	envelope, err := s.client.GetRecord(ctx, uri, nil)
	if errors.Is(err, pds.ErrRecordNotFound) {
		err = fmt.Errorf("%w: %w", reading.ErrNotFound, err)
	}
	return envelope, err
}

// ListRecords implements [reading.Source].
func (s source) ListRecords(ctx context.Context, did syntax.DID, collection syntax.NSID) iter.Seq2[rec.Envelope, error] {
	return s.client.ListRecords(ctx, syntax.AtIdentifier(did), collection, nil)
}
