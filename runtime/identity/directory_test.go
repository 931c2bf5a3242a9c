package identity_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func TestResolve(t *testing.T) {
	n := newNetwork()
	n.handle("alice.test", alice)
	n.account(alice, "alice.test")
	for _, actor := range []syntax.AtIdentifier{"alice.test", "ALICE.test", alice.AtIdentifier()} {
		n.asked()
		i, err := n.directory(t).Resolve(t.Context(), actor)
		if err != nil {
			t.Fatal(err)
		}
		if i.DID != alice || i.Handle != "alice.test" || i.PDS != "https://pds.test" || i.Key.String() != multikey {
			t.Errorf("%s: got %+v", actor, i)
		}
		counts := n.asked()
		delete(counts, wellKnown("alice.test")) // asked together with the name, and maybe too late
		if len(counts) != 2 || counts["_atproto.alice.test"] != 1 || counts[plc+string(alice)] != 1 {
			t.Errorf("%s: asked %v", actor, counts)
		}
	}
}

func TestResolveBothDirections(t *testing.T) {
	notFound, invalid, unreachable := identity.ErrNotFound, identity.ErrInvalid, identity.ErrUnreachable
	for _, test := range []struct {
		name    string
		claim   string // of alice's document
		handle  func(n *internet)
		actor   syntax.AtIdentifier
		want    syntax.Handle // nothing: an error
		kind    error
		subject string
		text    string
	}{
		{name: "handle that is not claimed", claim: "a.test", actor: "alice.test", kind: invalid, subject: "alice.test", text: "claims the handle a.test"},
		{name: "handle, and none is claimed", actor: "alice.test", kind: invalid, subject: "alice.test", text: "claims no handle"},
		{name: "handle in capitals", claim: "ALICE.test", actor: "Alice.Test", want: "alice.test"},
		{name: "handle of somebody else's DID", claim: "alice.test", actor: "mallory.test", kind: invalid, subject: "mallory.test"},
		{name: "handle of a DID without a document", actor: "bob.test", kind: notFound, subject: "bob.test", text: string(bob)},
		{name: "handle of a DID that cannot be resolved", actor: "key.test", kind: invalid, subject: "key.test", text: "method"},

		{name: "DID", claim: "alice.test", actor: alice.AtIdentifier(), want: "alice.test"},
		{name: "DID without handle", actor: alice.AtIdentifier(), want: identity.HandleInvalid},
		{name: "DID whose handle is somebody else's", claim: "bob.test", actor: alice.AtIdentifier(), want: identity.HandleInvalid},
		{name: "DID whose handle is nobody's", claim: "nobody.test", actor: alice.AtIdentifier(), want: identity.HandleInvalid},
		{name: "DID whose handle is invalid", claim: "handle.invalid", actor: alice.AtIdentifier(), want: identity.HandleInvalid},
		{name: "DID whose handle cannot be looked up", claim: "down.test", actor: alice.AtIdentifier(), want: identity.HandleInvalid},
		{name: "DID without a document", actor: bob.AtIdentifier(), kind: notFound, subject: string(bob)},
		{name: "handle that cannot be looked up", actor: "down.test", kind: unreachable, subject: "down.test"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				n.handle("alice.test", alice)
				n.handle("mallory.test", alice)
				n.handle("bob.test", bob)
				n.handle("key.test", "did:key:zQ3sh")
				n.record("_atproto.down.test", hangTXT)
				n.account(alice, test.claim)
				n.at(plc+string(bob), text(404, `{"message":"DID not registered: `+string(bob)+`"}`))
				d := n.directory(t)

				for range 2 { // the second time from the cache
					i, err := d.Resolve(t.Context(), test.actor)
					if test.want != "" {
						if err != nil || i.DID != alice || i.Handle != test.want || i.PDS != "https://pds.test" {
							t.Errorf("got %+v, %v, want %s", i, err, test.want)
						}
						continue
					}
					wantError(t, err, test.subject, test.kind)
					if !strings.Contains(err.Error(), test.text) {
						t.Errorf("error %q, want %q in it", err, test.text)
					}
					if i != (identity.Identity{}) {
						t.Errorf("got %+v with the error", i)
					}
				}
			})
		})
	}
}

// An account without a usable server and key is one; who needs them is told what is wrong.
func TestResolveIncomplete(t *testing.T) {
	n := newNetwork()
	n.at(plc+string(alice), text(200, `{"id":"`+string(alice)+`","service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"ftp://pds.test"}]}`))
	i, err := n.directory(t).Resolve(t.Context(), alice.AtIdentifier())
	if err != nil {
		t.Fatal(err)
	}
	pds, err := i.RequirePDS()
	checkRequired(t, pds, err, "", identity.ErrInvalid, "ftp://pds.test")
	key, err := i.RequireKey()
	checkRequired(t, key.String(), err, "", identity.ErrNotFound, "no signing key")
}

// No connection is made to an address that is not public.
func TestPrivateAddresses(t *testing.T) {
	d, err := identity.New(identity.WithNetwork(network.Network{PLC: "https://localhost:1", Handles: "https://127.0.0.1:1"}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.ResolveDID(t.Context(), alice)
	wantPrivate(t, err, string(alice))
	_, err = d.ResolveDID(t.Context(), "did:web:localhost%3A1")
	wantPrivate(t, err, "did:web:localhost%3A1")
	_, err = d.ResolveHandle(t.Context(), "alice.test")
	wantPrivate(t, err, "alice.test")

	// The host of a handle, too, also after a redirect.
	for _, path := range []string{"", strings.Repeat("x", 5000)} {
		n := newNetwork()
		n.at(wellKnown("alice.test"), redirect("https://localhost:1/"+path))
		n.at("https://localhost:1/"+path, guard.Client(false).Transport.RoundTrip)
		_, err = n.directory(t).ResolveHandle(t.Context(), "alice.test")
		wantPrivate(t, err, "alice.test")
		if len(err.Error()) > 1500 {
			t.Errorf("text of the error has %d bytes", len(err.Error()))
		}
	}
}

func wantPrivate(t *testing.T, err error, subject string) {
	t.Helper()
	wantError(t, err, subject, identity.ErrUnreachable)
	if !errors.Is(err, guard.ErrPrivate) {
		t.Errorf("%s: %v, want guard.ErrPrivate in it", subject, err)
	}
}

func TestNew(t *testing.T) {
	for name, opts := range map[string][]identity.Option{
		"PLC: not a URL":           {identity.WithNetwork(network.Network{PLC: "plc.directory"})},
		"PLC: path":                {identity.WithNetwork(network.Network{PLC: "https://plc.directory/x"})},
		"PLC: http":                {identity.WithNetwork(network.Network{PLC: "http://plc.directory"})},
		"PLC: http, not allowed":   {identity.WithNetwork(network.Network{PLC: "http://plc.directory", AllowPrivate: false})},
		"service: not a URL":       {identity.WithNetwork(network.Network{Handles: "pds.example.com"})},
		"service: http":            {identity.WithNetwork(network.Network{Handles: "http://localhost:80"})},
		"PDS: not a URL":           {identity.WithNetwork(network.Network{PDS: "pds.example.com"})},
		"negative lifetime":        {identity.WithTTL(1, -1, 1)},
		"negative size":            {identity.WithCacheSize(-1)},
		"the last is as important": {identity.WithNetwork(network.Network{AllowPrivate: true}), identity.WithCacheSize(-1)},
	} {
		if d, err := identity.New(opts...); d != nil || err == nil || !strings.HasPrefix(err.Error(), "identity: ") {
			t.Errorf("%s: got %v, %v", name, d, err)
		}
	}
	for name, opts := range map[string][]identity.Option{
		"nothing":           nil,
		"http, allowed":     {identity.WithNetwork(network.Network{PLC: "http://localhost:1", Handles: "http://localhost:1", AllowPrivate: true})},
		"http, own client":  {identity.WithNetwork(network.Network{PLC: "http://localhost:1", HTTPClient: http.DefaultClient})},
		"nothing remember":  {identity.WithCacheSize(0)},
		"no lifetime":       {identity.WithTTL(0, 0, 0)},
		"an address with /": {identity.WithNetwork(network.Network{PLC: "https://PLC.directory/"})},
	} {
		if _, err := identity.New(opts...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
