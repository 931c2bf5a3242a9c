package subscribe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"strconv"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrReset says that a server has begun to number its messages anew: the first one after a reconnection has a number
// that is not above the last one.
var ErrReset = errors.New("the server was reset")

// Interruption reports that a connection was lost, or could not be made, and that the client will connect again; or
// that the server was reset.
type Interruption struct {
	NSID syntax.NSID
	// Err is the reason: the error with which the iteration would have ended, nil if the server closed the stream
	// normally, or [ErrReset], which is reported when the first message arrives.
	Err error
	// Attempt counts the attempts since the last message, and Pause is how long the client waits. Both are 0 for a reset.
	Attempt int
	Pause   time.Duration
	// Cursor is the number of the last message. If Resumed is true, the client continues after it. Otherwise the
	// messages that the server sends in the meantime are lost.
	Cursor  int64
	Resumed bool
}

// reader reads one subscription, one connection after the other.
type reader struct {
	client       *Client
	subscription *rpc.Subscription
	yield        func(rpc.Frame, error) bool

	seq      int64  // the number of the last message that has one
	known    bool   // whether there is such a message
	last     uint64 // the hash of that message
	again    bool   // whether the next message with a number is the first on this connection, and may be that message again
	progress bool   // whether there was a message on this connection
	ever     bool   // whether there was a message on any connection
}

var seed = maphash.MakeSeed()

// run reads one connection after the other. It returns nil if the server closed the stream normally, or if yield
// returned false.
func (r *reader) run(ctx context.Context) error {
	attempt := 0
	for {
		left, err := r.connection(ctx)
		f, connection := errors.AsType[*stream.Failure](err)
		switch {
		case left:
			return nil
		case !connection:
			return err
		case !r.client.reconnect:
			if f.Closed() {
				return nil
			}
			return own(f)
		case f.Final(r.ever):
			return own(f)
		}
		if r.progress {
			attempt = 0
		}
		attempt++
		i := Interruption{NSID: r.subscription.NSID, Attempt: attempt, Pause: max(stream.Backoff.After(attempt), f.RetryAfter), Cursor: r.seq, Resumed: r.known}
		if !f.Closed() {
			i.Err = own(f)
		}
		if err := pause.Wait(ctx, time.Now().Add(i.Pause), func() { r.client.report(i) }); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return errors.Join(own(f), err)
		}
	}
}

// failed adds the NSID of the subscription to an error that is about to be yielded.
func (r *reader) failed(err error) error {
	return fmt.Errorf("subscribe: %s: %w", r.subscription.NSID, err)
}

// own returns f as an error, which matches the name that the server gave its error, if it gave one.
func own(f *stream.Failure) error {
	if f.Name != "" {
		return named{f.Name, f}
	}
	return f
}

// connection reads one connection to its end. left reports whether yield returned false.
func (r *reader) connection(ctx context.Context) (left bool, err error) {
	params := r.subscription.Params
	if r.known {
		params = with(params, "cursor", strconv.FormatInt(r.seq, 10))
	}
	address := r.client.origin
	address.Path, address.RawQuery = "/xrpc/"+string(r.subscription.NSID), params.Encode()
	r.again, r.progress = r.known, false
	for m, err := range r.client.transport.Frames(ctx, address) {
		if err != nil {
			return false, err
		}
		frame, known, err := parse(m)
		if errors.Is(err, ErrFrame) {
			if !r.yield(rpc.Frame{}, r.failed(&rpc.BadFrame{Data: bytes.Clone(m.Data), Err: err})) {
				return true, nil
			}
			continue
		}
		if err != nil {
			return false, err
		}
		r.ever, r.progress = true, true
		if !known {
			continue
		}
		if r.client.reconnect && r.subscription.Resumable && r.number(frame) {
			continue
		}
		if !r.yield(frame, nil) {
			return true, nil
		}
	}
	return false, &stream.Failure{} // cannot happen: Frames ends with an error
}

// number sets the position to that of a frame. It reports whether to skip the frame because it is the last one before
// the reconnection: a server may send the frame at the cursor again.
func (r *reader) number(f rpc.Frame) (skip bool) {
	n := numbered{seq: -1}
	if lex.DecodeCBOR(f.Payload, &n) != nil || n.seq < 0 {
		return false
	}
	sum := maphash.Bytes(seed, f.Payload)
	again := r.again
	if r.again = false; again && n.seq <= r.seq {
		if n.seq == r.seq && sum == r.last {
			return true
		}
		r.client.report(Interruption{NSID: r.subscription.NSID, Err: ErrReset, Cursor: r.seq})
	}
	r.seq, r.last, r.known = n.seq, sum, true
	return false
}

// numbered decodes a message, but only its number.
type numbered struct{ seq int64 }

var numberedFields = lex.NewFields("seq")

// DecodeLex reads a message. It ignores all fields except seq.
func (n *numbered) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, numberedFields, nil)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		n.seq = d.Int(0, lex.Max)
	}
}

// with returns a copy of params in which the parameter with the given name has the given value.
func with(params rpc.Params, name, value string) rpc.Params {
	var list rpc.Params
	for _, p := range params {
		if p.Name != name {
			list = append(list, p)
		}
	}
	return append(list, rpc.Param{Name: name, Value: value})
}
