// Package feature reads and changes features: key-value pairs in records and annotations for data for which their
// lexicon has no field.
//
//	token.Features = feature.Set(token.Features, "Case", "Nom")
//	value, ok := feature.Get(token.Features, "Case")
//
// A key may occur several times, as in records of other programs: [Get] returns the first value, [Values] all of them.
// Functions that only read are safe for concurrent use.
package feature

import (
	"iter"
	"maps"
	"slices"

	"github.com/layers-pub/layers-go/layers"
)

// Get returns the first value of a key, and whether there is one. m may be nil.
func Get(m *layers.FeatureMap, key string) (string, bool) {
	for name, value := range All(m) {
		if name == key {
			return value, true
		}
	}
	return "", false
}

// Values returns all values of a key, in the order of the features.
func Values(m *layers.FeatureMap, key string) []string {
	var values []string
	for name, value := range All(m) {
		if name == key {
			values = append(values, value)
		}
	}
	return values
}

// All yields the keys and values in the order of the features. m may be nil.
func All(m *layers.FeatureMap) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		if m == nil {
			return
		}
		for i := range m.Entries {
			if !yield(m.Entries[i].Key, m.Entries[i].Value) {
				return
			}
		}
	}
}

// Set gives a key one value, and returns m, or a new map if m is nil. Like append, it is used as x.Features =
// feature.Set(x.Features, key, value). The first feature with the key keeps its place and its unknown fields; other
// features with the key are removed.
func Set(m *layers.FeatureMap, key, value string) *layers.FeatureMap {
	if m == nil {
		m = &layers.FeatureMap{}
	}
	found := false
	m.Entries = slices.DeleteFunc(m.Entries, func(f layers.Feature) bool {
		again := found && f.Key == key
		found = found || f.Key == key
		return again
	})
	if i := slices.IndexFunc(m.Entries, func(f layers.Feature) bool { return f.Key == key }); i >= 0 {
		m.Entries[i].Value = value
	} else {
		m.Entries = append(m.Entries, layers.Feature{Key: key, Value: value})
	}
	return m
}

// Delete removes all features with a key, and reports whether there were any.
func Delete(m *layers.FeatureMap, key string) bool {
	if m == nil {
		return false
	}
	before := len(m.Entries)
	m.Entries = slices.DeleteFunc(m.Entries, func(f layers.Feature) bool { return f.Key == key })
	return len(m.Entries) < before
}

// Of returns the features in values, sorted by key. It returns nil if values is empty.
func Of(values map[string]string) *layers.FeatureMap {
	if len(values) == 0 {
		return nil
	}
	m := &layers.FeatureMap{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		m.Entries = append(m.Entries, layers.Feature{Key: key, Value: values[key]})
	}
	return m
}
