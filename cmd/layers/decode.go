package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/runtime/repo"
)

func decodeCommand(s *connect.Servers) *cobra.Command {
	var lines, strict, verify bool
	var document string
	command := &cobra.Command{
		Use:     "decode FILE.car",
		GroupID: cli.GroupRead,
		Short:   "Decode a repository archive and account for every record",
		Long: `Decode reads a repository archive, a CAR file of version 1 or 2, verifies every
block and the tree, and decodes every record. If FILE.car is -, it reads standard
input.

The commit's signature is verified only with --did-doc or --verify. With --did-doc
FILE the key is taken from FILE, the account's DID document as the PLC directory
returns it; with --verify the account is looked up. Without either, no server is
contacted, and the signature is "not verified": the records may not be the account's.

It prints the account's DID, the revision, the commit, its signature and how far the
records are verified ("trust"), a table of the collections, and the failures, grouped
by rule. With --jsonl it prints one JSON object per line for each record, in key order:

  {"uri","cid","trust","value"}           a valid record; "trust" is "signed" or "hashed"
  {..., "issues":[...]}                   an invalid record; an issue has "path", "rule" and "message"
  {..., "unknown":true}                   a record whose collection has no known lexicon

Invalid records are not an error unless --strict is set. A damaged or truncated
archive is always an error, which says where the damage is; the lines printed before
it are correct but incomplete.`,
		Example: `  layers decode repo.car
  layers decode repo.car --did-doc did.json
  layers decode repo.car --jsonl | jq -c 'select(.issues)'
  curl -s "$PDS/xrpc/com.atproto.sync.getRepo?did=$DID" | layers decode -`,
		Args: cli.Arguments(1, 1, "one FILE.car, or - for standard input"),
		RunE: func(command *cobra.Command, args []string) error {
			if verify && document != "" {
				return exit.Misuse("--verify cannot be combined with --did-doc")
			}
			signature := func(context.Context, *repo.Repo) error { return nil }
			if verify {
				signature = func(ctx context.Context, r *repo.Repo) error {
					client, err := s.Repos()
					if err != nil {
						return err
					}
					return client.VerifyRepo(ctx, r.Commit().DID, r)
				}
			} else if document != "" {
				signature = func(ctx context.Context, r *repo.Repo) error { return archive.VerifyBy(ctx, r, document) }
			}
			return decode(command.Context(), command, args[0], signature, lines, strict)
		},
	}
	cli.JSONLFlag(command, &lines)
	command.Flags().StringVar(&document, "did-doc", "", "verify the signature under the key in `FILE`, the account's DID document in JSON")
	command.Flags().BoolVar(&verify, "verify", false, "look up the account, and verify the signature")
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 if a record is invalid")
	return command
}

func decode(ctx context.Context, command *cobra.Command, file string, signature func(context.Context, *repo.Repo) error, lines, strict bool) error {
	opened, err := archive.Open(ctx, file, command.InOrStdin(), command.ErrOrStderr())
	if file == "-" {
		file = "standard input"
	}
	if err != nil {
		return exit.Failure(exit.About(file, err))
	}
	defer opened.Close()
	if err := signature(ctx, opened.Repo); err != nil {
		return exit.Failure(exit.About(file, err))
	}

	total, err := output.Records(ctx, command.OutOrStdout(), opened.Repo, lines)
	if err != nil {
		return exit.Failure(exit.About(file, err))
	}
	if strict {
		return output.AllDecoded(file, total)
	}
	return nil
}
