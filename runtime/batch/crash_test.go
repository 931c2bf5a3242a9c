package batch_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/layers-pub/layers-go/internal/disk/disktest"
	"github.com/layers-pub/layers-go/runtime/batch"
)

// TestJournalCrash stops the machine at each request of a batch, before it reaches the server and after, and at each sync of
// the journal: whatever is left of the journal, the batch is done by applying it again, and nothing is written twice.
func TestJournalCrash(t *testing.T) {
	dir := t.TempDir()
	crash := disktest.Watch(t, dir)
	pds := newPDS(t)
	type moment struct {
		records map[string]string
		state   disktest.State
	}
	var moments []moment
	note := func(states []disktest.State) {
		for _, state := range states {
			moments = append(moments, moment{pds.Records(), state})
		}
	}
	seen := 0
	syncs := func() { // those since the last call
		states := crash.During()
		note(states[seen:])
		seen = len(states)
	}
	pds.Intercept = func(_ int, _ string, do func() error) error {
		syncs()
		note(crash.Crash())
		defer func() { note(crash.Crash()) }()
		return do()
	}
	path := filepath.Join(dir, "journal")
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2}
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(5)...), opts); err != nil {
		t.Fatal(err)
	}
	syncs()
	end := crash.Crash()
	note(end)
	if len(moments) < 40 {
		t.Errorf("only %d moments", len(moments))
	}
	resume := func(t *testing.T, m moment) *testAccount {
		again := newPDS(t)
		for path, record := range m.records {
			again.PutAt(path, record)
		}
		opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, filepath.Join(m.state.Restore(t), "journal")), MaxOps: 2}
		defer opts.Journal.Close()
		result, err := batch.Apply(t.Context(), again, batch.Ops(batchOf(5)...), opts)
		if err != nil || len(again.Records()) != 5 {
			t.Errorf("%d records, of which %d had been written: %+v, %v", len(again.Records()), len(m.records), result, err)
		}
		return again
	}
	for i, m := range moments {
		t.Run(fmt.Sprintf("%d %s", i, m.state.When), func(t *testing.T) { resume(t, m) })
	}
	for _, state := range end {
		if again := resume(t, moment{pds.Records(), state}); len(again.Calls) != 0 {
			t.Errorf("%s: it is not known that all is done: %v", state.When, again.Calls)
		}
	}
}
