package batch_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// hearing is an account that remembers the pauses that it is told of.
type hearing struct {
	*testAccount
	pauses []xrpc.Pause
}

func (h *hearing) Announce(p xrpc.Pause) { h.pauses = append(h.pauses, p) }

// limitedWrites are the ways of writing, each for a record that is there, but for create.
var limitedWrites = []struct {
	name, method string
	points       int
	write        func(context.Context, write.Client, *write.Limiter) error
}{
	{"create", "createRecord", 3, func(ctx context.Context, a write.Client, l *write.Limiter) error {
		_, err := write.Create(ctx, a, membership(1), &write.CreateOptions{Limiter: l})
		return err
	}},
	{"put", "putRecord", 2, func(ctx context.Context, a write.Client, l *write.Limiter) error {
		_, err := write.Put(ctx, a, keyOf(0), membership(2), &write.PutOptions{Limiter: l})
		return err
	}},
	{"delete", "deleteRecord", 1, func(ctx context.Context, a write.Client, l *write.Limiter) error {
		uri := syntax.ATURI("at://" + did + "/" + string(corpus.NSIDMembership) + "/" + string(keyOf(0)))
		return write.Delete(ctx, a, uri, &write.DeleteOptions{Limiter: l})
	}},
	{"apply", "applyWrites", 3, func(ctx context.Context, a write.Client, l *write.Limiter) error {
		op := batch.Op{Action: batch.ActionCreate, RecordKey: keyOf(1), Record: membership(1)}
		_, err := batch.Apply(ctx, a, batch.Ops(op), &batch.ApplyOptions{Lookup: lookup, Limiter: l})
		return err
	}},
}

// Whatever waits for write points says so before, with the time at which it ends, whatever the longest pause is that a server
// may ask for. A pause that is not begun is not announced: its error says until when.
func TestPauseForPoints(t *testing.T) {
	for _, test := range limitedWrites {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				account := &hearing{testAccount: newPDS(t)}
				account.Put(string(keyOf(0)), jsonOf(t, membership(9)))
				l := write.NewLimiter(3, 0)
				if err := l.Wait(t.Context(), 4-test.points); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				err := test.write(ctx, account, l)
				late, ok := errors.AsType[*xrpc.WaitError](err)
				if !ok || late.Pause.Reason != xrpc.ReasonPoints || !late.Pause.Until.Equal(start.Add(time.Hour)) || !errors.Is(err, context.DeadlineExceeded) ||
					!strings.Contains(err.Error(), "write points takes 1h0m0s, until 2000-01-01T01:00:00Z") {
					t.Errorf("without the time: %v", err)
				}
				if len(account.pauses) > 0 || account.Procedures() > 0 {
					t.Errorf("without the time: %v, %v", account.pauses, account.Calls)
				}
				if err := test.write(t.Context(), account, l); err != nil {
					t.Fatal(err)
				}
				want := []xrpc.Pause{{
					NSID: syntax.NSID("com.atproto.repo." + test.method), Reason: xrpc.ReasonPoints,
					Wait: time.Hour, Until: start.Add(time.Hour), Attempt: 1, Attempts: 1,
				}}
				if test.name == "apply" {
					want[0].Attempts = batch.DefaultAttempts
				}
				if diff := cmp.Diff(want, account.pauses); diff != "" || time.Since(start) != time.Hour {
					t.Errorf("after %v: %s", time.Since(start), diff)
				}
			})
		})
	}
}

// Apply announces the pauses before it repeats a request, too.
func TestPauseToRepeat(t *testing.T) {
	for _, test := range []struct {
		err    error
		reason xrpc.Reason
	}{
		{&xrpc.Error{Status: 429, Header: map[string][]string{"Retry-After": {"30"}}}, xrpc.ReasonServer},
		{&xrpc.Error{Status: 503, Name: "Unavailable"}, xrpc.ReasonRetry},
		{lost(), xrpc.ReasonRetry},
	} {
		synctest.Test(t, func(t *testing.T) {
			account := &hearing{testAccount: newPDS(t)}
			failed := false
			account.Intercept = func(_ int, nsid string, do func() error) error {
				if nsid != "com.atproto.repo.applyWrites" || failed {
					return do()
				}
				failed = true
				return test.err
			}
			if err := limitedWrites[3].write(t.Context(), account, nil); err != nil {
				t.Fatal(err)
			}
			if len(account.pauses) != 1 {
				t.Fatalf("%v: %v", test.err, account.pauses)
			}
			p := account.pauses[0]
			if p.Reason != test.reason || !errors.Is(p.Err, test.err) || p.Attempt != 2 || p.Attempts != batch.DefaultAttempts || time.Until(p.Until) != 0 {
				t.Errorf("%v: %+v", test.err, p)
			}
		})
	}
}

// Accounts need not hear anything.
func TestPauseUnheard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := write.NewLimiter(3, 0)
		for n := range 2 {
			if err := limitedWrites[0].write(t.Context(), newPDS(t), l); err != nil {
				t.Errorf("%d: %v", n, err)
			}
		}
	})
}
