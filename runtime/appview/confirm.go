package appview

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrDiffers says that the record in the repository is another version than the one that the appview has: it is
// behind, or wrong.
var ErrDiffers = errors.New("the repository has another version of the record")

// Confirm asks the server of the repository for the proof of a record that an appview has claimed, verifies it
// (see [pds.Client.GetRecordProof]), and returns the record as it is in the repository: [lex.Signed].
//
// If its CID is not that of e, the error wraps [ErrDiffers] and names both; the record of the repository is returned
// with it. If the repository has no such record, it wraps [pds.ErrRecordNotFound]. Other errors are those of the
// proof.
func Confirm(ctx context.Context, c *pds.Client, e lex.Envelope) (lex.Envelope, error) {
	proof, err := c.GetRecordProof(ctx, e.URI)
	if err != nil {
		return lex.Envelope{}, fmt.Errorf("appview: %s is not confirmed: %w", e.URI, err)
	}
	confirmed := proof.Envelope()
	if confirmed.CID != e.CID {
		return confirmed, fmt.Errorf("appview: %s: %w: %s, where the appview has %s", e.URI, ErrDiffers, confirmed.CID, e.CID)
	}
	return confirmed, nil
}

// ConfirmEntry is [Confirm] for a record of a generated client, by its URI and CID. It returns the record as it is in
// the repository, also with [ErrDiffers]; one that is not what T's lexicon asks for is a [*lex.Failure].
//
//	entry, err := appview.ConfirmEntry[expression.Expression](ctx, repos, item.URI, item.CID)
func ConfirmEntry[T any, P lex.RecordPointer[T]](ctx context.Context, c *pds.Client, uri syntax.ATURI, cid syntax.CID) (*lex.Entry[T], error) {
	entry, err := pds.Prove[T, P](ctx, c, uri)
	if err != nil {
		return nil, fmt.Errorf("appview: %s is not confirmed: %w", uri, err)
	}
	if entry.CID.String() != string(cid) {
		return entry, fmt.Errorf("appview: %s: %w: %s, where the appview has %s", uri, ErrDiffers, entry.CID, cid)
	}
	return entry, nil
}
