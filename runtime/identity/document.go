package identity

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxDocument is the size of the largest DID document that is read, in bytes.
const maxDocument = 256 << 10

// Document is a DID document: what the owner of a DID says about it.
type Document struct {
	// DID is the document's own identifier.
	DID syntax.DID
	// AlsoKnownAs are all URIs of the property alsoKnownAs, unchanged.
	AlsoKnownAs []string
	// Handle is the handle that the document claims, in lower case: the first of AlsoKnownAs that is one. It is empty
	// if there is none. The document does not prove that the handle resolves to the DID.
	Handle syntax.Handle
	// PDS is the origin of the account's server, without a slash at its end. It is empty if the document has no
	// usable one, see [Document.RequirePDS].
	PDS string
	// Key is the account's signing key. It is undefined if the document has no usable one, see [Document.RequireKey].
	Key multikey.Key
	// Raw is the document as it was read, without a byte order mark.
	Raw []byte

	faults faults
}

// RequirePDS is [Identity.RequirePDS] of the document.
func (d *Document) RequirePDS() (string, error) { return d.identity().RequirePDS() }

// RequireKey is [Identity.RequireKey] of the document.
func (d *Document) RequireKey() (multikey.Key, error) { return d.identity().RequireKey() }

// identity returns the identity that the document states, without the handle, which is not confirmed.
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
// https://atproto.com/specs/did#did-documents says. If data is not a DID document, or its id is not a DID, the error
// is an [Error] that wraps [ErrInvalid].
//
// The handle, server and key may be missing or malformed: that is not an error here. Other fields, and entries of
// other kinds, may have any JSON value. A byte order mark before the document is skipped. The first handle, the first
// PDS service and the first valid signing key are used. Keys are of type Multikey or one of the two older types. The
// server may have an http address; a [Directory] ignores such a server unless private addresses are allowed.
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

// claimed returns the first handle among the URIs of alsoKnownAs, "" if there is none.
func claimed(uris []string) syntax.Handle {
	for _, uri := range uris {
		if name, is := strings.CutPrefix(uri, "at://"); is && syntax.ValidHandle(name) {
			return syntax.Handle(name).Normalize()
		}
	}
	return ""
}

// names reports whether id, which may be relative, refers to the given fragment of the DID's document.
func names(id string, did syntax.DID, fragment string) bool {
	return id == fragment || id == string(did)+fragment
}

// signingKey returns the first valid signing key or, if there is none, what is wrong with the first invalid one.
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

// pds returns the origin of the first PDS service, or what is wrong with it.
func pds(did syntax.DID, services []value) (address, fault string) {
	for _, s := range services {
		fields, err := members(s, "id", "type", "serviceEndpoint")
		if err != nil || !names(fields[0].text(), did, "#atproto_pds") || fields[1].text() != "AtprotoPersonalDataServer" {
			continue
		}
		origin, err := network.ParseOrigin(fields[2].text())
		if err != nil {
			return "", err.Error()
		}
		return origin.String(), ""
	}
	return "", ""
}
