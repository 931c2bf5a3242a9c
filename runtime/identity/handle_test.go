package identity_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func TestResolveHandle(t *testing.T) {
	did := records("did=" + string(alice))
	servfail := noRecords(&net.DNSError{Err: "server misbehaving", IsTemporary: true})
	// What is not said does not exist.
	for _, test := range []struct {
		name string
		dns  txtAnswer
		host answer
		want syntax.DID
		kind error // if there is no DID
		text string
	}{
		{name: "DNS", dns: did, want: alice},
		{name: "DNS, among others", dns: records("did", "DID=x", " did=x", "v=spf1", "did="+string(alice), ""), want: alice},
		{name: "DNS, the same twice", dns: records("did="+string(alice), "did="+string(alice)), want: alice},
		{name: "DNS, a malformed one besides", dns: records("did=", "did=alice", "did="+string(alice)), want: alice},
		{name: "DNS, host hangs", dns: did, host: hang, want: alice},
		{name: "DNS goes before host", dns: did, host: text(200, string(bob)), want: alice},
		{name: "DNS is slower than host", dns: slow(did), host: text(200, string(bob)), want: alice},
		{name: "host", host: text(200, string(alice)), want: alice},
		{name: "host, no DID in TXT", dns: records("v=spf1"), host: text(200, string(alice)), want: alice},
		{name: "host, DNS fails", dns: servfail, host: text(200, string(alice)), want: alice},
		{name: "host, DNS hangs", dns: hangTXT, host: text(200, string(alice)), want: alice},
		{name: "host, white space", host: text(200, "\r\n\t "+string(alice)+" \n\n"), want: alice},
		{name: "host, redirect", host: redirect("https://other.test/did"), want: bob},
		{name: "another method", dns: records("did=did:key:zQ3sh"), want: "did:key:zQ3sh"},

		{name: "nothing", kind: identity.ErrNotFound, text: "no such host"},
		{name: "no DID in TXT, 404", dns: records("v=spf1"), host: text(404, "nothing"), kind: identity.ErrNotFound},
		{name: "no records, 410", dns: records(), host: text(410, ""), kind: identity.ErrNotFound},

		{name: "two DIDs", dns: records("did="+string(alice), "did="+string(bob)), kind: identity.ErrInvalid, text: "two DIDs"},
		{name: "two DIDs, host has one", dns: records("did="+string(alice), "did="+string(bob)), host: text(200, string(alice)), kind: identity.ErrInvalid},
		{name: "malformed TXT", dns: records("did=alice"), host: text(200, string(alice)), kind: identity.ErrInvalid, text: "TXT record of _atproto.alice.test"},
		{name: "host, byte order mark", host: text(200, "\ufeff"+string(alice)), want: alice},
		{name: "malformed", host: text(200, "did:plc:"), kind: identity.ErrInvalid, text: "alice.test/.well-known/atproto-did"},
		{name: "HTML", host: text(200, "<!doctype html><title>Hello</title>"), kind: identity.ErrUnreachable, text: "alice.test/.well-known/atproto-did"},
		{name: "text", host: text(200, "log in to the network first"), kind: identity.ErrUnreachable, text: `begins with "log in`},
		{name: "JSON", host: text(200, `{"did":"`+string(alice)+`"}`), kind: identity.ErrUnreachable},
		{name: "long HTML", host: text(200, "<html>"+strings.Repeat(" ", 5<<10)), kind: identity.ErrUnreachable},
		{name: "empty", host: text(200, ""), kind: identity.ErrUnreachable},
		{name: "two lines", host: text(200, string(alice)+"\n"+string(alice)), kind: identity.ErrInvalid},
		{name: "too long", host: text(200, strings.Repeat(" ", 4<<10)+string(alice)), kind: identity.ErrInvalid, text: "longer than 4096 bytes"},

		{name: "DNS fails", dns: servfail, kind: identity.ErrUnreachable, text: "server misbehaving"},
		{name: "DNS fails, 404", dns: servfail, host: text(404, ""), kind: identity.ErrUnreachable},
		{name: "DNS fails, HTML", dns: servfail, host: text(200, "<html>"), kind: identity.ErrUnreachable},
		{name: "DNS hangs", dns: hangTXT, kind: identity.ErrUnreachable, text: "within 10s"},
		{name: "DNS has a time-out", dns: noRecords(os.ErrDeadlineExceeded), kind: identity.ErrUnreachable},
		{name: "DNS has another time-out", dns: noRecords(context.DeadlineExceeded), kind: identity.ErrUnreachable},
		{name: "host hangs", host: hang, kind: identity.ErrUnreachable, text: "within 10s"},
		{name: "both hang", dns: hangTXT, host: hang, kind: identity.ErrUnreachable},
		{name: "host has a time-out", host: broken(context.DeadlineExceeded), kind: identity.ErrUnreachable},
		{name: "host refuses", host: broken(errRefused), kind: identity.ErrUnreachable, text: "connection refused"},
		{name: "host breaks off", host: cut("did:plc:"), kind: identity.ErrUnreachable, text: "unexpected EOF"},
		{name: "500", host: text(500, string(alice)), kind: identity.ErrUnreachable, text: "status 500"},
		{name: "403", host: text(403, ""), kind: identity.ErrUnreachable},
		{name: "429", host: text(429, ""), kind: identity.ErrUnreachable},
		{name: "204", host: text(204, ""), kind: identity.ErrUnreachable},
		{name: "redirect without end", host: redirect(wellKnown("alice.test")), kind: identity.ErrUnreachable, text: "10 redirects"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				if test.dns != nil {
					n.record("_atproto.alice.test", test.dns)
				}
				if test.host != nil {
					n.at(wellKnown("alice.test"), test.host)
				}
				n.at("https://other.test/did", text(200, string(bob)))
				d := n.directory(t)

				got, err := d.ResolveHandle(t.Context(), "Alice.TEST")
				if test.want != "" {
					if got != test.want || err != nil {
						t.Errorf("got %q, %v, want %q", got, err, test.want)
					}
					return
				}
				wantError(t, err, "alice.test", test.kind)
				if !strings.Contains(err.Error(), test.text) {
					t.Errorf("error %q, want %q in it", err, test.text)
				}
				if got != "" {
					t.Errorf("got %q with the error", got)
				}
			})
		})
	}
}

func slow(a txtAnswer) txtAnswer {
	return func(ctx context.Context) ([]string, error) {
		time.Sleep(3 * time.Second)
		return a(ctx)
	}
}

// Both ways are asked at the same time.
func TestResolveHandleTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		start := time.Now()
		n.record("_atproto.alice.test", slow(noRecords(&net.DNSError{IsNotFound: true})))
		n.at(wellKnown("alice.test"), func(req *http.Request) (*http.Response, error) {
			time.Sleep(4 * time.Second)
			return text(200, string(alice))(req)
		})
		d := n.directory(t)
		if did, err := d.ResolveHandle(t.Context(), "alice.test"); did != alice || err != nil {
			t.Errorf("got %q, %v", did, err)
		}
		if took := time.Since(start); took != 4*time.Second {
			t.Errorf("took %s, want 4s", took)
		}
	})
}

// Handles that nothing can be found for are not looked up.
func TestResolveHandleRefused(t *testing.T) {
	for _, handle := range []syntax.Handle{
		"", "alice", "alice..test", "10.0.0.1", "[::1]", "alice.test:443", "alice.test/x", "alice.test.", "user@alice.test",
		"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "handle.invalid", "laptop.local", "A.LOCALHOST", "a.b.arpa", "a.internal", "a.example",
		"a.alt", "a.onion", identity.HandleInvalid, syntax.Handle(strings.Repeat("a.", 200) + "test"),
	} {
		n := newNetwork()
		d := n.directory(t)
		did, err := d.ResolveHandle(t.Context(), handle)
		if did != "" || !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%q: got %q, %v, want ErrInvalid", handle, did, err)
		}
		if handle != "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa" {
			if _, err := d.Resolve(t.Context(), handle.AtIdentifier()); !errors.Is(err, identity.ErrInvalid) {
				t.Errorf("%q: Resolve: %v, want ErrInvalid", handle, err)
			}
		}
		n.wantAsked(t)
	}
}

// A name that is too long for DNS is looked up by HTTPS only.
func TestResolveLongHandle(t *testing.T) {
	handle := strings.Repeat("abcdefg.", 30) + "abcdefg.test" // 252 bytes
	n := newNetwork()
	n.at(wellKnown(handle), text(200, string(alice)))
	did, err := n.directory(t).ResolveHandle(t.Context(), syntax.Handle(handle))
	if did != alice || err != nil {
		t.Errorf("got %q, %v", did, err)
	}
	n.wantAsked(t, wellKnown(handle))
}

func TestHandleService(t *testing.T) {
	const url = "https://pds.test/xrpc/com.atproto.identity.resolveHandle?handle=alice.test"
	for _, test := range []struct {
		name   string
		answer answer
		kind   error // nil: alice
	}{
		{"found", text(200, `{"did":"`+string(alice)+`"}`), nil},
		{"more than asked for", text(200, `{"x":[],"did":"`+string(alice)+`"}`), nil},
		{"400", text(400, `{"error":"InvalidRequest","message":"Unable to resolve handle"}`), identity.ErrNotFound},
		{"404", text(404, `{"error":"HandleNotFound"}`), identity.ErrNotFound},
		{"404 of a proxy", text(404, `not found`), identity.ErrUnreachable},
		{"400 of a proxy", text(400, `<html>`), identity.ErrUnreachable},
		{"404 of a proxy in JSON", text(404, `{"message":"no Route matched with those values"}`), identity.ErrUnreachable},
		{"404 without a body", text(404, ``), identity.ErrUnreachable},
		{"401", text(401, `{"error":"AuthenticationRequired"}`), identity.ErrUnreachable},
		{"with a byte order mark", text(200, "\ufeff"+`{"did":"`+string(alice)+`"}`), nil},
		{"500", text(500, `{"error":"InternalServerError"}`), identity.ErrUnreachable},
		{"429", text(429, ``), identity.ErrUnreachable},
		{"no such host", nil, identity.ErrUnreachable},
		{"hangs", hang, identity.ErrUnreachable},
		{"HTML", text(200, `<html>`), identity.ErrUnreachable},
		{"nothing", text(200, ``), identity.ErrUnreachable},
		{"other JSON", text(200, `{"status":"ok"}`), identity.ErrUnreachable},
		{"no DID", text(200, `{"did":7}`), identity.ErrUnreachable},
		{"malformed DID", text(200, `{"did":"alice"}`), identity.ErrInvalid},
		{"two DIDs", text(200, `{"did":"`+string(alice)+`","did":"`+string(bob)+`"}`), identity.ErrUnreachable},
		{"too long", text(200, `{"did":"`+string(alice)+`","x":"`+strings.Repeat("x", 5000)+`"}`), identity.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				n.at(url, test.answer)
				d := n.directory(t, n.as(network.Network{Handles: "https://PDS.test/"}))
				did, err := d.ResolveHandle(t.Context(), "alice.TEST")
				switch {
				case test.kind != nil:
					wantError(t, err, "alice.test", test.kind)
				case did != alice || err != nil:
					t.Errorf("got %q, %v", did, err)
				}
				n.wantAsked(t, url)
			})
		})
	}
}
