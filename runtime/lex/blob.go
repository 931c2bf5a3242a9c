package lex

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Blob is a reference to a blob: a file that a server stores for a repository, but outside of it. It is comparable.
//
// Old records use a legacy form, {"cid": …, "mimeType": …}, which has no size. Decoding accepts it, and encoding writes
// it back unchanged; a Blob built in Go is never written in it. See https://atproto.com/specs/data-model#blob-type.
type Blob struct {
	// Ref is the blob's CID.
	Ref cid.Link
	// MimeType is the blob's media type, as its uploader or server declared it.
	MimeType string
	// Size is the blob's length in bytes, or -1 in the legacy form.
	Size int64

	legacyCID string // the CID's text in the legacy form
	extra     Map
}

// IsLegacy reports whether b was decoded from the legacy form.
func (b Blob) IsLegacy() bool { return b.legacyCID != "" }

// BlobRules are the constraints of a blob.
type BlobRules struct {
	// Accept lists the media types that are allowed, in any case: image/* allows all images, */* allows everything, and so does
	// nil. Parameters are ignored.
	Accept []string
	// MaxSize is the largest size allowed, in bytes; 0 allows any.
	MaxSize int64
}

// Check returns an [*issue.Error] if a blob of the given media type and size breaks r. It lets a caller check a blob before
// uploading it. The size is in bytes, or -1 if it is not known yet.
func (r BlobRules) Check(mimeType string, size int64) error {
	var issues []issue.Issue
	if why := r.wrongSize(size); why != "" {
		issues = append(issues, issue.Issue{Rule: issue.RuleBlob, Want: why})
	}
	if why := r.wrongType(mimeType); why != "" {
		issues = append(issues, issue.Issue{Rule: issue.RuleBlob, Want: why})
	}
	if issues == nil {
		return nil
	}
	return &issue.Error{Issues: issues}
}

func (r *BlobRules) wrongSize(size int64) string {
	if r.MaxSize <= 0 || size <= r.MaxSize {
		return ""
	}
	return fmt.Sprintf("size %d is over the maximum of %d", size, r.MaxSize)
}

func (r *BlobRules) wrongType(mimeType string) string {
	if len(r.Accept) == 0 || accepts(r.Accept, mimeType) {
		return ""
	}
	return fmt.Sprintf("media type %s is not one of %s", excerpt(mimeType), strings.Join(r.Accept, ", "))
}

var (
	blobFields       = NewFields("ref!", "size!", "$type!", "mimeType!")
	legacyBlobFields = NewFields("cid!", "mimeType!")
)

// Blob reads a blob, and reports it if it breaks r.
func (d *Decoder) Blob(r *BlobRules) Blob {
	reads := d.r.Reads
	d.r.Reads, d.r.Optional = nil, false // a blob is read whole
	b := d.blob(r)
	d.r.Reads = reads
	return b
}

func (d *Decoder) blob(r *BlobRules) Blob {
	at := d.r.At
	if !d.r.AtObject() {
		d.r.Mismatch("blob")
		return Blob{}
	}
	d.r.Member = false
	var b Blob
	switch typ := d.r.PeekType(); typ {
	case "blob":
		b = d.currentBlob(at, r)
	case "":
		b = d.legacyBlob()
	default:
		d.r.Report(at, issue.RuleBlob).Want = "blob has the $type " + excerpt(typ)
		d.r.Wrong, d.r.Lost = true, true
		d.r.Skip()
		return Blob{}
	}
	if b.MimeType != "" {
		if why := r.wrongType(b.MimeType); why != "" {
			d.r.Report(at, issue.RuleBlob).Want = why
		}
	}
	d.r.Wrong = false
	return b
}

func (d *Decoder) currentBlob(at int, r *BlobRules) (b Blob) {
	var c Cursor
	empty := false
	d.Object(&c, blobFields, &b.extra)
	for {
		switch d.Next(&c) {
		case 0:
			b.Ref = d.CIDLink()
		case 1:
			b.Size = d.Int(0, Max)
			empty = b.Size == 0 && !d.r.Wrong
		case 2:
			d.RecordType("blob")
		case 3:
			b.MimeType = d.String(1, NoLimit)
		default:
			if why := r.wrongSize(b.Size); why != "" {
				d.r.Report(at, issue.RuleBlob).Want = why
			} else if empty && d.r.Purpose != input.Reading {
				d.r.Report(at, issue.RuleBlob).Want = dagcbor.EmptyBlob
			}
			return b
		}
	}
}

func (d *Decoder) legacyBlob() (b Blob) {
	b.Size = -1
	var c Cursor
	d.Object(&c, legacyBlobFields, &b.extra)
	for {
		switch d.Next(&c) {
		case 0:
			at := d.r.At
			b.legacyCID = d.String(1, NoLimit)
			if b.legacyCID == "" {
				d.r.Lost = true // IsLegacy would return false
			}
			if link, err := cid.ParseLink(b.legacyCID); err == nil {
				b.Ref = link
			} else if !d.r.Wrong {
				d.reportFormat(at, syntax.FormatCID, b.legacyCID)
			}
		case 1:
			b.MimeType = d.String(1, NoLimit)
		default:
			return b
		}
	}
}

// accepts reports whether one of patterns allows the media type mime.
func accepts(patterns []string, mime string) bool {
	mime = essence(mime)
	for _, pattern := range patterns {
		pattern = essence(pattern)
		prefix, glob := strings.CutSuffix(pattern, "*")
		if pattern == "*/*" || pattern == mime || glob && strings.HasPrefix(mime, prefix) {
			return true
		}
	}
	return false
}

// essence returns a media type without its parameters, in lower case (RFC 9110, section 8.3.1).
func essence(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	return strings.ToLower(strings.TrimSpace(mime))
}

// Blob writes a blob.
func (e *Encoder) Blob(b Blob) {
	o := e.Object(&b.extra)
	if b.IsLegacy() {
		o.Key("cid").String(b.legacyCID)
		o.Key("mimeType").String(b.MimeType)
		o.End()
		return
	}
	if b.Ref.Defined() {
		o.Key("ref").CIDLink(b.Ref)
	}
	o.Key("size").Int(b.Size)
	o.Key("$type").String("blob")
	o.Key("mimeType").String(b.MimeType)
	o.End()
}

// MarshalJSON returns b in the JSON form of the data model.
func (b Blob) MarshalJSON() ([]byte, error) { return EncodeJSON(&b) }

// UnmarshalJSON sets b to the blob that data encodes.
func (b *Blob) UnmarshalJSON(data []byte) error { return DecodeJSON(data, b) }

// DecodeLex reads a blob of any size and media type.
func (b *Blob) DecodeLex(d *Decoder) { *b = d.Blob(new(BlobRules)) }

// EncodeLex writes b.
func (b *Blob) EncodeLex(e *Encoder) { e.Blob(*b) }
