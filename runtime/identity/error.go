package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/guard"
)

// The kinds of errors. An [Error] wraps exactly one of them: use [errors.Is].
var (
	// ErrNotFound says that the identity does not exist: no account has the handle, or the DID is not registered or has
	// been tombstoned. Evidence for that is an error in the PLC directory's own format, status 404 or 410 for a file
	// on a host, or an answer of DNS that a name does not exist.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that the identity exists but violates the specifications: a handle that its DID does not claim,
	// two DIDs for one handle, a malformed DID, a document of another DID. Handles and DIDs that can never be
	// resolved are invalid, too.
	ErrInvalid = errors.New("invalid")
	// ErrUnreachable says that the identity cannot be determined now: the server to ask did not answer, failed,
	// answered with something other than a DID or a document, such as the page of a proxy, or has an address that
	// must not be contacted (the error then wraps guard.ErrPrivate as well).
	ErrUnreachable = errors.New("unreachable")
)

// ErrMethod says that a DID is of a method other than plc and web. The error wraps [ErrInvalid], too.
var ErrMethod = errors.New("DID method is not supported")

// Error says why an identity could not be resolved.
type Error struct {
	// Subject is the handle or the DID that was to be resolved.
	Subject string
	// Err is the reason. It wraps one of [ErrNotFound], [ErrInvalid] and [ErrUnreachable], and the cause.
	Err error
}

// Error returns a text with the subject, cut off if it is very long, and the reason.
func (e *Error) Error() string {
	subject := e.Subject
	if len(subject) > 256 {
		subject = subject[:256] + "..."
	}
	return fmt.Sprintf("identity: %s: %v", subject, e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// failure is the reason in an [Error]: one of the three kinds, and a cause.
type failure struct {
	kind, cause error
	brief       bool // remembered for maxBrief at most
}

// briefly marks f to be remembered for a short time only, since an intermediary may have caused it.
func (f *failure) briefly() *failure {
	f.brief = true
	return f
}

func (f *failure) Error() string   { return f.kind.Error() + ": " + f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

// short returns f or, if its text is long, f with a shortened text that wraps at most errors of package guard, so
// that untrusted data cannot fill the memory.
func (f *failure) short() *failure {
	const most = 1 << 10 // bytes
	text := f.cause.Error()
	if len(text) <= most {
		return f
	}
	short := &failure{kind: f.kind, cause: errors.New(quote.Cut(text, most))}
	for _, known := range []error{guard.ErrPrivate, guard.ErrRedirect} {
		if errors.Is(f.cause, known) {
			short.cause = fmt.Errorf("%w: %w", known, short.cause)
		}
	}
	return short
}

func notFound(format string, args ...any) *failure {
	return &failure{kind: ErrNotFound, cause: fmt.Errorf(format, args...)}
}

func invalid(format string, args ...any) *failure {
	return &failure{kind: ErrInvalid, cause: fmt.Errorf(format, args...)}
}

func unreachable(format string, args ...any) *failure {
	return &failure{kind: ErrUnreachable, cause: fmt.Errorf(format, args...)}
}

// ended reports whether err is the error of ctx rather than one about an identity.
func ended(ctx context.Context, err error) bool {
	_, about := err.(*Error)
	return err != nil && !about && ctx.Err() != nil
}

// interrupted returns the error for a caller whose context ended during a look-up. It is not an [Error], since it
// says nothing about the identity.
func interrupted(ctx context.Context, key string) error {
	return fmt.Errorf("identity: %s: %w", quote.Message(key, 256), ctx.Err())
}

// excerpt returns the beginning of s in quotes, for an error text.
func excerpt(s string) string { return quote.Text(s, 80) }
