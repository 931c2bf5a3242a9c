package follow_test

import (
	"context"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/follow"
)

// gated is a store whose transactions wait.
type gated struct {
	follow.Store
	gate chan chan struct{} // each transaction with changes of the stream sends a channel, and waits until it is closed
}

func (g *gated) Apply(ctx context.Context, b *follow.Batch) error {
	for _, c := range b.Changes {
		if c.Live {
			open := make(chan struct{})
			g.gate <- open
			<-open
			break
		}
	}
	return g.Store.Apply(ctx, b)
}

// TestAcknowledgement: the position stays before an event until what it led to is stored.
func TestAcknowledgement(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	store := &gated{Store: w.store, gate: make(chan chan struct{})}
	w.store = store
	monitor := new(follow.Monitor)
	w.start(server, func(o *follow.Options) { o.Host, o.Monitor = server.URL, monitor })
	w.live(a)
	a.Commit(put("2", "two"))
	open := <-store.gate
	time.Sleep(50 * time.Millisecond)
	if done := monitor.Health().Stream.Done.Seq; done >= server.Seq() {
		t.Errorf("event %d is acknowledged before its change is stored", done)
	}
	close(open)
	w.current(a)
	w.until("the acknowledgement", func() bool { return monitor.Health().Stream.Done.Seq == server.Seq() })
}
