package firehose_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// TestMarshalEvent: each type of event survives, and a record that does not match its CID is refused.
func TestMarshalEvent(t *testing.T) {
	h := firehose.Header{Source: "wss://relay.example.com", Seq: 7, Time: when(7)}
	data := record(wiki, "a")
	c := cid.Of(cid.DagCBOR, data)
	odd := []byte{0xa1, 0x61, 'a', 0x18, 1} // not canonical
	for _, want := range []firehose.Event{
		&firehose.Record{Header: h, DID: alice, Rev: revOf(7), Collection: wiki, RecordKey: "k", Action: firehose.Create, CID: c, Data: data, Trust: rec.Signed},
		&firehose.Record{Header: h, DID: alice, Rev: revOf(7), Collection: wiki, RecordKey: "k", Action: firehose.Update, CID: cid.Of(cid.DagCBOR, odd), Data: odd, Trust: rec.Hashed},
		&firehose.Record{Header: h, DID: alice, Rev: revOf(7), Collection: wiki, RecordKey: "k", Action: firehose.Delete, Trust: rec.Chained},
		&firehose.Commit{Header: h, DID: alice, Rev: revOf(7), Since: revOf(6), CID: c, Data: c, PrevData: c, Records: 3, Trust: rec.Signed},
		&firehose.Commit{Header: h, DID: alice, Rev: revOf(7), Trust: rec.Signed, Desynchronized: firehose.ErrFrame},
		&firehose.Sync{Header: h, DID: alice, Rev: revOf(7), CID: c, Data: c, TooBig: true},
		&firehose.Identity{Header: h, DID: alice, Handle: "alice.test"},
		&firehose.Account{Header: h, DID: alice, Active: true},
		&firehose.Account{Header: h, DID: alice, Status: "deleted"},
		&firehose.Info{Header: firehose.Header{Source: h.Source}, Name: firehose.OutdatedCursor, Message: "m"},
		&firehose.BadFrame{Header: h, DID: alice, Rev: revOf(7), Frame: []byte{1, 2}, Size: 2, Err: firehose.ErrFrame},
		&firehose.Reset{Header: firehose.Header{Source: h.Source}, Last: firehose.Position{Seq: 9, Time: when(9)}, Next: firehose.Position{Seq: 1}},
		&firehose.Reconnect{Header: firehose.Header{Source: h.Source}, Err: firehose.ErrFrame, Attempt: 2, Pause: time.Second, Position: firehose.Position{Seq: 9}, Gap: true},
	} {
		b, err := firehose.MarshalEvent(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := firehose.UnmarshalEvent(b)
		if err != nil {
			t.Errorf("%s: %v", b, err)
			continue
		}
		switch e := got.(type) { // errors are texts
		case *firehose.Commit:
			if e.Desynchronized != nil && e.Desynchronized.Error() == firehose.ErrFrame.Error() {
				e.Desynchronized = firehose.ErrFrame
			}
		case *firehose.BadFrame:
			if e.Err.Error() == firehose.ErrFrame.Error() {
				e.Err = firehose.ErrFrame
			}
		case *firehose.Reconnect:
			if e.Err.Error() == firehose.ErrFrame.Error() {
				e.Err = firehose.ErrFrame
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\n%+v", b, got, want)
		}
	}
	wrong := &firehose.Record{Header: h, DID: alice, Collection: wiki, RecordKey: "k", CID: cid.Of(cid.DagCBOR, nil), Data: data}
	b, _ := firehose.MarshalEvent(wrong)
	if _, err := firehose.UnmarshalEvent(b); err == nil {
		t.Error("a record with another CID is accepted")
	}
	for _, bad := range []string{"", "{}", `{"event":"x"}`, `{"event":"record","record":1}`} {
		if _, err := firehose.UnmarshalEvent([]byte(bad)); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
