// Package connect creates the command's clients for servers from its flags and environment.
package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/version"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Servers has the flags that say which servers the command talks to, and how. [Servers.Complete] sets empty addresses
// from the environment; if PDS is still empty, the servers are those in the accounts' DID documents.
type Servers struct {
	PLC, PDS, Appview string // URLs
	AllowPrivate      bool   // --allow-private: http, and private, loopback and link-local addresses
	AnyPDS            bool   // --any-pds, a flag of the commands that write records
	As                string // --as, a flag of the commands that use a session: a handle or a DID; "" for the current account
	Quiet, NoColor    bool
	// Timeout is how long the command may take, or 0 for no limit, and MaxWait the longest pause that a server may ask
	// for.
	Timeout, MaxWait time.Duration
	Messages         io.Writer // standard error
}

// AddFlags adds the flags that all commands share; they set fields of s.
func (s *Servers) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.PLC, "plc", "", "the `URL` of the PLC directory (default LAYERS_PLC or https://plc.directory)")
	flags.StringVar(&s.PDS, "pds", "", "the `URL` of a PDS to use for all accounts, instead of those in DID documents (default LAYERS_PDS)")
	flags.StringVar(&s.Appview, "appview", "", "the `URL` of the appview that query calls (default LAYERS_APPVIEW)")
	flags.DurationVar(&s.Timeout, "timeout", 0, "stop after this `DURATION`, such as 90s or 2h; 0 for no limit")
	flags.DurationVar(&s.MaxWait, "max-wait", xrpc.DefaultMaxWait, "fail if a server asks for a longer pause than this `DURATION`")
	flags.BoolVar(&s.Quiet, "quiet", false, "print results, warnings and errors only")
	flags.BoolVar(&s.NoColor, "no-color", false, "print without colors (default NO_COLOR)")
	flags.BoolVar(&s.AllowPrivate, "allow-private", false, "allow http, and private, loopback and link-local addresses (default LAYERS_ALLOW_PRIVATE)")
}

// Complete fills empty fields from the environment, and returns an error for an address that cannot be used.
func (s *Servers) Complete() error {
	env, err := network.FromEnv()
	if err != nil && !s.AllowPrivate {
		return exit.Misuse("%v", err)
	}
	s.PLC, s.PDS, s.Appview = cmp.Or(s.PLC, env.PLC), cmp.Or(s.PDS, env.PDS), cmp.Or(s.Appview, env.Appview)
	s.AllowPrivate = s.AllowPrivate || env.AllowPrivate
	for _, v := range []struct{ name, address string }{
		{"--plc or LAYERS_PLC", s.PLC}, {"--pds or LAYERS_PDS", s.PDS}, {"--appview or LAYERS_APPVIEW", s.Appview},
	} {
		switch {
		case v.address == "":
		case !names.ASCII(v.address):
			return exit.Misuse("%s is %q: write the host in punycode (xn--...)%s", v.name, v.address, names.InPunycode(names.HostOf(v.address)))
		case !strings.Contains(v.address, "://"):
			return exit.Misuse("%s is %q, without a scheme: write https://%s", v.name, v.address, v.address)
		case strings.HasPrefix(v.address, "http:") && !s.AllowPrivate:
			return exit.Misuse("%s is %q: http is refused; write https, or add --allow-private (LAYERS_ALLOW_PRIVATE=1) for a server in your own network", v.name, v.address)
		}
	}
	return nil
}

// Network returns the description of the servers for the packages of the SDK. [Servers.Complete] must have been called.
func (s *Servers) Network() network.Network {
	return network.Network{PLC: s.PLC, PDS: s.PDS, Appview: s.Appview, AllowPrivate: s.AllowPrivate, UserAgent: "layers/" + version.Of().Version}
}

// Calls returns the options for clients of package xrpc: the longest accepted pause, and a function that prints pauses.
func (s *Servers) Calls() []xrpc.Option {
	return []xrpc.Option{xrpc.WithMaxWait(s.MaxWait), xrpc.WithPauses(s.announce)}
}

// announce prints why and how long a call waits.
func (s *Servers) announce(p xrpc.Pause) {
	if p.Err != nil {
		terminal.Note(s.Messages, "%v; retrying in %[4]s (attempt %[2]d of %[3]d)\n", p.Err, p.Attempt, p.Attempts, until(p.Wait))
		return
	}
	reason := p.Reason.String()
	if p.Reason == xrpc.ReasonPoints {
		reason += ", set by --rate"
	}
	terminal.Note(s.Messages, "waiting %s, for %s (%s at %s)\n", until(p.Wait), reason, p.NSID, p.Service)
}

// until describes a pause that begins now: its length, and, unless it is short, the time when it ends.
func until(wait time.Duration) string {
	if wait < time.Second {
		return wait.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%v, until %s", wait.Round(time.Second), time.Now().Add(wait).Format(time.DateTime))
}

// CheckTimes returns an error if a flag for a duration is negative. It is called before the command does anything.
func (s *Servers) CheckTimes() error {
	if s.Timeout < 0 {
		return exit.Misuse("--timeout %v: must not be negative", s.Timeout)
	}
	if s.MaxWait < 0 {
		return exit.Misuse("--max-wait %v: must not be negative", s.MaxWait)
	}
	return nil
}

// Directory returns a new directory of identities, which resolves handles and DIDs.
func (s *Servers) Directory() (*identity.Directory, error) {
	if err := s.Complete(); err != nil {
		return nil, err
	}
	return identity.New(identity.WithNetwork(s.Network()))
}

// Accounts returns a function that resolves handles to DIDs. It remembers each result, errors included, so that a
// handle always gives the same DID. The function must not be called concurrently.
func (s *Servers) Accounts(ctx context.Context) func(syntax.Handle) (syntax.DID, error) {
	type answer struct {
		did syntax.DID
		err error
	}
	var directory *identity.Directory
	known := make(map[syntax.Handle]answer)
	return func(handle syntax.Handle) (syntax.DID, error) {
		if directory == nil {
			var err error
			if directory, err = s.Directory(); err != nil {
				return "", err
			}
		}
		handle = handle.Normalize()
		a, ok := known[handle]
		if !ok {
			who, err := directory.Resolve(ctx, handle.AtIdentifier())
			a = answer{who.DID, err}
			known[handle] = a
		}
		return a.did, a.err
	}
}

// Repos returns a new client that reads repositories.
func (s *Servers) Repos() (*pds.Client, error) {
	directory, err := s.Directory()
	if err != nil {
		return nil, err
	}
	return pds.New(pds.WithDirectory(directory), pds.WithXRPC(s.Calls()...))
}

// AuthOptions returns the options for creating and keeping sessions.
func (s *Servers) AuthOptions() ([]auth.Option, error) {
	directory, err := s.Directory()
	if err != nil {
		return nil, err
	}
	store, err := auth.OpenStore("")
	if err != nil {
		return nil, err
	}
	return []auth.Option{
		auth.WithDirectory(directory), auth.WithStore(store), auth.WithAnyPDS(s.AnyPDS), auth.WithXRPC(s.Calls()...),
	}, nil
}

// Session returns the client of the stored session of the account that --as names, or of the current account if --as is
// not set.
func (s *Servers) Session(ctx context.Context) (*auth.Client, error) {
	options, err := s.AuthOptions()
	if err != nil {
		return nil, err
	}
	return s.Resume(ctx, s.As, options...)
}

// Resume returns the client of a stored session. who is the handle or the DID of the account; "" stands for the current
// account.
func (s *Servers) Resume(ctx context.Context, who string, options ...auth.Option) (*auth.Client, error) {
	var actor syntax.AtIdentifier
	if who != "" {
		var err error
		if actor, err = names.ParseActor(who); err != nil {
			return nil, err
		}
	}
	client, err := auth.Resume(ctx, actor, options...)
	if errors.Is(err, auth.ErrNoSession) {
		return nil, exit.WithHint(fmt.Errorf("not logged in: %w", err), "layers whoami lists the accounts that are logged in; layers login ACTOR logs in, layers switch ACTOR chooses one")
	}
	return client, err
}
