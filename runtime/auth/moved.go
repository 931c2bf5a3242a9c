package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// MovedError says that the DID document of an account names another server than that of the session: the account has
// moved, or the session is at the new server of an account whose document has not been changed yet. Nothing was sent.
// It wraps [ErrMoved].
type MovedError struct {
	// DID is the DID of the account.
	DID syntax.DID
	// Session is the origin of the session's server. Document is the origin of the server that the DID document
	// names, "" if it names none.
	Session, Document string
}

// Error returns a text with the account and both servers.
func (e *MovedError) Error() string {
	named := "names no server"
	if e.Document != "" {
		named = "names " + e.Document
	}
	return fmt.Sprintf("auth: %v: the session of %s is at %s, but its DID document %s: log in again where the account is",
		ErrMoved, e.DID, e.Session, named)
}

// Unwrap returns [ErrMoved].
func (e *MovedError) Unwrap() error { return ErrMoved }

// CheckPDS compares the session's server with the one that the account's DID document names. If they differ, the
// error is a [*MovedError]. They differ while the account is moving, and after it has moved: the old server may still
// accept writes, which the rest of the network does not see.
//
// Calls that write records do this check automatically, once for each session and again after each renewal; other
// calls, such as those that move an account, do not. Package write does it before it reads any record. The check
// always looks the DID document up, and does not use a cached one.
//
// If the document cannot be looked up because a server is unreachable, CheckPDS compares with the last known PDS
// instead, and repeats the look-up after a minute at the earliest. So an account can write while the PLC directory is
// down. The PDS is known from the DID document that came with the tokens, from the login, or from the last look-up. If
// none is known, as for a session from [NewSession], the error wraps [identity.ErrUnreachable].
//
// With [WithAnyPDS], CheckPDS does nothing.
func (c *Client) CheckPDS(ctx context.Context) error {
	session, err := c.current()
	if err != nil || c.directory == nil {
		return err
	}
	with := session.secrets()
	c.mu.Lock()
	checked := c.checked == with.access && (c.recheckAt.IsZero() || time.Now().Before(c.recheckAt))
	known := cmp.Or(with.named, c.known)
	c.mu.Unlock()
	if checked {
		return nil
	}
	var recheckAt time.Time
	named, err := c.documentPDS(ctx)
	if err == nil {
		known = named
	} else if errors.Is(err, identity.ErrUnreachable) && known != "" {
		named, err, recheckAt = known, nil, time.Now().Add(recheckEvery)
	}
	if err != nil {
		return fmt.Errorf("auth: cannot confirm that %s is still hosted at %s: %w", c.did, session.PDS, err)
	}
	if !c.sameService(named, session.PDS) && !(named != "" && isFor(with.access, named)) { // an entryway forwards calls
		return &MovedError{c.did, session.PDS, named}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked, c.recheckAt, c.known = with.access, recheckAt, known
	return nil
}

// recheckEvery is how long CheckPDS relies on the last known server of an account whose document it could not look up.
const recheckEvery = time.Minute

// documentPDS looks up the server that the account's DID document names now, "" if it names none.
func (c *Client) documentPDS(ctx context.Context) (string, error) {
	directory, err := c.directory()
	if err != nil {
		return "", err
	}
	document, err := directory.LookUpDID(ctx, c.did)
	if err != nil {
		return "", err
	}
	return document.PDS, nil
}

// sameService reports whether two addresses have the same origin.
func (c *Client) sameService(a, b string) bool {
	one, err := xrpc.New(a, c.options...)
	if err != nil {
		return false
	}
	two, err := xrpc.New(b, c.options...)
	return err == nil && one.Service() == two.Service()
}

// recordWrites are the paths of the methods that write records. Methods that are needed to move an account to another
// server are not among them.
var recordWrites = map[string]bool{
	"/xrpc/" + atproto.NSIDRepoCreateRecord: true,
	"/xrpc/" + atproto.NSIDRepoPutRecord:    true,
	"/xrpc/" + atproto.NSIDRepoDeleteRecord: true,
	"/xrpc/" + atproto.NSIDRepoApplyWrites:  true,
}

func writesRecords(req *http.Request) bool {
	return req.Method == http.MethodPost && recordWrites[req.URL.Path]
}
