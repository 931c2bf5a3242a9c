package repo

import (
	"context"
	"fmt"
	"io"
	"os"
)

// readHead reads at most limit bytes. Its result has a capacity of at most limit, too.
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

// source reads a stream. It fails when its context has ended, or when the stream has more than limit bytes.
type source struct {
	ctx   context.Context
	r     io.Reader
	limit int64
	n     int64 // how many were read
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p[:min(int64(len(p)), s.limit-s.n+1)])
	s.n += int64(n)
	if s.n > s.limit {
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, s.limit)
	}
	return n, err
}

// spool is a temporary file. Where the system allows it, its name is removed at once, so that the system deletes the
// file when the process ends.
type spool struct {
	*os.File
	name string // if close must still remove it
}

func newSpool(directory string) (*spool, error) {
	file, err := os.CreateTemp(directory, "layers-*.car")
	if err != nil {
		return nil, fmt.Errorf("repo: temporary file: %w", err)
	}
	s := &spool{File: file}
	if err := os.Remove(file.Name()); err != nil {
		s.name = file.Name()
	}
	return s, nil
}

// close closes and removes the file.
func (s *spool) close() error {
	err := s.Close()
	if s.name != "" {
		if removed := os.Remove(s.name); err == nil {
			err = removed
		}
	}
	return err
}
