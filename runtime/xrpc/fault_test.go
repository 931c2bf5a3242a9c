package xrpc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

// TestFaults: a server that misbehaves, seen by a call for JSON and by one for a stream. Each ends in an
// error that says what it is, after the time that it must take.
func TestFaults(t *testing.T) {
	hang := func(text string) func(net.Conn, *http.Request) {
		return func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, text)
			io.Copy(io.Discard, conn) // until the client goes away
		}
	}
	hangUp := func(text string) func(net.Conn, *http.Request) {
		return func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, text)
			conn.Close()
		}
	}
	deflated := compressed(t, strings.NewReader(`{"a":"`+strings.Repeat("abc", 100)+`"}`))
	gzipped := head + "Content-Encoding: gzip\r\n"
	const once, always = 1, 4
	log.SetOutput(io.Discard) // net/http logs that there are bytes after an answer
	defer log.SetOutput(os.Stderr)
	for name, test := range map[string]struct {
		raw      func(net.Conn, *http.Request)
		json     error // "" in the place of any error
		stream   error // of Call or of reading the body
		requests int   // of the call for JSON
		took     time.Duration
	}{
		"hangs before the headers":     {hang(""), xrpc.ErrTimeout, xrpc.ErrTimeout, once, time.Minute},
		"hangs in the headers":         {hang("HTTP/1.1 200 OK\r\nContent-"), xrpc.ErrTimeout, xrpc.ErrTimeout, once, time.Minute},
		"hangs before the body":        {hang(head + "Content-Length: 9\r\n\r\n"), xrpc.ErrTimeout, xrpc.ErrTimeout, once, time.Minute},
		"hangs in the body":            {hang(head + "Content-Length: 9\r\n\r\n{\"a\":"), xrpc.ErrTimeout, xrpc.ErrTimeout, once, time.Minute},
		"hangs in a chunk":             {hang(head + "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"a\":"), xrpc.ErrTimeout, xrpc.ErrTimeout, once, time.Minute},
		"hangs before the last chunk":  {hang(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), xrpc.ErrTimeout, xrpc.ErrTimeout, once, time.Minute},
		"closes before the headers":    {hangUp(""), io.EOF, io.EOF, always, 0},
		"closes in the headers":        {hangUp("HTTP/1.1 200 OK\r\nCont"), errAny, errAny, always, 0},
		"closes before the body":       {hangUp(head + "Content-Length: 9\r\n\r\n"), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"closes in the body":           {hangUp(head + "Content-Length: 9\r\n\r\n{}"), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"closes in a chunk":            {hangUp(head + "Transfer-Encoding: chunked\r\n\r\n9\r\n{}"), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"closes before the last chunk": {hangUp(head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"bad chunk":                    {hangUp(head + "Transfer-Encoding: chunked\r\n\r\nx\r\n{}"), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"closes in gzip":               {hangUp(gzipped + "Content-Length: 99\r\n\r\n" + deflated[:30]), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"gzip ends too soon":           {hangUp(gzipped + "Content-Length: 30\r\n\r\n" + deflated[:30]), io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, always, 0},
		"gzip is none":                 {hangUp(gzipped + "Content-Length: 30\r\n\r\n" + strings.Repeat("x", 30)), gzip.ErrHeader, gzip.ErrHeader, always, 0},
		"encoding not asked for":       {hangUp(head + "Content-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"), answered(200), answered(200), once, 0},
		"body longer than it says":     {hangUp(head + "Content-Length: 2\r\n\r\n{} and more"), nil, nil, once, 0},
		"JSON longer than it says":     {hangUp(head + "Content-Length: 4\r\n\r\n{\"a\":1}"), errDecoding, nil, once, 0},
		"not HTTP":                     {hangUp("220 mail.example.com ESMTP\r\n"), errAny, errAny, always, 0},
		"negative length":              {hangUp(head + "Content-Length: -2\r\n\r\n{}"), errAny, errAny, always, 0},
		"two lengths":                  {hangUp(head + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), errAny, errAny, always, 0},
		"502 with a page":              {hangUp("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\n<p>"), answered(502), answered(502), always, 0},
		"502 that is cut":              {hangUp("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 30\r\n\r\n<p>"), answered(502), answered(502), always, 0},
		"404 that hangs":               {hang("HTTP/1.1 404 Not Found\r\nContent-Length: 30\r\n\r\n<p>"), answered(404), answered(404), once, time.Minute},
	} {
		for kind, call := range map[string]*testCall{"json": query(), "stream": stream()} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				bubble(t, func(t *testing.T, n *fakeNetwork) {
					n.raw = test.raw
					c := n.client(t)
					start := time.Now()
					err := call.do(background, c)
					took := time.Since(start)
					want := test.json
					if call.Stream {
						want = test.stream
						if err == nil {
							_, err = io.ReadAll(call.Response.Body)
							took = time.Since(start)
							call.Response.Body.Close()
						}
					} else if n.count() != test.requests {
						t.Errorf("%d requests, want %d", n.count(), test.requests)
					}
					if !errors.Is(err, want) && (want == nil || !matches(want, err)) {
						t.Errorf("%T %v, want %v", err, err, want)
					}
					if err != nil && !strings.HasPrefix(err.Error(), "xrpc: "+string(call.NSID)+" at "+origin+": ") {
						t.Errorf("the error does not name the call: %v", err)
					}
					if took < test.took || took > test.took+2*time.Second {
						t.Errorf("took %v, want %v", took, test.took)
					}
				})
			})
		}
	}
}

type answered int

func (s answered) Error() string { return fmt.Sprintf("an *xrpc.Error with status %d", int(s)) }

var (
	errAny      = errors.New("any error")
	errDecoding = errors.New("an error of the decoder")
)

// matches reports whether err is what want stands for.
func matches(want, err error) bool {
	var answer *xrpc.Error
	switch status, ok := want.(answered); {
	case ok:
		return errors.As(err, &answer) && answer.Status == int(status)
	case want == errDecoding:
		return len(issue.Of(err)) > 0
	}
	return want == errAny && err != nil
}

func compressed(t *testing.T, r io.Reader) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	z.Close()
	return b.String()
}

// TestGzip: what net/http has unpacked is read as what it is.
func TestGzip(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, compressed(t, strings.NewReader(`{"a":1}`)))
		}
		c := n.client(t)
		call, download := query(), stream()
		if err := call.do(background, c); err != nil || call.Output.(*lex.Map).Len() != 1 {
			t.Error(err)
		}
		if err := download.do(background, c); err != nil {
			t.Fatal(err)
		}
		defer download.Response.Body.Close()
		if data, err := io.ReadAll(download.Response.Body); string(data) != `{"a":1}` || err != nil {
			t.Error(string(data), err)
		}
	})
}

// TestSize: a stream has the length that the server announced, if there was one and it holds.
func TestSize(t *testing.T) {
	for name, test := range map[string]struct {
		encoding, body string
		flush          bool
		want           int64
	}{
		"announced":  {"", `{"a":1}`, false, 7},
		"empty":      {"", "", false, 0},
		"chunked":    {"", `{"a":1}`, true, -1},
		"compressed": {"gzip", compressed(t, strings.NewReader(`{"a":1}`)), false, -1},
	} {
		bubble(t, func(t *testing.T, n *fakeNetwork) {
			n.handler = func(w http.ResponseWriter, r *http.Request) {
				if test.encoding != "" {
					w.Header().Set("Content-Encoding", test.encoding)
				}
				if test.flush {
					w.(http.Flusher).Flush()
				}
				io.WriteString(w, test.body)
			}
			call := stream()
			if err := call.do(background, n.client(t)); err != nil {
				t.Fatal(err)
			}
			defer call.Response.Body.Close()
			if got := call.Response.Body.(interface{ Size() int64 }).Size(); got != test.want {
				t.Errorf("%s: size %d, want %d", name, got, test.want)
			}
		})
	}
}

// TestInflation: an answer that inflates too much is an error that names both sizes, for JSON and for streams,
// and is not asked for again.
func TestInflation(t *testing.T) {
	bomb := compressed(t, io.LimitReader(newEndless(), 64<<20))
	small := compressed(t, io.MultiReader(io.LimitReader(newEndless(), 4<<20-2), strings.NewReader("{}")))
	medium := compressed(t, io.MultiReader(io.LimitReader(newEndless(), 8<<20-2), strings.NewReader("{}")))
	for name, test := range map[string]struct {
		body   string
		limits guard.Inflation
		want   error
	}{
		"bomb":           {bomb, guard.Inflation{}, xrpc.ErrInflation},
		"four MiB":       {small, guard.Inflation{}, nil},
		"less is free":   {small, guard.Inflation{Free: 3 << 20}, xrpc.ErrInflation},
		"eight MiB":      {medium, guard.Inflation{}, xrpc.ErrInflation},
		"more is free":   {medium, guard.Inflation{Free: 8 << 20}, nil},
		"1,000 times":    {medium, guard.Inflation{Max: 10_000}, nil},
		"only ten times": {medium, guard.Inflation{Max: 10}, xrpc.ErrInflation},
	} {
		for kind, call := range map[string]*testCall{"json": query(), "stream": stream()} {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Encoding", "gzip")
					w.Header().Set("Content-Type", "application/json")
					io.WriteString(w, test.body)
				}
				err := call.do(background, n.client(t, xrpc.WithMaxResponse(1<<30), xrpc.WithInflation(test.limits)))
				read := int64(0)
				if err == nil && call.Stream {
					read, err = io.Copy(io.Discard, call.Response.Body)
					call.Response.Body.Close()
				}
				if !errors.Is(err, test.want) || errors.Is(err, io.ErrUnexpectedEOF) || n.count() != 1 {
					t.Errorf("%s, %s: %v after %d requests", name, kind, err, n.count())
				}
				var sent, became int64
				if err != nil {
					_, text, _ := strings.Cut(err.Error(), "inflates too much: ")
					if fmt.Sscanf(text, "%d bytes of gzip became more than %d bytes", &sent, &became); sent == 0 || became < 3<<20 {
						t.Errorf("%s, %s: the error does not name both sizes: %v", name, kind, err)
					}
				}
				if test.want != nil && read > 5<<20 {
					t.Errorf("%s: %d bytes were read", name, read)
				}
			})
		}
	}
}

// endless is a body of 2 GB.
type endless struct{ left atomic.Int64 }

func newEndless() *endless {
	e := new(endless)
	e.left.Store(2e9)
	return e
}

func (e *endless) Read(b []byte) (int, error) {
	if e.left.Load() <= 0 {
		return 0, io.EOF
	}
	n := copy(b, spaces)
	e.left.Add(-int64(n))
	return n, nil
}

var spaces = strings.Repeat(" ", 32<<10)

// TestTooLarge: an answer over the limit is refused before it is read if its length is declared, and after
// so many bytes, decompressed ones, if not.
func TestTooLarge(t *testing.T) {
	const limit = 1 << 20
	bomb := compressed(t, io.LimitReader(newEndless(), 16<<20))
	for name, test := range map[string]struct {
		header http.Header
		body   func() io.Reader
		status int
		most   int64 // bytes that the server gets rid of
	}{
		"declared":      {http.Header{"Content-Length": {"2000000000"}}, func() io.Reader { return newEndless() }, 200, 128 << 10},
		"just declared": {http.Header{"Content-Length": {fmt.Sprint(limit + 1)}}, func() io.Reader { return io.LimitReader(newEndless(), limit+1) }, 200, 128 << 10},
		"not declared":  {nil, func() io.Reader { return newEndless() }, 200, limit + 128<<10},
		"compressed":    {http.Header{"Content-Encoding": {"gzip"}}, func() io.Reader { return strings.NewReader(bomb) }, 200, 64 << 10},
		"error":         {http.Header{"Content-Length": {"2000000000"}}, func() io.Reader { return newEndless() }, 400, 256 << 10},
		"page":          {http.Header{"Content-Type": {"text/html"}}, func() io.Reader { return newEndless() }, 200, 128 << 10},
		"exactly enough": {nil, func() io.Reader {
			return io.MultiReader(io.LimitReader(newEndless(), limit-2), strings.NewReader("{}"))
		}, 200, limit},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				var sent atomic.Int64
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					for name, value := range test.header {
						w.Header()[name] = value
					}
					w.WriteHeader(test.status)
					written, _ := io.Copy(w, test.body())
					sent.Add(written)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				start := time.Now()
				call := query()
				err := call.do(background, n.client(t, xrpc.WithMaxResponse(limit)))
				runtime.ReadMemStats(&after)
				if name == "exactly enough" {
					if err != nil {
						t.Error(err)
					}
				} else if large := test.status == 200 && name != "page"; errors.Is(err, xrpc.ErrTooLarge) != large || err == nil {
					t.Error(err)
				}
				if time.Since(start) != 0 || n.count() != 1 {
					t.Errorf("%v, %d requests", time.Since(start), n.count())
				}
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
					t.Errorf("allocated %d bytes", grown)
				}
				t.Cleanup(func() {
					if sent.Load() > test.most {
						t.Errorf("the server got rid of %d bytes, at most %d should have been taken", sent.Load(), test.most)
					}
				})
			})
		})
	}
}

// TestLargeStream: a stream has no limit, and is not collected in memory.
func TestLargeStream(t *testing.T) {
	const size = 64 << 20
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) { io.Copy(w, io.LimitReader(newEndless(), size)) }
		call := stream()
		if err := call.do(background, n.client(t, xrpc.WithMaxResponse(1))); err != nil {
			t.Fatal(err)
		}
		defer call.Response.Body.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := io.Copy(io.Discard, call.Response.Body)
		runtime.ReadMemStats(&after)
		if got != size || err != nil || after.TotalAlloc-before.TotalAlloc > 4<<20 {
			t.Errorf("%d bytes, %v, allocated %d", got, err, after.TotalAlloc-before.TotalAlloc)
		}
	})
}

// TestSlowIsNotIdle: what moves, slowly, is not ended, however long it takes; nor is a stream whose reader
// takes its time.
func TestSlowIsNotIdle(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/json")
			part := strings.Repeat(" ", 50*xrpc.DefaultMinRate)
			for range 10 {
				time.Sleep(50 * time.Second)
				io.WriteString(w, part)
				w.(http.Flusher).Flush()
			}
			io.WriteString(w, `{}`)
		}
		c := n.client(t)
		if err := query().do(background, c); err != nil {
			t.Error(err)
		}
		if err := upload(&slow{left: 20, pause: 50 * time.Second}).do(background, c); err != nil {
			t.Error(err)
		}
		call := stream()
		call.Procedure, call.Request.Body = true, &slow{left: 20, pause: 50 * time.Second}
		if err := call.do(background, c); err != nil {
			t.Fatal(err)
		}
		defer call.Response.Body.Close()
		time.Sleep(10 * time.Minute)
		for b := make([]byte, 1000); ; {
			_, err := call.Response.Body.Read(b)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Minute)
		}
	})
}

// TestTrickle: an answer of which a little comes all the time ends, whatever it is read as, and so does an
// upload to a server that takes a little all the time.
func TestTrickle(t *testing.T) {
	trickle := func(head string, bytes int, pause time.Duration) func(net.Conn, *http.Request) {
		return func(conn net.Conn, _ *http.Request) {
			io.WriteString(conn, head)
			for {
				time.Sleep(pause)
				if _, err := io.WriteString(conn, spaces[:bytes]); err != nil {
					return
				}
			}
		}
	}
	for name, test := range map[string]struct {
		status string
		bytes  int
		pause  time.Duration
		opts   []xrpc.Option
		took   time.Duration
	}{
		"a byte in 50 seconds":   {"200 OK", 1, 50 * time.Second, nil, 150 * time.Second},
		"200 bytes a second":     {"200 OK", 200, time.Second, nil, 120 * time.Second},
		"300 bytes a second":     {"200 OK", 300, time.Second, nil, 0},
		"an error":               {"502 Bad Gateway", 1, 50 * time.Second, []xrpc.Option{xrpc.WithRetry(xrpc.Retry{Attempts: 1})}, 150 * time.Second},
		"a rate of the caller's": {"200 OK", 1, time.Second, []xrpc.Option{xrpc.WithMinRate(1)}, 0},
		"no rate":                {"200 OK", 1, 50 * time.Second, []xrpc.Option{xrpc.WithMinRate(0)}, 0},
	} {
		for kind, call := range map[string]*testCall{"json": query(), "stream": stream(), "procedure": procedure()} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				bubble(t, func(t *testing.T, n *fakeNetwork) {
					n.raw = trickle("HTTP/1.1 "+test.status+"\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n", test.bytes, test.pause)
					c := n.client(t, test.opts...)
					ctx := within(t, 10*time.Minute)
					start := time.Now()
					err := call.do(ctx, c)
					if call.Stream && err == nil {
						_, err = io.ReadAll(call.Response.Body)
						call.Response.Body.Close()
					}
					took := time.Since(start)
					switch {
					case test.took == 0:
						if !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Minute {
							t.Errorf("%v after %v", err, took)
						}
					case took < test.took || took > test.took+time.Second:
						t.Errorf("ended after %v, not %v: %v", took, test.took, err)
					case test.status == "200 OK" && !errors.Is(err, xrpc.ErrTimeout):
						t.Error(err)
					}
					if n.count() != 1 {
						t.Errorf("%d requests", n.count())
					}
				})
			})
		}
	}
	bubble(t, func(t *testing.T, _ *fakeNetwork) {
		client, server := net.Pipe()
		done := make(chan bool)
		defer func() { <-done }()
		defer server.Close()
		go func() {
			defer close(done)
			for b := make([]byte, 1); ; time.Sleep(time.Second) {
				if _, err := server.Read(b); err != nil {
					return
				}
			}
		}()
		dial := func(context.Context, string, string) (net.Conn, error) { return client, nil }
		h := &http.Client{Transport: &http.Transport{DialContext: dial}}
		c, _ := xrpc.New(origin, xrpc.WithNetwork(network.Network{HTTPClient: h}))
		start := time.Now()
		err := upload(bytes.NewReader(make([]byte, 1<<20))).do(background, c)
		if took := time.Since(start); !errors.Is(err, xrpc.ErrTimeout) || took > 2*time.Minute {
			t.Errorf("upload: %v after %v", err, took)
		}
	})
}

// slow is a body that comes byte by byte.
type slow struct {
	left  int
	pause time.Duration
	err   error // at the end
}

func (s *slow) Read(b []byte) (int, error) {
	time.Sleep(s.pause)
	if s.left == 0 {
		if s.err != nil {
			return 0, s.err
		}
		return 0, io.EOF
	}
	s.left--
	b[0] = 'x'
	return 1, nil
}

// TestSilentUpload: a body that stops coming ends the call, as does one that fails; neither is repeated.
func TestSilentUpload(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, test := range map[string]struct {
		body io.Reader
		want error
		took time.Duration
	}{
		"stops": {&slow{left: 2, pause: 2 * time.Hour}, xrpc.ErrTimeout, time.Minute},
		"fails": {&slow{left: 2, pause: time.Second, err: broken}, broken, 3 * time.Second},
	} {
		bubble(t, func(t *testing.T, n *fakeNetwork) {
			n.handler = failing()
			start := time.Now()
			err := repeatable(upload(test.body)).do(background, n.client(t))
			if !errors.Is(err, test.want) || time.Since(start) != test.took || n.count() > 1 {
				t.Errorf("%s: %v after %v, %d requests", name, err, time.Since(start), n.count())
			}
			time.Sleep(3 * time.Hour) // lets the reader go
		})
	}
}

// TestIdleOption: another time-out, and none.
func TestIdleOption(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(time.Hour)
			answer(w, 200, `{}`)
		}
		start := time.Now()
		err := query().do(background, n.client(t, xrpc.WithIdleTimeout(time.Second)))
		if !errors.Is(err, xrpc.ErrTimeout) || time.Since(start) != time.Second {
			t.Error(err, time.Since(start))
		}
		if err := query().do(background, n.client(t, xrpc.WithIdleTimeout(0))); err != nil {
			t.Error(err)
		}
	})
}

// TestContext: the context ends a call and the reading of a stream, wherever they are.
func TestContext(t *testing.T) {
	reason := errors.New("the user went home")
	for _, where := range []string{"headers", "body", "stream", "upload"} {
		for _, how := range []string{"cancelled", "deadline"} {
			t.Run(where+" "+how, func(t *testing.T) {
				bubble(t, func(t *testing.T, n *fakeNetwork) {
					n.handler = func(w http.ResponseWriter, r *http.Request) {
						if where != "headers" {
							w.Header().Set("Content-Type", "application/json")
							io.WriteString(w, `{"a":`)
							w.(http.Flusher).Flush()
						}
						<-r.Context().Done()
					}
					call, want := query(), []error{context.DeadlineExceeded}
					switch where {
					case "stream":
						call = stream()
					case "upload":
						call = upload(&slow{left: 10, pause: time.Hour})
					}
					ctx := within(t, 10*time.Second)
					if how == "cancelled" {
						var cancel context.CancelCauseFunc
						ctx, cancel = context.WithCancelCause(background)
						time.AfterFunc(10*time.Second, func() { cancel(reason) })
						want = []error{context.Canceled, reason}
					}
					start := time.Now()
					err := call.do(ctx, n.client(t))
					if where == "stream" {
						if err != nil {
							t.Fatal(err)
						}
						_, err = io.ReadAll(call.Response.Body)
						if _, again := call.Response.Body.Read(make([]byte, 1)); again != err {
							t.Errorf("then %v", again)
						}
						call.Response.Body.Close()
					}
					var broken *xrpc.TransportError
					for _, want := range want {
						if !errors.Is(err, want) || !errors.As(err, &broken) {
							t.Errorf("%T %v is not %v", err, err, want)
						}
					}
					if time.Since(start) != 10*time.Second || n.count() > 1 {
						t.Errorf("after %v, %d requests", time.Since(start), n.count())
					}
					time.Sleep(time.Hour) // lets the body's reader go
				})
			})
		}
	}
}

// TestCloseStream: closing a stream early releases the connection, and the server notices; a Read that
// is under way ends.
func TestCloseStream(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		gone := make(chan struct{})
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "beginning")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			close(gone)
		}
		call := stream()
		if err := call.do(background, n.client(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(call.Response.Body, make([]byte, 9)); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			_, err := call.Response.Body.Read(make([]byte, 1))
			ended <- err
		}()
		time.Sleep(time.Second)
		if err := call.Response.Body.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err == nil || err == io.EOF {
			t.Errorf("the read under way returned %v", err)
		}
		<-gone
		if _, err := call.Response.Body.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("a read behind it returned %v", err)
		}
	})
}

// TestEarlyAnswer: a server may answer before it has all of a body. When Call returns, nobody reads the
// body any more.
func TestEarlyAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		call   *testCall
		status int
		took   time.Duration
	}{
		"refused":       {upload(newFile(0)), 413, 500 * time.Millisecond},
		"refused, slow": {upload(newFile(time.Second)), 413, time.Second},
		"stream": {&testCall{Request: rpc.Request{NSID: "com.example.do", Procedure: true, Body: newFile(time.Second)}, Response: rpc.Response{Stream: true}},
			200, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(500 * time.Millisecond)
					answer(w, test.status, `{"error":"PayloadTooLarge"}`)
				}
				start := time.Now()
				err := test.call.do(background, n.client(t))
				body := test.call.Request.Body.(*file)
				left := body.Len() // a race with a read that goes on
				if test.status == 413 && !errors.Is(err, rpc.ErrorName("PayloadTooLarge")) || test.status == 200 && err != nil {
					t.Error(err)
				}
				if body.reading.Load() || time.Since(start) != test.took {
					t.Errorf("after %v, reading is %v", time.Since(start), body.reading.Load())
				}
				time.Sleep(time.Minute)
				if left == 0 || body.Len() != left {
					t.Errorf("%d bytes were left, then %d", left, body.Len())
				}
				if test.call.Response.Body != nil {
					test.call.Response.Body.Close()
				}
			})
		})
	}
}

// file is a body that can be set back, and is slow.
type file struct {
	*bytes.Reader
	pause   time.Duration
	reading atomic.Bool
}

func newFile(pause time.Duration) *file {
	return &file{Reader: bytes.NewReader(make([]byte, 8<<20)), pause: pause}
}

func (f *file) Read(b []byte) (int, error) {
	f.reading.Store(true)
	defer f.reading.Store(false)
	time.Sleep(f.pause)
	return f.Reader.Read(b)
}

// TestBodiesAreClosed, whatever the transport makes of the end of a context.
func TestBodiesAreClosed(t *testing.T) {
	for name, test := range map[string]struct {
		call   *testCall
		status int
		header http.Header
		text   string
	}{
		"JSON":      {query(), 200, nil, `{}`},
		"error":     {query(), 400, nil, `{"error":"No"}`},
		"large":     {query(), 200, nil, strings.Repeat(" ", 2000) + "{}"},
		"page":      {query(), 200, http.Header{"Content-Type": {"text/html"}}, `<p>`},
		"encoding":  {query(), 200, http.Header{"Content-Encoding": {"br"}}, `{}`},
		"unwanted":  {&testCall{Request: rpc.Request{NSID: "com.example.get"}}, 200, nil, `{}`},
		"stream":    {stream(), 200, nil, `{}`},
		"no stream": {stream(), 200, http.Header{"Content-Encoding": {"br"}}, `{}`},
	} {
		body := &closing{Reader: strings.NewReader(test.text)}
		c, _ := xrpc.New(origin, xrpc.WithMaxResponse(1000), xrpc.WithNetwork(network.Network{HTTPClient: &http.Client{
			Transport: transport(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: test.status, Header: test.header, Body: body, ContentLength: -1}, nil
			}),
		}}))
		test.call.do(background, c)
		if test.call.Response.Body != nil {
			if body.closed {
				t.Errorf("%s: closed too soon", name)
			}
			test.call.Response.Body.Close()
		}
		if !body.closed {
			t.Errorf("%s: not closed", name)
		}
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// TestHTTP2 tests what works differently over HTTP/2.
func TestHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s", r.Proto)
		}
		switch r.URL.Path {
		case "/xrpc/com.example.upload":
			data, _ := io.ReadAll(r.Body)
			answer(w, 200, fmt.Sprintf(`{"length":%d}`, len(data)))
		case "/xrpc/com.example.early":
			answer(w, 413, `{"error":"PayloadTooLarge"}`)
		case "/xrpc/com.example.cut":
			answer(w, 200, `{"a":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/xrpc/com.example.hang":
			answer(w, 200, `{"a":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c, err := xrpc.New(s.URL, xrpc.WithNetwork(network.Network{HTTPClient: s.Client()}), xrpc.WithRetry(xrpc.Retry{Base: 1}))
	if err != nil {
		t.Fatal(err)
	}
	for kind, body := range map[string]io.Reader{
		"seekable": bytes.NewReader(make([]byte, 1<<20)), "not seekable": io.LimitReader(newEndless(), 1<<20),
	} {
		call := upload(body)
		if err := call.do(background, c); err != nil {
			t.Errorf("%s: %v", kind, err)
		} else if text, _ := call.Output.(*lex.Map).MarshalJSON(); string(text) != `{"length":1048576}` {
			t.Errorf("%s: %s", kind, text)
		}
		call = upload(newEndless())
		call.NSID = "com.example.early"
		if err := call.do(background, c); !errors.Is(err, rpc.ErrorName("PayloadTooLarge")) {
			t.Error(err)
		}
	}
	for _, call := range []*testCall{
		{rpc.Request{NSID: "com.example.cut"}, rpc.Response{Output: new(lex.Map)}}, {rpc.Request{NSID: "com.example.cut"}, rpc.Response{Stream: true}},
		{rpc.Request{NSID: "com.example.hang"}, rpc.Response{Output: new(lex.Map)}}, {rpc.Request{NSID: "com.example.hang"}, rpc.Response{Stream: true}},
	} {
		want := io.ErrUnexpectedEOF
		if call.NSID == "com.example.hang" {
			c, _ = xrpc.New(s.URL, xrpc.WithNetwork(network.Network{HTTPClient: s.Client()}), xrpc.WithIdleTimeout(50*time.Millisecond))
			want = xrpc.ErrTimeout
		}
		err := call.do(background, c)
		if call.Stream && err == nil {
			_, err = io.ReadAll(call.Response.Body)
			call.Response.Body.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", call.NSID, err)
		}
	}
}
