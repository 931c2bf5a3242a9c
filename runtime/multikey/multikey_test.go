package multikey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	k256ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"

	"github.com/layers-pub/layers-go/runtime/multikey"
)

// The vectors of the protocol's conformance tests, https://github.com/bluesky-social/atproto, for
// signatures: keys in their forms, and a message ({"hello": "world"} in CBOR) that they have signed.
const message = "oWVoZWxsb2V3b3JsZA"

var signatures = []struct {
	name      string
	legacy    string
	didKey    string
	multibase string
	signature string
	valid     bool
}{
	{
		"p256, low S", "EcdsaSecp256r1VerificationKey2019",
		"did:key:zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo",
		"zxdM8dSstjrpZaRUwBmDvjGXweKuEMVN95A9oJBFjkWMh",
		"2vZNsG3UKvvO/CDlrdvyZRISOFylinBh0Jupc6KcWoJWExHptCfduPleDbG3rko3YZnn9Lw0IjpixVmexJDegg", true,
	},
	{
		"k256, low S", "EcdsaSecp256k1VerificationKey2019",
		"did:key:zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc",
		"z25z9DTpsiYYJKGsWmSPJK2NFN8PcJtZig12K59UgW7q5t",
		"5WpdIuEUUfVUYaozsi8G0B3cWO09cgZbIIwg1t2YKdUn/FEznOndsz/qgiYb89zwxYCbB71f7yQK5Lr7NasfoA", true,
	},
	{
		"p256, high S", "EcdsaSecp256r1VerificationKey2019",
		"did:key:zDnaembgSGUhZULN2Caob4HLJPaxBh92N7rtH21TErzqf8HQo",
		"zxdM8dSstjrpZaRUwBmDvjGXweKuEMVN95A9oJBFjkWMh",
		"2vZNsG3UKvvO/CDlrdvyZRISOFylinBh0Jupc6KcWoKp7O4VS9giSAah8k5IUbXIW00SuOrjfEqQ9HEkN9JGzw", false,
	},
	{
		"k256, high S", "EcdsaSecp256k1VerificationKey2019",
		"did:key:zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc",
		"z25z9DTpsiYYJKGsWmSPJK2NFN8PcJtZig12K59UgW7q5t",
		"5WpdIuEUUfVUYaozsi8G0B3cWO09cgZbIIwg1t2YKdXYA67MYxYiTMAVfdnkDCMN9S5B3vHosRe07aORmoshoQ", false,
	},
}

func TestVectors(t *testing.T) {
	for _, test := range signatures {
		key, err := multikey.ParseDIDKey(test.didKey)
		if err != nil {
			t.Fatal(err)
		}
		legacy, err := multikey.ParseLegacy(test.legacy, test.multibase)
		if err != nil || legacy != key {
			t.Errorf("%s: the older form is %v, %v", test.name, legacy, err)
		}
		if !strings.HasPrefix(test.name, key.Curve().String()) {
			t.Errorf("%s: the curve is %s", test.name, key.Curve())
		}
		signature := unbase64(t, test.signature)
		err = key.Verify(unbase64(t, message), signature)
		if test.valid != (err == nil) || err != nil && !errors.Is(err, multikey.ErrSignature) {
			t.Errorf("%s: Verify = %v", test.name, err)
		}
		if !test.valid {
			if err == nil || !strings.Contains(err.Error(), "not low") {
				t.Errorf("%s: Verify = %v", test.name, err)
			}
			continue
		}
		// The same numbers in DER.
		der, err := asn1.Marshal(struct{ R, S *big.Int }{
			new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Verify(unbase64(t, message), der); !errors.Is(err, multikey.ErrSignature) {
			t.Errorf("%s: Verify of DER = %v", test.name, err)
		}
		if err := key.Verify(nil, signature); !errors.Is(err, multikey.ErrSignature) {
			t.Errorf("%s: Verify of another message = %v", test.name, err)
		}
	}
}

func unbase64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDIDKeys has the W3C's vectors for did:key: private keys, whose public keys it takes from others.
func TestDIDKeys(t *testing.T) {
	for private, want := range map[string]string{
		"9085d2bef69286a6cbb51623c8fa258629945cd55ca705cc4e66700396894e0c": "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
		"f0f4df55a2b3ff13051ea814a8f24ad00f2e469af73c363ac7e9fb999a9072ed": "did:key:zQ3shtxV1FrJfhqE1dvxYRcCknWNjHc3c5X1y3ZSoPDi2aur2",
		"6b0b91287ae3348f8c2f2552d766f30e3604867e34adc37ccbb74a8e6b893e02": "did:key:zQ3shZc2QzApp2oymGvQbzP8eKheVshBHbU4ZYjeXqwSKEn6N",
		"c0a6a7c560d37d7ba81ecee9543721ff48fea3e0fb827d42c1868226540fac15": "did:key:zQ3shadCps5JLAHcZiuX5YUtWHHL8ysBJqFLWvjZDKAWUBGzy",
		"175a232d440be1e0788f25488a73d9416c04b6f924bea6354bf05dd2f1a75133": "did:key:zQ3shptjE6JwdkeKN4fcpnYQY3m9Cet3NiHdAfpvSUZBFoKBj",
	} {
		b, err := hex.DecodeString(private)
		if err != nil {
			t.Fatal(err)
		}
		public := secp256k1.PrivKeyFromBytes(b).PubKey()
		holds(t, multikey.K256, want, public.SerializeCompressed(), public.SerializeUncompressed())
	}
	b, err := base58.Decode("9p4VRzdmhsnq869vQjVCTrRry7u4TtfRxhvBFJTGU2Cp")
	if err != nil {
		t.Fatal(err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
	if err != nil {
		t.Fatal(err)
	}
	compressed, uncompressed := points(t, &private.PublicKey)
	holds(t, multikey.P256, "did:key:zDnaeTiq1PdzvZXUaMdezchcMJQpBdH2VN4pgrrEhMCCbmwSb", compressed, uncompressed)
}

// points returns the two forms of a point of p256.
func points(t testing.TB, key *ecdsa.PublicKey) (compressed, uncompressed []byte) {
	t.Helper()
	uncompressed, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte{2 | uncompressed[64]&1}, uncompressed[1:33]...), uncompressed
}

// holds checks all forms of a key against its did:key.
func holds(t *testing.T, curve multikey.Curve, didKey string, compressed, uncompressed []byte) {
	t.Helper()
	key, err := multikey.ParseDIDKey(didKey)
	if err != nil {
		t.Fatal(err)
	}
	if key.DIDKey() != didKey || "did:key:"+key.String() != didKey || key.Curve() != curve || !key.Defined() {
		t.Errorf("%s is %s, %s, %s", didKey, key.DIDKey(), key, key.Curve())
	}
	typ := map[multikey.Curve]string{multikey.K256: "EcdsaSecp256k1VerificationKey2019", multikey.P256: "EcdsaSecp256r1VerificationKey2019"}
	for _, point := range [][]byte{compressed, uncompressed} {
		if got, err := multikey.ParseLegacy(typ[curve], "z"+base58.Encode(point)); err != nil || got != key {
			t.Errorf("%s: %d bytes give %s, %v", didKey, len(point), got, err)
		}
	}
	// A point with the other y is another key, and one with no y is none.
	compressed = bytes.Clone(compressed)
	compressed[0] ^= 1
	if got, err := multikey.ParseLegacy(typ[curve], "z"+base58.Encode(compressed)); err != nil || got == key {
		t.Errorf("%s: the other point gives %s, %v", didKey, got, err)
	}
	uncompressed = bytes.Clone(uncompressed)
	uncompressed[64] ^= 2
	if got, err := multikey.ParseLegacy(typ[curve], "z"+base58.Encode(uncompressed)); !errors.Is(err, multikey.ErrKey) || got.Defined() {
		t.Errorf("%s: a point off the curve gives %s, %v", didKey, got, err)
	}
}

// TestFixture has the key in the DID document of the acceptance archive.
func TestFixture(t *testing.T) {
	b, err := os.ReadFile("../../tests/testdata/acceptance.did.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		VerificationMethod []struct{ Type, PublicKeyMultibase string }
	}
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	method := document.VerificationMethod[0]
	key, err := multikey.ParseLegacy(method.Type, method.PublicKeyMultibase)
	if err != nil || key.Curve() != multikey.K256 {
		t.Fatal(key, err)
	}
	if again, err := multikey.Parse(key.String()); err != nil || again != key {
		t.Errorf("as a Multikey: %s, %v", again, err)
	}
}

func TestParseRefuses(t *testing.T) {
	const (
		didKey    = "did:key:zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc"
		multibase = "zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc"
		k256Type  = "EcdsaSecp256k1VerificationKey2019"
	)
	k256, err := multikey.Parse(multibase)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := base58.Decode(multibase[1:])
	point := raw[2:]
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, uncompressed := points(t, &private.PublicKey)
	hybrid := secp256k1.PrivKeyFromBytes([]byte{5}).PubKey().SerializeUncompressed()
	hybrid[0] = 6 | hybrid[64]&1
	encode := func(parts ...[]byte) string { return "z" + base58.Encode(bytes.Join(parts, nil)) }
	k256Codec, p256Codec := []byte{0xe7, 0x01}, []byte{0x80, 0x24}
	for name, parse := range map[string]func() (multikey.Key, error){
		"empty":                     func() (multikey.Key, error) { return multikey.Parse("") },
		"z alone":                   func() (multikey.Key, error) { return multikey.Parse("z") },
		"no z":                      func() (multikey.Key, error) { return multikey.Parse(multibase[1:]) },
		"base58 of another kind":    func() (multikey.Key, error) { return multikey.Parse("Z" + multibase[1:]) },
		"a did:key":                 func() (multikey.Key, error) { return multikey.Parse(didKey) },
		"a space":                   func() (multikey.Key, error) { return multikey.Parse(multibase + " ") },
		"a letter that is none":     func() (multikey.Key, error) { return multikey.Parse(multibase[:20] + "0" + multibase[21:]) },
		"not ASCII":                 func() (multikey.Key, error) { return multikey.Parse(multibase[:20] + "é" + multibase[21:]) },
		"too long":                  func() (multikey.Key, error) { return multikey.Parse("z" + strings.Repeat("2", 1<<20)) },
		"a byte less":               func() (multikey.Key, error) { return multikey.Parse(encode(raw[:34])) },
		"a byte more":               func() (multikey.Key, error) { return multikey.Parse(encode(raw, []byte{0})) },
		"a zero in front":           func() (multikey.Key, error) { return multikey.Parse("z1" + multibase[1:]) },
		"no codec":                  func() (multikey.Key, error) { return multikey.Parse(encode(point)) },
		"another codec":             func() (multikey.Key, error) { return multikey.Parse(encode([]byte{0xed, 0x01}, point)) },
		"the codec not as a varint": func() (multikey.Key, error) { return multikey.Parse(encode([]byte{0xe7}, point)) },
		"the sign of no point":      func() (multikey.Key, error) { return multikey.Parse(encode(k256Codec, []byte{4}, point[1:])) },
		"an uncompressed point":     func() (multikey.Key, error) { return multikey.Parse(encode(p256Codec, uncompressed)) },
		"x above the field": func() (multikey.Key, error) {
			return multikey.Parse(encode(k256Codec, []byte{2}, bytes.Repeat([]byte{0xff}, 32)))
		},
		"x above the field of p256": func() (multikey.Key, error) {
			return multikey.Parse(encode(p256Codec, []byte{2}, bytes.Repeat([]byte{0xff}, 32)))
		},
		"x without a y": func() (multikey.Key, error) {
			return multikey.Parse(encode(k256Codec, []byte{2}, make([]byte, 31), []byte{5}))
		},
		"x without a y on p256": func() (multikey.Key, error) {
			return multikey.Parse(encode(p256Codec, []byte{2}, make([]byte, 31), []byte{1}))
		},
		"did:key with another method":   func() (multikey.Key, error) { return multikey.ParseDIDKey("did:kez:" + multibase) },
		"did:key without did:key":       func() (multikey.Key, error) { return multikey.ParseDIDKey(multibase) },
		"did:key with a fragment":       func() (multikey.Key, error) { return multikey.ParseDIDKey(didKey + "#" + multibase) },
		"did:key in upper case":         func() (multikey.Key, error) { return multikey.ParseDIDKey(strings.ToUpper(didKey[:8]) + didKey[8:]) },
		"an older type that is none":    func() (multikey.Key, error) { return multikey.ParseLegacy("Multikey", multibase) },
		"an older type with a codec":    func() (multikey.Key, error) { return multikey.ParseLegacy(k256Type, multibase) },
		"an older type, another curve":  func() (multikey.Key, error) { return multikey.ParseLegacy(k256Type, encode(uncompressed)) },
		"an older type, a hybrid point": func() (multikey.Key, error) { return multikey.ParseLegacy(k256Type, encode(hybrid)) },
		"an older type, infinity":       func() (multikey.Key, error) { return multikey.ParseLegacy(k256Type, encode([]byte{0})) },
		"an older type, empty":          func() (multikey.Key, error) { return multikey.ParseLegacy(k256Type, "") },
		"an older type, the sign alone": func() (multikey.Key, error) { return multikey.ParseLegacy(k256Type, encode(point[:1])) },
	} {
		key, err := parse()
		if !errors.Is(err, multikey.ErrKey) || key != (multikey.Key{}) {
			t.Errorf("%s: %v, %v", name, key, err)
		}
		if err != nil && len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes", name, len(err.Error()))
		}
	}
	var none multikey.Key
	if none.Defined() || none.String() != "" || none.DIDKey() != "" || none.Curve() != 0 || none.Curve().String() != "" {
		t.Errorf("the undefined key is %s, %s", none, none.Curve())
	}
	if err := none.Verify(nil, make([]byte, 64)); !errors.Is(err, multikey.ErrSignature) {
		t.Errorf("Verify of the undefined key: %v", err)
	}
	if k256 == none {
		t.Error("a key is the undefined one")
	}
}

// signer signs for a test; its signatures may have a high S.
type signer struct {
	key   multikey.Key
	order *big.Int
	sign  func(digest []byte) (r, s *big.Int)
}

func k256Signer(t testing.TB, secret []byte) signer {
	t.Helper()
	private := secp256k1.PrivKeyFromBytes(secret)
	key, err := multikey.Parse("z" + base58.Encode(append([]byte{0xe7, 0x01}, private.PubKey().SerializeCompressed()...)))
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, secp256k1.Params().N, func(digest []byte) (*big.Int, *big.Int) {
		signature := k256ecdsa.Sign(private, digest)
		r, s := signature.R(), signature.S()
		rBytes, sBytes := r.Bytes(), s.Bytes()
		return new(big.Int).SetBytes(rBytes[:]), new(big.Int).SetBytes(sBytes[:])
	}}
}

func p256Signer(t testing.TB) signer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	compressed, _ := points(t, &private.PublicKey)
	key, err := multikey.Parse("z" + base58.Encode(append([]byte{0x80, 0x24}, compressed...)))
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, elliptic.P256().Params().N, func(digest []byte) (*big.Int, *big.Int) {
		r, s, err := ecdsa.Sign(rand.Reader, private, digest)
		if err != nil {
			t.Fatal(err)
		}
		return r, s
	}}
}

// compact returns a signature in 64 bytes.
func compact(r, s *big.Int) []byte {
	b := make([]byte, 64)
	r.FillBytes(b[:32])
	s.FillBytes(b[32:])
	return b
}

// TestSigners signs at random, and alters what was signed.
func TestSigners(t *testing.T) {
	for i := range 20 {
		secret := sha256.Sum256([]byte{byte(i)})
		for _, s := range []signer{k256Signer(t, secret[:]), p256Signer(t)} {
			message := fmt.Appendf(nil, "message %d", i)
			digest := sha256.Sum256(message)
			r, low := s.sign(digest[:])
			high := new(big.Int).Sub(s.order, low)
			if low.Cmp(high) > 0 {
				low, high = high, low
			}
			good := compact(r, low)
			if err := s.key.Verify(message, good); err != nil {
				t.Fatalf("%s: %v", s.key.Curve(), err)
			}
			if again, err := multikey.ParseDIDKey(s.key.DIDKey()); err != nil || again.Verify(message, good) != nil {
				t.Errorf("%s: parsed again: %v", s.key, err)
			}
			flipped := bytes.Clone(good)
			flipped[(i*7)%64] ^= 1 << (i % 8)
			for name, bad := range map[string][]byte{
				"high s":                   compact(r, high),
				"r and s in turn":          compact(low, r),
				"r of zero":                compact(new(big.Int), low),
				"s of zero":                compact(r, new(big.Int)),
				"all zero":                 make([]byte, 64),
				"r is the order":           compact(s.order, low),
				"s is the order":           compact(r, s.order),
				"all ones":                 bytes.Repeat([]byte{0xff}, 64),
				"a bit flipped":            flipped,
				"empty":                    nil,
				"63 bytes":                 good[:63],
				"65 bytes":                 append(bytes.Clone(good), 0),
				"a recovery byte in front": append([]byte{27}, good...),
			} {
				if err := s.key.Verify(message, bad); !errors.Is(err, multikey.ErrSignature) {
					t.Errorf("%s: %s: %v", s.key.Curve(), name, err)
				}
			}
			if err := s.key.Verify(append(message, 0), good); !errors.Is(err, multikey.ErrSignature) {
				t.Errorf("%s: another message: %v", s.key.Curve(), err)
			}
		}
	}
}

// TestLimits has the highest and the lowest numbers that r and s may be.
func TestLimits(t *testing.T) {
	for _, s := range []signer{k256Signer(t, []byte{1}), p256Signer(t)} {
		half := new(big.Int).Rsh(s.order, 1)
		one := big.NewInt(1)
		for _, test := range []struct {
			name    string
			r, s    *big.Int
			message string
		}{
			{"the highest r and s", new(big.Int).Sub(s.order, one), half, "not made by key"},
			{"r at the order", s.order, half, "r is above"},
			{"s above half of the order", one, new(big.Int).Add(half, one), "not low"},
			{"the lowest", one, one, "not made by key"},
			{"r of zero", new(big.Int), one, "is zero"},
			{"s of zero", one, new(big.Int), "is zero"},
		} {
			err := s.key.Verify([]byte("message"), compact(test.r, test.s))
			if err == nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("%s: %s: %v, want %q", s.key.Curve(), test.name, err, test.message)
			}
		}
	}
}

// TestAgainstTextbook compares the verdicts on k256 with those of the formulas, in plain numbers.
func TestAgainstTextbook(t *testing.T) {
	for i := range 40 {
		secret := sha256.Sum256(fmt.Appendf(nil, "secret %d", i))
		s := k256Signer(t, secret[:])
		digest := sha256.Sum256([]byte("message"))
		r, low := s.sign(digest[:])
		if i%2 == 1 {
			low = new(big.Int).Xor(low, big.NewInt(1<<i))
		}
		want := textbook(secp256k1.PrivKeyFromBytes(secret[:]).PubKey(), digest[:], r, low)
		if err := s.key.Verify([]byte("message"), compact(r, low)); want != (err == nil) || want != (i%2 == 0) {
			t.Errorf("signature %d: Verify = %v, the textbook says %v", i, err, want)
		}
	}
}

// textbook verifies a signature of k256 as SEC 1, section 4.1.4, writes it.
func textbook(key *secp256k1.PublicKey, digest []byte, r, s *big.Int) bool {
	params := secp256k1.Params()
	p, n := params.P, params.N
	type point struct{ x, y *big.Int } // x is nil at infinity
	add := func(a, b point) point {
		if a.x == nil {
			return b
		}
		if b.x == nil {
			return a
		}
		slope := new(big.Int)
		switch {
		case a.x.Cmp(b.x) != 0:
			slope.ModInverse(slope.Mod(slope.Sub(b.x, a.x), p), p)
			slope.Mul(slope, new(big.Int).Sub(b.y, a.y))
		case a.y.Cmp(b.y) != 0:
			return point{}
		default:
			slope.ModInverse(new(big.Int).Lsh(a.y, 1), p)
			slope.Mul(slope, new(big.Int).Mul(big.NewInt(3), new(big.Int).Mul(a.x, a.x)))
		}
		slope.Mod(slope, p)
		x := new(big.Int).Mul(slope, slope)
		x.Mod(x.Sub(x.Sub(x, a.x), b.x), p)
		y := new(big.Int).Sub(a.x, x)
		y.Mod(y.Sub(y.Mul(y, slope), a.y), p)
		return point{x, y}
	}
	times := func(k *big.Int, a point) (sum point) {
		for i := k.BitLen() - 1; i >= 0; i-- {
			sum = add(sum, sum)
			if k.Bit(i) == 1 {
				sum = add(sum, a)
			}
		}
		return sum
	}
	w := new(big.Int).ModInverse(s, n)
	u1 := new(big.Int).Mul(new(big.Int).SetBytes(digest), w)
	u2 := new(big.Int).Mul(r, w)
	sum := add(times(u1.Mod(u1, n), point{params.Gx, params.Gy}), times(u2.Mod(u2, n), point{key.X(), key.Y()}))
	return sum.x != nil && new(big.Int).Mod(sum.x, n).Cmp(r) == 0
}

func FuzzParse(f *testing.F) {
	for _, test := range signatures {
		f.Add(test.didKey)
		f.Add(test.multibase)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, parse := range map[string]func(string) (multikey.Key, error){
			"Parse":       multikey.Parse,
			"ParseDIDKey": multikey.ParseDIDKey,
			"k256": func(s string) (multikey.Key, error) {
				return multikey.ParseLegacy("EcdsaSecp256k1VerificationKey2019", s)
			},
			"p256": func(s string) (multikey.Key, error) {
				return multikey.ParseLegacy("EcdsaSecp256r1VerificationKey2019", s)
			},
		} {
			key, err := parse(s)
			if err != nil {
				if !errors.Is(err, multikey.ErrKey) || key.Defined() {
					t.Errorf("%s(%q) = %v, %v", name, s, key, err)
				}
				continue
			}
			again, err := multikey.Parse(key.String())
			if err != nil || again != key {
				t.Errorf("%s(%q) = %v, parsed again %v, %v", name, s, key, again, err)
			}
			if name == "Parse" && key.String() != s || name == "ParseDIDKey" && key.DIDKey() != s {
				t.Errorf("%s(%q) has another form: %s", name, s, key)
			}
		}
	})
}

// FuzzVerify holds that a message has one signature of the form: no other bytes hold.
func FuzzVerify(f *testing.F) {
	for _, test := range signatures {
		f.Add(unbase64(f, test.signature))
	}
	keys := map[multikey.Key]string{}
	for _, test := range signatures[:2] {
		key, err := multikey.ParseDIDKey(test.didKey)
		if err != nil {
			f.Fatal(err)
		}
		keys[key] = string(unbase64(f, test.signature))
	}
	message := unbase64(f, message)
	f.Fuzz(func(t *testing.T, signature []byte) {
		for key, good := range keys {
			if err := key.Verify(message, signature); (err == nil) != (string(signature) == good) {
				t.Errorf("%s: Verify(%x) = %v", key.Curve(), signature, err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	message := unbase64(b, message)
	for _, test := range signatures[:2] {
		key, err := multikey.ParseDIDKey(test.didKey)
		if err != nil {
			b.Fatal(err)
		}
		signature := unbase64(b, test.signature)
		b.Run(key.Curve().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := key.Verify(message, signature); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
