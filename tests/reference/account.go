package reference

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// Account is an account of the PDS. Its methods fail the test if the server refuses a call, so they must be called in the
// test's own goroutine. The fields have the values from when the account was made; methods that change an account at the
// server say which fields they change.
type Account struct {
	Servers *Servers

	DID        string
	Handle     string
	Email      string
	Password   string
	AccessJWT  string
	RefreshJWT string
}

// Account makes a new account with a random handle under .test.
func (s *Servers) Account(t testing.TB) *Account {
	t.Helper()
	name := "u" + strings.ToLower(rand.Text()[:14])
	a := &Account{Servers: s, Email: name + "@example.test", Password: rand.Text()}
	var out session
	s.Post(t, "com.atproto.server.createAccount", "", map[string]string{
		"handle":   name + ".test",
		"email":    a.Email,
		"password": a.Password,
	}).OK(t, &out)
	a.DID, a.Handle, a.AccessJWT, a.RefreshJWT = out.DID, out.Handle, out.AccessJWT, out.RefreshJWT
	return a
}

type session struct {
	DID        string `json:"did"`
	Handle     string `json:"handle"`
	AccessJWT  string `json:"accessJwt"`
	RefreshJWT string `json:"refreshJwt"`
}

// Get sends a query as the account, with AccessJWT, and returns the response.
func (a *Account) Get(t testing.TB, nsid string, params url.Values) *Answer {
	t.Helper()
	return a.Servers.Get(t, nsid, params, Bearer(a.AccessJWT))
}

// Post sends a procedure as the account, with AccessJWT, and returns the response. The input is as in [Servers.Post].
func (a *Account) Post(t testing.TB, nsid string, input any) *Answer {
	t.Helper()
	return a.Servers.Post(t, nsid, Bearer(a.AccessJWT), input)
}

// Session logs in once more, with the account's password, and returns the tokens of the new session.
func (a *Account) Session(t testing.TB) (access, refresh string) {
	t.Helper()
	var out session
	a.Servers.Post(t, "com.atproto.server.createSession", "", map[string]string{
		"identifier": a.DID,
		"password":   a.Password,
	}).OK(t, &out)
	return out.AccessJWT, out.RefreshJWT
}

// AppPassword makes an app password, such as "abcd-efgh-ijkl-mnop", and returns it.
func (a *Account) AppPassword(t testing.TB) string {
	t.Helper()
	var out struct{ Password string }
	a.Post(t, "com.atproto.server.createAppPassword", map[string]string{"name": rand.Text()}).OK(t, &out)
	return out.Password
}

// CreateRecord creates a record, and returns its URI and CID. value is its JSON, a [json.RawMessage] or anything that
// marshals to it; it may lack $type. If rkey is empty, the server chooses a record key. The server does not check the
// value against a lexicon.
func (a *Account) CreateRecord(t testing.TB, collection, rkey string, value any) (uri, cid string) {
	t.Helper()
	input := map[string]any{"repo": a.DID, "collection": collection, "record": value, "validate": false}
	if rkey != "" {
		input["rkey"] = rkey
	}
	var out struct{ URI, CID string }
	a.Post(t, "com.atproto.repo.createRecord", input).OK(t, &out)
	return out.URI, out.CID
}

// PutRecord creates or replaces a record, and returns its URI and CID. value is as for [Account.CreateRecord].
func (a *Account) PutRecord(t testing.TB, collection, rkey string, value any) (uri, cid string) {
	t.Helper()
	var out struct{ URI, CID string }
	a.Post(t, "com.atproto.repo.putRecord", map[string]any{
		"repo": a.DID, "collection": collection, "rkey": rkey, "record": value, "validate": false,
	}).OK(t, &out)
	return out.URI, out.CID
}

// DeleteRecord deletes a record. If there is none, it does nothing.
func (a *Account) DeleteRecord(t testing.TB, collection, rkey string) {
	t.Helper()
	a.Post(t, "com.atproto.repo.deleteRecord", map[string]any{
		"repo": a.DID, "collection": collection, "rkey": rkey,
	}).OK(t, nil)
}

// GetRecord returns the CID and the JSON value of a record.
func (a *Account) GetRecord(t testing.TB, collection, rkey string) (cid string, value json.RawMessage) {
	t.Helper()
	var out struct {
		CID   string
		Value json.RawMessage
	}
	a.Servers.Get(t, "com.atproto.repo.getRecord", url.Values{
		"repo": {a.DID}, "collection": {collection}, "rkey": {rkey},
	}, "").OK(t, &out)
	return out.CID, out.Value
}

// UploadBlob uploads a blob and returns the JSON of its reference for use in a record. The server serves and lists a
// blob only when a record refers to it.
func (a *Account) UploadBlob(t testing.TB, mimeType string, data []byte) json.RawMessage {
	t.Helper()
	var out struct{ Blob json.RawMessage }
	a.Post(t, "com.atproto.repo.uploadBlob", &Blob{MimeType: mimeType, Data: data}).OK(t, &out)
	return out.Blob
}

// SetHandle changes the account's handle at the PDS and in the directory, and sets the field Handle.
func (a *Account) SetHandle(t testing.TB, handle string) {
	t.Helper()
	a.Post(t, "com.atproto.identity.updateHandle", map[string]string{"handle": handle}).OK(t, nil)
	a.Handle = handle
}

// ClaimHandle changes the account's handle in the directory only. The PDS still resolves the old one, so the DID document
// claims a handle that does not resolve to the DID.
func (a *Account) ClaimHandle(t testing.TB, handle string) {
	t.Helper()
	a.Servers.command(t, nil, map[string]any{"command": "setHandle", "did": a.DID, "value": handle})
}

// SetPDS changes the PDS in the account's DID document, for example to a proxy's address. The PDS keeps the account.
func (a *Account) SetPDS(t testing.TB, origin string) {
	t.Helper()
	a.Servers.command(t, nil, map[string]any{"command": "setPDS", "did": a.DID, "value": origin})
}

// RotateKey gives the account a new signing key, in the directory and at the PDS, and makes a commit that is signed
// with it. It returns the public key as did:key. The signature of the latest commit is then not valid under the old key.
func (a *Account) RotateKey(t testing.TB) string {
	t.Helper()
	var key string
	a.Servers.command(t, &key, map[string]any{"command": "rotateKey", "did": a.DID})
	return key
}

// Tombstone adds a tombstone for the account's DID to the directory, which then responds that the DID is gone.
func (a *Account) Tombstone(t testing.TB) {
	t.Helper()
	a.Servers.command(t, nil, map[string]any{"command": "tombstone", "did": a.DID})
}

// Deactivate deactivates the account, as its owner can.
func (a *Account) Deactivate(t testing.TB) {
	t.Helper()
	a.Post(t, "com.atproto.server.deactivateAccount", map[string]any{}).OK(t, nil)
}

// Activate undoes Deactivate.
func (a *Account) Activate(t testing.TB) {
	t.Helper()
	a.Post(t, "com.atproto.server.activateAccount", nil).OK(t, nil)
}

// Takedown takes the account down, as the server's administrator can. If on is false, it undoes that.
func (a *Account) Takedown(t testing.TB, on bool) {
	t.Helper()
	a.Servers.Post(t, "com.atproto.admin.updateSubjectStatus", a.Servers.Admin(), map[string]any{
		"subject":  map[string]string{"$type": "com.atproto.admin.defs#repoRef", "did": a.DID},
		"takedown": map[string]any{"applied": on},
	}).OK(t, nil)
}

// Delete deletes the account from the PDS. Its DID stays in the directory.
func (a *Account) Delete(t testing.TB) {
	t.Helper()
	a.Servers.Post(t, "com.atproto.admin.deleteAccount", a.Servers.Admin(), map[string]string{"did": a.DID}).OK(t, nil)
}
