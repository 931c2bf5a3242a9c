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

// Session is what a server gave an account on login: where it is, and the tokens of its requests.
//
// The tokens come out of [Session.Tokens] and [Session.Export] only. Printing a Session in any way, logging
// it and marshalling it to JSON shows the other fields.
type Session struct {
	DID syntax.DID
	// Handle is the account's as its server says, not checked in both directions; handle.invalid if it
	// gave none.
	Handle syntax.Handle
	// PDS is the origin of the server that holds the account's data: where calls go.
	PDS string
	// Issuer is the origin of the server that issued the tokens and renews them, if it is not the PDS.
	Issuer string

	// secret returns what is not shown. It is a function because package fmt, which calls no methods of what
	// is in unexported fields of other values, follows pointers. nil: there are no secrets.
	secret func() *secrets
}

type secrets struct {
	access, refresh string
	received        time.Time // by the clock of this host; zero: unknown
	renewAt         time.Time // when access has to be renewed, as far as is known; zero: unknown
	password        string    // only with Options.StorePassword
	named           string    // the account's PDS as far as was last known, see CheckPDS; "" if never
}

// NewSession returns a session with tokens from elsewhere: a [Store] that keeps them in columns, or
// another program. A Store had better keep what [Session.Export] returns, which is all of a session.
func NewSession(did syntax.DID, handle syntax.Handle, pds, access, refresh string) *Session {
	return newSession(Session{DID: did, Handle: handle, PDS: pds}, secrets{access: access, refresh: refresh})
}

func newSession(s Session, with secrets) *Session {
	s.PDS, s.Issuer = strings.TrimSuffix(s.PDS, "/"), strings.TrimSuffix(s.Issuer, "/")
	with.renewAt = renewAt(with.access, with.received)
	s.secret = func() *secrets { return &with }
	return &s
}

// Tokens returns the access token, which goes with each request, and the refresh token, which renews both.
// Whoever has them can act for the account.
func (s Session) Tokens() (access, refresh string) {
	with := s.secrets()
	return with.access, with.refresh
}

// secrets returns what must not change.
func (s Session) secrets() *secrets {
	if s.secret == nil {
		return new(secrets)
	}
	return s.secret()
}

// due reports whether the access token has ended, or is about to, as far as is known.
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

// exported is the form of [Session.Export].
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

// Export returns all of the session as a JSON object, tokens included, for a [Store] to keep.
// [ParseSession] reads it. The app password is in it only if [Options].StorePassword asked for that.
func (s Session) Export() []byte {
	with := s.secrets()
	e := exported{
		DID: s.DID, Handle: s.Handle, PDS: s.PDS, Issuer: s.Issuer,
		AccessJWT: with.access, RefreshJWT: with.refresh, Received: with.received, Password: with.password, Named: with.named,
	}
	data, err := json.Marshal(e)
	if err != nil { // a year of five digits
		e.Received = time.Time{}
		data, _ = json.Marshal(e)
	}
	return data
}

var errExport = errors.New("this is not an exported session")

// ParseSession reads what [Session.Export] returned. Its error repeats nothing of data.
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

// MarshalJSON returns an object of the account and its PDS, without the tokens, for display: to keep a
// session, use [Session.Export].
func (s Session) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		DID    syntax.DID    `json:"did"`
		Handle syntax.Handle `json:"handle"`
		PDS    string        `json:"pds"`
	}{s.DID, s.Handle, s.PDS})
}
