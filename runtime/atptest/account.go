package atptest

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/plc"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Status is the status of an account, as the field status of the message #account states it.
type Status string

// The statuses of accounts. Active is "", because the message has no status for an active account.
const (
	Active         Status = ""
	Deactivated    Status = "deactivated"
	Takendown      Status = "takendown"
	Suspended      Status = "suspended"
	Deleted        Status = "deleted"
	Desynchronized Status = "desynchronized"
	Throttled      Status = "throttled"
)

// Account is an account with its repository. Its methods act as the account's owner or its server does, without HTTP; they
// send the events that a server sends.
type Account struct {
	// DID is derived from the account's first operation in the directory, as on the real network. It depends only on
	// the number of accounts in the network, the handle and the address of the PDS.
	DID syntax.DID
	// Email and Password are the account's mail address and password, with which a client can log in.
	Email, Password string

	network    *Network
	pds        *PDS
	repo       *store.Repo
	rotation   multikey.PrivateKey
	handle     syntax.Handle
	plc        plc.State
	operations []operation
	document   []byte // in JSON
	tombstoned bool
	status     Status
	former     map[*PDS]bool // servers that the account has moved away from
	created    time.Time

	appPasswords map[string]bool
	keys         int // how many signing keys it has had
}

// Record is a record of an account.
type Record struct {
	URI syntax.ATURI
	CID cid.CID
	// Data is the record in DAG-CBOR, which must not be changed.
	Data []byte
	// Rev is the revision of the commit that wrote the record, and Time is that commit's time.
	Rev  syntax.TID
	Time time.Time
}

func recordOf(r *store.Record) Record { return Record{r.URI, r.CID, r.Data, r.Rev, r.Time} }

func recordsOf(list []*store.Record) []Record {
	all := make([]Record, len(list))
	for i, r := range list {
		all[i] = recordOf(r)
	}
	return all
}

// keyOf returns a private key that depends only on its curve, its purpose, the number of the account and the number of
// the key, so that it is the same in each run.
func keyOf(curve multikey.Curve, purpose string, account, key int) (multikey.PrivateKey, error) {
	seed := sha256.Sum256(fmt.Appendf(nil, "atptest %s key %d of account %d", purpose, key, account))
	return multikey.NewPrivate(curve, seed[:])
}

// NewAccount makes an account with a repository without records, as com.atproto.server.createAccount does, and sends its
// events: #identity, #account, #commit and #sync. The handle must not be taken; those under .test are resolved by
// [Network.Options]. Its keys are on the curve k256; [Account.RotateKey] can change that.
func (p *PDS) NewAccount(handle syntax.Handle) *Account {
	n := p.network
	n.helper()
	handle = syntax.Handle(strings.ToLower(string(handle)))
	if _, err := syntax.ParseHandle(string(handle)); err != nil {
		n.fail("%v", err)
	}
	n.mu.Lock()
	if n.accountOf(syntax.AtIdentifier(handle)) != nil {
		n.mu.Unlock()
		n.fail("the handle %s is taken", handle)
	}
	defer n.mu.Unlock()
	a, err := p.newAccount(handle, string(handle)+"@example.test", fmt.Sprintf("password-%d", len(n.order)))
	n.check(err)
	return a
}

// newAccount makes an account with a handle that is free. The network must be locked.
func (p *PDS) newAccount(handle syntax.Handle, email, password string) (*Account, error) {
	n, number := p.network, len(p.network.order)
	key, err := keyOf(multikey.K256, "signing", number, 0)
	if err != nil {
		return nil, err
	}
	rotation, err := keyOf(multikey.K256, "rotation", number, 0)
	if err != nil {
		return nil, err
	}
	state := plc.New(handle, key.Public(), rotation.Public(), p.URL)
	_, data, err := state.Sign(rotation)
	if err != nil {
		return nil, err
	}
	a := &Account{
		DID: plc.DID(data), Email: email, Password: password,
		network: n, pds: p, rotation: rotation, handle: handle, former: map[*PDS]bool{}, created: n.now(), keys: 1,
		appPasswords: map[string]bool{},
	}
	a.repo = store.New(a.DID, key, n.now, a.changed)
	a.record(state)
	n.accounts[a.DID] = a
	n.order = append(n.order, a)
	a.sendIdentity()
	a.sendAccount()
	a.sendMessage(a.repo.Apply())
	a.sendSync()
	return a, nil
}

// send adds an event to the streams of the account's server and of all relays. The network must be locked.
func (a *Account) send(make func(seq int64) []byte) {
	a.pds.send(make)
	for _, relay := range a.network.relays {
		relay.send(make)
	}
}

func (a *Account) sendIdentity() {
	at := a.network.now()
	a.send(func(seq int64) []byte { return forge.IdentityFrame(a.DID, a.handle, seq, at) })
}

func (a *Account) sendAccount() {
	at := a.network.now()
	a.send(func(seq int64) []byte {
		return forge.AccountFrame(a.DID, a.status == Active, string(a.status), seq, at)
	})
}

func (a *Account) sendSync() {
	at, m := a.network.now(), a.repo.Forged.Sync()
	a.send(func(seq int64) []byte { return forge.SyncFrame(m, seq, at) })
}

// sendMessage sends a #commit event. The network must be locked.
func (a *Account) sendMessage(m *reposync.Commit) {
	at := a.network.now()
	a.send(func(seq int64) []byte { return forge.Frame(m, seq, at) })
}

// changed tells the watchers of the network that a record was written, or deleted if r has no data, unless the account
// is not active. The network must be locked.
func (a *Account) changed(r *store.Record) {
	if a.status == Active {
		a.network.tell(Change{recordOf(r), r.Data == nil})
	}
}

// Handle returns the account's handle.
func (a *Account) Handle() syntax.Handle {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.handle
}

// PDS returns the account's server.
func (a *Account) PDS() *PDS {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.pds
}

// Status returns the account's status.
func (a *Account) Status() Status {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.status
}

// SigningKey returns the key that signs the account's commits.
func (a *Account) SigningKey() multikey.PrivateKey {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.repo.Forged.Key
}

// RotationKey returns the key that signs the account's operations in the directory.
func (a *Account) RotationKey() multikey.PrivateKey { return a.rotation }

// SetHandle changes the account's handle, at its server and in the directory, and sends #identity.
func (a *Account) SetHandle(handle syntax.Handle) {
	n := a.network
	n.helper()
	if _, err := syntax.ParseHandle(string(handle)); err != nil {
		n.fail("%v", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	a.handle = syntax.Handle(strings.ToLower(string(handle)))
	a.update(func(s *plc.State) { s.SetHandle(a.handle) })
	a.sendIdentity()
}

// ClaimHandle changes the handle only in the directory: the DID document then claims a handle that does not resolve to
// the DID.
func (a *Account) ClaimHandle(handle syntax.Handle) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.update(func(s *plc.State) { s.SetHandle(handle) })
}

// SetPDS changes the address of the PDS only in the directory, for example to that of a proxy. With "" the document
// names no PDS.
func (a *Account) SetPDS(origin string) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.update(func(s *plc.State) { s.SetPDS(origin) })
}

// SetSigningKey changes the signing key only in the directory, so that the signatures of the account's commits are
// invalid. With the undefined key, the document has no key.
func (a *Account) SetSigningKey(key multikey.Key) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.update(func(s *plc.State) { s.SetKey(key) })
}

// Tombstone makes the directory say that the DID does not exist any more, as after a tombstone operation. The logs of
// the directory do not show such an operation.
func (a *Account) Tombstone() {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.tombstoned = true
}

// RotateKey gives the account a new signing key on the given curve, in the directory and at its server, sends
// #identity, and makes a commit that is signed with the new key.
func (a *Account) RotateKey(curve multikey.Curve) {
	n := a.network
	n.mu.Lock()
	defer n.mu.Unlock()
	key, err := keyOf(curve, "signing", slices.Index(n.order, a), a.keys)
	n.check(err)
	a.keys++
	n.check(a.repo.SetKey(key))
	a.update(func(s *plc.State) { s.SetKey(key.Public()) })
	a.sendIdentity()
	a.sendMessage(a.repo.Apply())
}

// MoveTo moves the account to another server, with its repository, its blobs and its password, as a migration does,
// except that it keeps its signing key. The old server keeps the account as deactivated, and sends an #account event.
// The new server sends #identity, #account and #sync. The account's sessions end. Moving to the account's own server
// does nothing.
func (a *Account) MoveTo(p *PDS) {
	n := a.network
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.pds == p {
		return
	}
	a.endSessions()
	old := a.pds
	old.send(func(seq int64) []byte { return forge.AccountFrame(a.DID, false, string(Deactivated), seq, n.now()) })
	a.former[old] = true
	delete(a.former, p)
	a.pds = p
	a.update(func(s *plc.State) { s.SetPDS(p.URL) })
	a.sendIdentity()
	a.sendAccount()
	a.sendSync()
}

// SetStatus changes the account's status and sends #account. [Deleted], [Takendown] and [Suspended] end the account's
// sessions, and the server refuses new ones, as the reference PDS does. After Deleted, the server no longer knows the
// account, but the DID stays in the directory. The server refuses writes over HTTP to an account that is not active.
func (a *Account) SetStatus(status Status) { a.setStatus(status, false) }

// SetStatusSilently changes the account's status like [Account.SetStatus], but sends no event.
func (a *Account) SetStatusSilently(status Status) { a.setStatus(status, true) }

func (a *Account) setStatus(status Status, silent bool) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	if was := a.status; (was == Active) != (status == Active) {
		for _, r := range a.repo.List("") {
			if status != Active {
				r = &store.Record{URI: r.URI}
			}
			a.network.tell(Change{recordOf(r), status != Active})
		}
	}
	a.status = status
	if status == Deleted || status == Takendown || status == Suspended {
		a.endSessions()
	}
	if !silent {
		a.sendAccount()
	}
}

// Commit writes records without HTTP, in one commit, sends its event, and returns its message. The paths must be
// valid, and the data of records must be canonical DAG-CBOR; neither is checked.
func (a *Account) Commit(writes ...repo.Write) *reposync.Commit {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	m := a.repo.Apply(writes...)
	a.sendMessage(m)
	return m
}

// CommitSilently writes records like [Account.Commit], but sends no event.
func (a *Account) CommitSilently(writes ...repo.Write) *reposync.Commit {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.repo.Apply(writes...)
}

// Put writes a record under a record key, in a commit of its own, and returns its at-uri. If the key is "", it uses a
// TID of the current time. The record is not validated, so that a test can write invalid records.
func (a *Account) Put(rkey syntax.RecordKey, record lex.Record) syntax.ATURI {
	a.network.helper()
	data, err := lex.EncodeIncomplete(record)
	a.network.check(err)
	return a.put(record.RecordType(), rkey, data)
}

// PutJSON writes a record from its JSON, like [Account.Put]. It adds no $type.
func (a *Account) PutJSON(collection syntax.NSID, rkey syntax.RecordKey, text string) syntax.ATURI {
	a.network.helper()
	data, err := lex.JSONToCBOR([]byte(text))
	a.network.check(err)
	return a.put(collection, rkey, data)
}

func (a *Account) put(collection syntax.NSID, rkey syntax.RecordKey, data []byte) syntax.ATURI {
	if rkey == "" {
		rkey = syntax.RecordKey(a.network.options.keys.Next())
	}
	path := string(collection) + "/" + string(rkey)
	a.Commit(repo.Write{Path: path, Data: data})
	return syntax.ATURI("at://" + string(a.DID) + "/" + path)
}

// Delete deletes a record in a commit of its own.
func (a *Account) Delete(collection syntax.NSID, rkey syntax.RecordKey) {
	a.Commit(repo.Write{Path: string(collection) + "/" + string(rkey)})
}

// Record returns the record at a path, "collection/recordkey", and whether there is one.
func (a *Account) Record(path string) (Record, bool) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	if r := a.repo.Get(path); r != nil {
		return recordOf(r), true
	}
	return Record{}, false
}

// Records returns the records of a collection, or all if it is "", in the order of their paths.
func (a *Account) Records(collection syntax.NSID) []Record {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return recordsOf(a.repo.List(collection))
}

// Prepare makes the commit that [Account.Forge] requires, and sends it; see [forge.Account.Prepare].
func (a *Account) Prepare() {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.sendMessage(a.repo.With(a.repo.Forged.Prepare))
}

// Forge makes a commit and sends its message with the given defect, which is one of [forge.Defects]; see
// [forge.Account.Forge].
func (a *Account) Forge(defect string) (genuine, forged *reposync.Commit) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.sendMessage(a.repo.With(func() *reposync.Commit {
		genuine, forged = a.repo.Forged.Forge(forge.DefectNamed(defect))
		return forged
	}))
	return genuine, forged
}

// Send sends any message as an event of the account. make is given the event's sequence number in a server's stream,
// and returns the bytes of the frame, for example by [forge.Frame].
func (a *Account) Send(make func(seq int64) []byte) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.send(make)
}

// Sync sends a #sync event with the latest commit.
func (a *Account) Sync() {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.sendSync()
}

// State returns the state of the repository, as a reader that has seen all its commits knows it.
func (a *Account) State() reposync.State {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.repo.Forged.State()
}

// Archive returns the archive of the repository, in the order of its tree.
func (a *Account) Archive() []byte {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	archive, err := a.repo.Tree()
	a.network.check(err)
	return archive
}

// Upload stores a blob and returns the reference to it for a record. As on real servers, the blob is served only once a record
// refers to it.
func (a *Account) Upload(data []byte, mimeType string) lex.Blob {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.repo.Upload(data, mimeType)
}
