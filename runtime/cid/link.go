package cid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/layers-pub/layers-go/internal/multibase"
)

// Link is a link to a block of data by its content identifier: lexicon type cid-link. In JSON it is
// {"$link": "bafy…"}, in DAG-CBOR tag 42. It is comparable; the zero Link links to nothing.
//
// A link may name any version 1 CID. Records, commits and blobs have CIDs of the more restricted form of a [CID].
type Link struct{ binary string }

// ErrLink is wrapped by the errors of [ParseLink] and [Link.UnmarshalJSON].
var ErrLink = errors.New("not a version 1 CID in base32")

// ParseLink returns the link to the CID whose text is s: the letter b followed by base32 in lower case.
// Its error wraps [ErrLink].
func ParseLink(s string) (Link, error) {
	if binary, ok := multibase.Decode(nil, s); ok && validBinary(string(binary)) {
		return Link{string(binary)}, nil
	}
	return Link{}, fmt.Errorf("cid: %s: %w", excerpt(s), ErrLink)
}

// LinkFromBinary returns the link to the CID whose binary form is b. It returns false if b is not a version 1 CID: a
// version, a codec, and a hash whose digest has the length that it states and that its hash function produces. The Link
// shares b's memory.
func LinkFromBinary(b string) (Link, bool) {
	if !validBinary(b) {
		return Link{}, false
	}
	return Link{b}, true
}

// Link returns a link to c. It links to nothing if c is undefined.
func (c CID) Link() Link {
	if !c.Defined() {
		return Link{}
	}
	return Link{string(c[:])}
}

// CID returns the CID that l links to, and whether it is a [CID]: one with a hash and a codec that the AT Protocol
// uses. If it is not, CID returns the undefined CID and false.
func (l Link) CID() (CID, bool) {
	c, err := FromBytes([]byte(l.binary))
	return c, err == nil
}

// Defined reports whether l links to anything.
func (l Link) Defined() bool { return l.binary != "" }

// Binary returns the binary form of the CID that l links to, or "" if it links to nothing.
func (l Link) Binary() string { return l.binary }

// String returns the text of the CID that l links to, or "" if it links to nothing.
func (l Link) String() string {
	if l.binary == "" {
		return ""
	}
	return string(multibase.Append(nil, []byte(l.binary)))
}

// Equal reports whether l and other link to the same CID, or both to nothing.
func (l Link) Equal(other Link) bool { return l == other }

// MarshalJSON returns {"$link": …}, or null if l links to nothing.
func (l Link) MarshalJSON() ([]byte, error) {
	if l.binary == "" {
		return []byte("null"), nil
	}
	return []byte(`{"$link":"` + l.String() + `"}`), nil
}

// UnmarshalJSON sets l to the link that b encodes, an object with $link as its only key. On an error it leaves l unchanged.
func (l *Link) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	var tokens []json.Token
	for len(tokens) < 5 {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("cid: a link in JSON: %w", err)
		}
		tokens = append(tokens, token)
	}
	if len(tokens) == 4 && tokens[0] == json.Delim('{') && tokens[1] == "$link" {
		if text, ok := tokens[2].(string); ok {
			parsed, err := ParseLink(text)
			if err == nil {
				*l = parsed
			}
			return err
		}
	}
	return fmt.Errorf(`cid: %s is not {"$link": …}: %w`, excerpt(string(b)), ErrLink)
}
