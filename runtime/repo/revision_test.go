package repo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// TestCheckAfter is about commits that may and may not take the place of another.
func TestCheckAfter(t *testing.T) {
	now := testRev.Time()
	one, two := cid.Of(cid.DagCBOR, []byte{1}), cid.Of(cid.DagCBOR, []byte{2})
	at := func(d time.Duration) syntax.TID { return testRev.Add(d) }
	for _, test := range []struct {
		name       string
		rev, known repo.Revision
		is         error
	}{
		{"nothing known", repo.Revision{at(0), one}, repo.Revision{}, nil},
		{"a year old, nothing known", repo.Revision{at(-365 * 24 * time.Hour), one}, repo.Revision{}, nil},
		{"newer", repo.Revision{at(time.Microsecond), two}, repo.Revision{at(0), one}, nil},
		{"newer than a rev alone", repo.Revision{at(time.Microsecond), two}, repo.Revision{Rev: at(0)}, nil},
		{"the same", repo.Revision{at(0), one}, repo.Revision{at(0), one}, repo.ErrUnchanged},
		{"the same rev, no CID known", repo.Revision{at(0), one}, repo.Revision{Rev: at(0)}, repo.ErrUnchanged},
		{"another of the same rev", repo.Revision{at(0), two}, repo.Revision{at(0), one}, repo.ErrForkedRevision},
		{"older by a microsecond", repo.Revision{at(-time.Microsecond), two}, repo.Revision{at(0), one}, repo.ErrOlderRevision},
		{"older with the same CID", repo.Revision{at(-time.Hour), one}, repo.Revision{at(0), one}, repo.ErrOlderRevision},
		{"older than a rev alone", repo.Revision{at(-time.Hour), one}, repo.Revision{Rev: at(0)}, repo.ErrOlderRevision},
		{"ahead by what clocks may differ", repo.Revision{at(repo.MaxClockSkew), two}, repo.Revision{at(0), one}, nil},
		{"further ahead", repo.Revision{at(repo.MaxClockSkew + time.Microsecond), two}, repo.Revision{at(0), one}, repo.ErrFutureRevision},
		{"further ahead, nothing known", repo.Revision{at(time.Hour), two}, repo.Revision{}, repo.ErrFutureRevision},
		{"the last that there can be", repo.Revision{"jzzzzzzzzzzzz", two}, repo.Revision{}, repo.ErrFutureRevision},
		{"a known one of the future", repo.Revision{at(0), two}, repo.Revision{at(time.Hour), one}, repo.ErrOlderRevision},
	} {
		err := test.rev.CheckAfter(test.known, now)
		if (err == nil) != (test.is == nil) || !errors.Is(err, test.is) {
			t.Errorf("%s: %v, want %v", test.name, err, test.is)
		}
	}
}

func TestRevision(t *testing.T) {
	archive := build(t, smallRecords(3), repo.OrderTree)
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	root, _ := split(t, archive)
	if got := r.Revision(); got != (repo.Revision{Rev: testRev, CID: root}) {
		t.Errorf("%+v", got)
	}
}
