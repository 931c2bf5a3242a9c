package auth_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/layers-pub/layers-go/internal/disk/disktest"
	"github.com/layers-pub/layers-go/runtime/auth"
)

// TestStoreCrash stops the machine at each step of a login and of a renewal: what is left is the old session or the new
// one, and the new one before any request has its token.
func TestStoreCrash(t *testing.T) {
	f := newFake()
	o := f.settings()
	root := t.TempDir()
	crash := disktest.Watch(t, root)
	store, err := auth.OpenStore(filepath.Join(root, "state", "layers", "auth.json"))
	if err != nil {
		t.Fatal(err)
	}
	o.Store = store
	// left returns the access token that a crash leaves, "" if there is no session.
	left := func(state disktest.State) string {
		t.Helper()
		again, err := auth.OpenStore(filepath.Join(state.Restore(t), "state", "layers", "auth.json"))
		if err != nil {
			t.Fatal(err)
		}
		list, err := again.List(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", state.When, err)
		}
		if len(list) == 0 {
			return ""
		}
		access, _ := list[0].Tokens()
		return access
	}
	c := login(t, o)
	first, _ := c.Session().Tokens()
	seen := len(crash.During())
	if seen == 0 {
		t.Error("no sync was seen")
	}
	for _, state := range crash.During() {
		if access := left(state); access != "" && access != first {
			t.Errorf("%s: %s", state.When, access)
		}
	}
	f.expire()
	f.set(func(_ http.ResponseWriter, r *http.Request, method string) bool {
		if access := r.Header.Get("Authorization"); method == ping && access != "Bearer "+first {
			for _, state := range crash.Crash() {
				if got := left(state); "Bearer "+got != access {
					t.Errorf("%s, while the token is in use: %q is left", state.When, got)
				}
			}
		}
		return false
	})
	mustCall(t, c)
	second, _ := c.Session().Tokens()
	for _, state := range crash.During()[seen:] {
		if access := left(state); access != first && access != second {
			t.Errorf("%s: %q", state.When, access)
		}
	}
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, state := range crash.Crash() {
		if access := left(state); access != "" {
			t.Errorf("%s, after the logout: %q", state.When, access)
		}
	}
	if _, err := os.Stat(store.Path()); err != nil {
		t.Error(err)
	}
}
