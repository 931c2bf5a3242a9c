package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/warnings"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func applyCommand(s *connect.Servers) *cobra.Command {
	var journalName string
	var unknown, drop, lines, dry, strict bool
	var rate int
	command := &cobra.Command{
		Use:     "apply FILE.jsonl",
		GroupID: cli.GroupWrite,
		Short:   "Write many records; resumable after a failure",
		Long: `Apply carries out the operations in FILE.jsonl, one JSON object per line:

  {"action": "create", "collection": "corpus.corpus", "value": {...}}
  {"action": "put", "uri": "at://did:plc:.../corpus.corpus/3mabcdefghi2a", "value": {...}}
  {"action": "delete", "collection": "corpus.corpus", "rkey": "3mabcdefghi2a"}

The action "update" is like put, but the record must exist. A create without an
rkey gets a new TID. The collections of Layers may be written without pub.layers.,
a value may omit its $type, and a URI may name the account by its handle.

All operations are checked before any is sent; if some are invalid, the errors of
all of them are printed, and nothing is sent. Operations are then sent in batches,
no faster than the server's rate limits allow. Records already in the desired
state are skipped.

Apply also warns about what the lexicons allow but is probably wrong, in one record
or between records of the batch: see layers validate. With --strict, nothing is sent
if there is a warning.

The journal, FILE.jsonl.journal, records which operations have been applied. After
any failure, run the same command again: it continues where it stopped. You may
append operations to FILE.jsonl, but must not change those that were applied. If
the journal is deleted, creates without an rkey are written a second time.

With --dry-run nothing is sent or stored: apply reads the records, compares the
content of each with its CID, and prints how many records it would create, update,
delete or leave unchanged, how many write points that takes, and how long. The exit
status is 1 if an operation would fail.`,
		Example: `  layers apply corpus.jsonl --dry-run
  layers apply corpus.jsonl
  layers apply corpus.jsonl        # again, after it was interrupted`,
		Args: cli.Arguments(1, 1, "one FILE.jsonl"),
		RunE: cli.Writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			if strings.HasSuffix(args[0], ".conllu") {
				return exit.Misuse("%s is a CoNLL-U file: layers import conllu prints it as a batch", args[0])
			}
			if rate < 0 || rate > maxRate {
				return exit.Misuse("--rate %d: must be between 0 and %d", rate, maxRate)
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			if journalName == "" {
				journalName = args[0] + ".journal"
			}
			journal, err := openJournal(journalName, dry)
			if err != nil {
				return err
			}
			if journal != nil {
				defer journal.Close()
			}
			open := func() (io.ReadCloser, error) { return openBatch(ctx, args[0]) }
			ops := batch.ReadOps(open, &batch.ReadOpsOptions{Collection: names.ParseCollection, ResolveHandle: s.Accounts(ctx)})
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
			info, err := os.Stat(args[0])
			if err != nil {
				return exit.About(args[0], err)
			}
			warnings.NewBatch(stderr, args[0], info.Size(), strict).Use(options)
			if lines {
				options.Each = func(r batch.OpResult) { output.JSON(out, applied(r)) } // out keeps its error for Flush
			}
			var result *batch.Result
			var foreseen *batch.DryRunResult
			if dry {
				foreseen, err = batch.DryRun(ctx, client, ops, options)
			} else {
				result, err = batch.Apply(ctx, client, ops, options)
			}
			bar.End()
			err = errors.Join(err, out.Flush())
			if invalid, ok := errors.AsType[*batch.InvalidError](err); ok {
				for _, failure := range invalid.Failures {
					terminal.Printf(stderr, "%s\n", aboutLine(args[0], failure))
				}
				return fmt.Errorf("%s: %d of %s %s invalid; nothing was sent", args[0], invalid.Failed, terminal.Number(invalid.Ops, "operation"), terminal.Are(invalid.Failed))
			}
			if early, ok := errors.AsType[*exit.Error](err); ok {
				return early // with --strict
			}
			if dry && err == nil {
				return printDryRun(command, args[0], foreseen, rate, lines)
			}
			if dry {
				return exit.About(args[0], err)
			}
			terminal.Note(stderr, "%s: %d written, %d already done\n", terminal.Number(result.Ops, "operation"), result.Written, result.Already)
			if errors.Is(err, batch.ErrJournal) || errors.Is(err, auth.ErrMoved) {
				return exit.About(args[0], err) // says what to do
			}
			if err != nil {
				return exit.WithHint(exit.About(args[0], err), "run the same command again to continue")
			}
			return nil
		}),
	}
	command.Flags().BoolVar(&dry, "dry-run", false, "send nothing: print what would be created, updated, deleted or left unchanged, and how long it takes")
	command.Flags().StringVar(&journalName, "journal", "", "the journal `FILE` (default FILE.jsonl.journal)")
	command.Flags().IntVar(&rate, "rate", write.DefaultHourlyPoints, "the write `POINTS` to use an hour, and 7 times as many a day (create: 3, update: 2, delete: 1); 0 for no limit")
	command.Flags().BoolVar(&drop, "drop-fields", false, "allow a put to remove fields that only the stored record has")
	cli.UnknownFlag(command, &unknown)
	warnings.Flag(command, &strict)
	cli.AsFlag(command, s)
	cli.AnyPDSFlag(command, s)
	command.Flags().BoolVar(&lines, "jsonl", false, "print one JSON object per line, for each operation")
	return command
}

// maxRate is the largest --rate.
const maxRate = 1_000_000_000

// openBatch opens the file of operations called name. It must be a regular file, since apply reads it twice.
func openBatch(ctx context.Context, name string) (io.ReadCloser, error) {
	file, err := terminal.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, errors.Join(err, fmt.Errorf("%s is not a regular file; apply reads its file twice", name))
	}
	return file, nil
}

// aboutLine returns a message about an operation: what is wrong with it, and where it is in the file.
func aboutLine(name string, failure *batch.OpError) string {
	place := fmt.Sprintf("%s:%d", name, failure.Line)
	if invalid, ok := errors.AsType[*issue.Error](failure.Err); ok {
		for _, problem := range invalid.Issues {
			if problem.Rule == issue.RuleSyntax {
				place = fmt.Sprintf("%s:%d", place, problem.Offset+1)
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

// openJournal opens the journal in the file called name. A dry run does not create the journal: if there is none, the
// result is nil.
func openJournal(name string, dry bool) (*batch.Journal, error) {
	if _, err := os.Stat(name); dry && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return batch.OpenJournal(name)
}

// printDryRun prints what a batch would do. If lines is set, it prints to standard error, since the JSON lines are on
// standard output. It returns an error if an operation would fail.
func printDryRun(command *cobra.Command, name string, r *batch.DryRunResult, rate int, lines bool) error {
	for _, failure := range r.Failures {
		terminal.Printf(command.ErrOrStderr(), "%s\n", aboutLine(name, failure))
	}
	out := command.OutOrStdout()
	if lines {
		out = command.ErrOrStderr()
	}
	terminal.Printf(out, "%s: %d to create, %d to update, %d to delete, %d already done; %s%s; nothing was sent\n",
		terminal.Number(r.Ops, "operation"), r.Create, r.Update, r.Delete, r.Already, terminal.Number(r.Points, "write point"), output.PointsTime(r.Points, rate))
	if r.Failed > 0 {
		return fmt.Errorf("%s: %d of %s would fail", name, r.Failed, terminal.Number(r.Ops, "operation"))
	}
	return nil
}

// appliedLine is the result of an operation as --jsonl prints it.
type appliedLine struct {
	Line    int          `json:"line"`
	Action  batch.Action `json:"action"`
	URI     syntax.ATURI `json:"uri"`
	CID     string       `json:"cid,omitempty"`
	Written bool         `json:"written"`
	Change  batch.Action `json:"change,omitempty"`
}

// applied returns the line for the result of an operation.
func applied(r batch.OpResult) appliedLine {
	return appliedLine{r.Line, r.Action, r.URI, r.CID.String(), r.Written, r.Change}
}
