package cid_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
)

func TestMatches(t *testing.T) {
	data := []byte("content")
	for name, test := range map[string]struct {
		c    cid.CID
		data string
		want bool
	}{
		"raw":       {cid.Of(cid.Raw, data), "content", true},
		"DAG-CBOR":  {cid.Of(cid.DagCBOR, data), "content", true},
		"a bit":     {cid.Of(cid.Raw, data), "Content", false},
		"cut":       {cid.Of(cid.Raw, data), "conten", false},
		"nothing":   {cid.Of(cid.Raw, nil), "", true},
		"undefined": {cid.CID{}, "", false},
	} {
		if test.c.Matches([]byte(test.data)) != test.want || test.c.MatchesDigest(sha256.Sum256([]byte(test.data))) != test.want {
			t.Errorf("%s: want %v", name, test.want)
		}
	}
	if (cid.CID{}).MatchesDigest([sha256.Size]byte{}) {
		t.Error("the undefined CID matches a digest of zeros")
	}
}

func TestMatchesText(t *testing.T) {
	c := cid.Of(cid.DagCBOR, []byte("content"))
	text := c.String()
	for stated, want := range map[string]bool{
		text:                  true,
		"":                    false,
		text[:len(text)-1]:    false,
		text + "a":            false,
		strings.ToUpper(text): false,
		cid.Of(cid.Raw, []byte("content")).String():   false,
		cid.Of(cid.DagCBOR, []byte("other")).String(): false,
	} {
		if c.MatchesText(stated) != want {
			t.Errorf("%q: want %v", stated, want)
		}
	}
	if (cid.CID{}).MatchesText("") {
		t.Error("the undefined CID matches an empty text")
	}
	if n := testing.AllocsPerRun(100, func() { c.MatchesText(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
