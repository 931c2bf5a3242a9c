package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/lexfile"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

func diffCommand(s *settings) *cobra.Command {
	var at installation
	network := false
	command := &cobra.Command{
		Use:   "diff [old] [new]",
		Short: "Judge the changes between two versions of the documents",
		Long: `Diff compares two versions of the documents by the rules of lexicon evolution: data
that was valid must stay valid, and new data must be valid under the old documents,
too. It prints each change with its verdict (error, warning or fine) and, below
it, the Go names that it adds, removes or changes. It exits with status 1 if there
is an error.

A version is a directory with documents, or a git revision, in which the documents
are where the configuration says. By default, new is the working tree, and old is
HEAD. With --network, the installed documents are compared with the current ones of
the network; see install.

The rules are those of https://atproto.com/specs/lexicon#lexicon-evolution. An error
is a change that can make data or calls of one side invalid on the other, such as
a required field that is added or removed, or a limit that is tightened or loosened. A
warning is a change that affects only programs, such as a dropped optional field.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			if network {
				return s.diffNetwork(command, at, args)
			}
			before, after := "HEAD", ""
			if len(args) > 0 {
				before = args[0]
			}
			if len(args) > 1 {
				after = args[1]
			}
			changes, err := s.compare(command.Context(), command.ErrOrStderr(), before, after)
			if err != nil {
				return failure{err}
			}
			printJudged(command.OutOrStdout(), changes)
			if evolve.Worst(changes) == evolve.Error {
				return errFound
			}
			return nil
		},
	}
	command.Flags().BoolVar(&network, "network", false, "compare the installed documents with the network")
	at.flags(command)
	return command
}

// diffNetwork compares the installed documents with the network.
func (s *settings) diffNetwork(command *cobra.Command, at installation, args []string) error {
	if len(args) > 0 {
		return errors.New("--network cannot be combined with versions")
	}
	at, err := s.places(at)
	if err != nil {
		return failure{err}
	}
	plan, found, err := s.upstream(command, at)
	if err != nil {
		return failure{err}
	}
	tell(command.ErrOrStderr(), plan)
	printJudged(command.OutOrStdout(), found.changes)
	if found.moves != nil {
		fmt.Fprintf(command.ErrOrStderr(), "Go names would change:\n%v\n", found.moves)
	}
	if evolve.Worst(found.changes) == evolve.Error || found.moves != nil {
		return errFound
	}
	return nil
}

// printJudged prints changes with their verdicts and their effects on the Go API, and then a summary.
func printJudged(w io.Writer, changes []evolve.Change) {
	for _, c := range changes {
		fmt.Fprintln(w, c)
		for _, line := range c.Go {
			fmt.Fprintf(w, "\t%s\n", line)
		}
	}
	fmt.Fprintln(w, evolve.Summary(changes))
}

// side is one version of the documents.
type side struct {
	name  string // the name of the version in messages
	fsys  fs.FS
	roots []string
	// config is nil for a directory without a configuration.
	config *gen.Config
	// current says that code is generated from this version next. Then only its own name lock counts, not that of the
	// other version.
	current bool
}

// compare compares two versions, which are named as for side. It lists documents that cannot be compared on w.
func (s *settings) compare(ctx context.Context, w io.Writer, before, after string) ([]evolve.Change, error) {
	a, err := s.side(ctx, before)
	if err != nil {
		return nil, err
	}
	b, err := s.side(ctx, after)
	if err != nil {
		return nil, err
	}
	return s.judge(ctx, w, a, b)
}

// judge compares two versions of the documents. On w it lists documents that cannot be compared, and says why if the Go
// API cannot be compared.
func (s *settings) judge(ctx context.Context, w io.Writer, a, b *side) ([]evolve.Change, error) {
	sets := make([]*lexicon.Set, 2)
	for i, v := range []*side{a, b} {
		set, problems, err := evolve.Read(v.fsys, v.roots...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.name, err)
		}
		for _, p := range problems {
			fmt.Fprintf(w, "not compared: %s: %v\n", v.name, p)
		}
		sets[i] = set
	}
	changes := evolve.Compare(sets[0], sets[1])
	if len(changes) == 0 && sameNames(a, b) {
		return nil, nil
	}
	symbols, err := s.apis(ctx, a, b)
	if err != nil {
		fmt.Fprintf(w, "the Go API is not compared: %v\n", err)
		return changes, nil
	}
	return evolve.Attach(changes, symbols[0], symbols[1]), nil
}

// sameNames reports whether two versions have the same configuration and the same name lock, so that the Go API cannot differ unless
// the documents do.
func sameNames(a, b *side) bool {
	if a.config == nil || b.config == nil {
		return true // a directory without a configuration uses that of the other side
	}
	var texts [2][]byte
	for i, v := range []*side{a, b} {
		config, err := json.Marshal(v.config, json.Deterministic(true))
		if err != nil {
			return false
		}
		names, err := fs.ReadFile(v.fsys, v.config.NamesFile())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false
		}
		texts[i] = append(config, names...)
	}
	return bytes.Equal(texts[0], texts[1])
}

// apis returns the Go APIs that are generated from two versions. The names follow the name lock of the version or, if
// it has none, that of the other version; so b keeps the names of a where possible.
func (s *settings) apis(ctx context.Context, a, b *side) (symbols [2][]evolve.Symbol, err error) {
	configs := [2]*gen.Config{a.config, b.config}
	sides := [2]*side{a, b}
	var locks [2]*naming.Lock
	for i, v := range sides {
		if configs[i] == nil { // a directory without a configuration uses that of the other side
			other := gen.Config{Module: "example.org/module", Output: "."}
			if sides[1-i].config != nil {
				other = *sides[1-i].config
			}
			other.Lexicons, other.Overrides, other.Lock, other.Opaque, other.Purposes = v.roots, nil, "", true, nil
			configs[i] = &other
		}
		if locks[i], err = configs[i].ReadNames(v.fsys); err != nil {
			return symbols, fmt.Errorf("%s: %w", v.name, err)
		}
	}
	earlier := locks[1]
	for i, v := range sides {
		if v.current {
			earlier = nil
		}
		// Renames are accepted, since diff is to show them.
		if symbols[i], earlier, err = s.api(ctx, v.fsys, configs[i], true, earlier); err != nil {
			return symbols, fmt.Errorf("no Go API for %s: %w", v.name, err)
		}
	}
	return symbols, nil
}

// api returns the Go API that is generated from the documents in fsys, and its name lock. The names follow the name
// lock in fsys or, if there is none, earlier.
func (s *settings) api(ctx context.Context, fsys fs.FS, base *gen.Config, rename bool, earlier *naming.Lock) ([]evolve.Symbol, *naming.Lock, error) {
	config := new(*base)
	config.IgnoreLock, config.Rename, config.Earlier = true, rename, earlier
	if err := config.ReadImports(ctx, s.root()); err != nil {
		return nil, nil, err
	}
	set, err := config.Load(fsys)
	if err != nil {
		return nil, nil, err
	}
	files, lock, err := gen.SourceAndLock(set, config)
	if err != nil {
		return nil, nil, err
	}
	symbols, err := evolve.API(files)
	return symbols, lock, err
}

// side returns the version of the documents with the given name: that of the working tree for "", or else that in a
// directory or a git revision.
func (s *settings) side(ctx context.Context, name string) (*side, error) {
	if name == "" {
		config, err := s.read()
		if err != nil {
			return nil, err
		}
		return &side{"the working tree", os.DirFS(s.root()), config.Lexicons, config, true}, nil
	}
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return &side{name, os.DirFS(name), []string{"."}, nil, false}, nil
	}
	root := s.root()
	if !isRevision(ctx, root, name) {
		return nil, fmt.Errorf("%s is neither a directory nor a git revision", name)
	}
	file, err := s.configPath()
	if err != nil {
		return nil, err
	}
	fsys, err := revision(ctx, root, name, file)
	if err != nil {
		return nil, err
	}
	config, err := gen.ReadConfig(fsys, file)
	if errors.Is(err, fs.ErrNotExist) {
		config, err = s.read() // the configuration was added after this revision
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if fsys, err = revision(ctx, root, name, append(slices.Clone(config.Lexicons), config.NamesFile())...); err != nil {
		return nil, err
	}
	roots := slices.DeleteFunc(slices.Clone(config.Lexicons), func(dir string) bool {
		_, err := fs.Stat(fsys, dir)
		return err != nil
	})
	return &side{name, fsys, roots, config, false}, nil
}

// base returns the revision that the documents have to be compatible with: HEAD while the documents differ from it, and
// otherwise its first parent, which for a merge is the branch that was merged into. It returns "" if HEAD has no parent.
func (s *settings) base(ctx context.Context) (string, error) {
	config, err := s.read()
	if err != nil {
		return "", err
	}
	root := s.root()
	args := append([]string{"--literal-pathspecs", "status", "--porcelain", "--untracked-files=all", "--"}, config.Lexicons...)
	changed, err := git(ctx, root, nil, args...)
	if err != nil {
		return "", err
	}
	switch {
	case len(changed) > 0 && isRevision(ctx, root, "HEAD"):
		return "HEAD", nil
	case isRevision(ctx, root, "HEAD^"):
		return "HEAD^", nil
	}
	if shallow, err := git(ctx, root, nil, "rev-parse", "--is-shallow-repository"); err != nil || strings.TrimSpace(string(shallow)) == "true" {
		return "", errors.New("the clone is shallow and lacks the commit to compare with; fetch more of the history, or name a revision with --base")
	}
	return "", nil
}

// checkBreaking compares the documents with a revision and fails if a change breaks the rules of lexicon evolution.
func (s *settings) checkBreaking(command *cobra.Command, base string) error {
	if base == "" {
		var err error
		if base, err = s.base(command.Context()); err != nil {
			return failure{err}
		}
		if base == "" {
			fmt.Fprintln(command.ErrOrStderr(), "no earlier version of the documents")
			return nil
		}
	}
	changes, err := s.compare(command.Context(), command.ErrOrStderr(), base, "")
	if err != nil {
		return failure{err}
	}
	changes = slices.DeleteFunc(changes, func(c evolve.Change) bool { return c.Verdict == evolve.Fine })
	for _, c := range changes {
		fmt.Fprintln(command.OutOrStdout(), c)
	}
	if n := evolve.Count(changes, evolve.Error); n > 0 {
		return failure{fmt.Errorf("changes since %s break the rules of lexicon evolution: %s; see `lexgen diff %s`", base, evolve.Summary(changes), base)}
	}
	return nil
}

// accepted prints the changes of the documents since the lockfiles were last updated, with verdicts. It reads the
// earlier version of a changed document from HEAD in git, and returns false if the version there is not the one in the
// lockfile, or if there is no lockfile. names is the content of the name lock before the run, or nil.
func (s *settings) accepted(command *cobra.Command, config *gen.Config, names []byte) (judged bool, err error) {
	root, w := s.root(), command.ErrOrStderr()
	tree := os.DirFS(root)
	before := make(map[string][]byte)
	var changed, roots []string
	sums := make(map[string]string)
	for _, dir := range config.Lexicons {
		locked, problems := lexicon.Locked(tree, config.LockFile(dir))
		if len(problems) > 0 {
			return false, failure{problems}
		}
		if locked == nil {
			continue // nothing was accepted before
		}
		roots = append(roots, dir)
		for name, sum := range locked {
			file := path.Join(dir, name)
			data, err := fs.ReadFile(tree, file)
			if err == nil && digest(data) == sum {
				before[file] = data
				continue
			}
			changed, sums[file] = append(changed, file), sum
		}
	}
	if len(roots) == 0 {
		return false, nil
	}
	if len(changed) > 0 {
		head, err := revision(command.Context(), root, "HEAD", changed...)
		missing := 0
		for _, file := range changed {
			if err == nil {
				if data, err := fs.ReadFile(head, file); err == nil && digest(data) == sums[file] {
					before[file] = data
					continue
				}
			}
			missing++
		}
		if missing > 0 {
			fmt.Fprintf(w, "accepted without a verdict: for %d of %d changed documents, git does not have the version in the lockfile\n", missing, len(changed))
			return false, nil
		}
	}
	old := *config
	old.Lexicons = roots
	if names != nil {
		before[config.NamesFile()] = names
		old.Names = nil // the name lock has the names that the configuration gave then
	}
	fsys, err := memory(before)
	if err != nil {
		return false, failure{err}
	}
	changes, err := s.judge(command.Context(), w, &side{"the lockfile", fsys, roots, &old, false}, &side{"the working tree", tree, config.Lexicons, config, true})
	if err != nil {
		return false, failure{err}
	}
	if len(changes) > 0 {
		fmt.Fprintln(w, "accepted:")
		printJudged(w, changes)
	}
	return true, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(lexfile.UnixLines(data))
	return hex.EncodeToString(sum[:])
}
