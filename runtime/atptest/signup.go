package atptest

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/signup"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/token"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ServerCreateAccount makes an account, and begins a session.
func (h *pdsMethods) ServerCreateAccount(_ context.Context, input *atproto.ServerCreateAccountInput) (*atproto.ServerCreateAccountOutput, error) {
	p := h.pds
	handle, email, err := signup.Check(input)
	if err != nil {
		return nil, err
	}
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	if p.network.accountOf(syntax.AtIdentifier(handle)) != nil {
		return nil, store.Invalid("Handle already taken: %s", handle)
	}
	for _, other := range p.network.order {
		if other.Email == email && p.has(other) {
			return nil, store.Invalid("Email already taken: %s", email)
		}
	}
	a, err := p.newAccount(handle, email, input.Password.Or(""))
	if err != nil {
		return nil, err
	}
	out := &atproto.ServerCreateAccountOutput{DID: a.DID, Handle: handle, DIDDoc: lex.Raw{Data: a.document, Encoding: lex.JSON}}
	out.AccessJWT, out.RefreshJWT = p.newSession(a, token.Access)
	return out, nil
}
