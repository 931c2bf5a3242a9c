package atptest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// reading returns an archive as the body of a response, with its media type. It passes err on.
func reading(archive []byte, err error) (io.ReadCloser, string, error) {
	return io.NopCloser(bytes.NewReader(archive)), store.MediaType, err
}

// SyncGetRepo returns an archive of a repository, or of its blocks that are newer than a revision.
func (h *pdsMethods) SyncGetRepo(ctx context.Context, params *atproto.SyncGetRepoParams) (io.ReadCloser, string, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(syntax.AtIdentifier(params.DID))
	if err != nil {
		return nil, "", err
	}
	return reading(a.repo.Since(params.Since.Or(""), h.pds.network.options.byTree))
}

// SyncGetBlocks returns an archive of some blocks of a repository.
func (h *pdsMethods) SyncGetBlocks(ctx context.Context, params *atproto.SyncGetBlocksParams) (io.ReadCloser, string, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(syntax.AtIdentifier(params.DID))
	if err != nil {
		return nil, "", err
	}
	archive, missing, err := a.repo.Some(params.CIDs)
	if missing != nil {
		return nil, "", store.Invalid("Could not find cids: %s", strings.Join(missing, ","))
	}
	return reading(archive, err)
}

// SyncGetRecord returns an archive of the blocks that prove which record is at a path, or that there is none.
func (h *pdsMethods) SyncGetRecord(ctx context.Context, params *atproto.SyncGetRecordParams) (io.ReadCloser, string, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(syntax.AtIdentifier(params.DID))
	if err != nil {
		return nil, "", err
	}
	var b bytes.Buffer
	err = a.repo.Forged.Repo.Prove(ctx, &b, string(params.Collection)+"/"+string(params.Rkey))
	return reading(b.Bytes(), err)
}

// SyncGetLatestCommit returns the CID and the revision of the newest commit of a repository.
func (h *pdsMethods) SyncGetLatestCommit(ctx context.Context, params *atproto.SyncGetLatestCommitParams) (*atproto.SyncGetLatestCommitOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(syntax.AtIdentifier(params.DID))
	if err != nil {
		return nil, err
	}
	commit, c := a.repo.Forged.Repo.Commit()
	return &atproto.SyncGetLatestCommitOutput{CID: syntax.CID(c.String()), Rev: commit.Rev}, nil
}

// SyncGetRepoStatus returns whether a server has a repository, and whether it serves it.
func (h *pdsMethods) SyncGetRepoStatus(ctx context.Context, params *atproto.SyncGetRepoStatusParams) (*atproto.SyncGetRepoStatusOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	a := p.find(syntax.AtIdentifier(params.DID))
	if a == nil {
		return nil, store.Refuse(http.StatusBadRequest, "RepoNotFound", "Could not find repo for DID: %s", params.DID)
	}
	return a.repoStatus(p.status(a)), nil
}

func (a *Account) repoStatus(status Status) *atproto.SyncGetRepoStatusOutput {
	out := &atproto.SyncGetRepoStatusOutput{DID: a.DID, Active: status == Active}
	if status == Active {
		commit, _ := a.repo.Forged.Repo.Commit()
		out.Rev = lex.Some(commit.Rev)
	} else {
		out.Status = lex.Some(atproto.SyncGetRepoStatusOutputStatus(status))
	}
	return out
}

// SyncListRepos lists the repositories of a server in the order in which they were made.
func (h *pdsMethods) SyncListRepos(ctx context.Context, params *atproto.SyncListReposParams) (*atproto.SyncListReposOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	return p.network.listRepos(params, p.has, p.status)
}

// listRepos returns a page of the accounts of a server. has reports whether the server knows an account, and status
// returns the account's status there.
func (n *Network) listRepos(params *atproto.SyncListReposParams, has func(*Account) bool, status func(*Account) Status) (*atproto.SyncListReposOutput, error) {
	from, err := n.after(params.Cursor)
	if err != nil {
		return nil, err
	}
	out := &atproto.SyncListReposOutput{Repos: []atproto.SyncListReposRepo{}}
	for i, a := range n.order[from:] {
		if !has(a) {
			continue
		}
		commit, c := a.repo.Forged.Repo.Commit()
		item := atproto.SyncListReposRepo{DID: a.DID, Head: syntax.CID(c.String()), Rev: commit.Rev, Active: lex.Some(status(a) == Active)}
		if s := status(a); s != Active {
			item.Status = lex.Some(atproto.SyncListReposRepoStatus(s))
		}
		out.Repos = append(out.Repos, item)
		out.Cursor = lex.Some(cursorOf(from+i, a))
		if int64(len(out.Repos)) == params.Limit.Or(500) {
			break
		}
	}
	return out, nil
}

// cursorOf returns the cursor of the page that begins after the account a, which has the number i.
func cursorOf(i int, a *Account) string { return fmt.Sprintf("%d::%s", i, a.DID) }

// after returns the number of the account with which the page at a cursor begins.
func (n *Network) after(cursor lex.Opt[string]) (int, error) {
	text, ok := cursor.Get()
	if !ok {
		return 0, nil
	}
	number, _, _ := strings.Cut(text, "::")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(n.order) {
		return 0, store.Invalid("Malformed cursor")
	}
	return i + 1, nil
}

// SyncGetBlob returns a file that was uploaded to a repository.
func (h *pdsMethods) SyncGetBlob(ctx context.Context, params *atproto.SyncGetBlobParams) (io.ReadCloser, string, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(syntax.AtIdentifier(params.DID))
	if err != nil {
		return nil, "", err
	}
	c, err := cid.Parse(string(params.CID))
	if err != nil {
		return nil, "", store.Invalid("Blob not found")
	}
	b := a.repo.Blob(c)
	if b == nil {
		return nil, "", store.Invalid("Blob not found")
	}
	setHeader(ctx, "Content-Length", strconv.Itoa(len(b.Data)))
	setHeader(ctx, "X-Content-Type-Options", "nosniff")
	setHeader(ctx, "Content-Disposition", fmt.Sprintf("attachment; filename=%q", c))
	setHeader(ctx, "Content-Security-Policy", "default-src 'none'; sandbox")
	return io.NopCloser(bytes.NewReader(b.Data)), b.MimeType, nil
}

// SyncListBlobs lists the files that the records of a repository refer to.
func (h *pdsMethods) SyncListBlobs(ctx context.Context, params *atproto.SyncListBlobsParams) (*atproto.SyncListBlobsOutput, error) {
	h.pds.network.mu.Lock()
	defer h.pds.network.mu.Unlock()
	a, err := h.pds.available(syntax.AtIdentifier(params.DID))
	if err != nil {
		return nil, err
	}
	out := &atproto.SyncListBlobsOutput{CIDs: []syntax.CID{}}
	for _, c := range a.repo.Blobs(params.Since.Or("")) {
		if cursor, ok := params.Cursor.Get(); ok && c <= cursor {
			continue
		}
		out.CIDs = append(out.CIDs, syntax.CID(c))
		out.Cursor = lex.Some(c)
		if int64(len(out.CIDs)) == params.Limit.Or(500) {
			break
		}
	}
	return out, nil
}
