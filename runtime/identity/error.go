package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/guard"
)

// What can be wrong with an identity. An [Error] wraps exactly one of them, for [errors.Is].
var (
	// ErrNotFound says that there is none: nobody has the handle, or the DID is not registered or has
	// been tombstoned. A PLC directory says so by an error of its own form; of a host's files a status of
	// 404 or 410 says so, and DNS that a name does not exist.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that there is something, but not what the specifications ask for: a handle that
	// its DID does not claim, two DIDs for one handle, a malformed DID, a document of another DID. Handles
	// and DIDs that can never be resolved are invalid, too.
	ErrInvalid = errors.New("invalid")
	// ErrUnreachable says that it cannot be known at present, since whoever should be asked did not
	// answer, answered with an error of its own or with something else than a DID or a document, such as
	// the page of a proxy, or is at an address that must not be contacted (guard.ErrPrivate, which is then
	// in the chain as well).
	ErrUnreachable = errors.New("unreachable")
)

// ErrMethod is in the chain of the error, an [ErrInvalid], for a DID of a method other than plc and web.
var ErrMethod = errors.New("DID method is not supported")

// Error says what is wrong with an identity.
type Error struct {
	// Subject is the handle or the DID asked for.
	Subject string
	// Err is the fault. It wraps one of [ErrNotFound], [ErrInvalid] and [ErrUnreachable], and the cause.
	Err error
}

// Error returns a text that has the subject, its beginning if it is very long, and the fault.
func (e *Error) Error() string {
	subject := e.Subject
	if len(subject) > 256 {
		subject = subject[:256] + "..."
	}
	return fmt.Sprintf("identity: %s: %v", subject, e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// failure is the fault of an [Error]: one of the three kinds, and why.
type failure struct {
	kind, cause error
	brief       bool // it is remembered for maxBrief at most
}

// briefly makes f one that is remembered for a short time only: anything between here and there may have said it.
func (f *failure) briefly() *failure {
	f.brief = true
	return f
}

func (f *failure) Error() string   { return f.kind.Error() + ": " + f.cause.Error() }
func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

// short returns f, without its chain if its text is long: what strangers send must not fill the memory.
func (f *failure) short() *failure {
	const most = 1 << 10 // bytes
	text := f.cause.Error()
	if len(text) <= most {
		return f
	}
	short := &failure{kind: f.kind, cause: errors.New(strings.ToValidUTF8(text[:most], "") + "...")}
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

// ended reports whether err is that of ctx, and not about an identity.
func ended(ctx context.Context, err error) bool {
	_, about := err.(*Error)
	return err != nil && !about && ctx.Err() != nil
}

// interrupted is the error of a look-up whose caller's context ended: it is no [Error], since it says nothing
// about the identity.
func interrupted(ctx context.Context, key string) error {
	return fmt.Errorf("identity: %.256s: %w", key, ctx.Err())
}

// excerpt returns s quoted, its beginning if it is long.
func excerpt(s string) string {
	const most = 80
	if len(s) > most {
		return fmt.Sprintf("%q...", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
