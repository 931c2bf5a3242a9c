package xrpc_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestRedirects: who follows where, and with which headers.
func TestRedirects(t *testing.T) {
	policies := map[string]func(*http.Request, []*http.Request) error{"": nil, ", own policy": guard.CheckRedirect}
	for name, test := range map[string]struct {
		call  *testCall
		to    []string // the first is where https://a.example sends, and so on
		sent  string   // the requests: host, and + for one with all headers
		fails bool
	}{
		"same origin":         {query(), []string{"/b"}, "a.example+ a.example+", false},
		"its own port":        {query(), []string{"https://a.example:443/b"}, "a.example+ a.example:443", false},
		"other origin":        {query(), []string{"https://b.example/b"}, "a.example+ b.example", false},
		"below":               {query(), []string{"https://sub.a.example/b"}, "a.example+ sub.a.example", false},
		"other port":          {query(), []string{"https://a.example:8443/b"}, "a.example+ a.example:8443", false},
		"there and back":      {query(), []string{"https://b.example/b", "https://a.example/c"}, "a.example+ b.example a.example", false},
		"stream":              {stream(), []string{"https://b.example/b"}, "a.example+ b.example", false},
		"five":                {query(), []string{"/1", "/2", "/3", "/4", "/5"}, strings.Repeat("a.example+ ", 6), false},
		"six":                 {query(), []string{"/1", "/2", "/3", "/4", "/5", "/6"}, strings.Repeat("a.example+ ", 6), true},
		"downgrade":           {query(), []string{"http://a.example/b"}, "a.example+", true},
		"nowhere":             {query(), []string{""}, "a.example+", true},
		"file":                {query(), []string{"file:///etc/passwd"}, "a.example+", true},
		"procedure":           {procedure(), []string{"/b"}, "a.example+", true},
		"procedure elsewhere": {procedure(), []string{"https://b.example/b"}, "a.example+", true},
		"without input":       {&testCall{Request: rpc.Request{NSID: "com.example.do", Procedure: true}}, []string{"/b"}, "a.example+", true},
		"repeatable":          {repeatable(procedure()), []string{"/b"}, "a.example+", true},
	} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for own, policy := range policies {
				t.Run(fmt.Sprintf("%s, %d%s", name, status, own), func(t *testing.T) {
					var sent []string
					to := test.to
					h := &http.Client{CheckRedirect: policy, Transport: transport(func(r *http.Request) (*http.Response, error) {
						w := httptest.NewRecorder()
						host := r.URL.Host
						h := r.Header
						if h.Get("Authorization") == "Bearer s3cret" && h.Get("Atproto-Proxy") != "" && h.Get("X-Mine") != "" {
							host += "+"
						} else if len(h) != 3 || h.Get("Accept") == "" || h.Get("User-Agent") == "" || h.Get("Accept-Encoding") != "gzip" {
							t.Errorf("headers that go to %s: %v", host, h)
						}
						sent = append(sent, host)
						if len(to) > 0 {
							w.Header().Set("Location", to[0])
							w.WriteHeader(status)
							to = to[1:]
						} else {
							answer(w, 200, `{}`)
						}
						return w.Result(), nil
					})}
					c, err := xrpc.New("https://a.example", xrpc.WithNetwork(network.Network{HTTPClient: h}), xrpc.WithHeader("X-Mine", "1"),
						xrpc.WithHeader("Authorization", "Bearer s3cret"), xrpc.WithProxy("did:web:api.example.com#appview"),
						xrpc.WithRetry(xrpc.Retry{Attempts: 1}))
					if err != nil {
						t.Fatal(err)
					}
					err = test.call.do(background, c)
					if got := strings.Join(sent, " "); got != strings.TrimSpace(test.sent) || (err != nil) != test.fails {
						t.Errorf("%s, %v, want %s", got, err, test.sent)
					}
					if redirect := name != "file"; err != nil && redirect && !errors.Is(err, xrpc.ErrRedirect) {
						t.Errorf("%v is not ErrRedirect", err)
					}
					if err != nil && test.call.Procedure && remote(t, err).Status != status {
						t.Error(err)
					}
				})
			}
		}
	}
}

// TestOwnPolicy: an injected client's own policy is asked.
func TestOwnPolicy(t *testing.T) {
	h := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			w := httptest.NewRecorder()
			http.Redirect(w, r, "/b", http.StatusFound)
			return w.Result(), nil
		}),
	}
	c, _ := xrpc.New("https://a.example", xrpc.WithNetwork(network.Network{HTTPClient: h}))
	if err := query().do(background, c); !errors.Is(err, xrpc.ErrRedirect) || remote(t, err).Status != 302 {
		t.Error(err)
	}
}

// TestRedirectToLoopback: a service out there cannot lead a guarded client to this host.
func TestRedirectToLoopback(t *testing.T) {
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was reached") }))
	defer private.Close()
	_, port, _ := net.SplitHostPort(private.Listener.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"} {
		n := &fakeNetwork{handler: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+net.JoinHostPort(strings.Trim(host, "[]"), port)+"/", http.StatusFound)
		}}
		h := guard.Client(false)
		guarded := h.Transport.(*http.Transport).DialContext
		h.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == "service.example:80" {
				return n.dial(ctx, network, address)
			}
			return guarded(ctx, network, address)
		}
		c, err := xrpc.New(origin, xrpc.WithNetwork(network.Network{HTTPClient: h}))
		if err != nil {
			t.Fatal(err)
		}
		err = query().do(background, c)
		var broken *xrpc.TransportError
		if !errors.Is(err, guard.ErrPrivate) || !errors.As(err, &broken) || n.count() != 1 {
			t.Errorf("%s: %v, %d requests", host, err, n.count())
		}
		h.CloseIdleConnections()
		for _, conn := range n.conns {
			conn.Close()
		}
		n.servers.Wait()
	}
}

// TestGuarded: nor can its own address.
func TestGuarded(t *testing.T) {
	for _, service := range []string{"https://127.0.0.1:1", "https://localhost:1", "https://[::1]:1"} {
		c, err := xrpc.New(service)
		if err != nil {
			t.Fatal(err)
		}
		if err := procedure().do(background, c); !errors.Is(err, guard.ErrPrivate) {
			t.Error(err)
		}
	}
}
