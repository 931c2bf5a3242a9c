// Package cid implements the content identifiers of the AT Protocol. A CID contains the hash of a block and the codec
// of its bytes.
//
//	if !want.Matches(block) {
//		return fmt.Errorf("the block has the CID %s and not %s", cid.Of(want.Codec(), block), want)
//	}
//
// Its functions may be used concurrently.
package cid

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/multibase"
	"github.com/layers-pub/layers-go/internal/quote"
)

// The codecs that a [CID] of the AT Protocol can have: how the bytes that it identifies are encoded.
const (
	// DagCBOR is for DAG-CBOR: records, tree nodes and commits.
	DagCBOR byte = 0x71
	// Raw is for bytes without a structure: blobs.
	Raw byte = 0x55
)

const (
	size       = 36 // version, codec, hash function, digest length, digest
	textSize   = 59 // "b" and 58 characters of base32
	version    = 0x01
	hashSHA256 = 0x12
	digestSize = sha256.Size
)

// ErrInvalid is wrapped by the errors of this package for text and bytes that are not a [CID].
var ErrInvalid = errors.New("not a CID of the AT Protocol")

// CID is the content identifier of a block: the hash of its bytes and their codec.
// It holds the binary form, is comparable, and can be a map key. The zero CID is undefined: it
// identifies nothing.
//
// The AT Protocol allows only one form, the "blessed" CID of its data model, which is that of DASL
// (https://dasl.ing/cid.html): version 1, the hash SHA-256, the codec [DagCBOR] or [Raw].
type CID [size]byte

// Of returns the CID of data in the given codec, which must be [DagCBOR] or [Raw].
// For any other codec, it returns the undefined CID.
func Of(codec byte, data []byte) CID { return OfDigest(codec, sha256.Sum256(data)) }

// OfDigest returns the CID of data whose SHA-256 hash is digest, as [Of] does.
func OfDigest(codec byte, digest [sha256.Size]byte) CID {
	if codec != DagCBOR && codec != Raw {
		return CID{}
	}
	c := CID{version, codec, hashSHA256, digestSize}
	copy(c[4:], digest[:])
	return c
}

// FromBytes returns the CID whose binary form is b. Its error wraps [ErrInvalid] and says what is wrong with b.
func FromBytes(b []byte) (CID, error) {
	switch {
	case len(b) >= 2 && b[0] == hashSHA256 && b[1] == digestSize:
		return CID{}, fmt.Errorf("%w: version 0, must be 1", ErrInvalid)
	case len(b) != size:
		return CID{}, fmt.Errorf("%w: %d bytes, must be %d", ErrInvalid, len(b), size)
	case b[0] != version:
		return CID{}, fmt.Errorf("%w: version %d, must be 1", ErrInvalid, b[0])
	case b[1] != DagCBOR && b[1] != Raw:
		return CID{}, fmt.Errorf("%w: codec 0x%02x, must be 0x71 (DAG-CBOR) or 0x55 (raw)", ErrInvalid, b[1])
	case b[2] != hashSHA256:
		return CID{}, fmt.Errorf("%w: hash function 0x%02x, must be 0x12 (SHA-256)", ErrInvalid, b[2])
	case b[3] != digestSize:
		return CID{}, fmt.Errorf("%w: digest of %d bytes, must be %d", ErrInvalid, b[3], digestSize)
	}
	return CID(b), nil
}

// Parse returns the CID whose text is s: the letter b followed by base32 in lower case, as in
// "bafyrei...". Its error wraps [ErrInvalid] and says what is wrong with s.
func Parse(s string) (CID, error) {
	if len(s) != textSize || s[0] != 'b' {
		return CID{}, fmt.Errorf("%w: %s must be b and %d characters of base32", ErrInvalid, excerpt(s), textSize-1)
	}
	var buffer [size + 1]byte // the last two bits of the text are after the last byte
	b, ok := multibase.Decode(buffer[:0], s)
	if !ok || len(b) != size {
		return CID{}, fmt.Errorf("%w: %s is not canonical base32", ErrInvalid, excerpt(s))
	}
	c, err := FromBytes(b)
	if err != nil {
		return CID{}, fmt.Errorf("%w (%s)", err, excerpt(s))
	}
	return c, nil
}

// excerpt quotes the start of s for a message.
func excerpt(s string) string { return quote.Text(s, 2*textSize) }

// Defined reports whether c identifies something, that is, whether it is not the zero CID. It looks only at
// the first byte, which is the same in all CIDs.
func (c CID) Defined() bool { return c[0] != 0 }

// Codec returns the codec of the bytes that c identifies: [DagCBOR], [Raw], or 0 if c is undefined.
func (c CID) Codec() byte { return c[1] }

// Digest returns the SHA-256 hash in c.
func (c CID) Digest() [sha256.Size]byte { return [digestSize]byte(c[4:]) }

// String returns the text of c: the letter b followed by base32, or "" if c is undefined.
func (c CID) String() string {
	if !c.Defined() {
		return ""
	}
	var b [textSize]byte
	return string(multibase.Append(b[:0], c[:]))
}

// AppendText appends the text of c to b, as [CID.String] returns it. The error is always nil.
func (c CID) AppendText(b []byte) ([]byte, error) {
	if !c.Defined() {
		return b, nil
	}
	return multibase.Append(b, c[:]), nil
}

// MarshalText returns the text of c, as [CID.String] does. The error is always nil.
func (c CID) MarshalText() ([]byte, error) { return c.AppendText(nil) }

// UnmarshalText sets c to the CID whose text is b; an empty text makes c undefined. If b is not a CID, it returns
// the error of [Parse] and leaves c unchanged.
func (c *CID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = CID{}
		return nil
	}
	parsed, err := Parse(string(b))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}
