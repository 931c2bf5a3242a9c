package main

import (
	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
)

func convertCommand() *cobra.Command {
	version := 2
	command := &cobra.Command{
		Use:     "convert FILE.car OUT.car",
		GroupID: cli.GroupRead,
		Short:   "Convert a repository archive to another version of the CAR format",
		Long: `Convert reads a repository archive, a CAR file of version 1 or 2, verifies every
block and the tree, and writes it to OUT.car: by default in version 2, which
includes an index of its blocks, or with --to 1 in version 1, which the AT Protocol
uses. Blocks and their order do not change. OUT.car is replaced only after the new
archive is complete.

FILE.car must be a regular file. FILE.car and OUT.car may be the same file.`,
		Example: `  layers convert repo.car repo.v2.car
  layers convert --to 1 repo.v2.car repo.car`,
		Args: cli.Arguments(2, 2, "a FILE.car and an OUT.car"),
		RunE: func(command *cobra.Command, args []string) error {
			if version != 1 && version != 2 {
				return exit.Misuse("--to %d: must be 1 or 2", version)
			}
			if err := archive.Convert(command.Context(), args[0], args[1], version); err != nil {
				return exit.Failure(exit.About(args[0], err))
			}
			return nil
		},
	}
	command.Flags().IntVar(&version, "to", version, "the `VERSION` to write: 1 or 2")
	return command
}
