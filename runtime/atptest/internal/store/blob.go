package store

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Blob is a file that an account has uploaded.
type Blob struct {
	Data      []byte
	MimeType  string
	permanent bool // a record refers to it
}

// Upload stores a blob and returns the reference to it for a record. As in the reference PDS, a blob that is stored
// already keeps its media type, while the returned reference has the given one.
func (r *Repo) Upload(data []byte, mimeType string) lex.Blob {
	c := cid.Of(cid.Raw, data)
	if r.blobs[c] == nil {
		r.blobs[c] = &Blob{Data: data, MimeType: mimeType}
	}
	return lex.Blob{Ref: c.Link(), MimeType: mimeType, Size: int64(len(data))}
}

// Blob returns a blob that a record refers to, or nil.
func (r *Repo) Blob(c cid.CID) *Blob {
	if b := r.blobs[c]; b != nil && b.permanent {
		return b
	}
	return nil
}

// Blobs returns the CIDs, in order, of the blobs to which records newer than a revision refer.
func (r *Repo) Blobs(since syntax.TID) []string {
	var all []string
	for _, record := range r.records {
		if record.Rev > since {
			for _, c := range record.Blobs {
				all = append(all, c.String())
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// dropBlobs marks the blobs that records refer to, and deletes marked blobs that no record refers to any more.
func (r *Repo) dropBlobs() {
	if len(r.blobs) == 0 {
		return
	}
	used := map[cid.CID]bool{}
	for _, record := range r.records {
		for _, c := range record.Blobs {
			used[c] = true
		}
	}
	for c, b := range r.blobs {
		switch {
		case used[c]:
			b.permanent = true
		case b.permanent:
			delete(r.blobs, c)
		}
	}
}

// check checks that the reference to a blob agrees with the uploaded blob. An error is meant to be sent to the client.
func (r *Repo) check(ref blobRef) error {
	b := r.blobs[ref.CID]
	switch {
	case b == nil:
		return Refuse(http.StatusBadRequest, "BlobNotFound", "Could not find blob: %s", ref.CID)
	case b.MimeType != ref.MimeType:
		return Refuse(http.StatusBadRequest, "InvalidMimeType", "Referenced Mimetype does not match stored blob. Expected: %s, Got: %s", b.MimeType, ref.MimeType)
	case int64(len(b.Data)) != ref.Size:
		return Refuse(http.StatusBadRequest, "InvalidSize", "Referenced Size does not match stored blob. Expected: %d, Got: %d", len(b.Data), ref.Size)
	}
	return nil
}

// blobRef is a reference to a blob in a record.
type blobRef struct {
	CID      cid.CID
	MimeType string
	Size     int64
	legacy   bool
}

// blobsIn returns the CIDs of the blobs that a record in DAG-CBOR refers to.
func blobsIn(data []byte) (list []cid.CID) {
	text, err := lex.CBORToJSON(data)
	if err != nil {
		return nil
	}
	for _, ref := range blobRefs(text) {
		list = append(list, ref.CID)
	}
	return list
}

// blobRefs returns the references to blobs in a record in JSON.
func blobRefs(text []byte) (refs []blobRef) {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return nil
	}
	walk(value, func(object map[string]any) bool {
		ref, ok := blobRefOf(object)
		if ok {
			refs = append(refs, ref)
		}
		return !ok
	})
	return refs
}

// walk calls f for each object in a JSON value, at any depth. It does not look into objects for which f returns false.
func walk(value any, f func(object map[string]any) bool) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			walk(item, f)
		}
	case map[string]any:
		if !f(value) {
			return
		}
		for _, field := range value {
			walk(field, f)
		}
	}
}

func blobRefOf(object map[string]any) (blobRef, bool) {
	mimeType, _ := object["mimeType"].(string)
	if object["$type"] == "blob" {
		ref, _ := object["ref"].(map[string]any)
		link, _ := ref["$link"].(string)
		size, _ := object["size"].(float64)
		c, err := cid.Parse(link)
		return blobRef{CID: c, MimeType: mimeType, Size: int64(size)}, err == nil
	}
	text, isText := object["cid"].(string)
	c, err := cid.Parse(text)
	return blobRef{CID: c, MimeType: mimeType, legacy: true}, isText && err == nil && len(object) == 2 && mimeType != ""
}

// Sniff returns the media type that the reference PDS detects from the bytes of a blob, or the given one if it detects
// none.
func Sniff(data []byte, given string) string {
	found, _, _ := strings.Cut(http.DetectContentType(data), ";")
	switch found {
	case "audio/wave":
		return "audio/wav"
	case "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "application/pdf", "audio/mpeg", "video/mp4",
		"video/webm", "application/zip", "application/ogg":
		return found
	}
	return given
}
