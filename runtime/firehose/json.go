package firehose

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// wire is the JSON form of events of all types. An event has only the fields that its type uses.
type wire struct {
	Event      string          `json:"event"`
	Source     string          `json:"source"`
	Seq        int64           `json:"seq,omitempty"`
	Time       syntax.Datetime `json:"time,omitempty"`
	DID        syntax.DID      `json:"did,omitempty"`
	Rev        syntax.TID      `json:"rev,omitempty"`
	Since      syntax.TID      `json:"since,omitempty"`
	Action     Action          `json:"action,omitempty"`
	Collection syntax.NSID     `json:"collection,omitempty"`
	RecordKey  string          `json:"rkey,omitempty"`
	CID        cid.CID         `json:"cid,omitzero"`
	Data       cid.CID         `json:"data,omitzero"`
	PrevData   cid.CID         `json:"prevData,omitzero"`
	Records    int             `json:"records,omitempty"`
	Broken     string          `json:"desynchronized,omitempty"`
	Trust      string          `json:"trust,omitempty"`
	Record     json.RawMessage `json:"record,omitempty"`
	Block      []byte          `json:"block,omitempty"`
	Issues     []string        `json:"issues,omitempty"`
	TooBig     bool            `json:"tooBig,omitempty"`
	Handle     syntax.Handle   `json:"handle,omitempty"`
	Active     *bool           `json:"active,omitempty"`
	Status     string          `json:"status,omitempty"`
	Name       string          `json:"name,omitempty"`
	Message    string          `json:"message,omitempty"`
	Frame      []byte          `json:"frame,omitempty"`
	Size       int64           `json:"size,omitempty"`
	Error      string          `json:"error,omitempty"`
	Last       *Position       `json:"last,omitempty"`
	Next       *Position       `json:"next,omitempty"`
	Attempt    int             `json:"attempt,omitempty"`
	Pause      time.Duration   `json:"pause,omitempty"`
	Gap        bool            `json:"gap,omitempty"`
}

// MarshalEvent returns an event as a JSON object, whose field "event" names the event's type. A record is in the field
// "record", in the JSON form of the data model, if that form encodes to the same bytes again; otherwise its bytes are
// in the field "block". [UnmarshalEvent] reads the result. MarshalEvent is for programs that pass events on to others.
func MarshalEvent(event Event) ([]byte, error) {
	h := event.Head()
	w := wire{Event: event.kind(), Source: h.Source, Seq: h.Seq, Time: h.Time}
	switch e := event.(type) {
	case *Record:
		w.DID, w.Rev, w.Action, w.Collection, w.RecordKey, w.CID, w.Trust = e.DID, e.Rev, e.Action, e.Collection, string(e.RecordKey), e.CID, e.Trust.String()
		if e.Data != nil {
			// Bytes that are not canonical DAG-CBOR cannot be restored from their JSON form.
			if text, err := lex.CBORToJSON(e.Data); err == nil {
				w.Record = text
			} else {
				w.Block = e.Data
			}
		}
		for _, problem := range e.Issues {
			w.Issues = append(w.Issues, problem.String())
		}
	case *Commit:
		w.DID, w.Rev, w.Since, w.CID, w.Data, w.PrevData, w.Records, w.Trust = e.DID, e.Rev, e.Since, e.CID, e.Data, e.PrevData, e.Records, e.Trust.String()
		if e.Desynchronized != nil {
			w.Broken = e.Desynchronized.Error()
		}
	case *Sync:
		w.DID, w.Rev, w.CID, w.Data, w.TooBig, w.Trust = e.DID, e.Rev, e.CID, e.Data, e.TooBig, e.Trust.String()
	case *Identity:
		w.DID, w.Handle = e.DID, e.Handle
	case *Account:
		w.DID, w.Active, w.Status = e.DID, &e.Active, e.Status
	case *Info:
		w.Name, w.Message = e.Name, e.Message
	case *BadFrame:
		w.DID, w.Rev, w.Frame, w.Size, w.Error = e.DID, e.Rev, e.Frame, e.Size, e.Err.Error()
	case *Reset:
		w.Last, w.Next = &e.Last, &e.Next
	case *Reconnect:
		w.Error, w.Attempt, w.Pause, w.Last, w.Gap = e.Err.Error(), e.Attempt, e.Pause, &e.Position, e.Gap
	}
	return json.Marshal(w)
}

// UnmarshalEvent reads an event that [MarshalEvent] wrote, and checks a record's bytes against its CID. The errors in
// the event have only their texts, a [*Record] has no Value and no Issues, and the method Ack has no effect.
func UnmarshalEvent(b []byte) (Event, error) {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("firehose: event: %w", err)
	}
	h := Header{Source: w.Source, Seq: w.Seq, Time: w.Time}
	trust := rec.Claimed
	for t := rec.Claimed; t <= rec.Chained; t++ {
		if t.String() == w.Trust {
			trust = t
		}
	}
	position := func(p *Position) Position {
		if p == nil {
			return Position{}
		}
		return *p
	}
	switch w.Event {
	case "record":
		e := &Record{Header: h, DID: w.DID, Rev: w.Rev, Collection: w.Collection, RecordKey: syntax.RecordKey(w.RecordKey), Action: w.Action, CID: w.CID, Data: w.Block, Trust: trust}
		if w.Record != nil {
			data, err := lex.JSONToCBOR(w.Record)
			if err != nil {
				return nil, fmt.Errorf("firehose: event: record %s: %w", e.URI(), err)
			}
			e.Data = data
		}
		if e.CID.Defined() != (e.Data != nil) || e.Data != nil && cid.Of(cid.DagCBOR, e.Data) != e.CID {
			return nil, fmt.Errorf("firehose: event: record %s does not match its CID", e.URI())
		}
		return e, nil
	case "commit":
		e := &Commit{Header: h, DID: w.DID, Rev: w.Rev, Since: w.Since, CID: w.CID, Data: w.Data, PrevData: w.PrevData, Records: w.Records, Trust: trust}
		if w.Broken != "" {
			e.Desynchronized = errors.New(w.Broken)
		}
		return e, nil
	case "sync":
		return &Sync{Header: h, DID: w.DID, Rev: w.Rev, CID: w.CID, Data: w.Data, TooBig: w.TooBig, Trust: trust}, nil
	case "identity":
		return &Identity{Header: h, DID: w.DID, Handle: w.Handle}, nil
	case "account":
		return &Account{Header: h, DID: w.DID, Active: w.Active != nil && *w.Active, Status: w.Status}, nil
	case "info":
		return &Info{Header: h, Name: w.Name, Message: w.Message}, nil
	case "badFrame":
		return &BadFrame{Header: h, DID: w.DID, Rev: w.Rev, Frame: w.Frame, Size: w.Size, Err: errors.New(w.Error)}, nil
	case "reset":
		return &Reset{Header: h, Last: position(w.Last), Next: position(w.Next)}, nil
	case "reconnect":
		return &Reconnect{Header: h, Err: errors.New(w.Error), Attempt: w.Attempt, Pause: w.Pause, Position: position(w.Last), Gap: w.Gap}, nil
	}
	return nil, fmt.Errorf("firehose: event of an unknown type %.100q", w.Event)
}
