package corpus_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// TestValid holds that all records are valid by their lexicons, and in canonical form.
func TestValid(t *testing.T) {
	archive, err := corpus.New(1000).CAR()
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]lex.RecordDef{}
	for _, typ := range records.Types {
		types[string(typ.NSID)] = typ
	}
	for record, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		typ, ok := types[string(record.Collection)]
		if !ok {
			t.Fatalf("there is no collection %s", record.Collection)
		}
		value := typ.New()
		if err := lex.DecodeCBOR(record.Data, value); err != nil {
			t.Fatalf("%s/%s: %v", record.Collection, record.RecordKey, err)
		}
		if again, err := lex.EncodeCBOR(value); err != nil || !bytes.Equal(again, record.Data) {
			t.Fatalf("%s/%s: encoded again it is something else: %v", record.Collection, record.RecordKey, err)
		}
	}
}

// TestValidJSON holds that the listed records are those of the archive: their CIDs are those of what
// their JSON decodes to.
func TestValidJSON(t *testing.T) {
	listed := 0
	for page := range corpus.New(1000).ListRecords(corpus.CollectionAnnotationLayer, 100) {
		var p struct {
			Records []struct {
				CID   cid.CID
				Value json.RawMessage
			}
		}
		if err := json.Unmarshal(page, &p); err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Records {
			listed++
			var value annotation.AnnotationLayer
			if err := lex.DecodeJSON(r.Value, &value); err != nil {
				t.Fatal(err)
			}
			if data, err := lex.EncodeCBOR(&value); err != nil || cid.Of(cid.DagCBOR, data) != r.CID {
				t.Fatalf("the record %s encodes to another: %v", r.CID, err)
			}
		}
	}
	if listed != 382 {
		t.Errorf("%d records are listed", listed)
	}
}
