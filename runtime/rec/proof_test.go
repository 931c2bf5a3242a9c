package rec_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// Records of a page are hashed together. Each that does not match its CID is a failure with its own bytes, wherever it is,
// and the others are not affected.
func TestProof(t *testing.T) {
	const count = 300
	wrong := map[int]bool{0: true, 1: true, 63: true, 64: true, 130: true, 191: true, 192: true, 299: true}
	var items []string
	cids := map[int]cid.CID{}
	for i := range count {
		record := fmt.Sprintf(`{"$type":"com.example.thing","number":%d,"text":%q}`, i, strings.Repeat("x", 20*i))
		if i == 140 { // larger than what is hashed together
			record = fmt.Sprintf(`{"$type":"com.example.thing","number":%d,"text":%q}`, i, strings.Repeat("x", 300<<10))
		}
		data, err := lex.JSONToCBOR([]byte(record))
		if err != nil {
			t.Fatal(err)
		}
		cids[i] = cid.Of(cid.DagCBOR, data)
		stated := cids[i].String()
		switch {
		case wrong[i] && i%2 == 0:
			stated = cid.Of(cid.Raw, data).String() // the same hash
		case wrong[i]:
			stated = cid.Of(cid.DagCBOR, data[1:]).String()
		}
		items = append(items, fmt.Sprintf(`{"uri":"at://did:web:a.test/com.example.thing/%d","cid":%q,"value":%s}`, i, stated, record))
	}
	answer := `{"items":[` + strings.Join(items, ",") + `]}`
	for name, memory := range map[string]*rec.Memory{"kept": nil, "reused": {}, "overwritten": {Overwrite: true}} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				page := rec.NewRecordPage[thing]("items", rec.Source{Trust: rec.Signed})
				if memory != nil {
					page.Reuse(memory)
				}
				if err := lex.Decode(t.Context(), []byte(answer), page, lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
					t.Fatal(err)
				}
				i := 0
				for entry, err := range page.All(t.Context()) {
					var failure *rec.Failure
					switch {
					case wrong[i]:
						if !errors.As(err, &failure) || !strings.HasSuffix(string(failure.URI), fmt.Sprintf("/%d", i)) || failure.CID == cids[i] {
							t.Errorf("item %d: error %v, want a failure that names it", i, err)
						}
					case err != nil:
						t.Errorf("item %d: %v", i, err)
					default:
						number, _ := entry.Value.fields.Get("number")
						if got, _ := number.Int(); got != int64(i) || entry.CID != cids[i] || entry.Trust != rec.Hashed {
							t.Errorf("item %d: number %d, CID %s, trust %s", i, got, entry.CID, entry.Trust)
						}
					}
					i++
				}
				if i != count {
					t.Errorf("%d items", i)
				}
			}
		})
	}
}
