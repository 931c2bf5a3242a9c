package xrpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// exchange is a call in progress.
type exchange struct {
	c       *Client
	ctx     context.Context
	call    *rpc.Request
	result  *rpc.Response
	body    *payload      // nil: none
	request *http.Request // the request of the last attempt
	trace   *trace        // of that request; nil for a query

	failures int // how many attempts have failed so far
}

// trace records whether the transport asked for a connection for a request, and whether it got one. A transport other
// than that of net/http may report nothing.
type trace struct{ asked, got atomic.Bool }

// sent reports whether a part of the last request may have reached the server. It is false only if the transport
// asked for a connection and got none.
func (x *exchange) sent() bool { return x.trace == nil || x.trace.got.Load() || !x.trace.asked.Load() }

// prepare checks the call and makes its body.
func (x *exchange) prepare() error {
	if _, err := syntax.ParseNSID(string(x.call.NSID)); err != nil {
		return err
	}
	switch {
	case !x.call.Procedure:
	case x.call.Input != nil:
		data, err := lex.EncodeJSON(x.call.Input)
		if err != nil {
			return fmt.Errorf("encoding the input: %w", err)
		}
		if int64(len(data)) > x.c.maxRequest {
			return fmt.Errorf("request of %d bytes: %w: the limit is %d", len(data), ErrTooLarge, x.c.maxRequest)
		}
		x.body = newPayload(bytes.NewReader(data), typeJSON)
	case x.call.Body != nil:
		x.body = newPayload(x.call.Body, x.call.Encoding)
	}
	return nil
}

// rewind seeks the body back to its position before the last attempt.
func (x *exchange) rewind() error {
	if x.body == nil {
		return nil
	}
	return x.body.rewind()
}

// newRequest returns the request of the next attempt.
func (x *exchange) newRequest(ctx context.Context, w *watch) *http.Request {
	c, call := x.c, x.call
	target := c.base
	target.Path = "/xrpc/" + string(call.NSID)
	target.RawQuery = call.Params.Encode()
	header := c.header.Clone()
	if x.result.Stream {
		header.Set("Accept", "*/*")
	}
	if c.proxy != "" && !strings.HasPrefix(string(call.NSID), "com.atproto.") {
		header.Set("Atproto-Proxy", c.proxy)
	}
	req := &http.Request{Method: http.MethodGet, URL: &target, Host: target.Host, Header: header}
	if call.Procedure {
		req.Method = http.MethodPost
		t := new(trace)
		x.trace = t
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn: func(string) { t.asked.Store(true) },
			GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
		})
	}
	if x.body != nil {
		header.Set("Content-Type", x.body.mediaType)
		x.body.attach(ctx, req, w)
	}
	return req.WithContext(ctx)
}

// send makes one attempt: it waits for the client's pace, authorizes and sends a request, and decodes the answer into
// x.result or returns an error.
func (x *exchange) send() error {
	c := x.c
	if err := c.pace.wait(x); err != nil {
		return x.transportError(err, false)
	}
	ctx, w := newWatch(x.ctx, c.idle)
	w.pause()
	x.request = x.newRequest(ctx, w)
	if c.auth != nil {
		if err := c.auth.Authorize(x.ctx, x.request); err != nil {
			w.end()
			return fmt.Errorf("xrpc: %s at %s: %w: %w", x.call.NSID, c.service, ErrNotSent, err)
		}
	}
	if x.body != nil {
		defer x.body.stop()
	}
	w.start()
	response, err := c.http.Do(x.request)
	if err != nil {
		err := x.broken(ctx, err)
		w.end()
		return err
	}
	c.pace.heard(x.call.NSID, response.Header)
	body := &answer{x: x, ctx: ctx, watch: w, body: response.Body, size: response.ContentLength}
	if x.result.Stream && response.StatusCode/100 == 2 {
		if err := x.usable(response); err != nil {
			body.Close()
			return err
		}
		if x.body != nil {
			x.body.stop() // it starts the watch
		}
		w.pause()
		x.result.Body, x.result.Encoding = body, response.Header.Get("Content-Type")
		return nil
	}
	defer body.Close()
	if response.StatusCode/100 != 2 {
		return x.refused(response, body)
	}
	if x.result.Output == nil {
		// Read to the end so that the connection can be reused, but only if the rest is short.
		io.CopyN(io.Discard, body, maxErrorBody+1)
		return nil
	}
	return x.decode(response, body)
}

// decode decodes an answer in JSON into the call's output.
func (x *exchange) decode(response *http.Response, body io.Reader) error {
	limit := x.c.maxResponse
	if response.ContentLength > limit {
		err := fmt.Errorf("response of %d bytes: %w: the limit is %d", response.ContentLength, ErrTooLarge, limit)
		return x.transportError(err, false)
	}
	if err := x.usable(response); err != nil {
		return err
	}
	if !isJSON(response.Header.Get("Content-Type")) {
		return x.misfit(response, body, "malformed response: not JSON but "+shown(response.Header.Get("Content-Type")))
	}
	buffer := x.c.buffers.Get().(*bytes.Buffer)
	defer func() {
		if buffer.Cap() <= maxPooled {
			buffer.Reset()
			x.c.buffers.Put(buffer)
		}
	}()
	buffer.Grow(int(min(max(response.ContentLength, 0)+bytes.MinRead, maxPooled)))
	if _, err := buffer.ReadFrom(io.LimitReader(body, limit+1)); err != nil {
		return err // of answer.Read
	}
	if int64(buffer.Len()) > limit {
		return x.transportError(fmt.Errorf("response: %w: the limit is %d bytes", ErrTooLarge, limit), false)
	}
	if err := lex.Decode(x.ctx, buffer.Bytes(), x.result.Output, lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
		if _, wrong := err.(*issue.Error); !wrong {
			err = pause.Ended(x.ctx)
		}
		return fmt.Errorf("xrpc: %s at %s: response: %w", x.call.NSID, x.c.service, err)
	}
	return nil
}

// maxPooled is the largest buffer that is kept for later calls.
const maxPooled = 1 << 20

const typeJSON = "application/json"

// isJSON reports whether a Content-Type is that of JSON. An empty one counts as JSON, since some servers leave it
// out.
func isJSON(contentType string) bool {
	if contentType == typeJSON || contentType == "" {
		return true
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return err == nil && (mediaType == typeJSON || strings.HasSuffix(mediaType, "+json"))
}

// usable returns an error if the answer has a Content-Encoding that was not asked for. [guard.Inflate] asks for gzip
// and has decompressed it already.
func (x *exchange) usable(response *http.Response) error {
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return x.misfit(response, nil, "malformed response: unexpected Content-Encoding "+shown(encoding))
	}
	return nil
}

func (x *exchange) newError(response *http.Response) *Error {
	return &Error{NSID: x.call.NSID, Service: x.c.service, Status: response.StatusCode, Header: response.Header}
}

// misfit returns the error for an answer that has a success status but is not usable.
func (x *exchange) misfit(response *http.Response, body io.Reader, note string) error {
	e := x.newError(response)
	e.note = note
	if body != nil {
		e.Body, _ = io.ReadAll(io.LimitReader(body, maxPrefix))
	}
	return e
}

// refused returns the error for an answer that has an error status. It does not matter if the body was cut off, since
// the status is known.
func (x *exchange) refused(response *http.Response, body io.Reader) error {
	e := x.newError(response)
	data, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
	e.parse(data)
	if e.Status/100 == 3 {
		return fmt.Errorf("%w: %w", e, ErrRedirect)
	}
	return e
}

func (x *exchange) transportError(err error, passing bool) *TransportError {
	return &TransportError{NSID: x.call.NSID, Service: x.c.service, Err: err, passing: passing}
}

// broken returns the error for an attempt that err kept from getting a complete answer. ctx is the context of the
// attempt.
func (x *exchange) broken(ctx context.Context, err error) *TransportError {
	if e, ok := err.(*url.Error); ok {
		err = e.Err // without the URL, since parameters may be secret
	}
	if over := pause.Ended(x.ctx); over != nil {
		return x.transportError(over, false)
	}
	if cause := context.Cause(ctx); errors.Is(cause, ErrTimeout) {
		return x.transportError(cause, false)
	}
	if x.body != nil {
		if failure := x.body.failure(); failure != nil {
			return x.transportError(fmt.Errorf("reading the body to send: %w", failure), false)
		}
	}
	return x.transportError(err, passing(err))
}
