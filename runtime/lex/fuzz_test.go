package lex_test

import (
	"encoding/json"
	"testing"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// FuzzDecodeCBOR: whatever is decoded without issues encodes to the same bytes, directly and through
// JSON; shared and copied decoding agree; issues have messages.
func FuzzDecodeCBOR(f *testing.F) {
	for _, text := range valid {
		if b, err := lex.JSONToCBOR([]byte(text)); err == nil {
			f.Add(b)
		}
	}
	for _, test := range issues {
		if b, err := lex.JSONToCBOR([]byte(test.text)); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, shared sample
		err := lex.DecodeCBOR(b, &v)
		if sharedErr := lex.DecodeCBORShared(b, &shared); (err == nil) != (sharedErr == nil) {
			t.Fatalf("copied %v, shared %v", err, sharedErr)
		}
		shown, untypedErr := lex.CBORToJSON(b)
		if !json.Valid(shown) {
			t.Fatalf("not JSON: %s", shown)
		}
		if err != nil {
			if len(issue.Of(err)) == 0 || err.Error() == "" {
				t.Fatal("an error without issues")
			}
			return
		}
		if untypedErr != nil {
			t.Fatalf("typed decoding takes what untyped does not: %v", untypedErr)
		}
		again, err := lex.EncodeCBOR(&v)
		if err != nil || string(again) != string(b) {
			t.Fatalf("encodes to %x, was %x (%v)", again, b, err)
		}
		asJSON, err := lex.EncodeJSON(&v)
		if err != nil || !json.Valid(asJSON) {
			t.Fatalf("JSON: %s (%v)", asJSON, err)
		}
		var fromJSON sample
		if err := lex.DecodeJSON(asJSON, &fromJSON); err != nil {
			t.Fatalf("JSON of a valid value: %v\n%s", err, asJSON)
		}
		if again, err := lex.EncodeCBOR(&fromJSON); err != nil || string(again) != string(b) {
			t.Fatalf("through JSON %x, was %x (%v)\n%s", again, b, err, asJSON)
		}
	})
}

// FuzzDecodeJSON: what is decoded without issues is JSON for encoding/json too, and gives the same
// CBOR typed and untyped.
func FuzzDecodeJSON(f *testing.F) {
	for _, text := range valid {
		f.Add([]byte(text))
	}
	for _, test := range issues {
		f.Add([]byte(test.text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v sample
		if err := lex.DecodeJSON(b, &v); err != nil {
			return
		}
		if !json.Valid(b) {
			t.Fatalf("takes what is not JSON: %s", b)
		}
		typed, err := lex.EncodeCBOR(&v)
		if err != nil {
			t.Fatal(err)
		}
		untyped, err := lex.JSONToCBOR(b)
		if err != nil || string(typed) != string(untyped) {
			t.Fatalf("typed %x, untyped %x (%v)\n%s", typed, untyped, err, b)
		}
		if err := lex.DecodeCBOR(typed, new(sample)); err != nil {
			t.Fatalf("its CBOR has issues: %v", err)
		}
	})
}
