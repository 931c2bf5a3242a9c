package car

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/ipfs/go-cid"
	carv2 "github.com/ipld/go-car/v2"
	"github.com/ipld/go-car/v2/storage"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Writer writes an archive in CAR version 1, which is what the AT Protocol exchanges. It is for one
// goroutine at a time.
type Writer struct {
	w *bufio.Writer
	s storage.WritableCar
}

// NewWriter returns a Writer to w, and writes the header with the given roots. In an archive of a
// repository the first root is the commit. The caller ends with [Writer.Flush].
//
// An error says that a root is undefined, or is that of w.
func NewWriter(w io.Writer, roots ...lex.CID) (*Writer, error) {
	converted := make([]cid.Cid, len(roots))
	for i, root := range roots {
		c, err := cid.Cast(root[:])
		if err != nil {
			return nil, fmt.Errorf("car: root %d: %w", i, err)
		}
		converted[i] = c
	}
	// A buffer alone as the writer: go-car writes a section in three parts, and to the beginning of
	// what can seek.
	buffered := bufio.NewWriter(w)
	s, err := storage.NewWritable(buffered, converted, carv2.WriteAsCarV1(true), carv2.UseWholeCIDs(true))
	if err != nil {
		return nil, fmt.Errorf("car: %w", err)
	}
	return &Writer{w: buffered, s: s}, nil
}

// Write writes a block, unless it has been written before. It does not check that data is what c was
// computed from. An error says that c is undefined, or is that of the underlying writer.
func (w *Writer) Write(ctx context.Context, c lex.CID, data []byte) error {
	if err := w.s.Put(ctx, string(c[:]), data); err != nil {
		return &Error{Offset: -1, CID: c, Err: err}
	}
	return nil
}

// Flush writes what is still in the Writer's buffer. An error is that of the underlying writer.
func (w *Writer) Flush() error { return w.w.Flush() }
