package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/graph"
	"github.com/layers-pub/layers-go/layers/judgment"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/ontology"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Set checks records against each other. The zero Set is empty. It must not be used by several goroutines at once.
type Set struct {
	// Partial says that the set is incomplete, for example because it has only the records of a batch and not those of
	// the whole repository. Then records that are not in the set are not reported as missing.
	Partial bool

	records map[syntax.ATURI]lex.Record
	// tokens has the number of tokens of each tokenization, and counts the tokenizations of each expression.
	tokens map[tokenization]int
	counts map[syntax.ATURI][]tokenization
	// texts and objects are caches of textOf and objectsOf.
	texts   map[syntax.ATURI]*text.Index
	objects map[syntax.ATURI]map[string]bool
}

// tokenization identifies a tokenization by the URI of its expression and its UUID.
type tokenization struct {
	expression syntax.ATURI
	id         string
}

// Add adds a record, or replaces the one with its URI. The record must not be changed before the set has been checked.
func (s *Set) Add(uri syntax.ATURI, record lex.Record) {
	if s.records == nil {
		s.records = map[syntax.ATURI]lex.Record{}
		s.tokens = map[tokenization]int{}
		s.counts = map[syntax.ATURI][]tokenization{}
	}
	s.records[uri] = record
	if v, ok := record.(*segmentation.Segmentation); ok {
		for i := range v.Tokenizations {
			t := &v.Tokenizations[i]
			key := tokenization{t.ExpressionRef.Or(v.Expression), t.UUID.Value}
			if _, twice := s.tokens[key]; !twice {
				s.counts[key.expression] = append(s.counts[key.expression], key)
			}
			s.tokens[key] = len(t.Tokens)
			// A layer about the whole may refer to the tokenization of a part.
			s.tokens[tokenization{v.Expression, t.UUID.Value}] = len(t.Tokens)
		}
	}
}

// Warnings checks all records of the set. It returns the warnings of [Record] for each of them, and those of
// [Set.Across], in the order of the URIs and paths.
func (s *Set) Warnings() []Warning {
	return s.check(func(r *report, record lex.Record, across *visitor) {
		visit, end := r.inside(record)
		walk(record, r.fields(), visit, across)
		end()
	})
}

// Across checks the records of the set against each other. It reports spans outside the text of their expression or
// after the end of its recording, token indexes that a tokenization does not have, and references to records and
// objects that do not exist. A reference into a repository of which the set has no record at all is not checked, nor
// one to a record of a collection that is not of Layers. The warnings are in the order of the URIs and paths.
func (s *Set) Across() []Warning {
	return s.check(func(_ *report, record lex.Record, across *visitor) { walk(record, across) })
}

func (s *Set) check(visit func(r *report, record lex.Record, across *visitor)) []Warning {
	s.texts, s.objects = map[syntax.ATURI]*text.Index{}, map[syntax.ATURI]map[string]bool{}
	authorities := map[syntax.AtIdentifier]bool{}
	for uri := range s.records {
		authorities[uri.Authority()] = true
	}
	cyclic := s.cycles()
	var all []Warning
	for _, uri := range slices.Sorted(maps.Keys(s.records)) {
		record := s.records[uri]
		r := &report{}
		visit(r, record, s.visitor(r, record, authorities))
		s.across(r, record)
		if field := cyclic[uri]; field != "" {
			r.add((*path)(nil).field(field), RuleCycle, "the record is its own ancestor")
		}
		r.sort()
		for _, warning := range r.warnings {
			all = append(all, Warning{uri, warning})
		}
	}
	return all
}

// cycles returns one record of each cycle of parents, with the name of the field that refers to its parent.
func (s *Set) cycles() map[syntax.ATURI]string {
	found := map[syntax.ATURI]string{}
	for field, parent := range map[string]func(lex.Record) syntax.ATURI{
		"parentRef": func(r lex.Record) syntax.ATURI {
			if v, ok := r.(*expression.Expression); ok {
				return v.ParentRef.Or("")
			}
			return ""
		},
		"parentLayerRef": func(r lex.Record) syntax.ATURI {
			if v, ok := r.(*annotation.AnnotationLayer); ok {
				return v.ParentLayerRef.Or("")
			}
			return ""
		},
		"parentMediaRef": func(r lex.Record) syntax.ATURI {
			if v, ok := r.(*media.Media); ok {
				return v.ParentMediaRef.Or("")
			}
			return ""
		},
		"parentTypeRef": func(r lex.Record) syntax.ATURI {
			if v, ok := r.(*ontology.TypeDef); ok {
				return v.ParentTypeRef.Or("")
			}
			return ""
		},
	} {
		up := map[syntax.ATURI]syntax.ATURI{}
		for uri, record := range s.records {
			if to := parent(record); to != "" {
				up[uri] = to
			}
		}
		cycles(up, func(uri syntax.ATURI) { found[uri] = field })
	}
	return found
}

// visitor returns a visitor that checks the references in a record, and its places in the text, tokens and recording of
// the expression that it is about. authorities are the repositories of which the set has records.
func (s *Set) visitor(r *report, record lex.Record, authorities map[syntax.AtIdentifier]bool) *visitor {
	about := expressionOf(record)
	return &visitor{
		uri: func(uri syntax.ATURI, p *path) {
			_, ofLayers := records.Lookup(uri.Collection())
			if uri.RecordKey() != "" && ofLayers && !s.Partial && authorities[uri.Authority()] && s.records[uri] == nil {
				r.add(p, RuleReference, "there is no record %s", quote.Text(uri, 200))
			}
		},
		object: func(v any, p *path) {
			switch v := v.(type) {
			case *layers.ObjectRef:
				s.reference(r, record, v, p)
			case *layers.Anchor:
				stated := lex.Opt[string]{}
				if e, ok := record.(*expression.Expression); ok {
					stated = e.Text
				}
				s.inText(r, about, v.TextSpan, stated, p.field("textSpan"))
			case *annotation.Annotation:
				if v.Anchor != nil && v.Text.IsSet() {
					s.sameText(r, about, v.Anchor.TextSpan, v.Text, p.field("text"))
				}
			case *judgment.Judgment:
				s.inText(r, v.Item.RecordRef.Or(""), v.TextSpan, lex.Opt[string]{}, p.field("textSpan"))
			case *layers.TemporalSpan:
				s.inRecording(r, about, v, p)
			case *layers.TokenRef:
				s.index(r, about, &v.TokenizationID, p.field("tokenIndex"), v.TokenIndex)
			case *layers.TokenRefSequence:
				for i, n := range v.TokenIndexes {
					s.index(r, about, &v.TokenizationID, p.field("tokenIndexes").index(i), n)
				}
				if n, ok := v.AnchorTokenIndex.Get(); ok {
					s.index(r, about, &v.TokenizationID, p.field("anchorTokenIndex"), n)
				}
			}
		},
	}
}

// expressionOf returns the URI of the expression in whose text and tokens the places in a record are, or "".
func expressionOf(record lex.Record) syntax.ATURI {
	switch v := record.(type) {
	case *expression.Expression:
		return v.ParentRef.Or("")
	case *segmentation.Segmentation:
		return v.Expression
	case *annotation.AnnotationLayer:
		return v.Expression
	}
	return ""
}

// textOf returns the text of an expression, or nil if it is not known.
func (s *Set) textOf(uri syntax.ATURI) *text.Index {
	if known, ok := s.texts[uri]; ok {
		return known
	}
	var index *text.Index
	if e, ok := s.records[uri].(*expression.Expression); ok {
		if content, ok := e.Text.Get(); ok {
			index = text.NewIndex(content)
		}
	}
	s.texts[uri] = index
	return index
}

// inText checks that span is within the text of the expression at uri and, if stated is set, that it covers this text.
func (s *Set) inText(r *report, uri syntax.ATURI, span *layers.Span, stated lex.Opt[string], p *path) {
	if span == nil || span.ByteEnd < span.ByteStart {
		return // a rule for the record alone says so
	}
	index := s.textOf(uri)
	if index == nil {
		return
	}
	part, err := index.Of(*span)
	if err != nil {
		r.add(p, RuleSpan, "%s", strings.TrimPrefix(err.Error(), "text: "))
	} else if want, ok := stated.Get(); ok && want != part {
		r.add(p, RuleSpan, "the text of the span is %s, not %s", quote.Text(part, 60), quote.Text(want, 60))
	}
}

// sameText checks that a valid span covers the stated text. It reports nothing for an invalid span, since inText does.
func (s *Set) sameText(r *report, uri syntax.ATURI, span *layers.Span, stated lex.Opt[string], p *path) {
	if index := s.textOf(uri); index != nil && span != nil {
		if _, err := index.Of(*span); err == nil {
			s.inText(r, uri, span, stated, p)
		}
	}
}

// inRecording checks that span does not end after the recording of the expression at uri.
func (s *Set) inRecording(r *report, uri syntax.ATURI, span *layers.TemporalSpan, p *path) {
	e, ok := s.records[uri].(*expression.Expression)
	if !ok {
		return
	}
	m, ok := s.records[e.MediaRef.Or("")].(*media.Media)
	if !ok {
		return
	}
	if duration, ok := m.DurationMs.Get(); ok && span.Ending > duration {
		r.add(p.field("ending"), RuleSpan, "the span ends at %d ms, after the end of the recording at %d ms", span.Ending, duration)
	}
}

// size returns the number of tokens of a tokenization of the expression at uri: of the one with the UUID id or, if id
// is nil, of the only one. The result is false if the number is not known.
func (s *Set) size(uri syntax.ATURI, id *layers.UUID) (int, bool) {
	if id == nil {
		if only := s.counts[uri]; len(only) == 1 {
			return s.tokens[only[0]], true
		}
		return 0, false
	}
	n, ok := s.tokens[tokenization{uri, id.Value}]
	return n, ok
}

// index checks that the tokenization id, or the only one if id is nil, of the expression at uri has a token with the
// index n.
func (s *Set) index(r *report, uri syntax.ATURI, id *layers.UUID, p *path, n int64) {
	switch count, known := s.size(uri, id); {
	case known && n >= int64(count):
		r.add(p, RuleToken, "there is no token %d: the tokenization has %d tokens", n, count)
	case !known && id != nil && s.records[uri] != nil && !s.Partial:
		r.add(p, RuleReference, "the expression has no tokenization with the UUID %s", quote.Text(id.Value, 64))
	}
}

// reference checks that the object to which a reference in a record refers exists.
func (s *Set) reference(r *report, record lex.Record, v *layers.ObjectRef, p *path) {
	target, err := anchor.OnlyTarget(v)
	if err != nil {
		return // a rule for the record alone says so
	}
	uri, id, field := syntax.ATURI(""), "", "localId"
	switch t := target.(type) {
	case anchor.Object:
		uri, id, field = t.URI, t.ID.Value, "objectId"
	case anchor.Local:
		id = t.ID.Value
		switch set := record.(type) {
		case *annotation.ClusterSet:
			if uri = set.LayerRef.Or(""); uri == "" {
				r.add(p.field(field), RuleReference, "the cluster set has no layerRef")
			}
		case *alignment.Alignment:
			about := set.Expression.Or("")
			if _, known := s.size(about, &t.ID); !known && s.records[about] != nil && !s.Partial {
				r.add(p.field(field), RuleReference, "the expression has no tokenization with this UUID")
			}
		}
	}
	if objects := s.objectsOf(uri); objects != nil && !objects[id] {
		r.add(p.field(field), RuleReference, "the record %s has no object with the UUID %s", quote.Text(uri, 200), quote.Text(id, 64))
	}
}

// objectsOf returns the set of the UUIDs of the objects in the record at uri, or nil if the set does not have the
// record.
func (s *Set) objectsOf(uri syntax.ATURI) map[string]bool {
	if known, ok := s.objects[uri]; ok {
		return known
	}
	var ids map[string]bool
	add := func(n int, id func(int) layers.UUID) {
		ids = make(map[string]bool, n)
		for i := range n {
			ids[id(i).Value] = true
		}
	}
	switch v := s.records[uri].(type) {
	case nil:
	case *annotation.AnnotationLayer:
		add(len(v.Annotations), func(i int) layers.UUID { return v.Annotations[i].UUID })
	case *annotation.ClusterSet:
		add(len(v.Clusters), func(i int) layers.UUID { return v.Clusters[i].UUID })
	case *segmentation.Segmentation:
		add(len(v.Tokenizations), func(i int) layers.UUID { return v.Tokenizations[i].UUID })
	case *graph.GraphEdgeSet:
		add(len(v.Edges), func(i int) layers.UUID { return v.Edges[i].UUID })
	default:
		add(0, nil)
	}
	s.objects[uri] = ids
	return ids
}

// across checks what a record says about the texts and tokens of other records.
func (s *Set) across(r *report, record lex.Record) {
	switch v := record.(type) {
	case *segmentation.Segmentation:
		for i := range v.Tokenizations {
			t := &v.Tokenizations[i]
			s.tokenization(r, t, t.ExpressionRef.Or(v.Expression), (*path)(nil).field("tokenizations").index(i).field("tokens"))
		}
	case *annotation.AnnotationLayer:
		s.layer(r, v)
	case *alignment.Alignment:
		s.alignment(r, v)
	}
}

// tokenization checks the spans of the tokens of a tokenization of the expression about.
func (s *Set) tokenization(r *report, t *segmentation.Tokenization, about syntax.ATURI, p *path) {
	same := func(i, j int) bool {
		return 0 <= i && j < len(t.Tokens) && t.Tokens[i].TextSpan != nil && t.Tokens[j].TextSpan != nil &&
			t.Tokens[i].TextSpan.ByteStart == t.Tokens[j].TextSpan.ByteStart && t.Tokens[i].TextSpan.ByteEnd == t.Tokens[j].TextSpan.ByteEnd
	}
	for i := range t.Tokens {
		token := &t.Tokens[i]
		stated := token.Text
		if same(i-1, i) || same(i, i+1) {
			stated.Unset() // the words of a multiword token are not in the text
		}
		s.inText(r, about, token.TextSpan, stated, p.index(i).field("textSpan"))
	}
}

// layer checks the fields of annotations that contain an index of a token, and that the layer's tokenization exists.
func (s *Set) layer(r *report, v *annotation.AnnotationLayer) {
	if _, known := s.size(v.Expression, v.TokenizationID); v.TokenizationID != nil && !known {
		if s.records[v.Expression] != nil && !s.Partial {
			r.add((*path)(nil).field("tokenizationId"), RuleReference, "the expression has no tokenization with this UUID")
		}
		return
	}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		p := (*path)(nil).field("annotations").index(i)
		s.index(r, v.Expression, v.TokenizationID, p.field("tokenIndex"), a.TokenIndex.Or(-1))
		s.index(r, v.Expression, v.TokenizationID, p.field("headIndex"), a.HeadIndex.Or(-1))
		s.index(r, v.Expression, v.TokenizationID, p.field("targetIndex"), a.TargetIndex.Or(-1))
	}
}

// alignment checks the token indexes in the links of an alignment between two tokenizations.
func (s *Set) alignment(r *report, v *alignment.Alignment) {
	size := func(ref *layers.ObjectRef) (int, bool) {
		target, err := anchor.OnlyTarget(ref)
		if err != nil {
			return 0, false
		}
		switch t := target.(type) {
		case anchor.Local:
			return s.size(v.Expression.Or(""), &t.ID)
		case anchor.Object:
			if segments, ok := s.records[t.URI].(*segmentation.Segmentation); ok {
				return s.size(segments.Expression, &t.ID)
			}
		}
		return 0, false
	}
	sources, hasSources := size(v.Source)
	targets, hasTargets := size(v.Target)
	for i := range v.Links {
		p := (*path)(nil).field("links").index(i)
		for _, side := range []struct {
			field   string
			indexes []int64
			count   int
			known   bool
		}{{"sourceIndices", v.Links[i].SourceIndices, sources, hasSources}, {"targetIndices", v.Links[i].TargetIndices, targets, hasTargets}} {
			for j, n := range side.indexes {
				if side.known && n >= int64(side.count) {
					r.add(p.field(side.field).index(j), RuleToken, "there is no token %d: the tokenization has %d tokens", n, side.count)
				}
			}
		}
	}
}
