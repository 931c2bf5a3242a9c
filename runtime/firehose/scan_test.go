package firehose

import (
	"bytes"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func sampleFrame(tb testing.TB, path string) []byte {
	tb.Helper()
	payload, err := lex.EncodeCBOR(&atproto.SyncSubscribeReposCommit{
		Seq: 7, Repo: "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", Rev: "3mabcdefghi2a", Since: lex.ValueOrNull(syntax.TID("3mabcdefghi22")), Time: "2026-01-02T03:04:05.678Z",
		Commit: cid.Of(cid.DagCBOR, nil).Link(), Blobs: []cid.Link{}, Blocks: make([]byte, 3000), Ops: []atproto.SyncSubscribeReposRepoOp{{Action: "delete", Path: path, CID: lex.NullOf[cid.Link]()}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return append([]byte("\xa2atg#commitbop\x01"), payload...)
}

func TestScan(t *testing.T) {
	want, err := stream.NewFilter([]string{"pub.layers.*"}, nil)
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

// TestScanAllocations holds that a frame that nobody wants, of a repository that nobody follows, costs no allocation.
// TestUnwanted measures the same through a connection.
func TestScanAllocations(t *testing.T) {
	b := sampleFrame(t, "app.bsky.feed.post/a")
	options, want, err := (&Options{Commits: func(did []byte) bool { return string(did) == "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb" }}).check()
	if err != nil {
		t.Fatal(err)
	}
	c, err := New("wss://relay.example.com")
	if err != nil {
		t.Fatal(err)
	}
	r := newRepos(c, &options, &want)
	report := &reporter{source: c.Endpoint(), monitor: options.Monitor}
	if n := testing.AllocsPerRun(1000, func() {
		f := r.Scan(stream.Message{Data: b, Size: int64(len(b)), Binary: true})
		if f.Err != nil || f.Wanted || f.Seq != 7 {
			t.Errorf("%+v", f)
		}
		report.Received(f, int64(len(b)), stream.NewPosition(f.Seq, f.Time), time.Now())
	}); n != 0 {
		t.Errorf("%v allocations", n)
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
		u, err := stream.Endpoint(address, xrpcPath, "/xrpc")
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
	want, _ := stream.NewFilter([]string{"pub.layers.*"}, nil)
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
			wanted = wanted || want.WantsPath([]byte(op.Path))
		}
		if got.seq != m.Seq || string(got.did) != string(m.Repo) || string(got.rev) != string(m.Rev) || wanted != got.wanted || got.paths != len(m.Ops) || got.tooBig != m.TooBig {
			t.Errorf("scan %+v, generated %+v", got, m)
		}
	})
}

// BenchmarkUnwanted compares the scan of a frame with what generated code needs for it.
func BenchmarkUnwanted(b *testing.B) {
	frameBytes := sampleFrame(b, "app.bsky.feed.post/a")
	want, _ := stream.NewFilter([]string{"pub.layers.*"}, nil)
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
