package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func decodeCommand() *cobra.Command {
	var lines, strict bool
	command := &cobra.Command{
		Use:     "decode FILE.car",
		GroupID: groupRead,
		Short:   "Decode a repository archive and account for every record",
		Long: `Decode reads a repository archive (CAR, version 1 or 2), checks every block and the whole tree,
and decodes every record. FILE may be - for standard input.

It prints a table of collections and then the failures, grouped by rule. With
--jsonl it prints one line a record instead, in key order:

  {"uri","cid","value"}                   a record that decoded
  {"uri","cid","value","issues":[...]}    one that failed, with "path", "rule" and "message" each
  {..., "unknown":true}                   one of a collection that no lexicon describes

The exit status is 0 when the archive was read whole, with or without failures; 3
with --strict when a record failed; 1 when the archive is damaged or cut short.
What and where is on standard error then. The lines of --jsonl before that place
are sound, but not all there are.`,
		Example: `  layers decode repo.car
  layers decode repo.car --jsonl | jq -c 'select(.issues)'
  curl -s "$PDS/xrpc/com.atproto.sync.getRepo?did=$DID" | layers decode -`,
		Args: arguments(1, 1, "one FILE.car, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			return decode(command.Context(), command, args[0], lines, strict)
		},
	}
	jsonlFlag(command, &lines)
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 when a record failed")
	return command
}

func decode(ctx context.Context, command *cobra.Command, file string, lines, strict bool) error {
	archive, err := openArchive(ctx, file, command.InOrStdin(), command.ErrOrStderr())
	if file == "-" {
		file = "standard input"
	}
	if err != nil {
		return &exitError{exitFailure, fmt.Errorf("%s: %w", file, err)}
	}
	defer archive.close()

	total, err := account(ctx, command.OutOrStdout(), archive.Repo, lines)
	if err != nil {
		return failure(about(file, err))
	}
	if strict && total.Failed > 0 {
		return &exitError{exitStrict, fmt.Errorf("%s: %d of %d records failed", file, total.Failed, total.Expected)}
	}
	return nil
}

// about adds the name of what err is about, unless err already has an exit status.
func about(name string, err error) error {
	if _, final := errors.AsType[*exitError](err); final {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// account decodes all records of an archive and prints them, one a line, or a summary. The error is that of reading the
// archive; an error of writing to w already has an exit status.
func account(ctx context.Context, w io.Writer, archive *repo.Repo, lines bool) (lex.Account, error) {
	var buf []byte
	summary := newSummary()
	if lines {
		w = exact(w)
	}
	out := bufio.NewWriter(w)
	for record, err := range archive.Decode(ctx, records.Lookup, &repo.DecodeOptions{Reuse: true}) {
		if err != nil {
			return summary.total, errors.Join(out.Flush(), err)
		}
		summary.add(record)
		if lines {
			l := lineOf(record)
			if archive.Trust() >= lex.Signed {
				l.trust = archive.Trust().String()
			}
			buf = l.append(buf[:0])
			if _, err := out.Write(buf); err != nil {
				return summary.total, failure(err)
			}
		}
	}
	if !lines {
		summary.write(out)
	}
	return summary.total, failure(out.Flush())
}

// archive is a repository and the file that it is read from.
type archive struct {
	*repo.Repo
	file *os.File
}

func (a *archive) close() {
	if a.file != nil {
		a.file.Close() // it was only read from: nothing is lost
	} else {
		a.Close()
	}
}

// openArchive opens the archive in a file, of CAR version 1 or 2. The name - stands for standard input. That, and any
// file that cannot be read at an offset, is first read to its end.
func openArchive(ctx context.Context, name string, stdin io.Reader, stderr io.Writer) (*archive, error) {
	if name == "-" {
		return readArchive(ctx, stdin)
	}
	file, err := openInput(ctx, name)
	if err != nil {
		return nil, withoutName(err)
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("this is a directory")
	case info.Mode().IsRegular():
		return openFile(ctx, file, info.Size())
	default: // a pipe
		defer file.Close()
		return readArchive(ctx, stream(ctx, file, stderr))
	}
	file.Close()
	return nil, withoutName(err)
}

// openFile opens the archive in a file of size bytes, which it closes if there is an error.
func openFile(ctx context.Context, file *os.File, size int64) (*archive, error) {
	payload := io.NewSectionReader(file, 0, size)
	var err error
	if carv2.Is(file) {
		payload, err = carv2.Payload(file, size)
	}
	if err == nil {
		var r *repo.Repo
		if r, err = repo.Open(ctx, payload, payload.Size()); err == nil {
			return &archive{r, file}, nil
		}
	}
	file.Close()
	return nil, err
}

// readArchive reads an archive to its end. It copies one of version 2 to a temporary file, since such an archive gives
// offsets to its parts.
func readArchive(ctx context.Context, r io.Reader) (*archive, error) {
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(carv2.PragmaSize); !carv2.IsPragma(start) { // reading will meet an error again
		read, err := repo.Read(ctx, buffered)
		return &archive{Repo: read}, err
	}
	file, err := os.CreateTemp("", "layers-*.car")
	if err != nil {
		return nil, err
	}
	os.Remove(file.Name()) // where open files keep their names it stays until the system clears its directory
	size, err := io.Copy(file, io.LimitReader(buffered, repo.DefaultMaxSize+1))
	if err == nil && size > repo.DefaultMaxSize {
		err = fmt.Errorf("%w: more than %d bytes", repo.ErrTooLarge, int64(repo.DefaultMaxSize))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return openFile(ctx, file, size)
}

// withoutName returns the cause of an error that names a file. The caller names the file itself.
func withoutName(err error) error {
	if named, ok := errors.AsType[*fs.PathError](err); ok {
		return named.Err
	}
	return err
}

// shownPerRule is how many failures of one rule the summary lists, which bounds its memory; --jsonl has all.
const shownPerRule = 1000

// summary counts records by collection and failures by rule.
type summary struct {
	total       lex.Account
	collections map[syntax.NSID]lex.Account
	rules       map[lex.Rule]*ruleSummary
}

type ruleSummary struct {
	issues int
	first  []string
}

func newSummary() *summary {
	return &summary{collections: map[syntax.NSID]lex.Account{}, rules: map[lex.Rule]*ruleSummary{}}
}

func (s *summary) add(r *repo.Decoded) {
	one := lex.Account{Expected: 1}
	switch {
	case r.Issues != nil:
		one.Failed = 1
	case r.Value == nil:
		one.Skipped = 1
	default:
		one.Decoded = 1
	}
	s.total.Add(one)
	one.Add(s.collections[r.Collection])
	s.collections[r.Collection] = one
	for _, issue := range r.Issues {
		rule := s.rules[issue.Rule]
		if rule == nil {
			rule = new(ruleSummary)
			s.rules[issue.Rule] = rule
		}
		if rule.issues++; len(rule.first) < shownPerRule {
			rule.first = append(rule.first, fmt.Sprintf("%s\t%s\t%s", oneLine(string(r.URI())), oneLine(issue.Path), oneLine(issue.Message())))
		}
	}
}

func (s *summary) write(out *bufio.Writer) {
	width := len("collection")
	for nsid := range s.collections {
		width = max(width, len(nsid))
	}
	fmt.Fprintf(out, "%-*s %9s %9s %9s %9s\n", width, "collection", "records", "decoded", "failed", "unknown")
	row := func(name string, a lex.Account) {
		printf(out, "%-*s %9d %9d %9d %9d\n", width, name, a.Expected, a.Decoded, a.Failed, a.Skipped)
	}
	for _, nsid := range slices.Sorted(maps.Keys(s.collections)) {
		row(string(nsid), s.collections[nsid])
	}
	row("total", s.total)

	rules := slices.Sorted(maps.Keys(s.rules))
	slices.SortStableFunc(rules, func(a, b lex.Rule) int { return s.rules[b].issues - s.rules[a].issues })
	for _, name := range rules {
		rule := s.rules[name]
		fmt.Fprintf(out, "\n%s: %d\n", name, rule.issues)
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, text := range rule.first {
			fmt.Fprintln(table, "  "+text)
		}
		table.Flush() // out keeps its error for the last Flush
		if more := rule.issues - len(rule.first); more > 0 {
			fmt.Fprintf(out, "  and %d more; --jsonl lists all\n", more)
		}
	}
}
