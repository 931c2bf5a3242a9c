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

// redactor removes secrets from errors, which may contain text from a server that repeats what it was sent.
type redactor struct {
	secrets []string
	// answer is set if the server's answer may contain new tokens, which are not among the known secrets. Then its body
	// and cookies are removed, too.
	answer bool
}

// clean returns err without secrets. Answers keep their type, and errors.Is still finds sentinels.
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

// redacted replaces an error whose text cannot be shown. Its text is that of its causes.
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
		clean.Body, changed = nil, true // Body is a beginning of the answer, which may end in the middle of a secret
		clean.Header.Del("Set-Cookie")
	}
	if !changed {
		return e
	}
	return &clean
}

// hide removes the secrets from a text, in any escaped form, and also the beginnings of tokens, since the text may
// have been cut off.
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

// beginning is the length of the shortest beginning of a secret that is removed.
const beginning = 16

// findForm returns the position and the length of the first occurrence in text of one of forms, or of a beginning of
// one. at is -1 if there is none. Of several matches at one position, findForm chooses the longest, since tokens often
// begin alike.
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
