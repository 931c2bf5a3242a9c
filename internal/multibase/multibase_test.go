package multibase_test

import (
	"testing"

	"github.com/layers-pub/layers-go/internal/multibase"
)

func TestText(t *testing.T) {
	for _, test := range []struct{ text, bytes string }{
		{"bme", "a"},
		{"bmy", "f"},
		{"bmz", ""}, // ends in bits that are not zero
		{"bmfra", "ab"},
		{"bmfrgg", "abc"},
		{"bmfrgg\n", ""},
		{"bmf\nrgg", ""},
		{"bMFRGG", ""},
		{"bmfrgg===", ""},
		{"bm", ""},
		{"b", ""},
		{"", ""},
		{"zmfrgg", ""},
	} {
		got, ok := multibase.Decode([]byte("before"), test.text)
		if ok != (test.bytes != "") || string(got) != "before"+test.bytes {
			t.Errorf("Decode(%q) = %q, %v", test.text, got, ok)
		}
		if again := multibase.Append([]byte("before"), []byte(test.bytes)); ok && string(again) != "before"+test.text {
			t.Errorf("Append(%q) = %q, want %q", test.bytes, again, test.text)
		}
	}
}
