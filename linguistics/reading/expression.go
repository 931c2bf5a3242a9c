package reading

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/linguistics/internal/order"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Expression is an expression joined with the records about it, and with the parts of the records about its parents
// that lie within it. All spans refer to its text.
type Expression struct {
	rec.Entry[expression.Expression]
	// Text is the text of the expression, or else the part of its parent's text that it stands for.
	Text string
	// Parent is the expression that it is part of, or nil if there is none, or it was not found.
	Parent *Expression
	// Media is the record with its recording or image, or nil.
	Media *rec.Entry[media.Media]
	// Tokenizations are the tokenizations of its segmentations, and then those of its parent. The segmentations are in
	// the order of their URIs.
	Tokenizations []*Tokenization
	// Layers are the layers about it, and then those about its parent. The records are in the order of their URIs, with
	// alternatives together, the best first: see [Best].
	Layers []*Layer
	// Clusters are the cluster sets that name the expression or one of its layers.
	Clusters []*ClusterSet
	// Problems lists the problems in all of these.
	Problems []*Problem

	index    *Index
	depth    int
	primary  *Tokenization
	contents *text.Index
	// ids has the tokenizations by their UUIDs.
	ids map[string]*Tokenization
}

// Tokenization is a tokenization of an expression, or the part of it that lies within the expression.
type Tokenization struct {
	// Segmentation is the record that contains the tokenization.
	Segmentation *rec.Entry[segmentation.Segmentation]
	// Value is the tokenization in the record: with all tokens, and with spans in the text of the expression that the
	// record names.
	Value  *segmentation.Tokenization
	Tokens []*Token
	// ordered says that all tokens have spans, which are in the order of the text.
	ordered bool
	// numbers has the tokens by their recorded indexes, Value.TokenIndex.
	numbers map[int64]*Token
	// base is the whole tokenization, if this is a part of it, or nil.
	base *Tokenization
}

// Token is a token with the annotations on it alone.
type Token struct {
	// Index is the token's place in [Tokenization.Tokens]. In a part of an expression it differs from the recorded
	// index, Value.TokenIndex.
	Index int
	// Text is the token's text in the record, or else the text of its span.
	Text string
	// Span is the place of the token in the text of the expression, or nil if it has no valid span.
	Span *layers.Span
	// Time is the place of the token in the recording, or nil if that is not known.
	Time  *layers.TemporalSpan
	Value *segmentation.Token
	// Tags are the annotations on only this token, in the order of the layers. They include the dependency arcs that
	// lead to the token.
	Tags Tags
}

// Tags are annotations on one token.
type Tags []*Annotation

// Find returns the first annotation of a subkind, which is from the best layer, or nil.
func (t Tags) Find(subkind annotation.AnnotationLayerSubkind) *Annotation {
	for _, a := range t {
		if s, ok := a.Layer.Value.Subkind.Get(); ok && s == subkind {
			return a
		}
	}
	return nil
}

// Label returns the label of the first annotation of a subkind, such as a part of speech, or "".
func (t Tags) Label(subkind annotation.AnnotationLayerSubkind) string {
	if a := t.Find(subkind); a != nil {
		return a.Value.Label.Or("")
	}
	return ""
}

// Value returns the value of the first annotation of a subkind, such as a lemma. If it has no value, Value returns its
// label, where some programs put it. If there is no annotation, it returns "".
func (t Tags) Value(subkind annotation.AnnotationLayerSubkind) string {
	if a := t.Find(subkind); a != nil {
		return a.Value.Value.Or(a.Value.Label.Or(""))
	}
	return ""
}

// Tokenization returns the tokenization to which most layers refer (the first one in case of a tie), or nil if there is
// none.
func (e *Expression) Tokenization() *Tokenization { return e.primary }

// Tokens yields the tokens of [Expression.Tokenization], each with its tags.
func (e *Expression) Tokens() iter.Seq2[*Token, Tags] {
	return func(yield func(*Token, Tags) bool) {
		if e.primary == nil {
			return
		}
		for _, token := range e.primary.Tokens {
			if !yield(token, token.Tags) {
				return
			}
		}
	}
}

// Layer returns the first layer of a subkind, which is the best of its alternatives, or nil.
func (e *Expression) Layer(subkind annotation.AnnotationLayerSubkind) *Layer {
	for _, layer := range e.Layers {
		if s, ok := layer.Value.Subkind.Get(); ok && s == subkind {
			return layer
		}
	}
	return nil
}

// maxDepth is how deeply expressions may be nested.
const maxDepth = 64

// Expression returns the expression at uri, joined with the records about it. To read all parts of a document,
// [Expression.Parts] and [Expression.Sentences] are faster than a call for each part.
//
// The error wraps ErrNotFound, ErrInvalid or ErrType if there is no valid expression at uri, or is that of ctx or of
// the index's source. All other problems are in the result.
func (x *Index) Expression(ctx context.Context, uri syntax.ATURI) (*Expression, error) {
	for try := 1; ; try++ {
		before := x.changes
		e, err := x.expression(ctx, uri)
		// A record that was fetched meanwhile may be about the expression.
		if err != nil || x.changes == before || try == maxTries {
			return e, err
		}
	}
}

// maxJoined is how many documents an index keeps joined, so that calls about their parts need not join them again.
const maxJoined = 8

// maxTries is how often [Index.Expression] joins an expression, since records that it fetches may be about the
// expression.
const maxTries = 4

// expression returns the expression at uri, joined with the records about it that the index has now.
func (x *Index) expression(ctx context.Context, uri syntax.ATURI) (*Expression, error) {
	// Find the expressions above this one first.
	var path []rec.Entry[expression.Expression]
	var problem *Problem
	for at, ok := uri, true; ok; {
		if slices.ContainsFunc(path, func(e rec.Entry[expression.Expression]) bool { return e.URI == at }) || len(path) > maxDepth {
			problem = &Problem{path[len(path)-1].URI, "/parentRef", ErrCycle}
			break
		}
		err := x.fetch(ctx, at.Authority(), of...)
		var entry rec.Entry[expression.Expression]
		if err == nil {
			entry, err = getAs[expression.Expression](ctx, x, at)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil && len(path) == 0 {
			return nil, fmt.Errorf("reading: %w", &Problem{URI: at, Err: err})
		}
		if err != nil {
			problem = &Problem{path[len(path)-1].URI, "/parentRef", err}
			break
		}
		path = append(path, entry)
		at, ok = entry.Value.ParentRef.Get()
	}
	var e *Expression
	for _, entry := range slices.Backward(path) {
		top := e == nil
		if top && x.joined[entry.URI] != nil {
			e = x.joined[entry.URI]
			continue
		}
		var err error
		if e, err = x.join(ctx, entry, e); err != nil {
			return nil, err
		}
		if top {
			e.note(problem)
			if len(x.joined) >= maxJoined {
				clear(x.joined)
			}
			x.joined[entry.URI] = e
		}
	}
	return e, nil
}

// note adds a problem to the expression, unless p is nil.
func (e *Expression) note(p *Problem) {
	if p != nil {
		e.Problems = append(e.Problems, p)
	}
}

// Parts yields the parts of the expression, which are the expressions that name it as their parent. They are in the
// order of the text, and joined as [Index.Expression] does it. An error ends the loop.
func (e *Expression) Parts(ctx context.Context) iter.Seq2[*Expression, error] {
	return func(yield func(*Expression, error) bool) {
		x := e.index
		uris := x.find(e.URI, partOf)
		uris = slices.DeleteFunc(uris, func(uri syntax.ATURI) bool { return x.records[uri].Value == nil })
		uris = order.Parts(uris, func(uri syntax.ATURI) *expression.Expression {
			return x.records[uri].Value.(*expression.Expression)
		})
		for _, uri := range uris {
			if ctx.Err() != nil {
				yield(nil, ctx.Err())
				return
			}
			entry, err := getAs[expression.Expression](ctx, x, uri)
			var part *Expression
			if err == nil {
				part, err = x.join(ctx, entry, e)
			}
			if !yield(part, err) || err != nil {
				return
			}
		}
	}
}

// Sentences yields the expressions of the kind "sentence" within this one, in the order of the text. Where there are
// none, it yields the innermost parts, and the expression itself if it is a sentence or has no parts. An error ends the
// loop; it wraps ErrCycle if parts are nested more than 64 deep.
func (e *Expression) Sentences(ctx context.Context) iter.Seq2[*Expression, error] {
	return func(yield func(*Expression, error) bool) { e.sentences(ctx, yield) }
}

func (e *Expression) sentences(ctx context.Context, yield func(*Expression, error) bool) bool {
	if e.Value.Kind == expression.ExpressionKindSentence || len(e.index.find(e.URI, partOf)) == 0 {
		return yield(e, nil)
	}
	if e.depth >= maxDepth {
		yield(nil, fmt.Errorf("reading: %w", &Problem{e.URI, "/parentRef", ErrCycle}))
		return false
	}
	for part, err := range e.Parts(ctx) {
		if err != nil {
			yield(nil, err)
			return false
		}
		if !part.sentences(ctx, yield) {
			return false
		}
	}
	return true
}

// join returns an expression joined with the records about it and, if parent is not nil, with the parts of the records
// about parent that lie within it.
func (x *Index) join(ctx context.Context, entry rec.Entry[expression.Expression], parent *Expression) (*Expression, error) {
	e := &Expression{Entry: entry, Parent: parent, index: x, ids: map[string]*Tokenization{}}
	inside := e.settle(parent)
	e.contents = text.NewIndex(e.Text)
	if uri, ok := entry.Value.MediaRef.Get(); ok {
		record, err := getAs[media.Media](ctx, x, uri)
		if err != nil {
			e.note(&Problem{e.URI, "/mediaRef", err})
		} else {
			e.Media = &record
		}
	}
	for _, uri := range x.find(e.URI, partOf) {
		if invalid, ok := x.failures[uri]; ok {
			e.note(&Problem{uri, "", invalid.error()})
		}
	}
	for _, uri := range x.find(e.URI, segmentationOf) {
		if invalid, ok := x.failures[uri]; ok {
			e.note(&Problem{uri, "", invalid.error()})
			continue
		}
		s, err := getAs[segmentation.Segmentation](ctx, x, uri)
		if err != nil {
			return nil, err // the index has it
		}
		for i := range s.Value.Tokenizations {
			e.tokenize(&s, i)
		}
	}
	var copied copies
	if inside != nil {
		copied = e.within(parent, *inside)
	}
	var own []*Layer
	for _, uri := range x.find(e.URI, layerOf) {
		if invalid, ok := x.failures[uri]; ok {
			e.note(&Problem{uri, "", invalid.error()})
			continue
		}
		record, err := getAs[annotation.AnnotationLayer](ctx, x, uri)
		if err != nil {
			return nil, err
		}
		own = append(own, &Layer{Entry: record})
	}
	sortLayers(own)
	for _, layer := range own {
		e.resolve(layer)
	}
	e.Layers = append(own, e.Layers...)
	e.tag()
	e.choose()
	if err := e.cluster(ctx, own, copied); err != nil {
		return nil, err
	}
	return e, ctx.Err()
}

// settle sets the text of the expression. It returns the stretch of its parent's text that the expression is, or nil if
// that is not known.
func (e *Expression) settle(parent *Expression) *layers.Span {
	content, own := e.Value.Text.Get()
	e.Text = content
	if parent == nil {
		return nil
	}
	e.depth = parent.depth + 1
	span, path, err := parent.locate(e.Value.Anchor)
	if err != nil {
		e.note(&Problem{e.URI, "/anchor" + path, err})
	}
	if span == nil {
		return nil
	}
	part := parent.Text[span.ByteStart:span.ByteEnd]
	if own && content != part {
		e.note(&Problem{e.URI, "/anchor" + path, fmt.Errorf("%w: the text of the parent differs there", text.ErrSpan)})
		return nil
	}
	e.Text = part
	return span
}

// locate returns the stretch of text to which an anchor refers, and the path of the anchor's field that says so. The
// span is nil if the anchor does not refer to the text; the error, if any, is then what is wrong with the field at the
// path.
func (e *Expression) locate(a *layers.Anchor) (*layers.Span, string, error) {
	var first error
	var at string
	for _, place := range anchor.Places(a) {
		var span *layers.Span
		var err error
		path := "/" + place.String()
		switch p := place.(type) {
		case anchor.Text:
			if _, err = e.contents.Of(*p.Span); err == nil {
				span = &layers.Span{ByteStart: p.Span.ByteStart, ByteEnd: p.Span.ByteEnd}
			}
		case anchor.Token:
			span, err = e.hull(p.Ref.TokenizationID, p.Ref.TokenIndex)
		case anchor.Tokens:
			span, err = e.hull(p.Ref.TokenizationID, p.Ref.TokenIndexes...)
		}
		if span != nil {
			return span, path, nil
		}
		if err != nil && first == nil {
			first, at = err, path
		}
	}
	return nil, at, first
}

// hull returns the span that covers the tokens with these indexes in the tokenization id, or nil if none of them has a
// span.
func (e *Expression) hull(id layers.UUID, indexes ...int64) (*layers.Span, error) {
	t, err := e.tokenization(&id)
	if err != nil {
		return nil, err
	}
	var span *layers.Span
	for _, index := range indexes {
		token, err := t.token(index)
		if err != nil {
			return nil, err
		}
		span = join(span, token.Span)
	}
	return span, nil
}

// join returns the span from the earlier start to the later end of two spans; one that is nil covers nothing.
func join(a, b *layers.Span) *layers.Span {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &layers.Span{ByteStart: min(a.ByteStart, b.ByteStart), ByteEnd: max(a.ByteEnd, b.ByteEnd)}
}

// tokenization returns the tokenization with the UUID id, or the only one if id is nil. The error wraps
// ErrNoTokenization or ErrAmbiguous.
func (e *Expression) tokenization(id *layers.UUID) (*Tokenization, error) {
	if id == nil {
		switch len(e.Tokenizations) {
		case 0:
			return nil, fmt.Errorf("%w: the expression has no tokenizations", ErrNoTokenization)
		case 1:
			return e.Tokenizations[0], nil
		}
		return nil, fmt.Errorf("%w: the expression has %d tokenizations, and the layer does not say which", ErrAmbiguous, len(e.Tokenizations))
	}
	if t := e.ids[id.Value]; t != nil {
		return t, nil
	}
	return nil, ErrNoTokenization
}

// token returns the token with a recorded index. The error wraps ErrOutside if only the whole expression has such a
// token, and ErrNoToken otherwise.
func (t *Tokenization) token(index int64) (*Token, error) {
	if token := t.numbers[index]; token != nil {
		return token, nil
	}
	if t.base != nil && t.base.numbers[index] != nil {
		return nil, fmt.Errorf("token %d: %w", index, ErrOutside)
	}
	return nil, fmt.Errorf("%w: index %d, of %d tokens", ErrNoToken, index, len(t.Value.Tokens))
}

// tokenize adds the tokenization with the index i in a segmentation, unless it is about another expression, such as a
// part of this one.
func (e *Expression) tokenize(s *rec.Entry[segmentation.Segmentation], i int) {
	value := &s.Value.Tokenizations[i]
	at := "/tokenizations/" + strconv.Itoa(i)
	if about := value.ExpressionRef.Or(s.Value.Expression); about != e.URI {
		// It is that of a part, whose result has it.
		if _, ok := e.index.records[about]; !ok && about != s.Value.Expression {
			e.note(&Problem{s.URI, at + "/expressionRef", ErrNotFound})
		}
		return
	}
	t := &Tokenization{Segmentation: s, Value: value, ordered: true, numbers: make(map[int64]*Token, len(value.Tokens))}
	memory := make([]Token, len(value.Tokens))
	var last layers.Span
	for j := range value.Tokens {
		v, token := &value.Tokens[j], &memory[j]
		*token = Token{Index: j, Text: v.Text.Or(""), Time: v.TemporalSpan, Value: v}
		path := at + "/tokens/" + strconv.Itoa(j)
		if v.TokenIndex != int64(j) {
			e.note(&Problem{s.URI, path + "/tokenIndex", fmt.Errorf("%w: the token at position %d has the tokenIndex %d", ErrNoToken, j, v.TokenIndex)})
		}
		if t.numbers[v.TokenIndex] == nil {
			t.numbers[v.TokenIndex] = token
		}
		if v.TextSpan != nil {
			if part, err := e.contents.Of(*v.TextSpan); err != nil {
				e.note(&Problem{s.URI, path + "/textSpan", err})
			} else {
				token.Span = &layers.Span{ByteStart: v.TextSpan.ByteStart, ByteEnd: v.TextSpan.ByteEnd}
				if !v.Text.IsSet() {
					token.Text = part
				}
			}
		}
		if token.Span == nil {
			t.ordered = false
		} else if t.ordered {
			if token.Span.ByteStart < last.ByteStart || token.Span.ByteEnd < last.ByteEnd {
				t.ordered = false
				e.note(&Problem{s.URI, path + "/textSpan", ErrOrder})
			}
			last = *token.Span
		}
		t.Tokens = append(t.Tokens, token)
	}
	e.Tokenizations = append(e.Tokenizations, t)
	if e.ids[value.UUID.Value] != nil {
		e.note(&Problem{s.URI, at + "/uuid", fmt.Errorf("%w: another tokenization has the same UUID", ErrAmbiguous)})
		return
	}
	e.ids[value.UUID.Value] = t
}

// choose sets primary to the tokenization to which most layers refer.
func (e *Expression) choose() {
	layers := map[*Tokenization]int{}
	for _, layer := range e.Layers {
		layers[layer.Tokenization]++
	}
	for _, t := range e.Tokenizations {
		if e.primary == nil || layers[t] > layers[e.primary] {
			e.primary = t
		}
	}
}

// tag adds each annotation on a single token to the tags of the token.
func (e *Expression) tag() {
	for _, layer := range e.Layers {
		for _, a := range layer.Annotations {
			if token := a.single(); token != nil {
				token.Tags = append(token.Tags, a)
			}
		}
	}
}

// sortLayers sorts layers by their URIs, with alternatives together, the best first.
func sortLayers(all []*Layer) {
	group := groups(all)
	slices.SortFunc(all, func(a, b *Layer) int {
		return cmp.Or(cmp.Compare(group(a), group(b)), compareRank(a, b), cmp.Compare(a.URI, b.URI))
	})
}
