package corpus

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"slices"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// signingKey returns the key that signs all corpora. It is not secret.
func signingKey() *secp256k1.PrivateKey {
	secret := sha256.Sum256([]byte("layers-go test corpus"))
	return secp256k1.PrivKeyFromBytes(secret[:])
}

// Sign signs the SHA-256 hash of b with the key of all corpora. It returns the signature in the form of the AT Protocol: r
// and s, of 32 bytes each, with a low s. The same b has the same signature each time.
func Sign(b []byte) []byte {
	digest := sha256.Sum256(b)
	signature := ecdsa.Sign(signingKey(), digest[:])
	r, s := signature.R(), signature.S()
	rBytes, sBytes := r.Bytes(), s.Bytes()
	return append(rBytes[:], sBytes[:]...)
}

// SigningKey returns the public key of the corpus in multibase, as DID documents have it.
func (c *Corpus) SigningKey() string {
	multikey := append([]byte{0xe7, 0x01}, signingKey().PubKey().SerializeCompressed()...)
	return "z" + base58(multikey)
}

// DIDDocument returns the DID document of the corpus's account.
func (c *Corpus) DIDDocument() []byte {
	return fmt.Appendf(nil, `{
  "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
  "id": %[1]q,
  "alsoKnownAs": ["at://corpus.example.com"],
  "verificationMethod": [{
    "id": "%[1]s#atproto",
    "type": "Multikey",
    "controller": %[1]q,
    "publicKeyMultibase": %[2]q
  }],
  "service": [{
    "id": "#atproto_pds",
    "type": "AtprotoPersonalDataServer",
    "serviceEndpoint": "https://pds.example.com"
  }]
}
`, c.did, c.SigningKey())
}

// base58 encodes b in base58btc. b must begin with a byte other than 0.
func base58(b []byte) string {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	n, base, digit := new(big.Int).SetBytes(b), big.NewInt(58), new(big.Int)
	var text []byte
	for n.Sign() > 0 {
		n.DivMod(n, base, digit)
		text = append(text, digits[digit.Int64()])
	}
	slices.Reverse(text)
	return string(text)
}
