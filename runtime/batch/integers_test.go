package batch_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/write"
)

// Integers that no server takes are refused before anything is sent, wherever they are.
func TestIntegers(t *testing.T) {
	const most = 1<<53 - 1
	for _, n := range []int64{0, most, -most, most + 1, -most - 1, 1<<63 - 1, -1 << 63} {
		good := n >= -most && n <= most
		typed := membership(1)
		typed.Ordinal = lex.Some(n)
		extra := membership(1)
		value, err := lex.ValueOf(n)
		if err != nil {
			t.Fatal(err)
		}
		extra.Extra.Set("x~/y", value)
		nested := untyped(t, fmt.Sprintf(`{"$type":"com.example.any","a":{"b":[1,{"c":%d}]}}`, n))
		array := untyped(t, fmt.Sprintf(`{"$type":"com.example.any","a":[0,%d]}`, n))
		for _, test := range []struct {
			path   string
			record interface {
				lex.Record
			}
		}{
			{"/x~0~1y", extra}, {"/a/b/1/c", nested}, {"/a/1", array}, {"/ordinal", typed},
		} {
			if test.path == "/ordinal" && n < 0 {
				continue // which its lexicon does not allow
			}
			calls := map[string]func(a write.Client) error{
				"apply": func(a write.Client) error {
					_, err := batch.Apply(t.Context(), a, batch.Ops(batch.Op{Action: batch.ActionPut, RecordKey: pageKey, Record: test.record}), &batch.ApplyOptions{Lookup: lookup})
					return err
				},
			}
			switch record := test.record.(type) {
			case *write.Untyped:
				calls["create"] = func(a write.Client) error {
					_, err := write.Create(t.Context(), a, record, &write.CreateOptions{RecordKey: pageKey, Lookup: lookup})
					return err
				}
				calls["put"] = func(a write.Client) error {
					_, err := write.Put(t.Context(), a, pageKey, record, &write.PutOptions{Lookup: lookup})
					return err
				}
			}
			for name, do := range calls {
				pds := newPDS(t)
				err := do(pds)
				var invalid *issue.Error
				if good && err != nil {
					t.Errorf("%s %s %d: %v", name, test.path, n, err)
				}
				if !good && (!errors.As(err, &invalid) || invalid.Issues[0].Path != test.path || len(pds.Calls) > 0) {
					t.Errorf("%s %s %d: %v, %v", name, test.path, n, err, pds.Calls)
				}
			}
		}
	}
}
