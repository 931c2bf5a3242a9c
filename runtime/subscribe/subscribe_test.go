package subscribe_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/subscribe"
)

// frame returns the bytes of objects given in JSON.
func frame(t *testing.T, objects ...string) []byte {
	t.Helper()
	var all []byte
	for _, text := range objects {
		data, err := lex.JSONToCBOR([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// source sends frames to whoever subscribes to com.example.watch?cursor=7, and then closes the stream with code, or
// breaks the connection off if that is 0.
func source(t *testing.T, code int, frames ...[]byte) *subscribe.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/xrpc/com.example.watch?cursor=7" {
			http.Error(w, `{"error": "InvalidRequest", "message": "no"}`, http.StatusBadRequest)
			return
		}
		c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for _, f := range frames {
			c.WriteMessage(websocket.BinaryMessage, f)
		}
		if code == 1 {
			c.ReadMessage() // until the client goes
		} else if code != 0 {
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
			c.ReadMessage()
		}
	}))
	t.Cleanup(server.Close)
	client, err := subscribe.New(server.URL, network.Network{AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

var watching = &rpc.Subscription{NSID: "com.example.watch", Params: rpc.Params{{Name: "cursor", Value: "7"}}, Resumable: true}

// read returns the types and sizes of all frames, and the error that ends them.
func read(frames iter.Seq2[rpc.Frame, error]) (text string, last error) {
	for f, err := range frames {
		if bad, ok := errors.AsType[*rpc.BadFrame](err); ok && errors.Is(bad, subscribe.ErrFrame) {
			text += fmt.Sprintf("malformed(%d) ", len(bad.Data))
			continue
		}
		if err != nil {
			return text, err
		}
		data, err := lex.CBORToJSON(f.Payload)
		if err != nil {
			return text, err
		}
		text += f.Type + string(data) + " "
	}
	return text, nil
}

// TestSubscribe checks what comes of the frames of a server, and of the ends of a stream.
func TestSubscribe(t *testing.T) {
	one := frame(t, `{"op": 1, "t": "#a"}`, `{"n": 1}`)
	for _, test := range []struct {
		name   string
		code   int
		frames [][]byte
		want   string
		err    error // nil for a regular end
		text   string
	}{
		{"frames", 1000, [][]byte{one, frame(t, `{"op": 1, "t": "com.example.watch#b", "later": true}`, `{"x": [1]}`)}, `#a{"n":1} com.example.watch#b{"x":[1]} `, nil, ""},
		{"going away", 1001, [][]byte{one}, `#a{"n":1} `, nil, ""},
		{"unknown operation", 1000, [][]byte{frame(t, `{"op": 7}`, `{}`), one}, `#a{"n":1} `, nil, ""},
		{"named error", 1000, [][]byte{one, frame(t, `{"op": -1}`, `{"error": "FutureCursor", "message": "too far"}`)}, `#a{"n":1} `, rpc.ErrorName("FutureCursor"), `"too far"`},
		{"one object", 1000, [][]byte{frame(t, `{"op": 1, "t": "#a"}`)}, "malformed(10) ", nil, ""},
		{"three objects", 1000, [][]byte{frame(t, `{"op": 1, "t": "#a"}`, `{}`, `{}`)}, "malformed(12) ", nil, ""},
		{"no objects", 1000, [][]byte{frame(t, `1`, `2`)}, "malformed(2) ", nil, ""},
		{"rubbish", 1000, [][]byte{{0xff, 0xff}}, "malformed(2) ", nil, ""},
		{"too large", 1000, [][]byte{make([]byte, subscribe.MaxFrame+1)}, "malformed(8388608) ", nil, ""},
		{"broken off", 0, [][]byte{one}, `#a{"n":1} `, errAny, ""},
		{"closed with an error", 1011, [][]byte{one}, `#a{"n":1} `, errAny, "1011"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := source(t, test.code, test.frames...)
			got, err := read(client.Subscribe(t.Context(), watching))
			if got != test.want {
				t.Errorf("the frames are %s, want %s", got, test.want)
			}
			switch {
			case test.err == nil && err == nil:
			case test.err == nil, err == nil, test.err != errAny && !errors.Is(err, test.err), !strings.Contains(err.Error(), test.text):
				t.Errorf("the error is %v, want %v and %s", err, test.err, test.text)
			}
		})
	}
}

// errAny stands for any error.
var errAny = errors.New("any error")

// TestRefused checks what is said of a server that does not open the stream.
func TestRefused(t *testing.T) {
	_, err := read(source(t, 1000).Subscribe(t.Context(), &rpc.Subscription{NSID: "com.example.other"}))
	if !errors.Is(err, rpc.ErrorName("InvalidRequest")) || !strings.Contains(err.Error(), "com.example.other: ") {
		t.Errorf("the error is %v", err)
	}
	if _, err := subscribe.New("ws://labeler.example.org", network.Network{}); err == nil {
		t.Error("a connection without TLS is allowed")
	}
}

// TestEnd checks that the end of the context ends the iteration, and a break ends the connection.
func TestEnd(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	cause := errors.New("enough")
	one := frame(t, `{"op": 1, "t": "#a"}`, `{}`)
	var last error
	for _, err := range source(t, 1, one).Subscribe(ctx, watching) {
		if last = err; err == nil {
			cancel(cause)
		}
	}
	if !errors.Is(last, cause) {
		t.Errorf("the last error is %v", last)
	}
	for range source(t, 1, one).Subscribe(t.Context(), watching) {
		break
	}
}

// TestMessages checks that an invalid message does not end the iteration, and that an error does.
func TestMessages(t *testing.T) {
	end := errors.New("end")
	frames := func(yield func(rpc.Frame, error) bool) {
		_ = yield(rpc.Frame{Type: "good"}, nil) && yield(rpc.Frame{Type: "bad"}, nil) && yield(rpc.Frame{Type: "good"}, nil) && yield(rpc.Frame{}, end)
	}
	var got []string
	for m, err := range rpc.Messages(frames, func(t string, _ []byte) (string, error) {
		if t == "bad" {
			return t, errAny
		}
		return t, nil
	}) {
		text := m
		if err != nil {
			text += "!" + err.Error()
		}
		got = append(got, text)
	}
	if text := strings.Join(got, " "); text != "good bad!any error good !end" {
		t.Errorf("got %s", text)
	}
}
