package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/copied"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func getCommand(s *connect.Servers) *cobra.Command {
	var asJSON, prove bool
	var version, from string
	command := &cobra.Command{
		Use:     "get AT-URI",
		GroupID: cli.GroupRead,
		Short:   "Print a record",
		Long: `Get fetches one record from the server of its repository and verifies that its
bytes match its CID. It prints the URI, the CID, how far the record was verified
("trust"), the value, and the issues, if the record violates its lexicon.

With --proof the server must prove that the record is in the repository that the
account signed; its trust is then "signed", otherwise "hashed".

With --from it reads a directory of "layers follow" instead of a server; the trust
is that with which the record was stored.

AT-URI is at://ACTOR/COLLECTION/RECORD-KEY. The collections of Layers may be
written without pub.layers.`,
		Example: `  layers get at://alice.example.com/expression.expression/3mabcdefghi2a
  layers get --proof --json at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.media.media/3mabcdefghi2a`,
		Args: cli.Arguments(1, 1, "one AT-URI"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			uri, err := names.ParseRecordURI(args[0])
			if err != nil {
				return err
			}
			cli.NoteMisspelt(command, uri.Collection())
			options := new(pds.GetRecordOptions)
			if version != "" {
				if prove {
					return exit.Misuse("--proof and --cid cannot be combined: only the current record can be proven")
				}
				if options.CID, err = cid.Parse(version); err != nil {
					return exit.Misuse("--cid %q: %v", version, err)
				}
			}
			if from != "" && (prove || version != "") {
				return exit.Misuse("--from cannot be combined with --proof or --cid: the directory has only the current records")
			}
			envelope, err := getFrom(ctx, command, s, from, uri, options, prove)
			if rec.Ends(err) {
				return err
			}
			l := output.LineOfEnvelope(envelope, err, new(lex.Arena))
			out, text := command.OutOrStdout(), l.Append(nil)
			if asJSON {
				out = terminal.Exact(out)
			} else {
				text = output.Indented(text)
			}
			if _, printErr := out.Write(text); printErr != nil {
				return printErr
			}
			return err
		}),
	}
	cli.JSONFlag(command, &asJSON)
	cli.FromFlag(command, &from)
	command.Flags().BoolVar(&prove, "proof", false, "require proof that the record is in the signed repository")
	command.Flags().StringVar(&version, "cid", "", "get the version of the record with this `CID`; servers may keep only the latest")
	return command
}

// getFrom reads the record at uri from the directory from, or from the account's server if from is "".
func getFrom(ctx context.Context, command *cobra.Command, s *connect.Servers, from string, uri syntax.ATURI, options *pds.GetRecordOptions, prove bool) (rec.Envelope, error) {
	if from != "" {
		c, err := copied.OpenRepo(ctx, s, from, uri.Authority())
		if err != nil {
			return rec.Envelope{}, err
		}
		defer c.Close()
		return c.Get(uri)
	}
	client, err := s.Repos()
	if err != nil {
		return rec.Envelope{}, err
	}
	return getRecord(ctx, client, uri, options, prove)
}

// getRecord reads the record at uri from the account's server, with a proof if prove is set.
func getRecord(ctx context.Context, client *pds.Client, uri syntax.ATURI, options *pds.GetRecordOptions, prove bool) (rec.Envelope, error) {
	if !prove {
		return client.GetRecord(ctx, uri, options)
	}
	proof, err := client.GetRecordProof(ctx, uri)
	if absence, ok := errors.AsType[*pds.AbsenceError](err); ok && absence.Trust != rec.Signed {
		err = exit.WithHint(err, "the server returned no proof of its absence")
	}
	if err != nil {
		return rec.Envelope{}, err
	}
	return proof.Envelope(), nil
}
