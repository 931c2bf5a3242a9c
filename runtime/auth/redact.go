package auth

import (
	"errors"
	"html"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const hidden = "[hidden]"

var errWithheld = errors.New("an error that repeats a secret was withheld")

// redactor takes secrets out of errors: what they say of an answer is in the server's words, and a server may
// repeat what it was sent.
type redactor struct {
	secrets []string
	// answer says that the answer itself may have tokens in it, which nobody knows yet.
	answer bool
}

// clean returns err, or as much of it as can be shown. Answers keep their type, and sentinels stay in the chain.
func (r *redactor) clean(err error) error {
	switch e := err.(type) {
	case *xrpc.Error:
		return r.cleanAnswer(e)
	case *xrpc.TransportError:
		if inner := r.clean(e.Err); inner != e.Err {
			e = &xrpc.TransportError{NSID: e.NSID, Service: e.Service, Err: inner}
		}
		return e
	}
	var causes []error
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		causes = []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		causes = e.Unwrap()
	}
	changed := r.hide(err.Error()) != err.Error()
	cleaned := make([]error, 0, len(causes))
	for _, cause := range causes {
		if cause != nil {
			c := r.clean(cause)
			changed = changed || c != cause
			cleaned = append(cleaned, c)
		}
	}
	switch {
	case !changed:
		return err
	case len(cleaned) == 0:
		return errWithheld
	}
	return &redacted{cleaned}
}

// redacted stands for an error whose text cannot be shown, and says what its causes say.
type redacted struct{ causes []error }

func (e *redacted) Error() string {
	texts := make([]string, len(e.causes))
	for i, cause := range e.causes {
		texts[i] = cause.Error()
	}
	return strings.Join(texts, "; ")
}

func (e *redacted) Unwrap() []error { return e.causes }

func (r *redactor) cleanAnswer(e *xrpc.Error) error {
	clean := *e
	clean.Name, clean.Message = r.hide(e.Name), r.hide(e.Message)
	clean.Body = []byte(r.hide(string(e.Body)))
	changed := clean.Name != e.Name || clean.Message != e.Message || string(clean.Body) != string(e.Body)
	clean.Header = make(http.Header, len(e.Header))
	for name, values := range e.Header {
		for _, value := range values {
			shown := r.hide(value)
			clean.Header[name] = append(clean.Header[name], shown)
			changed = changed || shown != value
		}
	}
	if r.answer && (len(e.Body) > 0 || len(e.Header.Values("Set-Cookie")) > 0) {
		clean.Body, changed = nil, true // the beginning of it, cut anywhere
		clean.Header.Del("Set-Cookie")
	}
	if !changed {
		return e
	}
	return &clean
}

// hide takes the secrets out of a text, however it may have escaped them, and the beginnings of tokens, of which
// a text that was cut short has no more.
func (r *redactor) hide(text string) string {
	var forms []string
	for _, secret := range r.secrets {
		if secret != "" {
			quoted := strconv.Quote(secret)
			forms = append(forms, secret, quoted[1:len(quoted)-1],
				html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret))
		}
	}
	var b strings.Builder
	for {
		at, size := findForm(text, forms)
		if at < 0 {
			break
		}
		b.WriteString(text[:at] + hidden)
		text = text[at+size:]
	}
	if b.Len() == 0 {
		return text
	}
	return b.String() + text
}

// beginning is how much of a secret gives it away.
const beginning = 16

// findForm returns where the first of forms, or a good part of its beginning, is in text, and how long that is. Tokens
// begin alike: the longest counts.
func findForm(text string, forms []string) (at, size int) {
	at = -1
	for _, form := range forms {
		start := form[:min(len(form), beginning)]
		i := strings.Index(text, start)
		if i < 0 || at >= 0 && i > at {
			continue
		}
		n := len(start)
		for n < len(form) && i+n < len(text) && text[i+n] == form[n] {
			n++
		}
		if i < at || at < 0 || n > size {
			at, size = i, n
		}
	}
	return at, size
}
