package records

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// TestCompare holds random records of each type to what go-cmp, without options, and fmt make of them.
func TestCompare(t *testing.T) {
	for number, known := range records.Types {
		t.Run(string(known.NSID), func(t *testing.T) {
			t.Parallel()
			s := recordSchema(t, string(known.NSID))
			var last any
			for i := range 40 {
				random := rand.New(rand.NewPCG(uint64(number), uint64(i)))
				value := (&maker{random: random, values: []int{0, 5, 20, 60, 200}[i%5]}).record(s, nil)
				cbor := appendCBOR(nil, value)
				a, b := known.New(), known.New()
				if err := lex.DecodeCBOR(cbor, a); err != nil {
					t.Fatal(err)
				}
				if err := lex.DecodeJSON(jsonOf(value, random), b); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(a, b); diff != "" {
					t.Fatalf("record %d: from DAG-CBOR and from JSON:\n%s", i, diff)
				}
				if last != nil && cmp.Equal(a, last) {
					t.Errorf("record %d is equal to the one before", i)
				}
				last = a
				want, err := lex.EncodeJSON(a)
				if err != nil {
					t.Fatal(err)
				}
				// Pointers, structs and what contains them.
				structure := reflect.ValueOf(a).Elem().Interface()
				for _, v := range []any{a, structure} {
					for _, verb := range []string{"%v", "%+v", "%s"} {
						if got := fmt.Sprintf(verb, v); got != string(want) {
							t.Fatalf("record %d: %s of %T prints\n%s\nnot\n%s", i, verb, v, got, want)
						}
					}
				}
			}
		})
	}
}
