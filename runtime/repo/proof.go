package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// MaxProofSize is the size of the largest proof that [ReadProof] accepts, in bytes: twice that of the largest block.
// The nodes in a proof usually take a few kilobytes.
const MaxProofSize = 2 * car.DefaultMaxBlockSize

// Proof is the proved content of one path of a repository: a record, or the absence of one. [ReadProof] has checked that
// the owner of the repository signed it.
type Proof struct {
	// Commit is the signed commit, and CommitCID its CID.
	Commit    Commit
	CommitCID cid.CID
	// URI is the record's at-uri.
	URI syntax.ATURI
	// Record is the record. If there is none, its CID is undefined and its Data nil.
	Record Record
	// Found reports whether there is a record. If not, the proof shows that the tree does not have the path.
	Found bool
}

// Revision returns the revision of the commit.
func (p *Proof) Revision() Revision { return Revision{Rev: p.Commit.Rev, CID: p.CommitCID} }

// Envelope returns the record with the trust [rec.Signed]. It shares Data with p. If there is no record, the envelope
// has only the URI and the trust.
func (p *Proof) Envelope() rec.Envelope {
	return rec.Envelope{URI: p.URI, CID: p.Record.CID, Data: p.Record.Data, Trust: rec.Signed}
}

// ReadProof reads a proof, which is the answer of com.atproto.sync.getRecord: an archive of the commit, the
// nodes of the tree on the way to a path, and the record. did is the account that owns the repository, and key the
// signing key in its DID document.
//
// It checks the commit's account and signature, every block in the archive against its CID, and the nodes as
// [mst.Find] does. The nodes can also prove that there is no record, which is not an
// error: see [Proof]. Only the Rev of the commit tells how old the proved state is.
//
// An error is that of r or ctx, or wraps [ErrTooLarge] if r has more than [MaxProofSize] bytes, [ErrRoot],
// [ErrCommit], [ErrDID], [multikey.ErrSignature], or an error of the packages car and mst, such as
// [car.ErrNotFound] if the proof lacks a block.
func ReadProof(ctx context.Context, r io.Reader, did syntax.DID, collection syntax.NSID, recordKey syntax.RecordKey, key multikey.Key) (*Proof, error) {
	archive, size, err := readHead(&source{ctx: ctx, r: r, limit: MaxProofSize}, MaxProofSize+1)
	if err != nil {
		return nil, fmt.Errorf("repo: proof: after %d bytes: %w", size, err)
	}
	index, err := car.NewIndexChunks(ctx, archive)
	repo, err := newRepo(index, nil, options{}, err)
	if err != nil {
		return nil, err
	}
	if err := repo.Verify(did, key); err != nil {
		return nil, err
	}
	proof := &Proof{
		Commit:    repo.commit,
		CommitCID: repo.commitCID,
		URI:       uriOf(did, collection, recordKey),
		Record:    Record{Collection: collection, RecordKey: recordKey},
	}
	c, err := mst.Find(repo.commit.Data, collection, recordKey, repo.index.Get)
	if err != nil {
		return nil, fmt.Errorf("repo: proof of %s: %w", proof.URI, err)
	}
	if !c.Defined() {
		return proof, nil
	}
	data, err := repo.index.Get(c, nil)
	if err != nil {
		return nil, repo.recordError(&mst.Leaf{Collection: collection, RecordKey: recordKey, CID: c}, err)
	}
	proof.Record.CID, proof.Record.Data, proof.Found = c, bytes.Clone(data), true
	return proof, nil
}
