package feature_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/linguistics/feature"
	"github.com/layers-pub/layers-go/runtime/lex"
)

func text(m *layers.FeatureMap) string {
	s := ""
	for key, value := range feature.All(m) {
		s += key + "=" + value + " "
	}
	return s
}

func TestFeatures(t *testing.T) {
	var none *layers.FeatureMap
	if _, ok := feature.Get(none, "a"); ok || feature.Values(none, "a") != nil || text(none) != "" || feature.Delete(none, "a") || feature.Of(nil) != nil {
		t.Error("a nil map has features")
	}
	m := feature.Of(map[string]string{"b": "2", "a": "1", "c": ""})
	if got := text(m); got != "a=1 b=2 c= " {
		t.Errorf("got %s", got)
	}
	if value, ok := feature.Get(m, "c"); value != "" || !ok {
		t.Errorf("an empty value: %q, %t", value, ok)
	}
	m.Entries = append(m.Entries, layers.Feature{Key: "a", Value: "3"}, layers.Feature{Key: "d", Value: "4"}, layers.Feature{Key: "a", Value: "5"})
	if got := feature.Values(m, "a"); !slices.Equal(got, []string{"1", "3", "5"}) {
		t.Errorf("values: %v", got)
	}
	if value, ok := feature.Get(m, "a"); value != "1" || !ok {
		t.Errorf("first: %q, %t", value, ok)
	}
	if err := lex.DecodeJSON([]byte(`{"key":"a","value":"1","more":true}`), &m.Entries[0]); err != nil {
		t.Fatal(err)
	}
	if got := text(feature.Set(m, "a", "6")); got != "a=6 b=2 c= d=4 " {
		t.Errorf("set: %s", got)
	}
	if m.Entries[0].Extra.Len() != 1 {
		t.Error("Set lost an unknown field")
	}
	if got := text(feature.Set(m, "e", "7")); got != "a=6 b=2 c= d=4 e=7 " {
		t.Errorf("set a new one: %s", got)
	}
	if !feature.Delete(m, "b") || feature.Delete(m, "b") || text(m) != "a=6 c= d=4 e=7 " {
		t.Errorf("delete: %s", text(m))
	}
	for range feature.All(m) {
		break
	}
	if got := text(feature.Set(nil, "x", "y")); got != "x=y " {
		t.Errorf("set in nil: %s", got)
	}
}

func ExampleSet() {
	var features *layers.FeatureMap
	features = feature.Set(features, "Case", "Nom")
	features = feature.Set(features, "Number", "Sing")
	features = feature.Set(features, "Case", "Acc")
	for key, value := range feature.All(features) {
		fmt.Println(key, value)
	}
	// Output:
	// Case Acc
	// Number Sing
}
