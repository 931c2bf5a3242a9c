package group_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/follow/internal/group"
)

// TestWriter: all writes are carried out, in their order, in groups that are not too large, and one that has to be the first of
// its group is.
func TestWriter(t *testing.T) {
	var groups [][]int
	w := group.New(func(_ context.Context, writes []int) error {
		groups = append(groups, slices.Clone(writes))
		return nil
	}, func(n int) bool { return n%10 == 0 })
	for n := range 25 {
		size := int64(1)
		if n == 13 || n == 14 {
			size = 8 << 20 // each fills a group
		}
		if number, err := w.Put(t.Context(), n, size); err != nil || number != int64(n+1) {
			t.Fatal(number, err)
		}
	}
	w.End()
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12}, {13}, {14}, {15, 16, 17, 18, 19}, {20, 21, 22, 23, 24}}
	if !slices.EqualFunc(groups, want, slices.Equal) {
		t.Errorf("%v, want %v", groups, want)
	}
	if err := w.Wait(t.Context(), 25); err != nil {
		t.Error(err)
	}
}

// TestWriterFails: after a failure nothing is carried out, and everybody learns of it.
func TestWriterFails(t *testing.T) {
	full := errors.New("disk full")
	w := group.New(func(context.Context, []int) error { return full }, func(int) bool { return true })
	for n := range 3 {
		if _, err := w.Put(t.Context(), n, 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Run(t.Context()); err != full {
		t.Error(err)
	}
	if err := w.Wait(t.Context(), 1); err != full {
		t.Error(err)
	}
	if _, err := w.Put(t.Context(), 4, 1); err != full {
		t.Error(err)
	}
}

// TestWriterFull: who puts more than may wait is held up until there is room, or ctx ends.
func TestWriterFull(t *testing.T) {
	w := group.New(func(context.Context, []int) error { return nil }, func(int) bool { return false })
	if _, err := w.Put(t.Context(), 1, 1<<30); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := w.Put(ctx, 2, 1)
		done <- err
	}()
	go func() { done <- w.Wait(ctx, 1) }()
	cancel()
	for range 2 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	go func() {
		_, err := w.Put(t.Context(), 3, 1)
		w.End()
		done <- err
	}()
	if err := w.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
