package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/show"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/linguistics/draw"
)

func showCommand(s *connect.Servers) *cobra.Command {
	var from, page string
	var repos []string
	command := &cobra.Command{
		Use:     "show AT-URI | PATH...",
		GroupID: cli.GroupRead,
		Short:   "Draw records: sentences with their annotations, corpora, media",
		Long: `Show draws records for people. An expression is drawn with all that is annotated on
it: tokens, tags and spans in aligned rows, dependencies as arcs, clusters by their
numbers. A layer, a segmentation or a cluster set is drawn on its expression, and
nothing else with it. Long sentences are divided into blocks that fit the terminal; a relation to
another block is written with the number of the token there, as in "nsubj▸7" at its
head and "3▸nsubj" at its dependent. A corpus is drawn as tables of its splits and
members, media with the facts of its file, and any other record as a tree.

With an AT-URI, the record and what belongs to it are read from the servers of the
accounts, or from --from. References lead from a layer to its expression, and not
back: --repo names the repository of someone else who annotated it. With a PATH, show draws all records of a file: an archive
(.car), JSON lines (.jsonl), a treebank (.conllu) as layers import conllu would read it,
or JSON (a record, several, or an array of them), of all such archives and JSON lines in
a directory, or of a directory of layers follow. If PATH is -, it reads JSON from
standard input. A record that violates its lexicon is
drawn as a tree, with what is wrong.

Right-to-left text is drawn from right to left, each cell between the invisible
characters U+2068 and U+2069, so that columns stay aligned. If the output is not a
terminal, lines have 80 cells and no colors.

With --html, show writes a web page instead: one file without scripts, suitable for
printing and for screen readers, with the same pictures and tables of their content.`,
		Example: `  layers show at://alice.example.com/expression.expression/3mabcdefghi2a
  layers show at://alice.example.com/expression.expression/3mabcdefghi2a --repo bob.example.com
  layers show at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/corpus.corpus/3mabcdefghi2a --from archives/corpus.car
  layers show en_pud-ud-test.conllu
  layers show --html corpus.html corpus.jsonl`,
		Args: cli.Arguments(1, 1<<30, "an AT-URI or a PATH, or more of them"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			document, err := showDocument(ctx, command, s, args, from, repos)
			if err != nil {
				return err
			}
			if page != "" {
				return show.Page(page, terminal.Exact(command.OutOrStdout()), document)
			}
			out := command.OutOrStdout()
			return draw.Text(terminal.Exact(out), document, &draw.TextOptions{Width: terminal.Width(out), Color: terminal.Color(out)})
		}),
	}
	command.Flags().StringVar(&from, "from", "", "read the records from `PATH`: a file, a directory, or a directory of layers follow")
	command.Flags().StringArrayVar(&repos, "repo", nil, "also read the annotations in the repository of this `ACTOR`, a DID or a handle; may be repeated")
	command.Flags().StringVar(&page, "html", "", "write a page to `FILE`, or to standard output if it is -")
	return command
}

func isURI(arg string) bool { return strings.HasPrefix(arg, "at://") }

// include adds to set the annotations in the repositories of accounts.
func include(ctx context.Context, s *connect.Servers, set *show.Set, accounts []string) error {
	if len(accounts) == 0 {
		return nil
	}
	directory, err := s.Directory()
	if err != nil {
		return err
	}
	dids, err := cli.WantedAccounts(ctx, directory, accounts)
	if err != nil {
		return err
	}
	for _, did := range dids {
		if err := set.Include(ctx, did); err != nil {
			return err
		}
	}
	return nil
}

// showDocument returns a document that shows the records and files that args name.
func showDocument(ctx context.Context, command *cobra.Command, s *connect.Servers, args []string, from string, repos []string) (*draw.Document, error) {
	document := &draw.Document{Title: strings.Join(args, ", ")}
	if len(repos) > 0 && (from != "" || !slices.ContainsFunc(args, isURI)) {
		return nil, exit.Misuse("--repo is for AT-URIs without --from: files are read whole")
	}
	var set *show.Set
	for _, arg := range args {
		if !isURI(arg) {
			if from != "" {
				return nil, exit.Misuse("--from can only be used with AT-URIs, but %q is a PATH", arg)
			}
			files := show.New(nil)
			if err := files.Read(ctx, arg, command.InOrStdin(), command.ErrOrStderr()); err != nil {
				return nil, err
			}
			all, err := files.All(ctx)
			if err != nil {
				return nil, err
			}
			document.Sections, document.Notes = append(document.Sections, all.Sections...), append(document.Notes, all.Notes...)
			continue
		}
		uri, err := names.ParseRecordURI(arg)
		if err != nil {
			return nil, err
		}
		if uri, err = cli.WithDID(ctx, s, uri, from); err != nil {
			return nil, err
		}
		if set == nil {
			var closer io.Closer
			if set, closer, err = show.Open(ctx, s, from, uri.Authority(), command.InOrStdin(), command.ErrOrStderr()); err != nil {
				return nil, err
			}
			defer closer.Close()
			if err := include(ctx, s, set, repos); err != nil {
				return nil, err
			}
		}
		section, err := set.Section(ctx, uri)
		if err != nil {
			return nil, err
		}
		document.Sections = append(document.Sections, section)
	}
	return document, nil
}
