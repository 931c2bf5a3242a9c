package identity_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func TestResolveDID(t *testing.T) {
	const web = syntax.DID("did:web:alice.test")
	document := documentOf(alice, "alice.test")
	for _, test := range []struct {
		name   string
		did    syntax.DID
		url    string
		answer answer // nil: no such host
		kind   error  // nil: found
		text   string
	}{
		{name: "plc", answer: text(200, document)},
		{name: "web", did: web, url: "https://alice.test/.well-known/did.json", answer: text(200, documentOf(web, ""))},
		{name: "web with dots, hyphens, digits", did: "did:web:a.1-2.b.test", url: "https://a.1-2.b.test/.well-known/did.json",
			answer: text(200, documentOf("did:web:a.1-2.b.test", ""))},
		{name: "largest document", answer: text(200, document+strings.Repeat(" ", 256<<10-len(document)))},

		{name: "byte order mark", answer: text(200, "\ufeff"+document)},
		{name: "web, byte order mark", did: web, url: "https://alice.test/.well-known/did.json", answer: text(200, "\ufeff"+documentOf(web, ""))},

		{name: "plc 404", answer: text(404, `{"message":"DID not registered"}`), kind: identity.ErrNotFound},
		{name: "tombstone", answer: text(410, `{"message":"DID not available"}`), kind: identity.ErrNotFound, text: "tombstone"},
		{name: "web 404", did: web, url: "https://alice.test/.well-known/did.json", answer: text(404, ""), kind: identity.ErrNotFound},
		{name: "web, no such host", did: web, url: "https://alice.test/.well-known/did.json", kind: identity.ErrNotFound},

		{name: "plc, 404 of a proxy", answer: text(404, "<html>404</html>"), kind: identity.ErrUnreachable, text: "status 404"},
		{name: "plc, 410 of a proxy", answer: text(410, "<html>410</html>"), kind: identity.ErrUnreachable},
		{name: "plc, 404 without a body", answer: text(404, ""), kind: identity.ErrUnreachable},
		{name: "plc, 404 of a proxy in JSON", answer: text(404, `{"message":"no Route matched with those values"}`), kind: identity.ErrUnreachable},
		{name: "plc, 404 of other software", answer: text(404, `{"error":"Not Found","status":404}`), kind: identity.ErrUnreachable},
		{name: "plc, 403 with its message", answer: text(403, `{"message":"DID not registered"}`), kind: identity.ErrUnreachable},
		{name: "web 410", did: web, url: "https://alice.test/.well-known/did.json", answer: text(410, ""), kind: identity.ErrNotFound},

		{name: "large HTML", answer: text(200, "<html>"+strings.Repeat(" ", 300<<10)), kind: identity.ErrUnreachable},
		{name: "too large", answer: text(200, document+strings.Repeat(" ", 256<<10)), kind: identity.ErrInvalid, text: "longer than 262144 bytes"},
		{name: "of another DID", answer: text(200, documentOf(bob, "")), kind: identity.ErrInvalid, text: string(bob)},
		{name: "of no DID", answer: text(200, `{"status":"ok"}`), kind: identity.ErrUnreachable, text: "not a DID document"},
		{name: "HTML", answer: text(200, `<html>`), kind: identity.ErrUnreachable},
		{name: "web, HTML", did: web, url: "https://alice.test/.well-known/did.json", answer: text(200, `<html>`), kind: identity.ErrUnreachable},
		{name: "empty", answer: text(200, ``), kind: identity.ErrUnreachable},
		{name: "cut in the JSON", answer: text(200, document[:200]), kind: identity.ErrUnreachable},
		{name: "long reason", answer: text(200, `{"`+strings.Repeat("x", 100_000)+`":{"a":}}`), kind: identity.ErrUnreachable},

		{name: "plc, no such host", kind: identity.ErrUnreachable},
		{name: "500", answer: text(500, ""), kind: identity.ErrUnreachable, text: "status 500"},
		{name: "429", answer: text(429, ""), kind: identity.ErrUnreachable},
		{name: "400", answer: text(400, ""), kind: identity.ErrUnreachable},
		{name: "hangs", answer: hang, kind: identity.ErrUnreachable, text: "within 10s"},
		{name: "breaks off", answer: cut(document[:200]), kind: identity.ErrUnreachable},
		{name: "refuses", answer: broken(errRefused), kind: identity.ErrUnreachable},
		{name: "long redirect", answer: redirect("https://" + strings.Repeat("x", 100_000) + ".test/"), kind: identity.ErrUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.did == "" {
				test.did, test.url = alice, plc+string(alice)
			}
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				n.at(test.url, test.answer)
				d := n.directory(t)
				got, err := d.ResolveDID(t.Context(), test.did)
				if test.kind != nil {
					wantError(t, err, string(test.did), test.kind)
					if !strings.Contains(err.Error(), test.text) {
						t.Errorf("error %q, want %q in it", err, test.text)
					}
					if len(err.Error()) > 1500 {
						t.Errorf("text of the error has %d bytes", len(err.Error()))
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.DID != test.did || got.PDS != "https://pds.test" || got.Key.String() != multikey {
					t.Errorf("got %+v", got)
				}
				n.wantAsked(t, test.url)
			})
		})
	}
}

// DIDs that have no document are not looked up.
func TestResolveDIDRefused(t *testing.T) {
	for _, did := range []syntax.DID{
		"", "alice", "did:plc:", "did:plc:short", "did:plc:AAAAAAAAAAAAAAAAAAAAAAAA", "did:plc:aaaaaaaaaaaaaaaaaaaaaaa1",
		"did:plc:aaaaaaaaaaaaaaaaaaaaaaaaa", "did:plc:..%2F..%2Fx", "did:plc:aaaaaaaaaaaaaaaaaaaaaa:a",
		"did:web:alice", "did:web:10.0.0.1", "did:web:127.0.0.1", "did:web:0x7f.1", "did:web:2130706433", "did:web:%5B::1%5D",
		"did:web:alice.test:user", "did:web:alice.test%3A8080", "did:web:alice.test%3a8080", "did:web:alice.test%2Fuser",
		"did:web:user%40alice.test", "did:web:localhost%3Ax", "did:web:localhost%3A", "did:web:localhost%3A123456",
		"did:web:localhost%3A80%3A80", "did:web:localhost:80", "did:web:localhost%3a80",
		"did:web:a.local", "did:web:a.internal", "did:web:a.localhost", "did:web:handle.invalid",
	} {
		n := newNetwork()
		d := n.directory(t, n.as(network.Network{AllowPrivate: true}))
		_, err := d.ResolveDID(t.Context(), did)
		wantError(t, err, string(did), identity.ErrInvalid)
		n.wantAsked(t)
	}
	for _, did := range []syntax.DID{"did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF", "did:example:x"} {
		_, err := newNetwork().directory(t).ResolveDID(t.Context(), did)
		wantError(t, err, string(did), identity.ErrInvalid)
		if !errors.Is(err, identity.ErrMethod) {
			t.Errorf("%s: %v, want ErrMethod in it", did, err)
		}
	}
}

// Localhost, with a port, is for tests: plain HTTP if private addresses are allowed.
func TestResolveWebLocalhost(t *testing.T) {
	for did, host := range map[syntax.DID]string{
		"did:web:localhost":        "localhost",
		"did:web:localhost%3A8080": "localhost:8080",
	} {
		for scheme, allow := range map[string]bool{"http://": true, "https://": false} {
			n := newNetwork()
			url := scheme + host + "/.well-known/did.json"
			n.at(url, text(200, documentOf(did, "")))
			if _, err := n.directory(t, n.as(network.Network{AllowPrivate: allow})).ResolveDID(t.Context(), did); err != nil {
				t.Errorf("%s: %v", did, err)
			}
			n.wantAsked(t, url)
		}
	}
}

// A server without TLS is one only where private addresses are allowed.
func TestPlainServer(t *testing.T) {
	n := newNetwork()
	n.at(plc+string(alice), text(200, strings.Replace(documentOf(alice, ""), "https://pds.test", "http://pds.test", 1)))

	i, err := n.directory(t, n.as(network.Network{AllowPrivate: true})).Resolve(t.Context(), alice.AtIdentifier())
	if err != nil || i.PDS != "http://pds.test" {
		t.Errorf("allowed: got %+v, %v", i, err)
	}
	i, err = n.directory(t).Resolve(t.Context(), alice.AtIdentifier())
	if err != nil || i.PDS != "" {
		t.Errorf("not allowed: got %+v, %v", i, err)
	}
	_, err = i.RequirePDS()
	wantError(t, err, string(alice), identity.ErrInvalid)
	if text := err.Error(); !strings.Contains(text, "http://pds.test") || !strings.Contains(text, "--allow-private") {
		t.Errorf("error %q does not name the address and what allows it", err)
	}
}
