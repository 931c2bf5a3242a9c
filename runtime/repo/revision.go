package repo

import (
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// MaxClockSkew is how far the time in a commit's revision may be ahead of the reader's clock.
const MaxClockSkew = 5 * time.Minute

// Revision names a commit of a repository. A reader keeps it in order to notice when a server returns an older state.
// The zero value means no commit.
type Revision struct {
	// Rev is the commit's revision. The revisions of one repository ascend.
	Rev syntax.TID
	// CID is the commit's CID, or undefined if only Rev is known.
	CID cid.CID
}

// Revision returns the revision of the repository's commit. [Repo.Verify] checks that the account signed it.
func (r *Repo) Revision() Revision { return Revision{Rev: r.commit.Rev, CID: r.commitCID} }

// CheckAfter checks that the commit v may replace the known commit of the same repository. known is the
// zero value if there is none. now is the reader's time.
//
// An error wraps
//   - [ErrUnchanged] if v is the known commit;
//   - [ErrOlderRevision] if v has an earlier revision;
//   - [ErrForkedRevision] if v has the same revision but is a different commit;
//   - [ErrFutureRevision] if the time in v's revision is more than [MaxClockSkew] after now. Revisions come
//     from the clocks of servers. If a reader accepted one in the far future, all honest ones would count as older.
func (v Revision) CheckAfter(known Revision, now time.Time) error {
	switch {
	case known.Rev == "":
	case v.Rev == known.Rev && known.CID.Defined() && v.CID != known.CID:
		return fmt.Errorf("%w: rev %s has commit %s, but the known commit is %s", ErrForkedRevision, v.Rev, v.CID, known.CID)
	case v.Rev == known.Rev:
		return fmt.Errorf("%w: rev %s is known", ErrUnchanged, v.Rev)
	case v.Rev < known.Rev:
		return fmt.Errorf("%w: rev %s of %s comes before the known %s of %s", ErrOlderRevision,
			v.Rev, v.Rev.Time().Format(time.RFC3339), known.Rev, known.Rev.Time().Format(time.RFC3339))
	}
	if at := v.Rev.Time(); at.After(now.Add(MaxClockSkew)) {
		return fmt.Errorf("%w: rev %s has the time %s, but it is now %s", ErrFutureRevision,
			v.Rev, at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}
