package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// MaxProofSize is the largest proof that [ReadProof] reads, in bytes: twice the largest block, where the
// nodes of a tree that nobody has tampered with take a few kilobytes.
const MaxProofSize = 2 * car.DefaultMaxBlockSize

// Proof says what a repository holds at one path, as its owner signed it.
type Proof struct {
	// Commit is the signed commit, and CommitCID its CID.
	Commit    Commit
	CommitCID lex.CID
	// URI is the record's at-uri.
	URI syntax.ATURI
	// Record is the record. If there is none, its CID and its Data are undefined and nil.
	Record Record
	// Found reports whether there is a record. If not, the tree has been seen not to have the path.
	Found bool
}

// Revision returns that of the commit.
func (p *Proof) Revision() Revision { return Revision{Rev: p.Commit.Rev, CID: p.CommitCID} }

// Envelope returns the record with the trust [lex.Signed]; it shares its data. Without a record that is
// empty but for the URI.
func (p *Proof) Envelope() lex.Envelope {
	return lex.Envelope{URI: p.URI, CID: p.Record.CID, Data: p.Record.Data, Trust: lex.Signed}
}

// ReadProof reads a proof, which is the answer of com.atproto.sync.getRecord: an archive of the commit, the
// nodes of the tree on the way to a path, and the record. did is the account that it is asked of, key the
// signing key in its DID document.
//
// It checks the commit's account and signature, every block in the archive against its CID, and what
// [mst.Find] checks of the nodes. That a record is not there is proved by nodes in the same way, and is no
// error: see [Proof]. A proof tells nothing about when it was made; the Rev of its commit does.
//
// An error is that of r or ctx, or wraps [ErrTooLarge] if r has more than [MaxProofSize] bytes, [ErrRoot],
// [ErrCommit], [ErrDID], [multikey.ErrSignature], or one of the packages car and mst: a proof that leaves
// out a block, for one, is [car.ErrNotFound].
func ReadProof(ctx context.Context, r io.Reader, did syntax.DID, collection syntax.NSID, recordKey syntax.RecordKey, key multikey.Key) (*Proof, error) {
	archive, err := readHead(&source{ctx: ctx, r: r, limit: MaxProofSize}, MaxProofSize+1)
	if err != nil {
		return nil, fmt.Errorf("repo: proof: after %d bytes: %w", len(archive), err)
	}
	repo, err := FromBytes(ctx, archive)
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
	cid, err := mst.Find(repo.commit.Data, collection, recordKey, repo.index.Get)
	if err != nil {
		return nil, fmt.Errorf("repo: proof of %s: %w", proof.URI, err)
	}
	if !cid.Defined() {
		return proof, nil
	}
	data, err := repo.index.Get(cid, nil)
	if err != nil {
		return nil, repo.recordError(&mst.Leaf{Collection: collection, RecordKey: recordKey, CID: cid}, err)
	}
	proof.Record.CID, proof.Record.Data, proof.Found = cid, bytes.Clone(data), true
	return proof, nil
}
