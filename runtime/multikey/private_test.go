package multikey_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/layers-pub/layers-go/runtime/multikey"
)

// TestSign signs with keys of both curves. Half of all signatures would have a high s if nothing was done about it.
func TestSign(t *testing.T) {
	for _, curve := range []multikey.Curve{multikey.K256, multikey.P256} {
		for i := range 50 {
			key := multikey.Generate(curve)
			message := fmt.Appendf(nil, "message %d", i)
			signature, err := key.Sign(message)
			if err != nil {
				t.Fatal(err)
			}
			if err := key.Public().Verify(message, signature); err != nil {
				t.Fatalf("%s: %v", curve, err)
			}
			if err := multikey.Generate(curve).Public().Verify(message, signature); !errors.Is(err, multikey.ErrSignature) {
				t.Fatalf("%s: another key: %v", curve, err)
			}
			again, err := multikey.ParsePrivate(key.Multibase())
			if err != nil || again.Public() != key.Public() || !bytes.Equal(again.Bytes(), key.Bytes()) {
				t.Fatalf("%s: parsed as %s, %v", curve, again, err)
			}
			if second, err := again.Sign(message); err != nil || !bytes.Equal(second, signature) {
				t.Fatalf("%s: the signature differs: %x, %x, %v", curve, second, signature, err)
			}
			for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
				text := fmt.Sprintf(format, key)
				if strings.Contains(text, key.Multibase()) || strings.Contains(text, fmt.Sprintf("%x", key.Bytes())) {
					t.Fatalf("%s shows the private key", format)
				}
			}
		}
	}
}

func TestPrivateRefused(t *testing.T) {
	encode := func(codec string, b []byte) string { return "z" + base58.Encode(append([]byte(codec), b...)) }
	one, zero, high := append(make([]byte, 31), 1), make([]byte, 32), bytes.Repeat([]byte{0xff}, 32)
	for name, s := range map[string]string{
		"empty":             "",
		"a public key":      multikey.Generate(multikey.K256).Public().String(),
		"zero":              encode("\x81\x26", zero),
		"zero of p256":      encode("\x86\x26", zero),
		"above the order":   encode("\x81\x26", high),
		"above that of 256": encode("\x86\x26", high),
		"31 bytes":          encode("\x81\x26", one[1:]),
		"33 bytes":          encode("\x81\x26", append([]byte{0}, one...)),
		"no key":            encode("\x81\x26", nil),
		"one byte":          encode("\x81", nil),
		"no multibase":      encode("\x81\x26", one)[1:],
	} {
		if key, err := multikey.ParsePrivate(s); !errors.Is(err, multikey.ErrKey) || key.Defined() {
			t.Errorf("%s: %v, %v", name, key, err)
		} else if len(s) > 20 && strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error has the key: %v", name, err)
		}
	}
	if _, err := multikey.NewPrivate(0, one); !errors.Is(err, multikey.ErrKey) {
		t.Error(err)
	}
	var undefined multikey.PrivateKey
	if _, err := undefined.Sign(nil); !errors.Is(err, multikey.ErrKey) || undefined.Multibase() != "" || undefined.Bytes() != nil {
		t.Error(err)
	}
}

// TestKnownPrivate has the first private key of the W3C's vectors for did:key, in the form of a Multikey.
func TestKnownPrivate(t *testing.T) {
	b := []byte("\x90\x85\xd2\xbe\xf6\x92\x86\xa6\xcb\xb5\x16\x23\xc8\xfa\x25\x86\x29\x94\x5c\xd5\x5c\xa7\x05\xcc\x4e\x66\x70\x03\x96\x89\x4e\x0c")
	key, err := multikey.NewPrivate(multikey.K256, b)
	if err != nil || key.Public().DIDKey() != "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme" {
		t.Fatal(key, err)
	}
}

func ExamplePrivateKey_Sign() {
	key := multikey.Generate(multikey.K256)
	signature, err := key.Sign([]byte("a commit"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(signature), key.Public().Verify([]byte("a commit"), signature))
	// Output: 64 <nil>
}
