package treebank

import (
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// The indexes of a unit's layers in [tiers], one for each kind of annotation.
const (
	lemmas = iota
	universal
	specific
	morphology
	dependencies
	enhanced
	multiword
	miscellaneous
	tierCount
)

// The label sets of the two layers that have the subkind custom, by which Export recognizes them.
const (
	labelsMultiword = "conllu-multiword-tokens"
	labelsMisc      = "conllu-misc"
)

// tiers has for each layer its name, from which the record key is derived, and the fields of its record that say what
// it annotates.
var tiers = [tierCount]struct {
	name  string
	layer annotation.AnnotationLayer
}{
	lemmas:        {"lemma", tier(annotation.AnnotationLayerKindTokenTag, annotation.AnnotationLayerSubkindLemma, "")},
	universal:     {"pos", tier(annotation.AnnotationLayerKindTokenTag, annotation.AnnotationLayerSubkindPos, "universal-pos")},
	specific:      {"xpos", tier(annotation.AnnotationLayerKindTokenTag, annotation.AnnotationLayerSubkindXpos, "")},
	morphology:    {"morph", tier(annotation.AnnotationLayerKindTokenTag, annotation.AnnotationLayerSubkindMorph, "universal-features")},
	dependencies:  {"dependency", tier(annotation.AnnotationLayerKindGraph, annotation.AnnotationLayerSubkindDependency, "universal-dependencies")},
	enhanced:      {"enhanced-dependency", tier(annotation.AnnotationLayerKindGraph, annotation.AnnotationLayerSubkindEnhancedDependency, "universal-dependencies")},
	multiword:     {"multiword", tier(annotation.AnnotationLayerKindSpan, annotation.AnnotationLayerSubkindCustom, labelsMultiword)},
	miscellaneous: {"misc", tier(annotation.AnnotationLayerKindTokenTag, annotation.AnnotationLayerSubkindCustom, labelsMisc)},
}

// tier returns a layer's record with the fields that are the same in each import.
func tier(kind annotation.AnnotationLayerKind, subkind annotation.AnnotationLayerSubkind, labels string) annotation.AnnotationLayer {
	layer := annotation.AnnotationLayer{
		Kind:      kind,
		Subkind:   lex.Some(subkind),
		Formalism: lex.Some(annotation.AnnotationLayerFormalismUniversalDependencies),
	}
	if labels != "" {
		layer.LabelSet = lex.Some(labels)
	}
	return layer
}

// The roles of the arguments with which an edge refers to an empty node, which has no token index.
const (
	roleHead   = "head"
	roleTarget = "target"
)

// annotator makes the tokens and annotations of a unit.
type annotator struct {
	keys         derivation
	tokenization layers.UUID
	tokens       []segmentation.Token
	annotations  [tierCount][]annotation.Annotation
}

// newAnnotator returns an annotator for the unit called name, with room for the tokens and annotations of its
// sentences.
func newAnnotator(keys derivation, name string, sentences []*sentence) *annotator {
	a := &annotator{keys: keys, tokenization: keys.uuid("tokenization", name)}
	// Annotations are large: count them first, so that their slices need not grow.
	var count [tierCount]int
	rows := 0
	for _, s := range sentences {
		for i := range s.Rows {
			r := &s.Rows[i]
			rows++
			if r.Deps != conllu.None {
				count[enhanced] += strings.Count(r.Deps, "|") + 1
			}
			switch {
			case r.ID.IsRange():
				count[multiword]++
				continue
			case r.ID.IsEmpty():
				count[enhanced]++
				continue
			}
			for tier, column := range [...]string{lemmas: r.Lemma, universal: r.UPOS, specific: r.XPOS, morphology: r.Feats, dependencies: r.Head, miscellaneous: r.Misc} {
				if column != conllu.None && tier != enhanced && tier != multiword {
					count[tier]++
				}
			}
		}
	}
	a.tokens = make([]segmentation.Token, 0, rows)
	for tier, n := range count {
		a.annotations[tier] = make([]annotation.Annotation, 0, n)
	}
	return a
}

// sentence adds the annotations of a sentence.
func (a *annotator) sentence(s *sentence) {
	base := int64(len(a.tokens)) - 1 // plus a word's number: the index of its token
	index := func(word int) lex.Opt[int64] { return lex.SomeInt(base + int64(word)) }
	nodes := map[conllu.ID]layers.UUID{}
	for i := range s.Rows {
		if id := s.Rows[i].ID; id.IsEmpty() {
			nodes[id] = a.uuid(s, enhanced, id.String())
		}
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		id := r.ID.String()
		add := func(tier int, x annotation.Annotation) {
			x.UUID = a.uuid(s, tier, id)
			a.annotations[tier] = append(a.annotations[tier], x)
		}
		switch {
		case r.ID.IsRange():
			tokens := &layers.TokenRefSequence{TokenizationID: a.tokenization}
			for word := r.ID.Word; word <= r.ID.Last; word++ {
				tokens.TokenIndexes = append(tokens.TokenIndexes, base+int64(word))
			}
			add(multiword, annotation.Annotation{
				Anchor:   &layers.Anchor{TokenRefSequence: tokens, TextSpan: span(s, i)},
				Text:     lex.Some(r.Form),
				Features: rowFeatures(nil, r),
			})
			continue
		case r.ID.IsEmpty():
			// An empty node has the index of the word before it, or of the first word.
			add(enhanced, annotation.Annotation{
				TokenIndex: index(max(r.ID.Word, 1)),
				Text:       lex.Some(r.Form),
				Features:   rowFeatures([]layers.Feature{{Key: keyID, Value: id}}, r),
			})
		default:
			a.tokens = append(a.tokens, segmentation.Token{
				TokenIndex: base + int64(r.ID.Word),
				Text:       lex.Some(r.Form),
				TextSpan:   span(s, i),
			})
			a.word(r, index, add)
		}
		a.edges(s, r, index, nodes)
	}
}

// word adds the annotations of a word.
func (a *annotator) word(r *conllu.Row, index func(word int) lex.Opt[int64], add func(int, annotation.Annotation)) {
	token := index(r.ID.Word)
	if r.Lemma != conllu.None {
		add(lemmas, annotation.Annotation{TokenIndex: token, Value: lex.Some(r.Lemma)})
	}
	if r.UPOS != conllu.None {
		add(universal, annotation.Annotation{TokenIndex: token, Label: lex.Some(r.UPOS)})
	}
	if r.XPOS != conllu.None {
		add(specific, annotation.Annotation{TokenIndex: token, Label: lex.Some(r.XPOS)})
	}
	if r.Feats != conllu.None {
		features := &layers.FeatureMap{}
		for f := range r.Features() {
			features.Entries = appendItem(features.Entries, f.Name+"="+f.Value)
		}
		add(morphology, annotation.Annotation{TokenIndex: token, Features: features})
	}
	if r.Misc != conllu.None {
		features := &layers.FeatureMap{}
		for item := range r.MiscItems() {
			features.Entries = appendItem(features.Entries, item)
		}
		add(miscellaneous, annotation.Annotation{TokenIndex: token, Features: features})
	}
	if r.Head != conllu.None || r.Deprel != conllu.None {
		x := annotation.Annotation{TargetIndex: token}
		if head, err := strconv.Atoi(r.Head); err == nil && head == 0 {
			x.HeadIndex = lex.SomeInt(-1)
		} else if err == nil {
			x.HeadIndex = index(head)
		} else {
			// State that there is no head: other programs leave out the head of the root.
			x.Features = &layers.FeatureMap{Entries: []layers.Feature{{Key: "HEAD", Value: conllu.None}}}
		}
		if r.Deprel != conllu.None {
			x.Label = lex.Some(r.Deprel)
		}
		add(dependencies, x)
	}
}

// edges adds the edges of the enhanced graph that lead to a word or an empty node.
func (a *annotator) edges(s *sentence, r *conllu.Row, index func(word int) lex.Opt[int64], nodes map[conllu.ID]layers.UUID) {
	seen := map[conllu.Edge]int{}
	for edge := range r.Edges() {
		x := annotation.Annotation{Label: lex.Some(edge.Relation)}
		refer := func(role string, id conllu.ID) {
			node := nodes[id]
			x.Arguments = append(x.Arguments, annotation.ArgumentRef{Role: role, Target: layers.ObjectRef{LocalID: &node}})
		}
		switch {
		case edge.Head.IsEmpty():
			refer(roleHead, edge.Head)
		case edge.Head.Word == 0:
			x.HeadIndex = lex.SomeInt(-1)
		default:
			x.HeadIndex = index(edge.Head.Word)
		}
		if r.ID.IsEmpty() {
			refer(roleTarget, r.ID)
		} else {
			x.TargetIndex = index(r.ID.Word)
		}
		seen[edge]++
		x.UUID = a.uuid(s, enhanced, r.ID.String(), edge.Head.String(), edge.Relation, strconv.Itoa(seen[edge]))
		a.annotations[enhanced] = append(a.annotations[enhanced], x)
	}
}

// uuid returns the UUID of an annotation in a layer of a sentence, derived from the parts.
func (a *annotator) uuid(s *sentence, tier int, parts ...string) layers.UUID {
	return a.keys.uuid(append([]string{"annotation", tiers[tier].name, s.id}, parts...)...)
}

// span returns the place of a row in the text of its unit.
func span(s *sentence, row int) *layers.Span {
	at := s.surface.Spans[row]
	return &layers.Span{ByteStart: int64(s.start + at.Start), ByteEnd: int64(s.start + at.End)}
}

// rowFeatures appends features with the columns of a row that is not a word (a multiword token or an empty node):
// LEMMA, UPOS, XPOS, FEATS and MISC. It returns nil if there are no features.
func rowFeatures(entries []layers.Feature, r *conllu.Row) *layers.FeatureMap {
	for _, column := range []struct{ name, value string }{
		{"LEMMA", r.Lemma}, {"UPOS", r.UPOS}, {"XPOS", r.XPOS}, {"FEATS", r.Feats}, {"MISC", r.Misc},
	} {
		if column.value != conllu.None {
			entries = appendFeature(entries, column.name, column.value)
		}
	}
	if entries == nil {
		return nil
	}
	return &layers.FeatureMap{Entries: entries}
}
