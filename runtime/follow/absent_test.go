package follow

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// missing is a transport for which nothing exists, as a PLC directory says it.
type missing struct{}

func (missing) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 404, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(`{"message":"DID not registered: x"}`)), Request: r}, nil
}

// TestAbsent: the PLC directory says that an account is gone; that the host of a did:web has no document does not.
func TestAbsent(t *testing.T) {
	directory, err := identity.New(identity.WithNetwork(network.Network{HTTPClient: &http.Client{Transport: missing{}}}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{settings: &settings{Options: Options{Client: client}}}
	for did, want := range map[syntax.DID]bool{"did:plc:ewvi7nxzyoun6zhxrhs64oiz": true, "did:web:alice.example.com": false} {
		_, err := client.GetLatestCommit(t.Context(), syntax.AtIdentifier(did), nil)
		if got := f.absent(t.Context(), did, fmt.Errorf("x: %w", err)); got != want {
			t.Errorf("%s: %v, want %v, for %v", did, got, want, err)
		}
	}
}
