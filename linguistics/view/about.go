package view

import (
	"context"
	"strings"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// About returns the section of one record about an expression: the expression's sentences with only the annotations of
// the layer, the segmentation or the cluster set at uri. e is the expression whose URI [Subject] returns. The error is
// that of [reading.Expression.Sentences].
func About(ctx context.Context, e *reading.Expression, uri syntax.ATURI, record lex.Record) (draw.Section, error) {
	s := section{draw.Section{Language: only(e.Value.Languages)}}
	s.fact("record", uri)
	s.fact("about", e.URI)
	name := string(uri.Collection().Name())
	switch v := record.(type) {
	case *annotation.AnnotationLayer:
		name = strings.TrimSpace(string(v.Subkind.Or("")) + " " + string(v.Kind) + " layer")
		s.fact("languages", strings.Join(v.Languages, ", "))
		s.fact("created", v.CreatedAt)
		s.Tree = fields(v, "$type", "expression", "kind", "subkind", "languages", "tokenizationId", "annotations", "createdAt")
	case *segmentation.Segmentation:
		s.fact("created", v.CreatedAt)
		s.Tree = fields(v, "$type", "expression", "tokenizations", "createdAt")
	case *annotation.ClusterSet:
		name = string(v.Kind) + " clusters"
		s.fact("created", v.CreatedAt)
		s.Tree = fields(v, "$type", "expression", "kind", "clusters", "createdAt")
	}
	s.Title = title(e.Value.ID, name)
	err := s.sentences(ctx, e, uri)
	return s.Section, err
}

// Subject returns the URI of the expression that a layer, a segmentation or a cluster set is about. It returns "" for
// any other record, and for a cluster set that names no expression.
func Subject(record lex.Record) syntax.ATURI {
	switch v := record.(type) {
	case *annotation.AnnotationLayer:
		return v.Expression
	case *segmentation.Segmentation:
		return v.Expression
	case *annotation.ClusterSet:
		return v.Expression.Or("")
	}
	return ""
}
