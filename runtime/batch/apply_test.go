package batch_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// mixed returns a batch of all kinds of operations, all keys given, and a server with what it needs.
func mixed(t testing.TB) (*testAccount, []batch.Op) { return mixedOf(t, 24) }

func mixedOf(t testing.TB, n int) (*testAccount, []batch.Op) {
	pds := newPDS(t)
	records, ops := mixture(t, n)
	pds.Reset(t, records)
	return pds, ops
}

// mixture returns n operations of all kinds, and the records, by path, that they need.
func mixture(t testing.TB, n int) (records map[string]string, ops []batch.Op) {
	records = map[string]string{}
	for n := range n {
		key := keyOf(n)
		path := collection + "/" + string(key)
		op := batch.Op{RecordKey: key, Record: membership(n)}
		switch n % 6 {
		case 0, 1:
			op.Action = batch.ActionCreate
		case 2:
			op.Action = batch.ActionUpdate
			records[path] = jsonOf(t, membership(1000+n))
		case 3:
			op.Action = batch.ActionDelete
			op.Collection, op.Record = collection, nil
			records[path] = jsonOf(t, membership(n))
		case 4, 5:
			op.Action = batch.ActionPut
			if n%6 == 5 {
				records[path] = jsonOf(t, membership(1000+n))
			}
		}
		ops = append(ops, op)
	}
	return records, ops
}

// checkMixed checks that the operations were carried out, each once.
func checkMixed(t testing.TB, pds *testAccount, ops []batch.Op) {
	t.Helper()
	want := map[string]string{}
	for _, op := range ops {
		if op.Record != nil {
			want[collection+"/"+string(op.RecordKey)] = jsonOf(t, op.Record)
		}
		if n := pds.Writes()[collection+"/"+string(op.RecordKey)]; n != 1 {
			t.Errorf("%s %s: written %d times", op.Action, op.RecordKey, n)
		}
	}
	if diff := cmp.Diff(want, pds.Records()); diff != "" {
		t.Error(diff)
	}
}

func TestApply(t *testing.T) {
	pds, ops := mixed(t)
	var each []batch.OpResult
	var progress []batch.Progress
	result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{
		Lookup: lookup, MaxOps: 10,
		Each:     func(r batch.OpResult) { each = append(each, r) },
		Progress: func(p batch.Progress) { progress = append(progress, p) },
	})
	// 12 creates, 8 updates, 4 deletes
	if err != nil || *result != (batch.Result{Ops: 24, Written: 24, Requests: 3, Points: 56}) || pds.Points != 56 {
		t.Fatalf("%+v, %v", result, err)
	}
	checkMixed(t, pds, ops)
	if pds.Commits() != 3 || pds.AtOnce != 10 {
		t.Errorf("%d commits, %d at once", pds.Commits(), pds.AtOnce)
	}
	for i, r := range each {
		want := batch.OpResult{Op: i + 1, Action: ops[i].Action, Written: true, Change: ops[i].Action, Ref: write.Ref{URI: uriOf(collection, ops[i].RecordKey)}}
		if i%6 == 4 { // a put, of which there is no record; of the other puts, there is one
			want.Change = batch.ActionCreate
		} else if i%6 == 5 {
			want.Change = batch.ActionUpdate
		}
		if ops[i].Record != nil {
			want.CID = cidOfRecord(t, ops[i].Record)
		}
		if r != want {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
	if diff := cmp.Diff([]batch.Progress{{Ops: 24}, {Done: 10, Ops: 24, Points: 23}, {Done: 20, Ops: 24, Points: 48}, {Done: 24, Ops: 24, Points: 56}}, progress); diff != "" || len(each) != 24 {
		t.Error(diff)
	}
	// And again: all is as it should be.
	result, err = batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
	if err != nil || *result != (batch.Result{Ops: 24, Already: 24}) || pds.Commits() != 3 {
		t.Errorf("%+v, %v", result, err)
	}
	if result, err := batch.Apply(t.Context(), pds, batch.Ops(), nil); err != nil || *result != (batch.Result{}) {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestApplyInvalid(t *testing.T) {
	bad := membership(-1)
	bad.CreatedAt = "yesterday"
	long := membership(1)
	text, _ := lex.ValueOf(strings.Repeat("x", 150_000))
	long.Extra.Set("text", text)
	const k = "3l3famgxlzxwf"
	for _, test := range []struct {
		name string
		op   batch.Op
		want string
	}{
		{"issues", batch.Op{Action: "create", RecordKey: k, Record: bad}, "create at://" + did + "/pub.layers.corpus.membership/" + k + ": lex: /ordinal: minimum: -1 is below the minimum of 0; /createdAt: format"},
		{"size", batch.Op{Action: "create", RecordKey: k, Record: long}, "too large"},
		{"key", batch.Op{Action: "create", RecordKey: "self", Record: membership(1)}, `record key "self" in pub.layers.corpus.membership is not a tid`},
		{"malformed key", batch.Op{Action: "create", RecordKey: "a b", Record: membership(1)}, `record key "a b"`},
		{"malformed key to delete", batch.Op{Action: "delete", RecordKey: "a b", Collection: collection}, `record key "a b"`},
		{"no key", batch.Op{Action: "create", Record: membership(1)}, "create at://" + did + "/pub.layers.corpus.membership: no record key: a batch without a journal"},
		{"no key to update", batch.Op{Action: "update", Record: membership(1)}, "no record key"},
		{"no key to put", batch.Op{Action: "put", Record: membership(1)}, "no record key"},
		{"no key to delete", batch.Op{Action: "delete", Collection: collection}, "no record key"},
		{"no record", batch.Op{Action: "update", Collection: collection, RecordKey: k}, "the record is nil"},
		{"a record to delete", batch.Op{Action: "delete", RecordKey: k, Record: membership(1)}, "a delete cannot have a record"},
		{"no action", batch.Op{RecordKey: k, Record: membership(1)}, `unknown action ""`},
		{"no collection", batch.Op{Action: "delete", RecordKey: k}, "no collection"},
		{"another collection", batch.Op{Action: "create", Collection: "com.example.any", RecordKey: k, Record: membership(1)}, "/$type: const"},
		{"unknown collection", batch.Op{Action: "create", RecordKey: k, Record: untyped(t, `{"$type":"com.example.unknown"}`)}, "no lexicon is known"},
		{"twice", batch.Op{Action: "delete", Collection: collection, RecordKey: keyOf(0)}, "op 1 names the same record"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pds, ops := mixed(t)
			ops = slices.Insert(ops, 3, test.op)
			result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
			var invalid *batch.InvalidError
			if !errors.As(err, &invalid) || invalid.Failed != 1 || invalid.Ops != 25 || invalid.Failures[0].Op != 4 || !strings.Contains(invalid.Failures[0].Error(), "batch: op 4: ") || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("%v, want %s", err, test.want)
			}
			if len(pds.Calls) > 0 || result.Ops != 25 {
				t.Errorf("asked %v", pds.Calls)
			}
		})
	}
	// All failures are there, up to a limit.
	ops := make([]batch.Op, 1500)
	for i := range ops {
		ops[i] = batch.Op{Action: batch.ActionCreate, RecordKey: keyOf(i), Record: bad}
	}
	_, err := batch.Apply(t.Context(), newPDS(t), batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
	var invalid *batch.InvalidError
	var issues *issue.Error
	if !errors.As(err, &invalid) || invalid.Failed != 1500 || len(invalid.Failures) != 1000 || !strings.HasSuffix(err.Error(), "; and 1497 more") || !errors.As(err, &issues) || len(issues.Issues) != 2 {
		t.Errorf("%v", err)
	}
	if _, err := batch.Apply(t.Context(), nobody{newPDS(t)}, batch.Ops(ops...), nil); err == nil || !strings.Contains(err.Error(), "no DID") {
		t.Error(err)
	}
}

// A key that the lexicon fixes need not be given; one that is no TID cannot come from a journal.
func TestApplyKeys(t *testing.T) {
	pds := newPDS(t)
	j := openJournal(t, filepath.Join(t.TempDir(), "journal"))
	ops := []batch.Op{
		{Action: batch.ActionCreate, Record: untyped(t, `{"$type":"com.example.literal"}`)},
		{Action: batch.ActionCreate, Record: untyped(t, `{"$type":"com.example.any"}`)},
		{Action: batch.ActionCreate, Record: membership(1)},
		{Action: batch.ActionCreate, Record: membership(1)},
	}
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup, Journal: j}); err != nil {
		t.Fatal(err)
	}
	keys := slices.Sorted(maps.Keys(pds.Records()))
	if len(keys) != 4 || keys[1] != "com.example.literal/self" || !strings.HasPrefix(keys[2], collection) {
		t.Errorf("%v", keys)
	}
	ops = []batch.Op{{Action: batch.ActionCreate, Record: untyped(t, `{"$type":"com.example.nsid"}`)}}
	j = openJournal(t, filepath.Join(t.TempDir(), "journal"))
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup, Journal: j}); !errors.Is(err, batch.ErrNoKey) {
		t.Error(err)
	}

	ops = []batch.Op{
		{Action: batch.ActionCreate, Record: untyped(t, `{"$type":"com.example.literal"}`)},
		{Action: batch.ActionCreate, Record: membership(1)},
		{Action: batch.ActionCreate, Record: membership(1), RecordKey: "3l3famgxlzxwf"},
		{Action: batch.ActionDelete, Collection: collection, RecordKey: "3l3famgxlzxwg"},
		{Action: batch.ActionCreate, Record: membership(1)},
	}
	batch.AssignKeys(ops, syntax.NewTIDClock(), lookup)
	if ops[0].RecordKey != "self" || ops[2].RecordKey != "3l3famgxlzxwf" || ops[1].RecordKey >= ops[4].RecordKey {
		t.Errorf("%+v", ops)
	}
	for range 2 {
		pds = newPDS(t)
		if result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup}); err != nil || result.Written != 4 {
			t.Errorf("%+v, %v", result, err)
		}
	}
}

// Requests keep to all limits: operations, bytes, and points.
func TestApplyLimits(t *testing.T) {
	for _, test := range []struct {
		opts            batch.ApplyOptions
		commits, atOnce int
	}{
		{batch.ApplyOptions{}, 2, 200},
		{batch.ApplyOptions{MaxOps: 100}, 3, 100},
		{batch.ApplyOptions{MaxBytes: 10_000}, 13, 24},
		{batch.ApplyOptions{Limiter: write.NewLimiter(0, 0)}, 2, 200},
	} {
		pds := newPDS(t)
		test.opts.Lookup = lookup
		test.opts.Journal = openJournal(t, filepath.Join(t.TempDir(), "journal"))
		result, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(300)...), &test.opts)
		if err != nil || result.Written != 300 || pds.Commits() != test.commits || pds.AtOnce != test.atOnce || len(pds.Calls) != test.commits {
			t.Errorf("%+v: %v, %d commits, %d at once, %d calls", test.opts, err, pds.Commits(), pds.AtOnce, len(pds.Calls))
		}
		if limit := test.opts.MaxBytes; limit > 0 && (pds.Largest > limit || pds.Largest < limit-500) {
			t.Errorf("%d bytes, the limit is %d", pds.Largest, limit)
		}
	}
}

// A server that takes less than it should is given less.
func TestApplyTooLarge(t *testing.T) {
	for _, maxBody := range []int{40_000, 5_000, 700} {
		pds := newPDS(t)
		pds.PDS.Fail(fault.BodyLimit(maxBody))
		j := openJournal(t, filepath.Join(t.TempDir(), "journal"))
		result, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(300)...), &batch.ApplyOptions{Lookup: lookup, Journal: j})
		if err != nil || result.Written != 300 || len(pds.Records()) != 300 || result.Requests != pds.Commits() {
			t.Errorf("%d: %+v, %v, %d commits", maxBody, result, err, pds.Commits())
		}
		if tries := len(pds.Calls) - pds.Commits(); tries > 10 {
			t.Errorf("%d: refused %d times", maxBody, tries)
		}
	}
	pds := newPDS(t)
	pds.PDS.Fail(fault.BodyLimit(300))
	j := openJournal(t, filepath.Join(t.TempDir(), "journal"))
	_, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(3)...), &batch.ApplyOptions{Lookup: lookup, Journal: j})
	var op *batch.OpError
	if !errors.Is(err, write.ErrTooLarge) || !errors.As(err, &op) || op.Op != 1 {
		t.Errorf("%v", err)
	}
}

func TestApplyPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pds, ops := mixed(t)
		start := time.Now()
		var waits []time.Duration
		opts := &batch.ApplyOptions{Lookup: lookup, MaxOps: 5, Limiter: write.NewLimiter(20, 50), Progress: func(p batch.Progress) {
			if p.Wait > 0 {
				waits = append(waits, p.Wait)
			}
		}}
		// 12, 13, 11, 13, 7 points
		result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), opts)
		if err != nil || result.Written != 24 {
			t.Errorf("%+v, %v", result, err)
		}
		if diff := cmp.Diff([]time.Duration{time.Hour, time.Hour, time.Hour, 21 * time.Hour}, waits); diff != "" || time.Since(start) != 24*time.Hour {
			t.Errorf("%s, %s in all", diff, time.Since(start))
		}
		checkMixed(t, pds, ops)

		// A request has no more points than may be spent at once.
		pds, ops = mixed(t)
		opts.Limiter = write.NewLimiter(7, 0)
		if _, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), opts); err != nil || pds.AtOnce > 5 {
			t.Errorf("%v, %d at once", err, pds.AtOnce)
		}
		checkMixed(t, pds, ops)
		opts.Limiter = write.NewLimiter(2, 0)
		if _, err := batch.Apply(t.Context(), newPDS(t), batch.Ops(ops[:1]...), opts); err == nil || !strings.Contains(err.Error(), "a write of 3 points exceeds the limit of 2") {
			t.Error(err)
		}

		// Who has not the time is told at once.
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		pds, ops = mixed(t)
		start = time.Now()
		opts.Limiter = write.NewLimiter(20, 50)
		result, err = batch.Apply(ctx, pds, batch.Ops(ops...), opts)
		var batch *batch.BatchError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &batch) || batch.First != 6 || batch.Last != 10 || result.Written != 5 || time.Since(start) != 0 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

// What changed during a long pause is seen.
func TestApplyLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pds, ops := mixed(t)
		go func() {
			time.Sleep(30 * time.Minute)
			for _, op := range ops[5:] {
				pds.Delete(collection + "/" + string(op.RecordKey))
				if op.Record != nil {
					pds.Put(string(op.RecordKey), jsonOf(t, op.Record))
				}
			}
		}()
		result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup, MaxOps: 5, Limiter: write.NewLimiter(20, 0)})
		if err != nil || result.Written != 5 || result.Already != 19 || pds.Commits() != 1 {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

func TestApplyConflicts(t *testing.T) {
	for _, test := range []struct {
		name  string
		there string // the record
		op    batch.Op
		opts  batch.ApplyOptions
		want  error
		text  string
	}{
		{"create", jsonOf(t, membership(1)), batch.Op{Action: batch.ActionCreate, Record: membership(2)}, batch.ApplyOptions{}, write.ErrConflict, "another record with this key exists, with CID " + cidOfRecord(t, membership(1)).String()},
		{"update", "", batch.Op{Action: batch.ActionUpdate, Record: membership(2)}, batch.ApplyOptions{}, write.ErrConflict, "the record to update does not exist"},
		{"update that drops", strings.Replace(jsonOf(t, membership(1)), "{", `{"x":1,`, 1), batch.Op{Action: batch.ActionUpdate, Record: membership(2)}, batch.ApplyOptions{}, write.ErrDropsFields, "/x"},
		{"put that drops", strings.Replace(jsonOf(t, membership(1)), "{", `{"x":1,`, 1), batch.Op{Action: batch.ActionPut, Record: membership(2)}, batch.ApplyOptions{}, write.ErrDropsFields, "/x"},
		{"put that may drop", strings.Replace(jsonOf(t, membership(1)), "{", `{"x":1,`, 1), batch.Op{Action: batch.ActionPut, Record: membership(2)}, batch.ApplyOptions{DropFields: true}, nil, ""},
	} {
		for _, journal := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, journal %v", test.name, journal), func(t *testing.T) {
				pds, ops := mixed(t)
				key := keyOf(100)
				if test.there != "" {
					pds.Put(string(key), test.there)
				}
				test.op.RecordKey = key
				ops = slices.Insert(ops, 7, test.op)
				opts := test.opts
				opts.Lookup, opts.MaxOps = lookup, 5
				if journal {
					opts.Journal = openJournal(t, filepath.Join(t.TempDir(), "journal"))
				}
				result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &opts)
				if test.want == nil {
					if err != nil || result.Written != 25 {
						t.Errorf("%+v, %v", result, err)
					}
					return
				}
				var op *batch.OpError
				if !errors.Is(err, test.want) || !errors.As(err, &op) || op.Op != 8 || op.URI != uriOf(collection, key) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("%v", err)
				}
				if result.Written != 5 || pds.Commits() != 1 {
					t.Errorf("%+v, %d commits", result, pds.Commits())
				}
			})
		}
	}
}

// Records that were made between the look and the request, too.
func TestApplyRace(t *testing.T) {
	for _, other := range []int{0, 999} {
		synctest.Test(t, func(t *testing.T) {
			pds, ops := mixed(t)
			pds.Intercept = func(_ int, nsid string, do func() error) error {
				if nsid == "com.atproto.repo.applyWrites" && pds.Count("applyWrites") == 1 {
					pds.Put(string(keyOf(0)), jsonOf(t, membership(other)))
				}
				return do()
			}
			start := time.Now()
			result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
			switch other {
			case 0: // the same record, by another process with the same batch
				if err != nil || result.Written != 23 || result.Already != 1 {
					t.Errorf("%+v, %v", result, err)
				}
			default: // which no pause would help
				if !errors.Is(err, write.ErrConflict) || pds.Commits() != 0 || time.Since(start) != 0 {
					t.Errorf("%+v, %v after %s", result, err, time.Since(start))
				}
			}
		})
	}
}

// The results are optional, and compared if they are there.
func TestApplyResults(t *testing.T) {
	pds, ops := mixed(t)
	pds.PDS.Fail(fault.RemoveField("results"), "com.atproto.repo.applyWrites")
	if result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup}); err != nil || result.Written != 24 {
		t.Errorf("%+v, %v", result, err)
	}
	checkMixed(t, pds, ops)

	pds, ops = mixed(t)
	pds.PDS.Fail(fault.RemoveField("results"), "com.atproto.repo.applyWrites")
	pds.Intercept = func(_ int, nsid string, do func() error) error {
		if nsid == "com.atproto.repo.applyWrites" {
			return nil // and nothing done
		}
		return do()
	}
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup}); err == nil || !strings.Contains(err.Error(), "not in the desired state") {
		t.Error(err)
	}

	const created, deleted = `"$type":"com.atproto.repo.applyWrites#createResult"`, `"$type":"com.atproto.repo.applyWrites#deleteResult"`
	for _, test := range []struct{ answer, want string }{
		{`{"results":[{` + created + `,"uri":"at://` + did + `/` + collection + `/` + string(keyOf(0)) + `","cid":"` + cidOfRecord(t, membership(7)).String() + `"},{` + deleted + `}]}`, write.ErrCIDMismatch.Error()},
		{`{"results":[{` + created + `,"uri":"at://` + did + `/a.b.c/x","cid":"` + cidOfRecord(t, membership(0)).String() + `"},{` + deleted + `}]}`, "the server returned another URI"},
		{`{"results":[{` + deleted + `},{` + deleted + `}]}`, "the server returned another URI"},
		// Results that do not say what they are, or lack something, are no reason to fail: the records are read.
		{`{"results":[{` + created + `},{` + deleted + `}]}`, ""},
		{`{"results":[{},{}]}`, ""},
		{`{"results":[{}]}`, ""},
		{`{}`, ""},
		{`{"results":7}`, ""},
		{`[]`, ""},
	} {
		pds, ops := mixed(t)
		ops = []batch.Op{ops[0], ops[3]}
		result, err := batch.Apply(t.Context(), answering{pds, test.answer}, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
		var op *batch.OpError
		if test.want == "" && (err != nil || result.Written != 2) || test.want != "" && (!errors.As(err, &op) || op.Op != 1 || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %+v, %v", test.answer, result, err)
		}
		if pds.Commits() != 1 {
			t.Errorf("%s: %d commits", test.answer, pds.Commits())
		}
	}
}

// A batch that is not the same the second time is not applied any further.
func TestApplyChanged(t *testing.T) {
	_, ops := mixed(t)
	other := slices.Clone(ops)
	other[20].Record = membership(999)
	moved := slices.Clone(ops)
	moved[20], moved[21] = moved[21], moved[20]
	broken := errors.New("the file is gone")
	for _, test := range []struct {
		name   string
		second iter.Seq2[batch.Op, error]
		want   error
		text   string
	}{
		{"changed", batch.Ops(other...), batch.ErrChanged, "op 21: "},
		{"moved", batch.Ops(moved...), batch.ErrChanged, "op 21: "},
		{"fewer", batch.Ops(ops[:22]...), batch.ErrChanged, "op 22: "},
		{"more", batch.Ops(append(slices.Clone(ops), batch.Op{Action: batch.ActionCreate, RecordKey: keyOf(99), Record: membership(99)})...), batch.ErrChanged, "op 25: "},
		{"unreadable", func(yield func(batch.Op, error) bool) { yield(batch.Op{}, broken) }, broken, "gone"},
		{"damaged", func(yield func(batch.Op, error) bool) { yield(batch.Op{}, &batch.OpError{Err: broken}) }, batch.ErrChanged, "op 1: "},
	} {
		pds, _ := mixed(t)
		times := 0
		seq := func(yield func(batch.Op, error) bool) {
			times++
			batch := batch.Ops(ops...)
			if times > 1 {
				batch = test.second
			}
			batch(yield)
		}
		if _, err := batch.Apply(t.Context(), pds, seq, &batch.ApplyOptions{Lookup: lookup, MaxOps: 5}); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
		if pds.Commits() > 4 {
			t.Errorf("%s: %d commits", test.name, pds.Commits())
		}
	}
	if _, err := batch.Apply(t.Context(), newPDS(t), func(yield func(batch.Op, error) bool) { yield(batch.Op{}, broken) }, nil); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// Failures that pass are waited out; the request is sent again if it was not carried out, and only then.
func TestApplyTriesAgain(t *testing.T) {
	for _, fault := range []struct {
		name   string
		err    error
		done   bool
		passes bool
	}{
		{"lost on the way", lost(), false, true},
		{"answer lost", lost(), true, true},
		{"500", errInternal, false, true},
		{"500, but done", errInternal, true, true},
		{"503", failure(503, "", ""), false, true},
		{"429", failure(429, "RateLimitExceeded", ""), false, true},
		{"408", failure(408, "", ""), false, true},
		{"409", failure(409, "", ""), false, true},
		{"an answer that makes no sense, but done", failure(200, "", ""), true, true},
		{"an answer that makes no sense", failure(200, "", ""), false, false},
		{"an error that nobody knows, but done", errors.New("?"), true, true},
		{"an error that nobody knows", errors.New("?"), false, false},
		{"a private address", &xrpc.TransportError{Err: guard.ErrPrivate}, false, false},
		{"400", failure(400, "InvalidRequest", ""), false, false},
		{"401", failure(401, "AuthMissing", ""), false, false},
	} {
		for _, journal := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, journal %v", fault.name, journal), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					pds, ops := mixed(t)
					pds.Intercept = func(_ int, nsid string, do func() error) error {
						if nsid != "com.atproto.repo.applyWrites" || pds.Count("applyWrites")%3 == 0 {
							return do()
						}
						if fault.done {
							if err := do(); err != nil {
								t.Error(err)
							}
						}
						return fault.err
					}
					opts := &batch.ApplyOptions{Lookup: lookup, MaxOps: 7}
					if journal {
						opts.Journal = openJournal(t, filepath.Join(t.TempDir(), "journal"))
					}
					result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), opts)
					if fault.passes {
						if err != nil || result.Written != 24 {
							t.Errorf("%+v, %v", result, err)
						}
						checkMixed(t, pds, ops)
						return
					}
					var batch *batch.BatchError
					if !errors.Is(err, fault.err) || !errors.As(err, &batch) || batch.First != 1 || batch.Last != 7 || errors.Is(err, write.ErrUnknown) || pds.Commits() != 0 || pds.Count("applyWrites") != 1 {
						t.Errorf("%v", err)
					}
				})
			})
		}
	}
}

// In the end it is given up.
func TestApplyGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pds, ops := mixed(t)
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			if nsid == "com.atproto.repo.getRecord" {
				return do()
			}
			return errInternal
		}
		start := time.Now()
		var pauses []batch.Progress
		opts := &batch.ApplyOptions{Lookup: lookup, Progress: func(p batch.Progress) {
			if p.Wait > 0 {
				pauses = append(pauses, p)
			}
		}}
		_, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), opts)
		if !errors.Is(err, errInternal) || errors.Is(err, write.ErrUnknown) || pds.Procedures() != 5 {
			t.Errorf("%v", err)
		}
		if took := time.Since(start); took < 7500*time.Millisecond || took > 15*time.Second || len(pauses) != 4 || pauses[0].Err == nil {
			t.Errorf("%s, %v", took, pauses)
		}

		// Unless the context ends before: then nobody is kept waiting.
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start = time.Now()
		if _, err := batch.Apply(ctx, pds, batch.Ops(ops...), opts); !errors.Is(err, errInternal) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) >= 2*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}

		// When nothing can be seen any more, that is what the error says.
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			if pds.Procedures() == 0 {
				return do()
			}
			return lost()
		}
		pds.Calls = nil
		if _, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), opts); !errors.Is(err, write.ErrUnknown) || pds.Procedures() != 1 {
			t.Errorf("%v, %v", err, pds.Calls)
		}
	})
}

// The server says when.
func TestApplyRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pds, ops := mixed(t)
		busy := &xrpc.Error{Status: 429, Header: map[string][]string{"Retry-After": {"600"}}}
		start := time.Now()
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			if nsid == "com.atproto.repo.applyWrites" && time.Since(start) < 10*time.Minute {
				return busy
			}
			return do()
		}
		// By default that is too long: nothing waits for it.
		result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
		if took := time.Since(start); !errors.Is(err, xrpc.ErrWait) || result.Written != 0 || took != 0 || !strings.Contains(err.Error(), "2000-01-01T00:10:00Z") {
			t.Errorf("%+v, %v, %s", result, err, took)
		}
		result, err = batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup, MaxWait: 10 * time.Minute})
		if took := time.Since(start); err != nil || result.Written != 24 || took < 10*time.Minute || took > 10*time.Minute+time.Second || pds.Count("applyWrites") != 3 {
			t.Errorf("%+v, %v, %s", result, err, took)
		}
	})
}

// Somebody else makes a record between the look and the request.
func TestApplyExisting(t *testing.T) {
	for _, says := range []bool{false, true} {
		for _, test := range []struct {
			there int
			want  error
		}{{0, nil}, {7, write.ErrConflict}} {
			synctest.Test(t, func(t *testing.T) {
				pds := newPDS(t)
				if says {
					pds.SayExists()
				}
				pds.Intercept = func(_ int, nsid string, do func() error) error {
					if nsid == "com.atproto.repo.applyWrites" && pds.Count("applyWrites") == 1 {
						pds.Put(string(keyOf(0)), jsonOf(t, membership(test.there)))
					}
					return do()
				}
				ops := batchOf(3)
				for i := range ops {
					ops[i].RecordKey = keyOf(i)
				}
				result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: lookup})
				var op *batch.OpError
				if test.want == nil && (err != nil || *result != (batch.Result{Ops: 3, Written: 2, Already: 1, Requests: result.Requests, Points: result.Points})) {
					t.Errorf("says %v: %+v, %v", says, result, err)
				}
				if test.want != nil && (!errors.Is(err, test.want) || !errors.As(err, &op) || op.Op != 1) {
					t.Errorf("says %v: %v", says, err)
				}
			})
		}
	}
}
