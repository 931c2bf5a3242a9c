package lex_test

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// linkOf returns a binary CID whose digest has length bytes.
func linkOf(codec, hash uint64, length int) []byte {
	b := binary.AppendUvarint(binary.AppendUvarint([]byte{1}, codec), hash)
	b = binary.AppendUvarint(b, uint64(length))
	for i := range length {
		b = append(b, byte(i))
	}
	return b
}

// textOf returns the text of a binary CID.
func textOf(binary []byte) string {
	return "b" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(binary))
}

// A digest is as long as its hash function makes it, in both encodings and wherever a link may stand.
func TestLinkDigestLength(t *testing.T) {
	for _, test := range []struct {
		name   string
		hash   uint64
		length int // -1: any
	}{
		{"sha1", 0x11, 20},
		{"sha2-256", 0x12, 32},
		{"sha2-512", 0x13, 64},
		{"sha3-512", 0x14, 64},
		{"sha3-384", 0x15, 48},
		{"sha3-256", 0x16, 32},
		{"sha3-224", 0x17, 28},
		{"keccak-256", 0x1b, 32},
		{"blake3", 0x1e, 32},
		{"sha2-384", 0x20, 48},
		{"dbl-sha2-256", 0x56, 32},
		{"md5", 0xd5, 16},
		{"sha2-512-256", 0x1015, 32},
		{"blake2b-8", 0xb201, 1},
		{"blake2b-256", 0xb220, 32},
		{"blake2b-512", 0xb240, 64},
		{"blake2s-8", 0xb241, 1},
		{"blake2s-256", 0xb260, 32},
		{"skein256-256", 0xb320, 32},
		{"skein512-512", 0xb360, 64},
		{"skein1024-1024", 0xb3e0, 128},
		{"identity", 0x00, -1},
		{"a function of tomorrow", 0x300001, -1},
	} {
		lengths := []int{0, 1, 16, 20, 28, 31, 32, 33, 48, 63, 64, 65, 100}
		if test.length > 0 {
			lengths = append(lengths, test.length-1, test.length, test.length+1)
		}
		for _, length := range lengths {
			want := test.length == length || test.length < 0 && (length > 0 || test.hash == 0)
			for _, codec := range []uint64{0x71, 0x55, 0x0129} {
				binary := linkOf(codec, test.hash, length)
				checkLink(t, fmt.Sprintf("%s with %d bytes, codec 0x%x", test.name, length, codec), binary, want)
			}
		}
	}
	for name, binary := range map[string][]byte{
		"version 0":                     linkOf(0x71, 0x12, 32)[2:],
		"version 2":                     append([]byte{2}, linkOf(0x71, 0x12, 32)[1:]...),
		"longer than it says":           append(linkOf(0x71, 0x12, 32), 0),
		"shorter than it says":          linkOf(0x71, 0x12, 32)[:35],
		"a varint that is not shortest": append([]byte{1, 0x71, 0x92, 0x00, 32}, linkOf(0x71, 0x12, 32)[4:]...),
		"no digest":                     {1, 0x71, 0x12},
	} {
		checkLink(t, name, binary, false)
	}
}

func checkLink(t *testing.T, name string, binary []byte, want bool) {
	t.Helper()
	text := textOf(binary)
	link, err := cid.ParseLink(text)
	if (err == nil) != want || err != nil && !errors.Is(err, cid.ErrLink) || want && link.String() != text {
		t.Errorf("%s: ParseLink = %q, %v", name, link, err)
	}
	inJSON := []byte(`{"$link":"` + text + `"}`)
	inCBOR := append([]byte{0xd8, 42, 0x58, byte(len(binary) + 1), 0}, binary...)
	if len(binary) < 23 {
		inCBOR = append([]byte{0xd8, 42, 0x40 | byte(len(binary)+1), 0}, binary...)
	}
	var typed cid.Link
	if err := typed.UnmarshalJSON(inJSON); (err == nil) != want || want && typed != link {
		t.Errorf("%s: UnmarshalJSON = %q, %v", name, typed, err)
	}
	if got, err := lex.JSONToCBOR(inJSON); (err == nil) != want || want && string(got) != string(inCBOR) {
		t.Errorf("%s: JSONToCBOR = %x, %v", name, got, err)
	}
	if got, err := lex.CBORToJSON(inCBOR); (err == nil) != want || want && string(got) != string(inJSON) {
		t.Errorf("%s: CBORToJSON = %s, %v", name, got, err)
	}
	var m lex.Map
	err = lex.DecodeCBOR(append([]byte{0xa1, 0x61, 'a'}, inCBOR...), &m)
	if (err == nil) != want {
		t.Errorf("%s: in a Map: %v", name, err)
	}
	var b lex.Blob
	err = lex.DecodeCBOR(append(append([]byte("\xa4\x63ref"), inCBOR...), "\x64size\x01\x65$type\x64blob\x68mimeType\x63a/b"...), &b)
	if (err == nil) != want || want && b.Ref != link {
		t.Errorf("%s: in a blob: %v, %v", name, b.Ref, err)
	}
	err = lex.DecodeJSON([]byte(`{"cid":"`+text+`","mimeType":"a/b"}`), &b)
	if (err == nil) != want || want && b.Ref != link {
		t.Errorf("%s: in an old blob: %v, %v", name, b.Ref, err)
	}
}
