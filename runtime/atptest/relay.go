package atptest

import (
	"context"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/atproto/atprotoserver"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// Relay is a relay for all PDSes of the network: its stream has the events of all of them, with its own sequence
// numbers. It answers listRepos, getRepoStatus, getLatestCommit and listReposByCollection of com.atproto.sync from the
// events that it has seen, and redirects getRepo to the account's PDS, as indigo's relay and collection directory do.
type Relay struct {
	*Server
	*Stream
}

// NewRelay starts a relay. Its stream begins with the events from now on.
func (n *Network) NewRelay() *Relay {
	n.helper()
	r := &Relay{}
	s, err := n.listen("a relay", r.handler(n))
	n.check(err)
	n.mu.Lock()
	defer n.mu.Unlock()
	r.Server, r.Stream = s, newStream(s)
	n.relays = append(n.relays, r)
	return r
}

func (r *Relay) handler(n *Network) http.Handler {
	var methods []xrpcserver.Method
	for _, m := range atprotoserver.Methods(&relayMethods{network: n}) {
		switch m.NSID {
		case atproto.NSIDSyncListRepos, atproto.NSIDSyncListReposByCollection, atproto.NSIDSyncGetLatestCommit, atproto.NSIDSyncGetRepoStatus:
			methods = append(methods, m)
		}
	}
	calls := xrpcserver.New(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		switch nsid := strings.TrimPrefix(request.URL.Path, "/xrpc/"); nsid {
		case atproto.NSIDSyncSubscribeRepos:
			r.serve(w, request)
		case atproto.NSIDSyncGetRepo:
			n.redirect(w, request)
		case "_health":
			answer(w, http.StatusOK, map[string]string{"status": "ok"})
		default:
			calls.ServeHTTP(w, request)
		}
	})
}

// redirect redirects a request to the PDS of its account.
func (n *Network) redirect(w http.ResponseWriter, r *http.Request) {
	did := syntax.DID(r.URL.Query().Get("did"))
	n.mu.Lock()
	a := n.accounts[did]
	target := ""
	if a != nil && a.status != Deleted {
		target = a.pds.URL + r.URL.RequestURI()
	}
	n.mu.Unlock()
	if target == "" {
		answer(w, http.StatusNotFound, xrpcError{"RepoNotFound", "repo not found: " + string(did)})
		return
	}
	http.Redirect(w, r, target, http.StatusFound)
}

// relayMethods implements the methods that a relay answers.
type relayMethods struct {
	atprotoserver.Server // nil; stands for the methods that the relay does not have
	network              *Network
}

func known(a *Account) bool { return a.status != Deleted }

func statusOf(a *Account) Status { return a.status }

// SyncListRepos lists the repositories that the relay knows.
func (h *relayMethods) SyncListRepos(ctx context.Context, params *atproto.SyncListReposParams) (*atproto.SyncListReposOutput, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	return h.network.listRepos(params, known, statusOf)
}

// SyncListReposByCollection lists the repositories with at least one record of a collection.
func (h *relayMethods) SyncListReposByCollection(ctx context.Context, params *atproto.SyncListReposByCollectionParams) (*atproto.SyncListReposByCollectionOutput, error) {
	n := h.network
	n.mu.Lock()
	defer n.mu.Unlock()
	from, err := n.after(params.Cursor)
	if err != nil {
		return nil, err
	}
	out := &atproto.SyncListReposByCollectionOutput{Repos: []atproto.SyncListReposByCollectionRepo{}}
	for i, a := range n.order[from:] {
		if a.status != Active || len(a.repo.List(params.Collection)) == 0 {
			continue
		}
		out.Repos = append(out.Repos, atproto.SyncListReposByCollectionRepo{DID: a.DID})
		if int64(len(out.Repos)) == params.Limit.Or(500) {
			out.Cursor = lex.Some(cursorOf(from+i, a))
			break
		}
	}
	return out, nil
}

// find returns the account with a DID, or an error if the relay does not know it. The network must be locked.
func (h *relayMethods) find(did syntax.DID) (*Account, error) {
	a := h.network.accounts[did]
	if a == nil || a.status == Deleted {
		return nil, store.Refuse(http.StatusNotFound, "RepoNotFound", "repo not found: %s", did)
	}
	return a, nil
}

// SyncGetRepoStatus returns the status of an account.
func (h *relayMethods) SyncGetRepoStatus(ctx context.Context, params *atproto.SyncGetRepoStatusParams) (*atproto.SyncGetRepoStatusOutput, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	a, err := h.find(params.DID)
	if err != nil {
		return nil, err
	}
	return a.repoStatus(a.status), nil
}

// SyncGetLatestCommit returns the CID and the revision of the newest commit of a repository.
func (h *relayMethods) SyncGetLatestCommit(ctx context.Context, params *atproto.SyncGetLatestCommitParams) (*atproto.SyncGetLatestCommitOutput, error) {
	h.network.mu.Lock()
	defer h.network.mu.Unlock()
	a, err := h.find(params.DID)
	if err != nil {
		return nil, err
	}
	if a.status != Active {
		names := map[Status]string{Takendown: "RepoTakendown", Suspended: "RepoSuspended", Deactivated: "RepoDeactivated"}
		if name := names[a.status]; name != "" {
			return nil, store.Refuse(http.StatusForbidden, name, "account is %s", a.status)
		}
	}
	commit, c := a.repo.Forged.Repo.Commit()
	return &atproto.SyncGetLatestCommitOutput{CID: syntax.CID(c.String()), Rev: commit.Rev}, nil
}
