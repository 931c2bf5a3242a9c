package guard

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// The limits of [Inflate].
const (
	// MaxInflation is how many bytes one byte of a compressed body may become.
	MaxInflation = 100
	// FreeInflation is how many bytes a body may have, after decompression, before that counts.
	FreeInflation = 4 << 20
)

// Inflation is how much a compressed body may inflate. A field that is 0 stands for the constant, and none is negative.
type Inflation struct {
	// Max is how many bytes one byte may become, in place of [MaxInflation].
	Max int64
	// Free is how many bytes a body may have, after decompression, before that counts, in place of [FreeInflation].
	Free int64
}

// ErrInflation says that a compressed body became too large: more than [Inflation].Free and more than
// [Inflation].Max times what was received.
var ErrInflation = errors.New("inflates too much")

// Inflate returns a transport that asks for gzip and removes it, in place of t, and ends a body that
// inflates more than limits with [ErrInflation]: a few bytes must not make a program read gigabytes. t is
// [http.DefaultTransport] if it is nil. A transport that Inflate returned keeps its limits. A request that has an Accept-Encoding or a Range of its own goes
// through as it is, and so does an answer that is not in gzip.
//
// An answer that had gzip is as [http.Transport] has it: Uncompressed is set, Content-Encoding and
// Content-Length are gone. The transport is safe for concurrent use if t is.
func Inflate(t http.RoundTripper, limits Inflation) http.RoundTripper {
	if t == nil {
		t = http.DefaultTransport
	}
	if already, ok := t.(*inflating); ok {
		return already
	}
	return &inflating{t, Inflation{cmp.Or(limits.Max, MaxInflation), cmp.Or(limits.Free, FreeInflation)}}
}

type inflating struct {
	base   http.RoundTripper
	limits Inflation
}

// RoundTrip implements [http.RoundTripper].
func (t *inflating) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Accept-Encoding") != "" || req.Header.Get("Range") != "" || req.Method == http.MethodHead {
		return t.base.RoundTrip(req)
	}
	asking := req.WithContext(req.Context()) // a copy: a RoundTripper must not change its request
	if asking.Header = req.Header.Clone(); asking.Header == nil {
		asking.Header = http.Header{}
	}
	asking.Header.Set("Accept-Encoding", "gzip")
	response, err := t.base.RoundTrip(asking)
	if err != nil {
		return response, err
	}
	response.Request = req
	if strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		response.Body = &inflater{compressed: counter{source: response.Body}, limits: t.limits}
		response.Header.Del("Content-Encoding")
		response.Header.Del("Content-Length")
		response.ContentLength = -1
		response.Uncompressed = true
	}
	return response, nil
}

// CloseIdleConnections is called by the method of that name of [http.Client].
func (t *inflating) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// inflater is a body without its gzip.
type inflater struct {
	compressed counter
	limits     Inflation
	gzip       *gzip.Reader // made by the first Read
	inflated   int64
	err        error
}

func (f *inflater) Read(b []byte) (int, error) {
	if f.err == nil && f.gzip == nil {
		f.gzip, f.err = gzip.NewReader(&f.compressed)
	}
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.gzip.Read(b)
	f.inflated += int64(n)
	if f.err = err; f.inflated > f.limits.Free && (f.inflated-1)/f.limits.Max >= f.compressed.count {
		f.err = fmt.Errorf("guard: body %w: %d bytes of gzip became more than %d bytes",
			ErrInflation, f.compressed.count, f.inflated)
		return 0, f.err
	}
	return n, f.err
}

// Close closes the compressed body.
func (f *inflater) Close() error { return f.compressed.source.Close() }

// counter counts what is read.
type counter struct {
	source io.ReadCloser
	count  int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.source.Read(b)
	c.count += int64(n)
	return n, err
}
