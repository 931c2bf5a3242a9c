package records

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
)

const archiveFile = "../testdata/acceptance.car"

// seeds are the records of the acceptance repository, valid or not, whose types the module knows.
func seeds(tb testing.TB) []repo.Record {
	tb.Helper()
	archive, err := os.ReadFile(archiveFile)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := repo.FromBytes(context.Background(), archive)
	if err != nil {
		tb.Fatal(err)
	}
	var all []repo.Record
	for record, err := range r.Records(context.Background()) {
		if err != nil {
			tb.Fatal(err)
		}
		if _, ok := records.Lookup(record.Collection); ok {
			record.Data = bytes.Clone(record.Data)
			all = append(all, record)
		}
	}
	return all
}

// pickType splits the input of a fuzz target: its first byte chooses the type of the rest.
func pickType(input []byte) (lex.RecordDef, []byte, bool) {
	if len(input) == 0 {
		return lex.RecordDef{}, nil, false
	}
	return records.Types[int(input[0])%len(records.Types)], input[1:], true
}

// picked is the inverse of pickType.
func picked(tb testing.TB, known lex.RecordDef, data []byte) []byte {
	tb.Helper()
	for i := range records.Types {
		if records.Types[i].NSID == known.NSID {
			return append([]byte{byte(i)}, data...)
		}
	}
	tb.Fatalf("%s is not among the types", known.NSID)
	return nil
}

// validate calls the generated method, which the interface of records does not have.
func validate(tb testing.TB, record lex.Record) error {
	tb.Helper()
	v, ok := record.(interface{ Validate() error })
	if !ok {
		tb.Fatalf("%T has no method Validate", record)
	}
	return v.Validate()
}

// checkFailed holds a failure to decode to what is promised of it: issues that say what is wrong, and a
// record that encodes to its own bytes, or not by mistake. canonical are the bytes, nil if there are none.
func checkFailed(t *testing.T, err error, record lex.Record, canonical []byte) {
	t.Helper()
	issues := issue.Of(err)
	if len(issues) == 0 || err.Error() == "" {
		t.Fatalf("an error without issues: %v", err)
	}
	for _, problem := range issues {
		if problem.Rule == "" || problem.Message() == "" || problem.Path != "" && problem.Path[0] != '/' {
			t.Fatalf("an issue that says nothing: %#v", problem)
		}
	}
	switch again, err := lex.EncodeCBOR(record); {
	case errors.Is(err, lex.ErrIncomplete):
	case err != nil || canonical == nil || !bytes.Equal(again, canonical):
		t.Fatalf("a record with issues encodes to %x, was %x (%v)", again, canonical, err)
	}
	if _, err := lex.EncodeIncomplete(record); err != nil {
		t.Fatalf("encoding what there is of a record with issues: %v", err)
	}
	_ = validate(t, record) // may agree, when what is left is valid
}

// checkEqual demands that record is valid and encodes to want.
func checkEqual(t *testing.T, how string, record lex.Record, want []byte) {
	t.Helper()
	if got, err := lex.EncodeCBOR(record); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s: encodes to %x, was %x (%v)", how, got, want, err)
	}
	for _, problem := range issue.Of(validate(t, record)) {
		if problem.Rule != issue.RuleBlob { // an empty blob is read, but not to be written
			t.Fatalf("%s: decoded without issues, but Validate says %v", how, problem)
		}
	}
}

// checkCBOR is what holds for any bytes; it returns the error of decoding them.
func checkCBOR(t *testing.T, known lex.RecordDef, data []byte) error {
	t.Helper()
	copied, shared := known.New(), known.New()
	err := lex.DecodeCBOR(data, copied)
	sharedErr := lex.DecodeCBORShared(data, shared)
	if (err == nil) != (sharedErr == nil) || err != nil && err.Error() != sharedErr.Error() {
		t.Fatalf("copied %v, shared %v", err, sharedErr)
	}
	if err != nil {
		checkFailed(t, err, copied, data)
		checkFailed(t, sharedErr, shared, data)
		return err
	}
	checkEqual(t, "copied", copied, data)
	checkEqual(t, "shared", shared, data)
	text, err := lex.EncodeJSON(copied)
	if err != nil || !json.Valid(text) {
		t.Fatalf("JSON: %s (%v)", text, err)
	}
	fromJSON := known.New()
	if err := lex.DecodeJSON(text, fromJSON); err != nil {
		t.Fatalf("the JSON of a valid record: %v\n%s", err, text)
	}
	checkEqual(t, "through JSON", fromJSON, data)
	return nil
}

// checkJSON is what holds for any text; it returns the error of decoding it.
func checkJSON(t *testing.T, known lex.RecordDef, text []byte) error {
	t.Helper()
	copied, shared := known.New(), known.New()
	err := lex.DecodeJSON(text, copied)
	sharedErr := lex.DecodeJSONShared(text, shared)
	if (err == nil) != (sharedErr == nil) || err != nil && err.Error() != sharedErr.Error() {
		t.Fatalf("copied %v, shared %v", err, sharedErr)
	}
	if err != nil {
		canonical, _ := lex.JSONToCBOR(text)
		checkFailed(t, err, copied, canonical)
		checkFailed(t, sharedErr, shared, canonical)
		return err
	}
	if !json.Valid(text) {
		t.Fatalf("takes what is not JSON: %s", text)
	}
	untyped, err := lex.JSONToCBOR(text)
	if err != nil {
		t.Fatalf("takes what untyped decoding does not: %v\n%s", err, text)
	}
	checkEqual(t, "copied", copied, untyped)
	checkEqual(t, "shared", shared, untyped)
	if err := checkCBOR(t, known, untyped); err != nil {
		t.Fatalf("the DAG-CBOR of a valid record: %v\n%s", err, text)
	}
	return nil
}

// FuzzRecordsCBOR: the first byte picks the type, the rest is DAG-CBOR. Whatever decodes without issues
// encodes to the same bytes, directly and through JSON, and is valid; issues have messages.
func FuzzRecordsCBOR(f *testing.F) {
	for _, seed := range seeds(f) {
		known, _ := records.Lookup(seed.Collection)
		f.Add(picked(f, known, seed.Data))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if known, data, ok := pickType(input); ok {
			_ = checkCBOR(t, known, data)
		}
	})
}

// FuzzRecordsJSON: the first byte picks the type, the rest is JSON. Whatever decodes without issues is JSON
// for others too, and gives the DAG-CBOR that it gives untyped, of which FuzzRecordsCBOR's rules hold.
func FuzzRecordsJSON(f *testing.F) {
	for _, seed := range seeds(f) {
		known, _ := records.Lookup(seed.Collection)
		text, err := lex.CBORToJSON(seed.Data)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(picked(f, known, text))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if known, text, ok := pickType(input); ok {
			_ = checkJSON(t, known, text)
		}
	})
}

// TestSeeds runs the seeds of the fuzz targets, each as its own type, and proves that none of the types goes
// without one that is valid and one that is not.
func TestSeeds(t *testing.T) {
	valid, broken := map[string]int{}, map[string]int{}
	for _, seed := range seeds(t) {
		known, _ := records.Lookup(seed.Collection)
		t.Run(string(seed.Collection)+"/"+string(seed.RecordKey), func(t *testing.T) {
			text, err := lex.CBORToJSON(seed.Data)
			if err != nil {
				t.Fatal(err)
			}
			fromCBOR, fromJSON := checkCBOR(t, known, seed.Data), checkJSON(t, known, text)
			if (fromCBOR == nil) != (fromJSON == nil) {
				t.Fatalf("DAG-CBOR: %v; JSON: %v", fromCBOR, fromJSON)
			}
			if fromCBOR == nil {
				valid[string(seed.Collection)]++
			} else {
				broken[string(seed.Collection)]++
			}
		})
	}
	if len(records.Types) != 26 {
		t.Errorf("there are %d types, not 26", len(records.Types))
	}
	for _, known := range records.Types {
		if valid[string(known.NSID)] == 0 || broken[string(known.NSID)] == 0 {
			t.Errorf("%s: %d valid seeds, %d with issues", known.NSID, valid[string(known.NSID)], broken[string(known.NSID)])
		}
		if got := known.New().RecordType(); got != known.NSID {
			t.Errorf("%s: its records say that they are %s", known.NSID, got)
		}
	}
}
