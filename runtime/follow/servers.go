package follow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// This file decides which server is asked about a repository: the account's own first, and if that does not have it,
// or does not answer, others that may have a copy. What they send is verified like everything else. That they do not
// have a repository proves nothing.

// origin returns the origin of the account's own server, or "" if that is not known, in which case requests fail, too.
func (f *follower) origin(ctx context.Context, did syntax.DID) string {
	document, err := f.Client.Directory().ResolveDID(ctx, did)
	if err != nil {
		return ""
	}
	return document.PDS
}

// next returns the origin of the server to ask about a repository after the one at origin at, which is "" for the
// account's own, has failed. It returns "" if there is no other, or if the account's key is not known, by which an
// answer would be verified.
func (f *follower) next(ctx context.Context, did syntax.DID, at string) string {
	document, err := f.Client.Directory().ResolveDID(ctx, did)
	if err != nil {
		return ""
	}
	var others []string
	for _, other := range append([]string{callsOf(f.stream.Health().Endpoint), f.Host}, f.Mirrors...) {
		if other != "" && !slices.Contains(others, other) {
			others = append(others, other)
		}
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if at != "" {
		others = others[slices.Index(others, at)+1:]
	}
	for _, other := range others {
		if other != document.PDS && time.Since(f.lacking[other]) > forgetLacking {
			return other
		}
	}
	return ""
}

// callsOf returns the origin of the server whose stream, com.atproto.sync.subscribeRepos, has the URL endpoint. It
// returns "" if that is another kind of stream.
func callsOf(endpoint string) string {
	origin, ok := strings.CutSuffix(endpoint, "/xrpc/com.atproto.sync.subscribeRepos")
	if !ok {
		return ""
	}
	return "http" + strings.TrimPrefix(origin, "ws")
}

// forgetLacking is how long a server that has answered that it lacks a method is not asked for copies.
const forgetLacking = time.Hour

// failed processes the error of a request about a repository at a server, "" for the account's own. If there is another
// server, that is asked at once; otherwise the account's own is asked later. The caller must not have locked f.mu.
func (f *follower) failed(ctx context.Context, r *tracked, todo job, at string, err error) outcome {
	next := f.next(ctx, r.DID, at)
	absent := at == "" && f.absent(ctx, r.DID, err)
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	problem := &Problem{DID: r.DID, Err: err, Attempt: r.attempts, Retry: r.retry}
	if at == "" {
		var status string
		if status, problem = r.onFailed(err, absent, now); problem == nil {
			return outcome{status: status}
		}
		r.retry = problem.Retry
	} else if verdict.LacksMethod(err) {
		f.lacking[at] = now
	}
	if *r.server(todo) = next; next != "" {
		problem.Retry, problem.Next = time.Time{}, next
		r.todo |= todo
	} else {
		f.work.later(r, todo, r.retry)
	}
	return outcome{events: []Event{problem}}
}

// server returns a pointer to the origin of the server that is asked next in a job for r; "" is the account's own.
func (r *tracked) server(todo job) *string {
	if todo == fetch {
		return &r.fetchAt
	}
	return &r.checkAt
}

// absent reports whether err means that the account does not exist: its own server says that it does not have the
// repository, or the PLC directory says, when asked again, that there is no such DID. A DID document without a server
// or a key does not mean that, and neither does a host of a did:web that has no document.
func (f *follower) absent(ctx context.Context, did syntax.DID, err error) bool {
	if errors.Is(err, pds.ErrRepoNotFound) {
		return true
	}
	if !errors.Is(err, identity.ErrNotFound) || !strings.HasPrefix(string(did), "did:plc:") {
		return false
	}
	_, err = f.Client.Directory().LookUpDID(ctx, did)
	return errors.Is(err, identity.ErrNotFound)
}
