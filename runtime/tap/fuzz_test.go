package tap

import (
	"encoding/json"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/feed"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// FuzzMessage: any message is scanned and made into events or an error. What is acknowledged is the message's own number.
func FuzzMessage(f *testing.F) {
	for _, m := range []string{
		`{"id":1,"type":"record","record":{"live":true,"did":"did:web:a.test","rev":"3mbd354z2m222","collection":"a.b.c","rkey":"a","action":"create","record":{"a":1},"cid":"bafyreiaxexdqr5qumvwx6e6yqkzwtwfizbxv3p4xrp3hnxfc5sqdhbhqk4"}}`,
		`{"id":18446744073709551615,"type":"record","record":{"did":"did:web:a.test","rev":"3mbd354z2m222","collection":"a.b.c","rkey":"a","action":"delete"}}`,
		`{"id":2,"type":"identity","identity":{"did":"did:web:a.test","handle":"a.test","is_active":true,"status":"active"}}`,
		`{"id":2,"id":3}`, `{}`, `[`, ``,
	} {
		f.Add([]byte(m))
	}
	filter, err := stream.NewFilter([]string{"*"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	p := &protocol{Base: feed.Base{Endpoint: "ws://x/channel", Options: &firehose.Options{Lookup: records.Lookup}, Filter: &filter}}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := stream.Message{Data: data, Size: int64(len(data))}
		frame := p.Scan(m)
		if frame.HasSeq || frame.Err != nil && frame.Wanted || frame.Err == nil && frame.Ack == nil {
			t.Errorf("%+v", frame)
		}
		if frame.Ack != nil {
			var sent, got struct{ ID json.Number }
			if json.Unmarshal(data, &got) == nil && json.Unmarshal(frame.Ack, &sent) == nil && frame.Err == nil {
				if want, err := got.ID.Int64(); err == nil && sent.ID.String() != json.Number(got.ID).String() && want >= 0 {
					if n, _ := sent.ID.Int64(); n != want {
						t.Errorf("%s acknowledges %s", frame.Ack, data)
					}
				}
			}
		}
		events, err := p.Events(t.Context(), p.Job(m))
		if err == nil && frame.Err == nil && len(events) == 0 {
			t.Error("no event")
		}
		for _, e := range events {
			if r, ok := e.(*firehose.Record); ok && r.Action != firehose.Delete && (r.Trust != rec.Hashed || !r.CID.Defined()) {
				t.Errorf("%+v", r)
			}
		}
	})
}
