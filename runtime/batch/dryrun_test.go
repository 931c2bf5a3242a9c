package batch_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/write"
)

// TestDryRun compares what a dry run says with what Apply then does; and the dry run changes nothing.
func TestDryRun(t *testing.T) {
	pds, ops := mixed(t)
	pds.Put(string(ops[4].RecordKey), jsonOf(t, ops[4].Record)) // a put of what is there already
	before := pds.Records()
	options := func(each *[]batch.OpResult) *batch.ApplyOptions {
		return &batch.ApplyOptions{Lookup: lookup, Each: func(r batch.OpResult) { *each = append(*each, r) }}
	}
	var foreseen, made []batch.OpResult
	dry, err := batch.DryRun(t.Context(), pds, batch.Ops(ops...), options(&foreseen))
	if err != nil {
		t.Fatal(err)
	}
	want := &batch.DryRunResult{Ops: 24, Create: 11, Update: 8, Delete: 4, Already: 1, Points: 11*3 + 8*2 + 4}
	if diff := cmp.Diff(want, dry); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, pds.Records()); diff != "" || len(pds.Writes()) > 0 {
		t.Errorf("the dry run changed records: %s %v", diff, pds.Writes())
	}
	result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), options(&made))
	if err != nil || result.Points != dry.Points || result.Written != dry.Create+dry.Update+dry.Delete {
		t.Errorf("applied: %+v, %v", result, err)
	}
	for i := range made {
		if made[i].Written != (made[i].Change != "") {
			t.Errorf("op %d: written %v, change %q", made[i].Op, made[i].Written, made[i].Change)
		}
		made[i].Written = false
	}
	if diff := cmp.Diff(foreseen, made); diff != "" {
		t.Errorf("foreseen and done: %s", diff)
	}
	dry, err = batch.DryRun(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
	if err != nil || dry.Already != 24 || dry.Points != 0 {
		t.Errorf("afterwards: %+v, %v", dry, err)
	}
}

// TestDryRunFailures holds that a dry run lists what would fail, all of it, and that it does not believe a CID.
func TestDryRunFailures(t *testing.T) {
	pds := newPDS(t)
	var ops []batch.Op
	for n, action := range []batch.Action{batch.ActionCreate, batch.ActionUpdate, batch.ActionPut, batch.ActionPut} {
		ops = append(ops, batch.Op{Action: action, RecordKey: keyOf(n), Record: membership(n)})
	}
	pds.Put(string(keyOf(0)), jsonOf(t, membership(1000))) // another record is there; of 1, none; of 2, the same
	pds.Put(string(keyOf(2)), jsonOf(t, membership(2)))
	pds.Put(string(keyOf(3)), jsonOf(t, membership(3)))
	// Of 3, another record with the CID of the one that is wanted.
	pds.PDS.Fail(fault.Custom("forged record", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		if r.FormValue("rkey") == string(keyOf(3)) {
			fault.SetField("value", jsonOf(t, membership(1003))).Serve(w, r, good)
			return
		}
		good.ServeHTTP(w, r)
	}), "com.atproto.repo.getRecord")
	dry, err := batch.DryRun(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
	if err != nil || dry.Failed != 3 || dry.Already != 1 || dry.Points != 0 || len(dry.Failures) != 3 {
		t.Fatalf("%+v, %v", dry, err)
	}
	for i, want := range []error{write.ErrConflict, write.ErrConflict, write.ErrCIDMismatch} {
		if got := dry.Failures[i]; !errors.Is(got, want) || got.URI == "" {
			t.Errorf("failure %d: %v, want %v", i, got, want)
		}
	}
	ops[0].Record = nil
	_, err = batch.DryRun(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
	if invalid, ok := errors.AsType[*batch.InvalidError](err); !ok || invalid.Failed != 1 {
		t.Errorf("an operation without its record: %v", err)
	}
	pds = newPDS(t)
	pds.Intercept = func(int, string, func() error) error { return errInternal }
	if _, err = batch.DryRun(t.Context(), pds, batch.Ops(ops[1]), &batch.ApplyOptions{Lookup: lookup}); !errors.Is(err, errInternal) {
		t.Errorf("a server that fails: %v", err)
	}
}

// TestDryRunJournal has a dry run before, in the middle of, and after a batch of creates without record keys.
func TestDryRunJournal(t *testing.T) {
	pds := newPDS(t)
	var ops []batch.Op
	for n := range 300 { // more than are read at once
		ops = append(ops, batch.Op{Action: batch.ActionCreate, Record: membership(n)})
	}
	dryRun := func(journal *batch.Journal, ops []batch.Op, want batch.DryRunResult) {
		t.Helper()
		dry, err := batch.DryRun(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup, Journal: journal})
		if diff := cmp.Diff(&want, dry); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	dryRun(nil, ops, batch.DryRunResult{Ops: 300, Create: 300, Points: 900})
	journal, err := batch.OpenJournal(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	dryRun(journal, ops, batch.DryRunResult{Ops: 300, Create: 300, Points: 900})
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(ops[:200]...), &batch.ApplyOptions{Lookup: lookup, Journal: journal}); err != nil {
		t.Fatal(err)
	}
	dryRun(journal, ops, batch.DryRunResult{Ops: 300, Create: 100, Already: 200, Points: 300})
	changed := slices.Clone(ops)
	changed[0].Record = membership(5000)
	if _, err := batch.DryRun(t.Context(), pds, batch.Ops(changed...), &batch.ApplyOptions{Lookup: lookup, Journal: journal}); !errors.Is(err, batch.ErrJournal) {
		t.Errorf("another batch: %v", err)
	}
	if _, err := batch.DryRun(t.Context(), pds, batch.Ops(ops[:100]...), &batch.ApplyOptions{Lookup: lookup, Journal: journal}); !errors.Is(err, batch.ErrJournal) {
		t.Errorf("a shorter batch: %v", err)
	}
	if done, n := journal.Progress(); done != 200 || n != 200 {
		t.Errorf("the journal has %d of %d operations: a dry run changed it", done, n)
	}
}
