package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The limits without [WithMaxSize].
const (
	// DefaultMaxSize is how many bytes [Open] and [Download] read of a blob whose size nobody has said.
	DefaultMaxSize = 1 << 30
	// DefaultMaxMemory is how many bytes [Get] reads.
	DefaultMaxMemory = 100 << 20
)

// Option sets how a blob is read.
type Option func(*options) error

type options struct{ maxSize int64 } // 0: not set

// WithMaxSize sets the largest blob that is read, in bytes; a larger one is [ErrTooLarge], before anything
// is asked for if its reference has the size. Without it, [Get] reads at most [DefaultMaxMemory], and
// [Open] and [Download] read what the reference says, however much, or at most [DefaultMaxSize] if it does
// not say.
func WithMaxSize(size int64) Option {
	return func(o *options) error {
		if size <= 0 {
			return fmt.Errorf("blob: WithMaxSize(%d): not a positive size", size)
		}
		o.maxSize = size
		return nil
	}
}

// Named returns the reference to a blob of which only the CID is known: its Size is -1.
func Named(c lex.CID) lex.Blob { return lex.Blob{Ref: c.Link(), Size: -1} }

// Reader reads one blob. It is for one goroutine at a time.
type Reader struct {
	body     io.ReadCloser
	mimeType string
	max      int64     // the most bytes that are read
	hash     hash.Hash // of those that were
	at       Error     // how far it is
	err      error     // what ended it
}

// Open asks the server of did for the blob (com.atproto.sync.getBlob) and returns a [Reader] of it, which
// the caller closes; until then, ctx holds.
//
// A blob whose reference has no size, see [Named], is read nevertheless. Options are [WithMaxSize].
//
// An error is an [*Error]: [ErrUnverifiable], [ErrTooLarge], before anything is sent; [ErrNotFound]; or
// that of [pds.Client.CallRepo].
func Open(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, opts ...Option) (*Reader, error) {
	var o options
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	return open(ctx, c, did, b, o)
}

func open(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, o options) (*Reader, error) {
	r := &Reader{at: Error{DID: did, CID: b.Ref, Size: max(b.Size, -1)}, hash: sha256.New()}
	cid, ok := b.Ref.CID()
	if !ok || cid.Codec() != lex.CodecRaw {
		return nil, r.failure(ErrUnverifiable)
	}
	r.max = o.maxSize
	switch {
	case b.Size < 0 && r.max == 0:
		r.max = DefaultMaxSize
	case b.Size >= 0 && r.max > 0 && b.Size > r.max:
		return nil, r.failure(fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, b.Size, r.max))
	case b.Size >= 0:
		r.max = b.Size
	}
	var call *lex.Call
	err := c.CallRepo(ctx, syntax.AtIdentifier(did), func(did syntax.DID) *lex.Call {
		params := atproto.SyncGetBlobParams{DID: did, CID: syntax.CID(cid.String())}
		call = &lex.Call{NSID: atproto.NSIDSyncGetBlob, Params: params.LexParams(), Stream: true}
		return call
	})
	if err != nil {
		if verdict.Of(err) == verdict.NoBlob {
			err = fmt.Errorf("%w: %w", ErrNotFound, err)
		}
		return nil, r.failure(err)
	}
	r.body, r.mimeType = call.OutputBody, call.OutputEncoding
	if err := r.announced(); err != nil {
		r.body.Close()
		return nil, r.failure(err)
	}
	return r, nil
}

// announced compares the size of the answer, if the server says it, with what it must be.
func (r *Reader) announced() error {
	answer, ok := r.body.(interface{ Size() int64 })
	if !ok || answer.Size() < 0 {
		return nil
	}
	size := answer.Size()
	switch {
	case r.at.Size >= 0 && size != r.at.Size:
		return fmt.Errorf("%w: the server's answer has %d bytes, not %d%s", ErrSize, size, r.at.Size, r.kind())
	case size > r.max:
		return fmt.Errorf("%w: the server's answer has %d bytes, the limit is %d%s", ErrTooLarge, size, r.max, r.kind())
	}
	r.at.Size, r.max = size, size
	return nil
}

// failure returns err as an error of this blob.
func (r *Reader) failure(err error) *Error {
	e := r.at
	e.Err = err
	return &e
}

// Size returns the number of bytes that there must be: what the reference says, or else the server. It is
// -1 when neither does.
func (r *Reader) Size() int64 { return r.at.Size }

// MimeType returns the media type that the server gives the blob, "" if it gives none. It is a claim: of
// whoever uploaded the blob, or a guess of the server's. That of the reference is another claim, and they
// need not be the same.
func (r *Reader) MimeType() string { return r.mimeType }

// Read reads what comes next. It returns io.EOF only at the end of a blob whose size and hash are right.
//
// Its errors are [*Error]s: [ErrSize], at the first byte too many, or at the end if there were too few;
// [ErrTooLarge]; [ErrHash]; and what ended the connection, of package xrpc. They stay: nothing can be read
// after one. What had been read before one is not to be trusted.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.next(p)
	r.hash.Write(p[:n])
	r.err = r.end(err)
	return n, r.err
}

// next reads and counts what comes next.
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
		return fmt.Errorf("%w: there are more bytes", ErrSize)
	}
	return fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, r.max)
}

// end returns the Reader's error for one of next.
func (r *Reader) end(err error) error {
	switch {
	case err == nil:
		return nil
	case err != io.EOF:
		return r.failure(err)
	case r.at.Size >= 0 && r.at.Read != r.at.Size:
		return r.failure(fmt.Errorf("%w: there are no more bytes%s", ErrSize, r.kind()))
	}
	want, _ := r.at.CID.CID()
	if [sha256.Size]byte(r.hash.Sum(nil)) != want.Digest() {
		return r.failure(fmt.Errorf("%w: these are not the bytes of the CID%s", ErrHash, r.kind()))
	}
	return io.EOF
}

// kind says which media type came, for messages: often it is text/html.
func (r *Reader) kind() string {
	if r.mimeType == "" {
		return ""
	}
	return fmt.Sprintf(" (the server's media type is %.100q)", r.mimeType)
}

// The buffers of WriteTo: as many as it takes to read, hash and write at the same time.
const (
	bufferSize = 256 << 10
	buffers    = 4
)

// WriteTo writes the rest of the blob to w, as [io.Copy] does. It is faster than Read, since it hashes
// one part while it reads the next. Its error is that of w, or as Read has it: nil says that the blob has
// been verified. What w has been given before an error is not to be trusted.
func (r *Reader) WriteTo(w io.Writer) (int64, error) {
	if r.err != nil {
		return 0, ignoreEOF(r.err)
	}
	size := int64(bufferSize)
	if r.at.Size >= 0 {
		size = min(size, r.at.Size-r.at.Read+1) // one more, to see the end
	}
	// Parts go to the goroutine that hashes and come back when that is done with them.
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

// Close ends the reading. It says nothing about what was read: only io.EOF does.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = r.failure(os.ErrClosed)
	}
	return r.body.Close()
}

// Get reads a blob into memory, after the request of [Open], and returns it with the media type of
// [Reader.MimeType]. It reads at most [DefaultMaxMemory] unless [WithMaxSize] says otherwise. Nothing is
// returned with an error, which is that of Open or [Reader.Read].
func Get(ctx context.Context, c *pds.Client, did syntax.DID, b lex.Blob, opts ...Option) (data []byte, mimeType string, err error) {
	r, err := Open(ctx, c, did, b, append([]Option{WithMaxSize(DefaultMaxMemory)}, opts...)...)
	if err != nil {
		return nil, "", err
	}
	defer r.Close()
	var buffer bytes.Buffer
	const trusted = 1 << 20 // what is allocated before any byte has come
	buffer.Grow(int(min(max(r.Size(), 0), trusted)))
	if _, err := r.WriteTo(&buffer); err != nil {
		return nil, "", err
	}
	return buffer.Bytes(), r.MimeType(), nil
}
