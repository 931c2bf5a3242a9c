package multikey

import (
	"bytes"
	stdecdsa "crypto/ecdsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// ErrSignature says that a signature is not valid. Every error of [Key.Verify] wraps it.
var ErrSignature = errors.New("invalid signature")

// SignatureSize is the size of a signature in bytes: the numbers r and s, of 32 bytes each.
const SignatureSize = 64

// limits are the highest values that r and s of a signature may have: the order of the curve minus one,
// and half of the order. Each signature with an s above that ("high S") has an equivalent form with an s
// below. The AT Protocol allows only the low form.
type limits struct{ r, s string }

var limitsK256 = limits{
	r: "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe" +
		"\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x40",
	s: "\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" +
		"\x5d\x57\x6e\x73\x57\xa4\x50\x1d\xdf\xe9\x2f\x46\x68\x1b\x20\xa0",
}

var limitsP256 = limits{
	r: "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff" +
		"\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x50",
	s: "\x7f\xff\xff\xff\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff" +
		"\xde\x73\x7d\x56\xd3\x8b\xcf\x42\x79\xdc\xe5\x61\x7e\x31\x92\xa8",
}

// Verify checks that signature is a valid signature of the SHA-256 hash of message under k. A signature must
// have 64 bytes, r and s, and a low s; other forms, such as DER, are refused. Verify returns nil if the
// signature is valid, and otherwise an error that wraps [ErrSignature].
func (k Key) Verify(message, signature []byte) error {
	if !k.Defined() {
		return fmt.Errorf("%w: the key is undefined", ErrSignature)
	}
	if len(signature) != SignatureSize {
		return fmt.Errorf("%w: it has %d bytes, must have %d", ErrSignature, len(signature), SignatureSize)
	}
	r, s := signature[:SignatureSize/2], signature[SignatureSize/2:]
	limits, verify := limitsK256, verifyK256
	if k.curve == P256 {
		limits, verify = limitsP256, verifyP256
	}
	var zero [SignatureSize / 2]byte
	switch {
	case bytes.Equal(r, zero[:]) || bytes.Equal(s, zero[:]):
		return fmt.Errorf("%w: r or s is zero", ErrSignature)
	case string(r) > limits.r:
		return fmt.Errorf("%w: r is above the order of the curve", ErrSignature)
	case string(s) > limits.s:
		return fmt.Errorf("%w: s is not low (above half the order of the curve)", ErrSignature)
	}
	digest := sha256.Sum256(message)
	if !verify(k, digest[:], r, s) {
		return fmt.Errorf("%w: it was not made by key %s", ErrSignature, k)
	}
	return nil
}

func verifyK256(k Key, digest, r, s []byte) bool {
	key, err := secp256k1.ParsePubKey(k.point[:])
	if err != nil {
		return false
	}
	var rn, sn secp256k1.ModNScalar
	rn.SetByteSlice(r)
	sn.SetByteSlice(s)
	return ecdsa.NewSignature(&rn, &sn).Verify(digest, key)
}

func verifyP256(k Key, digest, r, s []byte) bool {
	key, err := k.p256()
	if err != nil {
		return false
	}
	return stdecdsa.Verify(key, digest, new(big.Int).SetBytes(r), new(big.Int).SetBytes(s))
}
