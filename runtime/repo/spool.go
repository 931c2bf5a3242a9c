package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
)

// spool is an archive that came as a stream: in memory, or in a temporary file if it is large.
type spool struct {
	bytes []byte
	file  *os.File
	size  int64
	name  string // of the file, if it is still to be removed
}

// spoolFrom reads r to its end.
func spoolFrom(ctx context.Context, r io.Reader, o options) (*spool, error) {
	r = io.LimitReader(&contextReader{ctx, r}, o.maxSize+1)
	var s spool
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, o.maxMemory+1))
	if err != nil {
		return nil, fmt.Errorf("repo: after %d bytes: %w", n, err)
	}
	s.size = n
	if n <= o.maxMemory {
		s.bytes = head.Bytes()
	} else if err := s.toFile(io.MultiReader(&head, r), o.directory); err != nil {
		s.close()
		return nil, err
	}
	if s.size > o.maxSize {
		s.close()
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, o.maxSize)
	}
	return &s, nil
}

// toFile copies r to a temporary file, which has no name any more where the system allows that, so
// that it is gone with the process.
func (s *spool) toFile(r io.Reader, directory string) error {
	file, err := os.CreateTemp(directory, "layers-*.car")
	if err != nil {
		return fmt.Errorf("repo: temporary file: %w", err)
	}
	s.file = file
	if err := os.Remove(file.Name()); err != nil {
		s.name = file.Name()
	}
	if s.size, err = io.Copy(struct{ io.Writer }{file}, r); err != nil {
		return fmt.Errorf("repo: after %d bytes: %w", s.size, err)
	}
	return nil
}

// close closes and removes the file, if there is one.
func (s *spool) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if s.name != "" {
		if removed := os.Remove(s.name); err == nil {
			err = removed
		}
	}
	return err
}

// contextReader ends with the error of its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
