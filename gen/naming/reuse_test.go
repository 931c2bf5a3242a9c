package naming_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/gen/naming"
)

// TestReused checks which names are reported: those that were freed and taken in the same scope, without what follows from another
// one.
func TestReused(t *testing.T) {
	packages := map[string]naming.Place{"com.example": {Dir: "api/one"}, "com.example.app": {Dir: "api/one"}, "org.example": {Dir: "api/two"}}
	before := &naming.Lock{Packages: packages, Names: map[string]string{
		"com.example.a#main":               "Thing",
		"com.example.a#main:nsid":          "NSIDThing",
		"com.example.a#main.x":             "ThingX",
		"com.example.a#main.x:field":       "X",
		"com.example.stays#main":           "Stays",
		"com.example.stays#main.a=b:field": "StaysA",
		"com.example.gone#main":            "Gone",
	}}
	after := &naming.Lock{Packages: packages, Names: map[string]string{
		"com.example.app.b#main":           "Thing",
		"com.example.app.b#main:nsid":      "NSIDThing",
		"com.example.app.b#main.x":         "ThingX",
		"com.example.app.b#main.x:field":   "X",
		"com.example.stays#main":           "Stays",
		"com.example.stays#main.a=c:field": "StaysA",
		"org.example.gone#main":            "Gone", // of another package
	}}
	want := []naming.Reuse{{"one.Thing", "com.example.a#main", "com.example.app.b#main"},
		{"one.StaysA", "com.example.stays#main.a=b:field", "com.example.stays#main.a=c:field"}}
	if got := before.Reused(after); !cmp.Equal(got, want) {
		t.Errorf("got %v", cmp.Diff(want, got))
	}
	if got := before.Reused(before); got != nil {
		t.Errorf("the same lock: %v", got)
	}
}

// TestGone checks which names are listed: those that no thing has any longer, without what follows from another one.
func TestGone(t *testing.T) {
	packages := map[string]naming.Place{"com.example": {Dir: "api/one"}}
	before := &naming.Lock{Packages: packages, Names: map[string]string{
		"com.example.a#main":            "Thing",
		"com.example.a#main.x":          "ThingX",
		"com.example.a#main.x=spam":     "ThingXSpam",
		"com.example.a#main.x:field":    "X",
		"com.example.gone#main":         "Gone",
		"com.example.gone#main:nsid":    "NSIDGone",
		"com.example.gone#main.y:field": "Y",
		"com.example.moved#main":        "Moved",
	}}
	after := &naming.Lock{Packages: packages, Names: map[string]string{
		"com.example.a#main":         "Thing",
		"com.example.a#main.x":       "ThingX",
		"com.example.a#main.x=junk":  "ThingXJunk",
		"com.example.a#main.x:field": "X",
		"com.example.there#main":     "Moved",
	}}
	want := []string{"one.Gone, which stood for com.example.gone#main", "one.ThingXSpam, which stood for com.example.a#main.x=spam"}
	if got := before.Gone(after); !cmp.Equal(got, want) {
		t.Errorf("got %v", cmp.Diff(want, got))
	}
	if got := (*naming.Lock)(nil).Gone(after); got != nil {
		t.Errorf("no lock: %v", got)
	}
}
