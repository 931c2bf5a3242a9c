package firehose

import (
	"bytes"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func sampleFrame(tb testing.TB, path string) []byte {
	tb.Helper()
	payload, err := lex.EncodeCBOR(&atproto.SyncSubscribeReposCommit{
		Seq: 7, Repo: "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", Rev: "3mabcdefghi2a", Since: lex.ValueOrNull(syntax.TID("3mabcdefghi22")), Time: "2026-01-02T03:04:05.678Z",
		Commit: lex.LinkTo(cid.Of(cid.DagCBOR, nil)), Blobs: []lex.CIDLink{}, Blocks: make([]byte, 3000), Ops: []atproto.SyncSubscribeReposRepoOp{{Action: "delete", Path: path, CID: lex.NullOf[lex.CIDLink]()}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte("\xa2atg#commitbop\x01"), payload...)
}

func TestScan(t *testing.T) {
	want, err := newFilter([]string{"pub.layers.*"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var f frame
	if err := f.scan(sampleFrame(t, "pub.layers.corpus.corpus/a"), &want); err != nil {
		t.Fatal(err)
	}
	if f.typ != typeCommit || f.seq != 7 || !f.hasSeq || string(f.did) != "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa" || string(f.rev) != "3mabcdefghi2a" ||
		string(f.time) != "2026-01-02T03:04:05.678Z" || f.paths != 1 || !f.wanted || f.tooBig {
		t.Errorf("%+v", f)
	}
}

// TestScanAllocations: a frame that nobody wants costs no allocation from the scan to the position.
func TestScanAllocations(t *testing.T) {
	b := sampleFrame(t, "app.bsky.feed.post/a")
	options, want, err := (&Options{DIDs: []syntax.DID{"did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"}, Commits: func([]byte) bool { return false }}).check()
	if err != nil {
		t.Fatal(err)
	}
	s := &subscription{options: &options, filter: want, mark: newMark()}
	options.Monitor.start("", want.exact, s.mark, nil)
	if n := testing.AllocsPerRun(1000, func() {
		b[len(b)-1] ^= 0 // the frame stays as it is
		s.last.seq = 0
		if err := s.take(t.Context(), message{data: b, size: int64(len(b)), binary: true}); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

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
		f, err := newFilter(strings.Fields(test.collections), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.wantsPath([]byte(test.path)); got != test.want {
			t.Errorf("%s: %s is wanted: %v", test.collections, test.path, got)
		}
	}
	for _, bad := range []string{"", "pub", "pub.layers.", "*.layers", "pub.*.corpus", ".*", "pub.layers.**", "pub..*", "a b.*"} {
		if _, err := newFilter([]string{bad}, nil); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, err := newFilter(nil, []syntax.DID{"alice.test"}); err == nil {
		t.Error("a handle is accepted as a DID")
	}
}

func TestEndpoint(t *testing.T) {
	const path = "/xrpc/com.atproto.sync.subscribeRepos"
	for address, want := range map[string]string{
		"relay.example.com": "wss://relay.example.com" + path, "wss://relay.example.com": "wss://relay.example.com" + path,
		"https://Relay.example.com/": "wss://relay.example.com" + path, "https://relay.example.com:443" + path: "wss://relay.example.com" + path,
		"ws://localhost:2583": "ws://localhost:2583" + path, "http://localhost:80" + path + "/": "ws://localhost" + path, "http://[::1]:1/xrpc": "ws://[::1]:1" + path,
		"": "", "ftp://x": "", "wss://": "", "wss://a@b": "", "wss://a/b": "", "wss://a?cursor=1": "", "wss://a" + path + "?cursor=1": "", "https://a#b": "", "://": "", "http://%zz": "",
	} {
		u, err := parseEndpoint(address)
		if (err != nil) != (want == "") || err == nil && u.String() != want {
			t.Errorf("%q: %v, %v", address, u, err)
		}
	}
}

// FuzzScan: the scan ends without a panic on any bytes, and sees what generated code sees in the messages that this
// accepts.
func FuzzScan(f *testing.F) {
	f.Add(sampleFrame(f, "pub.layers.corpus.corpus/a"))
	f.Add([]byte("\xa1bop\x20\xa1eerrorax"))
	want, _ := newFilter([]string{"pub.layers.*"}, nil)
	f.Fuzz(func(t *testing.T, b []byte) {
		var got frame
		scanned := got.scan(b, &want)
		if scanned != nil || got.typ != typeCommit {
			return
		}
		var m atproto.SyncSubscribeReposCommit
		if lex.DecodeCBOR(got.payload, &m) != nil {
			return
		}
		wanted := false
		for _, op := range m.Ops {
			wanted = wanted || want.wantsPath([]byte(op.Path))
		}
		if got.seq != m.Seq || string(got.did) != string(m.Repo) || string(got.rev) != string(m.Rev) || wanted != got.wanted || got.paths != len(m.Ops) || got.tooBig != m.TooBig {
			t.Errorf("scan %+v, generated %+v", got, m)
		}
	})
}

// BenchmarkUnwanted compares the scan of a frame with what generated code needs for it.
func BenchmarkUnwanted(b *testing.B) {
	frameBytes := sampleFrame(b, "app.bsky.feed.post/a")
	want, _ := newFilter([]string{"pub.layers.*"}, nil)
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var f frame
			if err := f.scan(frameBytes, &want); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("generated", func(b *testing.B) {
		payload := bytes.Clone(frameBytes[bytes.Index(frameBytes, []byte("bop\x01"))+4:])
		b.ReportAllocs()
		for b.Loop() {
			var m atproto.SyncSubscribeReposCommit
			if err := lex.DecodeCBORShared(payload, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
