package reference

import (
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Proxy is a running HTTP proxy of a server. It counts requests and can answer in the server's place. It is safe for
// concurrent use.
type Proxy struct {
	URL string // the proxy's origin

	mu     sync.Mutex
	counts map[string]int
	inject func(w http.ResponseWriter, r *http.Request) bool
}

// Proxy starts a proxy of the PDS, which runs until the end of the test. An account's DID document names the PDS itself;
// [Account.SetPDS] can make it name the proxy.
func (s *Servers) Proxy(t testing.TB) *Proxy {
	t.Helper()
	return NewProxy(t, s.PDS)
}

// NewProxy starts a proxy of the server at origin, such as the PLC directory. It runs until the end of the test.
func NewProxy(t testing.TB, origin string) *Proxy {
	t.Helper()
	target, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	reverse := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // a handle's, at /.well-known/atproto-did
		},
		Transport:     transport,
		FlushInterval: -1, // what the server sends is passed on at once
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	p := &Proxy{counts: make(map[string]int)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.handle(w, r) {
			reverse.ServeHTTP(w, r)
		}
	}))
	p.URL = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections() // so that a request that hangs does not delay the test
		server.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// Inject makes the proxy call f for each request, possibly concurrently. f either answers and returns true, or returns
// false to pass the request to the server. It may panic with [http.ErrAbortHandler] to cut the connection. A nil f removes
// the function.
func (p *Proxy) Inject(f func(w http.ResponseWriter, r *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inject = f
}

// Count returns the number of requests for a method ("com.atproto.server.refreshSession"), or for a path outside /xrpc/
// ("/did:plc:abc", "/.well-known/atproto-did"). It includes requests that an injected function answered.
func (p *Proxy) Count(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[name]
}

// Counts returns all counts, by method or path.
func (p *Proxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// Reset sets the counts to zero.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.counts)
}

func (p *Proxy) handle(w http.ResponseWriter, r *http.Request) bool {
	name := r.URL.Path
	if nsid, ok := strings.CutPrefix(name, "/xrpc/"); ok {
		name = nsid
	}
	p.mu.Lock()
	p.counts[name]++
	inject := p.inject
	p.mu.Unlock()
	return inject != nil && inject(w, r)
}
