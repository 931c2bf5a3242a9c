package output

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Records decodes all records of an archive. If lines is set, it prints each as a line of JSON; otherwise it prints a
// summary. An error of writing to w has an exit status, and one of reading the archive has none.
func Records(ctx context.Context, w io.Writer, archive *repo.Repo, lines bool) (rec.Counts, error) {
	var buf []byte
	summary := newSummary()
	if lines {
		w = terminal.Exact(w)
	}
	out := bufio.NewWriter(w)
	for record, err := range archive.Decode(ctx, records.Lookup, &repo.DecodeOptions{Reuse: true}) {
		if err != nil {
			return summary.total, errors.Join(out.Flush(), err)
		}
		summary.add(record)
		if lines {
			l := LineOf(record)
			l.Trust = archive.Trust().String()
			buf = l.Append(buf[:0])
			if _, err := out.Write(buf); err != nil {
				return summary.total, exit.Failure(err)
			}
		}
	}
	if !lines {
		writeCommit(out, archive)
		summary.write(out)
	}
	return summary.total, exit.Failure(out.Flush())
}

// writeCommit writes the DID, the revision and the commit of an archive, whether its signature is verified, and its
// trust.
func writeCommit(out *bufio.Writer, archive *repo.Repo) {
	signature := "not verified"
	if archive.Trust() >= rec.Signed {
		signature = "valid"
	}
	commit := archive.Commit()
	terminal.Printf(out, "did        %s\nrev        %s\ncommit     %s\nsignature  %s\ntrust      %s\n\n",
		commit.DID, commit.Rev, archive.CommitCID(), signature, archive.Trust())
}

// AllDecoded returns an error with the exit status of --strict if a record of the archive called name failed.
func AllDecoded(name string, total rec.Counts) error {
	if total.Failed == 0 {
		return nil
	}
	return &exit.Error{Status: exit.Strict, Err: fmt.Errorf("%s: %d of %s %s invalid", name, total.Failed, terminal.Number(total.Expected, "record"), terminal.Are(total.Failed))}
}

// shownPerRule is how many issues of one rule the summary lists. It bounds the memory that a summary takes; --jsonl
// prints all issues.
const shownPerRule = 1000

// summary counts the records of an archive by collection, and their issues by rule.
type summary struct {
	total       rec.Counts
	collections map[syntax.NSID]rec.Counts
	rules       map[issue.Rule]*ruleSummary
}

// ruleSummary has the number of issues of a rule, and the lines for the first of them.
type ruleSummary struct {
	issues int
	first  []string
}

func newSummary() *summary {
	return &summary{collections: map[syntax.NSID]rec.Counts{}, rules: map[issue.Rule]*ruleSummary{}}
}

func (s *summary) add(r *repo.Decoded) {
	var one rec.Counts
	one.Count(r.Outcome())
	s.total.Add(one)
	one.Add(s.collections[r.Collection])
	s.collections[r.Collection] = one
	for _, problem := range r.Issues {
		rule := s.rules[problem.Rule]
		if rule == nil {
			rule = new(ruleSummary)
			s.rules[problem.Rule] = rule
		}
		if rule.issues++; len(rule.first) < shownPerRule {
			rule.first = append(rule.first, fmt.Sprintf("%s\t%s\t%s", terminal.OneLine(string(r.URI())), terminal.OneLine(problem.Path), terminal.OneLine(problem.Message())))
		}
	}
}

func (s *summary) write(out *bufio.Writer) {
	width := len("collection")
	for nsid := range s.collections {
		width = max(width, len(nsid))
	}
	fmt.Fprintf(out, "%-*s %9s %9s %9s %9s\n", width, "collection", "records", "decoded", "failed", "unknown")
	row := func(name string, a rec.Counts) {
		terminal.Printf(out, "%-*s %9d %9d %9d %9d\n", width, name, a.Expected, a.Decoded, a.Failed, a.Skipped)
	}
	for _, nsid := range slices.Sorted(maps.Keys(s.collections)) {
		row(string(nsid), s.collections[nsid])
	}
	row("total", s.total)

	rules := slices.Sorted(maps.Keys(s.rules))
	slices.SortStableFunc(rules, func(a, b issue.Rule) int { return s.rules[b].issues - s.rules[a].issues })
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
