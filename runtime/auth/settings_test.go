package auth_test

import (
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// settings are the options of a test, which changes some of them between one login and the next.
type settings struct {
	Network                             network.Network
	Issuer                              string
	Directory                           *identity.Directory
	Store                               auth.Store
	AuthFactorToken                     string
	KeepPassword, StorePassword, AnyPDS bool
	XRPC                                []xrpc.Option
}

func (s *settings) options() []auth.Option {
	return []auth.Option{
		auth.WithNetwork(s.Network), auth.WithIssuer(s.Issuer), auth.WithDirectory(s.Directory), auth.WithStore(s.Store),
		auth.WithAuthFactorToken(s.AuthFactorToken), auth.WithKeepPassword(s.KeepPassword),
		auth.WithStorePassword(s.StorePassword), auth.WithAnyPDS(s.AnyPDS), auth.WithXRPC(s.XRPC...),
	}
}
