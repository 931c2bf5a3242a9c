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

// maxSections is how many records of a file are drawn one by one.
const maxSections = 200

// Set holds records from files, or fetches records from a source.
type Set struct {
	index  *reading.Index
	source reading.Source
	// records are those of the files, in their order.
	records []*record
	at      map[syntax.ATURI]*record
	// notes are about the files.
	notes []string
}

// record is a record as it was read. value is nil if no lexicon is known for its collection.
type record struct {
	rec.Envelope
	place  string // in a file
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

// decode returns the record of an envelope.
func decode(ctx context.Context, e rec.Envelope) *record {
	r := &record{Envelope: e}
	if def, ok := records.Lookup(e.URI.Collection()); ok {
		r.value = def.New()
		err := lex.Decode(ctx, e.Data, r.value, lex.DecodeOptions{Encoding: e.Encoding})
		if r.issues = issue.Of(err); err != nil && r.issues == nil {
			r.issues = []issue.Issue{{Rule: issue.RuleSyntax, Found: err.Error()}}
		}
	}
	return r
}

// add adds a record.
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

// join makes the index know a record.
func (s *Set) join(r *record) {
	switch {
	case r.value == nil:
	case len(r.issues) > 0:
		s.index.AddFailure(&rec.Failure{Envelope: r.Envelope, Issues: r.issues})
	default:
		s.index.Add(reading.Record{URI: r.URI, CID: r.CID, Trust: r.Trust, Value: r.value})
	}
}

// Include fetches what is about expressions in a repository, so that it is drawn with expressions of others.
func (s *Set) Include(ctx context.Context, did syntax.DID) error { return s.index.Fetch(ctx, did) }

// Section returns the section for the record at a URI.
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

// tree returns a record as it was read, whether it is valid or not.
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

// All returns the sections for all records that were read: corpora, expressions with the records about them, media, and
// each other record that none of these includes.
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

// valid reports whether the files have a valid expression at a URI.
func (s *Set) valid(uri syntax.ATURI) (*expression.Expression, bool) {
	r := s.at[uri]
	if r == nil || len(r.issues) > 0 {
		return nil, false
	}
	e, ok := r.value.(*expression.Expression)
	return e, ok
}

// within reports whether an expression is part of another one of the files, and so drawn with it. One whose parents form a
// cycle is not.
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

// shown reports whether a record is drawn with an expression or a corpus of the files.
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
