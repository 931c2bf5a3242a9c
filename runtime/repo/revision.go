package repo

import (
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// MaxClockSkew is how far the time in a commit's revision may be ahead of the reader's clock.
const MaxClockSkew = 5 * time.Minute

// Revision names a commit of a repository: what a reader keeps in order to notice that a server goes back in
// time. The zero value stands for none.
type Revision struct {
	// Rev is the commit's revision. Those of one repository ascend.
	Rev syntax.TID
	// CID is that of the commit; undefined if only Rev is known.
	CID lex.CID
}

// Revision returns that of the repository's commit. [Repo.Verify] says whether the account signed it.
func (r *Repo) Revision() Revision { return Revision{Rev: r.commit.Rev, CID: r.commitCID} }

// CheckAfter checks that a commit may take the place of the known one, of the same repository; known is the
// zero value if there is none. now is the reader's time.
//
// An error wraps
//   - [ErrUnchanged] if it is the known commit;
//   - [ErrOlderRevision] if its revision is an earlier one;
//   - [ErrForkedRevision] if its revision is the same, but it is another commit;
//   - [ErrFutureRevision] if the time in its revision is more than [MaxClockSkew] after now. Revisions come
//     from the clocks of servers. If a reader took one of the far future, no honest one would follow it.
func (v Revision) CheckAfter(known Revision, now time.Time) error {
	switch {
	case known.Rev == "":
	case v.Rev == known.Rev && known.CID.Defined() && v.CID != known.CID:
		return fmt.Errorf("%w: rev %s is commit %s, and the known one is %s", ErrForkedRevision, v.Rev, v.CID, known.CID)
	case v.Rev == known.Rev:
		return fmt.Errorf("%w: rev %s is known", ErrUnchanged, v.Rev)
	case v.Rev < known.Rev:
		return fmt.Errorf("%w: rev %s of %s comes before the known %s of %s", ErrOlderRevision,
			v.Rev, v.Rev.Time().Format(time.RFC3339), known.Rev, known.Rev.Time().Format(time.RFC3339))
	}
	if at := v.Rev.Time(); at.After(now.Add(MaxClockSkew)) {
		return fmt.Errorf("%w: rev %s is of %s, and it is %s", ErrFutureRevision,
			v.Rev, at.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return nil
}
