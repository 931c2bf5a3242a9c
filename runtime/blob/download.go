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

// Info says what was downloaded.
type Info struct {
	// Size is the number of bytes.
	Size int64
	// MimeType is the media type that the server gave, "" if it gave none; RefMimeType is that of the
	// reference, "" if it has none. Both are claims, and may differ: a server may guess.
	MimeType, RefMimeType string
}

// Download downloads a blob to the file at path, which is there when it has been verified and not before:
// it is replaced if it exists, at once. An error leaves it as it was; after a crash it is the old file or
// the new one.
//
// The bytes are collected in a file beside it whose name is path with a number and .layers-partial behind
// it. An error removes that file. One that a killed process has left is removed by the next Download to
// the same path, which starts over. Several at once, to the same path, do not disturb each other, also if
// they are of several processes.
//
// The new file has the permissions of the old one, or those of [os.Create]. A path to anything but a
// regular file is an error; a symbolic link is replaced. Options are [WithMaxSize]. The error is that of [Open],
// [Reader.Read] or the file system.
func Download(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, path string, opts ...Option) (info Info, err error) {
	old, err := os.Stat(path)
	switch {
	case err == nil && !old.Mode().IsRegular():
		return Info{}, &fs.PathError{Op: "download to", Path: path, Err: errors.New("not a regular file")}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Info{}, err
	}
	r, err := Open(ctx, c, did, b, opts...)
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

// failed returns err as an error of this blob, which those of the Reader are already.
func (r *Reader) failed(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return r.failure(fmt.Errorf("writing: %w", err))
}
