package identity_test

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// referenceDirectory returns a directory that asks the reference servers, through proxies that count.
func referenceDirectory(t *testing.T, servers *reference.Servers) (d *identity.Directory, pds, plc *reference.Proxy) {
	t.Helper()
	pds, plc = servers.Proxy(t), reference.NewProxy(t, servers.PLC)
	d, err := identity.New(
		identity.WithNetwork(network.Network{PLC: plc.URL, Handles: pds.URL, AllowPrivate: true}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return d, pds, plc
}

func TestReference(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	did, handle := syntax.DID(account.DID), syntax.Handle(account.Handle)
	d, pds, plc := referenceDirectory(t, servers)
	wantCounts := func(handles, documents int) {
		t.Helper()
		gotHandles, gotDocuments := pds.Count("com.atproto.identity.resolveHandle"), plc.Count("/"+account.DID)
		if gotHandles != handles || gotDocuments != documents {
			t.Errorf("asked %d times for a handle and %d times for a document, want %d and %d", gotHandles, gotDocuments, handles, documents)
		}
	}
	resolve := func(actor syntax.AtIdentifier, handle syntax.Handle, pds string) identity.Identity {
		t.Helper()
		i, err := d.Resolve(t.Context(), actor)
		if err != nil || i.DID != did || i.Handle != handle || i.PDS != pds || !i.Key.Defined() {
			t.Errorf("%s: got %+v, %v, want %s, %s", actor, i, err, handle, pds)
		}
		return i
	}
	refresh := func(d *identity.Directory) identity.Identity {
		t.Helper()
		i, err := d.Refresh(t.Context(), did.AtIdentifier())
		if err != nil {
			t.Error(err)
		}
		return i
	}

	first := resolve(handle.AtIdentifier(), handle, servers.PDS)
	if again := resolve(did.AtIdentifier(), handle, servers.PDS); again != first {
		t.Errorf("by handle %+v, by DID %+v", first, again)
	}
	wantCounts(1, 1)
	document, err := d.ResolveDID(t.Context(), did)
	if err != nil || document.Handle != handle || document.PDS != servers.PDS || document.Key != first.Key {
		t.Errorf("got %+v, %v", document, err)
	}
	if got, err := d.ResolveHandle(t.Context(), handle); got != did || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
	wantCounts(1, 1)

	// The handle changes.
	account.SetHandle(t, "x"+account.Handle)
	changed := syntax.Handle(account.Handle)
	resolve(did.AtIdentifier(), handle, servers.PDS) // not yet known
	refresh(d)
	resolve(did.AtIdentifier(), changed, servers.PDS)
	resolve(changed.AtIdentifier(), changed, servers.PDS)
	wantCounts(2, 2)
	if _, err := d.Resolve(t.Context(), handle.AtIdentifier()); err == nil {
		t.Errorf("the old handle still resolves")
	}
	d.Purge(handle.AtIdentifier())
	_, err = d.Resolve(t.Context(), handle.AtIdentifier())
	wantError(t, err, string(handle), identity.ErrNotFound)

	// A handle is claimed that leads nowhere; the server and the key change.
	account.ClaimHandle(t, "nobody.test")
	account.SetPDS(t, "http://localhost:1")
	key := account.RotateKey(t)
	d, _, _ = referenceDirectory(t, servers)
	i := resolve(did.AtIdentifier(), identity.HandleInvalid, "http://localhost:1")
	if i.Key.DIDKey() != key || i.Key == first.Key {
		t.Errorf("got the key %s, want %s", i.Key.DIDKey(), key)
	}
	_, err = d.Resolve(t.Context(), changed.AtIdentifier())
	wantError(t, err, string(changed), identity.ErrInvalid)

	account.Tombstone(t)
	_, err = d.Refresh(t.Context(), did.AtIdentifier())
	wantError(t, err, string(did), identity.ErrNotFound)

	// What never was.
	_, err = d.ResolveDID(t.Context(), bob)
	wantError(t, err, string(bob), identity.ErrNotFound)
	_, err = d.ResolveHandle(t.Context(), "nobody.test")
	wantError(t, err, "nobody.test", identity.ErrNotFound)
}

// Many callers who ask for a few accounts, by handle and DID, cost one request for each handle and document.
func TestReferenceCounts(t *testing.T) {
	servers := reference.Start(t)
	d, pds, plc := referenceDirectory(t, servers)
	accounts := make([]*reference.Account, 5)
	for i := range accounts {
		accounts[i] = servers.Account(t)
	}
	var group errgroup.Group
	for i := range 50 * len(accounts) {
		group.Go(func() error {
			account := accounts[i%len(accounts)]
			actor := syntax.AtIdentifier(account.Handle)
			if i%2 == 0 {
				actor = syntax.AtIdentifier(account.DID)
			}
			got, err := d.Resolve(t.Context(), actor)
			if err == nil && (string(got.DID) != account.DID || string(got.Handle) != account.Handle) {
				return fmt.Errorf("%s: got %+v", actor, got)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if got := pds.Count("com.atproto.identity.resolveHandle"); got != len(accounts) {
		t.Errorf("%d requests for %d handles", got, len(accounts))
	}
	for _, account := range accounts {
		if got := plc.Count("/" + account.DID); got != 1 {
			t.Errorf("%d requests for the document of %s", got, account.DID)
		}
	}
}
