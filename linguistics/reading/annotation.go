package reading

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strconv"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Layer is a layer of annotations, or the part of it that lies within an expression.
type Layer struct {
	rec.Entry[annotation.AnnotationLayer]
	// Tokenization is the tokenization that token indexes refer to, or nil if there is none.
	Tokenization *Tokenization
	Annotations  []*Annotation

	ids map[string]*Annotation
	// places are the annotations with a span, in the order of the text.
	places []*Annotation
}

// Annotation is an annotation with the objects that it refers to.
type Annotation struct {
	Layer *Layer
	// Index is the place of the annotation in the record of the layer.
	Index int
	Value *annotation.Annotation
	// Span is the stretch of text that is annotated: that of the anchor or the tokens, or else the stretch that the
	// children and arguments cover. It is nil if the annotation is not about a stretch of text.
	Span *layers.Span
	// Text is the text of Span.
	Text string
	// Tokens are the tokens that are annotated: those that the annotation names, or else those that are at least partly
	// in its span.
	Tokens []*Token
	// Time is the stretch of the recording that is annotated, from the anchor or the named tokens, or nil.
	Time *layers.TemporalSpan
	// Dependent and Head are the ends of an arc. Both are nil if the annotation is not an arc between tokens. Head
	// alone is nil if the arc starts at the root, or at an annotation that is one of the arguments. Dependent alone is
	// nil if the arc leads to such an annotation.
	Dependent, Head *Token
	// Parent, Children and Arguments are the annotations that this one names. Children also has the annotations that
	// name this one as their parent.
	Parent    *Annotation
	Children  []*Annotation
	Arguments []Argument
	// Members are the members of clusters that refer to this annotation.
	Members []*Member
	// Problems lists the references and places in the annotation that are wrong.
	Problems []*Problem
}

// Argument is an argument of an annotation: its role and what fills it.
type Argument struct {
	Role string
	// Target is the annotation, or nil if it is in another layer, or elsewhere: see anchor.OnlyTarget.
	Target *Annotation
	Value  *annotation.ArgumentRef
}

// IsRoot reports whether the annotation is an arc to a token that has no head.
func (a *Annotation) IsRoot() bool {
	return a.Dependent != nil && a.Head == nil && a.Value.HeadIndex.Or(-1) == -1 && len(a.Arguments) == 0
}

// single returns the token that the annotation is about, or nil if it is not about exactly one whole token.
func (a *Annotation) single() *Token {
	if a.Dependent != nil {
		return a.Dependent
	}
	if len(a.Tokens) == 1 && a.exact() {
		return a.Tokens[0]
	}
	return nil
}

// exact reports whether the annotation's span is that of its first token. It is true if either has no span. The
// annotation must have tokens.
func (a *Annotation) exact() bool {
	token := a.Tokens[0]
	return a.Span == nil || token.Span == nil || *a.Span == *token.Span ||
		a.Span.ByteStart == token.Span.ByteStart && a.Span.ByteEnd == token.Span.ByteEnd
}

// problem adds a problem to an annotation and its expression.
func (e *Expression) problem(a *Annotation, path string, err error) {
	p := &Problem{a.Layer.URI, "/annotations/" + strconv.Itoa(a.Index) + path, err}
	a.Problems = append(a.Problems, p)
	e.note(p)
}

// resolve adds the annotations of a layer's record to the layer, with their places in the text, the annotations that
// they refer to, and their problems.
func (e *Expression) resolve(layer *Layer) {
	v := layer.Value
	layer.ids = make(map[string]*Annotation, len(v.Annotations))
	missing := error(nil) // why there is no tokenization
	if layer.Tokenization, missing = e.tokenization(v.TokenizationID); missing != nil && v.TokenizationID != nil {
		e.note(&Problem{layer.URI, "/tokenizationId", missing})
	}
	memory := make([]Annotation, len(v.Annotations))
	for i := range v.Annotations {
		a := &memory[i]
		*a = Annotation{Layer: layer, Index: i, Value: &v.Annotations[i]}
		layer.Annotations = append(layer.Annotations, a)
		if id := a.Value.UUID.Value; layer.ids[id] == nil {
			layer.ids[id] = a
		} else {
			e.problem(a, "/uuid", fmt.Errorf("%w: another annotation has the same UUID", ErrAmbiguous))
		}
	}
	for _, a := range layer.Annotations {
		e.place(a, missing)
		e.relate(a)
	}
	hulls(layer.Annotations)
	for _, a := range layer.Annotations {
		e.complete(a)
	}
	layer.sort()
}

// token returns the token that a field of an annotation names by its index, or nil. It adds a problem if there is no
// such token, or with the error missing if the layer has no tokenization.
func (e *Expression) token(a *Annotation, field string, index int64, missing error) *Token {
	if a.Layer.Tokenization == nil {
		e.problem(a, field, missing)
		return nil
	}
	token, err := a.Layer.Tokenization.token(index)
	if err != nil {
		e.problem(a, field, err)
	}
	return token
}

// place sets the text, the tokens and the time that an annotation is about. missing is the reason why its layer has no
// tokenization.
func (e *Expression) place(a *Annotation, missing error) {
	v := a.Value
	var spans *layers.Span // of the tokens
	add := func(token *Token) {
		if token != nil {
			a.Tokens = append(a.Tokens, token)
			spans = join(spans, token.Span)
		}
	}
	for _, p := range anchor.Places(v.Anchor) {
		path := "/anchor/" + p.String()
		named := func(id layers.UUID, field string, indexes ...int64) {
			t, err := e.tokenization(&id)
			if err != nil {
				e.problem(a, path+"/tokenizationId", err)
				return
			}
			first := len(a.Tokens) == 0 // several fields may describe the same place
			for i, index := range indexes {
				token, err := t.token(index)
				if err != nil {
					at := path + field
					if field == "/tokenIndexes" {
						at += "/" + strconv.Itoa(i)
					}
					e.problem(a, at, err)
				}
				if first {
					add(token)
				}
			}
		}
		switch p := p.(type) {
		case anchor.Text:
			if part, err := e.contents.Of(*p.Span); err != nil {
				e.problem(a, path, err)
			} else {
				a.Span, a.Text = &layers.Span{ByteStart: p.Span.ByteStart, ByteEnd: p.Span.ByteEnd}, part
			}
		case anchor.Token:
			named(p.Ref.TokenizationID, "/tokenIndex", p.Ref.TokenIndex)
		case anchor.Tokens:
			named(p.Ref.TokenizationID, "/tokenIndexes", p.Ref.TokenIndexes...)
		case anchor.Time:
			e.time(a, path, p.Span)
		case anchor.Region:
			e.time(a, path+"/temporalSpan", &p.Anchor.TemporalSpan)
		case anchor.Page, anchor.External: // a.Value has them
		case anchor.Unknown:
			e.problem(a, path, anchor.ErrUnknown)
		}
	}
	if index, ok := v.TokenIndex.Get(); ok {
		if token := e.token(a, "/tokenIndex", index, missing); token != nil && !slices.Contains(a.Tokens, token) {
			add(token)
		}
	}
	e.arc(a, missing)
	if a.Dependent != nil && len(a.Tokens) == 0 {
		add(a.Dependent)
	}
	if a.Span == nil {
		a.Span = spans
	}
	if a.Time == nil && len(a.Tokens) > 0 {
		for _, token := range a.Tokens {
			a.Time = joinTime(a.Time, token.Time)
		}
	}
}

// time sets the time that an annotation is about, or adds a problem if span is not valid.
func (e *Expression) time(a *Annotation, path string, span *layers.TemporalSpan) {
	if span.Start < 0 || span.Ending < span.Start {
		e.problem(a, path, errTime)
		return
	}
	a.Time = span
}

// joinTime returns the stretch of time from the earlier start to the later end; one that is nil covers nothing.
func joinTime(a, b *layers.TemporalSpan) *layers.TemporalSpan {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &layers.TemporalSpan{Start: min(a.Start, b.Start), Ending: max(a.Ending, b.Ending)}
}

// arc sets the ends of an arc. The field targetIndex names its dependent; in a layer of dependencies, or if the
// annotation has a headIndex, tokenIndex does so if there is no targetIndex.
func (e *Expression) arc(a *Annotation, missing error) {
	v := a.Value
	target, path := v.TargetIndex, "/targetIndex"
	_, hasHead := v.HeadIndex.Get()
	if !target.IsSet() && (hasHead || isTree(a.Layer.Value)) {
		target, path = v.TokenIndex, "/tokenIndex"
	}
	index, ok := target.Get()
	if !ok {
		if hasHead && len(v.Arguments) == 0 {
			e.problem(a, "/headIndex", fmt.Errorf("%w: the arc has a head but no dependent", ErrNoPlace))
		}
		if head := v.HeadIndex.Or(-1); head >= 0 && len(v.Arguments) > 0 {
			a.Head = e.token(a, "/headIndex", head, missing)
		}
		return
	}
	if path == "/targetIndex" {
		a.Dependent = e.token(a, path, index, missing)
	} else if a.Layer.Tokenization != nil {
		a.Dependent, _ = a.Layer.Tokenization.token(index) // place has reported it
	}
	switch head := v.HeadIndex.Or(-1); {
	case head >= 0:
		a.Head = e.token(a, "/headIndex", head, missing)
	case head < -1:
		e.problem(a, "/headIndex", fmt.Errorf("%w: %d", ErrNoToken, head))
	}
}

// isTree reports whether the annotations of a layer are arcs of a basic dependency tree.
func isTree(v *annotation.AnnotationLayer) bool {
	return v.Subkind.Or("") == annotation.AnnotationLayerSubkindDependency
}

// relate sets the parent and the arguments of an annotation, and adds it to the children of its parent.
func (e *Expression) relate(a *Annotation) {
	v, ids := a.Value, a.Layer.ids
	if v.ParentID != nil {
		if parent := ids[v.ParentID.Value]; parent != nil {
			a.Parent = parent
			parent.Children = append(parent.Children, a)
		} else {
			e.problem(a, "/parentId", ErrNoObject)
		}
	}
	for i, ref := range v.Arguments {
		arg := Argument{Role: ref.Role, Value: &v.Arguments[i]}
		target, err := anchor.OnlyTarget(&ref.Target)
		path := "/arguments/" + strconv.Itoa(i) + "/target"
		id, here := "", false
		switch t := target.(type) {
		case anchor.Local:
			id, here = t.ID.Value, true
		case anchor.Object:
			id, here = t.ID.Value, t.URI == a.Layer.URI
		}
		if here {
			if arg.Target = ids[id]; arg.Target == nil {
				err = ErrNoObject
			}
		}
		if err != nil {
			e.problem(a, path, err)
		}
		a.Arguments = append(a.Arguments, arg)
	}
}

// complete adds to an annotation the children that it names itself, the text and the tokens of its span, and a problem
// if it should have a place but has none.
func (e *Expression) complete(a *Annotation) {
	known := make(map[*Annotation]bool, len(a.Children))
	for _, child := range a.Children {
		known[child] = true
	}
	for i, id := range a.Value.ChildIDs {
		child := a.Layer.ids[id.Value]
		switch {
		case child == nil:
			e.problem(a, "/childIds/"+strconv.Itoa(i), ErrNoObject)
		case !known[child]:
			known[child] = true
			a.Children = append(a.Children, child)
		}
	}
	if a.Span != nil {
		if part, err := e.contents.Of(*a.Span); err == nil {
			a.Text = part
		}
	}
	if len(a.Tokens) == 0 && a.Span != nil {
		a.Tokens = e.tokensIn(a)
	}
	switch a.Layer.Value.Kind {
	case annotation.AnnotationLayerKindTokenTag, annotation.AnnotationLayerKindSpan, annotation.AnnotationLayerKindTier:
		if v := a.Value; v.Anchor == nil && !v.TokenIndex.IsSet() && !v.TargetIndex.IsSet() && v.ParentID == nil && len(v.ChildIDs)+len(v.Arguments) == 0 {
			e.problem(a, "", ErrNoPlace)
		}
	}
}

// tokensIn returns the tokens in the span of an annotation. They share the memory of the tokenization.
func (e *Expression) tokensIn(a *Annotation) []*Token {
	t := a.Layer.Tokenization
	if t == nil && len(e.Tokenizations) > 0 {
		t = e.Tokenizations[0]
	}
	if t == nil || !t.ordered {
		return nil
	}
	first := sort.Search(len(t.Tokens), func(i int) bool { return t.Tokens[i].Span.ByteEnd > a.Span.ByteStart })
	last := sort.Search(len(t.Tokens), func(i int) bool { return t.Tokens[i].Span.ByteStart >= a.Span.ByteEnd })
	if first >= last {
		return nil
	}
	return t.Tokens[first:last:last]
}

// sort sets places: the annotations with a span, in the order of the text.
func (l *Layer) sort() {
	for _, a := range l.Annotations {
		if a.Span != nil {
			l.places = append(l.places, a)
		}
	}
	slices.SortStableFunc(l.places, func(a, b *Annotation) int { return cmp.Compare(a.Span.ByteStart, b.Span.ByteStart) })
}

// hulls sets the spans of annotations that have none of their own: each gets the span that its children and arguments
// cover. References that close a cycle are ignored.
func hulls(all []*Annotation) {
	const visiting, done = 1, 2
	state := make(map[*Annotation]byte, len(all))
	type frame struct {
		a    *Annotation
		next int
		span *layers.Span
	}
	for _, start := range all {
		if start.Span != nil || state[start] != 0 {
			continue
		}
		stack := []frame{{a: start}}
		state[start] = visiting
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			below := top.a.below(top.next)
			if below == nil && top.next >= top.a.countBelow() {
				state[top.a] = done
				top.a.Span = top.span
				stack = stack[:len(stack)-1]
				if len(stack) > 0 {
					up := &stack[len(stack)-1]
					up.span = join(up.span, top.a.Span)
				}
				continue
			}
			top.next++
			switch {
			case below == nil:
			case below.Span != nil:
				top.span = join(top.span, below.Span)
			case state[below] == 0:
				state[below] = visiting
				stack = append(stack, frame{a: below})
			}
		}
	}
}

// below returns the annotation with the index i among the children and arguments of an annotation, or nil if it was not
// found. There are countBelow of them.
func (a *Annotation) below(i int) *Annotation {
	if i < len(a.Children) {
		return a.Children[i]
	}
	i -= len(a.Children)
	if i < len(a.Value.ChildIDs) {
		return a.Layer.ids[a.Value.ChildIDs[i].Value]
	}
	i -= len(a.Value.ChildIDs)
	if i < len(a.Arguments) {
		return a.Arguments[i].Target
	}
	return nil
}

func (a *Annotation) countBelow() int {
	return len(a.Children) + len(a.Value.ChildIDs) + len(a.Arguments)
}

// Best returns the best layer of each group of alternative layers, in the given order. Layers are alternatives if they
// name the same layer as the best one (alternativesRef); the one with the lowest rank is returned. A layer without a
// rank comes first if it names no other layer, and otherwise last. Layers without alternatives are all returned.
func Best(all []*Layer) []*Layer {
	group := groups(all)
	best := map[syntax.ATURI]*Layer{}
	for _, layer := range all {
		if other := best[group(layer)]; other == nil || cmp.Or(compareRank(layer, other), cmp.Compare(layer.URI, other.URI)) < 0 {
			best[group(layer)] = layer
		}
	}
	var chosen []*Layer
	for _, layer := range all {
		if best[group(layer)] == layer {
			chosen = append(chosen, layer)
		}
	}
	return chosen
}

// groups returns a function that returns the same URI for layers that are alternatives of each other.
func groups(all []*Layer) func(*Layer) syntax.ATURI {
	up := map[syntax.ATURI]syntax.ATURI{}
	find := func(uri syntax.ATURI) syntax.ATURI {
		for up[uri] != "" && up[uri] != uri {
			if next := up[up[uri]]; next != "" {
				up[uri] = next
			}
			uri = up[uri]
		}
		return uri
	}
	for _, layer := range all {
		if best, ok := layer.Value.AlternativesRef.Get(); ok {
			a, b := find(layer.URI), find(best)
			// The smaller URI stands for the group, whatever the order of the layers.
			up[max(a, b)] = min(a, b)
		}
	}
	return func(layer *Layer) syntax.ATURI { return find(layer.URI) }
}

// compareRank compares the ranks of two alternative layers: see [Best].
func compareRank(a, b *Layer) int {
	rank := func(l *Layer) int64 {
		if r, ok := l.Value.Rank.Get(); ok {
			return r
		}
		if l.Value.AlternativesRef.IsSet() {
			return 1<<63 - 1
		}
		return 1
	}
	return cmp.Compare(rank(a), rank(b))
}
