package blob

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The default limits, which [ReadOptions] change.
const (
	// DefaultMaxSize is how many bytes [Open] and [Download] read at most if the reference has no size.
	DefaultMaxSize = 1 << 30
	// DefaultMaxMemory is how many bytes [Get] reads at most.
	DefaultMaxMemory = 100 << 20
)

// ReadOptions are the options of [Open], [Get] and [Download]; nil stands for the zero value.
type ReadOptions struct {
	// MaxSize is the size of the largest blob that is read, in bytes. The error for a larger one is [ErrTooLarge]; if
	// the reference has the size, the error comes before anything is requested. 0 stands for the default: [Get] reads
	// at most [DefaultMaxMemory] bytes; [Open] and [Download] read as many bytes as the reference says, or at most
	// [DefaultMaxSize] if it does not have the size.
	MaxSize int64
}

// check returns the options, or an error if they are invalid.
func (o *ReadOptions) check() (ReadOptions, error) {
	if o == nil {
		return ReadOptions{}, nil
	}
	if o.MaxSize < 0 {
		return ReadOptions{}, fmt.Errorf("blob: MaxSize is %d: must not be negative", o.MaxSize)
	}
	return *o, nil
}

// Named returns a reference to a blob of which only the CID is known. Its Size is -1.
func Named(c cid.CID) lex.Blob { return lex.Blob{Ref: c.Link(), Size: -1} }

// Reader reads one blob. It is not safe for concurrent use.
type Reader struct {
	body     io.ReadCloser
	mimeType string
	max      int64     // the largest number of bytes to read
	hash     hash.Hash // of the bytes read so far
	at       Error     // the progress, in the form of an Error
	err      error     // the error that ended reading; io.EOF: the blob is verified
}

// Open requests the blob from the server of did (com.atproto.sync.getBlob) and returns a [Reader], which the caller
// must close. ctx also applies to reading.
//
// The reference need not have a size, see [Named].
//
// The error is an [*Error], unless options are invalid. It wraps [ErrUnverifiable] or [ErrTooLarge], before anything is
// sent; [ErrNotFound]; [ErrSize] or [ErrTooLarge], if the server announces another size or one over the limit; or an
// error of [pds.CallRepo].
func Open(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, options *ReadOptions) (*Reader, error) {
	o, err := options.check()
	if err != nil {
		return nil, err
	}
	return open(ctx, c, did, b, o)
}

func open(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, o ReadOptions) (*Reader, error) {
	r := &Reader{at: Error{DID: did, CID: b.Ref, Size: max(b.Size, -1)}, hash: sha256.New()}
	id, ok := b.Ref.CID()
	if !ok || id.Codec() != cid.Raw {
		return nil, r.failure(ErrUnverifiable)
	}
	r.max = o.MaxSize
	switch {
	case b.Size < 0 && r.max == 0:
		r.max = DefaultMaxSize
	case b.Size >= 0 && r.max > 0 && b.Size > r.max:
		return nil, r.failure(fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, b.Size, r.max))
	case b.Size >= 0:
		r.max = b.Size
	}
	response, err := pds.CallRepo(ctx, c, syntax.AtIdentifier(did), func(did syntax.DID, server rpc.Caller) (*rpc.Response, error) {
		params := atproto.SyncGetBlobParams{DID: did, CID: syntax.CID(id.String())}
		response := &rpc.Response{Stream: true}
		return response, server.Call(ctx, &rpc.Request{NSID: atproto.NSIDSyncGetBlob, Params: params.LexParams()}, response)
	})
	if err != nil {
		if verdict.Of(err) == verdict.NoBlob {
			err = fmt.Errorf("%w: %w", ErrNotFound, err)
		}
		return nil, r.failure(err)
	}
	r.body, r.mimeType = response.Body, response.Encoding
	if err := r.announced(); err != nil {
		r.body.Close()
		return nil, r.failure(err)
	}
	return r, nil
}

// announced compares the size of the answer, if the server announced it, with the expected size and the limit.
func (r *Reader) announced() error {
	answer, ok := r.body.(interface{ Size() int64 })
	if !ok || answer.Size() < 0 {
		return nil
	}
	size := answer.Size()
	switch {
	case r.at.Size >= 0 && size != r.at.Size:
		return fmt.Errorf("%w: the server's response has %d bytes, not %d%s", ErrSize, size, r.at.Size, r.kind())
	case size > r.max:
		return fmt.Errorf("%w: the server's response has %d bytes, the limit is %d%s", ErrTooLarge, size, r.max, r.kind())
	}
	r.at.Size, r.max = size, size
	return nil
}

// failure returns err as an Error of this blob.
func (r *Reader) failure(err error) *Error {
	e := r.at
	e.Err = err
	return &e
}

// Size returns the size of the blob according to the reference or, if that has none, according to the server. It is
// -1 if neither says it.
func (r *Reader) Size() int64 { return r.at.Size }

// MimeType returns the media type that the server sent, "" if it sent none. It is not verified: it comes from the
// client that uploaded the blob, or is a guess of the server. The media type in the reference may be different.
func (r *Reader) MimeType() string { return r.mimeType }

// Read implements [io.Reader]. It returns io.EOF only at the end of a blob whose size and hash are right.
//
// Its errors are [*Error]s. They wrap [ErrSize], at the first surplus byte, or at the end if there were too few
// bytes; [ErrTooLarge]; [ErrHash]; or an error of package xrpc that ended the connection. After an error, every Read
// returns the same error, and the bytes read before must not be trusted.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.next(p)
	r.hash.Write(p[:n])
	r.err = r.end(err)
	return n, r.err
}

// next reads and counts the next bytes, which the caller has to hash. At the first byte over r.max it returns an error.
func (r *Reader) next(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if left := r.max - r.at.Read; int64(n) > left {
		n, err = int(left), r.surplus()
	}
	r.at.Read += int64(n)
	return n, err
}

func (r *Reader) surplus() error {
	if r.max == r.at.Size {
		return fmt.Errorf("%w: more bytes than expected", ErrSize)
	}
	return fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, r.max)
}

// end returns the Reader's error for err, which next has returned. If err is io.EOF, end verifies the size and the hash.
func (r *Reader) end(err error) error {
	switch {
	case err == nil:
		return nil
	case err != io.EOF:
		return r.failure(err)
	case r.at.Size >= 0 && r.at.Read != r.at.Size:
		return r.failure(fmt.Errorf("%w: fewer bytes than expected%s", ErrSize, r.kind()))
	}
	if want, _ := r.at.CID.CID(); !want.MatchesDigest([sha256.Size]byte(r.hash.Sum(nil))) {
		return r.failure(fmt.Errorf("%w: the bytes do not match the CID%s", ErrHash, r.kind()))
	}
	return io.EOF
}

// kind describes the media type of the answer, for error texts: often it is text/html.
func (r *Reader) kind() string {
	if r.mimeType == "" {
		return ""
	}
	return fmt.Sprintf(" (the server's media type is %s)", quote.Text(r.mimeType, 100))
}

// The buffers of WriteTo: as many as it takes to read, hash and write at the same time.
const (
	bufferSize = 256 << 10
	buffers    = 4
)

// WriteTo implements [io.WriterTo]: it writes the rest of the blob to w. It is faster than Read, since it hashes one
// part while it reads the next. The error is that of w, or as in [Reader.Read]; nil means that the blob has been
// verified. If there is an error, the bytes that were written to w must not be trusted.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	if r.err != nil {
		return 0, ignoreEOF(r.err)
	}
	size := int64(bufferSize)
	if r.at.Size >= 0 {
		size = min(size, r.at.Size-r.at.Read+1) // one more, to detect the end
	}
	// Parts are sent to the goroutine that hashes them, which sends them back when it is done.
	parts, free, hashed := make(chan []byte, buffers), make(chan []byte, buffers), make(chan struct{})
	go func() {
		defer close(hashed)
		for part := range parts {
			r.hash.Write(part)
			free <- part[:cap(part)]
		}
	}()
	made := 0
	buffer := func() []byte {
		select {
		case b := <-free:
			return b
		default:
		}
		if made == buffers {
			return <-free
		}
		made++
		return make([]byte, size)
	}
	var written int64
	var err, failed error // of reading, of writing
	for err == nil && failed == nil {
		part := buffer()
		var n, m int
		if n, err = r.next(part); n == 0 {
			free <- part
			continue
		}
		parts <- part[:n]
		if m, failed = w.Write(part[:n]); m < n && failed == nil {
			failed = io.ErrShortWrite
		}
		written += int64(m)
	}
	close(parts)
	<-hashed
	if r.err = r.end(err); failed != nil {
		return written, failed
	}
	return written, ignoreEOF(r.err)
}

func ignoreEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// Close releases the connection, after which Read returns an error that wraps [os.ErrClosed], unless the blob has been
// read to its end. Close does not verify what was read: only io.EOF of Read, or nil of WriteTo, means that the blob is
// verified.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = r.failure(os.ErrClosed)
	}
	return r.body.Close()
}

// Get reads a blob into memory and returns it, with the media type of [Reader.MimeType]. It reads at most
// [DefaultMaxMemory] bytes unless options say otherwise. The error is that of [Open] or [Reader.Read]; with an
// error, Get returns no data.
func Get(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, options *ReadOptions) (data []byte, mimeType string, err error) {
	o, err := options.check()
	if err != nil {
		return nil, "", err
	}
	o.MaxSize = cmp.Or(o.MaxSize, DefaultMaxMemory)
	r, err := open(ctx, c, did, b, o)
	if err != nil {
		return nil, "", err
	}
	defer r.Close()
	var buffer bytes.Buffer
	const trusted = 1 << 20 // how much is allocated before any byte has arrived
	buffer.Grow(int(min(max(r.Size(), 0), trusted)))
	if _, err := r.WriteTo(&buffer); err != nil {
		return nil, "", err
	}
	return buffer.Bytes(), r.MimeType(), nil
}
