package subscribe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/subscribe"
)

// connection is what a server does with one connection: it sends frames and closes the stream with code, or breaks it off if
// that is 0, or refuses it with an HTTP status.
type connection struct {
	query  string // what the client has to ask for
	status int
	code   int
	frames [][]byte
}

// lossy answers one connection after the other.
func lossy(t *testing.T, list ...connection) (url string) {
	t.Helper()
	var count atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(count.Add(1)) - 1
		if n >= len(list) {
			t.Errorf("connection %d", n+1)
			http.Error(w, `{"error": "TooMany"}`, http.StatusBadRequest)
			return
		}
		next := list[n]
		if r.URL.RawQuery != next.query {
			t.Errorf("connection %d asks for %s, want %s", n+1, r.URL.RawQuery, next.query)
		}
		if next.status != 0 {
			w.WriteHeader(next.status)
			fmt.Fprint(w, `{"error": "Busy"}`)
			return
		}
		c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for _, f := range next.frames {
			c.WriteMessage(websocket.BinaryMessage, f)
		}
		if next.code != 0 {
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(next.code, ""), time.Now().Add(time.Second))
			c.ReadMessage()
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestReconnect checks where a client goes on after each kind of loss, what it reports, and when it gives up.
func TestReconnect(t *testing.T) {
	seq := func(n int) []byte { return frame(t, `{"op": 1, "t": "#a"}`, fmt.Sprintf(`{"seq": %d}`, n)) }
	info := frame(t, `{"op": 1, "t": "#info"}`, `{"name": "hello"}`)
	end := connection{query: "cursor=%d", code: 1008, frames: [][]byte{frame(t, `{"op": -1}`, `{"error": "FutureCursor"}`)}}
	last := func(query string) connection { c := end; c.query = query; return c }
	for _, test := range []struct {
		name         string
		subscription *rpc.Subscription
		list         []connection
		want         string
		reports      []string
		err          error
	}{
		{"cut, closed and refused", watching, []connection{
			{"cursor=7", 0, 0, [][]byte{seq(8), seq(9)}},
			{"cursor=9", 0, 1000, [][]byte{info, seq(9), seq(10)}}, // inclusive, after a message without a number
			{"cursor=10", 503, 0, nil},
			{"cursor=10", 0, 1012, [][]byte{seq(11)}},
			last("cursor=11"),
		}, `#a{"seq":8} #a{"seq":9} #info{"name":"hello"} #a{"seq":10} #a{"seq":11} `,
			[]string{"1 after 9 true: true", "1 after 10 true: false", "2 after 10 true: true", "1 after 11 true: true"}, rpc.ErrorName("FutureCursor")},
		{"no numbers", watching, []connection{{"cursor=7", 0, 1000, [][]byte{info}}, {"cursor=7", 0, 1000, [][]byte{info}}, last("cursor=7")},
			`#info{"name":"hello"} #info{"name":"hello"} `, []string{"1 after 0 false: false", "1 after 0 false: false"}, rpc.ErrorName("FutureCursor")},
		{"not resumable", &rpc.Subscription{NSID: "com.example.watch"}, []connection{{"", 0, 1000, [][]byte{seq(1)}}, last("")},
			`#a{"seq":1} `, []string{"1 after 0 false: false"}, rpc.ErrorName("FutureCursor")},
		{"reset", watching, []connection{{"cursor=7", 0, 1000, [][]byte{seq(8)}}, {"cursor=8", 0, 1000, [][]byte{seq(1)}}, last("cursor=1")},
			`#a{"seq":8} #a{"seq":1} `, []string{"1 after 8 true: false", "reset after 8", "1 after 1 true: false"}, rpc.ErrorName("FutureCursor")},
		{"another message of the same number", watching, []connection{{"cursor=7", 0, 1000, [][]byte{seq(8)}},
			{"cursor=8", 0, 1000, [][]byte{frame(t, `{"op": 1, "t": "#a"}`, `{"seq": 8, "other": true}`)}}, last("cursor=8")},
			`#a{"seq":8} #a{"seq":8,"other":true} `, []string{"1 after 8 true: false", "reset after 8", "1 after 8 true: false"}, rpc.ErrorName("FutureCursor")},
		{"a slow consumer", watching, []connection{{"cursor=7", 0, 1008, [][]byte{seq(8), frame(t, `{"op": -1}`, `{"error": "ConsumerTooSlow"}`)}}, last("cursor=8")},
			`#a{"seq":8} `, []string{"1 after 8 true: true"}, rpc.ErrorName("FutureCursor")},
		{"a malformed frame", watching, []connection{{"cursor=7", 0, 1000, [][]byte{seq(8), {0xff}, seq(9), {0xff, 0xff}}}, {"cursor=9", 0, 1000, [][]byte{{0}}}, last("cursor=9")},
			`#a{"seq":8} malformed(1) #a{"seq":9} malformed(2) malformed(1) `, []string{"1 after 9 true: false", "2 after 9 true: false"}, rpc.ErrorName("FutureCursor")},
		{"refused for ever", watching, []connection{{"cursor=7", 400, 0, nil}}, ``, nil, rpc.ErrorName("Busy")},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var reports []string
			client, err := subscribe.New(lossy(t, test.list...), network.Network{AllowPrivate: true}, subscribe.WithReconnect(func(i subscribe.Interruption) {
				if i.NSID != "com.example.watch" {
					t.Errorf("%+v", i)
				}
				if errors.Is(i.Err, subscribe.ErrReset) {
					reports = append(reports, fmt.Sprint("reset after ", i.Cursor))
					return
				}
				if i.Pause <= 0 || i.Pause > 10*time.Second {
					t.Errorf("a pause of %v", i.Pause)
				}
				reports = append(reports, fmt.Sprintf("%d after %d %t: %t", i.Attempt, i.Cursor, i.Resumed, i.Err != nil))
			}))
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(client.Subscribe(t.Context(), test.subscription))
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("got %s, %v\nwant %s, %v", got, err, test.want, test.err)
			}
			if a, b := strings.Join(reports, ", "), strings.Join(test.reports, ", "); a != b {
				t.Errorf("reported %s\nwant %s", a, b)
			}
		})
	}
}

// TestReconnectEnds checks that a pause ends with the context.
func TestReconnectEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	client, err := subscribe.New(lossy(t, connection{"cursor=7", 503, 0, nil}), network.Network{AllowPrivate: true},
		subscribe.WithReconnect(func(subscribe.Interruption) { cancel(cause) }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(client.Subscribe(ctx, watching)); !errors.Is(err, cause) {
		t.Errorf("the error is %v", err)
	}
}
