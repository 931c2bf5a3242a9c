package reading

import (
	"slices"
	"sort"
	"strconv"

	"github.com/layers-pub/layers-go/layers"
)

// copies maps annotations of an expression to their copies in a part of the expression.
type copies map[*Annotation]*Annotation

// within copies to e the tokens and annotations of parent that lie within span, which is the place of e in parent's
// text. The spans of the copies refer to the text of e.
func (e *Expression) within(parent *Expression, span layers.Span) copies {
	shifted := func(s *layers.Span) *layers.Span {
		if s == nil {
			return nil
		}
		return &layers.Span{ByteStart: s.ByteStart - span.ByteStart, ByteEnd: s.ByteEnd - span.ByteStart}
	}
	tokens := map[*Token]*Token{}
	tokenizations := map[*Tokenization]*Tokenization{}
	for _, t := range parent.Tokenizations {
		if !t.ordered {
			if len(t.Tokens) > 0 {
				e.note(&Problem{e.URI, "/anchor", ErrOrder})
			}
			continue
		}
		part := &Tokenization{Segmentation: t.Segmentation, Value: t.Value, ordered: true, numbers: map[int64]*Token{}, base: t}
		if t.base != nil {
			part.base = t.base
		}
		first := sort.Search(len(t.Tokens), func(i int) bool { return t.Tokens[i].Span.ByteStart >= span.ByteStart })
		for _, token := range t.Tokens[first:] {
			if token.Span.ByteEnd > span.ByteEnd {
				break
			}
			copied := &Token{Index: len(part.Tokens), Text: token.Text, Span: shifted(token.Span), Time: token.Time, Value: token.Value}
			part.Tokens = append(part.Tokens, copied)
			if part.numbers[token.Value.TokenIndex] == nil {
				part.numbers[token.Value.TokenIndex] = copied
			}
			tokens[token] = copied
		}
		if len(part.Tokens) == 0 {
			continue
		}
		tokenizations[t] = part
		e.Tokenizations = append(e.Tokenizations, part)
		if id := t.Value.UUID.Value; e.ids[id] == nil {
			e.ids[id] = part
		}
	}
	all := copies{}
	var pairs []struct{ from, to *Annotation }
	for _, layer := range parent.Layers {
		part := &Layer{Entry: layer.Entry, Tokenization: tokenizations[layer.Tokenization], ids: map[string]*Annotation{}}
		first := sort.Search(len(layer.places), func(i int) bool { return layer.places[i].Span.ByteStart >= span.ByteStart })
		for _, a := range layer.places[first:] {
			if a.Span.ByteStart > span.ByteEnd {
				break
			}
			if a.Span.ByteEnd > span.ByteEnd {
				continue
			}
			copied := &Annotation{Layer: part, Index: a.Index, Value: a.Value, Span: shifted(a.Span), Text: a.Text, Time: a.Time, Problems: slices.Clone(a.Problems)}
			all[a] = copied
			pairs = append(pairs, struct{ from, to *Annotation }{a, copied})
			part.Annotations = append(part.Annotations, copied)
			part.ids[a.Value.UUID.Value] = copied
		}
		if len(part.Annotations) == 0 {
			continue
		}
		part.places = part.Annotations
		for _, a := range part.Annotations {
			for _, p := range a.Problems {
				e.note(p)
			}
		}
		e.Layers = append(e.Layers, part)
	}
	// The copies may refer to objects outside of the part.
	for _, pair := range pairs {
		a, copied := pair.from, pair.to
		for _, token := range a.Tokens {
			if here := tokens[token]; here != nil {
				copied.Tokens = append(copied.Tokens, here)
			}
		}
		copied.Dependent, copied.Head, copied.Parent = tokens[a.Dependent], tokens[a.Head], all[a.Parent]
		if a.Head != nil && copied.Head == nil {
			e.problem(copied, "/headIndex", ErrOutside)
		}
		if a.Parent != nil && copied.Parent == nil {
			e.problem(copied, "/parentId", ErrOutside)
		}
		for _, child := range a.Children {
			if here := all[child]; here != nil {
				copied.Children = append(copied.Children, here)
			}
		}
		for i, arg := range a.Arguments {
			here := all[arg.Target]
			if arg.Target != nil && here == nil {
				e.problem(copied, "/arguments/"+strconv.Itoa(i)+"/target", ErrOutside)
			}
			copied.Arguments = append(copied.Arguments, Argument{arg.Role, here, arg.Value})
		}
	}
	return all
}
