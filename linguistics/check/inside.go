package check

import (
	"cmp"
	"maps"
	"slices"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// inside returns a visitor that checks the parts of one record, and a function that must be called after the visit to
// check what involves several parts.
func (r *report) inside(record lex.Record) (visit *visitor, end func()) {
	ids := map[string]bool{}
	type local struct {
		id string
		p  *path
	}
	var locals []local
	visit = &visitor{
		uuid: func(id string, p *path) {
			if ids[id] {
				r.add(p, RuleUUID, "another object of the record has the same UUID")
			}
			ids[id] = true
		},
		object: func(v any, p *path) {
			switch v := v.(type) {
			case *layers.Span:
				r.span(v.ByteStart, v.ByteEnd, v.CharStart, v.CharEnd, p)
			case *layers.TextPositionSelector:
				r.span(v.ByteStart, v.ByteEnd, v.CharStart, v.CharEnd, p)
			case *layers.TemporalSpan:
				if v.Ending < v.Start {
					r.add(p.field("ending"), RuleSpan, "the span ends at %d ms, before its beginning at %d ms", v.Ending, v.Start)
				}
			case *layers.Anchor:
				if len(anchor.Places(v)) == 0 {
					r.add(p, RuleAnchor, "no field is set, so the anchor does not refer to anything")
				}
			case *layers.ObjectRef:
				target, err := anchor.OnlyTarget(v)
				if err != nil {
					r.add(p, RuleReference, "%v", err)
				} else if to, ok := target.(anchor.Local); ok && !elsewhere(record) {
					locals = append(locals, local{to.ID.Value, p.field("localId")})
				}
			case *annotation.Annotation:
				if v.ParentID != nil {
					locals = append(locals, local{v.ParentID.Value, p.field("parentId")})
				}
				for i := range v.ChildIDs {
					locals = append(locals, local{v.ChildIDs[i].Value, p.field("childIds").index(i)})
				}
			}
		},
	}
	return visit, func() {
		for _, l := range locals {
			if !ids[l.id] {
				r.add(l.p, RuleReference, "the record has no object with this UUID")
			}
		}
		switch v := record.(type) {
		case *segmentation.Segmentation:
			for i := range v.Tokenizations {
				r.tokens(v.Tokenizations[i].Tokens, (*path)(nil).field("tokenizations").index(i).field("tokens"))
			}
		case *annotation.AnnotationLayer:
			r.trees(v)
		}
	}
}

// elsewhere reports whether local references in a record refer to objects of another record: those in a cluster set
// refer to annotations of its layer, and those in an alignment to tokenizations of its expression.
func elsewhere(record lex.Record) bool {
	switch record.(type) {
	case *annotation.ClusterSet, *alignment.Alignment:
		return true
	}
	return false
}

// span checks that the offsets of a span are in order, and that there are no more characters than bytes before them.
func (r *report) span(start, end int64, charStart, charEnd lex.Opt[int64], p *path) {
	first, hasFirst := charStart.Get()
	last, hasLast := charEnd.Get()
	switch {
	case end < start:
		r.add(p.field("byteEnd"), RuleSpan, "the span ends at byte %d, before its beginning at byte %d", end, start)
	case hasFirst && hasLast && last < first:
		r.add(p.field("charEnd"), RuleSpan, "the span ends at character %d, before its beginning at character %d", last, first)
	case hasFirst && first > start:
		r.add(p.field("charStart"), RuleSpan, "%d characters cannot precede it: only %d bytes do", first, start)
	case hasLast && last > end:
		r.add(p.field("charEnd"), RuleSpan, "%d characters cannot precede it: only %d bytes do", last, end)
	}
}

// tokens checks the indexes and the order of the tokens of a tokenization. Several tokens may have the same span, such
// as the words of a multiword token.
func (r *report) tokens(tokens []segmentation.Token, p *path) {
	last := int64(0)
	for i := range tokens {
		t := &tokens[i]
		if t.TokenIndex != int64(i) {
			r.add(p.index(i).field("tokenIndex"), RuleToken, "the token at position %d has the tokenIndex %d", i, t.TokenIndex)
		}
		if t.TextSpan == nil {
			continue
		}
		if t.TextSpan.ByteStart < last {
			r.add(p.index(i).field("textSpan"), RuleToken, "the token begins at byte %d, but the token before it begins at byte %d", t.TextSpan.ByteStart, last)
		}
		last = t.TextSpan.ByteStart
	}
}

// trees checks that the parents of annotations form no cycle, and, in a basic dependency tree, that each token has one
// head and that heads form no cycle.
func (r *report) trees(v *annotation.AnnotationLayer) {
	at := func(i int, field string) *path { return (*path)(nil).field("annotations").index(i).field(field) }
	parents := map[string]string{}
	place := map[string]int{}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		if _, twice := place[a.UUID.Value]; a.ParentID != nil && !twice {
			parents[a.UUID.Value], place[a.UUID.Value] = a.ParentID.Value, i
		}
	}
	cycles(parents, func(id string) { r.add(at(place[id], "parentId"), RuleCycle, "the annotation is its own ancestor") })

	// In an enhanced graph a word has several heads, and cycles are allowed.
	if v.Subkind.Or("") != annotation.AnnotationLayerSubkindDependency {
		return
	}
	heads := map[int64]int64{}
	arcs := map[int64]int{}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		dependent, ok := a.TargetIndex.Get()
		if !ok {
			dependent, ok = a.TokenIndex.Get()
		}
		head, hasHead := a.HeadIndex.Get()
		if !ok || !hasHead {
			continue
		}
		if _, twice := arcs[dependent]; twice {
			r.add(at(i, "headIndex"), RuleHeads, "token %d has more than one head", dependent)
			continue
		}
		arcs[dependent] = i
		if head >= 0 {
			heads[dependent] = head
		}
	}
	cycles(heads, func(i int64) { r.add(at(arcs[i], "headIndex"), RuleCycle, "token %d depends on itself", i) })
}

// cycles calls found for each cycle, with its least member. up maps each member to the one above it, such as its
// parent.
func cycles[T cmp.Ordered](up map[T]T, found func(T)) {
	const visiting, done = 1, 2
	state := make(map[T]byte, len(up))
	for _, start := range slices.Sorted(maps.Keys(up)) {
		at := start
		for state[at] == 0 {
			next, ok := up[at]
			if !ok {
				break
			}
			state[at] = visiting
			at = next
		}
		if state[at] == visiting {
			least := at
			for i := up[at]; i != at; i = up[i] {
				least = min(least, i)
			}
			found(least)
		}
		for at = start; state[at] == visiting; at = up[at] {
			state[at] = done
		}
	}
}
