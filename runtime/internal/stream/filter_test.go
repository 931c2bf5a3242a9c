package stream_test

import (
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func TestFilter(t *testing.T) {
	for _, test := range []struct {
		collections, path string
		want              bool
	}{
		{"pub.layers.*", "pub.layers.corpus.corpus/a", true}, {"pub.layers.*", "pub.layersx.corpus.corpus/a", false},
		{"pub.layers.*", "pub.layers/a", false}, {"pub.layers.*", "pub.layers./a", false}, {"pub.layers.corpus.corpus", "pub.layers.corpus.corpus/a", true},
		{"pub.layers.corpus.corpus", "pub.layers.corpus.corpusx/a", false}, {"pub.layers.corpus.corpus", "pub.layers.corpus.corpus", true},
		{"pub.layers.corpus.corpus pub.layers.persona.*", "pub.layers.persona.persona/a", true}, {"*", "x/y", true}, {"pub.layers.corpus.corpus", "", false},
	} {
		f, err := stream.NewFilter(strings.Fields(test.collections), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.WantsPath([]byte(test.path)); got != test.want {
			t.Errorf("%s: %s is wanted: %v", test.collections, test.path, got)
		}
	}
	for _, bad := range []string{"", "pub", "pub.layers.", "*.layers", "pub.*.corpus", ".*", "pub.layers.**", "pub..*", "a b.*"} {
		if _, err := stream.NewFilter([]string{bad}, nil); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, err := stream.NewFilter(nil, []syntax.DID{"alice.test"}); err == nil {
		t.Error("a handle is accepted as a DID")
	}
}
