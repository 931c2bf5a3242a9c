package reposync

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Verifier verifies messages. It uses its memory again, so a program needs one for each goroutine that verifies: a
// Verifier must not be used by several goroutines at once. What a method returns is valid until the next message is
// read, and shares the strings and bytes of its message, which must not change until then.
type Verifier struct {
	now func() time.Time

	blocks   blocks
	folded   folded
	commit   repo.Commit
	change   Change
	tree     *mst.Tree
	removals []removal
	unsigned []byte
	key      []byte
}

// removal is a created record that invert has to remove from the tree; layer is the layer of its path.
type removal struct {
	layer int
	op    *repo.Op
}

// Option sets how a [Verifier] works.
type Option func(*Verifier)

// WithClock sets the function that returns the current time. The default is [time.Now]. The timestamp of a revision
// must not be more than [repo.MaxClockSkew] after the current time.
func WithClock(now func() time.Time) Option { return func(v *Verifier) { v.now = now } }

// NewVerifier returns a Verifier. Without options, it uses the system's clock.
func NewVerifier(opts ...Option) *Verifier {
	v := &Verifier{now: time.Now}
	for _, opt := range opts {
		opt(v)
	}
	v.tree = mst.NewTree(cid.CID{}, func(c cid.CID, _ []byte) ([]byte, error) { return v.blocks.get(c) })
	return v
}

// Read checks the form of a message: its limits, its operations, and the commit, which must be the first root of the
// archive, have the CID m.Commit, and have the DID and the revision of the message. It also checks that the archive
// has a block for each new record, but not the bytes of these blocks: [Verifier.Record] checks those of one record. An
// update or a deletion may lack prev, as before version 1.1 of the protocol; only [Verifier.Invert] and
// [Verifier.Verify] take that to mean that there was no record before. The trust is [rec.Hashed].
//
// An error is an [*Error].
func (v *Verifier) Read(m *Commit) (*Change, error) {
	err := v.read(m, false)
	return v.result(m.DID, m.Rev, err)
}

// Invert checks what [Verifier.Read] checks, and every block. It undoes the operations on the tree of the commit,
// which must lead to the tree m.PrevData, or, in the first commit of a repository, to the empty tree. It does not
// check the signature, and the trust is [rec.Hashed].
//
// An error is an [*Error].
func (v *Verifier) Invert(m *Commit) (*Change, error) {
	err := v.read(m, true)
	if err == nil {
		err = v.invert(m)
	}
	return v.result(m.DID, m.Rev, err)
}

// Verify checks what [Verifier.Invert] checks, the time in the revision, and the signature of the commit under key,
// the signing key in the account's DID document. If known is not the zero State, the commit must follow it: its
// revision must be later, and Since and PrevData must be those of known. The trust is [rec.Chained] if the revision
// and the data of known are defined, and otherwise [rec.Signed].
//
// If there is no error, the State of the Change is the state to keep. An error is an [*Error]. If it wraps
// [ErrDesynchronized], the commit itself may be valid. Of the checks of the commit itself, the signature is the last:
// if the error wraps [multikey.ErrSignature], the commit is otherwise valid.
func (v *Verifier) Verify(m *Commit, key multikey.Key, known State) (*Change, error) {
	return v.result(m.DID, m.Rev, v.verify(m, key, known))
}

func (v *Verifier) verify(m *Commit, key multikey.Key, known State) error {
	if err := v.checkRev(m.Rev, m.Commit, known); err != nil {
		return err
	}
	if err := v.read(m, true); err != nil {
		return err
	}
	if err := v.invert(m); err != nil {
		return err
	}
	if err := v.checkSignature(key); err != nil {
		return err
	}
	var err error
	v.change.Trust, err = known.CheckNext(m.Since, v.change.PrevData)
	return err
}

// Sync verifies a #sync message under key, as [Verifier.Verify] does, and returns the state of the repository. known
// is the zero State if no state is known. Sync returns no error if the tree is that of known: then nothing changed
// except the commit.
//
// An error is an [*Error]. It wraps [ErrDesynchronized] if the tree differs from that of known, or if none is known:
// then the returned state is the verified one, and a fetch should lead to that state or to a later one. With any other
// error, the state is the zero State.
func (v *Verifier) Sync(m *Sync, key multikey.Key, known State) (State, error) {
	state, err := v.sync(m, key, known)
	if err != nil {
		err = &Error{DID: m.DID, Rev: m.Rev, Err: err}
	}
	return state, err
}

func (v *Verifier) sync(m *Sync, key multikey.Key, known State) (State, error) {
	root, err := v.readSync(m)
	if err != nil {
		return State{}, err
	}
	old := v.checkRev(m.Rev, root, known)
	forked := errors.Is(old, repo.ErrForkedRevision)
	if old != nil && !forked {
		return State{}, old
	}
	if err := v.checkSignature(key); err != nil {
		return State{}, err
	}
	state := State{Rev: m.Rev, Commit: root, Data: v.commit.Data}
	if forked {
		return state, desynchronized("%w", old)
	}
	if known.Data != state.Data {
		return state, desynchronized("the tree is %s, but the known one is %q", state.Data, known.Data)
	}
	return state, nil
}

// ReadSync checks the form of a #sync message: its limits, and the commit, which must be the first root of the archive and
// have the DID and the revision of the message. It returns the state of the repository, which nothing proves.
//
// An error is an [*Error].
func (v *Verifier) ReadSync(m *Sync) (State, error) {
	root, err := v.readSync(m)
	if err != nil {
		return State{}, &Error{DID: m.DID, Rev: m.Rev, Err: err}
	}
	return State{Rev: m.Rev, Commit: root, Data: v.commit.Data}, nil
}

func (v *Verifier) readSync(m *Sync) (cid.CID, error) {
	if err := checkSizes(m.Size, m.Blocks); err != nil {
		return cid.CID{}, err
	}
	return v.readCommit(m.DID, m.Rev, m.Blocks, true)
}

// Record returns the bytes of the record of op, which is an operation of the last message, after checking them against
// op.CID. They are a part of the message's archive. An error is an [*Error].
func (v *Verifier) Record(op repo.Op) ([]byte, error) {
	data, err := v.blocks.get(op.CID)
	if err == nil && len(data) > MaxRecordSize {
		err = fmt.Errorf("%d bytes, limit %d", len(data), MaxRecordSize)
	}
	if err != nil {
		return nil, &Error{DID: v.change.DID, Rev: v.change.Rev, Err: invalid("record %s: %w", op.Path, err)}
	}
	return data, nil
}

func (v *Verifier) result(did syntax.DID, rev syntax.TID, err error) (*Change, error) {
	if err != nil {
		return nil, &Error{DID: did, Rev: rev, Err: err}
	}
	return &v.change, nil
}

// read checks the form of a message, and sets v.change. If check is set, it also checks all blocks against their CIDs.
func (v *Verifier) read(m *Commit, check bool) error {
	switch err := checkSizes(m.Size, m.Blocks); {
	case err != nil:
		return err
	case m.TooBig:
		return desynchronized("tooBig is set, so operations are missing")
	case m.Rebase:
		return desynchronized("rebase is set, so operations are missing")
	case len(m.Ops) > MaxOps:
		return invalid("%d operations, limit %d", len(m.Ops), MaxOps)
	case m.Since != "" && !syntax.ValidTID(string(m.Since)):
		return invalid("since %s is not a TID", quote.Text(m.Since, 64))
	case m.Since >= m.Rev:
		return invalid("since %s is not before the revision", m.Since)
	}
	if err := v.folded.fold(m.Ops, check); err != nil {
		return err
	}
	root, err := v.readCommit(m.DID, m.Rev, m.Blocks, check)
	if err != nil {
		return err
	}
	if root != m.Commit {
		return invalid("the field commit is %q, but the first root is %s", m.Commit, root)
	}
	for i := range v.folded.ops {
		op := &v.folded.ops[i]
		if op.CID.Defined() && !v.blocks.has(op.CID) {
			return invalid("record %s (%s) is not among the blocks", op.Path, op.CID)
		}
	}
	v.change = Change{
		State:    State{Rev: m.Rev, Commit: root, Data: v.commit.Data},
		DID:      m.DID,
		Since:    m.Since,
		PrevData: m.PrevData,
		Ops:      v.folded.ops,
		Trust:    rec.Hashed,
	}
	return nil
}

func checkSizes(frame int, archive []byte) error {
	switch {
	case frame > MaxFrameSize:
		return invalid("frame of %d bytes, limit %d", frame, MaxFrameSize)
	case len(archive) > MaxBlocksSize:
		return invalid("blocks of %d bytes, limit %d", len(archive), MaxBlocksSize)
	}
	return nil
}

// readCommit reads the blocks of a message and its commit, and returns the commit's CID.
func (v *Verifier) readCommit(did syntax.DID, rev syntax.TID, archive []byte, check bool) (cid.CID, error) {
	v.change = Change{DID: did, State: State{Rev: rev}}
	root, err := v.blocks.reset(archive, check)
	if err != nil {
		return cid.CID{}, invalid("blocks: %w", err)
	}
	if !root.Defined() {
		return cid.CID{}, invalid("blocks: %w", repo.ErrRoot)
	}
	data, err := v.blocks.get(root)
	if err != nil {
		return cid.CID{}, invalid("commit: %w", err)
	}
	c := &v.commit
	c.DID, c.Rev = did, rev // so that Parse does not copy strings that are equal to these
	switch err := c.Parse(data); {
	case err != nil:
		return cid.CID{}, invalid("commit %s: %w", root, err)
	case c.DID != did:
		return cid.CID{}, invalid("%w: it belongs to %s", repo.ErrDID, c.DID)
	case c.Rev != rev:
		return cid.CID{}, invalid("the signed commit has the revision %s", c.Rev)
	}
	return root, nil
}

// checkRev checks that the time in a revision is not in the future, and that the revision is after the known one.
func (v *Verifier) checkRev(rev syntax.TID, c cid.CID, known State) error {
	if !syntax.ValidTID(string(rev)) {
		return invalid("the revision is not a TID")
	}
	err := repo.Revision{Rev: rev, CID: c}.CheckAfter(repo.Revision{Rev: known.Rev, CID: known.Commit}, v.now())
	switch {
	case err == nil:
		return nil
	case errors.Is(err, repo.ErrFutureRevision):
		return fmt.Errorf("%w: %w", ErrFuture, err)
	}
	return fmt.Errorf("%w: %w", ErrOld, err)
}

func (v *Verifier) checkSignature(key multikey.Key) error {
	v.unsigned = v.commit.AppendUnsigned(v.unsigned[:0])
	return key.Verify(v.unsigned, v.commit.Sig)
}

// invert undoes the operations on the tree of the commit, and checks that this leads to the tree before it.
//
// It first puts back the records that were removed or replaced, and then removes those that were created, from the
// lowest layer to the highest. In this order, it needs the fewest nodes: removing a key joins the nodes on both sides
// of it, and if nothing is left on one side, neither node is needed.
func (v *Verifier) invert(m *Commit) error {
	for i := range v.folded.ops {
		if op := &v.folded.ops[i]; op.CID.Defined() {
			if _, err := v.Record(*op); err != nil {
				return errors.Unwrap(err)
			}
		}
	}
	v.tree.Reset(v.commit.Data)
	if err := v.checkUnchanged(); err != nil {
		return err
	}
	v.removals = v.removals[:0]
	for i := range v.folded.ops {
		op := &v.folded.ops[i]
		if op.Action == repo.Create {
			v.key = append(v.key[:0], op.Path...)
			v.removals = append(v.removals, removal{mst.Layer(v.key), op})
			continue
		}
		found, err := v.tree.Put(op.Path, op.Prev)
		if err != nil {
			return invalid("undo %s of %s: %w", op.Action, op.Path, err)
		}
		if found != op.CID {
			return invalid("the operation is %s of %s to %q, but the tree has %q", op.Action, op.Path, op.CID, found)
		}
	}
	slices.SortFunc(v.removals, func(a, b removal) int { return a.layer - b.layer })
	for _, r := range v.removals {
		found, err := v.tree.Delete(r.op.Path)
		if err != nil {
			return invalid("undo create of %s: %w", r.op.Path, err)
		}
		if found != r.op.CID {
			return invalid("the operation is create of %s as %s, but the tree has %q", r.op.Path, r.op.CID, found)
		}
	}
	root, err := v.tree.Root(nil)
	if err != nil {
		return invalid("undo: %w", err)
	}
	first := !m.PrevData.Defined()
	switch {
	case first && m.Since != "":
		return invalid("no prevData, but since is %s", m.Since)
	case first && root != mst.Empty:
		return invalid("no prevData, but undoing the operations leads to the tree %s and not to the empty one", root)
	case !first && root != m.PrevData:
		return invalid("undoing the operations leads to the tree %s, but prevData is %s", root, m.PrevData)
	}
	v.change.PrevData = root
	return nil
}

// checkUnchanged checks the operations that change nothing against the tree. It skips those for which the message
// lacks the nodes, since the protocol does not require them.
func (v *Verifier) checkUnchanged() error {
	for i := range v.folded.noops {
		op := &v.folded.noops[i]
		found, err := v.tree.Get(op.Path)
		switch {
		case errors.Is(err, mst.ErrInvalid):
			return invalid("%s: %w", op.Path, err)
		case err == nil && found != op.CID:
			return invalid("the operations on %s lead to %q, but the tree has %q", op.Path, op.CID, found)
		}
	}
	return nil
}
