package follow

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow/internal/group"
)

// writer stores batches in the order in which they are written, and all that are waiting in one transaction. Then it
// acknowledges the events that led to them.
type writer struct {
	*group.Writer[*write]
	store Store
	// position returns the endpoint, and the position up to which all events are acknowledged, so that the changes
	// from them are stored. Each transaction stores this position, too.
	position func() (string, firehose.Position)
}

// write is a batch on its way to the store.
type write struct {
	Batch
	items  []*item // to acknowledge
	number int64
}

// changeCost is the approximate size of a change in bytes, without its record.
const changeCost = 512

func newWriter(store Store, position func() (string, firehose.Position)) *writer {
	w := &writer{store: store, position: position}
	// A repository that is forgotten is removed before the rest of a transaction is stored, so a batch with one must
	// be the first.
	w.Writer = group.New(w.apply, func(b *write) bool { return len(b.Forgotten) > 0 })
	return w
}

// put adds a batch, and sets its number. It waits while too many bytes are waiting, until ctx ends.
func (w *writer) put(ctx context.Context, b *write) (err error) {
	size := int64(0)
	for _, c := range b.Changes {
		size += int64(len(c.Data)) + changeCost
	}
	b.number, err = w.Put(ctx, b, size)
	return err
}

// apply stores batches in one transaction.
func (w *writer) apply(ctx context.Context, writes []*write) error {
	all := &Batch{}
	for _, b := range writes {
		all.Forgotten = append(all.Forgotten, b.Forgotten...)
		all.Changes = append(all.Changes, b.Changes...)
		all.Repos = append(all.Repos, b.Repos...)
		for endpoint, p := range b.Positions {
			all.move(endpoint, p)
		}
	}
	if endpoint, at := w.position(); !at.IsZero() && all.Positions == nil {
		all.move(endpoint, at)
	}
	if err := w.store.Apply(ctx, all); err != nil {
		return err
	}
	for _, b := range writes {
		for _, it := range b.items {
			it.ack()
		}
	}
	return nil
}

func (b *Batch) move(endpoint string, p firehose.Position) {
	if b.Positions == nil {
		b.Positions = map[string]firehose.Position{}
	}
	b.Positions[endpoint] = p
}
