package lex

import (
	"errors"
	"fmt"
)

// CIDLink is a link to a block of data by its content identifier: lexicon type cid-link. In JSON it is
// {"$link": "bafy…"}, in DAG-CBOR tag 42. It is comparable; the zero CIDLink links to nothing.
//
// A link may name any version 1 CID. That of a record, a commit or a blob is a [CID].
type CIDLink struct{ raw string } // the binary CID

// ErrLink is wrapped by every error that says that a text is not a link's CID.
var ErrLink = errors.New("not a version 1 CID in base32")

// ParseCIDLink returns the link to the CID whose text s is: base32 in lower case, behind the letter b.
func ParseCIDLink(s string) (CIDLink, error) {
	raw, ok := decodeLink(s)
	if !ok {
		return CIDLink{}, fmt.Errorf("lex: %s: %w", excerpt(s), ErrLink)
	}
	return CIDLink{raw}, nil
}

// Link returns a link to c.
func (c CID) Link() CIDLink {
	if !c.Defined() {
		return CIDLink{}
	}
	return CIDLink{string(c[:])}
}

// CID returns what l links to, and whether that is a [CID]: a hash and a codec that the AT Protocol uses.
func (l CIDLink) CID() (CID, bool) {
	c, err := CIDFromBytes([]byte(l.raw))
	return c, err == nil
}

// Defined reports whether l links to anything.
func (l CIDLink) Defined() bool { return l.raw != "" }

// String returns the text of the CID that l links to, "" when it links to nothing.
func (l CIDLink) String() string {
	if l.raw == "" {
		return ""
	}
	return "b" + cidEncoding.EncodeToString([]byte(l.raw))
}

// MarshalJSON returns {"$link": …}, or null when l links to nothing.
func (l CIDLink) MarshalJSON() ([]byte, error) {
	if l.raw == "" {
		return []byte("null"), nil
	}
	return []byte(`{"$link":"` + l.String() + `"}`), nil
}

// UnmarshalJSON sets l to the link that b holds.
func (l *CIDLink) UnmarshalJSON(b []byte) error {
	var v linkValue
	err := DecodeJSON(b, &v)
	*l = v.link
	return err
}

type linkValue struct{ link CIDLink }

func (v *linkValue) DecodeLex(d *Decoder) { v.link = d.CIDLink() }

// decodeLink returns the binary form of a CID's text. Only one text stands for a CID: the bits behind
// the last byte are zero, there are no line ends.
func decodeLink(s string) (string, bool) {
	if len(s) < 2 || s[0] != 'b' {
		return "", false
	}
	raw, err := cidEncoding.DecodeString(s[1:])
	if err != nil || !validBinaryCID(string(raw)) || cidEncoding.EncodeToString(raw) != s[1:] {
		return "", false
	}
	return string(raw), true
}

// validBinaryCID reports whether raw is a version 1 CID: version, codec, and a multihash as long as it
// says.
func validBinaryCID(raw string) bool {
	if len(raw) == cidSize && raw[0] == cidVersion && raw[1] < 0x80 && raw[2] == hashSHA256 && raw[3] == digestSize {
		return true
	}
	if len(raw) < 4 || len(raw) > 256 || raw[0] != cidVersion {
		return false
	}
	rest := raw[1:]
	var length uint64
	for range 3 { // codec, hash function, digest length
		n := 0
		if length, n = uvarint(rest); n == 0 {
			return false
		}
		rest = rest[n:]
	}
	return length == uint64(len(rest)) && length > 0
}

// uvarint reads an unsigned varint in its shortest form; n is 0 when there is none.
func uvarint(s string) (v uint64, n int) {
	for i := 0; i < len(s) && i < 9; i++ {
		v |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			if i > 0 && s[i] == 0 {
				return 0, 0
			}
			return v, i + 1
		}
	}
	return 0, 0
}
