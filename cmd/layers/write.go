package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/input"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/cmd/layers/internal/warnings"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func createCommand(s *connect.Servers) *cobra.Command {
	var rkey string
	var unknown, strict bool
	command := &cobra.Command{
		Use:     "create COLLECTION [FILE]",
		GroupID: cli.GroupWrite,
		Short:   "Create a record",
		Long: `Create writes the JSON record in FILE, or on standard input, to the repository of the
account that is logged in, and prints the record's URI and CID as one line of JSON.
COLLECTION is an NSID; the collections of Layers may be written without pub.layers.

The record may omit its $type. It is validated against its lexicon first; if it is
invalid, the error lists all issues, and nothing is sent. Create also warns about what
the lexicon allows but is probably wrong, such as a misspelt value; with --strict,
nothing is sent if there is a warning. The record key is a new TID unless --rkey sets it.`,
		Example: `  layers create corpus.corpus corpus.json
  jq -n '{name: "Stories", createdAt: (now | todate)}' | layers create corpus.corpus`,
		Args:              cli.Arguments(1, 2, "a COLLECTION and a FILE"),
		ValidArgsFunction: completeRecordFile,
		RunE: cli.Writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			collection, err := names.ParseCollection(args[0])
			if err != nil {
				return err
			}
			warn := warnings.NewSingle(command.ErrOrStderr(), args[1:], strict)
			options := &write.CreateOptions{Lookup: records.Lookup, AllowUnknown: unknown, Check: check.Record, Warn: warn.Warn()}
			if rkey != "" {
				if options.RecordKey, err = syntax.ParseRecordKey(rkey); err != nil {
					return exit.Misuse("--rkey: %v", err)
				}
			}
			if !unknown {
				if err := names.RequireLexicon(collection); err != nil {
					return err
				}
			}
			record, err := input.Record(ctx, command, collection, args[1:])
			if err != nil {
				return err
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			ref, err := write.Create(ctx, client, record, options)
			return printRef(command, ref, warn.Error(err))
		}),
	}
	command.Flags().StringVar(&rkey, "rkey", "", "the record `KEY` (default a new TID)")
	cli.UnknownFlag(command, &unknown)
	warnings.Flag(command, &strict)
	cli.AsFlag(command, s)
	cli.AnyPDSFlag(command, s)
	return command
}

func putCommand(s *connect.Servers) *cobra.Command {
	var swap string
	var drop, unknown, strict bool
	command := &cobra.Command{
		Use:     "put RECORD [FILE]",
		GroupID: cli.GroupWrite,
		Short:   "Create or replace a record",
		Long: `Put writes the JSON record in FILE, or on standard input, under the record key of
RECORD, and prints the record's URI and CID as one line of JSON. RECORD is
COLLECTION/RECORD-KEY or an at-uri, and belongs to the account that is logged in.
If the stored record is the same already, nothing is written.

If the stored record has fields that the new one lacks, put fails and lists them,
unless --drop-fields is set. If another program writes the record at the same time,
one of the two fails. Put also warns about what is probably wrong with the record;
with --strict, nothing is sent if there is a warning.`,
		Example: `  layers put corpus.corpus/3mabcdefghi2a corpus.json
  layers get --json at://alice.example.com/pub.layers.corpus.corpus/3mabcdefghi2a |
    jq '.value | .name = "Tales"' | layers put corpus.corpus/3mabcdefghi2a`,
		Args: cli.Arguments(1, 2, "a RECORD and a FILE"),
		RunE: cli.Writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			warn := warnings.NewSingle(command.ErrOrStderr(), args[1:], strict)
			options := &write.PutOptions{Lookup: records.Lookup, AllowUnknown: unknown, DropFields: drop, Check: check.Record, Warn: warn.Warn()}
			if swap == "none" {
				options.Swap = lex.NullOf[cid.CID]()
			} else if c, given, err := input.ParseSwap(swap); err != nil {
				return err
			} else if given {
				options.Swap = lex.ValueOrNull(c)
			}
			target, err := input.ParseTarget(args[0])
			if err != nil {
				return err
			}
			if !unknown {
				if err := names.RequireLexicon(target.Collection); err != nil {
					return err
				}
			}
			record, err := input.Record(ctx, command, target.Collection, args[1:])
			if err != nil {
				return err
			}
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			if err := target.Check(ctx, s, client); err != nil {
				return err
			}
			ref, err := write.Put(ctx, client, target.Key, record, options)
			return printRef(command, ref, warn.Error(err))
		}),
	}
	command.Flags().BoolVar(&drop, "drop-fields", false, "allow removing fields that only the stored record has")
	command.Flags().StringVar(&swap, "swap", "", "write only if the stored record has this `CID`; with the value none, only if there is no record")
	cli.UnknownFlag(command, &unknown)
	warnings.Flag(command, &strict)
	cli.AsFlag(command, s)
	cli.AnyPDSFlag(command, s)
	return command
}

func deleteCommand(s *connect.Servers) *cobra.Command {
	var swap string
	command := &cobra.Command{
		Use:     "delete RECORD",
		GroupID: cli.GroupWrite,
		Short:   "Delete a record",
		Long: `Delete deletes RECORD, which is COLLECTION/RECORD-KEY or an at-uri, and belongs to
the account that is logged in. It is not an error if the record does not exist.`,
		Example: `  layers delete corpus.corpus/3mabcdefghi2a`,
		Args:    cli.Arguments(1, 1, "a RECORD"),
		RunE: cli.Writing(func(ctx context.Context, command *cobra.Command, args []string) error {
			c, _, err := input.ParseSwap(swap)
			if err != nil {
				return err
			}
			target, err := input.ParseTarget(args[0])
			if err != nil {
				return err
			}
			cli.NoteMisspelt(command, target.Collection)
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			if err := target.Check(ctx, s, client); err != nil {
				return err
			}
			uri, err := syntax.NewATURI(syntax.AtIdentifier(client.DID()), target.Collection, target.Key)
			if err != nil {
				return err
			}
			if err := write.Delete(ctx, client, uri, &write.DeleteOptions{Swap: c}); err != nil {
				return err
			}
			terminal.Note(command.ErrOrStderr(), "deleted %s\n", uri)
			return nil
		}),
	}
	command.Flags().StringVar(&swap, "swap", "", "delete only if the record has this `CID`")
	cli.AsFlag(command, s)
	cli.AnyPDSFlag(command, s)
	return command
}

// completeRecordFile completes the first argument with a collection, and the second one with a file.
func completeRecordFile(command *cobra.Command, args []string, text string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return cli.CompleteCollection(0)(command, args, text)
}

// printRef prints the URI and the CID of the record that was written, or returns err unless that is nil.
func printRef(command *cobra.Command, ref write.Ref, err error) error {
	if err != nil {
		return err
	}
	return output.JSON(terminal.Exact(command.OutOrStdout()), struct {
		URI syntax.ATURI `json:"uri"`
		CID cid.CID      `json:"cid"`
	}{ref.URI, ref.CID})
}
