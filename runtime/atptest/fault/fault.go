// Package fault contains faults, which make a server of package atptest fail:
//
//	p.Fail(fault.HTML(502), "com.atproto.repo.getRecord")
//
// There are three kinds of faults.
//
// Some replace the response:
//   - [Hang], [Refuse] and [Lose] send no response;
//   - [Page], [HTML], [Error], [BodyLimit], [RateLimit], [RateLimitUntil], [ExpiredToken], [Redirect], [Flood] and
//     [GzipBomb] send another response.
//
// Some change the response, which is buffered for that purpose:
//   - [Cut], [CutChunked], [Stall], [Trickle] and [WrongLength] change how it is sent;
//   - [NullList], [WrongCID], [WrongRecord], [MalformedItem], [SameCursor], [EndlessPages], [SetField] and
//     [RemoveField] change JSON;
//   - [FlipBit], [CutBlocks] and [ForgeSignature] change archives and other bytes.
//
// The others affect the frames of a stream: [DropFrame], [RepeatFrame], [SwapFrames], [GarbleFrame], [CutFrame],
// [CutStream], [StallStream] and [CloseStream]. To send messages with defects, use the methods atptest.Account.Forge
// and atptest.Stream.Send; for gaps, resets and old cursors, use the other methods of atptest.Stream.
//
// [Custom] and [Frames] return faults of any other kind.
package fault

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/plc"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
)

// Fault is a way in which a server fails. Its methods After, Times and Once return changed copies, so a Fault can be
// used several times. It is safe for concurrent use.
type Fault struct {
	// Name describes the fault in words.
	Name string

	serve        func(w http.ResponseWriter, r *http.Request, good http.Handler)
	frames       func(c *Conn, data []byte) error // nil if the fault affects requests
	after, times int
}

// After returns the same fault, except that the first n requests or frames are handled normally.
func (f Fault) After(n int) Fault {
	f.after = n
	return f
}

// Times returns the same fault, limited to n requests or frames; 0 means no limit.
func (f Fault) Times(n int) Fault {
	f.times = n
	return f
}

// Once is Times(1).
func (f Fault) Once() Fault { return f.Times(1) }

// OfFrames reports whether the fault affects frames, and not requests.
func (f Fault) OfFrames() bool { return f.frames != nil }

// Applies reports whether the fault affects a request or a frame. met is the number of earlier ones that it could have
// affected.
func (f Fault) Applies(met int) bool {
	return met >= f.after && (f.times == 0 || met < f.after+f.times)
}

// Serve answers a request with the fault. good is the handler that answers it correctly.
func (f Fault) Serve(w http.ResponseWriter, r *http.Request, good http.Handler) { f.serve(w, r, good) }

// Send calls the fault with a frame that is about to be sent on c. The fault sends the frame, or something else, or
// nothing.
func (f Fault) Send(c *Conn, frame []byte) error { return f.frames(c, frame) }

// Custom returns a fault that answers requests by serve, whose argument good is the handler that answers them
// correctly.
func Custom(name string, serve func(w http.ResponseWriter, r *http.Request, good http.Handler)) Fault {
	return Fault{Name: name, serve: serve}
}

// another returns a fault that answers requests by serve, without the handler that answers them correctly.
func another(name string, serve func(w http.ResponseWriter, r *http.Request)) Fault {
	return Custom(name, func(w http.ResponseWriter, r *http.Request, _ http.Handler) { serve(w, r) })
}

// Hang returns a fault that sends no response, and keeps the connection open until the client closes it.
func Hang() Fault {
	return another("hang", func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // the end of the connection is noticed only after the body
		<-r.Context().Done()
	})
}

// Refuse returns a fault that closes the connection without carrying out the request or sending a response.
func Refuse() Fault {
	return another("refuse", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// Lose returns a fault that carries out the request, and then closes the connection without sending a response.
func Lose() Fault {
	return Custom("lose", func(_ http.ResponseWriter, r *http.Request, good http.Handler) {
		record(r, good)
		panic(http.ErrAbortHandler)
	})
}

// Page returns a fault that answers with the given status, media type and body.
func Page(status int, mediaType, body string) Fault {
	return another(fmt.Sprintf("page of %s with %d", mediaType, status), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// HTML returns a fault that answers with the given status and an HTML page, as proxies do.
func HTML(status int) Fault {
	return Page(status, "text/html", "<html><body>the service is being restarted</body></html>")
}

// Error returns a fault that answers with the given status and an error in the protocol's form.
func Error(status int, name, message string) Fault {
	f := Page(status, "application/json", string(errorBody(name, message)))
	f.Name = fmt.Sprintf("error %s with %d", name, status)
	return f
}

func errorBody(name, message string) []byte {
	body, _ := plc.JSON(struct {
		Error   string `json:"error"`
		Message string `json:"message"`
	}{name, message})
	return body
}

// BodyLimit returns a fault that refuses requests with a body of more than limit bytes, as a PDS with this limit does.
func BodyLimit(limit int) Fault {
	return Custom(fmt.Sprintf("body limit of %d bytes", limit), func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, int64(limit)))
		if err != nil {
			Error(http.StatusRequestEntityTooLarge, "PayloadTooLargeError", "request entity too large").Serve(w, r, good)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		good.ServeHTTP(w, r)
	})
}

// ExpiredToken returns a fault that answers that the access token has expired.
func ExpiredToken() Fault {
	return Error(http.StatusBadRequest, "ExpiredToken", "Token has expired")
}

// RateLimit returns a fault that answers that there were too many requests, with the header Retry-After in whole
// seconds.
func RateLimit(retryAfter time.Duration) Fault {
	return limited("Retry-After", func() string { return strconv.Itoa(int(retryAfter / time.Second)) })
}

// RateLimitUntil returns a fault that answers that there were too many requests, with the header RateLimit-Reset, as
// the reference PDS does.
func RateLimitUntil(t time.Time) Fault {
	return limited("RateLimit-Reset", func() string { return strconv.FormatInt(t.Unix(), 10) })
}

func limited(header string, value func() string) Fault {
	return another("rate limit with "+header, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, value())
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTooManyRequests)
		w.Write(errorBody("RateLimitExceeded", "Rate Limit Exceeded"))
	})
}

// Redirect returns a fault that redirects to another origin, with the same path and query.
func Redirect(origin string) Fault {
	return another("redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, origin+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	})
}

// Flood returns a fault that answers with a body of size spaces.
func Flood(size int64) Fault {
	return another("flood", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", typeOf(r))
		writeSpaces(w, size)
	})
}

// GzipBomb returns a fault that answers with a small gzip body that inflates to size spaces.
func GzipBomb(size int64) Fault {
	return another("gzip bomb", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", typeOf(r))
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		writeSpaces(z, size)
		z.Close()
	})
}

func writeSpaces(w io.Writer, size int64) {
	piece := bytes.Repeat([]byte(" "), 1<<16)
	for size > 0 {
		n, err := w.Write(piece[:min(size, int64(len(piece)))])
		if err != nil {
			return
		}
		size -= int64(n)
	}
}

// typeOf returns the media type that the client probably expects in a response.
func typeOf(r *http.Request) string {
	switch strings.TrimPrefix(r.URL.Path, "/xrpc/com.atproto.sync.") {
	case "getRepo", "getRecord", "getBlocks":
		return store.MediaType
	case "getBlob":
		return "application/octet-stream"
	}
	return "application/json"
}
