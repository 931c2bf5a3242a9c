package archive

import (
	"context"
	"io"

	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// Convert reads the archive of CAR version 1 or 2 in the file called from, checks all of it, and writes it in the given
// version to the file called to. That file is created or replaced only when it is complete.
func Convert(ctx context.Context, from, to string, version int) error {
	file, payload, err := openRegular(from)
	if err != nil {
		return err
	}
	defer file.Close()
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

// check reads a whole archive, and returns the first error in it.
func check(ctx context.Context, payload *io.SectionReader) error {
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
