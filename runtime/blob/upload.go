package blob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"os"
	"strings"
	"sync"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// UploadOptions are the options of [Upload]; nil stands for the zero value.
type UploadOptions struct {
	// Rules are the lexicon's rules for the blob, such as media.MediaBlobRules.
	Rules lex.BlobRules
	// MaxSize is the size of the largest blob that the server accepts, in bytes, if the caller knows it; 0 means that
	// it is unknown. Servers do not publish their limit; the reference server accepts 5 MiB unless its operator sets
	// another limit.
	MaxSize int64
}

// limit returns the largest allowed size, 0 for any.
func (o *UploadOptions) limit() int64 {
	if o.MaxSize <= 0 || o.Rules.MaxSize > 0 && o.Rules.MaxSize < o.MaxSize {
		return o.Rules.MaxSize
	}
	return o.MaxSize
}

// UploadError says that the reference that the server returned is not that of the bytes that were sent.
type UploadError struct {
	// Sent describes the bytes that were sent, and Blob is the server's reference. A caller that accepts the server's
	// media type, such as application/xml for application/tei+xml, may put Blob into a record.
	Sent, Blob lex.Blob
	// Err wraps [ErrHash], [ErrSize] or [ErrType].
	Err error
}

// Error returns a text with the CID of what was sent and the difference.
func (e *UploadError) Error() string {
	return fmt.Sprintf("blob: upload of %s: %v", e.Sent.Ref, e.Err)
}

// Unwrap returns e.Err.
func (e *UploadError) Unwrap() error { return e.Err }

// Upload uploads the data of r, from its current position to its end, to the server of an account
// (com.atproto.repo.uploadBlob), and returns the reference to put into a record. account makes authenticated calls:
// it is an auth.Client, for example.
//
// mimeType is the media type, such as "audio/wav" or "text/plain; charset=utf-8". It is required: readers rely on the
// media type in the reference, and servers refuse a record if its field does not allow the type.
//
// Before it sends anything, Upload checks the media type against options.Rules and, if r is an [io.Seeker] or has a
// method Len() int, the size against both limits. If a stream turns out to be larger than a limit, Upload aborts the
// request, so that the server does not take the part for the whole.
//
// The reference that the server returns must match what was sent: the hash, the size and the media type. Some servers
// determine the media type from the bytes. Its parameters may be missing, and it may be a synonym that Rules allow,
// such as audio/vnd.wave for audio/wav. If the reference does not match, the error is an [*UploadError], which has
// the reference.
//
// The other errors are a [*issue.Error] for what Rules do not allow, [ErrTooLarge] if a size is over a limit, whether
// Upload or the server finds that, or an error of account. If r is an io.Seeker, account may send it again after a
// failure; otherwise a Read of r may still be in progress when Upload returns an error.
func Upload(ctx context.Context, account rpc.Caller, r io.Reader, mimeType string, options *UploadOptions) (lex.Blob, error) {
	if options == nil {
		options = new(UploadOptions)
	}
	want, err := mediaType(mimeType)
	if err != nil {
		return lex.Blob{}, fmt.Errorf("blob: upload: %w", err)
	}
	source := newSource(r, options.limit())
	if err := preflight(mimeType, source.size, options); err != nil {
		return lex.Blob{}, fmt.Errorf("blob: upload: %w", err)
	}
	if source.seeker != nil {
		account = atproto.Repeatable(account)
	}
	answer, err := atproto.Reading(account, "blob").RepoUploadBlob(ctx, mimeType, source.body())
	size, c, failed := source.result()
	if failed != nil {
		return lex.Blob{}, fmt.Errorf("blob: upload: %w", failed)
	}
	if err != nil {
		return lex.Blob{}, uploadError(err, source.size)
	}
	sent := lex.Blob{Ref: c.Link(), MimeType: mimeType, Size: size}
	// Copy only the known fields: other fields that a server may send do not belong into a record.
	got := lex.Blob{Ref: answer.Blob.Ref, MimeType: answer.Blob.MimeType, Size: answer.Blob.Size}
	gotType, _, _ := mime.ParseMediaType(got.MimeType)
	switch {
	case !c.MatchesText(got.Ref.String()):
		err = fmt.Errorf("%w: the server has %s, of %d bytes; %d were sent", ErrHash, got.Ref, got.Size, size)
	case got.Size != size:
		err = fmt.Errorf("%w: %d bytes were sent, but the server says %d", ErrSize, size, got.Size)
	case synonym(gotType) != synonym(want) || options.Rules.Check(got.MimeType, size) != nil:
		err = fmt.Errorf("%w: sent as %s, but the server says %s", ErrType, mimeType, quote.Text(got.MimeType, 100))
	default:
		return got, nil
	}
	return lex.Blob{}, &UploadError{Sent: sent, Blob: got, Err: err}
}

// mediaType returns the media type without its parameters.
func mediaType(s string) (string, error) {
	if s == "" {
		return "", errors.New("the media type is missing")
	}
	t, _, err := mime.ParseMediaType(s)
	if err == nil && (strings.Count(t, "/") != 1 || strings.HasPrefix(t, "/") || strings.HasSuffix(t, "/") || strings.Contains(t, "*")) {
		err = errors.New("must be of the form type/subtype")
	}
	if err != nil {
		return "", fmt.Errorf("%s is not a media type: %w", quote.Text(s, 100), err)
	}
	return t, nil
}

// synonyms maps names of media types to the name that stands for all with the same meaning. For example, servers that
// look at the bytes of a WAV file call it audio/vnd.wave, and most systems call it audio/wav or audio/x-wav.
var synonyms = map[string]string{
	"audio/wav":         "audio/vnd.wave",
	"audio/wave":        "audio/vnd.wave",
	"audio/x-wav":       "audio/vnd.wave",
	"audio/x-pn-wav":    "audio/vnd.wave",
	"audio/mp3":         "audio/mpeg",
	"audio/x-aiff":      "audio/aiff",
	"audio/x-flac":      "audio/flac",
	"audio/x-m4a":       "audio/mp4",
	"audio/m4a":         "audio/mp4",
	"image/jpg":         "image/jpeg",
	"text/xml":          "application/xml",
	"video/avi":         "video/vnd.avi",
	"video/msvideo":     "video/vnd.avi",
	"video/x-msvideo":   "video/vnd.avi",
	"video/x-matroska":  "video/matroska",
	"application/x-ogg": "application/ogg",
}

// synonym returns the name that stands for a media type and all its synonyms.
func synonym(mediaType string) string {
	if s, ok := synonyms[mediaType]; ok {
		return s
	}
	return mediaType
}

// preflight checks, before anything is sent, the media type and, unless it is -1, the size against the options.
func preflight(mimeType string, size int64, options *UploadOptions) error {
	err := options.Rules.Check(mimeType, size)
	if limit := options.limit(); limit > 0 && size > limit {
		tooLarge := fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, size, limit)
		if err != nil {
			return fmt.Errorf("%w: %w", tooLarge, err)
		}
		return tooLarge
	}
	return err
}

// uploadError returns the error of Upload after a call that failed with err. size is that of the blob, -1 if it is not
// known.
func uploadError(err error, size int64) error {
	switch tooLarge := verdict.Of(err) == verdict.TooLarge; {
	case tooLarge && size >= 0:
		return fmt.Errorf("blob: upload of %d bytes: %w for the server: %w", size, ErrTooLarge, err)
	case tooLarge:
		return fmt.Errorf("blob: upload: %w for the server: %w", ErrTooLarge, err)
	}
	return fmt.Errorf("blob: upload: %w", err)
}

// source is the data to upload. It counts and hashes what is read.
type source struct {
	r      io.Reader
	seeker io.Seeker // r, if it can be rewound
	start  int64     // the initial position of seeker
	size   int64     // of all data; -1: unknown
	limit  int64     // 0: none

	mu     sync.Mutex // the transport may continue to read after it has an answer
	over   bool       // the call has ended
	at     int64      // the offset of the next byte from the start
	count  int64      // how many bytes, from the start, have been hashed
	hash   hash.Hash
	failed error // the last error of reading, nil after a rewind
}

func newSource(r io.Reader, limit int64) *source {
	s := &source{r: r, size: -1, limit: limit, hash: sha256.New()}
	if file, ok := r.(*os.File); ok {
		if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
			return s // seeking works on devices, but they seem to be empty
		}
	}
	if seeker, ok := r.(io.Seeker); ok {
		start, err := seeker.Seek(0, io.SeekCurrent)
		if err == nil {
			var end int64
			if end, err = seeker.Seek(0, io.SeekEnd); err == nil {
				_, err = seeker.Seek(start, io.SeekStart)
				s.seeker, s.start, s.size = seeker, start, max(end-start, 0)
			}
		}
		if err == nil {
			return s
		}
		s.seeker, s.size = nil, -1 // a pipe, for example
	}
	if l, ok := r.(interface{ Len() int }); ok {
		s.size = int64(l.Len())
	}
	return s
}

// body returns s with a method Seek if it can be rewound, or else with a method Len if its size is known.
func (s *source) body() io.Reader {
	switch {
	case s.seeker != nil:
		return seekSource{s}
	case s.size >= 0:
		return sizedSource{s}
	}
	return s
}

// Read implements [io.Reader]. It returns an error if there is more data than the limit.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return 0, errors.New("blob: the upload has ended")
	}
	if s.limit > 0 && s.at+int64(n) > s.limit {
		n, err = int(s.limit-s.at), fmt.Errorf("%w: more than %d bytes", ErrTooLarge, s.limit)
	}
	if err != nil && err != io.EOF {
		s.failed = err
	}
	if s.at == s.count {
		s.hash.Write(p[:n])
		s.count += int64(n)
	}
	s.at += int64(n)
	return n, err
}

// result makes every later Read fail. It returns the size and the CID of what has been read, and the error that ended
// reading, nil if there was none.
func (s *source) result() (size int64, c cid.CID, failed error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	return s.count, cid.OfDigest(cid.Raw, [sha256.Size]byte(s.hash.Sum(nil))), s.failed
}

// sizedSource is a source whose size is known.
type sizedSource struct{ *source }

// Len returns how many bytes are left.
func (s sizedSource) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.size - s.at)
}

// seekSource is a source that can be rewound.
type seekSource struct{ *source }

// Seek implements [io.Seeker]. Offset 0 is the initial position of the reader.
func (s seekSource) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		offset += s.start
	}
	place, err := s.seeker.Seek(offset, whence)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at = place - s.start; s.at == 0 { // from the beginning
		s.count = 0
		s.failed = nil
		s.hash.Reset()
	}
	return s.at, nil
}
