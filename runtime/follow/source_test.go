package follow_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// bare is a source of records without commits, as a Jetstream is.
type bare chan firehose.Event

func (b bare) Subscribe(ctx context.Context, _ *firehose.Options) iter.Seq2[firehose.Event, error] {
	return func(yield func(firehose.Event, error) bool) {
		for {
			select {
			case e := <-b:
				if !yield(e, nil) {
					return
				}
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}

// tell commits a write and sends its records.
func (b bare) tell(a *atptest.Account, writes ...repo.Write) {
	m := a.CommitSilently(writes...)
	for _, op := range m.Ops {
		collection, key, _ := strings.Cut(op.Path, "/")
		e := &firehose.Record{
			DID: a.DID, Rev: m.Rev, Collection: syntax.NSID(collection), RecordKey: syntax.RecordKey(key),
			Action: firehose.Action(op.Action), CID: op.CID, Trust: rec.Hashed,
		}
		if e.Trust = rec.Hashed; op.Action == repo.Delete {
			e.Trust = rec.Served
		}
		for _, w := range writes {
			if w.Path == op.Path && w.Data != nil {
				e.Data = w.Data
			}
		}
		b <- e
	}
}

// TestWithoutCommits: what a source without commits says is taken as it says it, and what it leaves out is found by comparing.
func TestWithoutCommits(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a, b := account(server), account(server)
	a.Commit(put("1", "one"), put("2", "two"))
	source := make(bare)
	options := w.options(w.directory())
	options.Host, options.Compare = server.URL, time.Second
	ctx, cancel := context.WithCancel(t.Context())
	w.done, w.cancel = make(chan error, 1), cancel
	go func() { w.done <- follow.Run(ctx, source, w.store, w.handle, options) }()
	t.Cleanup(func() { w.stop() })
	w.current(a)
	w.clear()
	source.tell(a, put("1", "uno"), put("3", "three"))
	source.tell(a, remove("2"))
	source.tell(b, put("1", "joins"))
	w.current(a, b)
	want := []string{"update " + wanted + "/1 hashed live", "create " + wanted + "/3 hashed live", "delete " + wanted + "/2 served live"}
	if got := w.lines(); !slices.Equal(got[:3], want) {
		t.Errorf("%q, want %q", got, want)
	}
	w.live(a, b) // with the commits, which only a comparison brings
	w.clear()
	a.CommitSilently(remove("1")) // which the source loses
	source.tell(a, put("4", "four"))
	w.current(a)
	w.has("delete " + wanted + "/1 signed")
}

// TestUnverified: a source that does not verify commits still has their chain.
func TestUnverified(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	w.unverified = true
	w.start(server, func(o *follow.Options) { o.Host, o.Compare = server.URL, 300*time.Millisecond })
	w.live(a)
	for i := range 5 {
		a.Commit(put(fmt.Sprint(i), "x"), put("more", fmt.Sprint(i)))
	}
	w.current(a)
	a.CommitSilently(remove("1"))
	a.Commit(put("last", "x"))
	w.current(a)
	w.live(a)
	for _, l := range w.lines() {
		if strings.HasSuffix(l, "chained live") {
			t.Error(l)
		}
	}
}
