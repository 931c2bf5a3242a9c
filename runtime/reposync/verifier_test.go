package reposync_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

// newVerifier returns a Verifier whose time is a day after the first commits.
func newVerifier() *reposync.Verifier {
	return reposync.NewVerifier(reposync.WithClock(func() time.Time { return forge.Start.Add(24 * time.Hour) }))
}

// TestDefects holds that each forged message is refused with the right kind of error, and that the genuine message of the
// same commit, which comes after it, is verified.
func TestDefects(t *testing.T) {
	for _, curve := range []multikey.Curve{multikey.K256, multikey.P256} {
		account := forge.New(did, curve)
		account.Prepare()
		v := newVerifier()
		key := account.Key.Public()
		for _, defect := range append([]forge.Defect{forge.Genuine}, forge.Defects...) {
			known := account.State()
			genuine, forged := account.Forge(defect)
			_, err := v.Verify(forged, key, known)
			if !errors.Is(err, defect.Want) {
				t.Errorf("%s: %v, want %v", defect.Name, err, defect.Want)
			}
			var fault *reposync.Error
			if err != nil && (!errors.As(err, &fault) || fault.DID != forged.DID || fault.Rev != forged.Rev || kinds(err) != 1) {
				t.Errorf("%s: the error is %#v, of %d kinds", defect.Name, err, kinds(err))
			}
			change, err := v.Verify(genuine, key, known)
			if err != nil {
				t.Fatalf("%s: the genuine message: %v", defect.Name, err)
			}
			if change.Trust != rec.Chained || change.State != account.State() || len(change.Ops) != 3 || change.DID != did ||
				change.Since != known.Rev || change.PrevData != known.Data {
				t.Fatalf("%s: the change is %+v", defect.Name, change)
			}
			for _, op := range change.Ops {
				if !op.CID.Defined() {
					continue
				}
				record, err := v.Record(op)
				if _, want := account.Repo.Get(op.Path); err != nil || !bytes.Equal(record, want) {
					t.Fatalf("%s: %s is %q, %v", defect.Name, op.Path, record, err)
				}
			}
		}
	}
}

// kinds returns how many kinds of errors err is of.
func kinds(err error) (n int) {
	for _, kind := range []error{reposync.ErrInvalid, reposync.ErrDesynchronized, reposync.ErrOld, reposync.ErrFuture, multikey.ErrSignature} {
		if errors.Is(err, kind) {
			n++
		}
	}
	return n
}

// TestTrust holds what each call verifies.
func TestTrust(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	known := account.State()
	_, left := account.Forge(forge.DefectNamed("created record left out"))
	v := newVerifier()
	if change, err := v.Read(left); err != nil || change.Trust != rec.Hashed || len(change.Ops) != 2 {
		t.Errorf("Read: %+v, %v", change, err)
	}
	if _, err := v.Invert(left); !errors.Is(err, reposync.ErrInvalid) {
		t.Errorf("Invert: %v", err)
	}
	known = account.State()
	genuine, unsigned := account.Forge(forge.DefectNamed("signed with another key"))
	if change, err := v.Invert(unsigned); err != nil || change.Trust != rec.Hashed || len(change.Ops) != 3 {
		t.Errorf("Invert: %+v, %v", change, err)
	}
	for _, test := range []struct {
		known reposync.State
		want  rec.Trust
	}{
		{reposync.State{}, rec.Signed},
		{reposync.State{Rev: known.Rev}, rec.Signed},
		{reposync.State{Rev: known.Rev, Data: known.Data}, rec.Chained},
		{known, rec.Chained},
	} {
		if change, err := v.Verify(genuine, account.Key.Public(), test.known); err != nil || change.Trust != test.want {
			t.Errorf("after %+v: %+v, %v", test.known, change, err)
		}
	}
	if _, err := v.Verify(genuine, multikey.Key{}, known); !errors.Is(err, multikey.ErrSignature) {
		t.Errorf("without a key: %v", err)
	}
	other := known
	other.Data = mst.Empty
	if _, err := v.Verify(genuine, account.Key.Public(), other); !errors.Is(err, reposync.ErrDesynchronized) {
		t.Errorf("after another tree: %v", err)
	}
}

// TestReadChecksRecords holds that Read leaves blocks unchecked until Record asks for them.
func TestReadChecksRecords(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	_, without := account.Forge(forge.DefectNamed("record block missing"))
	if _, err := newVerifier().Read(without); !errors.Is(err, reposync.ErrInvalid) {
		t.Errorf("a message without a record: %v", err)
	}
	_, flipped := account.Forge(forge.DefectNamed("flipped bit in a record"))
	v := newVerifier()
	change, err := v.Read(flipped)
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for _, op := range change.Ops {
		if !op.CID.Defined() {
			continue
		}
		record, err := v.Record(op)
		if err == nil && cid.Of(cid.DagCBOR, record) != op.CID {
			t.Errorf("%s: the record does not match its CID", op.Path)
		}
		if errors.Is(err, reposync.ErrInvalid) {
			bad++
		}
	}
	if bad != 1 {
		t.Errorf("%d records do not match their CIDs, want 1", bad)
	}
}

// TestRevisions has revisions that are equal, older, and in the future.
func TestRevisions(t *testing.T) {
	now := forge.Start.Add(time.Hour)
	for _, test := range []struct {
		at   time.Time
		want error
	}{
		{now, nil},
		{now.Add(4 * time.Minute), nil},
		{now.Add(5 * time.Minute), nil},
		{now.Add(6 * time.Minute), reposync.ErrFuture},
		{now.Add(1000 * time.Hour), reposync.ErrFuture},
	} {
		account := forge.New(did, multikey.K256)
		account.Prepare()
		known := account.State()
		account.At(test.at)
		m := account.Commit(forge.Create("com.example.note/1", "text"))
		v := reposync.NewVerifier(reposync.WithClock(func() time.Time { return now }))
		change, err := v.Verify(m, account.Key.Public(), known)
		if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("at %s: %v, want %v", test.at, err, test.want)
		}
		if _, err := v.Sync(account.Sync(), account.Key.Public(), reposync.State{}); test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("#sync at %s: %v, want %v", test.at, err, test.want)
		}
		if err != nil {
			continue
		}
		state := change.State
		if _, err := v.Verify(m, account.Key.Public(), state); !errors.Is(err, reposync.ErrOld) || !errors.Is(err, repo.ErrUnchanged) {
			t.Errorf("the same again: %v", err)
		}
		forked := state
		forked.Commit = known.Commit
		if _, err := v.Verify(m, account.Key.Public(), forked); !errors.Is(err, reposync.ErrOld) || !errors.Is(err, repo.ErrForkedRevision) {
			t.Errorf("another commit with the revision: %v", err)
		}
		account.Commit()
		if _, err := v.Verify(m, account.Key.Public(), account.State()); !errors.Is(err, reposync.ErrOld) || !errors.Is(err, repo.ErrOlderRevision) {
			t.Errorf("an older one: %v", err)
		}
	}
}

// TestFirst has the messages of a new account: a commit without prevData, and a #sync of it.
func TestFirst(t *testing.T) {
	account := forge.New(did, multikey.K256)
	v := newVerifier()
	key := account.Key.Public()
	m := account.Commit()
	if m.PrevData.Defined() || m.Since != "" || len(m.Ops) != 0 {
		t.Fatalf("the first message is %+v", m)
	}
	change, err := v.Verify(m, key, reposync.State{})
	if err != nil || change.Data != mst.Empty || change.PrevData != mst.Empty || change.Trust != rec.Signed {
		t.Fatalf("%+v, %v", change, err)
	}
	known := change.State
	if _, err := v.Sync(account.Sync(), key, known); !errors.Is(err, reposync.ErrOld) || !errors.Is(err, repo.ErrUnchanged) {
		t.Errorf("#sync of the same commit: %v", err)
	}
	// A creation in the empty tree, and a deletion of the last record.
	for _, write := range []repo.Write{forge.Create("com.example.note/1", "text"), forge.Delete("com.example.note/1")} {
		change, err = v.Verify(account.Commit(write), key, known)
		if err != nil || change.Trust != rec.Chained || len(change.Ops) != 1 {
			t.Fatalf("%+v, %v", change, err)
		}
		known = change.State
	}
	if known.Data != mst.Empty {
		t.Errorf("the tree is %s", known.Data)
	}
	// The same without prevData: the message is not that of a first commit, since it has since.
	m = account.Commit(forge.Create("com.example.note/1", "text"))
	m.PrevData = cid.CID{}
	if _, err := v.Verify(m, key, known); !errors.Is(err, reposync.ErrInvalid) {
		t.Errorf("prevData left out after the empty tree: %v", err)
	}
	// A first commit with records.
	second := forge.New(did, multikey.P256)
	m = second.Commit(forge.Create("com.example.note/1", "text"), forge.Create("com.example.note/2", "text"))
	if change, err := v.Verify(m, second.Key.Public(), reposync.State{}); err != nil || len(change.Ops) != 2 {
		t.Errorf("%+v, %v", change, err)
	}
	// The repository is known, so that this is another one under the same DID.
	if _, err := v.Verify(m, second.Key.Public(), reposync.State{Rev: m.Rev.Add(-1e6), Data: mst.Empty}); !errors.Is(err, reposync.ErrDesynchronized) {
		t.Errorf("a first commit of a known repository: %v", err)
	}
	// The message of a commit with an operation left out does not lead to the empty tree.
	m.Ops = m.Ops[:1]
	if _, err := v.Verify(m, second.Key.Public(), reposync.State{}); !errors.Is(err, reposync.ErrInvalid) {
		t.Errorf("a first commit with an operation left out: %v", err)
	}
}

func TestSync(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	v := newVerifier()
	key := account.Key.Public()
	before := account.State()
	account.Commit() // changes nothing but the commit
	same := account.State()
	if state, err := v.Sync(account.Sync(), key, before); err != nil || state != same {
		t.Errorf("#sync with the same tree: %+v, %v", state, err)
	}
	account.Commit(forge.Create("com.example.note/1", "text"))
	want := account.State()
	m := account.Sync()
	for _, known := range []reposync.State{{}, before, same} {
		if state, err := v.Sync(m, key, known); !errors.Is(err, reposync.ErrDesynchronized) || state != want {
			t.Errorf("#sync after %+v: %+v, %v", known, state, err)
		}
	}
	forked := want
	forked.Commit = before.Commit
	if state, err := v.Sync(m, key, forked); !errors.Is(err, reposync.ErrDesynchronized) || state != want {
		t.Errorf("#sync of another commit with the revision: %+v, %v", state, err)
	}
	for name, test := range map[string]struct {
		change func(m *reposync.Sync)
		key    multikey.Key
		want   error
	}{
		"another key":     {func(*reposync.Sync) {}, multikey.Generate(multikey.K256).Public(), multikey.ErrSignature},
		"another DID":     {func(m *reposync.Sync) { m.DID = "did:web:example.com" }, key, reposync.ErrInvalid},
		"another rev":     {func(m *reposync.Sync) { m.Rev = before.Rev }, key, reposync.ErrInvalid},
		"not a rev":       {func(m *reposync.Sync) { m.Rev = "x" }, key, reposync.ErrInvalid},
		"no blocks":       {func(m *reposync.Sync) { m.Blocks = nil }, key, reposync.ErrInvalid},
		"large frame":     {func(m *reposync.Sync) { m.Size = reposync.MaxFrameSize + 1 }, key, reposync.ErrInvalid},
		"large blocks":    {func(m *reposync.Sync) { m.Blocks = make([]byte, reposync.MaxBlocksSize+1) }, key, reposync.ErrInvalid},
		"blocks cut":      {func(m *reposync.Sync) { m.Blocks = m.Blocks[:len(m.Blocks)-1] }, key, reposync.ErrInvalid},
		"flipped bit":     {func(m *reposync.Sync) { m.Blocks = bytes.Clone(m.Blocks); m.Blocks[len(m.Blocks)-1] ^= 1 }, key, reposync.ErrInvalid},
		"archive of none": {func(m *reposync.Sync) { m.Blocks = m.Blocks[:59] }, key, reposync.ErrInvalid},
	} {
		bad := *m
		test.change(&bad)
		if state, err := v.Sync(&bad, test.key, before); !errors.Is(err, test.want) || state != (reposync.State{}) {
			t.Errorf("%s: %+v, %v", name, state, err)
		}
	}
}

// TestLimits has messages at the limits.
func TestLimits(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	v := newVerifier()
	key := account.Key.Public()
	verify := func(name string, want error, change func(m *reposync.Commit), writes ...repo.Write) {
		t.Helper()
		known := account.State()
		m := account.Commit(writes...)
		if change != nil {
			change(m)
		}
		if _, err := v.Verify(m, key, known); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	writes := make([]repo.Write, 0, 201)
	for i := range 201 {
		writes = append(writes, forge.Create(fmt.Sprintf("com.example.many/%d", i), "text"))
	}
	verify("200 operations", nil, nil, writes[:200]...)
	for i := range writes {
		writes[i] = forge.Create(writes[i].Path, "another text")
	}
	verify("201 operations", reposync.ErrInvalid, nil, writes...)
	verify("2,000,000 bytes", nil, func(m *reposync.Commit) { forge.Fill(m, 2_000_000) }, forge.Create("com.example.note/1", "a"))
	verify("2,000,001 bytes", reposync.ErrInvalid, func(m *reposync.Commit) { forge.Fill(m, 2_000_001) }, forge.Create("com.example.note/1", "b"))
	record := forge.Record(string(make([]byte, 1_000_000-11)))
	if len(record) != 1_000_000 {
		t.Fatalf("the record has %d bytes", len(record))
	}
	verify("record of 1,000,000 bytes", nil, nil, repo.Write{Path: "com.example.note/2", Data: record})
	verify("record of 1,000,001 bytes", reposync.ErrInvalid, nil, repo.Write{Path: "com.example.note/2", Data: append(record, 0)})
	verify("frame of 5,000,000 bytes", nil, func(m *reposync.Commit) { m.Size = 5_000_000 })
	verify("frame of 5,000,001 bytes", reposync.ErrInvalid, func(m *reposync.Commit) { m.Size = 5_000_001 })
}

// TestKeyRotated has a commit that is signed with a key that the caller does not know yet.
func TestKeyRotated(t *testing.T) {
	account := forge.New(did, multikey.K256)
	account.Prepare()
	known := account.State()
	m := account.Commit(forge.Create("com.example.note/1", "text"))
	fresh := multikey.Generate(multikey.P256)
	forge.Resign(m, fresh)
	v := newVerifier()
	if _, err := v.Verify(m, account.Key.Public(), known); !errors.Is(err, multikey.ErrSignature) {
		t.Fatal(err)
	}
	if change, err := v.Verify(m, fresh.Public(), known); err != nil || change.Trust != rec.Chained || change.Commit != m.Commit {
		t.Errorf("%+v, %v", change, err)
	}
}
