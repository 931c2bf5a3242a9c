package auth

import (
	"errors"

	"github.com/layers-pub/layers-go/runtime/rpc"
)

// Errors of this package, for [errors.Is]. If the server answered, the error also wraps the answer, an *xrpc.Error.
var (
	// ErrPassword says that the server itself, not a proxy, refused the password for this account.
	ErrPassword = errors.New("identifier or password rejected")
	// ErrNoSession says that the store has no session for the account: log in.
	ErrNoSession = errors.New("no session")
	// ErrAccount says that a server answered for an account other than the requested one.
	ErrAccount = errors.New("the server returned the session of another account")
	// ErrRenewalFailed says that an access token was refused and could not be renewed. The refused request was not
	// repeated.
	// Unless the error also wraps [ErrSessionOver], the server that renews the session could not be reached, or
	// failed; the session is kept, and a later request may succeed.
	ErrRenewalFailed = errors.New("the session could not be renewed")
	// ErrSessionOver says that the server itself refused to renew the session any more: log in again. The page of a
	// proxy does not count.
	ErrSessionOver = errors.New("session ended; log in again")
	// ErrNotSaved says that the server issued a new session, but the store could not save it. The client continues
	// with the new session; other processes, and this one after a restart, may have to log in again.
	ErrNotSaved = errors.New("the renewed session could not be saved")
	// ErrMoved says that the account is at another server than its session; no record is written. The error is a
	// [*MovedError], which names both servers.
	ErrMoved = errors.New("the account is at another server")
	// ErrPermissions says that users other than the owner can access the file of a [FileStore].
	ErrPermissions = errors.New("readable by other users")
)

// Errors that com.atproto.server.createSession declares.
const (
	// ErrAuthFactorTokenRequired says that the account has a second factor, and that the server has sent a code by
	// e-mail: log in again with [WithAuthFactorToken]. App passwords need no code.
	ErrAuthFactorTokenRequired rpc.ErrorName = "AuthFactorTokenRequired"
	// ErrAccountTakedown says that the account has been taken down.
	ErrAccountTakedown rpc.ErrorName = "AccountTakedown"
)
