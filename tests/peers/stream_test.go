package peers_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	comatproto "github.com/bluesky-social/indigo/api/atproto"
	"github.com/bluesky-social/indigo/atproto/atdata"
	indigo "github.com/bluesky-social/indigo/atproto/repo"
	"github.com/bluesky-social/indigo/atproto/syntax"
	"github.com/bluesky-social/indigo/events"
	"github.com/bluesky-social/indigo/events/schedulers/sequential"
	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/tests/recording"
)

// BenchmarkStream reads the recorded stream (package recording) from the same connection in memory: every frame decoded and
// filtered, and of those of Layers, the records hashed and decoded; by layers-go into structs, and validated, by indigo into
// maps. The quotient of two rows of one run counts.
func BenchmarkStream(b *testing.B) {
	quiet(b)
	s := recording.Load(b)
	b.Log(s.Summary())
	ours, err := firehose.New("ws://stream.test", firehose.WithNetwork(network.Network{AllowPrivate: true, HTTPClient: s.Client(1)}))
	if err != nil {
		b.Fatal(err)
	}
	dialer := websocket.Dialer{NetDialContext: s.Dial(1), ReadBufferSize: 64 << 10}
	for _, bench := range []struct {
		name string
		read func() (records int, err error)
	}{
		{"layers-go", func() (n int, err error) {
			for event, err := range ours.Subscribe(b.Context(), &firehose.Options{Lookup: records.Lookup, Reuse: true}) {
				if err != nil {
					return n, err
				}
				if e, ok := event.(*firehose.Record); ok && e.Value != nil {
					n++
				}
			}
			return n, nil
		}},
		{"indigo", func() (n int, err error) {
			c, _, err := dialer.Dial("ws://stream.test", nil)
			if err != nil {
				return 0, err
			}
			read := func(m *comatproto.SyncSubscribeRepos_Commit) error {
				var r *indigo.Repo
				for _, op := range m.Ops {
					if op.Action == "delete" || !strings.HasPrefix(op.Path, "pub.layers.") {
						continue
					}
					if r == nil {
						var err error
						if _, r, err = indigo.LoadRepoFromCAR(b.Context(), bytes.NewReader(m.Blocks)); err != nil {
							return err
						}
					}
					collection, key, err := syntax.ParseRepoPath(op.Path)
					if err != nil {
						return err
					}
					data, _, err := r.GetRecordBytes(b.Context(), collection, key)
					if err != nil {
						return err
					}
					if _, err := atdata.UnmarshalCBOR(data); err != nil {
						return err
					}
					n++
				}
				return nil
			}
			var failed error
			callbacks := &events.RepoStreamCallbacks{RepoCommit: func(m *comatproto.SyncSubscribeRepos_Commit) error {
				if err := read(m); err != nil && failed == nil {
					failed = err
				}
				return nil
			}}
			err = events.HandleRepoStream(context.Background(), c, sequential.NewScheduler("benchmark", callbacks.EventHandler), slog.Default())
			if err != nil && strings.Contains(err.Error(), "close 1000") { // the end, which is not wrapped
				err = nil
			}
			if err == nil {
				err = failed
			}
			return n, err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				var err error
				if n, err = bench.read(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n), "records")
			b.ReportMetric(float64(len(s.Frames)*b.N)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
