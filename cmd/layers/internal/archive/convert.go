package archive

import (
	"context"
	"io"
	"os"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// Convert checks all of the archive in the file from, of CAR version 1 or 2, and writes it to the file to in version. to
// gets its name when it is complete.
func Convert(ctx context.Context, from, to string, version int) error {
	file, err := os.Open(from)
	if err != nil {
		return exit.WithoutName(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return exit.WithoutName(err)
	}
	payload := io.NewSectionReader(file, 0, info.Size())
	if carv2.Is(file) {
		if payload, err = carv2.Payload(file, info.Size()); err != nil {
			return err
		}
	}
	if err := Check(ctx, payload); err != nil {
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

// Check reads all of an archive and returns what is wrong with it.
func Check(ctx context.Context, payload *io.SectionReader) error {
	whole, err := repo.Open(ctx, payload, payload.Size())
	if err != nil {
		return err
	}
	for _, err := range whole.Records(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}
