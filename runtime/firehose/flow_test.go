package firehose_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/pipes"
	"github.com/layers-pub/layers-go/runtime/network"
)

// TestHotRepo: 10,000 commits of one repository do not hold up another one, and a slow caller takes bounded memory.
func TestHotRepo(t *testing.T) {
	const commits = 10_000
	sent := make(chan struct{})
	url := source(t, func(c *websocket.Conn, _ int64) {
		gone := make(chan struct{})
		go func() { // answers pings
			defer close(gone)
			for {
				if _, _, err := c.ReadMessage(); err != nil {
					return
				}
			}
		}()
		for seq := int64(1); seq <= commits; seq++ {
			did := alice
			if seq == 50 {
				did = bob
			}
			c.WriteMessage(websocket.BinaryMessage, commit(t, seq, did, create(wiki, "k")))
		}
		close(sent)
		c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
		<-gone
	})
	monitor := new(firehose.Monitor)
	const limit = 4 << 20
	count, cold := 0, -1
	last := int64(0)
	for event, err := range client(t, url).Subscribe(t.Context(), &firehose.Options{Monitor: monitor, Queue: limit}) {
		if err != nil {
			t.Fatal(err)
		}
		e := event.(*firehose.Record)
		if count == 0 {
			// Wait until the queue is full.
			for before := int64(-1); before != monitor.Health().Frames || monitor.Health().Queued < limit; time.Sleep(200 * time.Millisecond) {
				before = monitor.Health().Frames
			}
			h := monitor.Health()
			if h.Queued < limit || h.Queued > limit+1<<20 || h.Frames >= commits {
				t.Errorf("a full queue has %d bytes of %d after %d frames", h.Queued, limit, h.Frames)
			}
		}
		if e.DID == bob {
			cold = count
		} else if e.Seq <= last {
			t.Fatalf("%d after %d", e.Seq, last)
		} else {
			last = e.Seq
		}
		count++
	}
	if count != commits || cold < 0 || cold > 3 {
		t.Errorf("%d events; the other repository was number %d", count, cold)
	}
	<-sent
}

// TestQuiet: ten quiet minutes do not end a stream, without Reconnect.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := pipes.Listen(new(net.TCPAddr))
		defer server.Close()
		go serve(server, func(c *websocket.Conn, n int) {
			gone := make(chan struct{})
			go func() { // answers pings
				c.ReadMessage()
				close(gone)
			}()
			if n == 0 {
				c.WriteMessage(websocket.BinaryMessage, commit(t, 1, alice, create(wiki, "a")))
				time.Sleep(10 * time.Minute)
				c.WriteMessage(websocket.BinaryMessage, commit(t, 2, alice, create(wiki, "b")))
				c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(time.Second))
			}
			<-gone
		})
		monitor := new(firehose.Monitor)
		began := time.Now()
		c := client(t, "http://pds.test", firehose.WithNetwork(network.Network{HTTPClient: server.Client()}))
		var lines []string
		for event, err := range c.Subscribe(t.Context(), &firehose.Options{Monitor: monitor}) {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line(event))
		}
		expect(t, lines, "1 create", "2 create")
		if d := time.Since(began); d < 10*time.Minute || d > 11*time.Minute {
			t.Errorf("it took %v", d)
		}
	})
}

// TestDead: a connection on which nothing is answered is lost, from its first moment, and in the middle of a frame.
func TestDead(t *testing.T) {
	frame := commit(t, 1, alice, create(wiki, "a"))
	for name, hang := range map[string]func(c *websocket.Conn){
		"after the handshake":     func(*websocket.Conn) {},
		"in the middle":           func(c *websocket.Conn) { c.NetConn().Write(append([]byte{0x82, 126, 0, 200}, frame[:50]...)) },
		"after a frame's head":    func(c *websocket.Conn) { c.NetConn().Write([]byte{0x82}) },
		"after a ping of its own": func(c *websocket.Conn) { c.NetConn().Write([]byte{0x89, 0}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			server := pipes.Listen(new(net.TCPAddr))
			defer server.Close()
			go serve(server, func(c *websocket.Conn, _ int) {
				gone := make(chan struct{})
				go func() { // takes what the client sends, as a kernel does, and answers nothing
					defer close(gone)
					for b := make([]byte, 100); ; {
						if _, err := c.NetConn().Read(b); err != nil {
							return
						}
					}
				}()
				hang(c)
				<-gone
			})
			began := time.Now()
			_, err := toldIn(t, client(t, "http://pds.test", firehose.WithNetwork(network.Network{HTTPClient: server.Client()})))
			if err == nil || !strings.Contains(err.Error(), "dead") || time.Since(began) > time.Minute {
				t.Errorf("%s: %v after %v", name, err, time.Since(began))
			}
		})
	}
}

func toldIn(t *testing.T, c *firehose.Client) (lines []string, err error) {
	for event, err := range c.Subscribe(t.Context(), nil) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line(event))
	}
	return lines, nil
}

// serve answers the connections of a listener with scripts, which get their number, until it is closed.
func serve(l net.Listener, f func(c *websocket.Conn, n int)) {
	n := 0
	http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		n++
		f(c, n-1)
	}))
}

// TestTooSlow: when a source gives up, the subscription goes on from its position, after the loop has caught up.
func TestTooSlow(t *testing.T) {
	frames := map[int64][]byte{}
	for seq := int64(1); seq <= 40; seq++ {
		frames[seq] = commit(t, seq, alice, create(wiki, fmt.Sprint(seq)))
	}
	url := source(t,
		func(c *websocket.Conn, _ int64) {
			for seq := int64(1); seq <= 20; seq++ {
				c.WriteMessage(websocket.BinaryMessage, frames[seq])
			}
			c.WriteMessage(websocket.BinaryMessage, errorFrame("ConsumerTooSlow"))
			finish(c, 1008)
		},
		func(c *websocket.Conn, cursor int64) {
			if cursor != 20 {
				t.Errorf("it went on from %d", cursor)
			}
			after(1000, frames, 40)(c, cursor)
		},
		send(1008, errorFrame("FutureCursor")))
	monitor := new(firehose.Monitor)
	var seqs []int64
	tooSlow := false
	for event, err := range client(t, url).Subscribe(t.Context(), &firehose.Options{Reconnect: true, Queue: 16 << 10, Monitor: monitor}) {
		if err != nil {
			if !errors.Is(err, firehose.ErrFutureCursor) {
				t.Error(err)
			}
			break
		}
		switch e := event.(type) {
		case *firehose.Reconnect:
			tooSlow = tooSlow || errors.Is(e.Err, firehose.ErrConsumerTooSlow)
		case *firehose.Record:
			seqs = append(seqs, e.Seq)
			time.Sleep(time.Millisecond)
		}
	}
	if !tooSlow || len(seqs) != 40 || !slices.IsSorted(seqs) {
		t.Errorf("too slow: %v; %v", tooSlow, seqs)
	}
}

// TestSilentCollection: that one collection is silent while others flow shows in the health.
func TestSilentCollection(t *testing.T) {
	var frames [][]byte
	for seq := int64(1); seq <= 20; seq++ {
		frames = append(frames, commit(t, seq, alice, create(wiki, fmt.Sprint(seq))))
	}
	monitor := new(firehose.Monitor)
	if _, err := told(t, client(t, source(t, send(1000, frames...))), &firehose.Options{
		Collections: []string{string(wiki), "pub.layers.persona.persona"}, Monitor: monitor,
	}); err != nil {
		t.Fatal(err)
	}
	h := monitor.Health()
	flows, silent := h.Collections[wiki], h.Collections["pub.layers.persona.persona"]
	if _, listed := h.Collections["pub.layers.persona.persona"]; !listed || flows.Events != 20 || flows.Seq != 20 || flows.Last.IsZero() || silent.Events != 0 || !silent.Last.IsZero() ||
		h.Frames != 20 || h.Events != 20 || h.Read.Seq != 20 || h.Done.Seq != 20 || h.Queued != 0 || h.Connected || h.LastFrame.IsZero() || h.Lag >= 0 {
		t.Errorf("%+v", h)
	}
}

// TestQuietStart: an event that is written while a subscription without a position connects again is not lost, and older
// ones are not yielded.
func TestQuietStart(t *testing.T) {
	old := message(t, 1, alice, create(wiki, "old"))
	old.Time = "2020-01-01T00:00:00.000Z"
	url := source(t,
		func(c *websocket.Conn, _ int64) { time.Sleep(400 * time.Millisecond) },
		func(c *websocket.Conn, cursor int64) {
			if cursor != 0 {
				t.Errorf("the cursor is %d", cursor)
			}
			send(1000, frameOf(t, "#commit", old), commit(t, 2, alice, create(wiki, "new")))(c, cursor)
		},
		send(1008, errorFrame("FutureCursor")))
	lines, _ := told(t, client(t, url), &firehose.Options{Reconnect: true})
	// A Reconnect may come before events that were received earlier.
	slices.Sort(lines)
	expect(t, lines, "2 create pub.layers.corpus.corpus/new", "reconnect 1 after 0 gap false", "reconnect 1 after 2 gap false")
}

// TestContext: the end of a context ends everything soon, wherever it waits.
func TestContext(t *testing.T) {
	silent := func(c *websocket.Conn, _ int64) { c.ReadMessage() }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	before := runtime.NumGoroutine()
	for name, url := range map[string]string{
		"reading": source(t, silent), "handshake": "http://" + listener.Addr().String(), "pause": "http://127.0.0.1:1",
	} {
		because := errors.New("because")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(300*time.Millisecond, func() { cancel(because) })
		began := time.Now()
		var last error
		for _, err := range client(t, url).Subscribe(ctx, &firehose.Options{Reconnect: true}) {
			last = err
		}
		if !errors.Is(last, because) || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %v after %v", name, last, time.Since(began))
		}
	}
	for wait := 0; runtime.NumGoroutine() > before+6 && wait < 3000; wait++ {
		time.Sleep(20 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before+6 {
		t.Errorf("%d goroutines, before %d", n, before)
	}
}

// TestPrivate: the rules of package guard apply to the dial and to redirects, and end a subscription that reconnects.
func TestPrivate(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	if _, err := firehose.New("ws://relay.example.com"); err == nil {
		t.Error("a connection without TLS is allowed")
	}
	c, err := firehose.New(strings.Replace(source(t, send(1000)), "http:", "https:", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := told(t, c, &firehose.Options{Reconnect: true}); !errors.Is(err, guard.ErrPrivate) {
		t.Error(err)
	}
	if _, err := told(t, client(t, source(t, send(1000))), nil); err != nil {
		t.Errorf("with a proxy in the environment: %v", err)
	}
	loop := httpServer(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) })
	if _, err := told(t, client(t, loop), &firehose.Options{Reconnect: true}); !errors.Is(err, guard.ErrRedirect) {
		t.Error(err)
	}
	to := source(t, send(1000, commit(t, 1, alice, create(wiki, "a"))))
	once := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to+r.URL.String(), http.StatusTemporaryRedirect)
	})
	if lines, err := told(t, client(t, once), nil); err != nil || len(lines) != 1 {
		t.Error(lines, err)
	}
}

// TestRefused: the source's own word, and the first answer, end a subscription that reconnects; others do not.
func TestRefused(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		ends   bool
		is     error
	}{
		{404, "<html>", true, nil},
		{400, `{"error":"FutureCursor","message":"no"}`, true, firehose.ErrFutureCursor},
		{503, "busy", false, nil},
		{429, `{"error":"RateLimitExceeded"}`, false, nil},
		{200, "hello", false, nil},
	} {
		url := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(test.status)
			fmt.Fprint(w, test.body)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		var reconnects int
		var end error
		for event, err := range client(t, url).Subscribe(ctx, &firehose.Options{Reconnect: true}) {
			if end = err; err != nil {
				break
			}
			e, ok := errors.AsType[*firehose.Error](event.(*firehose.Reconnect).Err)
			if !ok || e.Status != test.status {
				t.Errorf("%d: %v", test.status, e)
			}
			if reconnects++; reconnects == 2 {
				break
			}
		}
		cancel()
		e, _ := errors.AsType[*firehose.Error](end)
		if test.ends != (e != nil) || test.ends && (e.Status != test.status || test.is != nil && !errors.Is(end, test.is)) || !test.ends && reconnects != 2 {
			t.Errorf("%d: %d reconnections, %v", test.status, reconnects, end)
		}
	}
}

// TestUnread: when a ping cannot be sent since the source has gone, what it sent before is read all the same.
func TestUnread(t *testing.T) {
	for _, test := range []struct {
		end  script
		code int
	}{
		{send(0, commit(t, 4, alice)), 0},
		{func(c *websocket.Conn, _ int64) {
			send(0, commit(t, 4, alice))(c, 0)
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1008, ""), time.Now().Add(time.Minute))
		}, 1008},
	} {
		dial := func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			return &mute{Conn: c, failed: make(chan struct{})}, err
		}
		c := client(t, source(t, test.end), firehose.WithNetwork(network.Network{AllowPrivate: true, HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial}}}))
		_, err := told(t, c, nil)
		e, ok := errors.AsType[*firehose.Error](err)
		if !ok || e.Position.Seq != 4 || e.Code != test.code || test.code == 0 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("code %d: %v", test.code, err)
		}
	}
}

// mute is a connection on which nothing can be sent after the handshake, and nothing is received before that was tried.
type mute struct {
	net.Conn
	writes, reads int
	failed        chan struct{}
}

func (c *mute) Write(b []byte) (int, error) {
	if c.writes++; c.writes == 1 {
		return c.Conn.Write(b)
	}
	if c.writes == 2 {
		close(c.failed)
	}
	return 0, syscall.ECONNRESET
}

func (c *mute) Read(b []byte) (int, error) {
	if c.reads++; c.reads > 1 {
		<-c.failed
		time.Sleep(20 * time.Millisecond) // for what a failed ping may lead to
	}
	return c.Conn.Read(b[:min(len(b), 200)]) // the answer to the handshake, and not much more
}

// TestUnwanted: a frame that nobody wants costs no allocation but those of the WebSocket library.
func TestUnwanted(t *testing.T) {
	const n = 20_000
	frame := commit(t, 1, alice, create(post, "a"), create(post, "b"))
	seq := bytes.Index(frame, append(text("seq", nil), 1)) + 4
	url := source(t, func(c *websocket.Conn, _ int64) {
		prepared := make([]*websocket.PreparedMessage, 20)
		for i := range prepared {
			b := bytes.Clone(frame)
			b[seq] = byte(i) // numbers that change, so that no frame seems to come again
			prepared[i], _ = websocket.NewPreparedMessage(websocket.BinaryMessage, b)
		}
		for i := range n {
			c.WritePreparedMessage(prepared[i%len(prepared)])
		}
		finish(c, 1000)
	})
	allocations := func(f func() int64) int64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got := f(); got != n {
			t.Fatalf("%d frames", got)
		}
		runtime.ReadMemStats(&after)
		return int64(after.Mallocs - before.Mallocs)
	}
	library := allocations(func() (got int64) {
		c, _, err := websocket.DefaultDialer.Dial(strings.Replace(url, "http", "ws", 1)+"/xrpc/com.atproto.sync.subscribeRepos", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for buf := make([]byte, 1<<20); ; got++ {
			_, r, err := c.NextReader()
			if err != nil {
				return got
			}
			for err == nil {
				_, err = r.Read(buf)
			}
		}
	})
	ours := allocations(func() int64 {
		monitor := new(firehose.Monitor)
		options := &firehose.Options{Monitor: monitor, Commits: func(did []byte) bool { return string(did) == string(bob) }}
		for event, err := range client(t, url).Subscribe(t.Context(), options) {
			t.Error(event, err)
		}
		return monitor.Health().Frames
	})
	if ours-library > n/20 {
		t.Errorf("%.2f allocations a frame, %.2f of which are the library's", float64(ours)/n, float64(library)/n)
	}
	t.Logf("%.3f allocations a frame, the library alone %.3f", float64(ours)/n, float64(library)/n)
}
