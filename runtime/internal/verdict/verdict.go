// Package verdict interprets the errors of XRPC calls. It is the only place that does: the packages for reading,
// writing, blobs and sessions all use it, so that they cannot disagree.
//
// Only an answer in the protocol's own form counts as the server's answer: a JSON object that names its error
// (https://atproto.com/specs/xrpc#error-responses). A proxy's page, whatever its status, a malformed success response
// and a missing response say nothing: their verdict is [Unknown].
package verdict

import (
	"errors"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Verdict is what the error of a call means.
type Verdict uint8

// The verdicts. All but Unknown come from an answer of the server itself, and mean that a procedure was not carried
// out.
const (
	// Unknown: it is not known whether the call was carried out. There was no answer, or none in the protocol's form,
	// or the server failed (5xx) and does not know it either.
	Unknown Verdict = iota
	// NoRecord: the repository has no such record.
	NoRecord
	// NoBlob: the repository has no such blob.
	NoBlob
	// NoBlock: the repository has no such block.
	NoBlock
	// NoHandle: nobody has the handle, as far as the server knows.
	NoHandle
	// NoRepo: the server does not have the repository; another one may.
	NoRepo
	// Inactive: the server has the repository and does not serve it, since the account is deactivated, suspended
	// or taken down.
	Inactive
	// NoMethod: the server does not have the method.
	NoMethod
	// Unauthorized: the credentials are not accepted.
	Unauthorized
	// Expired: the token is not accepted any more.
	Expired
	// SecondFactor: the account asks for a second factor.
	SecondFactor
	// Busy: the server asks clients to wait.
	Busy
	// TooLarge: the request is larger than the server accepts.
	TooLarge
	// Exists: a record with that key exists already.
	Exists
	// Swapped: the record or the repository is no longer in the state that the caller gave as a condition.
	Swapped
	// Refused: the server refused the call for another reason.
	Refused
)

// Of returns the meaning of err, the error of a call. err should not be nil; if it is, Of returns Unknown. If the
// caller was not an [xrpc.Client], Of uses the [rpc.ErrorName] that err wraps.
func Of(err error) Verdict {
	var answer *xrpc.Error
	if name := rpc.ErrorName(""); !errors.As(err, &answer) && errors.As(err, &name) {
		return names[string(name)]
	}
	if answer == nil || answer.Name == "" || answer.Status < 400 {
		return Unknown
	}
	v, known := names[answer.Name]
	switch {
	case answer.Status >= 500 && v != NoMethod:
		return Unknown
	case known:
		return v
	}
	if general[answer.Name] {
		if v := ofText(answer); v != Unknown {
			return v
		}
	}
	switch answer.Status {
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusTooManyRequests:
		return Busy
	case http.StatusRequestEntityTooLarge:
		return TooLarge
	case http.StatusRequestTimeout:
		return Unknown // the server may have begun to carry out the call
	}
	return Refused
}

// names has the verdicts of the errors whose names alone determine them.
var names = map[string]Verdict{
	"RecordNotFound":          NoRecord,
	"BlobNotFound":            NoBlob,
	"BlockNotFound":           NoBlock,
	"HandleNotFound":          NoHandle,
	"RepoNotFound":            NoRepo,
	"RepoDeactivated":         Inactive,
	"RepoSuspended":           Inactive,
	"RepoTakendown":           Inactive,
	"AccountDeactivated":      Inactive,
	"AccountSuspended":        Inactive,
	"AccountTakedown":         Inactive,
	"MethodNotImplemented":    NoMethod,
	"XRPCNotSupported":        NoMethod,
	"AuthenticationRequired":  Unauthorized,
	"AuthMissing":             Unauthorized,
	"ExpiredToken":            Expired,
	"InvalidToken":            Expired,
	"AuthFactorTokenRequired": SecondFactor,
	"RateLimitExceeded":       Busy,
	"PayloadTooLarge":         TooLarge,
	"BlobTooLarge":            TooLarge,
	"RecordAlreadyExists":     Exists,
	"InvalidSwap":             Swapped,
}

// general has the names that servers use for errors without a specific name.
var general = map[string]bool{"InvalidRequest": true, "NotFound": true}

// ofText returns the verdict for an error with a general name, from its message. Older reference servers, and other
// servers, distinguish these cases only by the message.
func ofText(e *xrpc.Error) Verdict {
	message := strings.ToLower(strings.TrimSpace(e.Message))
	switch {
	case e.NSID == atproto.NSIDIdentityResolveHandle:
		// The handle is all that can be wrong with such a request, and servers use many texts for it.
		if e.Name == "InvalidRequest" || silent(e, message) || contains(message, "handle") {
			return NoHandle
		}
	case contains(message, "could not find repo", "could not find user", "could not find root", "repo not found"):
		return NoRepo
	case contains(message, "no service configured for"): // the reference PDS would forward methods that it does not have
		return NoMethod
	case e.NSID == atproto.NSIDSyncGetBlob:
		if contains(message, "blob not found") || silent(e, message) {
			return NoBlob
		}
	case e.NSID == atproto.NSIDRepoGetRecord || e.NSID == atproto.NSIDSyncGetRecord:
		// Without a URI, this is the reference server's message for records of repositories that it does not have.
		if message == "could not locate record" {
			return NoRepo
		}
		if contains(message, "could not locate record:", "record not found") || silent(e, message) {
			return NoRecord
		}
	}
	return Unknown
}

// silent reports whether the server sent status 404 and the name NotFound, without any other message.
func silent(e *xrpc.Error, message string) bool {
	return e.Name == "NotFound" && e.Status == http.StatusNotFound && (message == "" || message == "not found")
}

// contains reports whether message contains one of texts.
func contains(message string, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(message, text) {
			return true
		}
	}
	return false
}

// Moved reports whether err may mean that a repository has moved to another server, so that its account should be
// looked up again: the server does not have or serve the repository, or the server itself did not answer.
func Moved(err error) bool {
	var wait *xrpc.WaitError // the request was deliberately not sent
	switch Of(err) {
	case NoRepo, Inactive:
		return true
	case Unknown:
		return !Heard(err) && !errors.As(err, &wait)
	}
	return false
}

// Heard reports whether err contains a response of the server itself, in the protocol's form. If not, the call may
// still be in progress, even if a proxy has answered.
func Heard(err error) bool {
	var answer *xrpc.Error
	return errors.As(err, &answer) && answer.Name != ""
}

// Large reports whether a smaller request may help, because the server says so, or a proxy by its status. In the case
// of a proxy, [Of] returns Unknown, and the call may have been carried out.
func Large(err error) bool {
	var answer *xrpc.Error
	return Of(err) == TooLarge || errors.As(err, &answer) && answer.Status == http.StatusRequestEntityTooLarge
}

// LacksMethod reports whether err says that the server does not have the method. Servers say so in different ways, some
// of them only by the status.
func LacksMethod(err error) bool {
	if v := Of(err); v == NoMethod || v == NoRepo {
		return v == NoMethod
	}
	var answer *xrpc.Error
	if !errors.As(err, &answer) {
		return false
	}
	return answer.Status == http.StatusNotFound || answer.Status == http.StatusMethodNotAllowed || answer.Status == http.StatusNotImplemented
}
