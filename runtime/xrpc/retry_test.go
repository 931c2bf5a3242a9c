package xrpc_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestRetries: what is repeated, and how often.
func TestRetries(t *testing.T) {
	image := func() io.Reader { return strings.NewReader("image") }
	pipe := func() io.Reader { return io.MultiReader(strings.NewReader("image")) } // not an io.Seeker
	for name, test := range map[string]struct {
		call     *testCall
		statuses []int
		requests int
		status   int // of the error
	}{
		"500 twice, then works":   {query(), []int{500, 500}, 3, 0},
		"502, 503, 504":           {query(), []int{502, 503, 504}, 4, 0},
		"429 thrice":              {query(), []int{429, 429, 429}, 4, 0},
		"stream":                  {stream(), []int{500, 500}, 3, 0},
		"four times":              {query(), []int{503, 503, 503, 500}, 4, 500},
		"400":                     {query(), []int{400}, 1, 400},
		"401":                     {query(), []int{401}, 1, 401},
		"404":                     {query(), []int{404}, 1, 404},
		"501":                     {query(), []int{501}, 1, 501},
		"procedure":               {procedure(), []int{500}, 1, 500},
		"procedure, 502":          {procedure(), []int{502}, 1, 502},
		"procedure, 503":          {procedure(), []int{503}, 1, 503},
		"procedure, 429":          {procedure(), []int{429, 429}, 3, 0},
		"408 and 524":             {query(), []int{408, 524}, 3, 0},
		"procedure, 408":          {procedure(), []int{408}, 1, 408},
		"procedure, 524":          {procedure(), []int{524}, 1, 524},
		"repeatable procedure":    {repeatable(procedure()), []int{500, 503}, 3, 0},
		"repeatable, 400":         {repeatable(procedure()), []int{400}, 1, 400},
		"seekable body":           {upload(image()), []int{429}, 2, 0},
		"repeatable seekable":     {repeatable(upload(image())), []int{500, 429, 502}, 4, 0},
		"body that is read":       {upload(pipe()), []int{429}, 1, 429},
		"repeatable body is read": {repeatable(upload(pipe())), []int{500}, 1, 500},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				var bodies []string
				handler := failing(test.statuses...)
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					bodies = append(bodies, string(body))
					handler(w, r)
				}
				err := test.call.do(background, n.client(t))
				if n.count() != test.requests {
					t.Errorf("%d requests, want %d", n.count(), test.requests)
				}
				if test.status == 0 {
					if err != nil {
						t.Error(err)
					}
				} else if got := remote(t, err).Status; got != test.status {
					t.Errorf("status %d", got)
				}
				for _, body := range bodies {
					if body != bodies[0] {
						t.Errorf("different bodies: %q", bodies)
					}
				}
				if want := strings.Contains(name, "is read"); errors.Is(err, xrpc.ErrBody) != want {
					t.Errorf("ErrBody is not %v in %v", want, err)
				}
				if test.call.Response.Body != nil {
					test.call.Response.Body.Close()
				}
			})
		})
	}
}

// TestProxyRefuses: a 429 that is a proxy's page does not say that a procedure was not carried out.
func TestProxyRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		call     *testCall
		requests int
	}{"query": {query(), 4}, "procedure": {procedure(), 1}, "repeatable": {repeatable(procedure()), 4}} {
		bubble(t, func(t *testing.T, n *fakeNetwork) {
			n.handler = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(429)
				io.WriteString(w, "<h1>Too many requests</h1>")
			}
			if err := test.call.do(background, n.client(t)); remote(t, err).Status != 429 || n.count() != test.requests {
				t.Errorf("%s: %d requests, %v", name, n.count(), err)
			}
		})
	}
}

// TestBodyFromTheMiddle: a body is sent again from where it stood, not from its beginning.
func TestBodyFromTheMiddle(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); string(body) != "image" {
				t.Errorf("%q was sent", body)
			}
			failing([]int{429}[:2-min(n.count(), 2)]...)(w, r)
		}
		file := strings.NewReader("header image")
		file.Seek(7, io.SeekStart)
		if err := upload(file).do(background, n.client(t)); err != nil || n.count() != 2 {
			t.Error(err, n.count())
		}
	})
}

// TestConnectionFailures: a procedure is repeated when no connection could be made, and not when the
// connection broke.
func TestConnectionFailures(t *testing.T) {
	pipe := func() *testCall { return upload(io.MultiReader(strings.NewReader("image"))) }
	for name, test := range map[string]struct {
		call             *testCall
		refused, hangups int
		requests         int
		fails            bool
	}{
		"query, refused":         {query(), 3, 0, 1, false},
		"query, refused always":  {query(), 4, 0, 0, true},
		"query, hung up":         {query(), 0, 3, 4, false},
		"procedure, refused":     {procedure(), 3, 0, 1, false},
		"procedure, hung up":     {procedure(), 0, 1, 1, true},
		"repeatable, hung up":    {repeatable(procedure()), 0, 3, 4, false},
		"unread body, refused":   {pipe(), 3, 0, 1, false},
		"read body, hung up":     {repeatable(pipe()), 0, 1, 1, true},
		"procedure, both in row": {procedure(), 2, 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.refuse = test.refused
				n.raw = func(conn net.Conn, _ *http.Request) {
					if n.count() > test.hangups {
						io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
					}
					conn.Close()
				}
				err := test.call.do(background, n.client(t))
				if n.count() != test.requests || (err != nil) != test.fails {
					t.Errorf("%d requests, %v", n.count(), err)
				}
				var broken *xrpc.TransportError
				if err != nil && (!errors.As(err, &broken) || broken.NSID != test.call.NSID || broken.Service != origin) {
					t.Errorf("%T %v", err, err)
				}
			})
		})
	}
}

// TestResendingBelow: net/http sends a request again by itself when a kept connection turns out to be closed.
// It must do so with queries only.
func TestResendingBelow(t *testing.T) {
	for name, test := range map[string]struct {
		call     *testCall
		requests int
		fails    bool
	}{
		"query":             {query(), 3, false},
		"procedure":         {procedure(), 2, true},
		"without input":     {&testCall{Request: rpc.Request{NSID: "com.example.do", Procedure: true}}, 2, true},
		"seekable body":     {upload(strings.NewReader("image")), 2, true},
		"not seekable body": {upload(io.MultiReader(strings.NewReader("image"))), 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.raw = func(conn net.Conn, _ *http.Request) {
					if n.count() == 2 { // the second on the connection is taken, and then nothing comes
						conn.Close()
						return
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
				}
				c := n.client(t, xrpc.WithRetry(xrpc.Retry{Attempts: 1}))
				if err := query().do(background, c); err != nil {
					t.Fatal(err)
				}
				err := test.call.do(background, c)
				if n.count() != test.requests || (err != nil) != test.fails {
					t.Errorf("%d requests, %v", n.count(), err)
				}
			})
		})
	}
}

// TestOpaqueTransport: of a transport that is not net/http's nobody knows what it has sent.
func TestOpaqueTransport(t *testing.T) {
	for name, test := range map[string]struct {
		call     *testCall
		requests int
	}{"query": {query(), 4}, "procedure": {procedure(), 1}, "repeatable": {repeatable(procedure()), 4}} {
		bubble(t, func(t *testing.T, _ *fakeNetwork) {
			requests := 0
			h := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
				requests++
				return nil, errDial
			})}
			c, _ := xrpc.New(origin, xrpc.WithNetwork(network.Network{HTTPClient: h}))
			if err := test.call.do(background, c); !errors.Is(err, errDial) || requests != test.requests {
				t.Errorf("%s: %d requests, %v", name, requests, err)
			}
		})
	}
}

// TestPassing: what will not pass is not tried again.
func TestPassing(t *testing.T) {
	for name, test := range map[string]struct {
		err      error
		requests int
	}{
		"reset":           {syscall.ECONNRESET, 4},
		"DNS fails":       {&net.DNSError{Name: "service.example", IsTemporary: true}, 4},
		"no such host":    {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "service.example", IsNotFound: true}}, 1},
		"private":         {&net.OpError{Op: "dial", Err: guard.ErrPrivate}, 1},
		"bad certificate": {&tls.CertificateVerificationError{Err: errDial}, 1},
	} {
		bubble(t, func(t *testing.T, _ *fakeNetwork) {
			requests := 0
			h := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
				requests++
				return nil, test.err
			})}
			c, _ := xrpc.New(origin, xrpc.WithNetwork(network.Network{HTTPClient: h}))
			call := query()
			call.Params.String("token", "s3cret")
			err := call.do(background, c)
			if !errors.Is(err, test.err) || requests != test.requests {
				t.Errorf("%s: %d requests, %v", name, requests, err)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s: the error shows the query string: %v", name, err)
			}
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestPauses: pauses are random, below limits that double.
func TestPauses(t *testing.T) {
	const base, most = 100 * time.Millisecond, time.Second
	limits := []time.Duration{base, 2 * base, 4 * base, 8 * base, most, most, most}
	longest := make([]time.Duration, len(limits))
	var all []time.Duration
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		var last time.Time
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			i := (n.count() - 1) % (len(limits) + 1)
			if i > 0 {
				pause := time.Since(last)
				longest[i-1] = max(longest[i-1], pause)
				all = append(all, pause)
			}
			last = time.Now()
			answer(w, 503, `{}`)
		}
		c := n.client(t, xrpc.WithRetry(xrpc.Retry{Attempts: len(limits) + 1, Base: base, Max: most}))
		for range 40 {
			query().do(background, c)
		}
	})
	for i, limit := range limits {
		if longest[i] > limit || longest[i] < limit/2 {
			t.Errorf("pause %d: at most %v, seen %v", i, limit, longest[i])
		}
	}
	short := 0
	for _, pause := range all {
		if pause < base/2 {
			short++
		}
	}
	if short == 0 {
		t.Error("no pause is short: they are not random from nothing on")
	}
}

// TestServersPauses: what a server asks for is kept to.
func TestServersPauses(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		header  func(now time.Time) (name, value string)
		atLeast time.Duration
	}{
		"429, seconds": {429, func(time.Time) (string, string) { return "Retry-After", "20" }, 20 * time.Second},
		"503, seconds": {503, func(time.Time) (string, string) { return "Retry-After", "20" }, 20 * time.Second},
		"429, date": {429, func(t time.Time) (string, string) {
			return "Retry-After", t.Add(20 * time.Second).UTC().Format(http.TimeFormat)
		}, 20 * time.Second},
		"429, reset": {429, func(t time.Time) (string, string) {
			return "RateLimit-Reset", fmt.Sprint(t.Add(20 * time.Second).Unix())
		}, 20 * time.Second},
		"429, small":     {429, func(t time.Time) (string, string) { return "RateLimit-Reset", "20" }, 20 * time.Second},
		"429, 55 years":  {429, func(t time.Time) (string, string) { return "RateLimit-Reset", "2682374400" }, 0},
		"429, nonsense":  {429, func(t time.Time) (string, string) { return "Retry-After", "later" }, 0},
		"500, no matter": {500, func(t time.Time) (string, string) { return "RateLimit-Reset", "20" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				handler := failing(test.status)
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set(test.header(time.Now()))
					handler(w, r)
				}
				c := n.client(t)
				start := time.Now()
				if err := query().do(background, c); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < test.atLeast || took > test.atLeast+2*time.Second {
					t.Errorf("took %v, want %v", took, test.atLeast)
				}
			})
		})
	}
}

// TestClocks: a server whose clock is wrong means its own time.
func TestClocks(t *testing.T) {
	for _, remaining := range []string{"1", "0"} {
		bubble(t, func(t *testing.T, n *fakeNetwork) {
			handler := failing(429)
			n.handler = func(w http.ResponseWriter, r *http.Request) {
				fast := time.Now().Add(8 * time.Hour)
				w.Header().Set("Date", fast.UTC().Format(http.TimeFormat))
				w.Header().Set("RateLimit-Reset", fmt.Sprint(fast.Add(10*time.Second).Unix()))
				w.Header().Set("RateLimit-Remaining", remaining)
				handler(w, r)
			}
			c := n.client(t)
			start := time.Now()
			if err := query().do(background, c); err != nil || time.Since(start) > 12*time.Second {
				t.Error(err, time.Since(start))
			}
			if err := query().do(background, c); err != nil || time.Since(start) > 24*time.Second {
				t.Error(err, time.Since(start))
			}
		})
	}
}

// TestNoUselessPause: a pause that the context would end is not begun.
func TestNoUselessPause(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "60")
			answer(w, 429, `{"error":"RateLimitExceeded","message":"too fast"}`)
		}
		c := n.client(t)
		start := time.Now()
		err := query().do(within(t, 30*time.Second), c)
		const limited = rpc.ErrorName("RateLimitExceeded")
		if !errors.Is(err, limited) || remote(t, err).Status != 429 || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if time.Since(start) != 0 || n.count() != 1 {
			t.Errorf("after %v and %d requests", time.Since(start), n.count())
		}
	})
}

// TestCancelledPause: a pause ends with the context.
func TestCancelledPause(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "60")
			answer(w, 429, `{"error":"RateLimitExceeded"}`)
		}
		c := n.client(t)
		reason := errors.New("the user went home")
		ctx, cancel := context.WithCancelCause(background)
		time.AfterFunc(10*time.Second, func() { cancel(reason) })
		start := time.Now()
		err := query().do(ctx, c)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, reason) || remote(t, err).Status != 429 {
			t.Error(err)
		}
		if time.Since(start) != 10*time.Second {
			t.Error(time.Since(start))
		}
		if err := query().do(ctx, c); !errors.Is(err, context.Canceled) || n.count() != 1 {
			t.Error(err, n.count())
		}
	})
}

// TestMinuteOf429: a minute of refusals is sat out when the server says how long it is.
func TestMinuteOf429(t *testing.T) {
	for name, call := range map[string]*testCall{"query": query(), "procedure": procedure()} {
		bubble(t, func(t *testing.T, n *fakeNetwork) {
			end := time.Now().Add(time.Minute)
			n.handler = func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("RateLimit-Limit", "10")
				w.Header().Set("RateLimit-Remaining", "0")
				w.Header().Set("RateLimit-Reset", fmt.Sprint(end.Unix()))
				if time.Now().Before(end) {
					answer(w, 429, `{"error":"RateLimitExceeded"}`)
					return
				}
				answer(w, 200, `{}`)
			}
			start := time.Now()
			err := call.do(background, n.client(t))
			if took := time.Since(start); err != nil || took < time.Minute || took > 65*time.Second || n.count() != 2 {
				t.Errorf("%s: %v after %v and %d requests", name, err, took, n.count())
			}
		})
	}
}

// TestRemaining: when the allowance of a method is used up, its next call waits without being refused first.
func TestRemaining(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "get") {
				w.Header().Set("RateLimit-Limit", "100")
				w.Header().Set("RateLimit-Remaining", fmt.Sprint(max(0, 2-n.count())))
				w.Header().Set("RateLimit-Reset", fmt.Sprint(time.Now().Add(5*time.Minute).Unix()))
			}
			answer(w, 200, `{}`)
		}
		c := n.client(t, xrpc.WithMaxWait(10*time.Minute))
		start := time.Now()
		for i, test := range []struct {
			call *testCall
			at   time.Duration
		}{{query(), 0}, {query(), 0}, {procedure(), 0}, {query(), 5*time.Minute + time.Second}} {
			if err := test.call.do(background, c); err != nil || time.Since(start) != test.at {
				t.Errorf("call %d: %v at %v, want %v", i, err, time.Since(start), test.at)
			}
		}
		requests := n.count()
		start = time.Now()
		err := query().do(within(t, time.Minute), c)
		var broken *xrpc.TransportError
		if !errors.As(err, &broken) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if time.Since(start) != 0 || n.count() != requests {
			t.Error(time.Since(start), n.count())
		}
	})
}
