package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// lookupTXT looks up TXT records, except in tests; nil stands for the resolver of the host.
var lookupTXT func(ctx context.Context, name string) ([]string, error)

// environment are the variables that say which servers the commands talk to.
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

// installation is where documents are installed.
type installation struct{ dir, manifest string }

// flags adds the flags for the places.
func (i *installation) flags(command *cobra.Command) {
	command.Flags().StringVar(&i.dir, "lexicons", "", "the `directory` of the documents (default: the first one of the configuration, or lexicons)")
	command.Flags().StringVar(&i.manifest, "manifest", "", "the manifest `file` (default: lexicons.json in the root of the module)")
}

// places returns the directory and the manifest.
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
	var ci bool
	command := &cobra.Command{
		Use:   "install [nsid or at-uri...]",
		Short: "Install documents from the network",
		Long: `Install fetches documents and those that they refer to, and lists them in a manifest.
The account that has a document is named by DNS (_lexicon.), or by an at-uri. The
document is read from the account's PDS with the proof that it is in the account's
repository, and the account's signature is verified.

Without arguments it installs what the manifest lists and has no file. A document
that is not the one that the manifest lists is an error.

The manifest, lexicons.json, is that of the npm package @atproto/lex: either of them
accepts what the other has installed.

With --ci it changes no manifest, and fails if the manifest does not list exactly the
documents that are there.
` + environment,
		RunE: func(command *cobra.Command, add []string) error {
			if ci && len(add) > 0 {
				return errors.New("with --ci, documents cannot be added")
			}
			return s.install(command, at, ci, &install.Options{Add: add})
		},
	}
	at.flags(command)
	command.Flags().BoolVar(&ci, "ci", false, "fail if the manifest is out of date, and do not change it")
	return command
}

func pullCommand(s *settings) *cobra.Command {
	var at installation
	command := &cobra.Command{
		Use:   "pull",
		Short: "Restore the installed documents",
		Long: `Pull fetches the documents that the manifest lists and whose files are missing or
were changed. It fails if the network no longer has one of them as the manifest lists
it; update fetches the current one.
` + environment,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return s.install(command, at, false, &install.Options{Mode: install.Restore})
		},
	}
	at.flags(command)
	return command
}

// install installs documents and says what it has done.
func (s *settings) install(command *cobra.Command, at installation, ci bool, options *install.Options) error {
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
	return s.write(command, at, plan)
}

// planInstall reads the manifest and plans.
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

// write writes what was planned and lists it.
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

// tell prints what there is to know about a plan.
func tell(w io.Writer, plan *install.Plan) {
	for _, note := range plan.Notes {
		fmt.Fprintln(w, note)
	}
	for _, id := range plan.Gone {
		fmt.Fprintf(w, "%s: no longer needed, so the manifest does not list it any more; its file remains\n", id)
	}
}

func updateCommand(s *settings) *cobra.Command {
	var at installation
	var breaking bool
	command := &cobra.Command{
		Use:   "update",
		Short: "Update the installed documents",
		Long: `Update fetches the current versions of the documents that the manifest lists, and of
those that they refer to, as install does. It prints what changes, as diff judges it,
with the Go names that it adds, removes or changes. If a change breaks the rules of
lexicon evolution it writes nothing and exits with status 1, unless --breaking
accepts that.
` + environment,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			at, err := s.places(at)
			if err != nil {
				return failure{err}
			}
			plan, changes, err := s.upstream(command, at)
			if err != nil {
				return failure{err}
			}
			printJudged(command.OutOrStdout(), changes)
			if evolve.Worst(changes) == evolve.Error && !breaking {
				return failure{errors.New("nothing is written, since changes break the rules of lexicon evolution; --breaking accepts them")}
			}
			return s.write(command, at, plan)
		},
	}
	at.flags(command)
	command.Flags().BoolVar(&breaking, "breaking", false, "accept changes that break the rules of lexicon evolution")
	return command
}

// upstream plans an update, and judges what changes in the documents.
func (s *settings) upstream(command *cobra.Command, at installation) (*install.Plan, []evolve.Change, error) {
	plan, _, err := planInstall(command.Context(), at, &install.Options{Mode: install.Update})
	if err != nil {
		return nil, nil, err
	}
	// The installed documents stand among others that refer to them.
	after, err := overlay(at.dir, plan)
	if err != nil {
		return nil, nil, err
	}
	config, err := s.read()
	if errors.Is(err, fs.ErrNotExist) {
		config, err = nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var whole *gen.Config
	if config != nil {
		only := *config
		only.Lexicons, only.Overrides, only.Lock, only.Opaque, only.Purposes = []string{"."}, nil, "", true, nil
		whole = &only
	}
	changes, err := s.judge(command.Context(), command.ErrOrStderr(),
		&side{at.dir, os.DirFS(at.dir), []string{"."}, whole}, &side{"the network", after, []string{"."}, whole})
	return plan, changes, err
}

// overlay returns the documents of a directory with those of a plan in place of the installed ones.
func overlay(dir string, plan *install.Plan) (fs.FS, error) {
	files := make(map[string][]byte)
	tree := os.DirFS(dir)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == "." {
			return fs.SkipDir
		}
		if err != nil || !entry.Type().IsRegular() || filepath.Ext(name) != ".json" && name != naming.LockFile {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Size() > naming.MaxLockSize {
			return err
		}
		files[name], err = fs.ReadFile(tree, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, id := range plan.Gone {
		delete(files, install.FileOf(id))
	}
	for _, d := range plan.Documents {
		files[install.FileOf(syntax.NSID(d.ID))] = d.JSON
	}
	return memory(files)
}

// ownDocuments returns the documents of the configuration that are not installed.
func (s *settings) ownDocuments(ctx context.Context, at installation) ([]*lexicon.Document, fs.FS, error) {
	config, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	if err := config.ReadImports(ctx, s.root()); err != nil {
		return nil, nil, err
	}
	config.IgnoreLock = true
	root := os.DirFS(s.root())
	set, err := config.Load(root)
	if err != nil {
		return nil, nil, err
	}
	manifest, err := install.ReadManifest(at.manifest)
	if err != nil {
		return nil, nil, err
	}
	own := slices.DeleteFunc(slices.Clone(set.Documents), func(d *lexicon.Document) bool {
		if manifest == nil {
			return false
		}
		_, installed := manifest.Resolutions[syntax.NSID(d.ID)]
		return installed
	})
	return own, root, nil
}
