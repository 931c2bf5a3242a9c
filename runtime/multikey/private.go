package multikey

import (
	"crypto"
	stdecdsa "crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"
)

// privateSize is the size of a private key in bytes, for both curves.
const privateSize = 32

// The multicodec numbers that precede a private key, as varints.
const (
	codecPrivateK256 = "\x81\x26" // 0x1301
	codecPrivateP256 = "\x86\x26" // 0x1306
)

// PrivateKey is the private key of an account, which signs the commits of the account's repository. The fmt functions
// print its public key; only [PrivateKey.Multibase] and [PrivateKey.Bytes] return the secret. The zero PrivateKey is
// undefined and cannot sign. A PrivateKey is safe for concurrent use.
type PrivateKey struct {
	public Key
	k256   *secp256k1.PrivateKey
	p256   *stdecdsa.PrivateKey
}

// Generate returns a new random private key on curve. It panics if curve is neither [K256] nor [P256].
func Generate(curve Curve) PrivateKey {
	for {
		var b [privateSize]byte
		_, _ = rand.Read(b[:]) // never fails
		key, err := NewPrivate(curve, b[:])
		if err == nil {
			return key
		}
		if curve.String() == "" {
			panic("multikey: Generate: " + err.Error())
		}
	}
}

// NewPrivate returns the private key on curve whose number is b, 32 bytes in big-endian order. The number must be from 1
// to the order of the curve minus 1. An error wraps [ErrKey].
func NewPrivate(curve Curve, b []byte) (PrivateKey, error) {
	if len(b) != privateSize {
		return PrivateKey{}, fmt.Errorf("%w: private key of %d bytes, must be %d", ErrKey, len(b), privateSize)
	}
	switch curve {
	case K256:
		var n secp256k1.ModNScalar
		if n.SetByteSlice(b) || n.IsZero() {
			return PrivateKey{}, fmt.Errorf("%w: private key is zero or above the order of the curve", ErrKey)
		}
		private := secp256k1.NewPrivateKey(&n)
		public, err := newKey(K256, private.PubKey().SerializeCompressed(), false)
		return PrivateKey{public: public, k256: private}, err
	case P256:
		private, err := stdecdsa.ParseRawPrivateKey(elliptic.P256(), b)
		if err != nil {
			return PrivateKey{}, fmt.Errorf("%w: private key is zero or above the order of the curve", ErrKey)
		}
		point, err := private.PublicKey.Bytes()
		if err != nil {
			return PrivateKey{}, fmt.Errorf("%w: %w", ErrKey, err)
		}
		public, err := newKey(P256, point, true)
		return PrivateKey{public: public, p256: private}, err
	}
	return PrivateKey{}, fmt.Errorf("%w: unknown curve %d", ErrKey, curve)
}

// ParsePrivate returns the private key whose Multikey form is s: the letter z followed by the base58btc encoding of the
// multicodec of private keys on its curve and the 32 bytes that [NewPrivate] takes. An error wraps [ErrKey] and does not
// contain s.
func ParsePrivate(s string) (PrivateKey, error) {
	b, err := decode(s)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("%w: private key is not base58btc with the prefix z", ErrKey)
	}
	curve := Curve(0)
	if len(b) >= len(codecPrivateK256) {
		switch string(b[:len(codecPrivateK256)]) {
		case codecPrivateK256:
			curve = K256
		case codecPrivateP256:
			curve = P256
		}
	}
	if curve == 0 {
		return PrivateKey{}, fmt.Errorf("%w: the multicodec is not that of a private key of k256 or p256", ErrKey)
	}
	return NewPrivate(curve, b[len(codecPrivateK256):])
}

// Defined reports whether k is not the zero PrivateKey.
func (k PrivateKey) Defined() bool { return k.public.Defined() }

// Public returns the public key of k. It is undefined if k is.
func (k PrivateKey) Public() Key { return k.public }

// String returns the text of the public key (see [Key.String]), so that printing a private key does not reveal it.
func (k PrivateKey) String() string { return k.public.String() }

// GoString returns the same text as [PrivateKey.String]; the verb %#v of package fmt uses it.
func (k PrivateKey) GoString() string { return k.String() }

// Bytes returns the number of k as the 32 bytes that [NewPrivate] takes, or nil if k is undefined. They are secret.
func (k PrivateKey) Bytes() []byte {
	switch {
	case k.k256 != nil:
		return k.k256.Serialize()
	case k.p256 != nil:
		b, err := k.p256.Bytes()
		if err != nil {
			return nil
		}
		return b
	}
	return nil
}

// Multibase returns k in the form that [ParsePrivate] accepts, or "" if k is undefined. The text is secret.
func (k PrivateKey) Multibase() string {
	codec := codecPrivateK256
	if k.p256 != nil {
		codec = codecPrivateP256
	}
	if !k.Defined() {
		return ""
	}
	return base58Prefix + base58.Encode(append([]byte(codec), k.Bytes()...))
}

// Sign returns the signature of the SHA-256 hash of message in the form that [Key.Verify] accepts: 64 bytes, r and s,
// with a low s. The same message has the same signature each time (RFC 6979). If k is undefined, the error wraps [ErrKey].
func (k PrivateKey) Sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	switch {
	case k.k256 != nil:
		signature := ecdsa.Sign(k.k256, digest[:]) // has a low s
		r, s := signature.R(), signature.S()
		rb, sb := r.Bytes(), s.Bytes()
		return append(rb[:], sb[:]...), nil
	case k.p256 != nil:
		der, err := k.p256.Sign(nil, digest[:], crypto.SHA256)
		if err != nil {
			return nil, fmt.Errorf("multikey: %w", err)
		}
		var numbers struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(der, &numbers); err != nil {
			return nil, fmt.Errorf("multikey: %w", err)
		}
		order := elliptic.P256().Params().N
		if half := new(big.Int).Rsh(order, 1); numbers.S.Cmp(half) > 0 {
			numbers.S.Sub(order, numbers.S)
		}
		signature := make([]byte, SignatureSize)
		numbers.R.FillBytes(signature[:SignatureSize/2])
		numbers.S.FillBytes(signature[SignatureSize/2:])
		return signature, nil
	}
	return nil, fmt.Errorf("%w: the private key is undefined", ErrKey)
}
