package check

import (
	"strconv"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// inside checks the rules about the parts of one record.
func (r *report) inside(record lex.Record) {
	switch v := record.(type) {
	case *expression.Expression:
		r.anchor(v.Anchor, "/anchor")
	case *segmentation.Segmentation:
		ids := map[string]bool{}
		for i := range v.Tokenizations {
			t := &v.Tokenizations[i]
			path := "/tokenizations/" + strconv.Itoa(i)
			r.unique(ids, t.UUID, path)
			for j := range t.Tokens {
				token := &t.Tokens[j]
				below := path + "/tokens/" + strconv.Itoa(j)
				if token.TokenIndex != int64(j) {
					r.add(below+"/tokenIndex", RuleToken, "the token at place %d has the index %d", j, token.TokenIndex)
				}
				r.span(token.TextSpan, below+"/textSpan")
				r.time(token.TemporalSpan, below+"/temporalSpan")
			}
		}
	case *annotation.AnnotationLayer:
		r.layer(v)
	case *annotation.ClusterSet:
		ids := map[string]bool{}
		for i := range v.Clusters {
			r.unique(ids, v.Clusters[i].UUID, "/clusters/"+strconv.Itoa(i))
		}
	}
}

func (r *report) layer(v *annotation.AnnotationLayer) {
	ids := map[string]bool{}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		path := "/annotations/" + strconv.Itoa(i)
		r.unique(ids, a.UUID, path)
		r.anchor(a.Anchor, path+"/anchor")
	}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		path := "/annotations/" + strconv.Itoa(i)
		if a.ParentID != nil && !ids[a.ParentID.Value] {
			r.add(path+"/parentId", RuleReference, "the layer has no annotation with this UUID")
		}
		for j := range a.ChildIDs {
			if !ids[a.ChildIDs[j].Value] {
				r.add(path+"/childIds/"+strconv.Itoa(j), RuleReference, "the layer has no annotation with this UUID")
			}
		}
		for j := range a.Arguments {
			if id := a.Arguments[j].Target.LocalID; id != nil && !ids[id.Value] {
				r.add(path+"/arguments/"+strconv.Itoa(j)+"/target/localId", RuleReference, "the layer has no annotation with this UUID")
			}
		}
	}
	// In an enhanced graph a word has several heads, and cycles are allowed.
	if v.Subkind.Or("") == annotation.AnnotationLayerSubkindDependency {
		r.cycles(v)
	}
}

// cycles reports the heads that form a cycle, once a cycle.
func (r *report) cycles(v *annotation.AnnotationLayer) {
	heads := map[int64]int64{}
	place := map[int64]int{}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		dependent, ok := a.TargetIndex.Get()
		if !ok {
			dependent, ok = a.TokenIndex.Get()
		}
		head, hasHead := a.HeadIndex.Get()
		if _, twice := heads[dependent]; ok && hasHead && head >= 0 && !twice {
			heads[dependent], place[dependent] = head, i
		}
	}
	const visiting, done = 1, 2
	state := map[int64]int{}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		start := a.TargetIndex.Or(a.TokenIndex.Or(-1))
		at := start
		for {
			head, ok := heads[at]
			if !ok || state[at] != 0 {
				break
			}
			state[at] = visiting
			at = head
		}
		if state[at] == visiting {
			r.add("/annotations/"+strconv.Itoa(place[at])+"/headIndex", RuleCycle, "the token %d depends on itself", at)
		}
		for at = start; state[at] == visiting; at = heads[at] {
			state[at] = done
		}
	}
}

func (r *report) unique(ids map[string]bool, id layers.UUID, path string) {
	if ids[id.Value] {
		r.add(path+"/uuid", RuleUUID, "another object of the record has the same UUID")
	}
	ids[id.Value] = true
}

func (r *report) anchor(a *layers.Anchor, path string) {
	if a == nil {
		return
	}
	r.span(a.TextSpan, path+"/textSpan")
	r.time(a.TemporalSpan, path+"/temporalSpan")
}

func (r *report) span(s *layers.Span, path string) {
	if s != nil && s.ByteEnd < s.ByteStart {
		r.add(path+"/byteEnd", RuleSpan, "the span ends at byte %d, before it begins, at %d", s.ByteEnd, s.ByteStart)
	}
}

func (r *report) time(s *layers.TemporalSpan, path string) {
	if s != nil && s.Ending < s.Start {
		r.add(path+"/ending", RuleSpan, "the span ends at %d ms, before it begins, at %d ms", s.Ending, s.Start)
	}
}
