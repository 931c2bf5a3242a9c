package emit_test

import (
	"regexp"
	"testing"

	"github.com/layers-pub/layers-go/gen/emit"
)

// TestHeader holds the header against the pattern that https://go.dev/s/generatedcode gives.
func TestHeader(t *testing.T) {
	if !regexp.MustCompile(`^// Code generated .* DO NOT EDIT\.$`).MatchString(emit.Header) {
		t.Errorf("Go's tools do not know %q for generated code", emit.Header)
	}
}
