package cid_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// digestOfEmpty is the SHA-256 hash of no bytes at all.
const digestOfEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestOf(t *testing.T) {
	for _, test := range []struct {
		name  string
		codec byte
		data  string
		text  string
	}{
		{"raw, empty", cid.Raw, "", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
		{"DAG-CBOR, empty", cid.DagCBOR, "", "bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"},
		{"DAG-CBOR, empty map", cid.DagCBOR, "\xa0", "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua"},
		{"another codec", 0x70, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := cid.Of(test.codec, []byte(test.data))
			if got := c.String(); got != test.text {
				t.Fatalf("String() = %q, want %q", got, test.text)
			}
			if got := c.Defined(); got != (test.text != "") {
				t.Fatalf("Defined() = %v", got)
			}
			if !c.Defined() {
				return
			}
			if c.Codec() != test.codec {
				t.Errorf("Codec() = %#x, want %#x", c.Codec(), test.codec)
			}
			parsed, err := cid.Parse(test.text)
			if err != nil || parsed != c {
				t.Errorf("Parse(String()) = %v, %v", parsed, err)
			}
			fromBytes, err := cid.FromBytes(c[:])
			if err != nil || fromBytes != c {
				t.Errorf("FromBytes(c[:]) = %v, %v", fromBytes, err)
			}
		})
	}
	digest := cid.Of(cid.Raw, nil).Digest()
	if got := hex.EncodeToString(digest[:]); got != digestOfEmpty {
		t.Errorf("Digest() = %s, want %s", got, digestOfEmpty)
	}
}

func TestParseInvalid(t *testing.T) {
	const valid = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
	for _, test := range []struct{ name, text, message string }{
		{"empty", "", "must be b and 58"},
		{"short", valid[:58], "must be b and 58"},
		{"long", valid + "a", "must be b and 58"},
		{"version 0", "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", "must be b and 58"},
		{"upper case", strings.ToUpper(valid), "must be b and 58"},
		{"upper case but for the prefix", "b" + strings.ToUpper(valid[1:]), "canonical"},
		{"another base", "z" + valid[1:], "must be b and 58"},
		{"bits past the end", valid[:58] + "v", "canonical"},
		{"line end", valid[:57] + "\n" + valid[58:], "canonical"},
		{"padding", valid[:58] + "=", "canonical"},
		{"outside the alphabet", valid[:57] + "1" + valid[58:], "canonical"},
		{"version 2", "bajkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "version 2"},
		{"codec dag-pb", "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", "codec 0x70"},
		{"very long", strings.Repeat("b", 10_000), "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := cid.Parse(test.text)
			if !errors.Is(err, cid.ErrInvalid) {
				t.Fatalf("Parse = %v, %v; want ErrInvalid", c, err)
			}
			if !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %q does not say %q", err, test.message)
			}
			if len(err.Error()) > 300 {
				t.Errorf("error is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestFromBytesInvalid(t *testing.T) {
	for _, test := range []struct{ name, bytes, message string }{
		{"empty", "", "0 bytes"},
		{"version 0", "1220" + digestOfEmpty, "version 0"},
		{"version 2", "02551220" + digestOfEmpty, "version 2"},
		{"codec", "01701220" + digestOfEmpty, "codec 0x70"},
		{"hash function", "01551320" + digestOfEmpty, "hash function 0x13"},
		{"digest length", "0155121f" + digestOfEmpty, "digest of 31"},
		{"short", "01551220" + digestOfEmpty[2:], "35 bytes"},
		{"long", "01551220" + digestOfEmpty + "00", "37 bytes"},
		{"all zero", strings.Repeat("00", 36), "version 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := hex.DecodeString(test.bytes)
			if err != nil {
				t.Fatal(err)
			}
			c, err := cid.FromBytes(b)
			if !errors.Is(err, cid.ErrInvalid) || !strings.Contains(err.Error(), test.message) {
				t.Fatalf("FromBytes = %v, %v; want an error with %q", c, err, test.message)
			}
		})
	}
}

func TestText(t *testing.T) {
	type pair struct{ Set, Unset cid.CID }
	in := pair{Set: cid.Of(cid.Raw, nil)}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"Set":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","Unset":""}`
	if string(b) != want {
		t.Fatalf("Marshal = %s, want %s", b, want)
	}
	out := pair{Unset: in.Set}
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Fatalf("Unmarshal = %v, %v; want %v", out, err, in)
	}
	if err := out.Set.UnmarshalText([]byte("bafkrei")); err == nil || out != in {
		t.Errorf("UnmarshalText of a bad CID: %v, and the value is %v", err, out)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
	f.Add("bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := cid.Parse(text)
		if err == nil && c.String() != text {
			t.Errorf("Parse(%q).String() = %q", text, c.String())
		}
	})
}
