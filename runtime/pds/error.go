package pds

import (
	"errors"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// What a server can say about a repository or a record. For errors.Is; the error itself has the server's
// words, too, as an *[xrpc.Error].
var (
	// ErrRecordNotFound says that there is no such record, in whichever of its shapes the server said so.
	ErrRecordNotFound = errors.New("record not found")
	// ErrRepoNotFound says that the server does not have the repository, in whichever of its shapes it
	// said so.
	ErrRepoNotFound = errors.New("repository not found")
)

// The states of an account in which its server does not give out the repository. They are the names of the
// server's errors.
const (
	// ErrRepoDeactivated says that its owner has deactivated the account; it may come back.
	ErrRepoDeactivated lex.ErrorName = "RepoDeactivated"
	// ErrRepoTakendown says that the server's operator took the account down.
	ErrRepoTakendown lex.ErrorName = "RepoTakendown"
	// ErrRepoSuspended says that the server's operator suspended the account for some time.
	ErrRepoSuspended lex.ErrorName = "RepoSuspended"
)

// says reports whether err is a server's answer of one of the generic names, or of none, whose message
// contains one of the texts, which are in lower case.
func says(err error, texts ...string) bool {
	var answer *xrpc.Error
	if !errors.As(err, &answer) || answer.Name != "" && answer.Name != "InvalidRequest" && answer.Name != "NotFound" {
		return false
	}
	message := strings.ToLower(answer.Message)
	for _, text := range texts {
		if strings.Contains(message, text) {
			return true
		}
	}
	return false
}

// isRepoNotFound reports whether err says that the server does not have the repository.
func isRepoNotFound(err error) bool {
	return errors.Is(err, lex.ErrorName("RepoNotFound")) ||
		says(err, "could not find repo", "could not find user", "repo not found")
}

// isRecordNotFound reports whether err, of a call for one record, says that there is none.
func isRecordNotFound(err error) bool {
	if isRepoNotFound(err) {
		return false
	}
	if errors.Is(err, lex.ErrorName("RecordNotFound")) || says(err, "could not locate record", "record not found") {
		return true
	}
	var answer *xrpc.Error
	var content *lex.Error
	switch {
	case errors.As(err, &answer):
		aboutMethod := answer.Name == "MethodNotImplemented" || answer.Name == "XRPCNotSupported"
		return answer.Status == http.StatusNotFound && !aboutMethod
	case errors.As(err, &content): // an empty answer: it ends where it begins
		return len(content.Issues) == 1 && content.Issues[0].Rule == lex.RuleSyntax && content.Issues[0].Offset == 0
	}
	return false
}

// mayHaveMoved reports whether err is what a call gets when the repository is on another server by now.
// A server that an account has left may say that it is deactivated, and one that serves the records of
// others says that it could not locate the record.
func mayHaveMoved(err error) bool {
	for _, state := range []error{ErrRepoDeactivated, ErrRepoTakendown, ErrRepoSuspended} {
		if errors.Is(err, state) {
			return true
		}
	}
	if isRepoNotFound(err) || says(err, "could not locate record") {
		return true
	}
	var transport *xrpc.TransportError
	if errors.As(err, &transport) {
		return true
	}
	var answer *xrpc.Error
	return errors.As(err, &answer) && answer.Name == "" // not one of an XRPC server
}
