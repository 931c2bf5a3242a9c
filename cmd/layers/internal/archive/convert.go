package archive

import (
	"context"
	"io"

	"github.com/layers-pub/layers-go/internal/carv2"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// Convert checks the whole archive in the file from, of CAR version 1 or 2, and writes it to the file to in the given
// version. The file to appears only when it is complete.
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

// check reads all of an archive and returns what is wrong with it.
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
