package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func pullCommand(s *connect.Servers) *cobra.Command {
	var directory string
	var lines, strict, force bool
	command := &cobra.Command{
		Use:     "pull ACTOR",
		GroupID: cli.GroupRead,
		Short:   "Save and verify a whole repository, and account for every record",
		Long: `Pull downloads the archive of an account's repository, verifies every block, the
tree, and the signature under the key in the account's DID document, and decodes
every record. It prints what "layers decode" prints. ACTOR is a handle or a DID.

The archive is saved in DIR under the account's DID, with - for each colon, and
.car. An existing archive is replaced only after the new one has been verified. If
the repository has not changed, the archive stays, and pull prints "unchanged". An
archive that "layers convert" converted to CAR version 2 is compared in the same way;
the archive that replaces it is of version 1.

It is an error if the server returns an older commit than the archive's, another
commit with the same rev, or a rev more than five minutes in the future. The
archive then stays as it is, unless --force is set.`,
		Example: `  layers pull alice.example.com
  layers pull did:plc:ewvi7nxzyoun6zhxrhs64oiz -o archives --jsonl > records.jsonl`,
		Args: cli.Arguments(1, 1, "an ACTOR"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := names.ParseActor(args[0])
			if err != nil {
				return err
			}
			client, err := s.Repos()
			if err != nil {
				return err
			}
			return pull(ctx, command, client, actor, directory, lines, strict, force)
		}),
	}
	command.Flags().StringVarP(&directory, "output", "o", ".", "save the archive in `DIR`, which is created if it does not exist")
	cli.JSONLFlag(command, &lines)
	command.Flags().BoolVar(&force, "force", false, "replace the archive even if the new commit is older, conflicts with it, or is in the future")
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 if a record is invalid")
	return command
}

func pull(ctx context.Context, command *cobra.Command, client *pds.Client, actor syntax.AtIdentifier, directory string, lines, strict, force bool) error {
	who, err := client.Directory().Resolve(ctx, actor)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	name := filepath.Join(directory, archive.Name(who.DID))
	file, err := disk.NewPartial(name)
	if err != nil {
		return err
	}
	defer file.Discard()
	known, version := archive.Saved(ctx, name, who.DID)
	total, err := pullInto(ctx, command, client, who.DID, file.File, lines, func(got repo.Revision) error {
		if force {
			return nil
		}
		err := got.CheckAfter(known, time.Now())
		if errors.Is(err, repo.ErrUnchanged) && archive.CheckFile(ctx, name) != nil {
			return nil // it has been damaged since
		}
		return err
	})
	unchanged := errors.Is(err, repo.ErrUnchanged)
	switch {
	case errors.Is(err, repo.ErrOlderRevision), errors.Is(err, repo.ErrForkedRevision):
		return exit.WithHint(exit.About(string(who.DID), err), "%s was not changed; --force replaces it", name)
	case errors.Is(err, repo.ErrFutureRevision):
		return exit.WithHint(exit.About(string(who.DID), err), "nothing was saved; check the clock of this machine, or save it with --force")
	case err != nil && !unchanged:
		return exit.About(string(who.DID), err)
	}
	if unchanged {
		terminal.Note(command.ErrOrStderr(), "unchanged: %s has the latest commit\n", name)
	} else if err := file.Keep(); err != nil {
		return err
	} else {
		terminal.Note(command.ErrOrStderr(), "saved %s: signed by %s, all blocks verified\n", name, who.DID)
		if version == 2 {
			terminal.Note(command.ErrOrStderr(), "it is in CAR version 1 and replaces an archive in version 2; to convert it: layers convert %s %s\n", name, name)
		}
	}
	if strict {
		return output.AllDecoded(name, total)
	}
	return nil
}

// pullInto downloads the archive of did into file, verifies it, and calls check with its revision. If check returns nil
// or repo.ErrUnchanged, pullInto prints the records or their summary. It returns the error of check.
func pullInto(ctx context.Context, command *cobra.Command, client *pds.Client, did syntax.DID, file *os.File, lines bool, check func(repo.Revision) error) (total rec.Counts, err error) {
	stream, err := client.GetRepoCAR(ctx, syntax.AtIdentifier(did), nil)
	if err != nil {
		return total, err
	}
	bar := terminal.NewBytes(command.ErrOrStderr(), string(did))
	size, err := io.Copy(file, bar.Reader(stream))
	bar.End()
	if err = errors.Join(err, stream.Close()); err != nil {
		return total, fmt.Errorf("after %d bytes: %w", size, err)
	}
	pulled, err := repo.Open(ctx, file, size)
	if err != nil {
		return total, err
	}
	if err := client.VerifyRepo(ctx, did, pulled); err != nil {
		return total, err
	}
	// The records are printed even if the commit is known already.
	unchanged := check(pulled.Revision())
	if unchanged != nil && !errors.Is(unchanged, repo.ErrUnchanged) {
		return total, unchanged
	}
	total, err = output.Records(ctx, command.OutOrStdout(), pulled, lines)
	if err == nil {
		err = unchanged
	}
	return total, err
}
