package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
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
	opened, err := archive.Open(ctx, file, command.InOrStdin(), command.ErrOrStderr())
	if file == "-" {
		file = "standard input"
	}
	if err != nil {
		return exit.Failure(exit.About(file, err))
	}
	defer opened.Close()

	total, err := output.Account(ctx, command.OutOrStdout(), opened.Repo, lines)
	if err != nil {
		return exit.Failure(exit.About(file, err))
	}
	if strict {
		return output.AllDecoded(file, total)
	}
	return nil
}
