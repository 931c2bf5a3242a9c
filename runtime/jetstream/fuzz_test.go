package jetstream

import (
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/feed"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// FuzzMessage: any message is scanned and made into events or an error; what is scanned well and wanted agrees with its
// events, and a record has the bytes of its CID.
func FuzzMessage(f *testing.F) {
	for _, m := range []string{
		`{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","time_us":1800000000000000,"kind":"commit","commit":{"rev":"3mbd354z2m222","operation":"create","collection":"pub.layers.corpus.corpus","rkey":"a","record":{"a":1},"cid":"bafyreiaxexdqr5qumvwx6e6yqkzwtwfizbxv3p4xrp3hnxfc5sqdhbhqk4"}}`,
		`{"did":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","time_us":1,"kind":"commit","commit":{"rev":"3mbd354z2m222","operation":"delete","collection":"pub.layers.corpus.corpus","rkey":"a"}}`,
		`{"did":"did:web:a.test","time_us":1,"kind":"account","account":{"active":true,"did":"did:web:a.test","seq":1,"time":""}}`,
		`{"did":"did:web:a.test","time_us":1,"kind":"identity","identity":{"did":"did:web:a.test","handle":"a.test"}}`,
		`{}`, `[`, ``,
	} {
		f.Add([]byte(m))
	}
	filter, err := stream.NewFilter([]string{"*"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	p := &protocol{Base: feed.Base{Endpoint: "ws://x/subscribe", Options: &firehose.Options{Lookup: records.Lookup}, Filter: &filter}}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := stream.Message{Data: data, Size: int64(len(data))}
		frame := p.Scan(m)
		events, err := p.Events(t.Context(), p.Job(m))
		if frame.Err == nil && frame.Seq <= 0 || frame.Err != nil && frame.Wanted {
			t.Errorf("%+v", frame)
		}
		if err == nil && (frame.Err != nil || len(events) != 1) {
			if frame.Err != nil {
				return // a message that is not wanted is not made into events
			}
			t.Errorf("%d events", len(events))
		}
		for _, e := range events {
			if r, ok := e.(*firehose.Record); ok && r.Action != firehose.Delete && (r.Trust != rec.Hashed || !r.CID.Defined() || string(r.DID) != string(frame.DID)) {
				t.Errorf("%+v", r)
			}
		}
	})
}
