package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
)

func decodeCommand() *cobra.Command {
	var lines, strict bool
	command := &cobra.Command{
		Use:     "decode FILE.car",
		GroupID: cli.GroupRead,
		Short:   "Decode a repository archive and account for every record",
		Long: `Decode reads a repository archive, a CAR file of version 1 or 2, verifies every
block and the tree, and decodes every record. If FILE.car is -, it reads standard
input. It does not verify the commit's signature, as pull does.

It prints a table of the collections, followed by the failures, grouped by rule.
With --jsonl it prints one JSON object a line for each record, in key order:

  {"uri","cid","value"}                   a valid record
  {"uri","cid","value","issues":[...]}    an invalid record; an issue has "path", "rule" and "message"
  {..., "unknown":true}                   a record whose collection has no known lexicon

Invalid records are not an error unless --strict is set. A damaged or truncated
archive is: the error says where, and the lines printed before it are correct but
incomplete.`,
		Example: `  layers decode repo.car
  layers decode repo.car --jsonl | jq -c 'select(.issues)'
  curl -s "$PDS/xrpc/com.atproto.sync.getRepo?did=$DID" | layers decode -`,
		Args: cli.Arguments(1, 1, "one FILE.car, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			return decode(command.Context(), command, args[0], lines, strict)
		},
	}
	cli.JSONLFlag(command, &lines)
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 if a record is invalid")
	return command
}

func decode(ctx context.Context, command *cobra.Command, file string, lines, strict bool) error {
	opened, err := archive.Open(ctx, file, command.InOrStdin(), command.ErrOrStderr())
	if file == "-" {
		file = "standard input"
	}
	if err != nil {
		return exit.Failure(exit.About(file, err))
	}
	defer opened.Close()

	total, err := output.Records(ctx, command.OutOrStdout(), opened.Repo, lines)
	if err != nil {
		return exit.Failure(exit.About(file, err))
	}
	if strict {
		return output.AllDecoded(file, total)
	}
	return nil
}
