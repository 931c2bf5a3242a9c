package evolve_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// FuzzCompare checks that no two documents make Compare panic, that a document does not differ from itself, and that what is
// different one way is different the other way, too.
func FuzzCompare(f *testing.F) {
	cases, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range cases {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		sides := make(map[string]string)
		for _, file := range archive.Files {
			side, _, _ := strings.Cut(file.Name, "/")
			sides[side] = string(file.Data)
		}
		f.Add(sides["before"], sides["after"])
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		var sets [2]*lexicon.Set
		for i, text := range []string{before, after} {
			set, problems, err := evolve.Read(fstest.MapFS{"a.json": {Data: []byte(text)}}, ".")
			if err != nil || len(problems) > 0 {
				return
			}
			if changes := evolve.Compare(set, set); len(changes) > 0 {
				t.Errorf("%s\ndiffers from itself: %v", text, changes)
			}
			sets[i] = set
		}
		forth, back := evolve.Compare(sets[0], sets[1]), evolve.Compare(sets[1], sets[0])
		if (len(forth) == 0) != (len(back) == 0) {
			t.Errorf("%s\n%s\none way %v, the other way %v", before, after, forth, back)
		}
	})
}
