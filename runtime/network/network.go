// Package network says which servers a program talks to and how it reaches them.
//
// Without it, the SDK uses the public network: the directory https://plc.directory, DNS, and the servers that the DID
// documents of accounts name. A program that uses other servers, such as a test with a PDS on this host, describes
// them once and passes the description to every package:
//
//	local := network.Network{
//		PLC:          "http://localhost:2582",
//		PDS:          "http://localhost:2583",
//		AllowPrivate: true, // localhost is not a public address
//	}
//	reader, err := pds.New(pds.WithNetwork(local))
//	if err != nil {
//		return err
//	}
//	writer, err := auth.Login(ctx, "alice.test", password, auth.WithNetwork(local))
//
// [FromEnv] takes the description from the environment variables that the command layers uses, so that a program and
// the command can be pointed at the same servers.
package network

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/guard"
)

const (
	// DefaultPLC is the PLC directory of the public network.
	DefaultPLC = "https://plc.directory"
	// DefaultUserAgent is the User-Agent header of requests, unless [Network].UserAgent is set.
	DefaultUserAgent = "layers-go (+https://github.com/layers-pub/layers-go)"
)

// Network describes the servers that a program talks to and how it reaches them. The zero value is the public network.
//
// Servers are given by their origin, "https://host" or "https://host:port". An origin may begin with http only if
// AllowPrivate or HTTPClient is set. The constructor that uses an origin reports a malformed one.
type Network struct {
	// PLC is the origin of the PLC directory, which has the documents of did:plc; "" stands for [DefaultPLC].
	PLC string
	// PDS is the origin of one PDS that has all accounts: all repositories are read there, and logins go there. By
	// default, each account's DID document names its PDS.
	PDS string
	// Handles is the origin of a server that resolves all handles (com.atproto.identity.resolveHandle) and is trusted
	// to do so; "" stands for PDS or, if that is also empty, DNS and the hosts of the handles. It is for tests with
	// handles that exist nowhere else, and for programs without DNS.
	Handles string
	// Appview is the origin of the appview that package appview queries. There is no default.
	Appview string

	// AllowPrivate allows connections to addresses that are not public, such as localhost, and servers without TLS,
	// including those that DID documents name. By default they are refused with [guard.ErrPrivate], because anyone can
	// write a DID document.
	AllowPrivate bool
	// HTTPClient, unless it is nil, sends the requests, and decides which addresses may be contacted. By default each
	// constructor makes a client by [guard.Client].
	HTTPClient *http.Client
	// UserAgent is the User-Agent header, which tells the operators of servers which program is calling; "" stands for
	// [DefaultUserAgent].
	UserAgent string
	// LookupTXT looks up the TXT records of a DNS name, which is fully qualified and has no dot at its end. Its error
	// for a name that does not exist must be, or wrap, a [net.DNSError] with IsNotFound set. It must return when ctx
	// ends and be safe for concurrent use. By default it is that of [net.DefaultResolver].
	LookupTXT func(ctx context.Context, name string) ([]string, error)
}

// FromEnv returns the network that the environment describes: LAYERS_PLC is the PLC directory, LAYERS_PDS the PDS and
// LAYERS_APPVIEW the appview; LAYERS_ALLOW_PRIVATE, which is 1 or 0, says whether private addresses are allowed. If
// none of them is set, it is the public network. FromEnv returns an error, together with the rest of the network, if
// LAYERS_ALLOW_PRIVATE has a value that [strconv.ParseBool] does not accept.
func FromEnv() (Network, error) {
	n := Network{PLC: os.Getenv("LAYERS_PLC"), PDS: os.Getenv("LAYERS_PDS"), Appview: os.Getenv("LAYERS_APPVIEW")}
	if text := os.Getenv("LAYERS_ALLOW_PRIVATE"); text != "" {
		var err error
		if n.AllowPrivate, err = strconv.ParseBool(text); err != nil {
			return n, fmt.Errorf("network: LAYERS_ALLOW_PRIVATE is %s: must be 1 or 0", quote.Text(text, 100))
		}
	}
	return n, nil
}

// Client returns n.HTTPClient or, if that is nil, a new client of package guard, which has its own connection pool.
func (n Network) Client() *http.Client {
	if n.HTTPClient != nil {
		return n.HTTPClient
	}
	return guard.Client(n.AllowPrivate)
}

// AllowsHTTP reports whether the origin of a server may begin with http: if AllowPrivate or HTTPClient is set.
func (n Network) AllowsHTTP() bool { return n.AllowPrivate || n.HTTPClient != nil }
