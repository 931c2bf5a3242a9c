package auth

import (
	"errors"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// What can go wrong, for [errors.Is]. The answer of the server, if it gave one, is in the chain as an
// *xrpc.Error.
var (
	// ErrPassword says that the server does not accept this password for this account, in its own word.
	ErrPassword = errors.New("identifier or password refused")
	// ErrNoSession says that a store has no session of an account: log in.
	ErrNoSession = errors.New("no session")
	// ErrAccount says that a server answered for another account than the one that was asked for.
	ErrAccount = errors.New("the server answers for another account")
	// ErrRenewalFailed says that an access token was refused and could not be renewed. The request was sent
	// once. Unless [ErrSessionOver] is in the chain, too, the session is still there, and a later request may
	// succeed: the server that renews it could not be reached, or had a fault.
	ErrRenewalFailed = errors.New("the session could not be renewed")
	// ErrSessionOver says that the server does not renew the session any more, in its own word: log in again. The page
	// of a proxy is not the server's word.
	ErrSessionOver = errors.New("the session is over, log in again")
	// ErrNotSaved says that the server gave a new session, and that the store could not keep it. The client
	// goes on with it; other processes, and this one when it is started again, may have to log in.
	ErrNotSaved = errors.New("the renewed session could not be saved")
	// ErrMoved says that an account is at another server than its session: no record is written. The error is a
	// [*MovedError], which names both.
	ErrMoved = errors.New("the account is at another server")
	// ErrPermissions says that others can read the file of a [FileStore].
	ErrPermissions = errors.New("others can read it")
)

// Errors that com.atproto.server.createSession declares.
const (
	// ErrAuthFactorTokenRequired says that the account has a second factor, and that the server has sent a
	// code by e-mail: log in again with [Options].AuthFactorToken. App passwords do not need one.
	ErrAuthFactorTokenRequired lex.ErrorName = "AuthFactorTokenRequired"
	// ErrAccountTakedown says that the account has been taken down.
	ErrAccountTakedown lex.ErrorName = "AccountTakedown"
)
