package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Source fetches records of repositories that an index does not have.
type Source interface {
	// GetRecord returns the record at a URI. The error wraps ErrNotFound if there is none.
	GetRecord(ctx context.Context, uri syntax.ATURI) (rec.Envelope, error)
	// ListRecords yields the records of a collection in a repository. An error that is a [*rec.Failure] is about one
	// record, and the loop continues after it; any other error ends the loop.
	ListRecords(ctx context.Context, did syntax.DID, collection syntax.NSID) iter.Seq2[rec.Envelope, error]
}

// Record is a record with its URI, its CID and how far it was verified. CID and Trust may be left out.
type Record struct {
	URI   syntax.ATURI
	CID   cid.CID
	Trust rec.Trust
	Value lex.Record
}

// Index holds records of one or more repositories, and finds those that belong together. It must not be used by several
// goroutines at once. Neither records that are in an index nor the results that it returns may be changed.
type Index struct {
	source   Source
	records  map[syntax.ATURI]Record
	failures map[syntax.ATURI]failure
	// referring has the URIs of the records that refer to another record.
	referring map[reference]map[syntax.ATURI]struct{}
	// complete has the repositories of which all records are in the index, and the collections that were fetched.
	complete map[place]bool
	// changes counts the changes of records and failures.
	changes int
	// joined caches expressions that are not part of another one, as they were joined since the last change.
	joined map[syntax.ATURI]*Expression
	// objects caches the annotations of layers, and mentions the members of cluster sets, by the URI of the record.
	objects  map[syntax.ATURI]objects
	mentions map[syntax.ATURI]map[syntax.ATURI][]mention
}

// failure is an invalid record. value is what could be decoded of the record, or nil.
type failure struct {
	issues []issue.Issue
	value  lex.Record
}

// place is a collection in a repository, or, without a collection, the repository.
type place struct {
	repo       syntax.AtIdentifier
	collection syntax.NSID
}

// reference is a key of [Index.referring]: the URI of the record to which others refer, and how they refer to it.
type reference struct {
	by syntax.ATURI
	in relation
}

// relation is the way in which one record refers to another.
type relation uint8

// The relations of records to the record to which they refer.
const (
	partOf          relation = iota // an expression to its parent
	segmentationOf                  // a segmentation to an expression
	layerOf                         // an annotation layer to an expression
	clustersOf                      // a cluster set to an expression
	clustersOfLayer                 // a cluster set to an annotation layer
	memberOf                        // a membership to a corpus
)

// Option is a setting of an [Index].
type Option func(*Index)

// WithSource makes the index fetch records that it needs but does not have: all expressions, segmentations, layers and
// cluster sets of a repository as soon as one of its expressions is needed, and other records one by one. They stay in
// the index.
func WithSource(source Source) Option {
	return func(x *Index) { x.source = source }
}

// New returns an empty index.
func New(opts ...Option) *Index {
	x := &Index{
		records:   map[syntax.ATURI]Record{},
		failures:  map[syntax.ATURI]failure{},
		referring: map[reference]map[syntax.ATURI]struct{}{},
		complete:  map[place]bool{},
	}
	x.changed()
	for _, opt := range opts {
		opt(x)
	}
	return x
}

// changed counts a change, and clears the caches, whose contents depend on the records.
func (x *Index) changed() {
	x.changes++
	if x.joined == nil || len(x.joined)+len(x.objects)+len(x.mentions) > 0 {
		x.joined = map[syntax.ATURI]*Expression{}
		x.objects = map[syntax.ATURI]objects{}
		x.mentions = map[syntax.ATURI]map[syntax.ATURI][]mention{}
	}
}

// AddRepository adds the records of a repository, and its failures. After that, the index fetches nothing of this
// repository from its source.
func (x *Index) AddRepository(r *records.Repository) {
	addAll(x, r.Alignment)
	addAll(x, r.AnnotationLayer)
	addAll(x, r.AnnotationClusterSet)
	addAll(x, r.ChangelogEntry)
	addAll(x, r.Corpus)
	addAll(x, r.CorpusMembership)
	addAll(x, r.EprintDataLink)
	addAll(x, r.Eprint)
	addAll(x, r.Expression)
	addAll(x, r.GraphEdge)
	addAll(x, r.GraphEdgeSet)
	addAll(x, r.GraphNode)
	addAll(x, r.JudgmentAgreementReport)
	addAll(x, r.JudgmentExperimentDef)
	addAll(x, r.JudgmentSet)
	addAll(x, r.Media)
	addAll(x, r.Ontology)
	addAll(x, r.OntologyTypeDef)
	addAll(x, r.Persona)
	addAll(x, r.ResourceCollection)
	addAll(x, r.ResourceCollectionMembership)
	addAll(x, r.ResourceEntry)
	addAll(x, r.ResourceFilling)
	addAll(x, r.ResourceTemplate)
	addAll(x, r.ResourceTemplateComposition)
	addAll(x, r.Segmentation)
	for i := range r.Failures {
		x.AddFailure(&r.Failures[i])
		x.complete[place{repo: r.Failures[i].URI.Authority()}] = true
	}
}

// addAll adds the records of a collection, and marks their repository as complete.
func addAll[T any, P interface {
	*T
	lex.Record
}](x *Index, entries []rec.Entry[T]) {
	for _, e := range entries {
		x.Add(Record{e.URI, e.CID, e.Trust, P(e.Value)})
		x.complete[place{repo: e.URI.Authority()}] = true
	}
}

// Add adds a record, or replaces the one with its URI.
func (x *Index) Add(r Record) {
	x.Remove(r.URI)
	if r.Value == nil {
		return
	}
	x.records[r.URI] = r
	x.link(r.URI, r.Value)
}

// AddFailure adds an invalid record, so that problems with references to it say that it is invalid.
func (x *Index) AddFailure(f *rec.Failure) {
	x.Remove(f.URI)
	noted := failure{issues: f.Issues}
	if def, ok := records.Lookup(f.URI.Collection()); ok && f.Data != nil {
		noted.value = def.New()
		_ = f.Decode(noted.value) // as far as it can be decoded; the issues are known
		x.link(f.URI, noted.value)
	}
	x.failures[f.URI] = noted
}

// link adds the references in a record to referring, so that [Index.find] finds the record.
func (x *Index) link(uri syntax.ATURI, record lex.Record) {
	for to := range references(record) {
		if x.referring[to] == nil {
			x.referring[to] = map[syntax.ATURI]struct{}{}
		}
		x.referring[to][uri] = struct{}{}
	}
}

// Remove removes a record, if the index has it.
func (x *Index) Remove(uri syntax.ATURI) {
	x.changed()
	record := x.records[uri].Value
	if f, ok := x.failures[uri]; ok {
		record = f.value
	}
	delete(x.records, uri)
	delete(x.failures, uri)
	for to := range references(record) {
		if delete(x.referring[to], uri); len(x.referring[to]) == 0 {
			delete(x.referring, to)
		}
	}
}

// references yields the references in a record by which [Index.find] finds it.
func references(record lex.Record) iter.Seq[reference] {
	return func(yield func(reference) bool) {
		switch v := record.(type) {
		case *expression.Expression:
			if uri, ok := v.ParentRef.Get(); ok {
				yield(reference{uri, partOf})
			}
		case *segmentation.Segmentation:
			if !yield(reference{v.Expression, segmentationOf}) {
				return
			}
			for i := range v.Tokenizations {
				if uri, ok := v.Tokenizations[i].ExpressionRef.Get(); ok && !yield(reference{uri, segmentationOf}) {
					return
				}
			}
		case *annotation.AnnotationLayer:
			yield(reference{v.Expression, layerOf})
		case *annotation.ClusterSet:
			if uri, ok := v.LayerRef.Get(); ok && !yield(reference{uri, clustersOfLayer}) {
				return
			}
			if uri, ok := v.Expression.Get(); ok && !yield(reference{uri, clustersOf}) {
				return
			}
			for _, uri := range v.ExpressionRefs {
				if !yield(reference{uri, clustersOf}) {
					return
				}
			}
		case *corpus.Membership:
			yield(reference{v.CorpusRef, memberOf})
		}
	}
}

// find returns the sorted URIs of the records that refer to uri in a certain way, including invalid records.
func (x *Index) find(uri syntax.ATURI, in relation) []syntax.ATURI {
	all := x.referring[reference{uri, in}]
	uris := make([]syntax.ATURI, 0, len(all))
	for by := range all {
		uris = append(uris, by)
	}
	slices.Sort(uris)
	return uris
}

// Expressions returns the sorted URIs of all expressions in the index that are not part of another expression in it.
func (x *Index) Expressions() []syntax.ATURI {
	return x.roots(func(v lex.Record) bool {
		e, ok := v.(*expression.Expression)
		if !ok {
			return false
		}
		parent, ok := e.ParentRef.Get()
		return !ok || x.records[parent].Value == nil
	})
}

// Corpora returns the sorted URIs of all corpora in the index.
func (x *Index) Corpora() []syntax.ATURI {
	return x.roots(func(v lex.Record) bool { _, ok := v.(*corpus.Corpus); return ok })
}

// roots returns the sorted URIs of the records that is accepts.
func (x *Index) roots(is func(lex.Record) bool) []syntax.ATURI {
	var uris []syntax.ATURI
	for uri, r := range x.records {
		if is(r.Value) {
			uris = append(uris, uri)
		}
	}
	slices.Sort(uris)
	return uris
}

// of are the collections of the records about expressions, and of the expressions.
var of = []syntax.NSID{expression.NSIDExpression, segmentation.NSIDSegmentation, annotation.NSIDAnnotationLayer, annotation.NSIDClusterSet}

// fetch fetches the records of some collections of a repository from the source, unless they have been fetched already.
func (x *Index) fetch(ctx context.Context, authority syntax.AtIdentifier, collections ...syntax.NSID) error {
	did, ok := authority.DID()
	if x.source == nil || x.complete[place{repo: authority}] || !ok {
		return nil
	}
	for _, collection := range collections {
		here := place{authority, collection}
		if x.complete[here] {
			continue
		}
		for envelope, err := range x.source.ListRecords(ctx, did, collection) {
			if failure, ok := errors.AsType[*rec.Failure](err); ok {
				x.AddFailure(failure)
				continue
			}
			if err != nil {
				return fmt.Errorf("reading: the records of %s in %s: %w", collection, authority, err)
			}
			if _, found := x.records[envelope.URI]; !found {
				x.addEnvelope(&envelope)
			}
		}
		x.complete[here] = true
	}
	return nil
}

// Fetch fetches the expressions, segmentations, layers and cluster sets of a repository from the source, unless they
// have been fetched already. Annotations in the repository of another account are joined with an expression only once
// that repository has been fetched or added, since an expression does not refer to its annotations. The error is that
// of the source; without a source, Fetch does nothing.
func (x *Index) Fetch(ctx context.Context, did syntax.DID) error {
	return x.fetch(ctx, did.AtIdentifier(), of...)
}

// addEnvelope decodes and adds a record.
func (x *Index) addEnvelope(envelope *rec.Envelope) {
	def, ok := records.Lookup(envelope.URI.Collection())
	if !ok {
		return
	}
	value := def.New()
	if err := envelope.Decode(value); err != nil {
		x.AddFailure(&rec.Failure{Envelope: *envelope, Issues: issue.Of(err)})
		return
	}
	x.Add(Record{envelope.URI, envelope.CID, envelope.Trust, value})
}

// get returns the record at uri, which it fetches from the source if need be. The error wraps ErrNotFound, ErrInvalid
// or ErrType, or is that of the source.
func (x *Index) get(ctx context.Context, uri syntax.ATURI) (Record, error) {
	if r, ok := x.records[uri]; ok {
		return r, nil
	}
	invalid, failed := x.failures[uri]
	here := place{uri.Authority(), uri.Collection()}
	if !failed && x.source != nil && !x.complete[here] && !x.complete[place{repo: here.repo}] {
		if _, known := records.Lookup(uri.Collection()); !known {
			return Record{}, fmt.Errorf("%w: no lexicon is known for %s", ErrType, quote.Text(uri.Collection(), 64))
		}
		envelope, err := x.source.GetRecord(ctx, uri)
		envelope.URI = uri
		if f, ok := errors.AsType[*rec.Failure](err); ok {
			x.AddFailure(&rec.Failure{Envelope: envelope, Issues: f.Issues})
		} else if err != nil {
			return Record{}, err
		} else {
			x.addEnvelope(&envelope)
		}
		if r, ok := x.records[uri]; ok {
			return r, nil
		}
		invalid, failed = x.failures[uri]
	}
	if failed {
		return Record{}, invalid.error()
	}
	return Record{}, ErrNotFound
}

// error returns an error that wraps ErrInvalid and summarizes the issues.
func (f failure) error() error {
	return fmt.Errorf("%w: %s", ErrInvalid, cmp.Or(issue.Summary(f.issues), "malformed"))
}

// getAs returns the record at uri as a value of the type P, like [Index.get]. The error wraps ErrType if the record has
// another type.
func getAs[T any, P interface {
	*T
	lex.Record
}](ctx context.Context, x *Index, uri syntax.ATURI) (rec.Entry[T], error) {
	r, err := x.get(ctx, uri)
	if err != nil {
		return rec.Entry[T]{URI: uri}, err
	}
	value, ok := r.Value.(P)
	if !ok {
		return rec.Entry[T]{URI: uri}, fmt.Errorf("%w: it is a record of %s", ErrType, r.Value.RecordType())
	}
	return rec.Entry[T]{URI: uri, CID: r.CID, Trust: r.Trust, Value: value}, nil
}
