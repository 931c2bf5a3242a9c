package treebank

import (
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/linguistics/internal/order"
)

// The limits that the lexicon sets for keys and values of features, in bytes.
const (
	maxKey   = 256
	maxValue = 4096
)

// The keys of features that do not come from names in the file.
const (
	// keyMark is the first feature of a sentence. It says that the features after it are the sentence's comments.
	keyMark = "conllu"
	// keyItem is an item that does not have the form NAME=VALUE, or a comment that does not have the form " NAME =
	// VALUE".
	keyItem = "conllu.item"
	// keyMore continues the value of the feature before it, since that is too long for one feature.
	keyMore = "conllu.more"
	// keyPrevious is the record key of the section before this one, in a document without a text of its own.
	keyPrevious = order.KeyPrevious
	// keyName is what the keys of a section and of its records are derived from.
	keyName = "conllu.name"
	// keyID is the ID of an empty node.
	keyID = "conllu.id"
)

// reserved reports whether a name in a file must not become the key of a feature, because it is empty, too long, or one
// of the keys above.
func reserved(name string) bool {
	return name == "" || len(name) > maxKey || name == keyMark || strings.HasPrefix(name, keyMark+".")
}

// appendFeature appends a feature. If the value is too long, it is continued in features with the key keyMore.
func appendFeature(entries []layers.Feature, key, value string) []layers.Feature {
	for {
		n := len(value)
		if n > maxValue {
			n = maxValue
			for value[n]&0xc0 == 0x80 { // not within a character
				n--
			}
		}
		entries = append(entries, layers.Feature{Key: key, Value: value[:n]})
		if value = value[n:]; value == "" {
			return entries
		}
		key = keyMore
	}
}

// joined returns the features with those of the key keyMore joined to the ones that they continue.
func joined(m *layers.FeatureMap) []layers.Feature {
	if m == nil {
		return nil
	}
	if !slices.ContainsFunc(m.Entries, func(f layers.Feature) bool { return f.Key == keyMore }) {
		return m.Entries
	}
	var out []layers.Feature
	for _, f := range m.Entries {
		if f.Key == keyMore && len(out) > 0 {
			out[len(out)-1].Value += f.Value
			continue
		}
		out = append(out, layers.Feature{Key: f.Key, Value: f.Value})
	}
	return out
}

// find returns the value of the first feature with a key.
func find(m *layers.FeatureMap, key string) (string, bool) {
	for _, f := range joined(m) {
		if f.Key == key {
			return f.Value, true
		}
	}
	return "", false
}

// appendItem appends an item of the column FEATS or MISC as a feature.
func appendItem(entries []layers.Feature, item string) []layers.Feature {
	if name, value, found := strings.Cut(item, "="); found && !reserved(name) {
		return appendFeature(entries, name, value)
	}
	return appendFeature(entries, keyItem, item)
}

// items returns the column FEATS or MISC whose items were appended by appendItem.
func items(entries []layers.Feature) string {
	var out []string
	for _, f := range entries {
		if f.Key == keyItem {
			out = append(out, f.Value)
		} else {
			out = append(out, f.Key+"="+f.Value)
		}
	}
	return strings.Join(out, "|")
}

// appendComment appends a comment as a feature. The value of the comment "text" is left out if it is text, the text of
// the expression.
func appendComment(entries []layers.Feature, comment, text string) []layers.Feature {
	name, value, found := strings.Cut(strings.TrimPrefix(comment, " "), " = ")
	if !found || comment[0] != ' ' || reserved(name) || strings.ContainsAny(name, "=") || name == "text" && value == "" {
		return appendFeature(entries, keyItem, comment)
	}
	if name == "text" && value == text {
		value = ""
	}
	return appendFeature(entries, name, value)
}

// comment returns the comment that appendComment stored in a feature. text is the text of the expression.
func comment(f layers.Feature, text string) string {
	switch {
	case f.Key == keyItem:
		return f.Value
	case f.Key == "text" && f.Value == "":
		return " text = " + text
	}
	return " " + f.Key + " = " + f.Value
}
