package car

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// Writer writes an archive in CAR version 1, the version that the AT Protocol uses. It must not be used by several
// goroutines at once. It keeps in memory the CIDs of all blocks that it has written.
type Writer struct {
	w       *bufio.Writer
	written map[cid.CID]struct{}
}

// NewWriter returns a Writer to w, and writes the header with the given roots. In an archive of a
// repository, the first root is the commit. The caller must call [Writer.Flush] at the end.
//
// It returns an error if a root is undefined, and returns the errors of w.
func NewWriter(w io.Writer, roots ...cid.CID) (*Writer, error) {
	for i, root := range roots {
		if _, err := cid.FromBytes(root[:]); err != nil {
			return nil, fmt.Errorf("car: root %d: %w", i, err)
		}
	}
	buffered := bufio.NewWriter(w)
	if _, err := buffered.Write(appendHeader(nil, roots)); err != nil {
		return nil, fmt.Errorf("car: %w", err)
	}
	return &Writer{w: buffered, written: map[cid.CID]struct{}{}}, nil
}

// Write writes a block, unless it has been written before. It does not check that data matches
// c. An error is an [*Error], because c is undefined, or with the error of ctx or of the underlying writer.
func (w *Writer) Write(ctx context.Context, c cid.CID, data []byte) error {
	if err := w.write(ctx, c, data); err != nil {
		return &Error{Offset: -1, CID: c, Err: err}
	}
	return nil
}

func (w *Writer) write(ctx context.Context, c cid.CID, data []byte) error {
	if _, err := cid.FromBytes(c[:]); err != nil {
		return err
	}
	if _, ok := w.written[c]; ok {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	w.written[c] = struct{}{}
	prefix := binary.AppendUvarint(w.w.AvailableBuffer(), uint64(len(c)+len(data)))
	if _, err := w.w.Write(append(prefix, c[:]...)); err != nil {
		return err
	}
	_, err := w.w.Write(data)
	return err
}

// Flush writes the buffered data to the underlying writer, and returns its error.
func (w *Writer) Flush() error { return w.w.Flush() }
