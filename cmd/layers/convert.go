package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/repo"
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
				return misuse("--to %d: the CAR format has the versions 1 and 2", version)
			}
			if err := convert(command.Context(), args[0], args[1], version); err != nil {
				return failure(about(args[0], err))
			}
			return nil
		},
	}
	command.Flags().IntVar(&version, "to", version, "the `VERSION` to write: 1 or 2")
	return command
}

func convert(ctx context.Context, from, to string, version int) error {
	file, err := os.Open(from)
	if err != nil {
		return withoutName(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return withoutName(err)
	}
	payload := io.NewSectionReader(file, 0, info.Size())
	if carv2.Is(file) {
		if payload, err = carv2.Payload(file, info.Size()); err != nil {
			return err
		}
	}
	if err := check(ctx, payload); err != nil {
		return err
	}
	out, err := disk.NewPartial(to)
	if err != nil {
		return err
	}
	defer out.Discard()
	if version == 2 {
		err = carv2.Write(out.File, payload)
	} else {
		_, err = io.Copy(out.File, payload)
	}
	if err != nil {
		return err
	}
	return out.Keep()
}

// check reads all of an archive and returns what is wrong with it.
func check(ctx context.Context, payload *io.SectionReader) error {
	archive, err := repo.Open(ctx, payload, payload.Size())
	if err != nil {
		return err
	}
	for _, err := range archive.Records(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}
