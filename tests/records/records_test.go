package records

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// perType is how many random records are made of each type.
const perType = 200

// keeps decodes a valid record from DAG-CBOR and JSON, by every way there is, and expects its bytes back.
func keeps(known lex.RecordDef, value any, random *rand.Rand) error {
	cbor, text := appendCBOR(nil, value), jsonOf(value, random)
	fromCBOR, fromShared, fromJSON, fromSharedJSON, fromStandard := known.New(), known.New(), known.New(), known.New(), known.New()
	for _, way := range []struct {
		name  string
		value lex.Record
		err   error
	}{
		{"DAG-CBOR", fromCBOR, lex.DecodeCBOR(cbor, fromCBOR)},
		{"shared DAG-CBOR", fromShared, lex.DecodeCBORShared(cbor, fromShared)},
		{"JSON", fromJSON, lex.DecodeJSON(text, fromJSON)},
		{"shared JSON", fromSharedJSON, lex.DecodeJSONShared(text, fromSharedJSON)},
		{"encoding/json", fromStandard, json.Unmarshal(text, fromStandard)},
	} {
		if way.err != nil {
			return fmt.Errorf("%s: %w\n%s", way.name, way.err, text)
		}
		if again, err := lex.EncodeCBOR(way.value); err != nil || !bytes.Equal(again, cbor) {
			return fmt.Errorf("%s: encodes to %x, was %x (%v)\n%s", way.name, again, cbor, err, text)
		}
	}
	for _, problem := range issue.Of(fromCBOR.(interface{ Validate() error }).Validate()) {
		if problem.Rule != issue.RuleBlob || !bytes.Contains(cbor, []byte("\x64size\x00")) { // empty: read, but not to be written
			return fmt.Errorf("Validate: %v", problem)
		}
	}
	typed, err := lex.EncodeJSON(fromCBOR)
	if err != nil {
		return fmt.Errorf("EncodeJSON: %w", err)
	}
	untyped, err := lex.CBORToJSON(cbor)
	if err != nil || !bytes.Equal(typed, untyped) {
		return fmt.Errorf("the record as JSON is\n%s\nand its bytes\n%s (%v)", typed, untyped, err)
	}
	if again, err := lex.JSONToCBOR(typed); err != nil || !bytes.Equal(again, cbor) {
		return fmt.Errorf("its JSON gives %x, not %x (%v)\n%s", again, cbor, err, typed)
	}
	return nil
}

// reports decodes a record that breaks one rule, and expects this to be the one issue.
func reports(known lex.RecordDef, value any, path, rule string, random *rand.Rand) error {
	cbor, text := appendCBOR(nil, value), jsonOf(value, random)
	fromCBOR, fromJSON := known.New(), known.New()
	for _, way := range []struct {
		name  string
		value lex.Record
		err   error
	}{
		{"DAG-CBOR", fromCBOR, lex.DecodeCBOR(cbor, fromCBOR)},
		{"JSON", fromJSON, lex.DecodeJSON(text, fromJSON)},
	} {
		found := issue.Of(way.err)
		if len(found) != 1 || found[0].Path != path || string(found[0].Rule) != rule {
			return fmt.Errorf("%s: got %v, want %s: %s", way.name, found, path, rule)
		}
		again, err := lex.EncodeCBOR(way.value)
		switch rule {
		case "type", "required", "union", "syntax": // the record does not hold what was there
			if err != lex.ErrIncomplete {
				return fmt.Errorf("%s: encoding it again: %v", way.name, err)
			}
		default:
			if err == lex.ErrIncomplete && (rule == "const" && path == "/$type" || rule == "blob") { // a blob's $type
				break
			}
			if err != nil || !bytes.Equal(again, cbor) {
				return fmt.Errorf("%s: encodes to %x, was %x (%v)", way.name, again, cbor, err)
			}
		}
	}
	return nil
}

// TestRandom makes random records of each type, and breaks each of them in a random place.
func TestRandom(t *testing.T) {
	for number, known := range records.Types {
		t.Run(string(known.NSID), func(t *testing.T) {
			t.Parallel()
			s := recordSchema(t, string(known.NSID))
			for i := range perType {
				random := rand.New(rand.NewPCG(uint64(number), uint64(i)))
				m := &maker{random: random, values: []int{0, 5, 20, 60, 200}[i%5]}
				var record any = m.record(s, nil)
				if err := keeps(known, record, random); err != nil {
					t.Fatalf("record %d: %v", i, err)
				}
				all := places(s, &record)
				changes := all[random.IntN(len(all))].changes(m)
				change := changes[random.IntN(len(changes))]
				change.do()
				if err := change.check(known, record, random); err != nil {
					t.Errorf("record %d: %s at %s: %v", i, change.what, change.path, err)
				}
			}
		})
	}
}

func (c change) check(known lex.RecordDef, record any, random *rand.Rand) error {
	if c.rule == "" {
		return keeps(known, record, random)
	}
	return reports(known, record, c.path, c.rule, random)
}

// TestEveryLimit goes to each place that a record can have, in a record that has little else, and tries all
// that can be there: each limit as it is and passed by one, each kind of value, each known value.
func TestEveryLimit(t *testing.T) {
	for _, known := range records.Types {
		t.Run(string(known.NSID), func(t *testing.T) {
			t.Parallel()
			s := recordSchema(t, string(known.NSID))
			random := rand.New(rand.NewPCG(1, 2))
			m := &maker{random: random, plain: true}
			routes, tried := s.routes(), 0
			for _, way := range routes {
				var record any = m.record(s, way)
				if err := keeps(known, record, nil); err != nil {
					t.Fatalf("%v: %v", way, err)
				}
				all := places(s, &record)
				at := slices.IndexFunc(all, func(p place) bool { return slices.Equal(p.way, way) })
				if at < 0 {
					t.Fatalf("%v: not in the record %s", way, jsonOf(record, nil))
				}
				for _, change := range all[at].changes(m) {
					tried++
					change.do()
					if err := change.check(known, record, nil); err != nil {
						t.Errorf("%v: %s: %v", way, change.what, err)
					}
					change.undo()
				}
			}
			t.Logf("%d places, %d values", len(routes), tried)
		})
	}
}
