package multikey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/mr-tron/base58"

	"github.com/layers-pub/layers-go/internal/quote"
)

// ErrKey says that a key is malformed, not of the AT Protocol, or undefined. The errors of all functions that make keys
// wrap it.
var ErrKey = errors.New("not a key of the AT Protocol")

// Curve is the elliptic curve of a key.
type Curve uint8

// The curves of the AT Protocol. The zero Curve is that of the undefined [Key].
const (
	// K256 is secp256k1, the curve of most accounts.
	K256 Curve = iota + 1
	// P256 is NIST P-256, also called secp256r1.
	P256
)

// String returns the AT Protocol's name of the curve, "k256" or "p256", or "" for any other value.
func (c Curve) String() string {
	switch c {
	case K256:
		return "k256"
	case P256:
		return "p256"
	}
	return ""
}

const (
	compressedSize   = 33 // a byte for the sign of y, and x
	uncompressedSize = 65 // the byte 4, x and y

	// maxText is the longest text that is decoded, in bytes. An uncompressed point takes at most 90.
	maxText = 128

	base58Prefix = "z"
	didKeyPrefix = "did:key:"
)

// The multicodec numbers that precede a public key, as varints.
const (
	codecK256 = "\xe7\x01" // 0xe7
	codecP256 = "\x80\x24" // 0x1200
)

// Key is a public key: a point on a curve. Keys are comparable with ==, and can be map keys. The zero
// Key is undefined: no signature is valid under it.
type Key struct {
	curve Curve
	point [compressedSize]byte
}

// Parse returns the key whose Multikey form is s, as in the publicKeyMultibase of a verification
// method of type Multikey: the letter z followed by the base58btc encoding of the curve's multicodec and
// the compressed point. Its error wraps [ErrKey].
func Parse(s string) (Key, error) {
	b, err := decode(s)
	if err != nil {
		return Key{}, err
	}
	switch {
	case strings.HasPrefix(string(b), codecK256):
		return newKey(K256, b[len(codecK256):], false)
	case strings.HasPrefix(string(b), codecP256):
		return newKey(P256, b[len(codecP256):], false)
	}
	return Key{}, fmt.Errorf("%w: the multicodec is neither that of k256 nor that of p256", ErrKey)
}

// ParseDIDKey returns the key of a did:key identifier, which is "did:key:" followed by the form that
// [Parse] accepts. Its error wraps [ErrKey].
func ParseDIDKey(s string) (Key, error) {
	text, ok := strings.CutPrefix(s, didKeyPrefix)
	if !ok {
		return Key{}, fmt.Errorf("%w: it does not begin with %q", ErrKey, didKeyPrefix)
	}
	return Parse(text)
}

// ParseLegacy returns the key of a verification method of one of the two older types,
// EcdsaSecp256k1VerificationKey2019 and EcdsaSecp256r1VerificationKey2019. Their publicKeyMultibase is the
// letter z followed by the base58btc encoding of the point, uncompressed or compressed, without a
// multicodec. ParseLegacy fails for any other type. Its error wraps [ErrKey].
func ParseLegacy(typ, multibase string) (Key, error) {
	var curve Curve
	switch typ {
	case "EcdsaSecp256k1VerificationKey2019":
		curve = K256
	case "EcdsaSecp256r1VerificationKey2019":
		curve = P256
	default:
		return Key{}, fmt.Errorf("%w: unknown type %s", ErrKey, quote.Text(typ, maxText))
	}
	b, err := decode(multibase)
	if err != nil {
		return Key{}, err
	}
	return newKey(curve, b, true)
}

// decode returns the bytes of a multibase text in base58btc.
func decode(s string) ([]byte, error) {
	if len(s) > maxText {
		return nil, fmt.Errorf("%w: %d characters, limit %d", ErrKey, len(s), maxText)
	}
	text, ok := strings.CutPrefix(s, base58Prefix)
	if !ok {
		return nil, fmt.Errorf("%w: it does not begin with z, the prefix of base58btc", ErrKey)
	}
	b, err := base58.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return b, nil
}

// newKey returns the key of a point, which may be in the uncompressed form only if uncompressed is set. It fails if the
// point is not on the curve.
func newKey(curve Curve, point []byte, uncompressed bool) (Key, error) {
	k := Key{curve: curve}
	switch {
	case len(point) == compressedSize && (point[0] == 2 || point[0] == 3):
		copy(k.point[:], point)
	case uncompressed && len(point) == uncompressedSize && point[0] == 4:
		k.point[0] = 2 | point[uncompressedSize-1]&1
		copy(k.point[1:], point[1:])
	default:
		return Key{}, fmt.Errorf("%w: %d bytes, not the length of a point", ErrKey, len(point))
	}
	var err error
	switch {
	case curve == K256:
		_, err = secp256k1.ParsePubKey(point)
	case len(point) == uncompressedSize:
		_, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	default:
		_, err = k.p256()
	}
	if err != nil {
		return Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return k, nil
}

// p256 returns the key as the standard library's type.
func (k Key) p256() (*ecdsa.PublicKey, error) {
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), k.point[:])
	if x == nil {
		return nil, errors.New("the point is not on the curve")
	}
	var b [uncompressedSize]byte
	b[0] = 4
	x.FillBytes(b[1:compressedSize])
	y.FillBytes(b[compressedSize:])
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b[:])
}

// Defined reports whether k is not the zero Key.
func (k Key) Defined() bool { return k.curve != 0 }

// Curve returns the curve of k, or 0 if k is undefined.
func (k Key) Curve() Curve { return k.curve }

// String returns k in the form that [Parse] accepts, or "" if k is undefined.
func (k Key) String() string {
	var codec string
	switch k.curve {
	case K256:
		codec = codecK256
	case P256:
		codec = codecP256
	default:
		return ""
	}
	return base58Prefix + base58.Encode(append([]byte(codec), k.point[:]...))
}

// DIDKey returns k as a did:key identifier, or "" if k is undefined.
func (k Key) DIDKey() string {
	if !k.Defined() {
		return ""
	}
	return didKeyPrefix + k.String()
}
