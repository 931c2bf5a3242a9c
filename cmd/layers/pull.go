package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func pullCommand(s *servers) *cobra.Command {
	var directory string
	var lines, strict bool
	command := &cobra.Command{
		Use:     "pull ACTOR",
		GroupID: groupRead,
		Short:   "Save a whole repository, verify it, and account for every record",
		Long: `Pull downloads the archive of an account's repository, verifies all of it (each
block, the tree, and the signature under the key in the account's DID document),
and decodes every record, as "layers decode" does.

The archive is saved in DIR as its DID with - in place of the colons, and .car.
It gets this name only when all of it was verified: what is under the name is
whole, the old archive or the new one.`,
		Example: `  layers pull alice.example.com
  layers pull did:plc:ewvi7nxzyoun6zhxrhs64oiz -o archives --jsonl > records.jsonl`,
		Args: arguments(1, 1, "an ACTOR"),
		RunE: online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := parseActor(args[0])
			if err != nil {
				return err
			}
			client, err := s.repos()
			if err != nil {
				return err
			}
			return pull(ctx, command, client, actor, directory, lines, strict)
		}),
	}
	command.Flags().StringVarP(&directory, "output", "o", ".", "the directory `DIR` to save the archive in; it is made if need be")
	jsonlFlag(command, &lines)
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 3 when a record failed")
	return command
}

func pull(ctx context.Context, command *cobra.Command, client *pds.Client, actor syntax.AtIdentifier, directory string, lines, strict bool) error {
	who, err := client.Directory().Resolve(ctx, actor)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	name := filepath.Join(directory, archiveName(who.DID))
	file, err := disk.NewPartial(name)
	if err != nil {
		return err
	}
	defer file.Discard()
	total, err := pullInto(ctx, command, client, who.DID, file.File, lines)
	if err != nil {
		return about(string(who.DID), err)
	}
	if err := file.Keep(); err != nil {
		return err
	}
	printf(command.ErrOrStderr(), "saved %s: signed by %s, all blocks verified\n", name, who.DID)
	if strict && total.Failed > 0 {
		return &exitError{exitStrict, fmt.Errorf("%s: %d of %d records failed", name, total.Failed, total.Expected)}
	}
	return nil
}

// pullInto downloads the archive into file, verifies it and prints its records or their summary.
func pullInto(ctx context.Context, command *cobra.Command, client *pds.Client, did syntax.DID, file *os.File, lines bool) (total lex.Account, err error) {
	stream, err := client.GetRepoCAR(ctx, syntax.AtIdentifier(did), nil)
	if err != nil {
		return total, err
	}
	bar := newProgress(command.ErrOrStderr(), string(did))
	size, err := io.Copy(file, bar.reader(stream))
	bar.end()
	if err = errors.Join(err, stream.Close()); err != nil {
		return total, fmt.Errorf("after %d bytes: %w", size, err)
	}
	archive, err := repo.Open(ctx, file, size)
	if err != nil {
		return total, err
	}
	if err := client.VerifyRepo(ctx, did, archive); err != nil {
		return total, err
	}
	return account(ctx, command.OutOrStdout(), archive, lines)
}

// archiveName returns the name of an account's archive, which file systems take.
func archiveName(did syntax.DID) string {
	return strings.NewReplacer(":", "-", "%", "-").Replace(string(did)) + ".car"
}
