package pds

import (
	"cmp"
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// RepoStatus says what a server knows about a repository.
type RepoStatus struct {
	DID syntax.DID
	// Head is the CID of the newest commit, and Rev is its revision. They are undefined and empty if the server sends
	// none.
	Head cid.CID
	Rev  syntax.TID
	// Active reports whether the server serves the repository.
	Active bool
	// Status says why the server does not serve it: takendown, suspended, deactivated, deleted, desynchronized,
	// throttled, or another string from the server. It may be empty.
	Status string
}

// ListReposOptions are the options of [Client.ListRepos] and [Client.ListReposByCollection]; nil stands
// for the zero value.
type ListReposOptions struct {
	// Cursor is where the list starts; "" stands for its beginning.
	Cursor string
	// PageSize is how many repositories a page has at most; 0 stands for the largest number that servers allow: 1000,
	// or 2000 for ListReposByCollection.
	PageSize int
	// Checkpoint is as in [ListOptions].
	Checkpoint func(cursor string)
}

// ListRepos iterates over the repositories that a server has (com.atproto.sync.listRepos); a relay has those of the
// whole network. host is the server's origin, such as "https://relay.example.com"; "" stands for the server of
// [WithHost] or [WithCaller].
//
// For a malformed entry, ListRepos yields a [*rec.Failure] with its JSON, and the loop continues. Any other error
// ends the loop, as in [Client.ListRecords].
func (c *Client) ListRepos(ctx context.Context, host string, options *ListReposOptions) iter.Seq2[*RepoStatus, error] {
	return listRepos(ctx, c, host, options, maxRepos, decodeStatus, atproto.NSIDSyncListRepos, func(limit lex.Opt[int64], cursor lex.Opt[string]) rpc.Params {
		return (&atproto.SyncListReposParams{Limit: limit, Cursor: cursor}).LexParams()
	})
}

// ListReposByCollection iterates over the accounts that have records in a collection, as far as the server knows
// (com.atproto.sync.listReposByCollection). Relays have this method; it is a cheap way to start a crawl. host and
// errors are as in [Client.ListRepos].
func (c *Client) ListReposByCollection(ctx context.Context, host string, collection syntax.NSID, options *ListReposOptions) iter.Seq2[syntax.DID, error] {
	return values(listRepos(ctx, c, host, options, maxCollections, decodeDID, atproto.NSIDSyncListReposByCollection, func(limit lex.Opt[int64], cursor lex.Opt[string]) rpc.Params {
		return (&atproto.SyncListReposByCollectionParams{Collection: collection, Limit: limit, Cursor: cursor}).LexParams()
	}))
}

// listRepos iterates over the items of the array "repos" on the pages of a method, whose pages have at most most items.
func listRepos[T any](ctx context.Context, c *Client, host string, options *ListReposOptions, most int, decode func(context.Context, lex.Raw) (*T, error), method syntax.NSID, params func(limit lex.Opt[int64], cursor lex.Opt[string]) rpc.Params) iter.Seq2[*T, error] {
	if options == nil {
		options = new(ListReposOptions)
	}
	server, err := c.host(host)
	if err != nil {
		return failed[*T](err)
	}
	l := list[T]{of: cmp.Or(host, "the server"), cursor: options.Cursor, size: options.PageSize, most: most, checkpoint: options.Checkpoint}
	return l.all(ctx, func() fetch[T] {
		return func(ctx context.Context, limit lex.Opt[int64], cursor lex.Opt[string]) (*rec.Page[T], error) {
			return rec.QueryPage(ctx, server, method, params(limit, cursor), rec.NewPage("repos", decode))
		}
	})
}

// decodeStatus decodes an item of listRepos.
func decodeStatus(ctx context.Context, raw lex.Raw) (*RepoStatus, error) {
	var repo atproto.SyncListReposRepo
	if err := lex.Decode(ctx, raw.Data, lex.Answer(&repo, "did", "head?", "rev?", "active", "status"), lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
		return nil, err
	}
	status := string(repo.Status.Or(""))
	head, _ := cid.Parse(string(repo.Head))
	return &RepoStatus{DID: repo.DID, Head: head, Rev: repo.Rev, Active: repo.Active.Or(status == ""), Status: status}, nil
}

// decodeDID decodes an item of listReposByCollection.
func decodeDID(ctx context.Context, raw lex.Raw) (*syntax.DID, error) {
	var repo atproto.SyncListReposByCollectionRepo
	if err := lex.Decode(ctx, raw.Data, lex.Answer(&repo, "did"), lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
		return nil, err
	}
	return &repo.DID, nil
}
