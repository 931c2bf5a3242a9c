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

// MovedError says that the DID document of an account names another server than the one that the session is at: the account
// has moved, or is about to and its document has not been changed yet. Nothing was sent. It is [ErrMoved].
type MovedError struct {
	// DID is the account.
	DID syntax.DID
	// Session is the origin of the server that the session is at, and Document of the one that the document names, "" if
	// it names none.
	Session, Document string
}

// Error returns a text that names the account and both servers.
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

// CheckPDS compares the server that the session is at with the one that the account's DID document names. They differ after
// the account has moved, when the old server may still take what is written there and nobody would see it, and while it is
// moving; then the error is a [*MovedError].
//
// Calls that write records do this by themselves, once for each session and again after each renewal; others, such as those
// that move an account, do not. Package write does it before it looks at any record. The document is looked up anew.
//
// If it cannot be looked up now, what was last known counts for a minute, so that nobody is kept from writing while a
// directory is down: the document that the server sent along with the tokens, or the login, or the last look-up. If nothing
// ever was known, as with a session of [NewSession], the error wraps [identity.ErrUnreachable].
//
// With [Options].AnyPDS it does nothing.
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
		return fmt.Errorf("auth: whether %s is still at %s is not known: %w", c.did, session.PDS, err)
	}
	if !c.sameService(named, session.PDS) && !(named != "" && isFor(with.access, named)) { // an entryway passes calls on
		return &MovedError{c.did, session.PDS, named}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked, c.recheckAt, c.known = with.access, recheckAt, known
	return nil
}

// recheckEvery is how long what was last known of an account's place counts when nothing else can be known.
const recheckEvery = time.Minute

// documentPDS returns the server that the account's DID document names at present, "" if it names none.
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

// sameService reports whether two addresses are of one origin.
func (c *Client) sameService(a, b string) bool {
	one, err := xrpc.New(a, c.options...)
	if err != nil {
		return false
	}
	two, err := xrpc.New(b, c.options...)
	return err == nil && one.Service() == two.Service()
}

// recordWrites are the paths of the methods that write records. Those that an account needs on its way to another server,
// where nothing else may be written, are not among them.
var recordWrites = map[string]bool{
	"/xrpc/" + atproto.NSIDRepoCreateRecord: true,
	"/xrpc/" + atproto.NSIDRepoPutRecord:    true,
	"/xrpc/" + atproto.NSIDRepoDeleteRecord: true,
	"/xrpc/" + atproto.NSIDRepoApplyWrites:  true,
}

func writesRecords(req *http.Request) bool {
	return req.Method == http.MethodPost && recordWrites[req.URL.Path]
}
