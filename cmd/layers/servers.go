package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// servers says which servers the command talks to. An empty field is taken from the environment, or else from the
// accounts' DID documents.
type servers struct {
	plc, pds, appview string
	allowPrivate      bool
	anyPDS            bool // --any-pds, a flag of the commands that write records
	timeout, maxWait  time.Duration
	messages          io.Writer // standard error
}

func (s *servers) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&s.plc, "plc", "", "PLC directory, in place of https://plc.directory (or LAYERS_PLC)")
	flags.StringVar(&s.pds, "pds", "", "PDS for all repositories and handles, in place of those that DID documents name (or LAYERS_PDS)")
	flags.StringVar(&s.appview, "appview", "", "appview for query (or LAYERS_APPVIEW)")
	flags.DurationVar(&s.timeout, "timeout", 0, "end after so long, as in 90s or 2h; 0 for no end")
	flags.DurationVar(&s.maxWait, "max-wait", xrpc.DefaultMaxWait, "the longest pause that a server may ask for; longer ones are errors")
	flags.BoolVar(&s.allowPrivate, "allow-private", false, "allow private, loopback and link-local addresses (or LAYERS_ALLOW_PRIVATE=1)")
}

// complete fills empty fields from the environment.
func (s *servers) complete() error {
	env, err := network.FromEnv()
	if err != nil && !s.allowPrivate {
		return misuse("%v", err)
	}
	s.plc, s.pds, s.appview = cmp.Or(s.plc, env.PLC), cmp.Or(s.pds, env.PDS), cmp.Or(s.appview, env.Appview)
	s.allowPrivate = s.allowPrivate || env.AllowPrivate
	for _, v := range []struct{ name, address string }{
		{"--plc or LAYERS_PLC", s.plc}, {"--pds or LAYERS_PDS", s.pds}, {"--appview or LAYERS_APPVIEW", s.appview},
	} {
		if v.address != "" && !ascii(v.address) {
			return misuse("%s is %q: write the host in punycode (xn--...)%s", v.name, v.address, inPunycode(hostOf(v.address)))
		}
		if v.address != "" && !strings.Contains(v.address, "://") {
			return misuse("%s is %q, without a scheme: write https://%s", v.name, v.address, v.address)
		}
	}
	for _, v := range []struct{ name, address string }{
		{"--plc or LAYERS_PLC", s.plc}, {"--pds or LAYERS_PDS", s.pds}, {"--appview or LAYERS_APPVIEW", s.appview},
	} {
		if strings.HasPrefix(v.address, "http:") && !s.allowPrivate {
			return misuse("%s is %q: http is refused; write https, or add --allow-private (LAYERS_ALLOW_PRIVATE=1) for a server in your own network", v.name, v.address)
		}
	}
	return nil
}

// network returns the servers and how they are reached. complete has been called.
func (s *servers) network() network.Network {
	return network.Network{PLC: s.plc, PDS: s.pds, Appview: s.appview, AllowPrivate: s.allowPrivate, UserAgent: "layers/" + version()}
}

// calls returns the options for calls.
func (s *servers) calls() []xrpc.Option {
	return []xrpc.Option{xrpc.WithMaxWait(s.maxWait), xrpc.WithPauses(s.announce)}
}

// announce prints what a call waits for, and until when.
func (s *servers) announce(p xrpc.Pause) {
	if p.Err != nil {
		printf(s.messages, "%v; attempt %d of %d follows in %s\n", p.Err, p.Attempt, p.Attempts, until(p.Wait))
		return
	}
	reason := p.Reason.String()
	if p.Reason == xrpc.ReasonPoints {
		reason += ", of which --rate is how many an hour has"
	}
	printf(s.messages, "waiting %s, for %s (%s at %s)\n", until(p.Wait), reason, p.NSID, p.Service)
}

// until describes a pause that begins now: its length, and, unless it is short, the time when it ends.
func until(wait time.Duration) string {
	if wait < time.Second {
		return wait.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%v, until %s", wait.Round(time.Second), time.Now().Add(wait).Format(time.DateTime))
}

// checkTimes checks the flags for durations, before the command does anything.
func (s *servers) checkTimes() error {
	if s.timeout < 0 {
		return misuse("--timeout is %v", s.timeout)
	}
	if s.maxWait < 0 {
		return misuse("--max-wait is %v", s.maxWait)
	}
	return nil
}

// directory returns the directory of identities.
func (s *servers) directory() (*identity.Directory, error) {
	if err := s.complete(); err != nil {
		return nil, err
	}
	return identity.New(identity.WithNetwork(s.network()))
}

// accounts returns a function that resolves each handle once and remembers the answer, so that answers do not change.
func (s *servers) accounts(ctx context.Context) func(syntax.Handle) (syntax.DID, error) {
	type answer struct {
		did syntax.DID
		err error
	}
	var directory *identity.Directory
	known := make(map[syntax.Handle]answer)
	return func(handle syntax.Handle) (syntax.DID, error) {
		if directory == nil {
			var err error
			if directory, err = s.directory(); err != nil {
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

// repos returns the client that reads repositories.
func (s *servers) repos() (*pds.Client, error) {
	directory, err := s.directory()
	if err != nil {
		return nil, err
	}
	return pds.New(pds.WithDirectory(directory), pds.WithXRPC(s.calls()...))
}

// authOptions returns the options for creating and keeping sessions.
func (s *servers) authOptions() ([]auth.Option, error) {
	directory, err := s.directory()
	if err != nil {
		return nil, err
	}
	store, err := auth.OpenStore("")
	if err != nil {
		return nil, err
	}
	return []auth.Option{
		auth.WithDirectory(directory), auth.WithStore(store), auth.WithAnyPDS(s.anyPDS), auth.WithXRPC(s.calls()...),
	}, nil
}

// parseActor returns the handle or DID in an argument, which may start with an @.
func parseActor(text string) (syntax.AtIdentifier, error) {
	if len(text) > 1 && text[0] == '@' {
		text = text[1:]
	}
	actor, err := syntax.ParseAtIdentifier(text)
	if err != nil {
		return "", misuse("%q is neither a handle nor a DID: %s", text, actorMend(text, err))
	}
	return actor, nil
}

// actorMend suggests what to write in place of text that is neither a handle nor a DID.
func actorMend(text string, err error) string {
	switch {
	case strings.Contains(text, "://"):
		rest := hostOf(text)
		if _, profile, ok := strings.Cut(text, "/profile/"); ok { // the page of an account in an app
			rest, _, _ = strings.Cut(profile, "/")
		}
		return "write it without a scheme, as in " + rest
	case strings.Contains(text, "@"):
		return "a mail address names no account here; give its handle, as in alice.example.com, or its DID"
	case !ascii(text):
		return "write a handle in punycode (xn--...)" + inPunycode(text)
	case !strings.Contains(text, ".") && !strings.Contains(text, ":"):
		return "a handle is a whole domain name, as in " + text + ".bsky.social"
	}
	return err.Error()
}

// hostOf returns the host in a URL.
func hostOf(address string) string {
	_, rest, ok := strings.Cut(address, "://")
	if !ok {
		rest = address
	}
	if end := strings.IndexAny(rest, "/?#:"); end >= 0 && !strings.HasPrefix(rest, "did:") {
		rest = rest[:end]
	}
	return rest
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// inPunycode returns ", as in" and a domain name in punycode; "" if the name cannot be encoded.
func inPunycode(domain string) string {
	labels := strings.Split(strings.ToLower(domain), ".")
	for i, label := range labels {
		if ascii(label) {
			continue
		}
		labels[i] = "xn--" + punycode([]rune(label))
	}
	if name := strings.Join(labels, "."); syntax.ValidHandle(name) {
		return ", as in " + name
	}
	return ""
}

// punycode encodes a label as RFC 3492 says.
func punycode(label []rune) string {
	const base, tmin, tmax, skew, damp = 36, 1, 26, 38, 700
	const digits = "abcdefghijklmnopqrstuvwxyz0123456789"
	if len(label) > 63 { // longer than DNS allows
		return ""
	}
	var out []byte
	for _, r := range label {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	handled := basic
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := rune(128), 0, 72
	for handled < len(label) {
		next := rune(utf8.MaxRune)
		for _, r := range label {
			if r >= n {
				next = min(next, r)
			}
		}
		delta += int(next-n) * (handled + 1)
		n = next
		for _, r := range label {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tmin), tmax)
				if q < t {
					break
				}
				out = append(out, digits[t+(q-t)%(base-t)])
				q = (q - t) / (base - t)
			}
			out = append(out, digits[q])
			if handled == basic {
				delta /= damp
			} else {
				delta /= 2
			}
			delta += delta / (handled + 1)
			k := 0
			for ; delta > (base-tmin)*tmax/2; k += base {
				delta /= base - tmin
			}
			bias = k + (base-tmin+1)*delta/(delta+skew)
			delta = 0
			handled++
		}
		delta++
		n++
	}
	return string(out)
}
