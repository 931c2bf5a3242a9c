package identity_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The accounts of the tests.
const (
	alice    = syntax.DID("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
	bob      = syntax.DID("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb")
	plc      = "https://plc.directory/"
	multikey = "zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF"
)

// network is one that has no sockets: URLs have answers and names have TXT records. What has none does not
// exist. It counts what is asked.
type internet struct {
	mu     sync.Mutex
	urls   map[string]answer
	txt    map[string]txtAnswer
	counts map[string]int
}

type (
	answer    func(*http.Request) (*http.Response, error)
	txtAnswer func(context.Context) ([]string, error)
)

func newNetwork() *internet {
	return &internet{urls: map[string]answer{}, txt: map[string]txtAnswer{}, counts: map[string]int{}}
}

// directory returns a Directory on the network.
func (n *internet) directory(t testing.TB, opts ...identity.Option) *identity.Directory {
	t.Helper()
	d, err := identity.New(append([]identity.Option{n.as(network.Network{})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// as returns the option for settings on n. Fields that say how servers are reached are filled, unless they are set.
func (n *internet) as(settings network.Network) identity.Option {
	if settings.HTTPClient == nil {
		settings.HTTPClient = &http.Client{Transport: n}
	}
	if settings.LookupTXT == nil {
		settings.LookupTXT = n.lookupTXT
	}
	return identity.WithNetwork(settings)
}

// withService is the option for a server that resolves all handles.
func (n *internet) withService() identity.Option {
	return n.as(network.Network{Handles: "https://pds.test"})
}

func (n *internet) RoundTrip(req *http.Request) (*http.Response, error) {
	url := req.URL.String()
	n.mu.Lock()
	n.counts[url]++
	a := n.urls[url]
	n.mu.Unlock()
	if a == nil {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: req.URL.Host, IsNotFound: true}}
	}
	return a(req)
}

func (n *internet) lookupTXT(ctx context.Context, name string) ([]string, error) {
	n.mu.Lock()
	n.counts[name]++
	a := n.txt[name]
	n.mu.Unlock()
	if a == nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return a(ctx)
}

func (n *internet) at(url string, a answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.urls[url] = a
}

func (n *internet) record(name string, a txtAnswer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.txt[name] = a
}

// asked returns the counts since it was called last.
func (n *internet) asked() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	counts := n.counts
	n.counts = map[string]int{}
	return counts
}

// wantAsked fails the test unless exactly these were asked, once each, since the last time.
func (n *internet) wantAsked(t testing.TB, names ...string) {
	t.Helper()
	want := map[string]int{}
	for _, name := range names {
		want[name]++
	}
	if got := n.asked(); !maps.Equal(got, want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

// handle makes a handle lead to a DID, by DNS.
func (n *internet) handle(handle string, did syntax.DID) {
	n.record("_atproto."+handle, records("v=spf1 -all", "did="+string(did)))
	n.at(wellKnown(handle), text(404, ""))
}

// account makes the document of a DID of the method plc, with a handle unless that is empty.
func (n *internet) account(did syntax.DID, handle string) {
	n.at(plc+string(did), text(200, documentOf(did, handle)))
}

func wellKnown(handle string) string { return "https://" + handle + "/.well-known/atproto-did" }

func documentOf(did syntax.DID, handle string) string {
	names := ""
	if handle != "" {
		names = fmt.Sprintf("%q", "at://"+handle)
	}
	return fmt.Sprintf(`{
		"@context": ["https://www.w3.org/ns/did/v1", {"more": true}],
		"id": %[1]q,
		"alsoKnownAs": [%[2]s],
		"verificationMethod": [{"id": "%[1]s#atproto", "type": "Multikey", "controller": %[1]q, "publicKeyMultibase": %[3]q}],
		"service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test"}]
	}`, did, names, multikey)
}

func records(values ...string) txtAnswer {
	return func(context.Context) ([]string, error) { return values, nil }
}

func noRecords(err error) txtAnswer {
	return func(context.Context) ([]string, error) { return nil, err }
}

func text(status int, body string) answer {
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req,
		}, nil
	}
}

func redirect(to string) answer {
	return func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 302, Header: http.Header{"Location": {to}}, Body: http.NoBody, Request: req,
		}, nil
	}
}

// cut answers with a body that breaks off.
func cut(body string) answer {
	return func(req *http.Request) (*http.Response, error) {
		broken := io.MultiReader(strings.NewReader(body), errorReader{io.ErrUnexpectedEOF})
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(broken), Request: req}, nil
	}
}

func broken(err error) answer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang does not answer.
func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func hangTXT(ctx context.Context) ([]string, error) {
	<-ctx.Done()
	return nil, &net.DNSError{Err: ctx.Err().Error(), IsTimeout: true}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

var errRefused = errors.New("connection refused")

// wantError fails the test unless err is an Error about subject that is of one kind only.
func wantError(t testing.TB, err error, subject string, kind error) {
	t.Helper()
	var e *identity.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T), want an *identity.Error", err, err)
	}
	if e.Subject != subject {
		t.Errorf("error is about %q, want %q: %v", e.Subject, subject, err)
	}
	if !strings.HasPrefix(err.Error(), "identity: "+subject+": ") {
		t.Errorf("text of the error: %v", err)
	}
	for _, k := range []error{identity.ErrNotFound, identity.ErrInvalid, identity.ErrUnreachable} {
		if errors.Is(err, k) != (k == kind) {
			t.Errorf("error is %v: %t, want the opposite: %v", k, k != kind, err)
		}
	}
	for _, k := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, k) {
			t.Errorf("error looks like one of the caller's context: %v", err)
		}
	}
}
