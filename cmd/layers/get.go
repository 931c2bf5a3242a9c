package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func getCommand(s *connect.Servers) *cobra.Command {
	var asJSON, prove bool
	var version string
	command := &cobra.Command{
		Use:     "get AT-URI",
		GroupID: groupRead,
		Short:   "Print one record",
		Long: `Get fetches one record from the server of its repository, checks its bytes
against its CID, and prints it: its URI and CID, how far it was verified, the
value, and what its lexicon does not allow, if anything.

With --proof the server has to prove that the record is in the repository that
the account signed: the record is "signed" then, and otherwise "hashed".

The collection in AT-URI may leave out pub.layers. in front, as that of list.`,
		Example: `  layers get at://alice.example.com/expression.expression/3mabcdefghi2a
  layers get --proof --json at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.media.media/3mabcdefghi2a`,
		Args: arguments(1, 1, "one AT-URI"),
		RunE: online(func(ctx context.Context, command *cobra.Command, args []string) error {
			uri, err := names.ParseRecordURI(args[0])
			if err != nil {
				return err
			}
			noteMisspelt(command, uri.Collection())
			options := new(pds.GetRecordOptions)
			if version != "" {
				if prove {
					return exit.Misuse("--proof proves the record as it is now: it cannot go with --cid")
				}
				if options.CID, err = cid.Parse(version); err != nil {
					return exit.Misuse("--cid %q: %v", version, err)
				}
			}
			client, err := s.Repos()
			if err != nil {
				return err
			}
			envelope, err := getRecord(ctx, client, uri, options, prove)
			if rec.Ends(err) {
				return err
			}
			l := output.LineOfEnvelope(envelope, err)
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
	jsonFlag(command, &asJSON)
	command.Flags().BoolVar(&prove, "proof", false, "have the server prove that the record is in the signed repository")
	command.Flags().StringVar(&version, "cid", "", "get this version of the record; servers may have the newest only")
	return command
}

func getRecord(ctx context.Context, client *pds.Client, uri syntax.ATURI, options *pds.GetRecordOptions, prove bool) (rec.Envelope, error) {
	if !prove {
		return client.GetRecord(ctx, uri, options)
	}
	proof, err := client.GetRecordProof(ctx, uri)
	if absence, ok := errors.AsType[*pds.AbsenceError](err); ok && absence.Trust != rec.Signed {
		err = exit.WithHint(err, "the server gives no proof of that")
	}
	if err != nil {
		return rec.Envelope{}, err
	}
	return proof.Envelope(), nil
}
