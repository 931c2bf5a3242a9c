// Package annotate builds the records that annotate an expression from plain Go slices: tokenizations, tags,
// dependency trees, spans, intervals of recordings, and clusters, with their UUIDs and references filled in.
//
//	d := annotate.NewDraft(did, "The cat sleeps.", "The", "cat", "sleeps", ".")
//	d.Tags(annotation.AnnotationLayerSubkindPos, "DET", "NOUN", "VERB", "PUNCT")
//	d.Dependencies([]int{1, 2, annotate.Root, 2}, "det", "nsubj", "root", "punct")
//	all, err := d.Records()
//	if err != nil {
//		return err
//	}
//	var ops []batch.Op
//	for _, r := range all {
//		ops = append(ops, batch.Op{Action: batch.ActionCreate, RecordKey: r.URI.RecordKey(), Record: r.Value})
//	}
//	_, err = batch.Apply(ctx, client, batch.Ops(ops...), nil)
//
// A [Draft] is a new text with all its annotations. An [Annotator] makes records for an existing expression, one by
// one. The records refer to each other by URIs and UUIDs; for this purpose, a draft assigns record keys as records are
// added. Each record can be changed before it is written.
package annotate

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Root is used as the head of a word that has no head.
const Root = -1

// ErrMismatch says that the arguments are inconsistent: a slice does not have one item for each token, an index does
// not exist, or heads form a cycle.
var ErrMismatch = errors.New("inconsistent arguments")

// Annotator builds records for one expression and one tokenization of it. It must not be used by several goroutines at
// once while its fields are being changed.
type Annotator struct {
	// Expression is the URI of the expression that is annotated.
	Expression syntax.ATURI
	// Text is the text of the expression.
	Text string
	// Tokenization is the tokenization that token indexes refer to. It is part of the record that Segmentation returns.
	Tokenization segmentation.Tokenization
	// CreatedAt is the creation time of the records; New sets it to the current time.
	CreatedAt syntax.Datetime
	// Metadata says who made the annotations, and with which software. It may be nil.
	Metadata *layers.AnnotationMetadata
	// Formalism is the formalism of the layers, such as annotation.AnnotationLayerFormalismUniversalDependencies. It
	// may be empty.
	Formalism annotation.AnnotationLayerFormalism
}

// New returns an annotator for an expression with a text and its tokens, as text.Tokenize or text.Align return them. The
// error wraps text.ErrSpan if they are not tokens of the text.
func New(expression syntax.ATURI, content string, tokens []segmentation.Token) (*Annotator, error) {
	if err := text.CheckTokens(content, tokens); err != nil {
		return nil, fmt.Errorf("annotate: %s: %w", expression, err)
	}
	return &Annotator{
		Expression:   expression,
		Text:         content,
		Tokenization: segmentation.Tokenization{UUID: newUUID(), Kind: segmentation.TokenizationKindCustom, Tokens: tokens},
		CreatedAt:    syntax.Datetime(time.Now().UTC().Format("2006-01-02T15:04:05.000Z")),
	}, nil
}

// Words returns an annotator whose tokens have the given forms, which must occur in the text in this order, with nothing
// but spaces between them. The error wraps text.ErrNotFound if they do not.
func Words(expression syntax.ATURI, content string, forms []string) (*Annotator, error) {
	tokens, err := text.Align(content, forms)
	if err != nil {
		return nil, fmt.Errorf("annotate: %s: %w", expression, err)
	}
	return New(expression, content, tokens)
}

// Segmentation returns the record with the tokenization.
func (a *Annotator) Segmentation() *segmentation.Segmentation {
	return &segmentation.Segmentation{
		Expression:    a.Expression,
		Tokenizations: []segmentation.Tokenization{a.Tokenization},
		Metadata:      a.Metadata,
		CreatedAt:     a.CreatedAt,
	}
}

// Tags returns a layer of labels, one for each token; a token with the label "" has no annotation. The error wraps
// ErrMismatch if there are more or fewer labels than tokens.
func (a *Annotator) Tags(subkind annotation.AnnotationLayerSubkind, labels []string) (*annotation.AnnotationLayer, error) {
	if err := a.fits("labels", len(labels)); err != nil {
		return nil, err
	}
	layer := a.layer(annotation.AnnotationLayerKindTokenTag, subkind)
	for i, label := range labels {
		if label != "" {
			layer.Annotations = append(layer.Annotations, annotation.Annotation{UUID: newUUID(), TokenIndex: lex.SomeInt(int64(i)), Label: lex.Some(label)})
		}
	}
	return layer, nil
}

// Values returns a layer of values, one for each token, such as lemmas; a token with the value "" has no annotation. The
// error is as for Tags.
func (a *Annotator) Values(subkind annotation.AnnotationLayerSubkind, values []string) (*annotation.AnnotationLayer, error) {
	layer, err := a.Tags(subkind, values)
	if err != nil {
		return nil, err
	}
	for i := range layer.Annotations {
		x := &layer.Annotations[i]
		x.Value, x.Label = x.Label, lex.Opt[string]{}
	}
	return layer, nil
}

// Dependencies returns a layer of dependencies. heads has, for each token, the index of its head, from 0, or [Root], and
// labels the relation to it. The error wraps ErrMismatch if there are more or fewer of them than tokens, if a head is not
// a token, or if heads form a cycle.
func (a *Annotator) Dependencies(heads []int, labels []string) (*annotation.AnnotationLayer, error) {
	if err := errors.Join(a.fits("heads", len(heads)), a.fits("labels", len(labels))); err != nil {
		return nil, err
	}
	for i, head := range heads {
		if head != Root && (head < 0 || head >= len(heads)) {
			return nil, fmt.Errorf("annotate: %s: %w: token %d has the head %d, which does not exist", a.Expression, ErrMismatch, i, head)
		}
	}
	if i, found := cycle(heads); found {
		return nil, fmt.Errorf("annotate: %s: %w: the heads form a cycle: token %d depends on itself", a.Expression, ErrMismatch, i)
	}
	layer := a.layer(annotation.AnnotationLayerKindGraph, annotation.AnnotationLayerSubkindDependency)
	for i, head := range heads {
		layer.Annotations = append(layer.Annotations, annotation.Annotation{
			UUID:        newUUID(),
			TargetIndex: lex.SomeInt(int64(i)),
			HeadIndex:   lex.SomeInt(int64(head)),
			Label:       lex.Some(labels[i]),
		})
	}
	return layer, nil
}

// cycle returns the index of a token that depends on itself, and whether there is one.
func cycle(heads []int) (int, bool) {
	const visiting, done = 1, 2
	state := make([]byte, len(heads))
	for i := range heads {
		at := i
		for at != Root && state[at] == 0 {
			state[at] = visiting
			at = heads[at]
		}
		if at != Root && state[at] == visiting {
			return at, true
		}
		for at = i; at != Root && state[at] == visiting; at = heads[at] {
			state[at] = done
		}
	}
	return 0, false
}

// Mention is a stretch of the text with a label.
type Mention struct {
	// Span is the place in the text: see package text.
	Span layers.Span
	// Label is the label, such as "PERSON". It may be empty.
	Label string
}

// Spans returns a layer of annotations of stretches of the text, such as named entities, and names the tokens in each.
// The error wraps text.ErrSpan if a span is not within the text.
func (a *Annotator) Spans(subkind annotation.AnnotationLayerSubkind, mentions []Mention) (*annotation.AnnotationLayer, error) {
	layer := a.layer(annotation.AnnotationLayerKindSpan, subkind)
	index := text.NewIndex(a.Text)
	for i, mention := range mentions {
		part, err := index.Of(mention.Span)
		if err != nil {
			return nil, fmt.Errorf("annotate: %s: mention %d: %w", a.Expression, i, err)
		}
		x := annotation.Annotation{UUID: newUUID(), Anchor: &layers.Anchor{TextSpan: &mention.Span}}
		if len(part) <= 4096 {
			x.Text = lex.Some(part)
		}
		if indexes := text.TokensIn(a.Tokenization.Tokens, mention.Span); len(indexes) > 0 {
			x.Anchor.TokenRefSequence = &layers.TokenRefSequence{TokenizationID: a.Tokenization.UUID, TokenIndexes: indexes}
		}
		if mention.Label != "" {
			x.Label = lex.Some(mention.Label)
		}
		layer.Annotations = append(layer.Annotations, x)
	}
	return layer, nil
}

// Interval is a stretch of a recording with a label.
type Interval struct {
	// Start and End are times in the recording. They are truncated to milliseconds.
	Start, End time.Duration
	// Label is the label, such as the name of a speaker. It may be empty.
	Label string
}

// Intervals returns a layer of annotations of stretches of the expression's recording, such as the turns of speakers. The
// error wraps text.ErrSpan if an interval ends before it begins.
func (a *Annotator) Intervals(subkind annotation.AnnotationLayerSubkind, intervals []Interval) (*annotation.AnnotationLayer, error) {
	layer := a.layer(annotation.AnnotationLayerKindTier, subkind)
	layer.TokenizationID = nil
	for i, interval := range intervals {
		span, err := text.Time(interval.Start, interval.End)
		if err != nil {
			return nil, fmt.Errorf("annotate: %s: interval %d: %w", a.Expression, i, err)
		}
		x := annotation.Annotation{UUID: newUUID(), Anchor: &layers.Anchor{TemporalSpan: &span}}
		if interval.Label != "" {
			x.Label = lex.Some(interval.Label)
		}
		layer.Annotations = append(layer.Annotations, x)
	}
	return layer, nil
}

// Clusters returns a set of clusters of a layer's annotations, for example one cluster for the mentions of each entity.
// A cluster is given by the indexes of its annotations. layer is the record at uri, which the caller must write, too.
// The error wraps ErrMismatch if the layer has no annotation with an index.
func (a *Annotator) Clusters(kind annotation.ClusterSetKind, uri syntax.ATURI, layer *annotation.AnnotationLayer, clusters [][]int) (*annotation.ClusterSet, error) {
	set := &annotation.ClusterSet{
		Expression: lex.Some(a.Expression),
		Kind:       kind,
		LayerRef:   lex.Some(uri),
		Clusters:   []annotation.Cluster{},
		Metadata:   a.Metadata,
		CreatedAt:  a.CreatedAt,
	}
	for i, members := range clusters {
		cluster := annotation.Cluster{UUID: newUUID(), Members: []layers.ObjectRef{}}
		for _, member := range members {
			if member < 0 || member >= len(layer.Annotations) {
				return nil, fmt.Errorf("annotate: %s: cluster %d: %w: there is no annotation %d: the layer has %d", uri, i, ErrMismatch, member, len(layer.Annotations))
			}
			id := layer.Annotations[member].UUID
			cluster.Members = append(cluster.Members, layers.ObjectRef{RecordRef: lex.Some(uri), ObjectID: &id})
		}
		set.Clusters = append(set.Clusters, cluster)
	}
	return set, nil
}

// layer returns a layer without annotations.
func (a *Annotator) layer(kind annotation.AnnotationLayerKind, subkind annotation.AnnotationLayerSubkind) *annotation.AnnotationLayer {
	layer := &annotation.AnnotationLayer{
		Expression:     a.Expression,
		Kind:           kind,
		Subkind:        lex.Some(subkind),
		TokenizationID: &a.Tokenization.UUID,
		Annotations:    []annotation.Annotation{},
		Metadata:       a.Metadata,
		CreatedAt:      a.CreatedAt,
	}
	if a.Formalism != "" {
		layer.Formalism = lex.Some(a.Formalism)
	}
	return layer
}

// fits returns an error that wraps ErrMismatch unless n, the number of values, is the number of tokens. what names the
// values.
func (a *Annotator) fits(what string, n int) error {
	if tokens := len(a.Tokenization.Tokens); n != tokens {
		return fmt.Errorf("annotate: %s: %w: there are %d %s for %d tokens", a.Expression, ErrMismatch, n, what, tokens)
	}
	return nil
}

// newUUID returns a random UUID.
func newUUID() layers.UUID { return layers.UUID{Value: uuid.NewString()} }
