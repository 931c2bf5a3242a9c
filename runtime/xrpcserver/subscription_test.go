package xrpcserver_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/internal/pipes"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/subscribe"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// messages is what a test's subscription yields.
type messages = iter.Seq2[lex.Map, error]

func encode(m lex.Map) (string, []byte, error) {
	payload, err := lex.EncodeCBOR(&m)
	return "#m", payload, err
}

func decode(_ string, payload []byte) (m lex.Map, err error) {
	err = lex.DecodeCBOR(payload, &m)
	return m, err
}

// watched is a server of one subscription.
type watched struct {
	*httptest.Server
	mu     sync.Mutex
	hidden []error
}

func watch(t *testing.T, open func(ctx context.Context) messages, opts ...xrpcserver.Option) *watched {
	t.Helper()
	w := new(watched)
	hook := xrpcserver.WithErrorHook(func(_ *http.Request, err error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hidden = append(w.hidden, err)
	})
	w.Server = httptest.NewServer(xrpcserver.New([]xrpcserver.Method{{NSID: "com.example.watch", Subscription: true,
		Serve: func(c *xrpcserver.Call) error { return xrpcserver.Subscription(c, open, encode, decode) }}}, append(opts, hook)...))
	t.Cleanup(w.Close)
	return w
}

// dial opens the subscription.
func (w *watched) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(w.URL, "http")+"/xrpc/com.example.watch", http.Header{"Origin": {"https://elsewhere.example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// with returns a message with one field.
func with(t *testing.T, key string, x any) (m lex.Map) {
	t.Helper()
	v, err := lex.ValueOf(x)
	if err != nil {
		t.Fatal(err)
	}
	m.Set(key, v)
	return m
}

// TestSubscription checks the frames that a client gets, and the end of the stream.
func TestSubscription(t *testing.T) {
	for _, test := range []struct {
		name   string
		then   func(yield func(lex.Map, error) bool) // after two messages
		err    error                                 // nil for a regular end
		code   int
		hidden string
	}{
		{"regular", func(func(lex.Map, error) bool) {}, nil, 1000, ""},
		{"declared error", func(yield func(lex.Map, error) bool) { yield(lex.Map{}, rpc.ErrorName("FutureCursor")) }, rpc.ErrorName("FutureCursor"), 1008, ""},
		{"too slow", func(yield func(lex.Map, error) bool) { yield(lex.Map{}, xrpcserver.ErrConsumerTooSlow) }, xrpcserver.ErrConsumerTooSlow, 1008, ""},
		{"own error", func(yield func(lex.Map, error) bool) {
			yield(lex.Map{}, &xrpcserver.Error{Status: 401, Name: "AuthRequired", Message: strings.Repeat("m", 200)})
		}, rpc.ErrorName("AuthRequired"), 1008, ""},
		{"an error with a long name", func(yield func(lex.Map, error) bool) {
			yield(lex.Map{}, rpc.ErrorName(strings.Repeat("n", 120)+"é"))
		}, rpc.ErrorName(strings.Repeat("n", 120) + "é"), 1008, ""},
		{"another error", func(yield func(lex.Map, error) bool) { yield(lex.Map{}, errors.New("secret")) }, rpc.ErrorName("InternalServerError"), 1011, "secret"},
		{"a panic", func(func(lex.Map, error) bool) { panic("oh") }, rpc.ErrorName("InternalServerError"), 1011, "panic: oh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := watch(t, func(context.Context) messages {
				return func(yield func(lex.Map, error) bool) {
					if yield(with(t, "n", 1), nil) && yield(with(t, "n", 2), nil) {
						test.then(yield)
					}
				}
			})
			client, err := subscribe.New(w.URL, network.Network{AllowPrivate: true})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for f, err := range client.Subscribe(t.Context(), &rpc.Subscription{NSID: "com.example.watch"}) {
				if err != nil {
					if test.err == nil || !errors.Is(err, test.err) {
						t.Errorf("the error is %v, want %v", err, test.err)
					}
					got += "!"
					continue
				}
				text, err := lex.CBORToJSON(f.Payload)
				if err != nil {
					t.Fatal(err)
				}
				got += f.Type + string(text)
			}
			want := `#m{"n":1}#m{"n":2}`
			if test.err != nil {
				want += "!"
			}
			if got != want {
				t.Errorf("got %s", got)
			}
			// The code with which the stream is closed.
			c := w.dial(t)
			for err == nil {
				_, _, err = c.ReadMessage()
			}
			if closed, ok := errors.AsType[*websocket.CloseError](err); !ok || closed.Code != test.code {
				t.Errorf("closed with %v, want %d", err, test.code)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if (len(w.hidden) > 0) != (test.hidden != "") || test.hidden != "" && w.hidden[0].Error() != test.hidden {
				t.Errorf("the hook heard %v, want %s", w.hidden, test.hidden)
			}
		})
	}
}

// untilEnd yields messages until the context ends, and then says why.
func untilEnd(t *testing.T, m lex.Map, ended chan<- error) func(ctx context.Context) messages {
	return func(ctx context.Context) messages {
		return func(yield func(lex.Map, error) bool) {
			for ctx.Err() == nil {
				if !yield(m, nil) {
					ended <- errors.New("yield says that the client has disconnected")
					return
				}
				select {
				case <-ctx.Done():
				case <-time.After(time.Millisecond):
				}
			}
			ended <- context.Cause(ctx)
		}
	}
}

// TestSubscriptionEnds checks that the context of a subscription ends when its client goes, in whatever way, and that it is closed
// when the request's context ends.
func TestSubscriptionEnds(t *testing.T) {
	for name, leave := range map[string]func(c *websocket.Conn){
		"closed": func(c *websocket.Conn) {
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Minute))
		},
		"cut":                         func(c *websocket.Conn) { c.Close() },
		"half closed":                 func(c *websocket.Conn) { c.NetConn().(*net.TCPConn).CloseWrite() },
		"a message that is too large": func(c *websocket.Conn) { c.WriteMessage(websocket.BinaryMessage, make([]byte, 1<<20)) },
		"deaf":                        func(*websocket.Conn) {}, // it does not read, and so does not answer pings
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			w := watch(t, untilEnd(t, with(t, "n", 1), ended), xrpcserver.WithTimes(50*time.Millisecond, time.Hour, time.Second))
			c := w.dial(t)
			leave(c)
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "client has disconnected") {
				t.Errorf("the cause is %v", err)
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.hidden != nil {
				t.Errorf("the hook heard %v", w.hidden)
			}
		})
	}
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	w := &watched{Server: httptest.NewUnstartedServer(xrpcserver.New([]xrpcserver.Method{{NSID: "com.example.watch", Subscription: true,
		Serve: func(c *xrpcserver.Call) error {
			return xrpcserver.Subscription(c, untilEnd(t, with(t, "n", 1), ended), encode, decode)
		}}}))}
	w.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	w.Start()
	defer w.Close()
	c := w.dial(t)
	cancel()
	var err error
	for err == nil {
		_, _, err = c.ReadMessage()
	}
	if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("closed with %v", err)
	}
	<-ended
}

// piped returns a connection in memory to a server of one subscription, for a bubble with a clock of its own.
func piped(t *testing.T, open func(ctx context.Context) messages, opts ...xrpcserver.Option) *websocket.Conn {
	t.Helper()
	l := pipes.Listen(new(net.TCPAddr))
	go http.Serve(l, xrpcserver.New([]xrpcserver.Method{{NSID: "com.example.watch", Subscription: true,
		Serve: func(c *xrpcserver.Call) error { return xrpcserver.Subscription(c, open, encode, decode) }}}, opts...))
	t.Cleanup(func() { l.Close() })
	dialer := websocket.Dialer{NetDialContext: l.Dial}
	c, _, err := dialer.DialContext(t.Context(), "ws://server.test/xrpc/com.example.watch", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// TestPings checks that a client that sends nothing but answers to pings stays, and that its own pings are answered.
func TestPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		c := piped(t, func(ctx context.Context) messages {
			return func(func(lex.Map, error) bool) {
				<-ctx.Done()
				ended <- context.Cause(ctx)
			}
		})
		pings, pongs := 0, 0
		answer := c.PingHandler()
		c.SetPingHandler(func(data string) error {
			if pings++; pings == 10 {
				// Not here: the server answers when it has read this, and a pipe takes the answer only when it is read.
				defer func() { go c.WriteControl(websocket.PingMessage, []byte("mine"), time.Now().Add(time.Minute)) }()
			}
			return answer(data)
		})
		c.SetPongHandler(func(data string) error {
			if data == "mine" {
				pongs++
				return errors.New("enough")
			}
			return nil
		})
		if _, _, err := c.ReadMessage(); err == nil || pings < 10 || pongs != 1 {
			t.Errorf("%d pings, %d pongs: %v", pings, pongs, err)
		}
		select {
		case err := <-ended:
			t.Errorf("ended: %v", err)
		default:
		}
	})
}

// TestConsumerTooSlow checks that a client that does not read is told so when it does, and that one message is asked for after the
// other.
func TestConsumerTooSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan error, 1)
		var sent atomic.Int64
		c := piped(t, func(context.Context) messages {
			return func(yield func(lex.Map, error) bool) {
				defer func() { ended <- nil }()
				for yield(with(t, "text", strings.Repeat("x", 1<<20)), nil) {
					sent.Add(1)
				}
			}
		})
		received := int64(0)
		var last []byte
		for {
			if received == 3 {
				time.Sleep(61 * time.Second) // a second more than a frame may take
			}
			_, frame, err := c.ReadMessage()
			if err != nil {
				if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
					t.Errorf("closed with %v", err)
				}
				break
			}
			last = frame
			if received++; received > 10 {
				t.Fatal("a client that did not read for a minute was not cut off")
			}
		}
		<-ended
		if !strings.Contains(string(last), "ConsumerTooSlow") {
			t.Errorf("the last frame is %.100q", last)
		}
		if n := sent.Load(); n != 3 || received != n+2 { // the one that took too long, and the error
			t.Errorf("%d frames received, %d sent", received, n)
		}
	})
}

// TestFeed checks that each subscriber of a feed gets all messages from its subscription on, in order, or is told that it is too slow.
func TestFeed(t *testing.T) {
	feed := xrpcserver.NewFeed[int](3)
	feed.Publish(0) // to nobody
	ctx, cancel := context.WithCancel(t.Context())
	fast, slow := feed.Subscribe(ctx), feed.Subscribe(ctx)
	var got []int
	done := make(chan error)
	took := make(chan bool)
	go func() {
		for m, err := range fast {
			if err != nil {
				done <- err
				return
			}
			got = append(got, m)
			took <- true
		}
		done <- nil
	}()
	for i := 1; i <= 5; i++ {
		feed.Publish(i)
		<-took
	}
	cancel()
	if err := <-done; err != nil || len(got) != 5 || got[0] != 1 || got[4] != 5 {
		t.Errorf("got %v, %v", got, err)
	}
	for range slow {
		t.Error("a message after the end of the context")
	}
	got = nil
	late := feed.Subscribe(t.Context())
	for i := range 10 {
		feed.Publish(i)
	}
	var last error
	for m, err := range late {
		if last = err; err == nil {
			got = append(got, m)
		}
	}
	if len(got) != 3 || got[2] != 2 || last != error(xrpcserver.ErrConsumerTooSlow) {
		t.Errorf("got %v, %v", got, last)
	}
}
