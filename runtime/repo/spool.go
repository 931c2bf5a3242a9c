package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/layers-pub/layers-go/runtime/car"
)

// readHead reads at most limit bytes into chunks for [car.NewIndexChunks], and returns the number of bytes. The total
// capacity of the chunks is at most limit, too.
func readHead(r io.Reader, limit int64) (chunks [][]byte, size int64, err error) {
	for err == nil && size < limit {
		var chunk []byte
		chunk, err = readChunk(r, int(min(limit-size, car.ChunkSize)), len(chunks) == 0)
		if size += int64(len(chunk)); len(chunk) > 0 {
			chunks = append(chunks, chunk)
		}
	}
	if err == io.EOF {
		err = nil
	}
	return chunks, size, err
}

// readChunk reads limit bytes, or fewer with io.EOF at the end of r. Since many archives are small, the first chunk
// starts with a small slice, and is copied when it grows.
func readChunk(r io.Reader, limit int, first bool) ([]byte, error) {
	room := limit
	if first {
		room = min(limit, 16<<10)
	}
	b := make([]byte, 0, room)
	for len(b) < limit {
		if len(b) == cap(b) {
			b = append(make([]byte, 0, min(limit, 4*cap(b))), b...)
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			return b, err
		}
	}
	return b, nil
}

// readers returns a reader for each chunk. It sets the elements of chunks to nil, so that the memory of each chunk can be
// freed after its reader has been read.
func readers(chunks [][]byte) []io.Reader {
	var all []io.Reader
	for i, chunk := range chunks {
		all = append(all, bytes.NewReader(chunk))
		chunks[i] = nil
	}
	return all
}

// source reads a stream. It fails when its context has ended, or when the stream has more than limit bytes.
type source struct {
	ctx   context.Context
	r     io.Reader
	limit int64
	n     int64 // bytes read so far
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

// spool is a temporary file. Where the system allows it, newSpool removes its name at once, so that the system deletes
// the file when the process ends.
type spool struct {
	*os.File
	name string // set only if close must still remove the name
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
