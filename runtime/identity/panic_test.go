package identity_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

type panickingTransport struct{}

func (panickingTransport) RoundTrip(*http.Request) (*http.Response, error) { panic("transport") }

// TestCallersPanic has what the caller gave panic: it does so in the goroutine of the caller, not in one of ours.
func TestCallersPanic(t *testing.T) {
	failing := func(context.Context, string) ([]string, error) { return nil, errors.New("no DNS") }
	panicking := func(context.Context, string) ([]string, error) { panic("DNS") }
	for want, opts := range map[string][]identity.Option{
		"DNS":       {identity.WithNetwork(network.Network{LookupTXT: panicking})},
		"transport": {identity.WithNetwork(network.Network{LookupTXT: failing, HTTPClient: &http.Client{Transport: panickingTransport{}}})},
	} {
		d, err := identity.New(opts...)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"alice.test.com", "did:plc:ewvi7nxzyoun6zhxrhs64oiz"} {
			if want == "DNS" && who[:4] == "did:" {
				continue
			}
			func() {
				defer func() {
					if panicked := recover(); panicked != want {
						t.Errorf("%s: panicked with %v, want %q", who, panicked, want)
					}
				}()
				_, err := d.Resolve(t.Context(), syntax.AtIdentifier(who))
				t.Errorf("%s: %v", who, err)
			}()
		}
	}
}
