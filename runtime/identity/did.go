package identity

import (
	"context"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// documentAt returns the URL of the DID document of did.
func (s *sources) documentAt(did syntax.DID) (string, *failure) {
	if _, err := syntax.ParseDID(string(did)); err != nil {
		return "", invalid("%w", err)
	}
	identifier := did.Identifier()
	switch did.Method() {
	case "plc":
		if !plcIdentifier(identifier) {
			return "", invalid("identifier of did:plc is not 24 characters of a-z and 2-7")
		}
		return s.PLC + "/" + string(did), nil
	case "web":
		return s.webDocumentAt(identifier)
	}
	return "", invalid("%w", ErrMethod)
}

func plcIdentifier(s string) bool {
	return len(s) == 24 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// webDocumentAt returns the URL of the document of a did:web, whose identifier is a host name. The URL is https; only
// that of localhost, which may have a port and is for tests, is http if private addresses are allowed.
func (s *sources) webDocumentAt(identifier string) (string, *failure) {
	host, port, hasPort := strings.Cut(identifier, "%3A")
	switch {
	case host == "localhost":
		if hasPort && !validPort(port) {
			return "", invalid("port of did:web is not a number")
		}
		if hasPort {
			host += ":" + port
		}
		if s.AllowPrivate {
			return "http://" + host + "/.well-known/did.json", nil
		}
	case hasPort:
		return "", invalid("did:web has a port, which only localhost may have")
	case strings.Contains(host, ":"):
		return "", invalid("did:web has a path, which is not supported")
	default:
		if f := checkHost(host); f != nil {
			return "", f
		}
	}
	return "https://" + host + "/.well-known/did.json", nil
}

func validPort(s string) bool {
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

func (s *sources) checkDID(key string) *failure {
	_, f := s.documentAt(syntax.DID(key))
	return f
}

// lookUpDocument fetches the document of a DID.
func (s *sources) lookUpDocument(ctx context.Context, key string) (*Document, *failure) {
	did := syntax.DID(key)
	url, f := s.documentAt(did)
	if f != nil {
		return nil, f
	}
	status, body, f := s.fetch(ctx, url, "application/did+ld+json, application/json", "{", maxDocument)
	switch {
	case f != nil && did.Method() == "web" && noSuchHost(f):
		return nil, notFound("%w", f.cause).briefly()
	case f != nil:
		return nil, f
	case status == http.StatusNotFound || status == http.StatusGone:
		return nil, noDocument(did, url, status, body)
	case status != http.StatusOK:
		return nil, unreachable("%s: the response has status %d", url, status)
	}
	d, f := parseDocument(body)
	if f != nil {
		return nil, unreachable("%s: the response is not a DID document: %w", url, f.cause)
	}
	if d.DID != did {
		return nil, invalid("%s: the document is that of %s", url, excerpt(string(d.DID)))
	}
	if strings.HasPrefix(d.PDS, "http:") && !s.AllowPrivate {
		d.faults.pds = excerpt(d.PDS) + " is not an https address: " + plainRefused
		d.PDS = ""
	}
	return d, nil
}

// noDocument returns the failure for an answer with status 404 or 410. A PLC directory answers with JSON that has a
// message about the DID; any other body comes from a proxy. For a did.json there is only the status, so the failure
// is remembered only briefly.
func noDocument(did syntax.DID, url string, status int, body []byte) *failure {
	if did.Method() == "web" {
		return notFound("%s: the document does not exist: status %d", url, status).briefly()
	}
	values, err := members(body, "message")
	if err != nil || !strings.Contains(values[0].text(), "DID") && !strings.Contains(values[0].text(), string(did)) {
		return unreachable("%s: status %d, but the response is not from a PLC directory: %s", url, status, excerpt(string(body)))
	}
	if status == http.StatusGone {
		return notFound("%s: the DID has been tombstoned", url)
	}
	return notFound("%s: the document does not exist", url)
}
