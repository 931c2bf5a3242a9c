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
	// MaxInflation is the largest number of bytes that one byte of a compressed body may become, on average.
	MaxInflation = 100
	// FreeInflation is the size, in bytes after decompression, up to which a body is not checked against
	// MaxInflation.
	FreeInflation = 4 << 20
)

// Inflation limits how much a compressed body may inflate. A field that is 0 has the default that its comment
// names; fields must not be negative.
type Inflation struct {
	// Max is the largest number of bytes that one byte may become, in place of [MaxInflation].
	Max int64
	// Free is the size, in bytes after decompression, up to which Max does not apply, in place of [FreeInflation].
	Free int64
}

// ErrInflation says that a compressed body became too large: larger than [Inflation].Free and more than
// [Inflation].Max times the bytes received.
var ErrInflation = errors.New("inflates too much")

// Inflate wraps t in a transport that asks for gzip and decompresses the answers, as t would do otherwise. A body
// that inflates beyond limits ends with [ErrInflation], so that a few bytes cannot make a program read gigabytes. A
// nil t means [http.DefaultTransport]. If t was returned by Inflate, it is returned unchanged, with its own limits.
// HEAD requests, requests with an Accept-Encoding or Range header, and answers that are not in gzip are passed on
// unchanged.
//
// A decompressed answer looks as [http.Transport] would return it: Uncompressed is set, and the headers
// Content-Encoding and Content-Length are removed. The transport is safe for concurrent use if t is.
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

// CloseIdleConnections is called by [http.Client.CloseIdleConnections].
func (t *inflating) CloseIdleConnections() {
	if base, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// inflater decompresses a body in gzip and checks its limits.
type inflater struct {
	compressed counter
	limits     Inflation
	gzip       *gzip.Reader // made by the first Read
	inflated   int64        // how many bytes it has returned so far
	err        error        // the error of every later Read
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

// counter counts the bytes that are read.
type counter struct {
	source io.ReadCloser
	count  int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.source.Read(b)
	c.count += int64(n)
	return n, err
}
