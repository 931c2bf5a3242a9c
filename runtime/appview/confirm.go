package appview

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrDiffers says that the repository has another version of the record than the appview, which is out of date or
// wrong.
var ErrDiffers = errors.New("the repository has another version of the record")

// Confirm checks a record that an appview has claimed. It fetches the proof of the record from the repository's
// server, verifies it (see [pds.Client.GetRecordProof]), and returns the record as it is in the repository, which is
// [rec.Signed].
//
// If the record in the repository has another CID than e, the error wraps [ErrDiffers] and names both CIDs; Confirm then
// returns the record of the repository, too. If the repository has no such record, the error wraps
// [pds.ErrRecordNotFound]. Other errors are those of GetRecordProof.
func Confirm(ctx context.Context, c *pds.Client, e rec.Envelope) (rec.Envelope, error) {
	proof, err := c.GetRecordProof(ctx, e.URI)
	if err != nil {
		return rec.Envelope{}, fmt.Errorf("appview: %s is not confirmed: %w", e.URI, err)
	}
	confirmed := proof.Envelope()
	if !confirmed.CID.MatchesText(e.CID.String()) {
		return confirmed, fmt.Errorf("appview: %s: %w: %s, where the appview has %s", e.URI, ErrDiffers, confirmed.CID, e.CID)
	}
	return confirmed, nil
}

// ConfirmEntry is [Confirm] for a record from a generated client, given by its URI and CID. It returns the record as
// it is in the repository, also with [ErrDiffers]. If that record does not follow T's lexicon, the error is a
// [*rec.Failure].
//
//	entry, err := appview.ConfirmEntry[expression.Expression](ctx, repos, item.URI, item.CID)
func ConfirmEntry[T any, P lex.RecordPointer[T]](ctx context.Context, c *pds.Client, uri syntax.ATURI, cid syntax.CID) (*rec.Entry[T], error) {
	entry, err := pds.Prove[T, P](ctx, c, uri)
	if err != nil {
		return nil, fmt.Errorf("appview: %s is not confirmed: %w", uri, err)
	}
	if !entry.CID.MatchesText(string(cid)) {
		return entry, fmt.Errorf("appview: %s: %w: %s, where the appview has %s", uri, ErrDiffers, entry.CID, cid)
	}
	return entry, nil
}
