package view

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/feature"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Expression returns the section of an expression: its text, and a picture of each of its sentences, or of the
// expression itself if it has no sentences. At most [draw.MaxSentences] sentences are read. Problems are stated in
// notes. The error is that of [reading.Expression.Sentences].
func Expression(ctx context.Context, e *reading.Expression) (draw.Section, error) {
	v := e.Value
	s := section{draw.Section{Title: title(v.ID, string(v.Kind)), Language: only(v.Languages)}}
	s.fact("record", e.URI)
	s.fact("languages", strings.Join(v.Languages, ", "))
	s.fact("part of", v.ParentRef.Or(""))
	s.fact("created", v.CreatedAt)
	if e.Media != nil {
		s.fact("recording", title(e.Media.Value.Title.Or(""), string(e.Media.Value.Kind)))
		if d, ok := e.Media.Value.DurationMs.Get(); ok {
			s.fact("duration", clock(d))
		}
	}
	s.fact("media record", v.MediaRef.Or(""))
	s.Tree = fields(v, "$type", "id", "kind", "text", "languages", "parentRef", "mediaRef", "createdAt")
	if err := s.sentences(ctx, e, ""); err != nil {
		return s.Section, err
	}
	return s.Section, nil
}

// sentences adds pictures of the sentences of an expression with their annotations: those of the record at about, or
// all if about is "".
func (s *section) sentences(ctx context.Context, e *reading.Expression, about syntax.ATURI) error {
	id := e.Value.ID
	problems := e.Problems
	whole := true // the only sentence is the expression itself
	n := 0
	for part, err := range e.Sentences(ctx) {
		if err != nil {
			return err
		}
		if n++; n > draw.MaxSentences {
			s.Notes = append(s.Notes, fmt.Sprintf("the first %d sentences are shown", draw.MaxSentences))
			break
		}
		if part.URI == e.URI {
			break
		}
		whole = false
		problems = append(problems[:len(problems):len(problems)], part.Problems...)
		of := sentences(part, about)
		if len(of) > 0 && of[0].Language == "" {
			of[0].Language = s.Language
		}
		s.Sentences = append(s.Sentences, of...)
	}
	if whole {
		s.Text = e.Text
		s.Sentences = sentences(e, about)
		for i := range s.Sentences {
			s.Sentences[i].Title = strings.TrimPrefix(strings.TrimPrefix(s.Sentences[i].Title, id), separator)
		}
	} else {
		s.Notes = append(s.Notes, elsewhere(e, about)...)
		s.Tables = clusterTables(e, about)
	}
	if about != "" {
		problems = slices.DeleteFunc(slices.Clone(problems), func(p *reading.Problem) bool { return p.URI != about })
	}
	s.Notes = append(s.Notes, problemNotes(problems)...)
	return nil
}

// maxText is the length of the longest text that is divided into words here, and maxTags that of the tags of a token,
// in bytes.
const maxText, maxTags = 20_000, 2_000

// maxListed is the most problems that a section lists, and the most annotations without a place in a sentence.
const maxListed = 50

// problemNotes returns problems as notes, without repetitions.
func problemNotes(problems []*reading.Problem) (notes []string) {
	seen := map[string]bool{}
	for i, p := range problems {
		if len(notes) == maxListed {
			return append(notes, "… and "+count(len(problems)-i, "more problem"))
		}
		if note := p.Error(); !seen[note] {
			seen[note] = true
			notes = append(notes, note)
		}
	}
	return notes
}

// separator separates the name of an expression from that of a tokenization in a title.
const separator = " · "

// only returns the only one of several strings, or "".
func only(s []string) string {
	if len(s) == 1 {
		return s[0]
	}
	return ""
}

// elsewhere returns notes about the annotations of an expression that are drawn in none of its sentences, because they
// have no place in the text. If about is not "", only those of the layer at about are returned.
func elsewhere(e *reading.Expression, about syntax.ATURI) (notes []string) {
	names := layerNames(e.Layers)
	more := 0
	for i, layer := range e.Layers {
		if about != "" && layer.URI != about {
			continue
		}
		for _, a := range layer.Annotations {
			switch {
			case a.Dependent != nil || len(a.Tokens) > 0 || a.Span != nil:
			case len(notes) < maxListed:
				notes = append(notes, names[i]+": "+noteOf(a))
			default:
				more++
			}
		}
	}
	if more > 0 {
		notes = append(notes, "… and "+count(more, "more annotation"))
	}
	return notes
}

// clusterTables returns a table of each cluster set of an expression, or only of the one at about if that is not "".
func clusterTables(e *reading.Expression, about syntax.ATURI) (tables []draw.Table) {
	for _, set := range e.Clusters {
		if about != "" && set.URI != about {
			continue
		}
		t := draw.Table{Title: string(set.Value.Kind), Columns: []string{"#", "label", "members"}, Numbers: []int{0}}
		for _, c := range set.Clusters {
			var members []string
			for _, m := range c.Members {
				if len(members) == 20 {
					members = append(members, "…")
					break
				}
				members = append(members, memberText(m))
			}
			t.Rows = append(t.Rows, []string{fmt.Sprint(c.Index + 1), c.Value.CanonicalLabel.Or(""), strings.Join(members, ", ")})
			if len(t.Rows) > draw.MaxRows {
				break // the last one is counted as left out
			}
		}
		tables = append(tables, t)
	}
	return tables
}

// memberText returns a text for a member of a cluster.
func memberText(m *reading.Member) string {
	switch {
	case m.Annotation != nil:
		return m.Annotation.Text
	case m.Elsewhere != nil:
		return labelOf(m.Elsewhere) + " (elsewhere)"
	}
	switch target := m.Target.(type) {
	case anchor.Knowledge:
		return strings.TrimSpace(fmt.Sprintf("%s %s %s", target.Ref.Source, target.Ref.Identifier, target.Ref.Label.Or("")))
	case anchor.Record:
		return string(target.URI)
	case anchor.Local, anchor.Object, anchor.Unknown:
	}
	return "a member that was not found"
}

// Sentences returns an expression as one sentence for each of its tokenizations, with its annotations: first the layers
// of word annotations in the order that is usual in linguistics, then other layers in the order of the expression, and
// then its clusters. A layer without a tokenization belongs to the main one. A text that is annotated without a
// tokenization is divided at word boundaries, and a note says so.
func Sentences(e *reading.Expression) []draw.Sentence { return sentences(e, "") }

// sentences is [Sentences] with only the annotations of the record at about, or with all if about is "".
func sentences(e *reading.Expression, about syntax.ATURI) []draw.Sentence {
	v := e.Value
	main := e.Tokenization()
	if main == nil && len(e.Layers) == 0 && len(e.Clusters) == 0 {
		return nil
	}
	var tokenizations []*reading.Tokenization
	if main != nil {
		tokenizations = append(tokenizations, main)
	}
	for _, t := range e.Tokenizations {
		if t != main {
			tokenizations = append(tokenizations, t)
		}
	}
	names := layerNames(e.Layers)
	var out []draw.Sentence
	for i := range max(1, len(tokenizations)) {
		if about != "" && len(tokenizations) > 0 && !concerns(e, about, tokenizations[i], main) {
			continue
		}
		b := builder{s: draw.Sentence{Title: v.ID, Language: only(v.Languages)}, main: i == 0}
		if main == nil {
			b.words(e.Text)
		} else {
			b.tokens(tokenizations[i])
			if len(tokenizations) > 1 {
				b.s.Title += separator + string(tokenizations[i].Value.Kind)
			}
		}
		for _, n := range layerOrder(e.Layers) {
			layer := e.Layers[n]
			if about != "" && layer.URI != about {
				continue
			}
			if layer.Tokenization == b.of || layer.Tokenization == nil && b.main {
				b.layer(names[n], layer)
			}
		}
		for _, set := range e.Clusters {
			if about == "" || set.URI == about {
				b.clusters(set)
			}
		}
		out = append(out, b.s)
	}
	return out
}

// concerns reports whether the record at about is drawn on the tokenization t: a segmentation is drawn on each of its
// own tokenizations, a layer on the one to which it refers, and any other record on the main one.
func concerns(e *reading.Expression, about syntax.ATURI, t, main *reading.Tokenization) bool {
	switch about.Collection() {
	case segmentation.NSIDSegmentation:
		return t.Segmentation.URI == about
	case annotation.NSIDAnnotationLayer:
		for _, layer := range e.Layers {
			if layer.URI == about && layer.Tokenization != nil {
				return layer.Tokenization == t
			}
		}
	}
	return t == main
}

// wordLayers are the subkinds of the layers that are drawn first, in their order.
var wordLayers = []annotation.AnnotationLayerSubkind{
	annotation.AnnotationLayerSubkindPos, annotation.AnnotationLayerSubkindXpos, annotation.AnnotationLayerSubkindLemma,
	annotation.AnnotationLayerSubkindMorph, annotation.AnnotationLayerSubkindGloss,
	annotation.AnnotationLayerSubkindDependency, annotation.AnnotationLayerSubkindEnhancedDependency,
}

// layerOrder returns the indexes of layers in the order in which they are drawn.
func layerOrder(all []*reading.Layer) []int {
	order := make([]int, len(all))
	place := func(i int) int {
		if at := slices.Index(wordLayers, all[i].Value.Subkind.Or("")); at >= 0 {
			return at
		}
		return len(wordLayers)
	}
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place(a) - place(b) })
	return order
}

// layerNames returns the names of layers: their subkinds, or else their kinds, with ranks or numbers that distinguish
// layers of the same subkind.
func layerNames(all []*reading.Layer) []string {
	names := make([]string, len(all))
	seen := map[string]int{}
	for i, layer := range all {
		v := layer.Value
		name := string(v.Subkind.Or(annotation.AnnotationLayerSubkind(v.Kind)))
		if v.Subkind.Or("") == annotation.AnnotationLayerSubkindCustom {
			name = v.LabelSet.Or(name)
		}
		if rank, ok := v.Rank.Get(); ok && rank > 1 {
			name += fmt.Sprint(" rank ", rank)
		}
		if seen[name]++; seen[name] > 1 {
			name += fmt.Sprintf(" (%d)", seen[name])
		}
		names[i] = name
	}
	return names
}

// builder builds the sentence of one tokenization.
type builder struct {
	s draw.Sentence
	// of is the tokenization. If the expression has none, of is nil, and plain has the words of the text.
	of    *reading.Tokenization
	plain []segmentation.Token
	main  bool
}

// tokens adds the tokens of a tokenization, and their times as a layer.
func (b *builder) tokens(t *reading.Tokenization) {
	b.of = t
	times := draw.Layer{Name: "time"}
	for i, token := range t.Tokens {
		b.s.Tokens = append(b.s.Tokens, token.Text)
		if token.Time != nil {
			for len(times.Tags) <= i {
				times.Tags = append(times.Tags, "")
			}
			times.Tags[i] = clock(token.Time.Start)
		}
	}
	if len(times.Tags) > 0 {
		b.s.Layers = append(b.s.Layers, times)
	}
}

// words adds the words of a text without a tokenization as tokens.
func (b *builder) words(content string) {
	note := draw.Layer{Name: "tokens", Notes: []string{"there is no tokenization: the text is divided at word boundaries"}}
	if len(content) > maxText {
		note.Notes = append(note.Notes, fmt.Sprintf("only the beginning of the text is shown, which has %d bytes", len(content)))
		content = quote.Cut(content, maxText)
	}
	if b.plain = text.Tokenize(content); len(b.plain) > 0 {
		b.s.Layers = append(b.s.Layers, note)
	}
	for i := range b.plain {
		b.s.Tokens = append(b.s.Tokens, b.plain[i].Text.Or(""))
	}
}

// place returns the sorted indexes of the tokens that an annotation is about, without repetitions.
func (b *builder) place(a *reading.Annotation) []int {
	var out []int
	if b.of == nil {
		if a.Span != nil {
			for _, i := range text.TokensIn(b.plain, *a.Span) {
				out = append(out, int(i))
			}
		}
		return out
	}
	for _, token := range a.Tokens {
		if b.has(token) {
			out = append(out, token.Index)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// has reports whether a token belongs to the tokenization of the sentence.
func (b *builder) has(token *reading.Token) bool {
	return b.of != nil && token.Index < len(b.of.Tokens) && b.of.Tokens[token.Index] == token
}

// layer adds a layer. An annotation of a single token becomes a tag, or a span if [tags] returns false; one of several
// tokens becomes a span; and a relation between tokens becomes an arc. Other annotations become notes.
func (b *builder) layer(name string, layer *reading.Layer) {
	out, more := draw.Layer{Name: name}, draw.Layer{Name: name + " features"}
	if len(b.s.Layers) > draw.MaxLayers {
		b.s.Layers = append(b.s.Layers, out) // it is counted, and not drawn
		return
	}
	tag := func(l *draw.Layer, at int, value string) {
		if l.Tags == nil {
			l.Tags = make([]string, min(len(b.s.Tokens), draw.MaxTokens))
		}
		switch {
		case at >= len(l.Tags):
		case l.Tags[at] == "":
			l.Tags[at] = value
		case len(l.Tags[at]) < maxTags:
			l.Tags[at] += " | " + value
		}
	}
	for _, a := range layer.Annotations {
		if len(out.Spans) >= draw.MaxSpans {
			out.Spans = append(out.Spans, draw.Span{}) // it is counted, and not drawn
			continue
		}
		label, features := labelOf(a.Value), joined(a)
		at := b.place(a)
		switch {
		case a.Dependent != nil && b.has(a.Dependent) && (a.IsRoot() || a.Head != nil && b.has(a.Head)):
			arc := draw.Arc{Head: draw.Root, Dependent: a.Dependent.Index, Label: label}
			if a.Head != nil {
				arc.Head = a.Head.Index
			}
			out.Arcs = append(out.Arcs, arc)
		case len(at) == 1 && len(a.Arguments) == 0 && tags(layer.Value.Kind, a):
			if label == "" {
				label, features = features, ""
			}
			tag(&out, at[0], label)
			if features != "" {
				tag(&more, at[0], features)
			}
			continue
		case len(at) > 0:
			out.Spans = append(out.Spans, draw.Span{Tokens: at, Label: label})
		default:
			out.Notes = append(out.Notes, noteOf(a))
			continue
		}
		if len(a.Arguments) > 0 || features != "" {
			out.Notes = append(out.Notes, noteOf(a))
		}
	}
	b.s.Layers = append(b.s.Layers, out)
	if more.Tags != nil {
		b.s.Layers = append(b.s.Layers, more)
	}
}

// tags reports whether an annotation of a single token is drawn as a tag, and not as a span.
func tags(kind annotation.AnnotationLayerKind, a *reading.Annotation) bool {
	switch kind {
	case annotation.AnnotationLayerKindTokenTag:
		return true
	case annotation.AnnotationLayerKindSpan, annotation.AnnotationLayerKindTree:
		return false
	}
	return a.Value.TokenIndex.IsSet()
}

// labelOf returns the label or the value of an annotation, or label=value if it has both.
func labelOf(a *annotation.Annotation) string {
	label, value := a.Label.Or(""), a.Value.Or("")
	if label != "" && value != "" {
		return label + "=" + value
	}
	return label + value
}

// joined returns the features of an annotation as text, such as Case=Nom|Number=Sing.
func joined(a *reading.Annotation) string {
	var all []string
	for key, value := range feature.All(a.Value.Features) {
		all = append(all, key+"="+value)
	}
	return strings.Join(all, "|")
}

// noteOf returns a note with what an annotation says: its label, its text and place, its arguments and its features.
func noteOf(a *reading.Annotation) string {
	parts := []string{}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(labelOf(a.Value))
	switch {
	case a.Text != "":
		add("“" + quote.Cut(a.Text, 200) + "”")
	case a.Value.Text.IsSet():
		add("“" + quote.Cut(a.Value.Text.Or(""), 200) + "”")
	}
	if a.Time != nil {
		add("at " + clock(a.Time.Start) + " to " + clock(a.Time.Ending))
	}
	for _, p := range anchor.Places(a.Value.Anchor) {
		switch p := p.(type) {
		case anchor.Page:
			add(fmt.Sprint("on page ", p.Anchor.Page))
		case anchor.External:
			add("at " + string(p.Target.Source))
		case anchor.Text, anchor.Token, anchor.Tokens, anchor.Time, anchor.Region, anchor.Unknown:
		}
	}
	for i, arg := range a.Arguments {
		if i == 20 {
			add("…")
			break
		}
		target := "elsewhere"
		if arg.Target != nil {
			if target = arg.Target.Text; target == "" {
				target = labelOf(arg.Target.Value)
			}
		}
		add(arg.Role + ": " + target)
	}
	if f := joined(a); f != "" {
		add("[" + f + "]")
	}
	if len(parts) == 0 {
		return fmt.Sprintf("annotation %d has no content", a.Index+1)
	}
	return strings.Join(parts, ", ")
}

// clusters adds the members of a cluster set that are in the sentence as spans. The number of a cluster is its index in
// the record plus 1.
func (b *builder) clusters(set *reading.ClusterSet) {
	out := draw.Layer{Name: string(set.Value.Kind)}
	for _, c := range set.Clusters {
		number := c.Index + 1
		label := strings.TrimSpace(fmt.Sprint(number, " ", c.Value.CanonicalLabel.Or("")))
		for _, m := range c.Members {
			if m.Annotation != nil {
				if at := b.place(m.Annotation); len(at) > 0 {
					out.Spans = append(out.Spans, draw.Span{Tokens: at, Label: label, Cluster: number})
					continue
				}
			}
			if b.main {
				out.Notes = append(out.Notes, label+": "+memberText(m))
			}
		}
	}
	if len(out.Spans) > 0 || len(out.Notes) > 0 {
		b.s.Layers = append(b.s.Layers, out)
	}
}
