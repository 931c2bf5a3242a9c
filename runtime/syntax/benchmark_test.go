package syntax_test

import (
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// hotPath has a typical valid string of each format.
var hotPath = []struct {
	format string
	valid  func(string) bool
	input  string
}{
	{"at-identifier", syntax.ValidAtIdentifier, "did:plc:z72i7hdynmk6r22z27h6tvur"},
	{"at-uri", syntax.ValidATURI, "at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.expression.expression/3jzfcijpj2z2a"},
	{"cid", syntax.ValidCID, "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"},
	{"datetime", syntax.ValidDatetime, "2026-08-20T09:30:00.000Z"},
	{"did", syntax.ValidDID, "did:plc:z72i7hdynmk6r22z27h6tvur"},
	{"handle", syntax.ValidHandle, "jay.bsky.team"},
	{"language", syntax.ValidLanguage, "hy-Latn-IT-arevela"},
	{"nsid", syntax.ValidNSID, "pub.layers.expression.expression"},
	{"record-key", syntax.ValidRecordKey, "3jzfcijpj2z2a"},
	{"tid", syntax.ValidTID, "3jzfcijpj2z2a"},
	{"uri", syntax.ValidURI, "http://www.wikidata.org/entity/Q42"},
	{"remembered at-uri", new(syntax.ATURIValidator).Valid, "at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.expression.expression/3jzfcijpj2z2a"},
	{"grandfathered language", syntax.ValidLanguage, "i-enochian"},
	{"non-ASCII uri", syntax.ValidURI, "https://ja.wikipedia.org/wiki/日本語"},
}

func TestValidDoesNotAllocate(t *testing.T) {
	for _, test := range hotPath {
		t.Run(test.format, func(t *testing.T) {
			if !test.valid(test.input) {
				t.Fatalf("%q is not valid", test.input)
			}
			if n := testing.AllocsPerRun(100, func() { test.valid(test.input) }); n != 0 {
				t.Errorf("%q takes %v allocations, want 0", test.input, n)
			}
		})
	}
}

func BenchmarkValid(b *testing.B) {
	for _, test := range hotPath {
		b.Run(test.format, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(test.input)))
			for b.Loop() {
				if !test.valid(test.input) {
					b.Fatalf("%q is not valid", test.input)
				}
			}
		})
	}
}
