package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Info describes a downloaded blob.
type Info struct {
	// Size is the number of bytes.
	Size int64
	// MimeType is the media type that the server sent, "" if it sent none. RefMimeType is the one in the reference,
	// "" if it has none. Neither is verified, and they may differ: a server may guess.
	MimeType, RefMimeType string
}

// Download downloads a blob to the file at path. It creates or atomically replaces the file only after it has
// verified the blob. After an error, path is unchanged; after a crash, it is either the old or the new file.
//
// Download writes the bytes to a temporary file whose name is path followed by a number and .layers-partial. It
// removes that file after an error. If a killed process has left such a file, the next Download to the same path
// removes it and starts from the beginning. Several concurrent Downloads to the same path, even from different
// processes, do not interfere with each other.
//
// The new file has the permissions of the old one, or those of [os.Create]. It is an error if path names something
// other than a regular file; but a symbolic link is replaced. The error is that of [Open], [Reader.Read] or the file
// system.
func Download(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, path string, options *ReadOptions) (info Info, err error) {
	old, err := os.Stat(path)
	switch {
	case err == nil && !old.Mode().IsRegular():
		return Info{}, &fs.PathError{Op: "download to", Path: path, Err: errors.New("not a regular file")}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Info{}, err
	}
	r, err := Open(ctx, c, did, b, options)
	if err != nil {
		return Info{}, err
	}
	defer r.Close()
	p, err := disk.NewPartial(path)
	if err != nil {
		return Info{}, r.failure(err)
	}
	defer p.Discard()
	size, err := r.WriteTo(p)
	if err != nil {
		return Info{}, r.failed(err)
	}
	if old != nil {
		if err := p.Chmod(old.Mode().Perm()); err != nil {
			return Info{}, r.failure(err)
		}
	}
	if err := p.Keep(); err != nil {
		return Info{}, r.failure(err)
	}
	return Info{Size: size, MimeType: r.mimeType, RefMimeType: b.MimeType}, nil
}

// failed returns err as an Error of this blob. It returns errors of the Reader, which are Errors already, unchanged.
func (r *Reader) failed(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return r.failure(fmt.Errorf("writing: %w", err))
}
