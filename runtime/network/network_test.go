package network_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

func TestFromEnv(t *testing.T) {
	for _, test := range []struct {
		plc, pds, appview, private string
		fails                      bool
	}{
		{},
		{plc: "http://localhost:1", pds: "http://localhost:2", appview: "http://localhost:3", private: "1"},
		{private: "0"},
		{plc: "https://plc.example.com", private: "perhaps", fails: true},
	} {
		t.Setenv("LAYERS_PLC", test.plc)
		t.Setenv("LAYERS_PDS", test.pds)
		t.Setenv("LAYERS_APPVIEW", test.appview)
		t.Setenv("LAYERS_ALLOW_PRIVATE", test.private)
		n, err := network.FromEnv()
		if n.PLC != test.plc || n.PDS != test.pds || n.Appview != test.appview || n.AllowPrivate != (test.private == "1") {
			t.Errorf("%+v: got %+v", test, n)
		}
		if test.fails != (err != nil && strings.Contains(err.Error(), "LAYERS_ALLOW_PRIVATE")) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestEveryPackage describes a network once, and checks that all packages ask its servers, with its user agent, and
// that without AllowPrivate none of them contacts a private address.
func TestEveryPackage(t *testing.T) {
	const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.UserAgent())
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		path string
		run  func(n network.Network) error
	}{
		"xrpc": {"/xrpc/com.example.ping", func(n network.Network) error {
			c, err := xrpc.New(n.PDS, xrpc.WithNetwork(n))
			if err != nil {
				return err
			}
			return c.Call(t.Context(), &rpc.Request{NSID: "com.example.ping"}, new(rpc.Response))
		}},
		"identity, DID": {"/" + did, func(n network.Network) error {
			d, err := identity.New(identity.WithNetwork(n))
			if err != nil {
				return err
			}
			_, err = d.ResolveDID(t.Context(), did)
			return err
		}},
		"identity, handle": {"/xrpc/com.atproto.identity.resolveHandle", func(n network.Network) error {
			d, err := identity.New(identity.WithNetwork(n))
			if err != nil {
				return err
			}
			_, err = d.ResolveHandle(t.Context(), "alice.test")
			return err
		}},
		"pds": {"/xrpc/com.atproto.sync.getLatestCommit", func(n network.Network) error {
			c, err := pds.New(pds.WithNetwork(n))
			if err != nil {
				return err
			}
			_, err = c.GetLatestCommit(t.Context(), did, nil)
			return err
		}},
		"pds, network of the directory": {"/xrpc/com.atproto.sync.getLatestCommit", func(n network.Network) error {
			d, err := identity.New(identity.WithNetwork(n))
			if err != nil {
				return err
			}
			c, err := pds.New(pds.WithDirectory(d))
			if err != nil {
				return err
			}
			_, err = c.GetLatestCommit(t.Context(), did, nil)
			return err
		}},
		"auth": {"/xrpc/com.atproto.server.createSession", func(n network.Network) error {
			_, err := auth.Login(t.Context(), "alice.test", "password", auth.WithNetwork(n))
			return err
		}},
		"appview": {"/xrpc/pub.layers.expression.getExpression", func(n network.Network) error {
			c, err := appview.New("", appview.WithNetwork(n))
			if err != nil {
				return err
			}
			_, err = c.Get(t.Context(), "expression.getExpression", nil)
			return err
		}},
	} {
		n := network.Network{PLC: server.URL, PDS: server.URL, Appview: server.URL, UserAgent: "tester/1"}
		asked = nil
		if err := test.run(n); !errors.Is(err, guard.ErrPrivate) || len(asked) > 0 {
			t.Errorf("%s: %v, asked for %q; want guard.ErrPrivate", name, err, asked)
		}
		n.HTTPClient = server.Client()
		if err := test.run(n); err == nil {
			t.Errorf("%s: no error", name)
		}
		if want := test.path + " tester/1"; len(asked) == 0 || asked[0] != want {
			t.Errorf("%s: asked for %q, want %q", name, asked, want)
		}
	}
}
