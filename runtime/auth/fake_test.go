package auth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	alice       syntax.DID          = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	aliceHandle syntax.AtIdentifier = "alice.example.com"
	bob         syntax.DID          = "did:plc:44ybard66vv44zksje25o7dz"
	password                        = "abcd-efgh-ijkl-mnop"
	pdsOrigin                       = "https://pds.example.com"

	createSession  = "com.atproto.server.createSession"
	refreshSession = "com.atproto.server.refreshSession"
	deleteSession  = "com.atproto.server.deleteSession"
	ping           = "com.example.ping"
)

// fake is a PDS with one account. It is reached without a network, as every host there is. Package atptest cannot serve here: its
// PDS has tokens as the reference PDS makes them, while these tests are about those of others: opaque tokens, tokens for
// another audience, clocks that differ, second factors, refusals without a name. What servers have in common is tested at the
// reference PDS.
type fake struct {
	mu       sync.Mutex
	counts   map[string]int
	issued   int
	access   string            // the token that is accepted
	refresh  string            // the one that is accepted
	granted  map[string]bool   // access tokens that were given out and have not expired
	spent    map[string]bool   // refresh tokens that were handed in
	graceful bool              // those are accepted as well, as by the reference PDS
	unsaid   bool              // a refusal does not say that the token has ended
	ended    map[string]bool   // and deleted ones
	lifetime time.Duration     // of access tokens
	skew     time.Duration     // of its clock
	extra    map[string]any    // more fields of a session
	opaque   bool              // tokens are no JWTs
	sub      syntax.DID        // the account in answers
	aud      any               // whom tokens are for, nil: not said
	factor   string            // second factor that is wanted
	last     map[string]string // the Authorization header of the last request to each method
	hosts    map[string]string // and its host

	// answer, if set, is asked first; it returns true if it has answered.
	answer func(w http.ResponseWriter, r *http.Request, method string) bool
}

func newFake() *fake {
	return &fake{
		counts: make(map[string]int), granted: make(map[string]bool), spent: make(map[string]bool), ended: make(map[string]bool),
		lifetime: 2 * time.Hour, sub: alice, last: make(map[string]string), hosts: make(map[string]string),
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	f.mu.Lock()
	f.counts[method]++
	f.last[method] = r.Header.Get("Authorization")
	f.hosts[method] = r.Host
	answer := f.answer
	f.mu.Unlock()
	if answer != nil && answer(w, r, method) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch method {
	case createSession:
		var input struct{ Identifier, Password, AuthFactorToken string }
		json.NewDecoder(r.Body).Decode(&input)
		switch {
		case input.Identifier != string(alice) && input.Identifier != string(aliceHandle) || input.Password != password:
			refuse(w, 401, "AuthenticationRequired", "Invalid identifier or password")
		case input.AuthFactorToken != f.factor:
			refuse(w, 401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address")
		default:
			f.grant(w)
		}
	case refreshSession:
		if bearer != f.refresh && !(f.graceful && f.spent[bearer]) || f.ended[bearer] {
			refuse(w, 400, "ExpiredToken", "Token has been revoked")
			return
		}
		f.spent[bearer] = true
		f.grant(w)
	case deleteSession:
		f.ended[bearer] = true
	default:
		io.Copy(io.Discard, r.Body)
		if bearer != f.access && !(f.graceful && f.granted[bearer]) {
			if f.unsaid {
				w.WriteHeader(401)
			} else {
				refuse(w, 400, "ExpiredToken", "Token has expired")
			}
			return
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"ok":true}`)
	}
}

func (f *fake) grant(w http.ResponseWriter) {
	f.issued++
	f.access, f.refresh = f.token("access"), f.token("refresh")
	f.granted[f.access] = true
	session := map[string]any{
		"did": f.sub, "handle": aliceHandle, "accessJwt": f.access, "refreshJwt": f.refresh,
		"email": "alice@example.com", "emailConfirmed": true,
	}
	maps.Copy(session, f.extra)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(session)
}

func (f *fake) token(kind string) string {
	now := time.Now().Add(f.skew)
	signature := fmt.Sprintf("%s-%d-secret-%d", kind, f.issued, now.UnixNano())
	if f.opaque {
		return signature
	}
	aud, _ := json.Marshal(f.aud)
	return jwt(fmt.Sprintf(`{"sub":%q,"aud":%s,"iat":%d,"exp":%d}`, f.sub, aud, now.Unix(), now.Add(f.lifetime).Unix()), signature)
}

func jwt(payload, signature string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"typ":"at+jwt","alg":"HS256"}`)) + "." + encode([]byte(payload)) + "." + encode([]byte(signature))
}

func refuse(w http.ResponseWriter, status int, name, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": name, "message": message})
}

// expire makes the server accept no access token that it has given out.
func (f *fake) expire() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.access = "none"
	clear(f.granted)
}

// forget makes the server accept no refresh token either.
func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.access, f.refresh, f.graceful = "none", "none", false
}

func (f *fake) set(answer func(w http.ResponseWriter, r *http.Request, method string) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fake) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[method]
}

// RoundTrip lets a fake stand in for all of the network.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	type outcome struct {
		response *http.Response
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		w := httptest.NewRecorder()
		defer func() {
			if recover() != nil { // http.ErrAbortHandler
				done <- outcome{nil, io.ErrUnexpectedEOF}
			}
		}()
		incoming := r.Clone(r.Context())
		incoming.Host = r.URL.Host
		if incoming.Body == nil {
			incoming.Body = http.NoBody
		}
		f.ServeHTTP(w, incoming)
		done <- outcome{w.Result(), nil}
	}()
	select {
	case o := <-done:
		return o.response, o.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// settings returns settings that reach f and nothing else.
func (f *fake) settings() *settings {
	return &settings{
		Network: network.Network{HTTPClient: &http.Client{Transport: f}},
		Issuer:  pdsOrigin,
		Store:   auth.NewMemoryStore(),
		XRPC: []xrpc.Option{
			xrpc.WithRetry(xrpc.Retry{Base: time.Millisecond, Max: time.Millisecond}),
		},
	}
}

func login(t *testing.T, o *settings) *auth.Client {
	t.Helper()
	c, err := auth.Login(t.Context(), aliceHandle, password, o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// call sends a request to c's PDS.
func call(ctx context.Context, c rpc.Caller) error {
	var raw lex.Raw
	return c.Call(ctx, &rpc.Request{NSID: ping}, &rpc.Response{Output: &raw})
}

func mustCall(t *testing.T, c rpc.Caller) {
	t.Helper()
	if err := call(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func checkCount(t *testing.T, f *fake, method string, want int) {
	t.Helper()
	if got := f.count(method); got != want {
		t.Errorf("%d requests of %s, want %d", got, method, want)
	}
}

// stored returns the access token of an account in a store.
func stored(t *testing.T, s auth.Store, did syntax.DID) *auth.Session {
	t.Helper()
	session, err := s.Load(t.Context(), did)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func put(t *testing.T, s auth.Store, session *auth.Session) {
	t.Helper()
	err := s.Update(t.Context(), session.DID, func(context.Context, *auth.Session) (*auth.Session, error) { return session, nil })
	if err != nil {
		t.Fatal(err)
	}
}
