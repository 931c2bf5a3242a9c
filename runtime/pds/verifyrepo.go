package pds

import (
	"context"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// VerifyRepo verifies the signature of an archive that was opened elsewhere, such as one of
// [Client.GetRepoCAR] that was saved to a file: it has to be the repository of did. The signature is verified as
// in [Client.GetRepo], and the errors are those that it has for that.
func (c *Client) VerifyRepo(ctx context.Context, did syntax.DID, r *repo.Repo) error {
	if err := c.verify(ctx, did, func(key multikey.Key) error { return r.Verify(did, key) }); err != nil {
		return fmt.Errorf("pds: repository of %s: %w", did, err)
	}
	return nil
}
