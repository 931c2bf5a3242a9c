package acceptance_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// shown is all that a decoded record says, as text of its own.
func shown(t *testing.T, d *repo.Decoded) string {
	t.Helper()
	value := []byte("unknown")
	if d.Value != nil {
		var err error
		if value, err = lex.EncodeIncomplete(d.Value); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%s %s %x %x %v", d.URI(), d.CID, d.Data, value, d.Issues)
}

func archives(t *testing.T) map[string][]byte {
	t.Helper()
	generated, err := corpus.New(2000).CAR()
	if err != nil {
		t.Fatal(err)
	}
	real, err := os.ReadFile("../testdata/acceptance.car")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"corpus": generated, "acceptance": real}
}

// open returns the archive in memory and in a file.
func open(t *testing.T, archive []byte) map[string]*repo.Repo {
	t.Helper()
	memory, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	file, err := repo.Open(t.Context(), bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*repo.Repo{"memory": memory, "file": file}
}

// TestReuse holds that records in memory that is used again are the same as others, on one core and on two.
func TestReuse(t *testing.T) {
	for name, archive := range archives(t) {
		for place, r := range open(t, archive) {
			var want []string
			for d, err := range r.Decode(t.Context(), records.Lookup, &repo.DecodeOptions{Workers: 1}) {
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, shown(t, d))
			}
			for _, options := range []repo.DecodeOptions{
				{Workers: 1, Reuse: true}, {Workers: 2, Reuse: true}, {Workers: 1, Reuse: true, Share: true}, {Workers: 2, Reuse: true, Share: true},
				{Workers: 1, Reuse: true, Overwrite: true}, {Workers: 2, Reuse: true, Overwrite: true}, {Workers: 2},
			} {
				t.Run(fmt.Sprintf("%s/%s/%+v", name, place, options), func(t *testing.T) {
					i := 0
					for d, err := range r.Decode(t.Context(), records.Lookup, &options) {
						if err != nil {
							t.Fatal(err)
						}
						if i == len(want) {
							t.Fatalf("more than %d records", len(want))
						}
						if got := shown(t, d); got != want[i] {
							t.Fatalf("record %d is\n%.2000s, want\n%.2000s", i, got, want[i])
						}
						i++
					}
					if i != len(want) {
						t.Fatalf("%d records, want %d", i, len(want))
					}
				})
			}
		}
	}
}

// TestOverwrite holds that a value which is used after the loop's next turn shows: it is never what it was.
func TestOverwrite(t *testing.T) {
	for name, archive := range archives(t) {
		for place, r := range open(t, archive) {
			for _, workers := range []int{1, 2} {
				t.Run(fmt.Sprintf("%s/%s/%d", name, place, workers), func(t *testing.T) {
					options := repo.DecodeOptions{Workers: workers, Reuse: true, Overwrite: true}
					var last lex.Record
					var before []byte
					check := func() {
						if last == nil {
							return
						}
						if after, err := lex.EncodeIncomplete(last); err == nil && bytes.Equal(after, before) {
							t.Fatalf("a record is still what it was: %.500q", after)
						}
					}
					for d, err := range r.Decode(t.Context(), records.Lookup, &options) {
						if err != nil {
							t.Fatal(err)
						}
						check()
						last = nil
						if d.Value != nil && d.Issues == nil {
							last = d.Value
							before, err = lex.EncodeIncomplete(last)
							if err != nil {
								t.Fatal(err)
							}
							before = slices.Clone(before)
						}
					}
					check()
				})
			}
		}
	}
}

// TestCollectedReuse collects records with the option Reuse, which must not apply to what is kept.
func TestCollectedReuse(t *testing.T) {
	archive, err := corpus.New(200).CAR()
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	want, err := records.Decode(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := records.Decode(t.Context(), r, &repo.DecodeOptions{Reuse: true, Overwrite: true})
	if err != nil || fmt.Sprint(got.AnnotationLayer) != fmt.Sprint(want.AnnotationLayer) || len(want.AnnotationLayer) == 0 {
		t.Errorf("%d layers, want %d, or others: %v", len(got.AnnotationLayer), len(want.AnnotationLayer), err)
	}
}
