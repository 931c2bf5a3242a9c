//go:build !race

package pds_test

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// TestReuseAllocations holds that lists in memory that is used again allocate next to nothing for a record.
func TestReuseAllocations(t *testing.T) {
	c := corpus.New(10_000)
	var all pages
	for page := range c.ListRecords(string(expression.NSIDExpression), 100) {
		at := bytes.LastIndex(page, []byte(`,"cursor":`))
		if at < 0 {
			break
		}
		all = append(all, fmt.Appendf(slices.Clone(page[:at]), `,"cursor":"%d"}`, len(all)+1))
	}
	all = append(all, []byte(`{"records":[]}`))
	records := (len(all) - 1) * 100
	client := reuseClient(t, all)
	did := syntax.AtIdentifier(c.DID())
	options := &pds.ListOptions{Reuse: true}
	for name, list := range map[string]func() int{
		"List": func() int { return exhaust(t, pds.List[expression.Expression](t.Context(), client, did, options)) },
		"ListRecords": func() int {
			return exhaust(t, client.ListRecords(t.Context(), did, expression.NSIDExpression, options))
		},
	} {
		if n := list(); n != records {
			t.Fatalf("%s: %d records", name, n)
		}
		allocations := testing.AllocsPerRun(5, func() { list() }) / float64(records)
		t.Logf("%s: %.2f allocations a record", name, allocations)
		if allocations > 0.5 {
			t.Errorf("%s: %.2f allocations a record", name, allocations)
		}
	}
}

func exhaust[T any](t *testing.T, all iter.Seq2[T, error]) (n int) {
	for _, err := range all {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
