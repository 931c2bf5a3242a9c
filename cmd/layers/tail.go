package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// tailing holds the flags of layers tail.
type tailing struct {
	source, relay            string
	cursorFile               string
	cursor                   int64
	collections, dids        []string
	reconnect, verify, lines bool
	limit                    int
}

func tailCommand(s *connect.Servers) *cobra.Command {
	var t tailing
	command := &cobra.Command{
		Use:     "tail",
		GroupID: cli.GroupRead,
		Short:   "Print changes of records as they happen",
		Long: `Tail follows the stream of events of a relay or a PDS, and prints a line for each
record that is created, updated or deleted, and for each change of an account:
the number in the stream, what happened, and the URI. With --jsonl it prints
whole events as JSON.

It begins with the current events, or after the event number --cursor. With
--cursor-file it begins where it last stopped, and keeps its position in the file.
It ends when the server ends the stream, after --limit events, or on Ctrl-C.
With --reconnect it connects again when the connection is lost.

With --verify it checks the signature of each commit, and that the commit made
the changes that the server reports and no others. Invalid commits are reported
on standard error, as are events that cannot be read.

On a terminal, the last line shows the state of the stream: how many events the
server sends per second, how old the last one was when it arrived and how long
ago it arrived, its number, and the time of each collection's last record. The
collection that has been quiet longest comes first.

With --source it reads a Jetstream or a Tap at --relay instead. These send fewer
details and no proofs: records are only compared with their CIDs, and --verify is
not possible. The number of a Jetstream event is its time in microseconds. A Tap
has no positions; tail acknowledges each event once it is printed.`,
		Example: `  layers tail --relay wss://relay.example.com
  layers tail --relay wss://relay.example.com --collection pub.layers.corpus.corpus --jsonl
  layers tail --relay wss://relay.example.com --cursor-file cursor.json --reconnect --verify
  layers tail --source jetstream --relay wss://jetstream.example.com --reconnect`,
		Args: cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, _ []string) error {
			return tail(ctx, command, s, &t, command.Flags().Changed("cursor"))
		}),
	}
	flags := command.Flags()
	flags.StringVar(&t.source, "source", "relay", "what is at the URL: `SOURCE` is relay (also for a PDS), jetstream or tap")
	flags.StringVar(&t.relay, "relay", "", "`URL` of the relay, PDS, Jetstream or Tap, in place of the one that --pds names")
	flags.Int64Var(&t.cursor, "cursor", 0, "begin after the event of this number; 0 for the oldest that the server has")
	flags.StringVar(&t.cursorFile, "cursor-file", "", "keep the position in `FILE`, and begin there")
	flags.StringArrayVar(&t.collections, "collection", nil, "only records of this `NSID`, or of all that begin as in pub.layers.*; may be repeated (default pub.layers.*)")
	cli.CompleteFlag(command, "collection", names.Collections)
	cli.CompleteFlag(command, "source", []string{"relay", "jetstream", "tap"})
	flags.StringArrayVar(&t.dids, "did", nil, "only events of this `ACTOR`, a DID or a handle; may be repeated")
	flags.BoolVar(&t.reconnect, "reconnect", false, "connect again when the connection is lost")
	flags.BoolVar(&t.verify, "verify", false, "verify the signatures of commits")
	flags.BoolVar(&t.lines, "jsonl", false, "print one line of JSON per event")
	flags.IntVar(&t.limit, "limit", 0, "end after so many events; 0 for no end")
	return command
}

func tail(ctx context.Context, command *cobra.Command, s *connect.Servers, t *tailing, hasCursor bool) error {
	if t.limit < 0 || t.cursor < 0 {
		return exit.Misuse("--limit is %d and --cursor %d: neither may be negative", t.limit, t.cursor)
	}
	monitor := new(firehose.Monitor)
	options := &firehose.Options{Lookup: records.Lookup, Reconnect: t.reconnect, Monitor: monitor}
	var err error
	if options.Collections, err = cli.WantedCollections(t.collections); err != nil {
		return err
	}
	directory, err := s.Directory()
	if err != nil {
		return err
	}
	if options.DIDs, err = cli.WantedAccounts(ctx, directory, t.dids); err != nil {
		return err
	}
	if hasCursor {
		options.Cursor = lex.SomeInt(t.cursor)
	}
	if t.cursorFile != "" {
		options.Cursors = firehose.NewCursorFile(t.cursorFile)
	}
	client, err := t.subscriber(s, directory, hasCursor)
	if err != nil {
		return err
	}
	status := terminal.NewStatus(command.ErrOrStderr(), command.OutOrStdout(), func() string { return output.StreamStatus(monitor.Health(), time.Now()) })
	defer status.End()
	return printEvents(ctx, command, client, options, t)
}

// printEvents prints events until the stream ends, or as many as --limit says.
func printEvents(ctx context.Context, command *cobra.Command, client firehose.Subscriber, options *firehose.Options, t *tailing) error {
	// The loop is left only at an event after the last one, so that the last one is acknowledged.
	ctx, done := context.WithCancel(ctx)
	defer done()
	out, count := command.OutOrStdout(), 0
	for event, err := range client.Subscribe(ctx, options) {
		if t.limit > 0 && count == t.limit {
			return nil
		}
		if err != nil {
			if errors.Is(err, firehose.ErrFutureCursor) {
				return exit.WithHint(err, "the server's event numbers are lower than the cursor, perhaps because it was reset: choose another --cursor")
			}
			return err
		}
		switch e := event.(type) {
		case *firehose.BadFrame:
			terminal.Printf(command.ErrOrStderr(), "event %d %s: %v\n", e.Seq, e.DID, e.Err)
		case *firehose.Reconnect:
			terminal.Printf(command.ErrOrStderr(), "%v; connecting again in %v\n", e.Err, e.Pause.Round(time.Millisecond))
			continue
		case *firehose.Reset:
			terminal.Printf(command.ErrOrStderr(), "the server was reset: event %d was followed by event %d\n", e.Last.Seq, e.Next.Seq)
		case *firehose.Info:
			terminal.Printf(command.ErrOrStderr(), "the server says %s: %s\n", e.Name, e.Message)
		}
		if t.lines {
			line, err := firehose.MarshalEvent(event)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
				return err
			}
		} else if text := output.Event(event); text == "" {
			continue // it was printed on standard error, and is not one of --limit
		} else if err := terminal.Printf(out, "%s\n", text); err != nil {
			return err
		}
		if f, ok := out.(interface{ Flush() error }); ok {
			if err := f.Flush(); err != nil {
				return err
			}
		}
		if count++; count == t.limit && t.limit > 0 {
			event.Ack()
			done()
		}
	}
	return nil
}
