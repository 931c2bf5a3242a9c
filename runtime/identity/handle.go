package identity

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	maxHandleAnswer = 4 << 10 // the size of the largest answer to a request for a handle, in bytes
	maxName         = 253     // the length of the longest DNS name, in bytes
)

// checkHost returns a failure unless name can be a handle: it must have the syntax of a handle and not be under a
// top-level domain that the specification disallows.
func checkHost(name string) *failure {
	if _, err := syntax.ParseHandle(name); err != nil {
		return invalid("%w", err)
	}
	switch domain := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:]); domain {
	case "alt", "arpa", "example", "internal", "invalid", "local", "localhost", "onion":
		return invalid("handles under the top-level domain .%s cannot be resolved", domain)
	}
	return nil
}

// lookUpHandle finds the DID of a handle, which must be in lower case.
func (s *sources) lookUpHandle(ctx context.Context, handle string) (syntax.DID, *failure) {
	if s.handles != nil {
		return s.askService(ctx, handle)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		did      syntax.DID
		f        *failure
		panicked error
	}
	start := func(method func(context.Context, string) (syntax.DID, *failure)) <-chan answer {
		done := make(chan answer, 1)
		go func() {
			var a answer
			a.panicked = panics.Catch(func() error {
				a.did, a.f = method(ctx, handle)
				return nil
			})
			done <- a
		}()
		return done
	}
	wait := func(done <-chan answer) answer {
		a := <-done
		_ = panics.Resume(a.panicked)
		return a
	}
	byDNS, byHTTPS := start(s.askDNS), start(s.askHost)

	// DNS takes precedence over the host, so wait for its answer first.
	dns := wait(byDNS)
	if dns.f == nil || dns.f.kind == ErrInvalid {
		return dns.did, dns.f
	}
	https := wait(byHTTPS)
	if https.f == nil {
		return https.did, nil
	}
	f := unreachable("by DNS: %w; by HTTPS: %w", dns.f.cause, https.f.cause)
	if dns.f.kind == ErrNotFound {
		f.kind, f.brief = https.f.kind, https.f.kind == ErrNotFound
	}
	return "", f
}

// askDNS returns the DID in the TXT record of a handle.
func (s *sources) askDNS(ctx context.Context, handle string) (syntax.DID, *failure) {
	return s.askTXT(ctx, "_atproto."+handle)
}

// askTXT returns the DID in the TXT records of a name.
func (s *sources) askTXT(ctx context.Context, name string) (syntax.DID, *failure) {
	if len(name) > maxName {
		return "", notFound("the name %s is too long", name)
	}
	ctx, cancel := context.WithTimeout(ctx, dnsTimeout)
	defer cancel()
	records, err := s.LookupTXT(ctx, name)
	if err != nil {
		var dns *net.DNSError
		switch {
		case errors.As(err, &dns) && dns.IsNotFound:
			return "", notFound("%w", err)
		case ctx.Err() != nil:
			return "", unreachable("%s: no response within %s", name, dnsTimeout)
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			return "", unreachable("%s", err.Error())
		}
		return "", unreachable("%w", err)
	}
	return didOf(name, records)
}

// didOf returns the DID that the TXT records of a name agree on.
func didOf(name string, records []string) (found syntax.DID, _ *failure) {
	var malformed error
	for _, record := range records {
		value, is := strings.CutPrefix(record, "did=")
		if !is {
			continue
		}
		did, err := syntax.ParseDID(value)
		switch {
		case err != nil:
			malformed = err
		case found != "" && found != did:
			return "", invalid("%s has TXT records with two DIDs, %s and %s", name, excerpt(string(found)), excerpt(value))
		default:
			found = did
		}
	}
	switch {
	case found != "":
		return found, nil
	case malformed != nil:
		return "", invalid("TXT record of %s: %w", name, malformed)
	}
	return "", notFound("%s has no TXT record with a DID", name)
}

// askHost returns the DID in the well-known file on the host of a handle.
func (s *sources) askHost(ctx context.Context, handle string) (syntax.DID, *failure) {
	url := "https://" + handle + "/.well-known/atproto-did"
	status, body, f := s.fetch(ctx, url, "text/plain", "did:", maxHandleAnswer)
	switch {
	case f != nil && noSuchHost(f):
		return "", notFound("%w", f.cause)
	case f != nil:
		return "", f
	case status == http.StatusNotFound, status == http.StatusGone:
		return "", notFound("%s: the file does not exist", url)
	case status != http.StatusOK:
		return "", unreachable("%s: the response has status %d", url, status)
	}
	did, err := syntax.ParseDID(string(bytes.TrimSpace(body)))
	if err != nil {
		return "", invalid("%s: %w", url, err)
	}
	return did, nil
}

// askService asks s.handles, the server that the network names for that, to resolve a handle.
func (s *sources) askService(ctx context.Context, handle string) (syntax.DID, *failure) {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	params := atproto.IdentityResolveHandleParams{Handle: syntax.Handle(handle)}
	request := &rpc.Request{NSID: atproto.NSIDIdentityResolveHandle, Params: params.LexParams()}
	response := &rpc.Response{Stream: true} // of any media type
	service := s.handles.Service()
	err := s.handles.Call(ctx, request, response)
	switch {
	case err != nil && verdict.Of(err) == verdict.NoHandle:
		return "", notFound("%w", err)
	case err != nil:
		return "", unanswered(ctx, service, err)
	}
	defer response.Body.Close()
	body, f := read(ctx, service, response.Body, "{", maxHandleAnswer)
	if f != nil {
		return "", f
	}
	var out atproto.IdentityResolveHandleOutput
	if err := lex.DecodeJSON(body, lex.Answer(&out, "did")); err != nil {
		if out.DID != "" && !syntax.ValidDID(string(out.DID)) {
			return "", invalid("%s: %w", service, err)
		}
		return "", unreachable("%s: the response has no DID: %s", service, excerpt(string(body)))
	}
	return out.DID, nil
}
