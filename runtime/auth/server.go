package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The methods of sessions (https://atproto.com/specs/xrpc#authentication).
const (
	createSession  syntax.NSID = "com.atproto.server.createSession"
	refreshSession syntax.NSID = "com.atproto.server.refreshSession"
	deleteSession  syntax.NSID = "com.atproto.server.deleteSession"
)

// granted is what createSession and refreshSession answer with. It is read with encoding/json, since a document
// that is not of the data model must not cost the session.
type granted struct {
	DID        syntax.DID      `json:"did"`
	Handle     syntax.Handle   `json:"-"` // HandleInvalid for none; see parseGranted
	AccessJWT  string          `json:"accessJwt"`
	RefreshJWT string          `json:"refreshJwt"`
	DIDDoc     json.RawMessage `json:"didDoc"`
}

// credentials are what goes with a request in place of the access token: a refresh token, or nothing. A context
// holds a pointer to them, which nothing that prints a context follows.
type credentials struct{ bearer string }

type credentialsKey struct{}

// ask calls one of the methods of sessions. Its error holds none of the secrets.
func ask(ctx context.Context, service *xrpc.Client, call *lex.Call, bearer string, secrets ...string) error {
	ctx = context.WithValue(ctx, credentialsKey{}, &credentials{bearer})
	call.Procedure = true
	if err := service.Call(ctx, call); err != nil {
		r := redactor{secrets: append(secrets, bearer), answer: true}
		return r.clean(err)
	}
	return nil
}

// create logs in.
func create(ctx context.Context, issuer *xrpc.Client, identifier, password, factor string) (*granted, error) {
	var input lex.Map
	for _, field := range []struct{ name, value string }{
		{"identifier", identifier}, {"password", password}, {"authFactorToken", factor},
	} {
		if field.value == "" {
			continue
		}
		value, err := lex.ValueOf(field.value)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be sent as JSON", field.name)
		}
		input.Set(field.name, value)
	}
	var output lex.Raw
	err := ask(ctx, issuer, &lex.Call{NSID: createSession, Input: &input, Output: &output}, "", password, factor)
	if err != nil {
		if verdict.Of(err) == verdict.Unauthorized {
			err = fmt.Errorf("%w: %w", ErrPassword, err)
		}
		return nil, err
	}
	return parseGranted(createSession, issuer, output)
}

// refresh hands a refresh token in. It may be repeated when the answer was lost: the token is spent either way.
func refresh(ctx context.Context, issuer *xrpc.Client, token string) (*granted, error) {
	var output lex.Raw
	if err := ask(ctx, issuer, &lex.Call{NSID: refreshSession, Output: &output, Repeatable: true}, token); err != nil {
		return nil, err
	}
	return parseGranted(refreshSession, issuer, output)
}

// remove ends a session at the server. One that has ended already is no error. The method answers with nothing: what has
// content is from somebody else, such as a proxy.
func remove(ctx context.Context, issuer *xrpc.Client, token string) error {
	call := &lex.Call{NSID: deleteSession, Repeatable: true, Stream: true}
	if err := ask(ctx, issuer, call, token); sessionOver(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer call.OutputBody.Close()
	content, err := io.ReadAll(io.LimitReader(call.OutputBody, 16))
	if text := strings.TrimSpace(string(content)); err == nil && text != "" && text != "{}" {
		err = fmt.Errorf("%s at %s: %w", deleteSession, issuer.Service(), errAnswer)
	}
	return err
}

var errAnswer = errors.New("the answer is not what the method answers with")

func parseGranted(method syntax.NSID, issuer *xrpc.Client, output lex.Raw) (*granted, error) {
	var g struct {
		granted
		Handle any // an account without one has "" or null, which must not cost the session
	}
	err := json.Unmarshal(output.Data, &g)
	if err != nil || !syntax.ValidDID(string(g.DID)) || g.AccessJWT == "" || g.RefreshJWT == "" {
		return nil, fmt.Errorf("%s at %s: %w", method, issuer.Service(), errAnswer)
	}
	g.granted.Handle = identity.HandleInvalid
	if handle, ok := g.Handle.(string); ok && syntax.ValidHandle(handle) {
		g.granted.Handle = syntax.Handle(handle)
	}
	return &g.granted, nil
}

// sessionOver reports whether the answer to a refresh token says that it is worth nothing any more, in the server's own
// word. Any other error says nothing about the session.
func sessionOver(err error) bool {
	switch verdict.Of(err) {
	case verdict.Expired, verdict.Unauthorized:
		return true
	}
	return errors.Is(err, ErrAccountTakedown)
}

// session returns the session that was granted by issuer, for the PDS that the answer's DID document names if follow says
// so, or else for the one given.
// The document, or else known, is the PDS that is remembered as the account's.
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

// named returns the PDS that the answer's DID document names, "" if there is none.
func (g *granted) named() string {
	doc, err := identity.ParseDocument(g.DIDDoc)
	if err != nil || doc.DID != g.DID {
		return ""
	}
	return doc.PDS
}

// pds returns the PDS that the answer's DID document names, if calls should go there: a server that logs people in for
// others, an entryway, tells them in this way where their data is. An account that is moving is different: its
// document names the old PDS until the end, and the tokens of the new one say that they are for that.
func (g *granted) pds(issuer *xrpc.Client, opts []xrpc.Option) string {
	address := g.named()
	if address == "" || isFor(g.AccessJWT, issuer.Service()) {
		return ""
	}
	// The options know which addresses are allowed. But tokens that came with TLS do not go without.
	named, err := xrpc.New(address, opts...)
	if err != nil || secure(issuer) && !secure(named) {
		return ""
	}
	return named.Service()
}

func secure(c *xrpc.Client) bool { return strings.HasPrefix(c.Service(), "https:") }
