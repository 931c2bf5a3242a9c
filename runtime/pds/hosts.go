package pds

import (
	"cmp"
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
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
	return listRepos(ctx, c, host, options, maxRepos, decodeStatus, atproto.NSIDSyncListRepos, func(limit lex.Opt[int64], cursor lex.Opt[string]) lex.Params {
		return (&atproto.SyncListReposParams{Limit: limit, Cursor: cursor}).LexParams()
	})
}

// ListReposByCollection goes through the accounts with records in a collection, as far as the server
// knows (com.atproto.sync.listReposByCollection): relays answer it, and it is the cheap start of a crawl.
// host and errors are those of [Client.ListRepos].
func (c *Client) ListReposByCollection(ctx context.Context, host string, collection syntax.NSID, options *ListReposOptions) iter.Seq2[syntax.DID, error] {
	return values(listRepos(ctx, c, host, options, maxCollections, decodeDID, atproto.NSIDSyncListReposByCollection, func(limit lex.Opt[int64], cursor lex.Opt[string]) lex.Params {
		return (&atproto.SyncListReposByCollectionParams{Collection: collection, Limit: limit, Cursor: cursor}).LexParams()
	}))
}

// listRepos goes through the array "repos" of the pages of a method.
func listRepos[T any](ctx context.Context, c *Client, host string, options *ListReposOptions, most int, decode func(lex.Raw) (*T, error), method syntax.NSID, params func(limit lex.Opt[int64], cursor lex.Opt[string]) lex.Params) iter.Seq2[*T, error] {
	if options == nil {
		options = new(ListReposOptions)
	}
	server, err := c.host(host)
	if err != nil {
		return failed[*T](err)
	}
	l := list[T]{of: cmp.Or(host, "the server"), cursor: options.Cursor, size: options.PageSize, most: most, checkpoint: options.Checkpoint}
	return l.all(ctx, func() fetch[T] {
		return func(ctx context.Context, limit lex.Opt[int64], cursor lex.Opt[string]) (*lex.Page[T], error) {
			return lex.QueryPage(ctx, server, method, params(limit, cursor), lex.NewPage("repos", decode))
		}
	})
}

// decodeStatus decodes an item of listRepos.
func decodeStatus(raw lex.Raw) (*RepoStatus, error) {
	var repo atproto.SyncListReposRepo
	if err := lex.DecodeJSON(raw.Data, lex.Answer(&repo, "did", "head?", "rev?", "active", "status")); err != nil {
		return nil, err
	}
	status := string(repo.Status.Or(""))
	head, _ := lex.ParseCID(string(repo.Head))
	return &RepoStatus{DID: repo.DID, Head: head, Rev: repo.Rev, Active: repo.Active.Or(status == ""), Status: status}, nil
}

// decodeDID decodes an item of listReposByCollection.
func decodeDID(raw lex.Raw) (*syntax.DID, error) {
	var repo atproto.SyncListReposByCollectionRepo
	if err := lex.DecodeJSON(raw.Data, lex.Answer(&repo, "did")); err != nil {
		return nil, err
	}
	return &repo.DID, nil
}
