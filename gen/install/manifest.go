package install

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxManifestSize is the largest manifest that is read, in bytes.
const maxManifestSize = 8 << 20

// Manifest lists the documents that are installed.
type Manifest struct {
	// Version is the version of the format, 1.
	Version int `json:"version"`
	// Lexicons are the documents that were asked for, sorted.
	Lexicons []syntax.NSID `json:"lexicons"`
	// Resolutions has all documents, including those that were installed because others need them.
	Resolutions map[syntax.NSID]Resolution `json:"resolutions"`
}

// Resolution says where a document came from.
type Resolution struct {
	// URI is the URI of the record, with the DID of the account.
	URI syntax.ATURI `json:"uri"`
	// CID is the CID of the record.
	CID syntax.CID `json:"cid"`
}

// NewManifest returns a manifest without documents.
func NewManifest() *Manifest {
	return &Manifest{Version: 1, Lexicons: []syntax.NSID{}, Resolutions: make(map[syntax.NSID]Resolution)}
}

// ReadManifest reads a manifest from the file with the given name. If there is no such file, the manifest is nil.
func ReadManifest(name string) (*Manifest, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && info.Size() > maxManifestSize {
		err = fmt.Errorf("%s: larger than the limit of %d bytes", name, maxManifestSize)
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// ParseManifest parses a manifest. It accepts what @atproto/lex accepts: unknown members are ignored, and the URI of a
// document must have a DID.
func ParseManifest(data []byte) (*Manifest, error) {
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("malformed manifest: %w", err)
	}
	if m.Version != 1 {
		return nil, fmt.Errorf("the manifest has version %d; this program knows version 1", m.Version)
	}
	if m.Lexicons == nil || m.Resolutions == nil {
		return nil, errors.New(`malformed manifest: "lexicons" or "resolutions" is missing`)
	}
	for _, id := range slices.Sorted(maps.Keys(m.Resolutions)) {
		if err := m.Resolutions[id].check(id); err != nil {
			return nil, fmt.Errorf("malformed manifest: /resolutions/%s: %w", id, err)
		}
	}
	return m, nil
}

func (r Resolution) check(id syntax.NSID) error {
	if !r.URI.Authority().IsDID() || r.URI.Collection() != Collection || string(r.URI.RecordKey()) != string(id) {
		return fmt.Errorf("%s is not the URI of the document, at://DID/%s/%s", r.URI, Collection, id)
	}
	_, err := cid.Parse(string(r.CID))
	return err
}

// Bytes returns the manifest as JSON, byte for byte as @atproto/lex writes it.
func (m *Manifest) Bytes() ([]byte, error) {
	sorted := *m
	sorted.Lexicons = slices.Clone(m.Lexicons)
	slices.Sort(sorted.Lexicons)
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, sorted, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Equal reports whether two manifests list the same documents.
func (m *Manifest) Equal(other *Manifest) bool {
	a, errA := m.Bytes()
	b, errB := other.Bytes()
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// File is the usual name of a manifest, in the root of a module.
const File = "lexicons.json"
