package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/validation"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func validateCommand() *cobra.Command {
	var collection string
	var lines, strict bool
	command := &cobra.Command{
		Use:     "validate FILE...",
		GroupID: cli.GroupRead,
		Short:   "Check records in files against their lexicons, offline",
		Long: `Validate checks the records in files: in an archive (.car), in a file of JSON lines
(.jsonl), each a record, an object with "uri" and "value", or an operation of layers
apply, or in a file with one JSON record. If FILE is -, it reads a JSON record from
standard input.

It prints a line for each issue of a record, and a warning for whatever its lexicon
allows but is probably wrong: a misspelt known value, a span outside its text, a
token index that no token has, heads that form a cycle, a reference to a record that
is not in the files, or a field that the lexicon does not define. With --jsonl, each
is a JSON object with "file", "uri", "path", "rule", "message", and "warning":true
for a warning.

The exit status is 3 if a record is invalid; with --strict, also if there is a
warning. Records of collections without a known lexicon are counted, and not checked.`,
		Example: `  layers validate corpus.json --collection corpus.corpus
  layers validate batch.jsonl repo.car --strict`,
		Args: cli.Arguments(1, 1<<30, "one FILE or more, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			var typ syntax.NSID
			if collection != "" {
				var err error
				if typ, err = names.ParseCollection(collection); err == nil {
					err = names.RequireLexicon(typ)
				}
				if err != nil {
					return err
				}
			}
			v := validation.New(command.InOrStdin(), command.OutOrStdout(), command.ErrOrStderr(), typ, lines)
			for _, file := range args {
				if strings.HasSuffix(file, ".conllu") {
					return exit.Misuse("%s is a CoNLL-U file: layers import conllu --new checks it, and layers validate the batch that it prints", file)
				}
				if err := v.Read(command.Context(), file); err != nil {
					return exit.Failure(errors.Join(exit.About(file, err), v.Flush()))
				}
			}
			if err := v.Finish(); err != nil {
				return err
			}
			if v.Invalid > 0 {
				return &exit.Error{Status: exit.Strict, Err: fmt.Errorf("%s %s invalid", terminal.Number(v.Invalid, "record"), terminal.Are(v.Invalid))}
			}
			if strict && v.Warnings > 0 {
				return &exit.Error{Status: exit.Strict, Err: fmt.Errorf("%s, with --strict", terminal.Number(v.Warnings, "warning"))}
			}
			return nil
		},
	}
	command.Flags().StringVar(&collection, "collection", "", "the `COLLECTION` of records that have no $type")
	cli.CompleteFlag(command, "collection", names.Collections)
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 if there is a warning")
	cli.JSONLFlag(command, &lines)
	return command
}
