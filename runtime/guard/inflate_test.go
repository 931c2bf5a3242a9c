package guard_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/guard"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// zipped returns the parts, each as a member of its own.
func zipped(parts ...[]byte) []byte {
	var b bytes.Buffer
	for _, part := range parts {
		w := gzip.NewWriter(&b)
		w.Write(part)
		w.Close()
	}
	return b.Bytes()
}

// noise is what cannot be compressed.
func noise(size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func TestInflate(t *testing.T) {
	zeros := make([]byte, 8<<20)
	many := make([][]byte, 40)
	for i := range many {
		many[i] = zeros[:200<<10]
	}
	for name, test := range map[string]struct {
		body []byte
		want int // bytes; -1: ErrInflation
		guard.Inflation
	}{
		"nothing":             {zipped(nil), 0, guard.Inflation{}},
		"text":                {zipped([]byte("text")), 4, guard.Inflation{}},
		"noise":               {zipped(noise(1 << 20)), 1 << 20, guard.Inflation{}},
		"4 MiB of zeros":      {zipped(zeros[:4<<20]), 4 << 20, guard.Inflation{}},
		"a byte more":         {zipped(zeros[:4<<20+1]), -1, guard.Inflation{}},
		"8 MiB of zeros":      {zipped(zeros), -1, guard.Inflation{}},
		"in members":          {zipped(many...), -1, guard.Inflation{}},
		"zeros after noise":   {zipped(noise(1<<10), zeros), -1, guard.Inflation{}},
		"enough noise before": {zipped(noise(100<<10), zeros), 100<<10 + 8<<20, guard.Inflation{}},
		"noise comes late":    {zipped(zeros, noise(1<<20)), -1, guard.Inflation{}},
		"more is allowed":     {zipped(zeros), 8 << 20, guard.Inflation{Max: 10000}},
		"more is free":        {zipped(zeros), 8 << 20, guard.Inflation{Free: 8 << 20}},
		"all is allowed":      {zipped(zeros), 8 << 20, guard.Inflation{Max: math.MaxInt64}},
		"less is allowed":     {zipped(noise(100<<10), zeros), -1, guard.Inflation{Max: 10}},
		"less is free":        {zipped(zeros[:1<<20]), -1, guard.Inflation{Free: 1000}},
	} {
		closed := false
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			if got := r.Header.Get("Accept-Encoding"); got != "gzip" {
				t.Errorf("%s: asks for %q", name, got)
			}
			return &http.Response{
				StatusCode: 200, Header: http.Header{"Content-Encoding": {"GZIP"}, "Content-Length": {"5"}}, ContentLength: 5,
				Body: &closer{Reader: bytes.NewReader(test.body), closed: &closed}, Request: r,
			}, nil
		})
		req, _ := http.NewRequest(http.MethodGet, "http://example.com/", nil)
		response, err := guard.Inflate(base, test.Inflation).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if len(req.Header) > 0 || response.Request != req || !response.Uncompressed || response.ContentLength != -1 || len(response.Header) > 0 {
			t.Errorf("%s: %+v of %+v", name, response, req)
		}
		n, err := io.Copy(io.Discard, response.Body)
		switch {
		case test.want < 0:
			if !errors.Is(err, guard.ErrInflation) || n > 5<<20 {
				t.Errorf("%s: %d bytes, %v", name, n, err)
			}
			if m, again := response.Body.Read(make([]byte, 1)); m != 0 || again != err {
				t.Errorf("%s: read on: %d, %v", name, m, again)
			}
		case int(n) != test.want || err != nil:
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if response.Body.Close(); !closed {
			t.Errorf("%s: not closed", name)
		}
	}
}

type closer struct {
	io.Reader
	closed *bool
}

func (c *closer) Close() error { *c.closed = true; return nil }

// TestInflateLeavesAlone: what asks for an encoding itself, and answers in none or another, go through.
func TestInflateLeavesAlone(t *testing.T) {
	for name, test := range map[string]struct {
		method, header, value, answer string
		asks                          string
	}{
		"no gzip":      {"GET", "", "", "", "gzip"},
		"br":           {"GET", "", "", "br", "gzip"},
		"own encoding": {"GET", "Accept-Encoding", "gzip", "gzip", "gzip"},
		"range":        {"GET", "Range", "bytes=1-2", "gzip", ""},
		"head":         {"HEAD", "", "", "gzip", ""},
	} {
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			if got := r.Header.Get("Accept-Encoding"); got != test.asks {
				t.Errorf("%s: asks for %q", name, got)
			}
			return &http.Response{Header: http.Header{"Content-Encoding": {test.answer}}, Body: io.NopCloser(strings.NewReader("as it is")), ContentLength: 8}, nil
		})
		req, _ := http.NewRequest(test.method, "http://example.com/", nil)
		if test.header != "" {
			req.Header.Set(test.header, test.value)
		}
		response, err := guard.Inflate(guard.Inflate(base, guard.Inflation{}), guard.Inflation{}).RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(response.Body); string(data) != "as it is" || err != nil || response.ContentLength != 8 {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	broken := errors.New("broken")
	base := roundTrip(func(*http.Request) (*http.Response, error) { return nil, broken })
	if _, err := guard.Inflate(base, guard.Inflation{}).RoundTrip(&http.Request{}); err != broken {
		t.Error(err)
	}
}
