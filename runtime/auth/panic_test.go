package auth_test

import (
	"context"
	"testing"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// panickingStore panics once it is armed.
type panickingStore struct {
	auth.Store
	armed bool
}

func (s *panickingStore) Update(ctx context.Context, did syntax.DID, change func(context.Context, *auth.Session) (*auth.Session, error)) error {
	if s.armed {
		panic("store")
	}
	return s.Store.Update(ctx, did, change)
}

// TestStorePanics has the caller's store panic in a goroutine that works for a caller: the panic continues in the caller.
func TestStorePanics(t *testing.T) {
	for name, do := range map[string]func(*fake, *auth.Client) error{
		"Renew":  func(_ *fake, c *auth.Client) error { return c.Renew(t.Context()) },
		"Logout": func(_ *fake, c *auth.Client) error { return c.Logout(t.Context()) },
		"Call": func(f *fake, c *auth.Client) error {
			f.expire()
			return call(t.Context(), c)
		},
	} {
		f := newFake()
		o := f.settings()
		store := &panickingStore{Store: o.Store}
		o.Store = store
		c := login(t, o)
		store.armed = true
		func() {
			defer func() {
				if panicked := recover(); panicked != "store" {
					t.Errorf("%s: panicked with %v", name, panicked)
				}
			}()
			t.Errorf("%s: %v", name, do(f, c))
		}()
	}
}
