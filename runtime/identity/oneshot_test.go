package identity_test

import (
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
)

// The functions of the package have the defaults of New: nothing private is asked.
func TestOneShot(t *testing.T) {
	_, err := identity.ResolveHandle(t.Context(), identity.HandleInvalid)
	wantError(t, err, "handle.invalid", identity.ErrInvalid)
	for range 2 {
		_, err = identity.ResolveDID(t.Context(), "did:web:localhost%3A1")
		wantPrivate(t, err, "did:web:localhost%3A1")
		_, err = identity.ResolvePDS(t.Context(), "did:web:localhost%3A1")
		wantPrivate(t, err, "did:web:localhost%3A1")
	}
}
