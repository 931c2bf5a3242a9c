package auth

import (
	"cmp"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Option is a setting of [Login] and [Resume]. No option shows a secret when it is printed.
type Option func(*options) error

type options struct {
	network       *network.Network // nil: that of the directory, or the public network
	issuer        string
	directory     *identity.Directory
	store         Store
	factor        string
	keepPassword  bool
	storePassword bool
	anyPDS        bool
	xrpc          []xrpc.Option
}

func newOptions(opts []Option) (*options, error) {
	o := new(options)
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	at := o.at()
	o.issuer = cmp.Or(o.issuer, at.PDS)
	o.xrpc = append(o.xrpc, xrpc.WithNetwork(at))
	return o, nil
}

// at returns the network of WithNetwork or, without that, the network of the directory, or the public network.
func (o *options) at() network.Network {
	switch {
	case o.network != nil:
		return *o.network
	case o.directory != nil:
		return o.directory.Network()
	}
	return network.Network{}
}

// WithNetwork sets the servers that are asked and how they are reached, in place of the public network. If its PDS is
// set, [Login] logs in there.
func WithNetwork(n network.Network) Option {
	return func(o *options) error {
		o.network = &n
		return nil
	}
}

// WithIssuer sets the origin of the server at which [Login] logs in: the account's PDS, or an entryway. By default it
// is the PDS of [WithNetwork] or, if that has none, the PDS that the account's DID document names. [Resume] does not
// use it.
func WithIssuer(server string) Option {
	return func(o *options) error {
		o.issuer = server
		return nil
	}
}

// WithDirectory sets the directory in which accounts are looked up: by [Login], unless the server is known, and before
// records are written, see [Client.CheckPDS]. By default the client makes its own by [identity.New], for the same
// network. Without [WithNetwork], the client uses the directory's network.
func WithDirectory(directory *identity.Directory) Option {
	return func(o *options) error {
		o.directory = directory
		return nil
	}
}

// WithStore sets where the session is stored. By default [Login] keeps the session only in memory, in its client.
// [Resume] requires a store.
func WithStore(store Store) Option {
	return func(o *options) error {
		o.store = store
		return nil
	}
}

// WithAuthFactorToken sets the code that the server has sent by e-mail, after [ErrAuthFactorTokenRequired].
func WithAuthFactorToken(code string) Option {
	return func(o *options) error {
		o.factor = code
		return nil
	}
}

// WithKeepPassword says whether [Login] keeps the password in memory, so that the client can log in again when the
// session is over. The default is false.
func WithKeepPassword(keep bool) Option {
	return func(o *options) error {
		o.keepPassword = keep
		return nil
	}
}

// WithStorePassword says whether [Login] keeps the password in the store as well as in memory, so that a resumed
// session can log in again. Anyone who can read the store then has the password. The default is false.
func WithStorePassword(keep bool) Option {
	return func(o *options) error {
		o.storePassword = keep
		return nil
	}
}

// WithAnyPDS says whether records may be written even if the account's DID document names another server than the
// session's. It is for servers that are reached at an address other than the public one. The default is false. See
// [Client.CheckPDS].
func WithAnyPDS(allow bool) Option {
	return func(o *options) error {
		o.anyPDS = allow
		return nil
	}
}

// WithXRPC sets options for the xrpc clients of the account's servers, such as limits and pauses. The network is that
// of [WithNetwork] and the credentials are the session's, whatever these options say.
func WithXRPC(opts ...xrpc.Option) Option {
	return func(o *options) error {
		o.xrpc = append(o.xrpc, opts...)
		return nil
	}
}

// lookups returns the directory in which accounts are looked up.
func (o *options) lookups() (*identity.Directory, error) {
	if o.directory != nil {
		return o.directory, nil
	}
	return identity.New(identity.WithNetwork(o.at()))
}
