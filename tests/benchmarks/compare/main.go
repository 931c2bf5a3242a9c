// Command compare measures the benchmarks of this checkout against those of an earlier commit, in one run:
//
//	go run ./tests/benchmarks/compare [-bench REGEXP] [-count N] [-benchtime T] [-cpu N] [-package DIR]
//		[-against NAME] [-against-cpu N] COMMIT
//
// With -against, all benchmarks are compared with the earlier commit's benchmark of that name, such as Repo/typed, which
// may have no counterpart for them; with -against-cpu, it runs on another number of cores.
//
// It builds both test binaries, runs them in turn, and prints, for each benchmark that both have, the best of all
// rounds and the ratio: above 1 the checkout is better. Other work on the machine can only make a round slower, so the
// best round is the most reliable one, and many short rounds are better than a few long ones. The earlier commit is built
// in a temporary git worktree, which is removed.
//
// A benchmark with a floor measures it in its loop, so that ns/op includes it. own-ms and floor-ms are the two times; for
// commits whose benchmarks do not report them, they are computed from ns/op and of-floor. of-floor is then the ratio of
// the best of both, since the best of-floor would be that of the round in which the floor was disturbed most.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	bench := flags.String("bench", ".", "run the benchmarks that match this `regexp`")
	count := flags.Int("count", 20, "rounds")
	benchtime := flags.String("benchtime", "1x", "as for go test")
	cpu := flags.Int("cpu", 1, "cores that a benchmark may use")
	against := flags.String("against", "", "compare all benchmarks with the earlier one of this `name`")
	againstCPU := flags.Int("against-cpu", 0, "cores for the earlier commit; 0 means those of -cpu")
	dir := flags.String("package", "./tests/benchmarks", "`directory` of the package with the benchmarks")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *count < 1 {
		return errors.New("usage: compare [flags] COMMIT")
	}
	scratch, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	top, err := output(ctx, ".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	earlier := filepath.Join(scratch, "earlier")
	if _, err := output(ctx, top, "git", "worktree", "add", "--detach", earlier, flags.Arg(0)); err != nil {
		return err
	}
	defer func() {
		_, failed := output(context.WithoutCancel(ctx), top, "git", "worktree", "remove", "--force", earlier)
		err = errors.Join(err, failed)
	}()

	sides := [2]side{{root: earlier, bench: *bench, cpu: cmp.Or(*againstCPU, *cpu)}, {root: top, bench: *bench, cpu: *cpu}}
	if *against != "" {
		sides[0].bench = exactly(*against)
	}
	for i := range sides {
		s := &sides[i]
		s.binary = filepath.Join(scratch, strconv.Itoa(i)+".test")
		if _, err := output(ctx, s.root, "go", "test", "-c", "-o", s.binary, *dir); err != nil {
			return err
		}
	}
	for range *count {
		for i := range sides {
			s := &sides[i]
			text, err := output(ctx, filepath.Join(s.root, *dir), s.binary, "-test.run", "^$", "-test.bench", s.bench,
				"-test.benchtime", *benchtime, "-test.cpu", strconv.Itoa(s.cpu), "-test.benchmem")
			if err != nil {
				return err
			}
			if err := s.add(text); err != nil {
				return err
			}
		}
	}
	sides[0].divide()
	sides[1].divide()
	return report(out, &sides[0], &sides[1], *against)
}

// exactly returns the pattern that matches only the benchmark called name.
func exactly(name string) string {
	parts := strings.Split("Benchmark"+name, "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	return strings.Join(parts, "/")
}

// output runs a command in dir and returns its standard output, trimmed. An error contains all of its output.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, stdout.Bytes(), stderr.Bytes())
	}
	return strings.TrimSpace(stdout.String()), nil
}

// side is one of the two versions that are compared.
type side struct {
	root, binary string
	bench        string
	cpu          int
	results      []result
}

// result is the best value of one figure of one benchmark.
type result struct {
	name, unit string
	best       float64
}

// add parses the figures of one round from the output of a test binary, and keeps the best values.
func (s *side) add(text string) error {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		// After the name is the number of cores, unless that is 1.
		name := strings.TrimSuffix(strings.TrimPrefix(fields[0], "Benchmark"), "-"+strconv.Itoa(s.cpu))
		figures := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return fmt.Errorf("%q: %w", lines.Text(), err)
			}
			figures[fields[i+1]] = value
		}
		if share := figures["of-floor"]; share > 0 && figures["own-ms"] == 0 {
			figures["own-ms"] = figures["ns/op"] / 1e6 / (1 + share)
			figures["floor-ms"] = figures["own-ms"] * share
		}
		for _, unit := range slices.Sorted(maps.Keys(figures)) {
			s.note(name, unit, figures[unit])
		}
	}
	return lines.Err()
}

// divide sets each of-floor to the ratio of the best floor-ms to the best own-ms.
func (s *side) divide() {
	for i := range s.results {
		if r := &s.results[i]; r.unit == "of-floor" {
			r.best = s.find(r.name, "floor-ms").best / s.find(r.name, "own-ms").best
		}
	}
}

func (s *side) note(name, unit string, value float64) {
	r := s.find(name, unit)
	if r == nil {
		s.results = append(s.results, result{name, unit, value})
	} else if moreIsBetter(unit) == (value > r.best) {
		r.best = value
	}
}

func (s *side) find(name, unit string) *result {
	for i := range s.results {
		if r := &s.results[i]; r.name == name && r.unit == unit {
			return r
		}
	}
	return nil
}

// moreIsBetter reports whether a larger figure of the unit is the better one: throughput and ratios to a baseline.
func moreIsBetter(unit string) bool {
	return strings.HasSuffix(unit, "MB/s") || strings.HasPrefix(unit, "of-")
}

// report prints the figures of now beside those of the same benchmark of earlier, or, if against is not empty, beside
// those of earlier's benchmark of that name.
func report(out io.Writer, earlier, now *side, against string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "benchmark\tunit\tearlier\tnow\tratio")
	for _, r := range now.results {
		before := earlier.find(cmp.Or(against, r.name), r.unit)
		if before == nil {
			continue
		}
		above, below := before.best, r.best
		if moreIsBetter(r.unit) {
			above, below = below, above
		}
		ratio := "-"
		if below != 0 {
			ratio = strconv.FormatFloat(above/below, 'f', 2, 64)
		}
		fmt.Fprintf(table, "%s\t%s\t%.4g\t%.4g\t%s\n", r.name, r.unit, before.best, r.best, ratio)
	}
	return table.Flush()
}
