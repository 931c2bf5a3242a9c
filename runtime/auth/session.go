package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Session is an account's session: the server for its calls and the tokens that authenticate them.
//
// Only [Session.Tokens] and [Session.Export] return the tokens. Printing a Session in any way, logging it, or
// marshalling it to JSON shows only the other fields.
type Session struct {
	DID syntax.DID
	// Handle is the account's handle as the server sent it; it has not been verified. It is handle.invalid if the
	// server sent none.
	Handle syntax.Handle
	// PDS is the origin of the server that has the account's data, to which calls are sent.
	PDS string
	// Issuer is the origin of the server that issued the tokens and renews them, if it is not the PDS.
	Issuer string

	// secret returns the secrets; nil means that there are none. It is a function because package fmt prints the
	// values in unexported fields, pointers included, without calling their methods.
	secret func() *secrets
}

// secrets are the parts of a Session that must not be shown, and what belongs to them.
type secrets struct {
	access, refresh string
	received        time.Time // when this host received the tokens, by its clock; zero: unknown
	renewAt         time.Time // when access should be renewed; zero: unknown
	password        string    // only with WithStorePassword
	named           string    // the last known PDS of the account, see CheckPDS; "": unknown
}

// NewSession returns a session with existing tokens, for example from another program, or from a [Store] that keeps
// them in database columns. pds is the origin of the account's server; if another server renews the tokens, set the
// Issuer of the result. It is better if a Store keeps what [Session.Export] returns, which is the whole session.
func NewSession(did syntax.DID, handle syntax.Handle, pds, access, refresh string) *Session {
	return newSession(Session{DID: did, Handle: handle, PDS: pds}, secrets{access: access, refresh: refresh})
}

func newSession(s Session, with secrets) *Session {
	s.PDS, s.Issuer = strings.TrimSuffix(s.PDS, "/"), strings.TrimSuffix(s.Issuer, "/")
	with.renewAt = renewAt(with.access, with.received)
	s.secret = func() *secrets { return &with }
	return &s
}

// Tokens returns the access token, which is sent with each request, and the refresh token, which renews both. Anyone
// who has them can act as the account.
func (s Session) Tokens() (access, refresh string) {
	with := s.secrets()
	return with.access, with.refresh
}

// secrets returns the secrets of the session, which must not be modified.
func (s Session) secrets() *secrets {
	if s.secret == nil {
		return new(secrets)
	}
	return s.secret()
}

// due reports whether the access token has expired or is about to, as far as is known.
func (s Session) due() bool {
	at := s.secrets().renewAt
	return !at.IsZero() && !time.Now().Before(at)
}

// issuer returns the origin of the server that renews the tokens.
func (s Session) issuer() string {
	if s.Issuer != "" {
		return s.Issuer
	}
	return s.PDS
}

// exported is the JSON object that [Session.Export] returns.
type exported struct {
	DID        syntax.DID    `json:"did"`
	Handle     syntax.Handle `json:"handle"`
	PDS        string        `json:"pds"`
	Issuer     string        `json:"issuer,omitempty"`
	AccessJWT  string        `json:"accessJwt"`
	RefreshJWT string        `json:"refreshJwt"`
	Received   time.Time     `json:"received,omitzero"`
	Password   string        `json:"password,omitempty"`
	Named      string        `json:"knownPds,omitempty"`
}

// Export returns the whole session, tokens included, as a JSON object for a [Store] to keep. [ParseSession] reads it.
// It contains the password only if [WithStorePassword] was given.
func (s Session) Export() []byte {
	with := s.secrets()
	e := exported{
		DID: s.DID, Handle: s.Handle, PDS: s.PDS, Issuer: s.Issuer,
		AccessJWT: with.access, RefreshJWT: with.refresh, Received: with.received, Password: with.password, Named: with.named,
	}
	data, err := json.Marshal(e)
	if err != nil { // a time whose year has five digits
		e.Received = time.Time{}
		data, _ = json.Marshal(e)
	}
	return data
}

var errExport = errors.New("this is not an exported session")

// ParseSession parses the result of [Session.Export]. Its error contains nothing from data.
func ParseSession(data []byte) (*Session, error) {
	var e exported
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, errExport
	}
	if !syntax.ValidDID(string(e.DID)) || e.PDS == "" || e.AccessJWT == "" || e.RefreshJWT == "" {
		return nil, fmt.Errorf("%w: it must have a DID, a PDS and two tokens", errExport)
	}
	return newSession(Session{DID: e.DID, Handle: e.Handle, PDS: e.PDS, Issuer: e.Issuer},
		secrets{access: e.AccessJWT, refresh: e.RefreshJWT, received: e.Received, password: e.Password, named: e.Named}), nil
}

// String returns the account and its PDS, without the tokens.
func (s Session) String() string {
	return fmt.Sprintf("%s (%s) at %s", s.DID, s.Handle, s.PDS)
}

// Format prints what String returns, whatever the verb.
func (s Session) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue returns a group of the account and its PDS, without the tokens.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("did", string(s.DID)),
		slog.String("handle", string(s.Handle)),
		slog.String("pds", s.PDS),
	)
}

// MarshalJSON returns an object with the account and its PDS, without the tokens. It is for display: to store a
// session, use [Session.Export].
func (s Session) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		DID    syntax.DID    `json:"did"`
		Handle syntax.Handle `json:"handle"`
		PDS    string        `json:"pds"`
	}{s.DID, s.Handle, s.PDS})
}
