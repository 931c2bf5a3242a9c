package reference_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

const collection = "pub.layers.expression.expression"

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

func TestHealth(t *testing.T) {
	servers := reference.Start(t)
	for _, url := range []string{servers.PDS + "/xrpc/_health", servers.PLC + "/_health"} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url, res.Status)
		}
	}
	if again := reference.Start(t); again != servers {
		t.Error("a second Start started other servers")
	}
}

func TestAccount(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)

	doc := document(t, servers, account.DID)
	if doc.handle() != account.Handle || doc.pds() != servers.PDS {
		t.Errorf("the document names %s at %s, want %s at %s", doc.handle(), doc.pds(), account.Handle, servers.PDS)
	}
	if did, ok := resolve(t, servers, account.Handle); !ok || did != account.DID {
		t.Errorf("%s resolves to %q", account.Handle, did)
	}
	servers.Post(t, "com.atproto.server.createSession", "", map[string]string{
		"identifier": account.Handle, "password": account.AppPassword(t),
	}).OK(t, nil)
	access, refresh := account.Session(t)
	servers.Get(t, "com.atproto.server.getSession", nil, reference.Bearer(access)).OK(t, nil)
	servers.Post(t, "com.atproto.server.refreshSession", reference.Bearer(refresh), nil).OK(t, nil)
}

func TestRecords(t *testing.T) {
	account := reference.Start(t).Account(t)

	uri, cid := account.CreateRecord(t, collection, "one", json.RawMessage(`{"text":"a"}`))
	if want := "at://" + account.DID + "/" + collection + "/one"; uri != want {
		t.Errorf("created %s, want %s", uri, want)
	}
	got, value := account.GetRecord(t, collection, "one")
	if want := `{"text":"a","$type":"` + collection + `"}`; got != cid || string(value) != want {
		t.Errorf("read %s %s, want %s %s", got, value, cid, want)
	}
	if _, put := account.PutRecord(t, collection, "one", map[string]string{"text": "b"}); put == cid {
		t.Error("the CID has not changed")
	}
	account.DeleteRecord(t, collection, "one")
	refused(t, account.Get(t, "com.atproto.repo.getRecord", url.Values{
		"repo": {account.DID}, "collection": {collection}, "rkey": {"one"},
	}), http.StatusBadRequest, "RecordNotFound")
}

func TestBlob(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)

	blob := account.UploadBlob(t, "text/plain", []byte("words"))
	account.CreateRecord(t, collection, "", map[string]any{"blob": blob})
	var ref struct {
		Ref struct {
			Link string `json:"$link"`
		}
		MimeType string
		Size     int
	}
	if err := json.Unmarshal(blob, &ref); err != nil || ref.MimeType != "text/plain" || ref.Size != 5 {
		t.Fatalf("%s: %v", blob, err)
	}
	answer := servers.Get(t, "com.atproto.sync.getBlob", url.Values{"did": {account.DID}, "cid": {ref.Ref.Link}}, "")
	answer.OK(t, nil)
	if string(answer.Body) != "words" {
		t.Errorf("read %q", answer.Body)
	}
}

func TestTokens(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	access := func(token string) *reference.Answer {
		return servers.Get(t, "com.atproto.server.getSession", nil, reference.Bearer(token))
	}
	refresh := func(token string) *reference.Answer {
		return servers.Post(t, "com.atproto.server.refreshSession", reference.Bearer(token), nil)
	}
	revoked := account.Token(t, reference.Claims{Scope: reference.ScopeRefresh})

	access(account.Token(t, reference.Claims{})).OK(t, nil)
	access(account.Token(t, reference.Claims{Scope: reference.ScopeAppPass})).OK(t, nil)
	refused(t, access(account.ExpiredAccess(t)), http.StatusBadRequest, "ExpiredToken")
	refused(t, access(account.Token(t, reference.Claims{Secret: "no"})), http.StatusBadRequest, "InvalidToken")
	refused(t, access(account.RefreshJWT), http.StatusBadRequest, "InvalidToken")
	refused(t, refresh(account.ExpiredRefresh(t)), http.StatusBadRequest, "ExpiredToken")
	refused(t, refresh(revoked), http.StatusBadRequest, "ExpiredToken")
}

// The PDS's own tokens have the form of those that Token mints.
func TestTokenForm(t *testing.T) {
	account := reference.Start(t).Account(t)
	for _, pair := range [][2]string{
		{account.AccessJWT, account.Token(t, reference.Claims{})},
		{account.RefreshJWT, account.Token(t, reference.Claims{Scope: reference.ScopeRefresh})},
	} {
		theirs, ours := decodeToken(t, pair[0]), decodeToken(t, pair[1])
		for name, want := range theirs {
			switch got, ok := ours[name]; {
			case !ok:
				t.Errorf("%s is missing", name)
			case name == "iat" || name == "exp" || name == "jti":
			case got != want:
				t.Errorf("%s is %v, theirs is %v", name, got, want)
			}
		}
		lifetime := func(claims map[string]any) float64 { return claims["exp"].(float64) - claims["iat"].(float64) }
		if lifetime(ours) != lifetime(theirs) || len(ours) != len(theirs) {
			t.Errorf("claims %v, theirs are %v", ours, theirs)
		}
	}
}

func TestHandles(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	first := account.Handle

	account.SetHandle(t, "n-"+first)
	if doc := document(t, servers, account.DID); doc.handle() != account.Handle || account.Handle == first {
		t.Errorf("the document names %s, want %s", doc.handle(), account.Handle)
	}
	if _, ok := resolve(t, servers, first); ok {
		t.Errorf("%s still resolves", first)
	}
	account.ClaimHandle(t, "claimed.test")
	if doc := document(t, servers, account.DID); doc.handle() != "claimed.test" {
		t.Errorf("the document names %s", doc.handle())
	}
	if _, ok := resolve(t, servers, "claimed.test"); ok {
		t.Error("the PDS resolves a handle that is only claimed")
	}
}

func TestMove(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	account.SetPDS(t, "http://localhost:1")
	if doc := document(t, servers, account.DID); doc.pds() != "http://localhost:1" || doc.handle() != account.Handle {
		t.Errorf("the document names %s at %s", doc.handle(), doc.pds())
	}
	account.Tombstone(t)
	res, err := http.Get(servers.PLC + "/" + account.DID)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("the directory answers %s for a tombstone", res.Status)
	}
}

func TestRotateKey(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	account.CreateRecord(t, collection, "one", json.RawMessage(`{}`))
	latest := func() (c struct{ CID, Rev string }) {
		servers.Get(t, "com.atproto.sync.getLatestCommit", url.Values{"did": {account.DID}}, "").OK(t, &c)
		return c
	}
	before, old := latest(), document(t, servers, account.DID).key()

	key := account.RotateKey(t)
	if after := latest(); after.CID == before.CID || after.Rev <= before.Rev {
		t.Errorf("commit %v after %v", after, before)
	}
	if now := document(t, servers, account.DID).key(); now == old || !strings.HasPrefix(key, "did:key:z") {
		t.Errorf("the document's key is %s, was %s; the new one is %s", now, old, key)
	}
	account.CreateRecord(t, collection, "two", json.RawMessage(`{}`)) // the repository goes on
}

func TestStatus(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	latest := func() *reference.Answer {
		return servers.Get(t, "com.atproto.sync.getLatestCommit", url.Values{"did": {account.DID}}, "")
	}
	account.Deactivate(t)
	refused(t, latest(), http.StatusBadRequest, "RepoDeactivated")
	account.Activate(t)
	latest().OK(t, nil)
	account.Takedown(t, true)
	refused(t, latest(), http.StatusBadRequest, "RepoTakendown")
	account.Takedown(t, false)
	latest().OK(t, nil)
	account.Delete(t)
	refused(t, latest(), http.StatusBadRequest, "RepoNotFound")
}

func TestIdentities(t *testing.T) {
	servers := reference.Start(t)
	identities := servers.Identities(t, 20)
	if len(identities) != 20 {
		t.Fatalf("made %d", len(identities))
	}
	for _, identity := range identities[:3] {
		if doc := document(t, servers, identity.DID); doc.handle() != identity.Handle || doc.pds() != servers.PDS {
			t.Errorf("%+v: the document names %s at %s", identity, doc.handle(), doc.pds())
		}
	}
}

func TestStartWith(t *testing.T) {
	log := t.TempDir() + "/log"
	t.Setenv("LAYERS_REFERENCE_LOG", log)
	first := reference.Start(t)
	second := reference.StartWith(t, reference.Options{RateLimits: true, BlobLimit: 1000, PLC: first.PLC})
	if second.PDS == first.PDS || second.PLC != first.PLC {
		t.Errorf("started %s with %s beside %s with %s", second.PDS, second.PLC, first.PDS, first.PLC)
	}
	account := second.Account(t)
	if doc := document(t, first, account.DID); doc.pds() != second.PDS {
		t.Errorf("the document names %s", doc.pds())
	}
	small := account.Post(t, "com.atproto.repo.uploadBlob", &reference.Blob{MimeType: "a/b", Data: make([]byte, 1000)})
	small.OK(t, nil)
	large := account.Post(t, "com.atproto.repo.uploadBlob", &reference.Blob{MimeType: "a/b", Data: make([]byte, 1001)})
	refused(t, large, http.StatusRequestEntityTooLarge, "PayloadTooLarge")
	if small.Header.Get("RateLimit-Limit") == "" {
		t.Error("no rate limits with RateLimits")
	}
	if h := first.Account(t).Get(t, "com.atproto.server.getSession", nil).Header; h.Get("RateLimit-Limit") != "" {
		t.Error("rate limits without RateLimits")
	}
	if text := second.Log(); !strings.Contains(text, "com.atproto.repo.uploadBlob") {
		t.Errorf("the log does not have the requests: %q", text)
	}

	second.Stop()
	if res, err := http.Get(second.PDS); err == nil {
		res.Body.Close()
		t.Error("the PDS answers after Stop")
	}
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
}

func refused(t *testing.T, a *reference.Answer, status int, name string) {
	t.Helper()
	if a.Status != status || a.ErrorName() != name {
		t.Errorf("%s: %d %s, want %d %s", a.Request, a.Status, a.Body, status, name)
	}
}

func resolve(t *testing.T, servers *reference.Servers, handle string) (did string, ok bool) {
	t.Helper()
	answer := servers.Get(t, "com.atproto.identity.resolveHandle", url.Values{"handle": {handle}}, "")
	if answer.Status != http.StatusOK {
		return "", false
	}
	var out struct{ DID string }
	answer.OK(t, &out)
	return out.DID, true
}

type didDocument struct {
	AlsoKnownAs        []string
	VerificationMethod []struct{ PublicKeyMultibase string }
	Service            []struct{ ServiceEndpoint string }
}

func (d *didDocument) handle() string { return strings.TrimPrefix(d.AlsoKnownAs[0], "at://") }
func (d *didDocument) key() string    { return d.VerificationMethod[0].PublicKeyMultibase }
func (d *didDocument) pds() string    { return d.Service[0].ServiceEndpoint }

func document(t *testing.T, servers *reference.Servers, did string) *didDocument {
	t.Helper()
	res, err := http.Get(servers.PLC + "/" + did)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	doc := new(didDocument)
	err = json.NewDecoder(res.Body).Decode(doc)
	if err != nil || len(doc.AlsoKnownAs) == 0 || len(doc.VerificationMethod) == 0 || len(doc.Service) == 0 {
		t.Fatalf("%s: %s %v %+v", did, res.Status, err, doc)
	}
	return doc
}
