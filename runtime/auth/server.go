package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// granted is the answer of createSession and refreshSession.
type granted struct {
	DID        syntax.DID
	Handle     syntax.Handle // HandleInvalid for none
	AccessJWT  string
	RefreshJWT string
	DIDDoc     []byte // JSON; nil for none
}

// grantedFields are the fields that are read of a granted answer; "?" marks the optional ones. The handle is optional,
// since an account without a handle can have a session, too.
var grantedFields = []string{"did", "handle?", "accessJwt", "refreshJwt", "didDoc?"}

// credentials are sent with a request instead of the access token: a refresh token, or nothing. A context holds a
// pointer to them, so that printing the context does not show them.
type credentials struct{ bearer string }

type credentialsKey struct{}

// sessions calls the methods that manage sessions (https://atproto.com/specs/xrpc#authentication). Its errors do not
// contain the secrets.
type sessions struct {
	service *xrpc.Client
	bearer  string
	secrets []string // to hide in errors, in addition to the bearer
}

// Call sends request with s.bearer in place of the access token, see [rpc.Caller].
func (s sessions) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	ctx = context.WithValue(ctx, credentialsKey{}, &credentials{s.bearer})
	if err := s.service.Call(ctx, request, response); err != nil {
		r := redactor{secrets: append(s.secrets, s.bearer), answer: true}
		return r.clean(err)
	}
	return nil
}

// create logs in at issuer with a password. factor is the code of a second factor, "" if there is none.
func create(ctx context.Context, issuer *xrpc.Client, identifier, password, factor string) (*granted, error) {
	for _, field := range []struct{ name, value string }{
		{"identifier", identifier}, {"password", password}, {"authFactorToken", factor},
	} {
		if !utf8.ValidString(field.value) {
			return nil, fmt.Errorf("%s cannot be sent as JSON", field.name)
		}
	}
	input := atproto.ServerCreateSessionInput{Identifier: identifier, Password: password}
	if factor != "" {
		input.AuthFactorToken = lex.Some(factor)
	}
	server := sessions{service: issuer, secrets: []string{password, factor}}
	out, err := atproto.Reading(server, grantedFields...).ServerCreateSession(ctx, &input)
	if err != nil {
		if verdict.Of(err) == verdict.Unauthorized {
			err = fmt.Errorf("%w: %w", ErrPassword, err)
		}
		return nil, answered(atproto.NSIDServerCreateSession, issuer, err)
	}
	g := &granted{out.DID, out.Handle, out.AccessJWT, out.RefreshJWT, out.DIDDoc.Data}
	return g, g.check(atproto.NSIDServerCreateSession, issuer)
}

// refresh exchanges a refresh token for a new session. The call may be repeated if the answer was lost, since the
// token is used up in any case.
func refresh(ctx context.Context, issuer *xrpc.Client, token string) (*granted, error) {
	server := atproto.Repeatable(sessions{service: issuer, bearer: token})
	out, err := atproto.Reading(server, grantedFields...).ServerRefreshSession(ctx)
	if err != nil {
		return nil, answered(atproto.NSIDServerRefreshSession, issuer, err)
	}
	g := &granted{out.DID, out.Handle, out.AccessJWT, out.RefreshJWT, out.DIDDoc.Data}
	return g, g.check(atproto.NSIDServerRefreshSession, issuer)
}

// remove ends a session at the server. It is not an error if the session has ended already. The server's answer is
// empty: an answer with content is from something else, such as a proxy.
func remove(ctx context.Context, issuer *xrpc.Client, token string) error {
	request := &rpc.Request{NSID: atproto.NSIDServerDeleteSession, Procedure: true, Repeatable: true}
	response := &rpc.Response{Stream: true}
	if err := (sessions{service: issuer, bearer: token}).Call(ctx, request, response); sessionOver(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer response.Body.Close()
	const longest = 16 // spaces included
	content, err := io.ReadAll(io.LimitReader(response.Body, longest+1))
	if text := strings.TrimSpace(string(content)); err == nil && (text != "" && text != "{}" || len(content) > longest) {
		err = fmt.Errorf("%s at %s: %w", request.NSID, issuer.Service(), errAnswer)
	}
	return err
}

var errAnswer = errors.New("malformed response")

// answered returns err, the error of a call of method. If err is about the content of the answer, answered returns
// another error without details, since the content includes tokens.
func answered(method syntax.NSID, issuer *xrpc.Client, err error) error {
	if _, ok := errors.AsType[*issue.Error](err); ok {
		return fmt.Errorf("%s at %s: %w", method, issuer.Service(), errAnswer)
	}
	return err
}

// check returns an error if a token is missing, and sets a missing handle to identity.HandleInvalid.
func (g *granted) check(method syntax.NSID, issuer *xrpc.Client) error {
	if g.AccessJWT == "" || g.RefreshJWT == "" {
		return fmt.Errorf("%s at %s: %w", method, issuer.Service(), errAnswer)
	}
	if g.Handle == "" {
		g.Handle = identity.HandleInvalid
	}
	return nil
}

// sessionOver reports whether err means that the server itself does not accept the refresh token any more. Any other
// error says nothing about the session.
func sessionOver(err error) bool {
	switch verdict.Of(err) {
	case verdict.Expired, verdict.Unauthorized:
		return true
	}
	return errors.Is(err, ErrAccountTakedown)
}

// session returns the session that issuer granted. Its PDS is the result of g.pds, if there is one and either follow is
// set or the access token is for that PDS; otherwise it is the argument pds. The session remembers the PDS that the
// answer's DID document names, or else known, as the last known PDS of the account.
func (g *granted) session(issuer *xrpc.Client, pds, known, password string, follow bool, opts []xrpc.Option) *Session {
	if named := g.pds(issuer, opts); named != "" && (follow || isFor(g.AccessJWT, named)) {
		pds = named
	}
	if named := g.named(); named != "" {
		known = named
	}
	s := Session{DID: g.DID, Handle: g.Handle, PDS: pds}
	if pds != issuer.Service() {
		s.Issuer = issuer.Service()
	}
	return newSession(s, secrets{
		access:   g.AccessJWT,
		refresh:  g.RefreshJWT,
		received: time.Now().UTC().Truncate(time.Millisecond),
		password: password,
		named:    known,
	})
}

// named returns the PDS that the answer's DID document names, "" if it names none or there is no valid document.
func (g *granted) named() string {
	doc, err := identity.ParseDocument(g.DIDDoc)
	if err != nil || doc.DID != g.DID {
		return ""
	}
	return doc.PDS
}

// pds returns the PDS that the answer's DID document names, if calls should go there, and else "". An issuer may be an
// entryway, a server that manages the sessions of other servers; the document then says where the account's data is.
// If the account is moving, its document names the old PDS until the move is complete. Then the tokens from the new PDS
// say that they are for the new one, and pds returns "".
func (g *granted) pds(issuer *xrpc.Client, opts []xrpc.Option) string {
	address := g.named()
	if address == "" || isFor(g.AccessJWT, issuer.Service()) {
		return ""
	}
	// The options say which addresses are allowed. But tokens that were received over TLS are not sent without TLS.
	named, err := xrpc.New(address, opts...)
	if err != nil || secure(issuer) && !secure(named) {
		return ""
	}
	return named.Service()
}

func secure(c *xrpc.Client) bool { return strings.HasPrefix(c.Service(), "https:") }
