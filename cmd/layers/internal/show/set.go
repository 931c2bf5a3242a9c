// Package show converts records to documents, which the command draws for the terminal or as a web page.
package show

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/view"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxSections is the most records of a set that [Set.All] draws.
const maxSections = 200

// Set holds records from files, or fetches records from a source.
type Set struct {
	index  *reading.Index
	source reading.Source
	// records are the records of the files, in the order of the files; at has them by their URIs.
	records []*record
	at      map[syntax.ATURI]*record
	// notes are messages about the files, for the document that [Set.All] returns.
	notes []string
}

// record is a record as it was read. value is nil if no lexicon is known for its collection.
type record struct {
	rec.Envelope
	place  string // the file, and the place in it; "" for a record from a source
	value  lex.Record
	issues []issue.Issue
	// replaced says that a later record has the same URI.
	replaced bool
}

// New returns an empty set, which fetches missing records from source unless that is nil.
func New(source reading.Source) *Set {
	s := &Set{source: source, at: map[syntax.ATURI]*record{}}
	if source != nil {
		s.index = reading.New(reading.WithSource(source))
	} else {
		s.index = reading.New()
	}
	return s
}

// decode decodes the record in an envelope. Errors of decoding become issues of the record.
func decode(ctx context.Context, e rec.Envelope) *record {
	r := &record{Envelope: e}
	if def, ok := records.Lookup(e.URI.Collection()); ok {
		r.value = def.New()
		r.issues = issue.Of(lex.Decode(ctx, e.Data, r.value, lex.DecodeOptions{Encoding: e.Encoding}))
	}
	return r
}

// add adds a record of a file. It replaces a record with the same URI, and a note says so.
func (s *Set) add(r *record) {
	if before := s.at[r.URI]; before != nil {
		s.note("%s is there more than once: the last one is shown", r.URI)
		before.replaced = true
	}
	s.at[r.URI] = r
	s.records = append(s.records, r)
	s.join(r)
}

// note adds a note about the files.
func (s *Set) note(format string, args ...any) {
	if len(s.notes) <= draw.MaxNotes { // one more than are drawn
		s.notes = append(s.notes, fmt.Sprintf(format, args...))
	}
}

// join adds a record to the index, as a failure if it has issues. It ignores a record whose collection has no known
// lexicon.
func (s *Set) join(r *record) {
	switch {
	case r.value == nil:
	case len(r.issues) > 0:
		s.index.AddFailure(&rec.Failure{Envelope: r.Envelope, Issues: r.issues})
	default:
		s.index.Add(reading.Record{URI: r.URI, CID: r.CID, Trust: r.Trust, Value: r.value})
	}
}

// Include fetches from the source the annotations in the repository of did, so that they are drawn with the expressions
// that they are about, even if those are in other repositories.
func (s *Set) Include(ctx context.Context, did syntax.DID) error { return s.index.Fetch(ctx, did) }

// Section returns the section that shows the record at uri. If the set does not have the record, it is fetched from the
// source. The error wraps reading.ErrNotFound if there is no such record.
func (s *Set) Section(ctx context.Context, uri syntax.ATURI) (draw.Section, error) {
	r := s.at[uri]
	if r == nil && s.source != nil {
		e, err := s.source.GetRecord(ctx, uri)
		if err != nil {
			return draw.Section{}, err
		}
		r = decode(ctx, e)
		s.join(r)
	}
	if r == nil {
		return draw.Section{}, fmt.Errorf("%s: %w", uri, reading.ErrNotFound)
	}
	return s.section(ctx, r)
}

// section returns the section that shows a record, with other records that belong to it if it is valid.
func (s *Set) section(ctx context.Context, r *record) (out draw.Section, err error) {
	switch v := r.value.(type) {
	case *expression.Expression:
		var e *reading.Expression
		if e, err = s.index.Expression(ctx, r.URI); err == nil {
			out, err = view.Expression(ctx, e)
		}
	case *corpus.Corpus:
		var c *reading.Corpus
		if c, err = s.index.Corpus(ctx, r.URI); err == nil {
			out, err = view.Corpus(ctx, c)
		}
	case *media.Media:
		if out = r.tree(); len(r.issues) == 0 {
			out = view.Media(&rec.Entry[media.Media]{URI: r.URI, CID: r.CID, Trust: r.Trust, Value: v})
		}
	default:
		out = r.tree()
		if about := view.Subject(r.value); about != "" && len(r.issues) == 0 {
			var e *reading.Expression
			if e, err = s.index.Expression(ctx, about); err == nil {
				out, err = view.About(ctx, e, r.URI, r.value)
			}
		}
	}
	if errors.Is(err, reading.ErrInvalid) || errors.Is(err, reading.ErrNotFound) {
		if out = r.tree(); view.Subject(r.value) != "" {
			out.Notes = append(out.Notes, "the expression that it is about: "+err.Error())
		}
		err = nil
	}
	if err != nil {
		return out, err
	}
	if r.CID != (cid.CID{}) {
		out.Facts = append(out.Facts, draw.Fact{Name: "CID", Value: r.CID.String()})
	}
	if r.place == "" {
		out.Facts = append(out.Facts, draw.Fact{Name: "verified", Value: r.Trust.String()})
	}
	for _, i := range r.issues {
		out.Notes = append(out.Notes, "invalid: "+strings.TrimSpace(i.String()))
	}
	if strings.HasPrefix(string(r.URI), unnamed) { // it has no URI
		if strings.HasPrefix(out.Title, unnamed) {
			out.Title = r.place
		}
		treebank := strings.HasSuffix(r.place, ".conllu") // which says nothing of the time
		out.Facts = slices.DeleteFunc(out.Facts, func(f draw.Fact) bool {
			return strings.HasPrefix(f.Value, unnamed) || treebank && f.Name == "created"
		})
	}
	return out, nil
}

// tree returns a section that shows all fields of a record as they were read, whether it is valid or not.
func (r *record) tree() draw.Section {
	data, err := r.Data, error(nil)
	if r.Encoding == lex.JSON {
		data, err = lex.JSONToCBOR(data)
	}
	var m lex.Map
	if err == nil {
		err = lex.DecodeCBOR(data, &m)
	}
	if err != nil {
		return draw.Section{Title: string(r.URI), Notes: []string{"the record cannot be read: " + err.Error()}}
	}
	return view.Record(r.URI, &m)
}

// All returns a document with sections for the records that were read, up to 200: corpora, expressions with the records
// about them, media, and each other record that is not drawn in one of these sections.
func (s *Set) All(ctx context.Context) (*draw.Document, error) {
	var first, second, third, rest []*record
	for _, r := range s.records {
		if r.replaced {
			continue
		}
		switch v := r.value.(type) {
		case *corpus.Corpus:
			first = append(first, r)
		case *expression.Expression:
			if len(r.issues) > 0 || !s.within(v) {
				second = append(second, r)
			}
		case *media.Media:
			third = append(third, r)
		default:
			if len(r.issues) > 0 || !s.shown(v) {
				rest = append(rest, r)
			}
		}
	}
	d := &draw.Document{}
	all := slices.Concat(first, second, third, rest)
	if more := len(all) - maxSections; more > 0 {
		all = all[:maxSections]
		s.note("%d of %d records are shown; layers show AT-URI --from PATH shows one of the others", maxSections, maxSections+more)
	}
	for _, r := range all {
		section, err := s.section(ctx, r)
		if err != nil {
			return nil, exit.About(string(r.URI), err)
		}
		d.Sections = append(d.Sections, section)
	}
	if len(all) == 0 {
		s.note("no records")
	}
	d.Notes = s.notes
	return d, nil
}

// valid returns the expression at uri in the files, and whether there is a valid one.
func (s *Set) valid(uri syntax.ATURI) (*expression.Expression, bool) {
	r := s.at[uri]
	if r == nil || len(r.issues) > 0 {
		return nil, false
	}
	e, ok := r.value.(*expression.Expression)
	return e, ok
}

// within reports whether an expression is part of another one in the files, and so drawn with it. It returns false for
// an expression whose parents form a cycle.
func (s *Set) within(e *expression.Expression) bool {
	above, ok := s.valid(e.ParentRef.Or(""))
	if !ok {
		return false
	}
	for range 64 {
		if above, ok = s.valid(above.ParentRef.Or("")); !ok {
			return true
		}
	}
	return false
}

// shown reports whether a record is drawn together with an expression or a corpus in the files.
func (s *Set) shown(value lex.Record) bool {
	var about syntax.ATURI
	switch v := value.(type) {
	case *segmentation.Segmentation:
		about = v.Expression
	case *annotation.AnnotationLayer:
		about = v.Expression
	case *annotation.ClusterSet:
		about = v.Expression.Or("")
	case *corpus.Membership:
		r := s.at[v.CorpusRef]
		return r != nil && len(r.issues) == 0
	}
	_, ok := s.valid(about)
	return ok
}
