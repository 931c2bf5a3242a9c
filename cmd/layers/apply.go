package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func applyCommand(s *servers) *cobra.Command {
	var journalName string
	var unknown, drop, lines bool
	command := &cobra.Command{
		Use:     "apply FILE.jsonl",
		GroupID: groupWrite,
		Short:   "Write many records, and go on after a failure",
		Long: `Apply carries out the operations in FILE.jsonl, one line of JSON each:

  {"action": "create", "collection": "pub.layers.corpus.corpus", "value": {...}}
  {"action": "put", "uri": "at://did:plc:.../pub.layers.corpus.corpus/3mabcdefghi2a", "value": {...}}
  {"action": "delete", "collection": "pub.layers.corpus.corpus", "rkey": "3mabcdefghi2a"}

Other actions: update. A create without an rkey gets a TID.

All lines are checked before anything is sent, and everything that is wrong with any
of them is in the message. They are sent in batches that the server takes, no
faster than its rate limits allow. What already is as it is to be is not written.

How far it has come stands in a journal, FILE.jsonl.journal. After any failure, run
the same command again: it does the rest and repeats nothing. Remove the journal
to apply the file anew.`,
		Example: `  layers apply corpus.jsonl
  layers apply corpus.jsonl        # again, after it was interrupted`,
		Args: arguments(1, 1, "one FILE.jsonl"),
		RunE: online(func(ctx context.Context, command *cobra.Command, args []string) error {
			client, err := s.session(ctx)
			if err != nil {
				return err
			}
			if journalName == "" {
				journalName = args[0] + ".journal"
			}
			journal, err := write.OpenJournal(journalName)
			if err != nil {
				return err
			}
			defer journal.Close()
			batch := write.ReadOps(func() (io.ReadCloser, error) { return os.Open(args[0]) })
			stderr := command.ErrOrStderr()
			out := bufio.NewWriter(exact(command.OutOrStdout()))
			bar := newCount(stderr, "operations")
			options := &write.ApplyOptions{
				Lookup:       records.Lookup,
				AllowUnknown: unknown,
				DropFields:   drop,
				Journal:      journal,
				Progress:     func(p write.Progress) { bar.set(p.Done, p.Ops) },
			}
			if lines {
				options.Each = func(r write.OpResult) { printJSON(out, applied(r)) } // out keeps its error for Flush
			}
			result, err := write.Apply(ctx, client, batch, options)
			bar.end()
			err = errors.Join(err, out.Flush())
			if invalid, ok := errors.AsType[*write.InvalidError](err); ok {
				for _, failure := range invalid.Failures {
					printf(stderr, "%s: %v\n", args[0], failure)
				}
				return fmt.Errorf("%s: %d of %d operations are not valid; nothing was sent", args[0], invalid.Failed, invalid.Ops)
			}
			fmt.Fprintf(stderr, "%d operations: %d written, %d were done already\n", result.Ops, result.Written, result.Already)
			if err != nil {
				return withHint(about(args[0], err), "run the same command again to go on")
			}
			return nil
		}),
	}
	command.Flags().StringVar(&journalName, "journal", "", "remember in `FILE` how far it has come")
	command.Flags().BoolVar(&drop, "drop-fields", false, "let fields go that new records have not")
	unknownFlag(command, &unknown)
	command.Flags().BoolVar(&lines, "jsonl", false, "print one line of JSON an operation")
	return command
}

// appliedLine is an operation as --jsonl prints it.
type appliedLine struct {
	Line    int          `json:"line"`
	Action  write.Action `json:"action"`
	URI     syntax.ATURI `json:"uri"`
	CID     string       `json:"cid,omitempty"`
	Written bool         `json:"written"`
}

func applied(r write.OpResult) appliedLine {
	return appliedLine{r.Line, r.Action, r.URI, r.CID.String(), r.Written}
}
