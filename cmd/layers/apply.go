package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func applyCommand(s *connect.Servers) *cobra.Command {
	var journalName string
	var unknown, drop, lines bool
	var rate int
	command := &cobra.Command{
		Use:     "apply FILE.jsonl",
		GroupID: groupWrite,
		Short:   "Write many records, and go on after a failure",
		Long: `Apply carries out the operations in FILE.jsonl, one line of JSON each:

  {"action": "create", "collection": "corpus.corpus", "value": {...}}
  {"action": "put", "uri": "at://did:plc:.../corpus.corpus/3mabcdefghi2a", "value": {...}}
  {"action": "delete", "collection": "corpus.corpus", "rkey": "3mabcdefghi2a"}

Other actions: update. A create without an rkey gets a TID. As everywhere, a
collection of Layers' own may leave out pub.layers. in front, and a value its $type;
a uri may name the account by its handle.

All lines are checked before anything is sent, and everything that is wrong with any
of them is in the message. They are sent in batches that the server takes, no
faster than its rate limits allow. What already is as it is to be is not written.

How far it has come stands in a journal, FILE.jsonl.journal. After any failure, run
the same command again: it does the rest and repeats nothing. The file may grow: new
lines go after those that were applied, which have to stay. Without the journal,
lines without an rkey would be written a second time.`,
		Example: `  layers apply corpus.jsonl
  layers apply corpus.jsonl        # again, after it was interrupted`,
		Args: arguments(1, 1, "one FILE.jsonl"),
		RunE: writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			if rate < 0 || rate > maxRate {
				return exit.Misuse("--rate %d: points an hour are from 1 to %d, or 0 for any", rate, maxRate)
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			if journalName == "" {
				journalName = args[0] + ".journal"
			}
			journal, err := batch.OpenJournal(journalName)
			if err != nil {
				return err
			}
			defer journal.Close()
			open := func() (io.ReadCloser, error) { return openBatch(ctx, args[0]) }
			ops := batch.ReadOps(open, &batch.ReadOpsOptions{Collection: names.ParseCollection, Account: s.Accounts(ctx)})
			stderr := command.ErrOrStderr()
			out := bufio.NewWriter(terminal.Exact(command.OutOrStdout()))
			bar := terminal.NewCount(stderr, "operations")
			options := &batch.ApplyOptions{
				Lookup:       records.Lookup,
				AllowUnknown: unknown,
				DropFields:   drop,
				Journal:      journal,
				MaxWait:      max(s.MaxWait, 1),
				Progress:     func(p batch.Progress) { bar.Set(p.Done, p.Ops) },
			}
			if rate == 0 {
				options.Limiter = write.NewLimiter(0, 0)
			} else {
				options.Limiter = write.NewLimiter(rate, rate*write.DefaultDailyPoints/write.DefaultHourlyPoints)
			}
			if lines {
				options.Each = func(r batch.OpResult) { output.JSON(out, applied(r)) } // out keeps its error for Flush
			}
			result, err := batch.Apply(ctx, client, ops, options)
			bar.End()
			err = errors.Join(err, out.Flush())
			if invalid, ok := errors.AsType[*batch.InvalidError](err); ok {
				for _, failure := range invalid.Failures {
					terminal.Printf(stderr, "%s\n", aboutLine(args[0], failure))
				}
				return fmt.Errorf("%s: %d of %d operations are not valid; nothing was sent", args[0], invalid.Failed, invalid.Ops)
			}
			fmt.Fprintf(stderr, "%d operations: %d written, %d were done already\n", result.Ops, result.Written, result.Already)
			if errors.Is(err, batch.ErrJournal) || errors.Is(err, auth.ErrMoved) {
				return exit.About(args[0], err) // says what to do
			}
			if err != nil {
				return exit.WithHint(exit.About(args[0], err), "run the same command again to go on")
			}
			return nil
		}),
	}
	command.Flags().StringVar(&journalName, "journal", "", "remember in `FILE` how far it has come")
	command.Flags().IntVar(&rate, "rate", write.DefaultHourlyPoints, "write `POINTS` an hour (a create takes 3, an update 2, a delete 1); 7 times as many a day; 0 for any")
	command.Flags().BoolVar(&drop, "drop-fields", false, "let fields go that new records have not")
	unknownFlag(command, &unknown)
	anyPDSFlag(command, s)
	command.Flags().BoolVar(&lines, "jsonl", false, "print one line of JSON an operation")
	return command
}

// maxRate is the largest --rate.
const maxRate = 1_000_000_000

// openBatch opens a file of operations. The batch is read twice.
func openBatch(ctx context.Context, name string) (io.ReadCloser, error) {
	file, err := terminal.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, errors.Join(err, fmt.Errorf("%s is not a regular file, which apply needs since it reads it twice", name))
	}
	return file, nil
}

// aboutLine returns a message about an operation: what is wrong with it, and where it is in the file.
func aboutLine(name string, failure *batch.OpError) string {
	place := fmt.Sprintf("%s:%d", name, failure.Line)
	if invalid, ok := errors.AsType[*lex.Error](failure.Err); ok {
		for _, issue := range invalid.Issues {
			if issue.Rule == lex.RuleSyntax {
				place = fmt.Sprintf("%s:%d", place, issue.Offset+1)
				break
			}
		}
	}
	what := strings.TrimSpace(fmt.Sprintf("%s %s", failure.Action, failure.URI))
	if what != "" {
		what += ": "
	}
	return fmt.Sprintf("%s: %s%v", place, what, failure.Err)
}

// appliedLine is an operation as --jsonl prints it.
type appliedLine struct {
	Line    int          `json:"line"`
	Action  batch.Action `json:"action"`
	URI     syntax.ATURI `json:"uri"`
	CID     string       `json:"cid,omitempty"`
	Written bool         `json:"written"`
}

func applied(r batch.OpResult) appliedLine {
	return appliedLine{r.Line, r.Action, r.URI, r.CID.String(), r.Written}
}
