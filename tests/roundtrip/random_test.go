package roundtrip

import (
	"bytes"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// perType is how many random records of each type a test makes.
const perType = 200

// TestRandom makes records of every type that keep to their lexicons. They decode without issues, from
// DAG-CBOR and from JSON however it is written, and encode to the same bytes.
func TestRandom(t *testing.T) {
	makers := newMakers(t, 1)
	ran := 0
	for i, known := range records.Types {
		t.Run(string(known.NSID), func(t *testing.T) {
			m := makers[i]
			m.tb = t
			ran++
			for range perType {
				record := m.record(string(known.NSID))
				value, err := lex.ValueOf(record)
				if err != nil {
					t.Fatal(err)
				}
				text, data := textOf(t, record), value.CBOR()
				if untyped, err := lex.JSONToCBOR(text); err != nil || !bytes.Equal(untyped, data) {
					t.Fatalf("the JSON gives %x, not %x (%v)", untyped, data, err)
				}
				if err := checkJSON(t, known, text); err != nil { // and so of data
					t.Fatalf("%v\n%.2000s", err, text)
				}
				decoded := known.New()
				if err := lex.DecodeCBOR(data, decoded); err != nil {
					t.Fatal(err)
				}
				written, err := lex.EncodeJSON(decoded)
				if untyped, _ := value.MarshalJSON(); err != nil || !bytes.Equal(written, untyped) {
					t.Fatalf("typed JSON is %.2000s, untyped %.2000s (%v)", written, untyped, err)
				}
			}
		})
	}
	if ran < len(makers) {
		return // -run asked for some of the types
	}
	for _, kind := range []string{
		"object", "array", "union", "string", "integer", "boolean", "blob", "string at-uri", "string datetime", "string did", "string uri",
		"extra field", "known value", "union member known", "union member unknown", "array at its maximum", "string at its maximum",
		"string at its minimum", "integer at its minimum", "integer at its maximum", "blob at its maximum", "blob in the old form",
	} {
		if makers[0].covered[kind] < 10 {
			t.Errorf("%d of the kind: %s", makers[0].covered[kind], kind)
		}
	}
}
