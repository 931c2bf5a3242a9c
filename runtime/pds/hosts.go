package pds

import (
	"cmp"
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// RepoStatus says what a server knows about a repository.
type RepoStatus struct {
	DID syntax.DID
	// Head is the CID of its newest commit, Rev its revision: undefined and empty if the server says none.
	Head lex.CID
	Rev  syntax.TID
	// Active tells whether the server gives the repository out.
	Active bool
	// Status says why it does not, in the server's words: takendown, suspended, deactivated, deleted,
	// desynchronized, throttled, or another. It may be empty.
	Status string
}

// ListReposOptions are the options of [Client.ListRepos] and [Client.ListReposByCollection]; nil stands
// for the zero value.
type ListReposOptions struct {
	// Cursor is where the list goes on; "" is its beginning.
	Cursor string
	// PageSize is how many repositories are asked for at once; 0 stands for the most that servers allow,
	// 1000, and 2000 by collection.
	PageSize int
	// Checkpoint is that of [ListOptions].
	Checkpoint func(cursor string)
}

// ListRepos goes through the repositories that a server has (com.atproto.sync.listRepos): a relay's are
// those of the whole network. host is its origin, such as "https://relay.example.com"; "" stands for that
// of [WithHost] or [WithCaller].
//
// An entry that is malformed is a [*lex.Failure] with its JSON, and the loop goes on behind it. Any
// other error ends the loop, as in [Client.ListRecords].
func (c *Client) ListRepos(ctx context.Context, host string, options *ListReposOptions) iter.Seq2[*RepoStatus, error] {
	return c.listRepos(ctx, host, options, maxRepos, lex.Call{NSID: "com.atproto.sync.listRepos"})
}

// ListReposByCollection goes through the accounts with records in a collection, as far as the server
// knows (com.atproto.sync.listReposByCollection): relays answer it, and it is the cheap start of a crawl.
// host and errors are those of [Client.ListRepos].
func (c *Client) ListReposByCollection(ctx context.Context, host string, collection syntax.NSID, options *ListReposOptions) iter.Seq2[syntax.DID, error] {
	call := lex.Call{NSID: "com.atproto.sync.listReposByCollection"}
	call.Params.String("collection", string(collection))
	return func(yield func(syntax.DID, error) bool) {
		for repo, err := range c.listRepos(ctx, host, options, maxCollections, call) {
			var did syntax.DID
			if err == nil {
				did = repo.DID
			}
			if !yield(did, err) {
				return
			}
		}
	}
}

func (c *Client) listRepos(ctx context.Context, host string, options *ListReposOptions, most int, call lex.Call) iter.Seq2[*RepoStatus, error] {
	if options == nil {
		options = new(ListReposOptions)
	}
	server, err := c.host(host)
	if err != nil {
		return failed[*RepoStatus](err)
	}
	l := list[RepoStatus]{of: cmp.Or(host, "the server"), cursor: options.Cursor, size: options.PageSize, most: most, checkpoint: options.Checkpoint}
	return l.all(ctx, func() fetch[RepoStatus] {
		return func(ctx context.Context, params lex.Params) (*lex.Page[RepoStatus], error) {
			return lex.QueryPage(ctx, server, call.NSID, append(params, call.Params...), lex.NewPage("repos", decodeStatus))
		}
	})
}

func decodeStatus(raw lex.Raw) (*RepoStatus, error) {
	status := new(RepoStatus)
	if err := lex.DecodeJSON(raw.Data, status); err != nil {
		return nil, err
	}
	return status, nil
}
