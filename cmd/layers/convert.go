package main

import (
	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/archive"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
)

func convertCommand() *cobra.Command {
	version := 2
	command := &cobra.Command{
		Use:     "convert FILE.car OUT.car",
		GroupID: groupRead,
		Short:   "Write a repository archive in the other version of the CAR format",
		Long: `Convert reads a repository archive (CAR, version 1 or 2), checks every block and
the whole tree, and writes it to OUT in version 2, which has an index of its
blocks, or with --to 1 in version 1, which is what the AT Protocol uses. OUT gets
its name only when all of it is written. The blocks and their order stay the same.

FILE must be a file, not standard input. FILE and OUT may be the same.`,
		Example: `  layers convert repo.car repo.v2.car
  layers convert --to 1 repo.v2.car repo.car`,
		Args: arguments(2, 2, "a FILE.car and an OUT.car"),
		RunE: func(command *cobra.Command, args []string) error {
			if version != 1 && version != 2 {
				return exit.Misuse("--to %d: the CAR format has the versions 1 and 2", version)
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
