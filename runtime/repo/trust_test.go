package repo_test

import (
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// TestRecordsTrust holds that records.Decode says of each record how far the archive is verified.
func TestRecordsTrust(t *testing.T) {
	archive, key := acceptance(t)
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []rec.Trust{rec.Hashed, rec.Signed} {
		all, err := records.Decode(t.Context(), r, nil)
		if err != nil || len(all.Expression) == 0 {
			t.Fatalf("%v", err)
		}
		for _, e := range all.Expression {
			if e.Trust != want {
				t.Fatalf("%s: trust %s, want %s", e.URI, e.Trust, want)
			}
		}
		if err := r.Verify(acceptanceDID, key); err != nil {
			t.Fatal(err)
		}
	}
}
