package guard_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/layers-pub/layers-go/runtime/guard"
)

// TestPublic has the ends of each range of the IANA special-purpose registries, and their neighbours.
func TestPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"0.0.0.0": false, "0.255.255.255": false, "1.0.0.0": true, "1.1.1.1": true, "8.8.8.8": true,
		"9.255.255.255": true, "10.0.0.0": false, "10.255.255.255": false, "11.0.0.0": true,
		"100.63.255.255": true, "100.64.0.0": false, "100.127.255.255": false, "100.128.0.0": true,
		"126.255.255.255": true, "127.0.0.0": false, "127.0.0.1": false, "127.255.255.255": false, "128.0.0.0": true,
		"169.253.255.255": true, "169.254.0.0": false, "169.254.169.254": false, "169.254.255.255": false, "169.255.0.0": true,
		"172.15.255.255": true, "172.16.0.0": false, "172.31.255.255": false, "172.32.0.0": true,
		"191.255.255.255": true, "192.0.0.0": false, "192.0.0.170": false, "192.0.0.255": false, "192.0.1.0": true,
		"192.0.2.0": false, "192.0.2.255": false, "192.0.3.0": true,
		"192.88.98.255": true, "192.88.99.0": false, "192.88.99.255": false, "192.88.100.0": true,
		"192.167.255.255": true, "192.168.0.0": false, "192.168.255.255": false, "192.169.0.0": true,
		"198.17.255.255": true, "198.18.0.0": false, "198.19.255.255": false, "198.20.0.0": true,
		"198.51.99.255": true, "198.51.100.0": false, "198.51.100.255": false, "198.51.101.0": true,
		"203.0.112.255": true, "203.0.113.0": false, "203.0.113.255": false, "203.0.114.0": true,
		"223.255.255.255": true, "224.0.0.0": false, "239.255.255.255": false, "240.0.0.0": false, "255.255.255.255": false,
		"192.31.196.1": true, "192.52.193.1": true, "192.175.48.1": true, // special, but globally reachable

		"::": false, "::1": false, "::7f00:1": false, "::8.8.8.8": false,
		"::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:8.8.8.8": true,
		"::ffff:0:8.8.8.8": false, "::ffff:0:127.0.0.1": false,
		"64:ff9b::8.8.8.8": true, "64:ff9b::127.0.0.1": false, "64:ff9b::10.1.2.3": false, "64:ff9b::169.254.169.254": false,
		"64:ff9b:0:0:0:1:808:808": false, "64:ff9b:1::8.8.8.8": false,
		"100::1": false, "100:0:0:1::1": false, "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": false,
		"2001::": false, "2001:0:808:808::": false, "2001:2::1": false, "2001:10::1": false, "2001:20::1": false,
		"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff": false, "2001:200::": true,
		"2001:4860:4860::8888": true, "2606:4700:4700::1111": true, "2a00:1450:4001::1": true,
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": true, "2001:db8::": false, "2001:db8:ffff::1": false, "2001:db9::": true,
		"2002:808:808::1": true, "2002:7f00:1::1": false, "2002:a00:1::1": false, "2002:a9fe:a9fe::": false, "2003::": true,
		"2620:4f:8000::1":                         true,
		"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "3fff::": false, "3fff:fff:ffff::": false, "3fff:1000::": true,
		"4000::": false, "5f00::1": false, "fc00::1": false, "fd12:3456::1": false, "fe80::1": false, "fe80::1%eth0": false,
		"2001:4860:4860::8888%eth0": false, "fec0::1": false, "ff02::1": false, "ff0e::1": false,
	} {
		if got := guard.Public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
	if guard.Public(netip.Addr{}) {
		t.Error("the zero address is public")
	}
}

// TestClient: a guarded client makes no connection to this host, whatever it is called; the other one does.
func TestClient(t *testing.T) {
	var dialled, reached atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dialled.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	guarded := guard.Client(false)
	for _, host := range []string{
		"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "[::1]",
	} {
		response, err := guarded.Get("http://" + host + ":" + port + "/")
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, guard.ErrPrivate) {
			t.Errorf("%s: %v", host, err)
		}
		if err != nil && !strings.Contains(err.Error(), strings.Trim(host, "[]")) {
			t.Errorf("the error does not name %s: %v", host, err)
		}
	}
	if _, err := guarded.Get("http://localhost:" + port); !strings.Contains(err.Error(), "AllowPrivate") {
		t.Errorf("the error does not say how to allow it: %v", err)
	}
	if dialled.Load() != 0 {
		t.Errorf("%d connections", dialled.Load())
	}
	open := guard.Client(true)
	defer open.CloseIdleConnections()
	response, err := open.Get("http://localhost:" + port + "/")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if dialled.Load() != 1 || reached.Load() != 1 {
		t.Errorf("%d connections, %d requests", dialled.Load(), reached.Load())
	}
}

// TestHTTP2: the transport speaks it although it has a dialer of its own.
func TestHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, " ", r.Header.Get("Accept-Encoding"))
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	client := guard.Client(true)
	defer client.CloseIdleConnections()
	client.Transport.(*http.Transport).TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig
	response, err := client.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); string(text) != "HTTP/2.0 gzip" {
		t.Errorf("%s", text)
	}
}

// TestNoProxy: a proxy would dial in the client's place.
func TestNoProxy(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	defer s.Close()
	t.Setenv("HTTP_PROXY", s.URL)
	t.Setenv("HTTPS_PROXY", s.URL)
	if response, err := guard.Client(true).Get("http://127.0.0.1:1/"); err == nil {
		response.Body.Close()
		t.Error("it was answered")
	}
	if guard.Client(false).Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy")
	}
}

// TestRedirects: on the way of redirects, each address is looked at.
func TestRedirects(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var left int
		if fmt.Sscan(strings.TrimPrefix(r.URL.Path, "/"), &left); left > 0 {
			http.Redirect(w, r, fmt.Sprint("/", left-1), http.StatusFound)
		}
	}))
	defer s.Close()
	client := guard.Client(true)
	defer client.CloseIdleConnections()
	for count, want := range map[int]error{0: nil, 1: nil, 5: nil, 6: guard.ErrRedirect, 50: guard.ErrRedirect} {
		response, err := client.Get(fmt.Sprint(s.URL, "/", count))
		if err == nil {
			response.Body.Close()
		}
		if !errors.Is(err, want) {
			t.Errorf("%d redirects: %v", count, err)
		}
	}
}

func TestCheckRedirect(t *testing.T) {
	request := func(s string) *http.Request {
		u, _ := url.Parse(s)
		return &http.Request{URL: u}
	}
	for _, test := range []struct {
		from, to string
		ok       bool
	}{
		{"https://a.example", "https://b.example", true},
		{"http://a.example", "https://b.example", true},
		{"http://a.example", "http://b.example", true},
		{"https://a.example/secret?token=s3cret", "http://a.example/secret?token=s3cret", false},
		{"https://a.example", "ftp://a.example", false},
	} {
		err := guard.CheckRedirect(request(test.to), []*http.Request{request(test.from)})
		if (err == nil) != test.ok || err != nil && !errors.Is(err, guard.ErrRedirect) {
			t.Errorf("%s to %s: %v", test.from, test.to, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func Example() {
	s := httptest.NewServer(http.NotFoundHandler()) // a service that only this host can reach
	defer s.Close()

	_, err := guard.Client(false).Get(s.URL)
	fmt.Println(errors.Is(err, guard.ErrPrivate))
	// Output: true
}
