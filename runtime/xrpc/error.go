package xrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/limit"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Errors of calls other than a server's refusal, for [errors.Is].
var (
	// ErrTooLarge says that an answer or a request is larger than its limit in bytes.
	ErrTooLarge = fmt.Errorf("%w", limit.ErrTooLarge)
	// ErrTimeout says that no byte was transferred for the time of [WithIdleTimeout], or that an answer arrived more
	// slowly than [WithMinRate] allows.
	ErrTimeout = errors.New("time-out")
	// ErrNotSent says that a request was not sent because the [Authorizer] did not authorize it. If earlier requests
	// of the same call were sent, the server refused them.
	ErrNotSent = errors.New("not sent")
	// ErrBody says that a call was not repeated because its body cannot be sent again.
	ErrBody = errors.New("the body cannot be sent again")
	// ErrRedirect says that a redirect was not followed. It is [guard.ErrRedirect].
	ErrRedirect = guard.ErrRedirect
	// ErrInflation says that a compressed answer became too large. It is [guard.ErrInflation].
	ErrInflation = guard.ErrInflation
)

// How much of the body of an error answer is used at most, in bytes.
const (
	maxErrorBody = 64 << 10 // is read
	maxPrefix    = 1 << 10  // is kept in Error.Body
	maxExcerpt   = 200      // of a text from a server is shown in an error text
)

// Error is an answer with an error status, or an answer that is not usable as the answer to the call.
type Error struct {
	// NSID is the method that was called, Service the origin of the service.
	NSID    syntax.NSID
	Service string
	// Status is the HTTP status.
	Status int
	// Name and Message are the error name and message from the server, empty if it sent none. A method's lexicon
	// declares the names.
	Name, Message string
	// Header is the header of the answer.
	Header http.Header
	// Body is the beginning of the answer, at most 1 KiB, if the answer is not an XRPC error but, for example, the
	// page of a proxy.
	Body []byte

	note string // what is wrong with an answer that has a success status
}

// Error returns a text with the method, the service, the status, and the server's error name and message.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "xrpc: %s at %s: %d", e.NSID, e.Service, e.Status)
	if e.Name != "" {
		b.WriteString(" " + shown(e.Name))
	} else if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	for _, text := range []string{e.note, shown(e.Message)} {
		if text != "" {
			b.WriteString(": " + text)
		}
	}
	if len(e.Body) > 0 {
		b.WriteString(": " + excerpt(string(e.Body)))
	}
	return b.String()
}

// Is reports whether target is a [rpc.ErrorName] equal to e.Name.
func (e *Error) Is(target error) bool {
	name, _ := target.(rpc.ErrorName)
	return name != "" && e.Name == string(name)
}

// TransportError says that no answer was received, or that the answer was cut off.
type TransportError struct {
	// NSID is the method that was called, Service the origin of the service.
	NSID    syntax.NSID
	Service string
	// Err is the cause: an error of package net, of the context, or one that wraps an error of this package. If the
	// body of a stream was cut off, it wraps io.ErrUnexpectedEOF.
	Err error

	passing bool // sending it again may help
}

// Error returns a text with the method, the service and the cause.
func (e *TransportError) Error() string {
	return fmt.Sprintf("xrpc: %s at %s: %v", e.NSID, e.Service, e.Err)
}

// Unwrap returns e.Err.
func (e *TransportError) Unwrap() error { return e.Err }

// parse sets the fields of e from the body of an error answer. Only a JSON object whose field error is a name,
// without spaces, is an XRPC error (https://atproto.com/specs/xrpc#error-responses): proxies answer with other JSON.
func (e *Error) parse(body []byte) {
	var answer map[string]json.RawMessage
	var name string
	if mayBeError(e.Header.Get("Content-Type")) && json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &answer) == nil &&
		json.Unmarshal(answer["error"], &name) == nil && isErrorName(name) {
		e.Name = name
		json.Unmarshal(answer["message"], &e.Message) // a message that is not a string is ignored
		return
	}
	e.Body = append([]byte(nil), body[:min(len(body), maxPrefix)]...)
}

// byteOrderMark is what some editors and servers put before text in UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// mayBeError reports whether an answer of this media type can be an XRPC error: JSON, or plain text, which some
// servers declare.
func mayBeError(contentType string) bool {
	return isJSON(contentType) || strings.HasPrefix(contentType, "text/plain")
}

// isErrorName reports whether s can be the name of an error: printable ASCII characters, without spaces.
func isErrorName(s string) bool {
	return s != "" && len(s) <= maxErrorName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// maxErrorName is the length of the longest error name, in bytes.
const maxErrorName = 128

// credentials reports whether the credentials may have to be renewed. Servers say so in several ways: by status 401,
// with or without a body, or by 400 or 403 with one of two error names. A 401 with a page, or with JSON of another
// form, comes from a proxy and is about other credentials.
func (e *Error) credentials() bool {
	return e.Status == http.StatusUnauthorized && len(e.Body) == 0 ||
		e.Status >= 400 && e.Status < 500 && (e.Name == "ExpiredToken" || e.Name == "InvalidToken")
}

// shown returns text from a server unchanged if it is short and printable, and otherwise quoted and shortened.
func shown(text string) string { return quote.Message(text, maxExcerpt) }

// excerpt returns the beginning of text in quotes, for an error text.
func excerpt(text string) string { return quote.Text(text, maxExcerpt) }

// longest is the longest pause that a server can ask for. Rate limits cover a month at most; a longer pause is a
// mistake, such as a time in another unit.
const longest = 32 * 24 * time.Hour

// RetryAfter returns how long, counted from now, the server asks clients to wait, and whether it asks for that: by
// the header Retry-After, in seconds or as a date; or, if the status is 429 or RateLimit-Remaining is 0, by
// RateLimit-Reset, in seconds since 1970 or from now. Seconds since 1970 are rounded up, since servers cut off
// fractions. Malformed values and waits of more than 32 days are ignored. If the time has passed, the wait is 0.
func (e *Error) RetryAfter(now time.Time) (time.Duration, bool) {
	if after, ok := retryAfter(e.Header.Get("Retry-After"), now); ok {
		return after, true
	}
	if e.Status == http.StatusTooManyRequests || e.Header.Get("RateLimit-Remaining") == "0" {
		return reset(e.Header, now)
	}
	return 0, false
}

func retryAfter(text string, now time.Time) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return sane(seconds)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	after := max(date.Sub(now), 0)
	return after, after <= longest
}

// reset returns the time from now to that of the header RateLimit-Reset, and whether there is a valid one.
func reset(h http.Header, now time.Time) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64)
	if err != nil {
		return 0, false
	}
	const since1970 = 500_000_000 // as a duration this would be 15 years
	if seconds > since1970 {
		seconds = max(seconds-now.Unix()+1, 0)
	}
	return sane(seconds)
}

func sane(seconds int64) (time.Duration, bool) {
	if seconds < 0 || seconds > int64(longest/time.Second) {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}
