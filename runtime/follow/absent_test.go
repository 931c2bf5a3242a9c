package follow

import (
	"errors"
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

// almostEmpty is a transport for a network in which there is one account, whose document has neither a server nor a key. Of all
// others it says that they do not exist, as a PLC directory does.
type almostEmpty struct{}

const bare = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"

func (almostEmpty) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := 404, `{"message":"DID not registered: x"}`
	if strings.HasSuffix(r.URL.Path, bare) {
		status, body = 200, `{"id":"`+bare+`"}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestAbsent: the PLC directory says that an account is gone; that the host of a did:web has no document, or that a document
// lacks the server or the key, does not.
func TestAbsent(t *testing.T) {
	directory, err := identity.New(identity.WithNetwork(network.Network{HTTPClient: &http.Client{Transport: almostEmpty{}}}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	f := &follower{settings: &settings{Options: Options{Client: client}}}
	for did, want := range map[syntax.DID]bool{"did:plc:ewvi7nxzyoun6zhxrhs64oiz": true, "did:web:alice.example.com": false, bare: false} {
		_, err := client.GetLatestCommit(t.Context(), syntax.AtIdentifier(did), nil)
		if got := f.absent(t.Context(), did, fmt.Errorf("x: %w", err)); got != want {
			t.Errorf("%s: %v, want %v, for %v", did, got, want, err)
		}
	}
	document, err := directory.ResolveDID(t.Context(), bare)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := document.RequireKey(); !errors.Is(err, identity.ErrNotFound) || f.absent(t.Context(), bare, err) {
		t.Errorf("without a key: %v", err)
	}
}
