package pds

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Description is a server's description of a repository: the answer of com.atproto.repo.describeRepo.
type Description struct {
	DID syntax.DID
	// Handle is "" if the server names none.
	Handle syntax.Handle
	// HandleIsCorrect reports whether the server has confirmed the handle in both directions.
	HandleIsCorrect bool
	// Collections are the collections that have at least one record.
	Collections []syntax.NSID
	// Document is the account's DID document in JSON as the server knows it, for identity.ParseDocument.
	Document []byte
}

// DescribeRepo asks the server for a description of a repository. actor is a handle or a DID. The error is that of
// [CallRepo].
func (c *Client) DescribeRepo(ctx context.Context, actor syntax.AtIdentifier) (*Description, error) {
	var of syntax.DID
	out, err := CallRepo(ctx, c, actor, func(did syntax.DID, server rpc.Caller) (*atproto.RepoDescribeRepoOutput, error) {
		of = did
		return atproto.Reading(server, "did", "handle?", "didDoc?", "collections", "handleIsCorrect?").
			RepoDescribeRepo(ctx, &atproto.RepoDescribeRepoParams{Repo: syntax.AtIdentifier(did)})
	})
	if err != nil {
		return nil, err
	}
	if out.DID != of {
		return nil, fmt.Errorf("pds: requested the description of %s, but the server returned that of %s", of, out.DID)
	}
	return &Description{
		DID:             out.DID,
		Handle:          out.Handle,
		HandleIsCorrect: out.HandleIsCorrect,
		Collections:     out.Collections,
		Document:        out.DIDDoc.Data,
	}, nil
}

// LatestCommit names the newest commit of a repository.
type LatestCommit struct {
	// CID is the CID of the commit, and Rev is its revision.
	CID cid.CID
	Rev syntax.TID
}

// LatestCommitOptions are the options of [Client.GetLatestCommit]; nil stands for the zero value.
type LatestCommitOptions struct {
	// Host is as in [RepoCAROptions].
	Host string
}

// GetLatestCommit returns the newest commit of a repository (com.atproto.sync.getLatestCommit). Use it to see whether
// the repository has changed, or for [RepoOptions].Since. actor is a handle or a DID. The error is that of
// [CallRepo].
func (c *Client) GetLatestCommit(ctx context.Context, actor syntax.AtIdentifier, options *LatestCommitOptions) (LatestCommit, error) {
	if options == nil {
		options = new(LatestCommitOptions)
	}
	out, err := callAt(ctx, c, options.Host, actor, func(did syntax.DID, server rpc.Caller) (*atproto.SyncGetLatestCommitOutput, error) {
		return atproto.Reading(server, "cid", "rev").SyncGetLatestCommit(ctx, &atproto.SyncGetLatestCommitParams{DID: did})
	})
	if err != nil {
		return LatestCommit{}, err
	}
	id, err := cid.Parse(string(out.CID))
	if err != nil {
		return LatestCommit{}, fmt.Errorf("pds: the latest commit of %s: %w", actor, err)
	}
	return LatestCommit{id, out.Rev}, nil
}

// ListBlobsOptions are the options of [Client.ListBlobs]; nil stands for the zero value.
type ListBlobsOptions struct {
	// Since limits the list to blobs of records that were written after this revision.
	Since syntax.TID
	// Cursor is where the list starts; "" stands for its beginning.
	Cursor string
	// PageSize is how many blobs a page has at most, from 1 to 1000; 0 stands for 1000.
	PageSize int
	// Checkpoint is as in [ListOptions].
	Checkpoint func(cursor string)
}

// ListBlobs iterates over the CIDs of the blobs to which the records of a repository refer
// (com.atproto.sync.listBlobs). actor is a handle or a DID. Errors are as in [Client.ListRecords]; for a malformed
// CID, ListBlobs yields a [*rec.Failure].
func (c *Client) ListBlobs(ctx context.Context, actor syntax.AtIdentifier, options *ListBlobsOptions) iter.Seq2[cid.CID, error] {
	if options == nil {
		options = new(ListBlobsOptions)
	}
	l := list[cid.CID]{of: string(actor), cursor: options.Cursor, size: options.PageSize, most: maxBlobs, checkpoint: options.Checkpoint}
	return values(l.all(ctx, func() fetch[cid.CID] {
		actor := actor
		return func(ctx context.Context, limit lex.Opt[int64], cursor lex.Opt[string]) (*rec.Page[cid.CID], error) {
			return CallRepo(ctx, c, actor, func(did syntax.DID, server rpc.Caller) (*rec.Page[cid.CID], error) {
				actor = syntax.AtIdentifier(did) // the list stays with one repository even if its handle changes
				params := atproto.SyncListBlobsParams{DID: did, Limit: limit, Cursor: cursor, Since: some(options.Since)}
				return rec.QueryPage(ctx, server, atproto.NSIDSyncListBlobs, params.LexParams(), rec.NewPage("cids", decodeCID))
			})
		}
	}))
}

func decodeCID(ctx context.Context, raw lex.Raw) (*cid.CID, error) {
	var text string
	if err := lex.Decode(ctx, raw.Data, lex.DecodeFunc(func(d *lex.Decoder) { text = string(d.CID()) }), lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
		return nil, err
	}
	c, err := cid.Parse(text)
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// RepoOptions are the options of [Client.GetRepo]; nil stands for the zero value.
type RepoOptions struct {
	// Since asks only for what is newer than this revision: new records, and nodes of the tree that have changed. See
	// repo.WithPartial. If there is no later commit, GetRepo returns repo.ErrUnchanged.
	Since syntax.TID
	// Known is the commit that the caller already has; the zero value stands for none, or, with Since, for a commit
	// of that revision. After the signature, GetRepo checks the new commit by repo.Revision.CheckAfter. The
	// error is repo.ErrOlderRevision for an older commit, repo.ErrForkedRevision for another commit of the same
	// revision, and repo.ErrUnchanged for the known commit. For a commit more than repo.MaxClockSkew ahead of Now, it
	// is repo.ErrFutureRevision, whether or not Known is set.
	Known repo.Revision
	// AnyRevision makes GetRepo accept a signed commit of any revision, including the known one.
	AnyRevision bool
	// Now returns the current time; nil stands for time.Now.
	Now func() time.Time
	// MaxSize is the size of the largest archive that is read, in bytes; 0 stands for repo.DefaultMaxSize. The error
	// for a larger one is repo.ErrTooLarge.
	MaxSize int64
	// Archive are the options with which GetRepo reads the archive.
	Archive []repo.Option
}

// RepoCAROptions are the options of [Client.GetRepoCAR]; nil stands for the zero value.
type RepoCAROptions struct {
	// Since asks only for what is newer than this revision; see [RepoOptions].
	Since syntax.TID
	// MaxSize is the length at which the stream ends, in bytes; 0 stands for repo.DefaultMaxSize. Reading more of a
	// longer archive returns an error that wraps repo.ErrTooLarge.
	MaxSize int64
	// Host is the origin of a server to ask in place of the account's own, such as a relay or a mirror of archives; ""
	// stands for the account's own, or that of [WithHost] or [WithCaller].
	Host string
}

// GetRepoCAR downloads the archive of a repository (com.atproto.sync.getRepo) without verifying any of it: use
// repo.Read for that. actor is a handle or a DID. The caller must close the stream.
//
// The error is that of [CallRepo]. The stream ends with io.EOF only after the whole answer was received.
func (c *Client) GetRepoCAR(ctx context.Context, actor syntax.AtIdentifier, options *RepoCAROptions) (io.ReadCloser, error) {
	if options == nil {
		options = new(RepoCAROptions)
	}
	_, body, err := c.archive(ctx, actor, options)
	if err != nil {
		return nil, err
	}
	return body, nil
}

func (c *Client) archive(ctx context.Context, actor syntax.AtIdentifier, options *RepoCAROptions) (syntax.DID, *limited, error) {
	var of syntax.DID
	var mediaType string
	body, err := callAt(ctx, c, options.Host, actor, func(did syntax.DID, server rpc.Caller) (body io.ReadCloser, err error) {
		of = did
		body, mediaType, err = atproto.NewClient(server).SyncGetRepo(ctx, &atproto.SyncGetRepoParams{DID: did, Since: some(options.Since)})
		return body, err
	})
	if err == nil {
		body, err = anArchive(actor, atproto.NSIDSyncGetRepo, body, mediaType)
	}
	if err != nil {
		return "", nil, err
	}
	limit := cmp.Or(options.MaxSize, repo.DefaultMaxSize)
	announced := int64(0)
	if sized, ok := body.(interface{ Size() int64 }); ok {
		announced = max(0, sized.Size())
	}
	return of, &limited{body, announced, limit}, nil
}

// anArchive returns the body of an answer that should be an archive. If the media type is JSON or text, it returns an
// error that shows the beginning of the body.
func anArchive(actor syntax.AtIdentifier, method syntax.NSID, body io.ReadCloser, mediaType string) (io.ReadCloser, error) {
	kind, _, _ := mime.ParseMediaType(mediaType)
	if kind != "application/json" && !strings.HasPrefix(kind, "text/") {
		return body, nil
	}
	defer body.Close()
	const shown = 200
	start, _ := io.ReadAll(io.LimitReader(body, shown))
	return nil, fmt.Errorf("pds: %s: the response to %s is not an archive: its Content-Type is %s, and it begins with %s", actor, method, excerpt(mediaType), quote.Text(start, shown))
}

// limited is a stream whose Read returns repo.ErrTooLarge after a limited number of bytes.
type limited struct {
	io.ReadCloser
	size int64 // that the server announced, in bytes; 0: unknown
	left int64 // how many more bytes may be read
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.ReadCloser.Read(b[:min(int64(len(b)), l.left+1)])
	if l.left -= int64(n); l.left < 0 {
		return n + int(l.left), fmt.Errorf("pds: %w", repo.ErrTooLarge)
	}
	return n, err
}

// GetRepo downloads a repository and verifies it: the signature of its commit by the account's key at once, and the
// blocks and the tree while the records are read, as package repo does. actor is a handle or a DID. The caller
// must close the Repo.
//
// If the signature is invalid, GetRepo looks the key up again and tries once more, since keys are rotated. The error
// is that of [CallRepo] or repo.Read, or one of package identity about the key, or it wraps
// multikey.ErrSignature or repo.ErrDID; or it says that the commit is not newer than [RepoOptions].Known, or that its
// revision is in the future.
func (c *Client) GetRepo(ctx context.Context, actor syntax.AtIdentifier, options *RepoOptions) (*repo.Repo, error) {
	if options == nil {
		options = new(RepoOptions)
	}
	did, body, err := c.archive(ctx, actor, &RepoCAROptions{Since: options.Since, MaxSize: options.MaxSize})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	opts := []repo.Option{repo.WithSize(body.size)}
	if options.MaxSize > 0 {
		opts = append(opts, repo.WithMaxSize(options.MaxSize))
	}
	if options.Since != "" {
		opts = append(opts, repo.WithPartial())
	}
	r, err := repo.Read(ctx, body, append(opts, options.Archive...)...)
	if err != nil {
		return nil, fmt.Errorf("pds: repository of %s: %w", did, options.checkUnchanged(err))
	}
	err = c.VerifyRepo(ctx, did, r)
	if err == nil {
		if err = options.checkRevision(r.Revision()); err != nil {
			err = fmt.Errorf("pds: repository of %s: %w", did, err)
		}
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// checkRevision checks that a commit may replace the one that the caller knows.
func (o *RepoOptions) checkRevision(v repo.Revision) error {
	if o.AnyRevision {
		return nil
	}
	known := o.Known
	if known.Rev == "" {
		known.Rev = o.Since
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	return v.CheckAfter(known, now())
}

// checkUnchanged returns err, the error of reading the archive. But if err says that there is no commit after Since, and
// names a commit other than the known one, it returns an error that wraps repo.ErrOlderRevision: the server has lost
// commits.
func (o *RepoOptions) checkUnchanged(err error) error {
	unchanged, ok := errors.AsType[*repo.UnchangedError](err)
	if !ok || o.AnyRevision || !o.Known.CID.Defined() || unchanged.Commit == o.Known.CID {
		return err
	}
	return fmt.Errorf("%w: the server has no commit after rev %s, but names %s as the latest, not the known %s",
		repo.ErrOlderRevision, o.Since, unchanged.Commit, o.Known.CID)
}

// VerifyRepo verifies the signature of an archive that was opened elsewhere, such as one from [Client.GetRepoCAR]
// that was saved to a file. The archive must be of the repository of did. VerifyRepo verifies the signature, and
// reports errors, as [Client.GetRepo] does.
func (c *Client) VerifyRepo(ctx context.Context, did syntax.DID, r *repo.Repo) error {
	if err := c.verify(ctx, did, func(key multikey.Key) error { return r.Verify(did, key) }); err != nil {
		return fmt.Errorf("pds: repository of %s: %w", did, err)
	}
	return nil
}

// verify calls check with the account's key. If the signature is invalid for that key, verify looks the key up again
// and calls check once more.
func (c *Client) verify(ctx context.Context, did syntax.DID, check func(multikey.Key) error) error {
	_, known, err := c.account(ctx, syntax.AtIdentifier(did), false)
	if err != nil {
		return err
	}
	key, err := known.RequireKey()
	if err == nil {
		if err = check(key); err == nil || !errors.Is(err, multikey.ErrSignature) {
			return err
		}
	}
	_, fresh, failed := c.account(ctx, syntax.AtIdentifier(did), true)
	if failed != nil {
		return fmt.Errorf("%w; looking the account up once more: %w", err, failed)
	}
	if again, failed := fresh.RequireKey(); failed == nil && again != key {
		return check(again)
	}
	return err
}

// GetRecordProof reads one record with the proof that it is in the repository that the account signed
// (com.atproto.sync.getRecord), and verifies all of it. uri must have a collection and a record key; its authority
// may be a handle. The signature is verified as in [Client.GetRepo].
//
// If the server proves that the record does not exist, the error is an [*AbsenceError] whose Trust is [rec.Signed],
// and the proof is returned, too. The proof is also returned with repo.ErrFutureRevision. If the server only says
// that the record does not exist, the error is an AbsenceError whose Trust is [rec.Served]. Other errors are those of
// [Client.GetRecord] and [Client.GetRepo].
func (c *Client) GetRecordProof(ctx context.Context, uri syntax.ATURI) (*repo.Proof, error) {
	if err := checkURI(uri); err != nil {
		return nil, err
	}
	var of syntax.DID
	var mediaType string
	body, err := CallRepo(ctx, c, uri.Authority(), func(did syntax.DID, server rpc.Caller) (body io.ReadCloser, err error) {
		of = did
		params := atproto.SyncGetRecordParams{DID: did, Collection: uri.Collection(), Rkey: uri.RecordKey()}
		body, mediaType, err = atproto.NewClient(server).SyncGetRecord(ctx, &params)
		return body, err
	})
	if err == nil {
		body, err = anArchive(uri.Authority(), atproto.NSIDSyncGetRecord, body, mediaType)
	}
	if err != nil {
		if of != "" {
			uri = collectionURI(of, uri.Collection()) + "/" + syntax.ATURI(uri.RecordKey())
		}
		return nil, absent(uri, err)
	}
	defer body.Close()
	archive, err := io.ReadAll(io.LimitReader(body, repo.MaxProofSize+1))
	var proof *repo.Proof
	if err == nil {
		err = c.verify(ctx, of, func(key multikey.Key) (err error) {
			proof, err = repo.ReadProof(ctx, bytes.NewReader(archive), of, uri.Collection(), uri.RecordKey(), key)
			return err
		})
	}
	if err == nil {
		if err = proof.Revision().CheckAfter(repo.Revision{}, time.Now()); err == nil && !proof.Found {
			return proof, &AbsenceError{URI: collectionURI(of, uri.Collection()) + "/" + syntax.ATURI(uri.RecordKey()), Trust: rec.Signed}
		}
	}
	if err != nil {
		return proof, fmt.Errorf("pds: proof of %s/%s: %w", collectionURI(of, uri.Collection()), uri.RecordKey(), err)
	}
	return proof, nil
}
