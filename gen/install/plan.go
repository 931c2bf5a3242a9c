package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrChanged says that a document is not the version that the manifest lists.
var ErrChanged = errors.New("not the document that the manifest lists")

// ErrOutOfDate says that a manifest does not list exactly the installed documents.
var ErrOutOfDate = errors.New("the manifest is out of date")

// concurrent is how many documents are fetched at a time.
const concurrent = 8

// Installer installs documents. It is safe for concurrent use.
type Installer struct{ repos *pds.Client }

// New returns an installer that resolves names and reads repositories with a client.
func New(repos *pds.Client) *Installer { return &Installer{repos} }

// Mode says how documents that the manifest lists are treated.
type Mode int

const (
	// Keep leaves existing files as they are, and fetches documents whose files are missing. A document that differs
	// from the manifest is an [ErrChanged].
	Keep Mode = iota
	// Restore is Keep, but also replaces files that differ from the manifest.
	Restore
	// Update fetches the current documents.
	Update
)

// Options are the options of [Installer.Plan]; nil stands for the zero value.
type Options struct {
	// Add are documents to install in addition to those of the manifest, each an NSID or the at-uri of a record. For an
	// at-uri, DNS is not used.
	Add []string
	// Mode says how the documents of the manifest are treated.
	Mode Mode
}

// Plan is a set of documents that are installed together.
type Plan struct {
	// Documents are all documents, sorted by NSID.
	Documents []*Document
	// Manifest is the new manifest, which lists the documents.
	Manifest *Manifest
	// Gone are the documents that the manifest listed before and that are no longer needed. Their files remain.
	Gone []syntax.NSID
	// Notes are messages for the user, one line each.
	Notes []string
}

// Plan determines which documents have to be installed, fetches those that are not in dir, the directory of documents,
// and verifies them. The manifest may be nil. Plan writes nothing. It needs no network if dir has all documents as the
// manifest lists them.
//
// The error names the document. It wraps [ErrChanged] if a document differs from the manifest, or if dir has a file for a
// new document that differs from what is published; other errors are those of [Fetch] and
// [identity.Directory.ResolveLexicon].
func (in *Installer) Plan(ctx context.Context, dir fs.FS, manifest *Manifest, options *Options) (*Plan, error) {
	if options == nil {
		options = new(Options)
	}
	if manifest == nil {
		manifest = NewManifest()
	}
	p := &planner{Installer: in, dir: dir, manifest: manifest, mode: options.Mode, explicit: make(map[syntax.NSID]syntax.ATURI), needed: make(map[syntax.NSID]string), found: make(map[syntax.NSID]*Document)}
	roots, err := p.roots(options.Add)
	if err != nil {
		return nil, err
	}
	for wave := roots; len(wave) > 0; wave = p.missing() {
		if len(p.found)+len(wave) > lexicon.MaxDocuments {
			return nil, fmt.Errorf("more than %d documents", lexicon.MaxDocuments)
		}
		g, ctx := errgroup.WithContext(ctx)
		g.SetLimit(concurrent)
		for _, id := range wave {
			g.Go(func() error { return p.install(ctx, id) })
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
	}
	return p.plan(roots), nil
}

// planner is the state of one Plan.
type planner struct {
	*Installer
	dir      fs.FS
	manifest *Manifest
	mode     Mode
	explicit map[syntax.NSID]syntax.ATURI // the at-uris in Options.Add

	needed map[syntax.NSID]string // the NSID of a document that needs this one

	mu    sync.Mutex // guards found and notes
	found map[syntax.NSID]*Document
	notes []string
}

// roots returns the documents that are asked for: the new ones, and those of the manifest.
func (p *planner) roots(add []string) ([]syntax.NSID, error) {
	set := make(map[syntax.NSID]bool)
	for _, text := range add {
		id := syntax.NSID(text)
		if uri, err := syntax.ParseATURI(text); err == nil {
			id = syntax.NSID(uri.RecordKey())
			if !uri.Authority().IsDID() || uri.Collection() != Collection {
				return nil, fmt.Errorf("%s is not the URI of a document, at://DID/%s/NSID", text, Collection)
			}
			p.explicit[id] = uri
		}
		if _, err := syntax.ParseNSID(string(id)); err != nil {
			return nil, fmt.Errorf("%s is neither an NSID nor the at-uri of a document: %w", text, err)
		}
		set[id] = true
	}
	for _, id := range p.manifest.Lexicons {
		set[id] = true
	}
	return slices.Sorted(maps.Keys(set)), nil
}

// missing returns the documents that those found so far need and that are not found yet.
func (p *planner) missing() []syntax.NSID {
	set := make(map[syntax.NSID]bool)
	for _, d := range p.found {
		for _, id := range Needs(d.Document) {
			if p.found[id] == nil {
				set[id] = true
				if by := p.needed[id]; by == "" || d.ID < by {
					p.needed[id] = d.ID
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// install finds one document and adds it to found.
func (p *planner) install(ctx context.Context, id syntax.NSID) error {
	d, err := p.document(ctx, id)
	if by := p.needed[id]; err != nil && by != "" && !errors.Is(err, ErrChanged) {
		return fmt.Errorf("%s, to which %s refers: %w", id, by, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found[id] = d
	return nil
}

func (p *planner) document(ctx context.Context, id syntax.NSID) (*Document, error) {
	known, listed := p.manifest.Resolutions[id]
	uri, explicit := p.explicit[id]
	if explicit && listed && uri != known.URI {
		listed = false // the document is in another repository from now on
	}
	file, fileErr := fromFile(p.dir, id)
	exists := !errors.Is(fileErr, fs.ErrNotExist)
	unmodified := fileErr == nil && file.CID.String() == string(known.CID)
	if listed && p.mode != Update {
		if unmodified {
			file.URI = known.URI
			return file, nil
		}
		if exists && p.mode == Keep {
			return nil, fmt.Errorf("%w: %s was changed; `lexgen pull` restores it, `lexgen update` fetches the current one", ErrChanged, FileOf(id))
		}
		d, err := Fetch(ctx, p.repos, known.URI)
		if err != nil {
			return nil, err
		}
		if d.CID.String() != string(known.CID) {
			return nil, fmt.Errorf("%w: %s now has %s, not %s; `lexgen update` fetches it", ErrChanged, known.URI, d.CID, known.CID)
		}
		d.Changed = true
		return d, nil
	}
	if !explicit {
		var err error
		if uri, err = p.resolve(ctx, id, known.URI); err != nil {
			return nil, err
		}
	}
	d, err := Fetch(ctx, p.repos, uri)
	if err != nil && !explicit && !errors.Is(err, pds.ErrRecordNotFound) && errors.Is(err, identity.ErrNotFound) {
		return nil, fmt.Errorf("DNS names an account for it that does not exist: %w", err)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case fileErr == nil && file.CID == d.CID:
	case exists && !unmodified && !listed:
		return nil, fmt.Errorf("%w: %s exists and differs from %s; move it away first", ErrChanged, FileOf(id), uri)
	default:
		d.Changed = true
	}
	return d, nil
}

// resolve returns the URI of a document in the repository of the account that DNS names. before is the URI in the
// manifest, or empty; it is an error if its account is another one. If DNS names no account, resolve returns before and
// adds a note.
func (p *planner) resolve(ctx context.Context, id syntax.NSID, before syntax.ATURI) (syntax.ATURI, error) {
	did, err := p.repos.Directory().ResolveLexicon(ctx, id)
	switch {
	case err == nil && (before == "" || before.Authority() == did.AtIdentifier()):
		return URIOf(did, id), nil
	case err == nil:
		return "", fmt.Errorf("the manifest names the account %s, but _lexicon.%s now names %s; to accept that, run `lexgen install %s`",
			before.Authority(), id.Authority(), did, URIOf(did, id))
	case before != "" && errors.Is(err, identity.ErrNotFound):
		p.mu.Lock()
		defer p.mu.Unlock()
		p.notes = append(p.notes, fmt.Sprintf("%s: DNS names no account for it; it is read from %s, which the manifest names", id, before))
		return before, nil
	}
	return "", err
}

// plan returns the Plan of the documents that were found.
func (p *planner) plan(roots []syntax.NSID) *Plan {
	result := &Plan{Manifest: NewManifest()}
	result.Manifest.Lexicons = append(result.Manifest.Lexicons, roots...)
	for _, id := range slices.Sorted(maps.Keys(p.found)) {
		d := p.found[id]
		result.Documents = append(result.Documents, d)
		result.Manifest.Resolutions[id] = Resolution{d.URI, syntax.CID(d.CID.String())}
	}
	for _, id := range slices.Sorted(maps.Keys(p.manifest.Resolutions)) {
		if p.found[id] == nil {
			result.Gone = append(result.Gone, id)
		}
	}
	slices.Sort(p.notes)
	result.Notes = p.notes
	return result
}

// Changed returns the documents whose files have to be written.
func (p *Plan) Changed() []*Document {
	return slices.DeleteFunc(slices.Clone(p.Documents), func(d *Document) bool { return !d.Changed })
}

// Write writes the files of the documents that changed into the directory dir, and then the manifest into the file with
// the given name. After a crash, each file has either its old or its new content.
func (p *Plan) Write(dir, manifest string) error {
	for _, d := range p.Changed() {
		if err := replace(filepath.Join(dir, filepath.FromSlash(FileOf(syntax.NSID(d.ID)))), d.JSON); err != nil {
			return err
		}
	}
	data, err := p.Manifest.Bytes()
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(manifest); err == nil && bytes.Equal(bytes.TrimSpace(old), data) {
		return nil
	}
	return replace(manifest, data)
}

// replace writes a file, and creates its directory. A crash leaves the old file or the new one.
func replace(name string, data []byte) error {
	if err := disk.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := disk.NewPartial(name)
	if err != nil {
		return err
	}
	defer f.Discard()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Keep()
}
