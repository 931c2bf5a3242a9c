// Package carv2 reads and writes archives of CAR version 2 (https://ipld.io/specs/transport/car/carv2/): an archive of
// version 1, which package car reads, between a header and an index.
//
//	if carv2.Is(file) {
//		payload, err := carv2.Payload(file, size)
//		...
//		archive, err := repo.Open(ctx, payload, payload.Size())
//	}
//
// The AT Protocol uses version 1 only. This package depends on go-car and, through it, on the libraries of IPFS, so only
// commands and tests import it.
package carv2

import (
	"errors"
	"fmt"
	"io"

	gocar "github.com/ipld/go-car/v2"
)

// ErrInvalid says that an archive is not a valid one of CAR version 2.
var ErrInvalid = errors.New("malformed archive of CAR version 2")

// maxHeader is the size of the largest header that [Write] accepts in an archive of version 1, in bytes.
const maxHeader = 1 << 20

// PragmaSize is the size in bytes of the pragma, with which an archive of version 2 begins.
const PragmaSize = gocar.PragmaSize

// IsPragma reports whether an archive that begins with start is of version 2. start must have at least [PragmaSize] bytes,
// unless the archive is shorter.
func IsPragma(start []byte) bool {
	return len(start) >= PragmaSize && string(start[:PragmaSize]) == string(gocar.Pragma)
}

// Is reports whether r begins as an archive of version 2 does. It returns false if r cannot be read.
func Is(r io.ReaderAt) bool {
	start := make([]byte, PragmaSize)
	n, _ := r.ReadAt(start, 0) // reading the archive will meet the error again
	return IsPragma(start[:n])
}

// Payload returns the archive of version 1 within r, which has size bytes. It checks neither that archive nor the index.
// An error wraps [ErrInvalid] or comes from reading r.
func Payload(r io.ReaderAt, size int64) (*io.SectionReader, error) {
	if !Is(r) {
		return nil, fmt.Errorf("%w: it does not begin with the pragma", ErrInvalid)
	}
	if size < gocar.PragmaSize+gocar.HeaderSize {
		return nil, fmt.Errorf("%w: the header is cut short: %d bytes", ErrInvalid, size)
	}
	archive, err := gocar.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	// go-car does not check the offsets.
	offset, length := archive.Header.DataOffset, archive.Header.DataSize
	switch {
	case offset < gocar.PragmaSize+gocar.HeaderSize:
		return nil, fmt.Errorf("%w: the data begins at byte %d, inside the header", ErrInvalid, offset)
	case offset > uint64(size) || length > uint64(size)-offset:
		return nil, fmt.Errorf("%w: the data is cut short: %d bytes from byte %d on, of a file of %d bytes",
			ErrInvalid, length, offset, size)
	}
	return io.NewSectionReader(r, int64(offset), int64(length)), nil
}

// Write writes the archive of version 1 in payload to w as one of version 2, with an index of its blocks. Building the
// index takes some 80 bytes of memory a block. Write does not verify payload.
func Write(w io.Writer, payload io.ReadSeeker) error {
	if err := gocar.WrapV1(payload, w, gocar.MaxAllowedHeaderSize(maxHeader)); err != nil {
		return fmt.Errorf("carv2: %w", err)
	}
	return nil
}
