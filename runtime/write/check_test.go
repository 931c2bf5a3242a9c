package write_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/write"
)

// TestCheck has a check that finds something in a record with an ordinal of 7, of a Go type and without one.
func TestCheck(t *testing.T) {
	found := issue.Issue{Path: "/ordinal", Rule: "odd", Want: "an odd number"}
	check := func(record lex.Record) []issue.Issue {
		if v, ok := record.(*corpus.Membership); !ok {
			t.Errorf("the record is a %T", record)
		} else if v.Ordinal.Or(0) == 7 {
			return []issue.Issue{found}
		}
		return nil
	}
	untyped := func(n int) lex.Record {
		u, err := write.ParseRecord([]byte(jsonOf(t, membership(n))))
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	typed := func(n int) lex.Record { return membership(n) }
	for name, record := range map[string]func(int) lex.Record{"typed": typed, "untyped": untyped} {
		for action, do := range map[string]func(a write.Client, n int, warn func([]issue.Issue)) error{
			"create": func(a write.Client, n int, warn func([]issue.Issue)) error {
				_, err := write.Create(t.Context(), a, record(n), &write.CreateOptions{Lookup: records.Lookup, Check: check, Warn: warn})
				return err
			},
			"put": func(a write.Client, n int, warn func([]issue.Issue)) error {
				_, err := write.Put(t.Context(), a, "3l3famgxlzxwf", record(n), &write.PutOptions{Lookup: records.Lookup, Check: check, Warn: warn})
				return err
			},
		} {
			pds := newPDS(t)
			err := do(pds, 7, nil)
			var warning *write.WarningError
			if !errors.As(err, &warning) || !slices.Equal(warning.Warnings, []issue.Issue{found}) || !strings.Contains(err.Error(), "/ordinal: odd: an odd number") {
				t.Errorf("%s, %s: %v", name, action, err)
			}
			if len(pds.Calls) > 0 {
				t.Errorf("%s, %s: sent %v", name, action, pds.Calls)
			}
			var warnings []issue.Issue
			warn := func(all []issue.Issue) {
				warnings = append(warnings, all...)
				if len(pds.Writes()) > 0 {
					t.Errorf("%s, %s: the warning comes after the write", name, action)
				}
			}
			if err := do(pds, 7, warn); err != nil || !slices.Equal(warnings, []issue.Issue{found}) || len(pds.Records()) != 1 {
				t.Errorf("%s, %s: %v, %v, %d records", name, action, err, warnings, len(pds.Records()))
			}
			if err := do(newPDS(t), 8, nil); err != nil {
				t.Errorf("%s, %s: nothing was found: %v", name, action, err)
			}
		}
	}
}
