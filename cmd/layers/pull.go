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
		GroupID: groupRead,
		Short:   "Save a whole repository, verify it, and account for every record",
		Long: `Pull downloads the archive of an account's repository, verifies all of it (each
block, the tree, and the signature under the key in the account's DID document),
and decodes every record, as "layers decode" does.

The archive is saved in DIR as its DID with - in place of the colons, and .car.
It gets this name only when all of it was verified: what is under the name is
whole, the old archive or the new one. When the account has made no commit since,
it says "unchanged" and leaves the archive as it is. A commit that is older than
that of the archive, another one of the same revision, or one of more than five
minutes in the future is an error, and the archive stays: --force replaces it.`,
		Example: `  layers pull alice.example.com
  layers pull did:plc:ewvi7nxzyoun6zhxrhs64oiz -o archives --jsonl > records.jsonl`,
		Args: arguments(1, 1, "an ACTOR"),
		RunE: online(func(ctx context.Context, command *cobra.Command, args []string) error {
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
	command.Flags().StringVarP(&directory, "output", "o", ".", "the directory `DIR` to save the archive in; it is made if need be")
	jsonlFlag(command, &lines)
	command.Flags().BoolVar(&force, "force", false, "replace the archive in DIR also by an older one, or by one with a revision that is taken or in the future")
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 when a record failed")
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
	total, err := pullInto(ctx, command, client, who.DID, file.File, lines, func(got repo.Revision) error {
		if force {
			return nil
		}
		err := got.CheckAfter(archive.RevisionOf(ctx, name, who.DID), time.Now())
		if errors.Is(err, repo.ErrUnchanged) && archive.CheckFile(ctx, name) != nil {
			return nil // it has been damaged since
		}
		return err
	})
	unchanged := errors.Is(err, repo.ErrUnchanged)
	switch {
	case errors.Is(err, repo.ErrOlderRevision), errors.Is(err, repo.ErrForkedRevision):
		return exit.WithHint(exit.About(string(who.DID), err), "%s stays as it is; --force replaces it", name)
	case errors.Is(err, repo.ErrFutureRevision):
		return exit.WithHint(exit.About(string(who.DID), err), "nothing was saved; is the clock of this machine right? --force saves it")
	case err != nil && !unchanged:
		return exit.About(string(who.DID), err)
	}
	if unchanged {
		terminal.Printf(command.ErrOrStderr(), "unchanged: %s has the newest commit\n", name)
	} else if err := file.Keep(); err != nil {
		return err
	} else {
		terminal.Printf(command.ErrOrStderr(), "saved %s: signed by %s, all blocks verified\n", name, who.DID)
	}
	if strict {
		return output.AllDecoded(name, total)
	}
	return nil
}

// pullInto downloads the archive into file, verifies it and prints its records or their summary.
func pullInto(ctx context.Context, command *cobra.Command, client *pds.Client, did syntax.DID, file *os.File, lines bool, check func(repo.Revision) error) (total rec.Account, err error) {
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
	total, err = output.Account(ctx, command.OutOrStdout(), pulled, lines)
	if err == nil {
		err = unchanged
	}
	return total, err
}
