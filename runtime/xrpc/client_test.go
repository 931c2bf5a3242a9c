package xrpc_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

func TestCalls(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if strings.HasSuffix(r.URL.Path, "stream") {
				w.Header().Set("Content-Type", "application/vnd.ipld.car; version=1")
				io.WriteString(w, "some bytes")
				return
			}
			answer(w, 200, fmt.Sprintf(`{"method":%q,"uri":%q,"type":%q,"length":%d,"body":%q}`,
				r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.ContentLength, body))
		}
		c := n.client(t)
		get := query()
		get.Params.String("q", "a&b c/ü")
		get.Params.Int("limit", 5)
		empty := procedure()
		empty.Input = nil
		file := strings.NewReader("not this: image")
		file.Seek(10, io.SeekStart)
		untyped := upload(strings.NewReader("x"))
		untyped.Request.Encoding = ""
		for name, test := range map[string]struct {
			call *testCall
			want string
		}{
			"query":          {get, "GET /xrpc/com.example.get?q=a%26b+c%2F%C3%BC&limit=5  0 "},
			"procedure":      {procedure(), `POST /xrpc/com.example.do application/json 16 {"field":"text"}`},
			"without input":  {empty, "POST /xrpc/com.example.do  0 "},
			"file":           {upload(file), "POST /xrpc/com.example.upload image/png 5 image"},
			"buffer":         {upload(bytes.NewBufferString("image")), "POST /xrpc/com.example.upload image/png 5 image"},
			"unknown length": {upload(io.MultiReader(strings.NewReader("image"))), "POST /xrpc/com.example.upload image/png -1 image"},
			"nothing":        {upload(strings.NewReader("")), "POST /xrpc/com.example.upload image/png 0 "},
			"untyped":        {untyped, "POST /xrpc/com.example.upload application/octet-stream 1 x"},
		} {
			if err := test.call.do(background, c); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var got struct {
				Method, URI, Type, Body string
				Length                  int
			}
			text, _ := test.call.Output.(*lex.Map).MarshalJSON()
			json.Unmarshal(text, &got)
			if got := fmt.Sprintf("%s %s %s %d %s", got.Method, got.URI, got.Type, got.Length, got.Body); got != test.want {
				t.Errorf("%s: got %s, want %s", name, got, test.want)
			}
		}
		unwanted := procedure()
		unwanted.Output = nil
		if err := unwanted.do(background, c); err != nil {
			t.Error(err)
		}
		call := stream()
		if err := call.do(background, c); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(call.Response.Body)
		if string(data) != "some bytes" || err != nil || call.Response.Encoding != "application/vnd.ipld.car; version=1" {
			t.Errorf("stream: %q, %q, %v", data, call.Response.Encoding, err)
		}
		if n, err := call.Response.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("behind the end: %d, %v", n, err)
		}
		if err := call.Response.Body.Close(); err != nil {
			t.Error(err)
		}
		if n.dials != 1 {
			t.Errorf("%d connections for calls one after the other", n.dials)
		}
	})
}

func TestHeaders(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = failing()
		c := n.client(t, xrpc.WithNetwork(network.Network{HTTPClient: &http.Client{Transport: &http.Transport{DialContext: n.dial}}, UserAgent: "tester/1"}), xrpc.WithProxy("did:web:api.example.com#appview"),
			xrpc.WithLabelers(did, did+";redact"), xrpc.WithHeader("x-mine", "1"),
			xrpc.WithHeader("Authorization", "Basic s3cret"))
		download := stream()
		for _, call := range []*testCall{query(), procedure(), download, {Request: rpc.Request{NSID: "com.atproto.repo.getRecord"}}} {
			if err := call.do(background, c); err != nil {
				t.Fatal(err)
			}
		}
		download.Response.Body.Close()
		for i, r := range n.requests {
			for name, want := range map[string]string{
				"User-Agent": "tester/1", "X-Mine": "1", "Authorization": "Basic s3cret", "Accept-Encoding": "gzip",
				"Atproto-Accept-Labelers": did + ", " + did + ";redact",
				"Atproto-Proxy":           []string{"did:web:api.example.com#appview", ""}[i/3],
				"Accept":                  []string{"application/json", "application/json", "*/*", "application/json"}[i],
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("request %d: %s: %q, want %q", i, name, got, want)
				}
			}
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
			if got := fmt.Sprintf(verb, c); got != "xrpc.Client(http://service.example)" {
				t.Errorf("%s shows %s", verb, got)
			}
		}
	})
}

func TestOrigins(t *testing.T) {
	for service, want := range map[string]string{
		"https://pds.example.com":           "https://pds.example.com",
		"https://PDS.Example.com/":          "https://pds.example.com",
		"https://pds.example.com:443":       "https://pds.example.com",
		"https://pds.example.com:8443":      "https://pds.example.com:8443",
		"https://[2001:db8::1]:443":         "https://[2001:db8::1]",
		"http://localhost:2583":             "http://localhost:2583",
		"http://localhost:80/":              "http://localhost",
		"https://pds.example.com/xrpc":      "",
		"https://pds.example.com?":          "",
		"https://pds.example.com?token=pw":  "",
		"https://pds.example.com#fragment":  "",
		"https://user:pw@pds.example.com":   "",
		"https://user:pw@pds.example.com:x": "",
		"https://:443":                      "",
		"https:pds.example.com":             "",
		"ftp://pds.example.com":             "",
		"pds.example.com":                   "",
		"pds.example.com:443":               "",
		"":                                  "",
	} {
		c, err := xrpc.New(service, xrpc.WithNetwork(network.Network{AllowPrivate: true}))
		if (err == nil) != (want != "") || err == nil && c.Service() != want {
			t.Errorf("%q: %v, %v, want %q", service, c, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: the error shows a secret: %v", service, err)
		}
	}
	for service, want := range map[string]string{"http://pds.example.com": "--allow-private", "https://bücher.example": "punycode", "https://b%C3%BCcher.example": "punycode"} {
		if _, err := xrpc.New(service); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", service, err, want)
		}
	}
	if _, err := xrpc.New("http://pds.example.com", xrpc.WithNetwork(network.Network{HTTPClient: http.DefaultClient})); err != nil {
		t.Error(err)
	}
}

func TestBadOptions(t *testing.T) {
	for name, opt := range map[string]xrpc.Option{
		"agent with newline": xrpc.WithNetwork(network.Network{UserAgent: "a\r\nb"}),
		"proxy without #":    xrpc.WithProxy("did:web:api.example.com"),
		"proxy without DID":  xrpc.WithProxy("api.example.com#appview"),
		"empty fragment":     xrpc.WithProxy("did:web:api.example.com#"),
		"labeler":            xrpc.WithLabelers("someone"),
		"header name":        xrpc.WithHeader("a b", ""),
		"no header name":     xrpc.WithHeader("", ""),
		"header value":       xrpc.WithHeader("a", "b\n"),
		"idempotency":        xrpc.WithHeader("idempotency-key", "1"),
		"encoding":           xrpc.WithHeader("Accept-Encoding", "br"),
		"response size":      xrpc.WithMaxResponse(0),
		"request size":       xrpc.WithMaxRequest(-1),
		"retries":            xrpc.WithRetry(xrpc.Retry{Attempts: -1}),
		"idle":               xrpc.WithIdleTimeout(-1),
		"rate":               xrpc.WithMinRate(-1),
		"longest pause":      xrpc.WithMaxWait(-1),
		"pace":               xrpc.WithPace(-1, 1),
		"burst":              xrpc.WithPace(1, 0),
	} {
		if _, err := xrpc.New("https://pds.example.com", opt); err == nil || !strings.HasPrefix(err.Error(), "xrpc: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadCalls(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = failing()
		c := n.client(t, xrpc.WithMaxRequest(10))
		for name, call := range map[string]*testCall{
			"no method":       {},
			"path for method": {Request: rpc.Request{NSID: "com.example.get/../../admin?x="}},
			"large input":     procedure(),
		} {
			err := call.do(background, c)
			large := name == "large input"
			if err == nil || !strings.Contains(err.Error(), " at "+origin+": ") || errors.Is(err, xrpc.ErrTooLarge) != large {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n.dials > 0 {
			t.Error("something was sent")
		}
	})
}

// TestConnectionsAreReused: whatever is answered, the next call finds the connection free.
func TestConnectionsAreReused(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Query().Get("as") {
			case "error":
				answer(w, 400, `{"error":"No"}`)
			case "page":
				w.Header().Set("Content-Type", "text/html")
				w.WriteHeader(502)
				w.Write(bytes.Repeat([]byte("<p>"), 10_000))
			case "chunks":
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, `{"a":`)
				w.(http.Flusher).Flush()
				io.WriteString(w, `1}`)
			case "unwanted":
				answer(w, 200, strings.Repeat(" ", 60_000))
			}
		}
		c := n.client(t, xrpc.WithRetry(xrpc.Retry{Attempts: 1}))
		for _, as := range []string{"error", "page", "chunks", "unwanted", "chunks", "error", "chunks"} {
			call := query()
			call.Params.String("as", as)
			if as == "unwanted" {
				call.Output = nil
			}
			err := call.do(background, c)
			if good := as == "chunks" || as == "unwanted"; good != (err == nil) {
				t.Errorf("%s: %v", as, err)
			}
		}
		if n.dials != 1 {
			t.Errorf("%d connections", n.dials)
		}
	})
}

func TestConcurrentCalls(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = failing(500, 429, 503)
		c := n.client(t)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				call := query()
				if i%2 == 0 {
					call = repeatable(upload(strings.NewReader("image")))
				}
				if err := call.do(background, c); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n.count() != 53 {
			t.Errorf("%d requests", n.count())
		}
	})
}

func TestPace(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		opts   []xrpc.Option
		calls  int
		took   time.Duration
	}{
		"default":         {"", nil, 510, time.Second},
		"given":           {"", []xrpc.Option{xrpc.WithPace(2, 1)}, 5, 2 * time.Second},
		"none":            {"", []xrpc.Option{xrpc.WithPace(0, 0)}, 1000, 0},
		"server has own":  {"RateLimit-Limit", []xrpc.Option{xrpc.WithPace(2, 1)}, 5, 0},
		"other headers":   {"X-Limit", []xrpc.Option{xrpc.WithPace(2, 1)}, 3, time.Second},
		"server has own ": {"RateLimit-Remaining", []xrpc.Option{xrpc.WithPace(2, 1)}, 5, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					if test.header != "" {
						w.Header().Set(test.header, "3000")
					}
					answer(w, 200, `{}`)
				}
				c := n.client(t, test.opts...)
				start := time.Now()
				for range test.calls {
					if err := query().do(background, c); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("%d calls took %v, want %v", test.calls, took, test.took)
				}
			})
		})
	}
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = failing()
		c := n.client(t, xrpc.WithPace(0.01, 1))
		query().do(background, c)
		start := time.Now()
		err := query().do(within(t, 10*time.Second), c)
		const want = "waiting for the client's own pace takes 1m40s, until 2000-01-01T00:01:40Z: longer than the time left"
		if err == nil || !strings.Contains(err.Error(), want) || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		time.Sleep(101 * time.Second) // the turn that was not taken is free
		if err := query().do(within(t, time.Second), c); err != nil {
			t.Error(err)
		}
	})
}

// TestRealServer goes through the client's own transport.
func TestRealServer(t *testing.T) {
	s := httptest.NewServer(failing())
	defer s.Close()
	c, err := xrpc.New(s.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	if err := query().do(background, c); err != nil {
		t.Error(err)
	}
}
