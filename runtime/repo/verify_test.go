package repo_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// signer is a key of p256 that signs repositories.
type signer struct {
	key     multikey.Key
	private *ecdsa.PrivateKey
}

func newSigner(tb testing.TB) *signer {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	key, err := multikey.ParseLegacy("EcdsaSecp256r1VerificationKey2019", "z"+base58.Encode(point))
	if err != nil {
		tb.Fatal(err)
	}
	return &signer{key, private}
}

// sign signs with a low S.
func (s *signer) sign(unsigned []byte) ([]byte, error) { return s.signAs(unsigned, false) }

func (s *signer) signAs(unsigned []byte, high bool) ([]byte, error) {
	digest := sha256.Sum256(unsigned)
	r, n, err := ecdsa.Sign(rand.Reader, s.private, digest[:])
	if err != nil {
		return nil, err
	}
	order := elliptic.P256().Params().N
	if other := new(big.Int).Sub(order, n); high == (n.Cmp(other) < 0) {
		n = other
	}
	signature := make([]byte, multikey.SignatureSize)
	r.FillBytes(signature[:32])
	n.FillBytes(signature[32:])
	return signature, nil
}

// signed returns an archive of records, signed by s.
func (s *signer) signed(tb testing.TB, all []repo.Record) []byte {
	tb.Helper()
	var out bytes.Buffer
	if _, err := repo.Build(tb.Context(), &out, repo.Commit{DID: testDID, Rev: testRev}, all, s.sign, repo.OrderTree); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

const acceptanceDID = syntax.DID("did:plc:dlkuiatgml2qsceoi5njkvs7")

// acceptance returns the archive that the reference server wrote, and its account's key.
func acceptance(tb testing.TB) ([]byte, multikey.Key) {
	tb.Helper()
	const name = "../../tests/testdata/acceptance"
	archive, err := os.ReadFile(name + ".car")
	if err != nil {
		tb.Fatal(err)
	}
	text, err := os.ReadFile(name + ".did.json")
	if err != nil {
		tb.Fatal(err)
	}
	var document struct {
		VerificationMethod []struct{ Type, PublicKeyMultibase string }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		tb.Fatal(err)
	}
	method := document.VerificationMethod[0]
	key, err := multikey.ParseLegacy(method.Type, method.PublicKeyMultibase)
	if err != nil {
		tb.Fatal(err)
	}
	return archive, key
}

func TestVerify(t *testing.T) {
	p256 := newSigner(t)
	large := corpus.New(100)
	largeArchive, err := large.CAR()
	if err != nil {
		t.Fatal(err)
	}
	largeKey, err := multikey.Parse(large.SigningKey())
	if err != nil {
		t.Fatal(err)
	}
	acceptanceArchive, acceptanceKey := acceptance(t)
	for _, test := range []struct {
		name    string
		archive []byte
		did     syntax.DID
		key     multikey.Key
	}{
		{"by the reference server, k256", acceptanceArchive, acceptanceDID, acceptanceKey},
		{"of the corpus, k256", largeArchive, syntax.DID(large.DID()), largeKey},
		{"p256", p256.signed(t, smallRecords(100)), testDID, p256.key},
		{"p256, empty", p256.signed(t, nil), testDID, p256.key},
	} {
		for _, way := range ways {
			r, err := way.open(t.Context(), test.archive)
			if err != nil {
				t.Fatal(err)
			}
			if err := r.Verify(test.did+"x", test.key); !errors.Is(err, repo.ErrDID) || !strings.Contains(err.Error(), string(test.did)) {
				t.Errorf("%s: another account: %v", test.name, err)
			}
			for _, key := range []multikey.Key{{}, newSigner(t).key} {
				if err := r.Verify(test.did, key); !errors.Is(err, multikey.ErrSignature) || !strings.Contains(err.Error(), string(test.did)) {
					t.Errorf("%s: with key %s: %v", test.name, key, err)
				}
			}
			trusted(t, r, rec.Hashed)
			if err := r.Verify(test.did, test.key); err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			trusted(t, r, rec.Signed)
			if commit := r.Commit(); commit.Verify(test.key) != nil {
				t.Errorf("%s: the commit alone: %v", test.name, commit.Verify(test.key))
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// trusted checks that all records come with the trust.
func trusted(t *testing.T, r *repo.Repo, want rec.Trust) {
	t.Helper()
	if r.Trust() != want {
		t.Errorf("the trust is %s, not %s", r.Trust(), want)
	}
	for d, err := range r.Decode(t.Context(), records.Lookup, nil) {
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Envelope().Trust; got != want {
			t.Fatalf("%s: the trust is %s, not %s", d.URI(), got, want)
		}
	}
	for e, err := range r.Envelopes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Trust != want {
			t.Fatalf("%s: the trust is %s, not %s", e.URI, e.Trust, want)
		}
	}
}

// TestVerifyCommit alters each field of a signed commit.
func TestVerifyCommit(t *testing.T) {
	s := newSigner(t)
	signed := testCommit()
	var err error
	if signed.Sig, err = s.sign(signed.Unsigned()); err != nil {
		t.Fatal(err)
	}
	if err := signed.Verify(s.key); err != nil {
		t.Fatal(err)
	}
	for name, alter := range map[string]func(c *repo.Commit){
		"DID":         func(c *repo.Commit) { c.DID = "did:plc:ewvi7nxzyoun6zhxrhs64oix" },
		"revision":    func(c *repo.Commit) { c.Rev = "3jzfcijpj2z2b" },
		"data":        func(c *repo.Commit) { c.Data = cid.Of(cid.DagCBOR, []byte("other data")) },
		"prev":        func(c *repo.Commit) { c.Prev = c.Data },
		"signature":   func(c *repo.Commit) { c.Sig = bytes.Clone(c.Sig); c.Sig[40] ^= 1 },
		"no sig":      func(c *repo.Commit) { c.Sig = nil },
		"a longer":    func(c *repo.Commit) { c.Sig = append(bytes.Clone(c.Sig), 0) },
		"high S":      func(c *repo.Commit) { c.Sig, _ = s.signAs(c.Unsigned(), true) },
		"another key": func(c *repo.Commit) { c.Sig, _ = newSigner(t).sign(c.Unsigned()) },
	} {
		altered := signed
		alter(&altered)
		if err := altered.Verify(s.key); !errors.Is(err, multikey.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVerifyAtOnce verifies while others read.
func TestVerifyAtOnce(t *testing.T) {
	s := newSigner(t)
	r, err := repo.FromBytes(t.Context(), s.signed(t, smallRecords(200)))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for d, err := range r.Decode(t.Context(), records.Lookup, nil) {
				if err != nil {
					t.Error(err)
					return
				}
				d.Envelope()
			}
		})
		all.Go(func() {
			if err := r.Verify(testDID, s.key); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
