package car

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	carv2 "github.com/ipld/go-car/v2"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// header is what stands in front of the first section.
type header struct {
	version int
	roots   []lex.CID
	start   int64 // offset of the first section
	end     int64 // offset behind the last section; -1 if the end of the archive says it
}

// readHeader reads the header of an archive, and of one in version 2 that of the version 1 inside it,
// and leaves r at the first section.
func readHeader(r *bufio.Reader, maxSize int) (header, error) {
	h := header{version: 1, end: -1}
	pragma, err := r.Peek(carv2.PragmaSize)
	if err == nil && bytes.Equal(pragma, carv2.Pragma) {
		h.version = 2
		if err := h.readVersion2(r); err != nil {
			return header{}, err
		}
		if inner, err := r.Peek(carv2.PragmaSize); err == nil && bytes.Equal(inner, carv2.Pragma) {
			return header{}, &Error{Offset: h.start, Err: fmt.Errorf("%w: an archive of version 2 inside one", ErrHeader)}
		}
	}
	offset := h.start
	// go-car's own error for this cannot be told from others.
	prefix, _ := r.Peek(maxVarint)
	if size, n := uvarint(prefix); n > 0 && size > uint64(maxSize) {
		return header{}, &Error{Offset: offset, Err: fmt.Errorf("%w: %w: %d bytes, limit %d", ErrHeader, ErrTooLarge, size, maxSize)}
	}
	counted := &countingReader{r: r}
	v1, err := carv2.NewBlockReader(counted, carv2.MaxAllowedHeaderSize(uint64(maxSize)))
	if err != nil {
		if counted.err != nil { // go-car says no more than that a byte could not be read
			err = truncated(counted.err)
		}
		return header{}, &Error{Offset: offset, Err: fmt.Errorf("%w: %w", ErrHeader, err)}
	}
	if v1.Version != 1 {
		return header{}, &Error{Offset: offset, Err: fmt.Errorf("%w: version %d", ErrHeader, v1.Version)}
	}
	for i, root := range v1.Roots {
		c, err := lex.CIDFromBytes(root.Bytes())
		if err != nil {
			return header{}, &Error{Offset: offset, Err: fmt.Errorf("%w: root %d: %w", ErrHeader, i, err)}
		}
		h.roots = append(h.roots, c)
	}
	h.start += counted.n
	if h.end >= 0 && h.start > h.end {
		return header{}, &Error{Offset: offset, Err: fmt.Errorf("%w: longer than the data that version 2 announces", ErrHeader)}
	}
	return h, nil
}

// readVersion2 reads what version 2 puts in front of the version 1 that it wraps, up to the latter.
func (h *header) readVersion2(r *bufio.Reader) error {
	fault := func(err error) error {
		return &Error{Offset: 0, Err: fmt.Errorf("%w: version 2: %w", ErrHeader, truncated(err))}
	}
	if _, err := r.Discard(carv2.PragmaSize); err != nil {
		return fault(err)
	}
	var v2 carv2.Header
	if _, err := v2.ReadFrom(r); err != nil {
		return fault(err)
	}
	h.start = int64(v2.DataOffset)
	h.end = h.start + int64(v2.DataSize)
	if h.end < h.start || h.end > maxOffset {
		return fault(fmt.Errorf("%w: data of %d bytes at byte %d", ErrTooLarge, v2.DataSize, v2.DataOffset))
	}
	padding := h.start - carv2.PragmaSize - carv2.HeaderSize
	if _, err := io.CopyN(io.Discard, r, padding); err != nil {
		return fault(err)
	}
	return nil
}

// countingReader counts the bytes that were read from r, and keeps what the last reading returned.
// It has ReadByte so that go-car reads no byte past the header.
type countingReader struct {
	r   *bufio.Reader
	n   int64
	err error
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.err = err
	return n, err
}

func (c *countingReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	c.err = err
	return b, err
}
