package atptest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/body"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/token"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/atproto/atprotoserver"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// PDS is a server of accounts. It answers the methods of com.atproto.repo, com.atproto.sync, com.atproto.server
// (accounts and sessions), and com.atproto.identity.resolveHandle, as the reference PDS does, and serves the stream of
// its accounts' events.
type PDS struct {
	*Server
	*Stream
	secret   []byte
	sessions map[string]*session
}

// pdsMethods implements the methods that a PDS answers.
type pdsMethods struct {
	atprotoserver.Server // nil; stands for the methods that the server does not have
	pds                  *PDS
}

// NewPDS starts a PDS without accounts.
func (n *Network) NewPDS() *PDS {
	n.helper()
	p := &PDS{secret: []byte(rand.Text()), sessions: map[string]*session{}}
	handler := p.handler()
	s, err := n.listen("a PDS", handler)
	n.check(err)
	n.mu.Lock()
	defer n.mu.Unlock()
	p.Server, p.Stream = s, newStream(s)
	n.pdses = append(n.pdses, p)
	return p
}

// did returns the DID of the server.
func (p *PDS) did() string {
	return "did:web:" + strings.ReplaceAll(strings.TrimPrefix(p.URL, "http://"), ":", "%3A")
}

// handler returns the handler of the server's requests.
func (p *PDS) handler() http.Handler {
	methods := p.methods()
	procedures := map[string]bool{}
	for _, m := range methods {
		procedures[string(m.NSID)] = m.Procedure
	}
	calls := xrpcserver.New(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		nsid, isCall := strings.CutPrefix(r.URL.Path, "/xrpc/")
		procedure, found := procedures[nsid]
		switch {
		case r.Method == http.MethodOptions:
			w.Header().Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
			w.WriteHeader(http.StatusNoContent)
		case nsid == atproto.NSIDSyncSubscribeRepos:
			p.Stream.serve(w, r)
		case nsid == "_health":
			answer(w, http.StatusOK, map[string]string{"version": "test"})
		case r.URL.Path == "/.well-known/atproto-did":
			p.serveWellKnown(w, r)
		case !isCall:
			http.NotFound(w, r)
		case !found && r.Header.Get("Atproto-Proxy") != "":
			p.forward(w, r)
		case !found:
			answer(w, http.StatusBadRequest, xrpcError{"InvalidRequest", "No service configured for " + nsid})
		case procedure && r.Method != http.MethodPost, !procedure && r.Method != http.MethodGet && r.Method != http.MethodHead:
			answer(w, http.StatusBadRequest, xrpcError{"InvalidRequest", "Incorrect HTTP method (" + r.Method + ")"})
		default:
			if err := body.Limit(r); err != nil {
				answer(w, http.StatusRequestEntityTooLarge, xrpcError{"PayloadTooLargeError", "request entity too large"})
				return
			}
			calls.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), headerKey{}, w.Header())))
		}
	})
}

type headerKey struct{}

// setHeader sets a header of the answer to a call.
func setHeader(ctx context.Context, name, value string) {
	if h, ok := ctx.Value(headerKey{}).(http.Header); ok {
		h.Set(name, value)
	}
}

// methods returns the methods that the server has. They refuse a call that lacks a required access token before they
// read its input, like those of the reference PDS.
func (p *PDS) methods() []xrpcserver.Method {
	var list []xrpcserver.Method
	for _, m := range atprotoserver.Methods(&pdsMethods{pds: p}) {
		switch m.NSID {
		case atproto.NSIDSyncListReposByCollection, atproto.NSIDSyncSubscribeRepos:
			continue
		case atproto.NSIDRepoUploadBlob:
			m.Serve = p.uploadBlob
		}
		if serve := m.Serve; m.Procedure {
			m.Serve = func(c *xrpcserver.Call) error {
				if err := p.admit(xrpcserver.Request(c.Context()), m.NSID); err != nil {
					return err
				}
				return serve(c)
			}
		}
		list = append(list, m)
	}
	return list
}

// admit returns an error for a call of a method of com.atproto.repo without a valid access token, and for any call
// with malformed JSON.
func (p *PDS) admit(r *http.Request, nsid syntax.NSID) error {
	if strings.HasPrefix(string(nsid), "com.atproto.repo.") {
		p.network.mu.Lock()
		_, err := p.authorize(r, false, token.Access, token.AppPass)
		p.network.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return body.Check(r)
}

// forward sends a request to the appview that its header atproto-proxy names.
func (p *PDS) forward(w http.ResponseWriter, r *http.Request) {
	did, service, _ := strings.Cut(r.Header.Get("Atproto-Proxy"), "#")
	switch {
	case !strings.HasPrefix(did, "did:") || service == "":
		answer(w, http.StatusBadRequest, xrpcError{"InvalidRequest", "malformed proxy header"})
		return
	case did != AppViewDID: // it cannot be resolved
		answer(w, http.StatusInternalServerError, xrpcError{"InternalServerError", "Internal Server Error"})
		return
	}
	origin, err := url.Parse(p.network.appview.URL)
	if err != nil {
		answer(w, http.StatusInternalServerError, xrpcError{"InternalServerError", "Internal Server Error"})
		return
	}
	proxy := httputil.NewSingleHostReverseProxy(origin)
	proxy.Transport = p.network.client.Transport
	r.Header.Del("Authorization")
	proxy.ServeHTTP(w, r)
}

// serveWellKnown answers /.well-known/atproto-did for the hosts of handles.
func (p *PDS) serveWellKnown(w http.ResponseWriter, r *http.Request) {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	host, _, _ := strings.Cut(r.Host, ":")
	a := p.find(syntax.AtIdentifier(host))
	if a == nil || !p.active(a) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "User not found")
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, string(a.DID))
}

// has reports whether the server knows an account. The network must be locked.
func (p *PDS) has(a *Account) bool {
	return a.status != Deleted && (a.pds == p || a.former[p])
}

// status returns the status of an account at this server. The network must be locked.
func (p *PDS) status(a *Account) Status {
	if a.pds != p {
		return Deactivated
	}
	return a.status
}

func (p *PDS) active(a *Account) bool { return p.status(a) == Active }

// find returns the account of this server with a DID or handle, or nil. The network must be locked.
func (p *PDS) find(id syntax.AtIdentifier) *Account {
	if a := p.network.accountOf(id); a != nil && p.has(a) {
		return a
	}
	return nil
}

// available returns the account of this server with a DID or handle, or an error if its repository cannot be read. The
// network must be locked.
func (p *PDS) available(id syntax.AtIdentifier) (*Account, error) {
	a := p.find(id)
	if a == nil {
		return nil, store.Refuse(http.StatusBadRequest, "RepoNotFound", "Could not find repo for DID: %s", id)
	}
	switch p.status(a) {
	case Active:
		return a, nil
	case Takendown, Suspended:
		return nil, store.Refuse(http.StatusBadRequest, "RepoTakendown", "Repo has been takendown: %s", id)
	case Deactivated:
		return nil, store.Refuse(http.StatusBadRequest, "RepoDeactivated", "Repo has been deactivated: %s", id)
	}
	return nil, store.Refuse(http.StatusBadRequest, "RepoNotFound", "Could not find repo for DID: %s", id)
}

// IdentityResolveHandle returns the DID of a handle of any active account of the network.
func (h *pdsMethods) IdentityResolveHandle(ctx context.Context, params *atproto.IdentityResolveHandleParams) (*atproto.IdentityResolveHandleOutput, error) {
	n := h.pds.network
	n.mu.Lock()
	defer n.mu.Unlock()
	a := n.accountOf(syntax.AtIdentifier(params.Handle))
	if a == nil || a.status != Active {
		return nil, store.Invalid("Unable to resolve handle")
	}
	return &atproto.IdentityResolveHandleOutput{DID: a.DID}, nil
}

// jsonOf converts a record to JSON. A record that breaks the data model, which the reference PDS and [Account.Commit]
// accept, is converted as far as possible.
func jsonOf(data []byte) (lex.Raw, error) {
	text, err := lex.CBORToJSON(data)
	if _, odd := errors.AsType[*issue.Error](err); odd {
		err = nil
	}
	return lex.Raw{Data: text, Encoding: lex.JSON}, err
}
