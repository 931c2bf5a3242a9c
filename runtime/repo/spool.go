package repo

import (
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
	head, err := readHead(r, o.maxMemory+1)
	if err != nil {
		return nil, fmt.Errorf("repo: after %d bytes: %w", len(head), err)
	}
	s := &spool{bytes: head, size: int64(len(head))}
	if s.size > o.maxMemory {
		if err := s.toFile(r, o.directory); err != nil {
			s.close()
			return nil, err
		}
	}
	if s.size > o.maxSize {
		s.close()
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, o.maxSize)
	}
	return s, nil
}

// readHead reads at most limit bytes. What it returns has no more capacity than that.
func readHead(r io.Reader, limit int64) ([]byte, error) {
	head := make([]byte, 0, min(limit, 64<<10))
	for int64(len(head)) < limit {
		if len(head) == cap(head) {
			grown := make([]byte, len(head), min(limit, 2*int64(cap(head))))
			copy(grown, head)
			head = grown
		}
		n, err := r.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return head, err
		}
	}
	return head, nil
}

// toFile moves what has been read to a temporary file, and the rest of r behind it. The file has no name
// any more where the system allows that, so that it is gone with the process.
func (s *spool) toFile(r io.Reader, directory string) error {
	file, err := os.CreateTemp(directory, "layers-*.car")
	if err != nil {
		return fmt.Errorf("repo: temporary file: %w", err)
	}
	s.file = file
	if err := os.Remove(file.Name()); err != nil {
		s.name = file.Name()
	}
	if _, err := file.Write(s.bytes); err != nil {
		return fmt.Errorf("repo: temporary file: %w", err)
	}
	s.bytes = nil
	n, err := io.Copy(file, r)
	s.size += n
	if err != nil {
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
