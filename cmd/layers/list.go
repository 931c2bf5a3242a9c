package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/copied"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func listCommand(s *connect.Servers) *cobra.Command {
	var lines, reverse bool
	var limit int
	var cursor, from string
	command := &cobra.Command{
		Use:     "list ACTOR COLLECTION",
		GroupID: cli.GroupRead,
		Short:   "List the records of a collection",
		Long: `List prints the records of a collection in an account's repository, the newest
record key first. It verifies each record's CID and validates it against its
lexicon. It prints the URI, the CID and the number of issues of each record, or
with --jsonl the whole record, in the form of "layers get --json".

ACTOR is a handle or a DID. COLLECTION is an NSID; the collections of Layers may be
written without pub.layers.:

` + names.Listing(names.Collections) + `

With --from it lists the records in a directory of "layers follow" instead.

Records with issues are not an error; the last line on standard error counts them.
If the list fails midway, the error says how to continue.`,
		Example: `  layers list alice.example.com expression.expression
  layers list alice.example.com pub.layers.corpus.corpus --jsonl | jq .value.name`,
		Args:              cli.Arguments(2, 2, "an ACTOR and a COLLECTION"),
		ValidArgsFunction: cli.CompleteCollection(1),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := names.ParseActor(args[0])
			if err != nil {
				return err
			}
			collection, err := names.ParseCollection(args[1])
			if err != nil {
				return err
			}
			cli.NoteMisspelt(command, collection)
			if limit < 0 {
				return exit.Misuse("--limit %d: must not be negative", limit)
			}
			reached := cursor
			options := &pds.ListOptions{
				Cursor:     cursor,
				Reverse:    reverse,
				Checkpoint: func(cursor string) { reached = cursor },
				Reuse:      true,
			}
			if limit > 0 && limit < 100 {
				options.PageSize = limit
			}
			list, done, err := listFrom(ctx, command, s, from, actor, collection, options)
			if err != nil {
				return err
			}
			defer done()
			w := command.OutOrStdout()
			if lines {
				w = terminal.Exact(w)
			}
			out := bufio.NewWriter(w)
			var buf []byte
			var arena lex.Arena
			var counts rec.Counts
			for envelope, err := range list {
				if rec.Ends(err) {
					if err = errors.Join(out.Flush(), err); reached != "" {
						err = exit.WithHint(err, "%v records were listed; continue with --cursor %v", counts.Expected, strconv.Quote(reached))
					}
					return err
				}
				l := output.LineOfEnvelope(envelope, err, &arena)
				counts.Count(l.Outcome())
				if lines {
					buf = l.Append(buf[:0])
				} else {
					buf = fmt.Appendf(buf[:0], "%s\t%s\t%d\n", terminal.OneLine(string(l.URI)), l.CID, len(l.Issues))
				}
				if _, err := out.Write(buf); err != nil {
					return err
				}
				if counts.Expected == limit {
					break
				}
			}
			if err := out.Flush(); err != nil {
				return err
			}
			terminal.Note(command.ErrOrStderr(), "%s, %d with issues\n", terminal.Number(counts.Expected, "record"), counts.Failed)
			return nil
		}),
	}
	cli.JSONLFlag(command, &lines)
	cli.FromFlag(command, &from)
	command.Flags().IntVar(&limit, "limit", 0, "stop after `N` records; 0 for no limit")
	command.Flags().StringVar(&cursor, "cursor", "", "start after this `CURSOR`")
	command.Flags().BoolVar(&reverse, "reverse", false, "list the oldest record key first")
	return command
}

// listFrom returns a sequence of the records of a collection: from the directory from, or from the account's server if
// from is "". The caller must call done afterwards.
func listFrom(ctx context.Context, command *cobra.Command, s *connect.Servers, from string, actor syntax.AtIdentifier, collection syntax.NSID, options *pds.ListOptions) (list iter.Seq2[rec.Envelope, error], done func() error, err error) {
	if from != "" {
		c, err := copied.OpenRepo(ctx, s, from, actor)
		if err != nil {
			return nil, nil, err
		}
		return c.List(ctx, collection, options), c.Close, nil
	}
	client, err := s.Repos()
	if err != nil {
		return nil, nil, err
	}
	return client.ListRecords(ctx, actor, collection, options), func() error { return nil }, nil
}
