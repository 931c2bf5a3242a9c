package batch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// TestCheck has a check that finds something in records with odd ordinals.
func TestCheck(t *testing.T) {
	var checked []syntax.ATURI
	check := func(uri syntax.ATURI, record lex.Record) []issue.Issue {
		checked = append(checked, uri)
		if n := record.(*corpus.Membership).Ordinal.Or(0); n%2 == 1 {
			return []issue.Issue{{Path: "/ordinal", Rule: "odd", Want: fmt.Sprint(n)}}
		}
		return nil
	}
	var ops []batch.Op
	for n := range 4 {
		ops = append(ops, batch.Op{Action: batch.ActionPut, RecordKey: syntax.RecordKey(fmt.Sprintf("3l3famgxlzxw%c", 'a'+n)), Record: membership(n)})
	}
	ops = append(ops, batch.Op{Action: batch.ActionDelete, Collection: collection, RecordKey: "3l3famgxlzxwz"})
	pds := newPDS(t)
	result, err := batch.Apply(t.Context(), pds, batch.Ops(ops...), &batch.ApplyOptions{Lookup: records.Lookup, Check: check})
	invalid, ok := errors.AsType[*batch.InvalidError](err)
	if !ok || invalid.Failed != 2 || invalid.Failures[1].Op != 4 || result.Written != 0 || len(pds.Calls) > 0 {
		t.Errorf("%v, %+v, calls %v", err, result, pds.Calls)
	}
	if warning, ok := errors.AsType[*write.WarningError](err); !ok || warning.Warnings[0].Want != "1" {
		t.Errorf("%v", err)
	}
	if len(checked) != 4 || !strings.HasSuffix(string(checked[3]), "/3l3famgxlzxwd") {
		t.Errorf("checked %v", checked)
	}

	// With Warn, the warnings come first, and Checked decides.
	var events []string
	no := errors.New("no")
	options := &batch.ApplyOptions{Lookup: records.Lookup, Check: check,
		Warn: func(w *batch.OpError) {
			events = append(events, fmt.Sprintf("%d %s", w.Op, w.Err.(*write.WarningError).Warnings[0].Want))
		},
		Checked: func() error {
			events = append(events, "checked")
			return no
		},
		Each: func(r batch.OpResult) { events = append(events, fmt.Sprintf("done %d", r.Op)) },
	}
	if result, err = batch.Apply(t.Context(), pds, batch.Ops(ops...), options); err != no || result.Ops != 5 || result.Written != 0 || len(pds.Calls) > 0 {
		t.Errorf("%v, %+v, calls %v", err, result, pds.Calls)
	}
	if got := strings.Join(events, ", "); got != "2 1, 4 3, checked" {
		t.Errorf("got %s", got)
	}
	no, events = nil, nil
	if result, err = batch.Apply(t.Context(), pds, batch.Ops(ops...), options); err != nil || result.Written != 4 {
		t.Errorf("%v, %+v", err, result)
	}
	if got := strings.Join(events, ", "); got != "2 1, 4 3, checked, done 1, done 2, done 3, done 4, done 5" {
		t.Errorf("got %s", got)
	}
}
