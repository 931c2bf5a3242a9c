package identity

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxDocument is the size of the largest DID document that is read, in bytes.
const maxDocument = 256 << 10

// Document is a DID document: what the owner of a DID says about it.
type Document struct {
	// DID is the document's own identifier.
	DID syntax.DID
	// AlsoKnownAs are the URIs of that property, all of them, as they stand.
	AlsoKnownAs []string
	// Handle is the handle that the document claims, in lower case: the first of AlsoKnownAs that is one.
	// Empty: none. That the handle leads to the DID is not known from the document.
	Handle syntax.Handle
	// PDS is the origin of the account's server, without a slash at its end; empty if there is none that
	// is usable, see [Document.RequirePDS].
	PDS string
	// Key is the account's signing key; undefined if there is none that is usable, see
	// [Document.RequireKey].
	Key multikey.Key
	// Raw is the document as it was read, without a byte order mark.
	Raw []byte

	faults faults
}

// RequirePDS is [Identity.RequirePDS] of the document.
func (d *Document) RequirePDS() (string, error) { return d.identity().RequirePDS() }

// RequireKey is [Identity.RequireKey] of the document.
func (d *Document) RequireKey() (multikey.Key, error) { return d.identity().RequireKey() }

// identity returns what the document says without the handle, which has to be confirmed.
func (d *Document) identity() Identity {
	return Identity{DID: d.DID, Handle: HandleInvalid, PDS: d.PDS, Key: d.Key, faults: d.faults}
}

func (d *Document) clone() *Document {
	c := *d
	c.AlsoKnownAs = slices.Clone(d.AlsoKnownAs)
	c.Raw = slices.Clone(d.Raw)
	return &c
}

// ParseDocument reads a DID document, a JSON object of at most 256 KiB, as
// https://atproto.com/specs/did#did-documents says. The error is an [Error], an [ErrInvalid], if it is
// not one or has no DID as its id.
//
// A document without a handle, server or key is one, and so is a document in which they are malformed. Only
// what is read matters: other fields, and entries of other kinds, may hold anything that is JSON. A byte order
// mark before the document is skipped.
// The first handle, the first service that is a PDS and the first valid signing key count. Keys are of
// type Multikey or one of the two types before it. The server may have an http address; a [Directory]
// drops it unless private addresses are allowed.
func ParseDocument(data []byte) (*Document, error) {
	d, f := parseDocument(data)
	if f != nil {
		return nil, &Error{"DID document", f}
	}
	return d, nil
}

func parseDocument(data []byte) (*Document, *failure) {
	if len(data) > maxDocument {
		return nil, invalid("document is longer than %d bytes", maxDocument)
	}
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	values, err := members(data, "id", "alsoKnownAs", "verificationMethod", "service")
	if err != nil {
		return nil, invalid("document: %w", err)
	}
	did, err := syntax.ParseDID(values[0].text())
	if err != nil {
		return nil, invalid("id of the document: %w", err)
	}
	d := &Document{DID: did, Raw: slices.Clone(data)}
	for _, uri := range values[1].elements() {
		d.AlsoKnownAs = append(d.AlsoKnownAs, uri.text())
	}
	d.Handle = claimed(d.AlsoKnownAs)
	d.Key, d.faults.key = signingKey(did, values[2].elements())
	d.PDS, d.faults.pds = pds(did, values[3].elements())
	return d, nil
}

// claimed returns the first handle among URIs.
func claimed(uris []string) syntax.Handle {
	for _, uri := range uris {
		if name, is := strings.CutPrefix(uri, "at://"); is && syntax.ValidHandle(name) {
			return syntax.Handle(name).Normalize()
		}
	}
	return ""
}

// names reports whether id, relative or not, is a fragment of the DID's document.
func names(id string, did syntax.DID, fragment string) bool {
	return id == fragment || id == string(did)+fragment
}

// signingKey returns the first valid signing key, or what is wrong with the first that is not.
func signingKey(did syntax.DID, methods []value) (key multikey.Key, fault string) {
	for _, m := range methods {
		fields, err := members(m, "id", "type", "controller", "publicKeyMultibase")
		if err != nil || !names(fields[0].text(), did, "#atproto") {
			continue
		}
		typ, controller, multibase := fields[1].text(), fields[2].text(), fields[3].text()
		switch {
		case controller != string(did):
			err = fmt.Errorf("controlled by %s", excerpt(controller))
		case typ == "Multikey":
			key, err = multikey.Parse(multibase)
		default:
			key, err = multikey.ParseLegacy(typ, multibase)
		}
		if err == nil {
			return key, ""
		}
		if fault == "" {
			fault = err.Error()
		}
	}
	return multikey.Key{}, fault
}

// pds returns the origin of the first PDS, or what is wrong with it.
func pds(did syntax.DID, services []value) (address, fault string) {
	for _, s := range services {
		fields, err := members(s, "id", "type", "serviceEndpoint")
		if err != nil || !names(fields[0].text(), did, "#atproto_pds") || fields[1].text() != "AtprotoPersonalDataServer" {
			continue
		}
		address, err := origin(fields[2].text())
		if err != nil {
			return "", err.Error()
		}
		return address, ""
	}
	return "", ""
}

// origin returns an http or https URL that has nothing but a host, and maybe a port and a slash, in
// lower case and without the slash.
func origin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("%s is not a URL: %w", excerpt(address), errors.Unwrap(err))
	}
	plain := url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
	switch {
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }):
		return "", fmt.Errorf("%s has a host that is not ASCII: the address has to have it in punycode (xn--...)", excerpt(address))
	case u.Scheme == "":
		return "", fmt.Errorf("%s has no scheme, as in https://pds.example.com", excerpt(address))
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%s is not an http or https URL", excerpt(address))
	case u.Hostname() == "", strings.HasSuffix(u.Host, ":"):
		return "", fmt.Errorf("%s has no host, or an empty port", excerpt(address))
	case !strings.EqualFold(strings.TrimSuffix(address, "/"), plain.String()):
		return "", fmt.Errorf("%s has more than a host and a port", excerpt(address))
	}
	return plain.String(), nil
}
