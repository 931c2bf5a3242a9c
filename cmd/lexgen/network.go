package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/gen/lexfile"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// lookupTXT looks up TXT records, except in tests; nil stands for the resolver of the host.
var lookupTXT func(ctx context.Context, name string) ([]string, error)

// environment is the paragraph of help texts about the environment variables that say which servers the commands use.
const environment = `
The environment says which servers are used: LAYERS_PLC is the PLC directory, and
with LAYERS_ALLOW_PRIVATE=1 servers may be on this host and without TLS.`

// repositories returns a client that resolves names and reads repositories.
func repositories() (*pds.Client, error) {
	n, err := network.FromEnv()
	if err != nil {
		return nil, err
	}
	n.UserAgent, n.LookupTXT = "lexgen (+https://github.com/layers-pub/layers-go)", lookupTXT
	directory, err := identity.New(identity.WithNetwork(n))
	if err != nil {
		return nil, err
	}
	return pds.New(pds.WithDirectory(directory))
}

// installation says where documents are installed: the directory of the documents and the manifest file.
type installation struct{ dir, manifest string }

// flags adds the flags for the directory and the manifest.
func (i *installation) flags(command *cobra.Command) {
	command.Flags().StringVar(&i.dir, "lexicons", "", "the `directory` of the documents (default: the first one of the configuration, or lexicons)")
	command.Flags().StringVar(&i.manifest, "manifest", "", "the manifest `file` (default: lexicons.json in the root of the module)")
}

// places returns i with the default directory and manifest where the flags did not set them.
func (s *settings) places(i installation) (installation, error) {
	if i.dir == "" {
		i.dir = filepath.Join(s.root(), "lexicons")
		config, err := s.read()
		switch {
		case err == nil:
			i.dir = filepath.Join(s.root(), filepath.FromSlash(config.Lexicons[0]))
		case !errors.Is(err, fs.ErrNotExist):
			return i, err
		}
	}
	if i.manifest == "" {
		i.manifest = filepath.Join(s.root(), install.File)
	}
	return i, nil
}

func installCommand(s *settings) *cobra.Command {
	var at installation
	var ci, breaking bool
	command := &cobra.Command{
		Use:   "install [nsid or at-uri...]",
		Short: "Install documents from the network",
		Long: `Install fetches documents and those that they refer to, and lists them in a manifest.
The account that publishes a document is named by DNS (_lexicon.), or by an at-uri. The
document is read from the account's PDS with a proof that it is in the account's
repository, and the account's signature is verified.

Without arguments it installs the documents that the manifest lists and whose files
are missing. It is an error if the network has another version than the manifest lists.

The manifest, lexicons.json, is that of the npm package @atproto/lex: each of the two
tools accepts what the other has installed.

If it replaces files, for example because an at-uri names a document in another
repository, it prints the changes with the verdicts of diff. If a change breaks the
rules of lexicon evolution, or an exported Go name would change or move, it writes
nothing and exits with status 1, unless --breaking or --rename accepts that.

With --ci it does not change the manifest, and fails if the manifest does not list
exactly the documents in the directory.
` + environment,
		RunE: func(command *cobra.Command, add []string) error {
			if ci && len(add) > 0 {
				return errors.New("with --ci, documents cannot be added")
			}
			return s.install(command, at, ci, breaking, &install.Options{Add: add})
		},
	}
	at.flags(command)
	command.Flags().BoolVar(&ci, "ci", false, "fail if the manifest is out of date, and do not change it")
	s.acceptFlags(command, &breaking)
	return command
}

func pullCommand(s *settings) *cobra.Command {
	var at installation
	command := &cobra.Command{
		Use:   "pull",
		Short: "Restore the installed documents",
		Long: `Pull fetches the documents that the manifest lists and whose files are missing or
were changed, and prints the changes with the verdicts of diff. It fails if the network
no longer has the version that the manifest lists; update fetches the current one.
` + environment,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return s.install(command, at, false, true, &install.Options{Mode: install.Restore})
		},
	}
	at.flags(command)
	return command
}

// install installs documents and prints what it has written. If files would be replaced, it first prints the changes,
// and writes nothing unless the user accepts them; see [judged.accept].
func (s *settings) install(command *cobra.Command, at installation, ci, breaking bool, options *install.Options) error {
	at, err := s.places(at)
	if err != nil {
		return failure{err}
	}
	plan, before, err := planInstall(command.Context(), at, options)
	if err != nil {
		return failure{err}
	}
	if ci && (before == nil || !before.Equal(plan.Manifest)) {
		return failure{fmt.Errorf("%s: %w; run `lexgen install`", at.manifest, install.ErrOutOfDate)}
	}
	if len(plan.Changed()) > 0 {
		found, err := s.judgePlan(command, at, plan)
		if err != nil {
			return failure{err}
		}
		// New documents are listed when they are written.
		found.changes = slices.DeleteFunc(found.changes, func(c evolve.Change) bool { return c.Verdict == evolve.Fine && c.Pointer == "" })
		if err := found.accept(command, breaking); err != nil {
			return err
		}
	}
	return s.write(command, at, plan)
}

// planInstall plans an installation by the manifest and options. It also returns the manifest, nil if there is none.
func planInstall(ctx context.Context, at installation, options *install.Options) (*install.Plan, *install.Manifest, error) {
	manifest, err := install.ReadManifest(at.manifest)
	if err != nil {
		return nil, nil, err
	}
	if manifest == nil && len(options.Add) == 0 {
		return nil, nil, fmt.Errorf("there is no manifest %s; name the documents to install", at.manifest)
	}
	repos, err := repositories()
	if err != nil {
		return nil, nil, err
	}
	plan, err := install.New(repos).Plan(ctx, os.DirFS(at.dir), manifest, options)
	return plan, manifest, err
}

// write writes the documents of a plan and its manifest, and lists the documents that it wrote.
func (s *settings) write(command *cobra.Command, at installation, plan *install.Plan) error {
	if err := plan.Write(at.dir, at.manifest); err != nil {
		return failure{err}
	}
	for _, d := range plan.Changed() {
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", d.URI, d.CID)
	}
	tell(command.ErrOrStderr(), plan)
	fmt.Fprintf(command.ErrOrStderr(), "%s, %d written\n", plural(len(plan.Documents), "document"), len(plan.Changed()))
	return nil
}

// tell prints the notes of a plan, and the documents that it removes from the manifest.
func tell(w io.Writer, plan *install.Plan) {
	for _, note := range plan.Notes {
		fmt.Fprintln(w, note)
	}
	for _, id := range plan.Gone {
		fmt.Fprintf(w, "%s: no longer needed, so it was removed from the manifest; its file remains\n", id)
	}
}

func updateCommand(s *settings) *cobra.Command {
	var at installation
	var breaking bool
	command := &cobra.Command{
		Use:   "update",
		Short: "Update the installed documents",
		Long: `Update fetches the current versions of the documents that the manifest lists, and of
those that they refer to, as install does. It prints the changes with the verdicts of
diff, and the Go names that are added, removed or changed. If a change breaks the rules
of lexicon evolution, it writes nothing and exits with status 1, unless --breaking
accepts that. It does the same if an exported Go name would be renamed or moved, unless
--rename accepts that.
` + environment,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			at, err := s.places(at)
			if err != nil {
				return failure{err}
			}
			plan, found, err := s.upstream(command, at)
			if err != nil {
				return failure{err}
			}
			if err := found.accept(command, breaking); err != nil {
				return err
			}
			return s.write(command, at, plan)
		},
	}
	at.flags(command)
	s.acceptFlags(command, &breaking)
	return command
}

// acceptFlags adds the flags that accept what [judged.accept] refuses.
func (s *settings) acceptFlags(command *cobra.Command, breaking *bool) {
	command.Flags().BoolVar(breaking, "breaking", false, "accept changes that break the rules of lexicon evolution")
	command.Flags().BoolVar(&s.rename, "rename", false, "accept that exported Go names of the name lock change or move")
}

// accept prints the changes. It returns an error if they must not be written: if one of them breaks the rules of
// lexicon evolution and breaking is false, or if Go names would change.
func (j *judged) accept(command *cobra.Command, breaking bool) error {
	if len(j.changes) > 0 {
		printJudged(command.OutOrStdout(), j.changes)
	}
	switch {
	case evolve.Worst(j.changes) == evolve.Error && !breaking:
		return failure{errors.New("nothing is written, since changes break the rules of lexicon evolution; --breaking accepts them")}
	case j.moves != nil:
		return failure{fmt.Errorf("nothing is written, since Go names would change; --rename accepts that:\n%w", j.moves)}
	}
	return nil
}

// upstream plans an update, and judges what changes in the documents.
func (s *settings) upstream(command *cobra.Command, at installation) (*install.Plan, *judged, error) {
	plan, _, err := planInstall(command.Context(), at, &install.Options{Mode: install.Update})
	if err != nil {
		return nil, nil, err
	}
	changes, err := s.judgePlan(command, at, plan)
	return plan, changes, err
}

// judged has the effects of an installation that is planned: the changes of documents with their verdicts, and of Go
// names.
type judged struct {
	changes []evolve.Change
	// moves says which exported Go names would be renamed or moved; nil if none would.
	moves error
}

// judgePlan judges what a plan changes in the documents. If the configuration generates code from the installed
// documents, all its documents are compared, and otherwise only the installed ones.
func (s *settings) judgePlan(command *cobra.Command, at installation, plan *install.Plan) (*judged, error) {
	config, err := s.read()
	if errors.Is(err, fs.ErrNotExist) {
		config, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	// Other documents of the configuration may refer to the installed ones.
	before, after := &side{name: at.dir, roots: []string{"."}}, &side{name: "the network", roots: []string{"."}}
	below := "." // the directory of the installed documents, relative to root
	root := at.dir
	if dir, inside := s.installedIn(config, at); inside {
		root, below = s.root(), dir
		whole := *config
		whole.Opaque = true // some may be missing, before or after
		for _, v := range []*side{before, after} {
			v.roots, v.config, v.current = config.Lexicons, &whole, true
		}
	}
	files, err := documents(root, before.roots, before.config)
	if err != nil {
		return nil, err
	}
	if before.fsys, err = memory(files); err != nil {
		return nil, err
	}
	for _, id := range plan.Gone {
		delete(files, path.Join(below, install.FileOf(id)))
	}
	for _, d := range plan.Documents {
		files[path.Join(below, install.FileOf(syntax.NSID(d.ID)))] = d.JSON
	}
	if after.fsys, err = memory(files); err != nil {
		return nil, err
	}
	result := new(judged)
	if result.changes, err = s.judge(command.Context(), command.ErrOrStderr(), before, after); err != nil {
		return nil, err
	}
	if after.config != nil {
		result.moves = s.moves(command.Context(), after)
	}
	return result, nil
}

// installedIn returns the directory of the installed documents, relative to the root of the module. inside says whether
// the configuration generates code from it.
func (s *settings) installedIn(config *gen.Config, at installation) (dir string, inside bool) {
	if config == nil {
		return "", false
	}
	root, err := filepath.Abs(s.root())
	if err != nil {
		return "", false
	}
	full, err := filepath.Abs(at.dir)
	if err != nil {
		return "", false
	}
	if dir, err = filepath.Rel(root, full); err != nil {
		return "", false
	}
	dir = filepath.ToSlash(dir)
	return dir, slices.ContainsFunc(config.Lexicons, func(of string) bool {
		return of == "." || dir == of || strings.HasPrefix(dir, of+"/")
	})
}

// documents returns the content of the JSON files below the directories dirs of root, by path, and that of the name
// lock if config is not nil and there is one.
func documents(root string, dirs []string, config *gen.Config) (map[string][]byte, error) {
	files := make(map[string][]byte)
	tree := os.DirFS(root)
	add := func(name string, entry fs.DirEntry, limit int64) error {
		info, err := entry.Info()
		if err != nil || info.Size() > limit {
			return err
		}
		files[name], err = fs.ReadFile(tree, name)
		return err
	}
	for _, dir := range dirs {
		err := fs.WalkDir(tree, dir, func(name string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist) && name == dir:
				return fs.SkipDir
			case err != nil:
				return err
			case entry.IsDir() && name != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
				return fs.SkipDir
			case !entry.Type().IsRegular() || !strings.EqualFold(path.Ext(name), ".json"):
				return nil
			}
			return add(name, entry, lexfile.MaxFileSize)
		})
		if err != nil {
			return nil, err
		}
	}
	if config == nil {
		return files, nil
	}
	names := config.NamesFile()
	data, err := fs.ReadFile(tree, names)
	if err == nil {
		files[names] = data
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return files, nil
}

// moves returns the error with which generate would refuse to change or move exported Go names, or nil if it would not.
func (s *settings) moves(ctx context.Context, v *side) error {
	if v.config.Rename {
		return nil
	}
	if _, _, err := s.api(ctx, v.fsys, v.config, true, nil); err != nil {
		return nil // generate fails for another reason, which it reports itself
	}
	_, _, err := s.api(ctx, v.fsys, v.config, false, nil)
	return err
}

// ownDocuments returns the documents of the configuration that are not installed.
func (s *settings) ownDocuments(ctx context.Context, at installation) ([]*lexicon.Document, error) {
	config, err := s.read()
	if err != nil {
		return nil, err
	}
	if err := config.ReadImports(ctx, s.root()); err != nil {
		return nil, err
	}
	config.IgnoreLock = true
	set, err := config.Load(os.DirFS(s.root()))
	if err != nil {
		return nil, err
	}
	manifest, err := install.ReadManifest(at.manifest)
	if err != nil {
		return nil, err
	}
	own := slices.DeleteFunc(slices.Clone(set.Documents), func(d *lexicon.Document) bool {
		if manifest == nil {
			return false
		}
		_, installed := manifest.Resolutions[syntax.NSID(d.ID)]
		return installed
	})
	return own, nil
}
