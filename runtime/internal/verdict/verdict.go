// Package verdict says what the answer to an XRPC call means. It is the only place that does: reading, writing,
// blobs and sessions ask it, so that they cannot disagree.
//
// Only an answer in the protocol's own form is the server's word: a JSON object that names its error
// (https://atproto.com/specs/xrpc#error-responses). The page of a proxy, an answer of success that is something
// else than the method answers with, and silence say nothing, whatever their HTTP status: they are [Unknown].
package verdict

import (
	"errors"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Verdict is what the error of a call means.
type Verdict uint8

// The verdicts. All but Unknown are the server's word, and say that a procedure was not carried out.
const (
	// Unknown: nothing is known. There was no answer, or none in the protocol's form, or the server failed (5xx)
	// and does not know itself what became of the call.
	Unknown Verdict = iota
	// NoRecord: the repository has no such record.
	NoRecord
	// NoBlob: the repository has no such blob.
	NoBlob
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
	// Busy: the server wants to be left alone for a while.
	Busy
	// TooLarge: the request is larger than the server takes.
	TooLarge
	// Exists: there is a record under that key already.
	Exists
	// Swapped: the record or the repository is no longer what the caller said it was.
	Swapped
	// Refused: the server does not carry out the call, for another reason.
	Refused
)

// Of returns what err means, the error of a call. That of nil is Unknown: ask only about errors. Of a caller that is
// not an [xrpc.Client], the [lex.ErrorName] in the error counts.
func Of(err error) Verdict {
	var answer *xrpc.Error
	if name := lex.ErrorName(""); !errors.As(err, &answer) && errors.As(err, &name) {
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
		return Unknown // the server may have begun
	}
	return Refused
}

// names are the errors whose name says all.
var names = map[string]Verdict{
	"RecordNotFound":          NoRecord,
	"BlobNotFound":            NoBlob,
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

// general are the names that servers give to errors for which they have none.
var general = map[string]bool{"InvalidRequest": true, "NotFound": true}

// ofText returns what the message of an error with a general name says. Older reference servers, and other servers,
// tell these cases by their message alone.
func ofText(e *xrpc.Error) Verdict {
	message := strings.ToLower(strings.TrimSpace(e.Message))
	switch {
	case e.NSID == atproto.NSIDIdentityResolveHandle:
		// Nothing else can be wrong with such a request, and servers have many texts for it.
		if e.Name == "InvalidRequest" || silent(e, message) || contains(message, "handle") {
			return NoHandle
		}
	case contains(message, "could not find repo", "could not find user", "could not find root", "repo not found"):
		return NoRepo
	case e.NSID == atproto.NSIDSyncGetBlob:
		if contains(message, "blob not found") || silent(e, message) {
			return NoBlob
		}
	case e.NSID == atproto.NSIDRepoGetRecord || e.NSID == atproto.NSIDSyncGetRecord:
		// Without a URI, the reference server says so of the records of repositories that it does not have.
		if message == "could not locate record" {
			return NoRepo
		}
		if contains(message, "could not locate record:", "record not found") || silent(e, message) {
			return NoRecord
		}
	}
	return Unknown
}

// silent reports whether the server named the error NotFound, with that status, and had nothing to add.
func silent(e *xrpc.Error, message string) bool {
	return e.Name == "NotFound" && e.Status == http.StatusNotFound && (message == "" || message == "not found")
}

func contains(message string, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(message, text) {
			return true
		}
	}
	return false
}

// Moved reports whether err may mean that a repository is at another server by now, so that its account should be
// looked up once more: the server does not have or serve it, or there was no answer of a server.
func Moved(err error) bool {
	var wait *xrpc.WaitError // nothing was sent, on purpose
	switch Of(err) {
	case NoRepo, Inactive:
		return true
	case Unknown:
		return !Heard(err) && !errors.As(err, &wait)
	}
	return false
}

// Heard reports whether err has the server's own word: an answer in the protocol's form. Without it a call may still be
// under way, even if a proxy has answered meanwhile.
func Heard(err error) bool {
	var answer *xrpc.Error
	return errors.As(err, &answer) && answer.Name != ""
}

// Large reports whether a smaller request may help: the server says so, or a proxy does by its status. The latter is not
// the server's word, [Of] such an error is Unknown, and the call may have been carried out.
func Large(err error) bool {
	var answer *xrpc.Error
	return Of(err) == TooLarge || errors.As(err, &answer) && answer.Status == http.StatusRequestEntityTooLarge
}
