package output_test

import (
	"testing"
	"time"

	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func TestStreamStatus(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	flowing := firehose.Health{
		Connected: true, Frames: 12, Rate: 3.25, Lag: 1200 * time.Millisecond, Age: 4 * time.Second, Read: firehose.Position{Seq: 12}, Done: firehose.Position{Seq: 12},
		Collections: map[syntax.NSID]firehose.CollectionHealth{
			"pub.layers.corpus.corpus": {Last: now.Add(-time.Second)}, "pub.layers.media.media": {Last: now.Add(-2 * time.Hour)}, "com.example.b": {}, "com.example.a": {}, "": {Last: now},
		},
	}
	behind, lost := flowing, flowing
	behind.Done.Seq, behind.Collections = 10, nil
	lost.Connected, lost.Collections = false, nil
	for want, h := range map[string]firehose.Health{
		"connecting":               {},
		"connected, no events yet": {Connected: true},
		"3.2 events/s, lag 1s, last 4s ago, at 12; com.example.a never; com.example.b never; media.media 2h0m0s ago; corpus.corpus 1s ago; others 0s ago": flowing,
		"3.2 events/s, lag 1s, last 4s ago, at 12, done 10":       behind,
		"not connected, 3.2 events/s, lag 1s, last 4s ago, at 12": lost,
	} {
		if got := output.StreamStatus(h, now); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
