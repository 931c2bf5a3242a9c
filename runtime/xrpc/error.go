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
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// What can go wrong with a call besides the server's refusal, for [errors.Is].
var (
	// ErrTooLarge says that an answer or a request is above its limit of bytes.
	ErrTooLarge = errors.New("too large")
	// ErrTimeout says that no byte came for as long as [WithIdleTimeout] says, or that an answer came more
	// slowly than [WithMinRate] says.
	ErrTimeout = errors.New("time-out")
	// ErrNotSent says that a request was not sent, because the [Authorizer] did not authorize it. What was sent of the call
	// before, if anything, the server has refused.
	ErrNotSent = errors.New("not sent")
	// ErrBody says that a call was not repeated because its body cannot be sent again.
	ErrBody = errors.New("the body cannot be sent again")
	// ErrRedirect says that a redirect was not followed. It is that of package guard.
	ErrRedirect = guard.ErrRedirect
	// ErrInflation says that a compressed answer became too large. It is that of package guard.
	ErrInflation = guard.ErrInflation
)

// Sizes of what is kept of answers that are errors.
const (
	maxErrorBody = 64 << 10 // read
	maxPrefix    = 1 << 10  // kept in Error.Body
	maxExcerpt   = 200      // shown in a text
)

// Error is an answer that is an error, or that is not what a call must be answered with.
type Error struct {
	// NSID is the method that was called, Service the origin of the service.
	NSID    syntax.NSID
	Service string
	// Status is the HTTP status.
	Status int
	// Name and Message are the server's, empty if it gave none. Methods declare names.
	Name, Message string
	// Header is the answer's.
	Header http.Header
	// Body is the beginning of the answer, at most 1 KiB, when it is not an XRPC error: the page of a
	// proxy, for example.
	Body []byte

	note string // what is wrong with an answer that has no error status
}

// Error returns a text that names the method, the service, the status, and what the server says.
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

// Is reports whether target is the [lex.ErrorName] of the error.
func (e *Error) Is(target error) bool {
	name, _ := target.(lex.ErrorName)
	return name != "" && e.Name == string(name)
}

// TransportError says that there was no answer, or that one was cut off.
type TransportError struct {
	// NSID is the method that was called, Service the origin of the service.
	NSID    syntax.NSID
	Service string
	// Err is what happened: an error of package net, of the context, or one that wraps an error of this
	// package. When the body of a stream was cut off it wraps io.ErrUnexpectedEOF.
	Err error

	passing bool // sending it again may help
}

// Error returns a text that names the method and the service, and says what happened.
func (e *TransportError) Error() string {
	return fmt.Sprintf("xrpc: %s at %s: %v", e.NSID, e.Service, e.Err)
}

// Unwrap returns e.Err.
func (e *TransportError) Unwrap() error { return e.Err }

// parse fills e from the body of an answer that is an error. Only a JSON object whose error is a name, without spaces,
// is the protocol's form (https://atproto.com/specs/xrpc#error-responses): proxies answer with JSON of their own.
func (e *Error) parse(body []byte) {
	var answer map[string]json.RawMessage
	var name string
	if mayBeError(e.Header.Get("Content-Type")) && json.Unmarshal(bytes.TrimPrefix(body, byteOrderMark), &answer) == nil &&
		json.Unmarshal(answer["error"], &name) == nil && isErrorName(name) {
		e.Name = name
		json.Unmarshal(answer["message"], &e.Message) // a message that is not text is none
		return
	}
	e.Body = append([]byte(nil), body[:min(len(body), maxPrefix)]...)
}

// byteOrderMark is what some editors and servers put before text in UTF-8.
var byteOrderMark = []byte("\xef\xbb\xbf")

// mayBeError reports whether an answer of the media type can be an XRPC error: JSON, or text, as some servers call it.
func mayBeError(contentType string) bool {
	return isJSON(contentType) || strings.HasPrefix(contentType, "text/plain")
}

// isErrorName reports whether s can be the name of an error: a constant in ASCII.
func isErrorName(s string) bool {
	return s != "" && len(s) <= maxErrorName && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

const maxErrorName = 128

// credentials reports whether the credentials may have to be renewed. Servers put it in several ways: status 401,
// also without a body; 400, and in some 403, with one of two names. A 401 that is a page, or JSON of another form, is
// the word of a proxy, about other credentials.
func (e *Error) credentials() bool {
	return e.Status == http.StatusUnauthorized && len(e.Body) == 0 ||
		e.Status >= 400 && e.Status < 500 && (e.Name == "ExpiredToken" || e.Name == "InvalidToken")
}

// shown returns text of a server so that it can be printed: as it is, or quoted; cut if it is long.
func shown(text string) string {
	strange := func(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError }
	if len(text) > maxExcerpt || strings.ContainsFunc(text, strange) {
		return excerpt(text)
	}
	return text
}

// excerpt returns the beginning of text, quoted.
func excerpt(text string) string {
	if len(text) > maxExcerpt {
		return strconv.Quote(strings.ToValidUTF8(text[:maxExcerpt], "")) + "..."
	}
	return strconv.Quote(text)
}

// longest is the longest pause that a server can ask for. Servers count by the month at most; what is
// longer is not a pause but a mistake, such as a date in another unit.
const longest = 32 * 24 * time.Hour

// RetryAfter returns how long after now the server wants to be left alone, if it says so: by
// Retry-After, in seconds or as a date; or, with status 429 or when RateLimit-Remaining is 0, by
// RateLimit-Reset, in seconds since 1970 or from now. Seconds since 1970 are rounded up, since servers cut
// off fractions. What is over 32 days, or nonsense, is taken as not said. A time that is past is 0.
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

// reset reads RateLimit-Reset.
func reset(h http.Header, now time.Time) (time.Duration, bool) {
	seconds, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64)
	if err != nil {
		return 0, false
	}
	const since1970 = 500_000_000 // as a pause it would be 15 years
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
