package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/copied"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/pds"
)

// following holds the flags of layers follow.
type following struct {
	directory, source, relay, server, host string
	collections, dids, mirrors             []string
	lines, once                            bool
	compare                                time.Duration
}

func followCommand(s *connect.Servers) *cobra.Command {
	var f following
	command := &cobra.Command{
		Use:     "follow --output DIR",
		GroupID: cli.GroupRead,
		Short:   "Keep a current copy of all records",
		Long: `Follow keeps the current records of the chosen collections in a directory, from all
repositories that have any. It fetches the repositories, verifies them, and then
applies each change from the stream of a relay or a PDS. It finds changes that it
missed, deletions included, by comparing repositories. When it is started again, it
continues where it stopped.

"layers list --from DIR" and "layers get --from DIR" read the directory. While follow
is running, they read a temporary copy of its file, which takes as much space again.

It prints problems, which it resolves by itself, on standard error, and with --jsonl
each change, at least once, on standard output. It ends on Ctrl-C or, with --once,
when it has all records that existed when it began.

With --relay it follows all accounts of the relay. With --server it follows the
accounts of one PDS, and ignores what that PDS says about accounts hosted elsewhere.

With --source it follows a Jetstream or a Tap at --relay instead. Nothing proves what
these send, so the trust of live changes is less than "signed": records are only
compared with their CIDs. They leave out commits, and some changes without a word: a
Jetstream all but the last of those of a record in one commit, a Tap deletions while
it reads a repository again. Comparing finds them (see --compare): it asks for the
latest commit of each repository, and fetches and verifies those that have changed.
They do not know which repositories there are: --host names a relay or a PDS that
does, or --did the repositories.

If the server of an account fails, the relay, --host and each --mirror are asked for
its repository instead. What they send is verified and never older than the copy.`,
		Example: `  layers follow --output corpus --relay wss://relay.example.com
  layers follow --output corpus --server https://pds.example.com --collection pub.layers.corpus.corpus
  layers follow --output corpus --relay wss://relay.example.com --did alice.example.com --once
  layers follow --output corpus --source jetstream --relay wss://jetstream.example.com --host https://relay.example.com`,
		Args: cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, _ []string) error {
			return f.run(ctx, command, s)
		}),
	}
	flags := command.Flags()
	flags.StringVarP(&f.directory, "output", "o", "", "keep the records in `DIR`, which is created if need be")
	flags.StringVar(&f.source, "source", "relay", "what is at the URL of --relay: `SOURCE` is relay, jetstream or tap")
	flags.StringVar(&f.relay, "relay", "", "`URL` of the relay, Jetstream or Tap")
	flags.StringVar(&f.server, "server", "", "`URL` of a PDS to follow instead of a relay")
	flags.StringVar(&f.host, "host", "", "ask the server at this `URL` which repositories have records (default that of --relay or --server, unless that is a Jetstream or a Tap)")
	flags.StringArrayVar(&f.mirrors, "mirror", nil, "ask the server at this `URL` for repositories that their own servers do not send; may be repeated")
	flags.StringArrayVar(&f.collections, "collection", nil, "only records of this `NSID`, or of all that begin as in pub.layers.*; may be repeated (default pub.layers.*)")
	cli.CompleteFlag(command, "collection", names.Collections)
	flags.StringArrayVar(&f.dids, "did", nil, "only the repository of this `ACTOR`, a DID or a handle; may be repeated")
	flags.BoolVar(&f.lines, "jsonl", false, "print one line of JSON per change")
	flags.BoolVar(&f.once, "once", false, "end when all records are there")
	flags.DurationVar(&f.compare, "compare", 0, "compare with the servers at this `INTERVAL` (default 6h)")
	return command
}

func (f *following) run(ctx context.Context, command *cobra.Command, s *connect.Servers) error {
	directory, err := s.Directory()
	if err != nil {
		return err
	}
	address := cmp.Or(f.relay, f.server)
	if address == "" && f.source == "relay" {
		address = s.PDS
	}
	host := cmp.Or(f.host, address)
	switch {
	case f.directory == "":
		return exit.Misuse("layers follow needs a directory: --output DIR")
	case f.relay != "" && f.server != "":
		return exit.Misuse("--relay cannot be combined with --server")
	case f.server != "" && f.source != "relay":
		return exit.Misuse("--server is for a PDS: the address of a %s is that of --relay", f.source)
	case address == "" && f.source == "relay":
		return exit.Misuse("layers follow needs the address of a relay or a PDS: --relay URL or --server URL")
	case address == "":
		return exit.Misuse("layers follow --source %s needs its address: --relay URL", f.source)
	case f.compare < 0:
		return exit.Misuse("--compare %v: must not be negative", f.compare)
	}
	source, err := subscriber(s, f.source, address, directory)
	if err != nil {
		return err
	}
	if f.source != "relay" {
		if host = f.host; host == "" && len(f.dids) == 0 {
			return exit.Misuse("a %s does not know which repositories there are: name a relay or a PDS that does with --host URL, or the repositories with --did ACTOR", f.source)
		}
	}
	client, err := pds.New(pds.WithDirectory(directory), pds.WithXRPC(s.Calls()...))
	if err != nil {
		return err
	}
	monitor := new(follow.Monitor)
	options := &follow.Options{
		Types: records.Types, Host: httpOrigin(host), Server: strings.TrimSuffix(httpOrigin(f.server), "/"), Client: client,
		Mirrors: f.mirrors, Compare: f.compare, Once: f.once, Monitor: monitor,
	}
	for i, mirror := range options.Mirrors {
		options.Mirrors[i] = httpOrigin(mirror)
	}
	if f.once {
		options.Grace = time.Second
	}
	if options.Collections, err = cli.WantedCollections(f.collections); err != nil {
		return err
	}
	if options.Repos, err = cli.WantedAccounts(ctx, directory, f.dids); err != nil {
		return err
	}
	if err := disk.MkdirAll(f.directory, 0o777); err != nil {
		return err
	}
	store, err := boltstore.Open(copied.File(f.directory), boltstore.WithRecords())
	if err != nil {
		return copied.Error(err, f.directory)
	}
	defer store.Close()
	stopServing := serve(ctx, command, store)
	defer stopServing()
	if terminal.IsTerminal(command.ErrOrStderr()) {
		defer f.status(ctx, command, monitor)()
	}
	changes := 0
	err = follow.Run(ctx, source, store, func(_ context.Context, event follow.Event) error {
		switch e := event.(type) {
		case *follow.Problem:
			return terminal.Printf(command.ErrOrStderr(), "%s\n", e.String())
		case *follow.Account:
			state := "active"
			if !e.Active {
				state = strings.TrimSpace("not active: " + e.Status)
			}
			return terminal.Printf(command.ErrOrStderr(), "%s is %s\n", e.DID, state)
		case *follow.Change:
			if changes++; f.lines {
				return printChange(command, e)
			}
		}
		return nil
	}, options)
	terminal.Note(command.ErrOrStderr(), "%s; %s\n", terminal.Number(changes, "change"), phases(monitor.Health()))
	stopServing()
	return errors.Join(err, store.Close())
}

// serve provides other processes that read the directory with snapshots of the store, until the returned function is
// called. That function waits until serving has ended.
func serve(ctx context.Context, command *cobra.Command, store *boltstore.Store) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := store.ServeSnapshots(ctx); err != nil {
			terminal.Printf(command.ErrOrStderr(), "no other program can read the directory any longer: %v\n", err)
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// printChange prints a change as a line of JSON. When it returns nil, the line has been written.
func printChange(command *cobra.Command, c *follow.Change) error {
	line, err := firehose.MarshalEvent(&c.Record)
	if err != nil {
		return err
	}
	_, err = terminal.Exact(command.OutOrStdout()).Write(append(line, '\n'))
	return err
}

// phases returns a text that says how many repositories are current, how many are yet to be fetched, and how many are
// not active.
func phases(h follow.Health) string {
	live := h.Repos[follow.Live]
	text := fmt.Sprintf("%s %s current", terminal.Number(live, "repository"), terminal.Are(live))
	if n := h.Repos[follow.Stale]; n > 0 {
		text += fmt.Sprintf(", %d to be fetched", n)
	}
	if n := h.Repos[follow.Inactive]; n > 0 {
		text += fmt.Sprintf(", %d not active", n)
	}
	return text
}

// status prints the state of the copy on a terminal every 10 seconds, until the returned function is called.
func (f *following) status(ctx context.Context, command *cobra.Command, monitor *follow.Monitor) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(10 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				h := monitor.Health()
				terminal.Note(command.ErrOrStderr(), "%s; %.1f frames/s, lag %v\n", phases(h), h.Stream.Rate, h.Stream.Lag.Round(time.Millisecond))
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// httpOrigin returns the URL for calls to the server that offers the stream at address: with https instead of wss, http
// instead of ws, and https if address has no scheme. It returns "" for "".
func httpOrigin(address string) string {
	address = strings.TrimSuffix(address, "/xrpc/com.atproto.sync.subscribeRepos")
	for stream, calls := range map[string]string{"wss://": "https://", "ws://": "http://"} {
		if rest, ok := strings.CutPrefix(address, stream); ok {
			return calls + rest
		}
	}
	if address != "" && !strings.Contains(address, "://") {
		return "https://" + address
	}
	return address
}
