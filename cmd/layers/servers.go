package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// servers says which servers the command talks to. What is empty comes from the environment, and then
// from the accounts' DID documents.
type servers struct {
	plc, pds, appview string
	allowPrivate      bool
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

// complete fills in what the environment says.
func (s *servers) complete() error {
	for _, v := range []struct {
		flag *string
		name string
	}{{&s.plc, "LAYERS_PLC"}, {&s.pds, "LAYERS_PDS"}, {&s.appview, "LAYERS_APPVIEW"}} {
		if *v.flag == "" {
			*v.flag = os.Getenv(v.name)
		}
	}
	if text := os.Getenv("LAYERS_ALLOW_PRIVATE"); text != "" && !s.allowPrivate {
		allow, err := strconv.ParseBool(text)
		if err != nil {
			return misuse("LAYERS_ALLOW_PRIVATE is %q; it takes 1 or 0", text)
		}
		s.allowPrivate = allow
	}
	return nil
}

// calls returns how calls are made.
func (s *servers) calls() []xrpc.Option {
	return []xrpc.Option{xrpc.WithUserAgent(userAgent()), xrpc.WithMaxWait(s.maxWait), xrpc.WithPauses(s.announce)}
}

// announce says what a call waits for, and until when.
func (s *servers) announce(p xrpc.Pause) {
	if p.Err != nil {
		printf(s.messages, "%v; attempt %d of %d follows in %s\n", p.Err, p.Attempt, p.Attempts, until(p.Wait))
		return
	}
	printf(s.messages, "waiting %s for %v (%s at %s)\n", until(p.Wait), p.Reason, p.NSID, p.Service)
}

// until returns how long a pause takes that begins now, and when it ends if it is not short.
func until(wait time.Duration) string {
	if wait < time.Second {
		return wait.Round(time.Millisecond).String()
	}
	return fmt.Sprintf("%v, until %s,", wait.Round(time.Second), time.Now().Add(wait).Format(time.DateTime))
}

// checkTimes checks the flags that are times, before anything is done.
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
	options := []identity.Option{identity.WithAllowPrivate(s.allowPrivate)}
	if s.plc != "" {
		options = append(options, identity.WithPLC(s.plc))
	}
	if s.pds != "" {
		options = append(options, identity.WithHandleService(s.pds))
	}
	return identity.New(options...)
}

// repos returns the client that reads repositories.
func (s *servers) repos() (*pds.Client, error) {
	directory, err := s.directory()
	if err != nil {
		return nil, err
	}
	options := []pds.Option{
		pds.WithDirectory(directory),
		pds.WithAllowPrivate(s.allowPrivate),
		pds.WithXRPC(s.calls()...),
	}
	if s.pds != "" {
		options = append(options, pds.WithHost(s.pds))
	}
	return pds.New(options...)
}

func userAgent() string { return "layers/" + version() }

// authOptions returns how sessions are made and kept.
func (s *servers) authOptions() (*auth.Options, error) {
	directory, err := s.directory()
	if err != nil {
		return nil, err
	}
	store, err := auth.OpenStore("")
	if err != nil {
		return nil, err
	}
	return &auth.Options{
		PDS:       s.pds,
		Directory: directory,
		Store:     store,
		XRPC:      append(s.calls(), xrpc.WithAllowPrivate(s.allowPrivate)),
	}, nil
}

// parseActor returns the handle or DID in an argument, which may start with an @.
func parseActor(text string) (syntax.AtIdentifier, error) {
	if len(text) > 1 && text[0] == '@' {
		text = text[1:]
	}
	actor, err := syntax.ParseAtIdentifier(text)
	if err != nil {
		return "", misuse("%q is neither a handle nor a DID: %v", text, err)
	}
	return actor, nil
}
