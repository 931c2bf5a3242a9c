package treebank

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// ErrNoTokens says that a sentence cannot be exported because it has no tokens.
var ErrNoTokens = errors.New("no tokens")

// Export writes a document, or any other expression of the set, as CoNLL-U: the expressions of the kind "sentence" in
// it, or the expression itself if it has none. If a sentence has no tokens, the error wraps [ErrNoTokens] and names the
// sentence; other errors say what the format cannot express, or are those of w.
func (s *Set) Export(w io.Writer, document syntax.ATURI) error {
	if s.expressions[document] == nil {
		return fmt.Errorf("treebank: %s: no such expression", document)
	}
	s.sort()
	x := &exporter{set: s, out: bufio.NewWriterSize(w, 64<<10)}
	if err := x.expression(document, nil, 0); err != nil {
		return err
	}
	return x.out.Flush()
}

// exporter writes one document.
type exporter struct {
	set *Set
	out *bufio.Writer
	buf []byte
}

// expression writes the sentences of the expression at uri. above is its parent's part of a text with tokens, or nil if
// the parent is not part of such a text; depth is the number of expressions above it.
func (x *exporter) expression(uri syntax.ATURI, above *part, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("treebank: %s: expressions are nested more than %d deep", uri, maxDepth)
	}
	e := x.set.expressions[uri]
	var here *part
	switch {
	case len(x.set.segmentations[uri]) > 0:
		t, err := x.tokens(uri)
		if err != nil {
			return err
		}
		here = &part{tokens: t, end: len(e.Text.Or("")), own: true}
	case above != nil && e.Anchor != nil && e.Anchor.TextSpan != nil:
		span := e.Anchor.TextSpan
		here = &part{tokens: above.tokens, start: above.start + int(span.ByteStart), end: above.start + int(span.ByteEnd)}
	}
	children := x.set.children[uri]
	if e.Kind == expression.ExpressionKindSentence || len(children) == 0 {
		return x.sentence(uri, e, here)
	}
	for _, child := range children {
		if err := x.expression(child, here, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// part is the stretch of a text with tokens that an expression covers, in bytes.
type part struct {
	tokens     *tokens
	start, end int
	// own says that the text is that of the expression itself, so that all tokens belong to it.
	own bool
}

// tokens has the tokens of an expression with their annotations. Its maps have indexes of tokens as keys, unless a
// comment says otherwise.
type tokens struct {
	text   string
	tokens []segmentation.Token
	tags   [tierCount]map[int64]*annotation.Annotation
	// edges are the edges of the enhanced graph by their dependent, and nodes the empty nodes by the word before them.
	edges map[int64][]*annotation.Annotation
	nodes map[int64][]*annotation.Annotation
	// targets are the edges that lead to an empty node, and ids the IDs of the nodes, both by the UUIDs of the nodes.
	targets map[string][]*annotation.Annotation
	ids     map[string]string
	// ranges are the multiword tokens by their first word.
	ranges map[int64]*annotation.Annotation
}

// tokens reads the first tokenization of an expression, and the layers on it.
func (x *exporter) tokens(uri syntax.ATURI) (*tokens, error) {
	var tokenization *segmentation.Tokenization
	for _, p := range x.set.segmentations[uri] {
		if len(p.value.Tokenizations) > 0 {
			tokenization = &p.value.Tokenizations[0]
			break
		}
	}
	if tokenization == nil {
		return nil, fmt.Errorf("treebank: %s: %w", uri, ErrNoTokens)
	}
	t := &tokens{
		text: x.set.expressions[uri].Text.Or(""), tokens: tokenization.Tokens,
		edges: map[int64][]*annotation.Annotation{}, nodes: map[int64][]*annotation.Annotation{},
		targets: map[string][]*annotation.Annotation{}, ids: map[string]string{}, ranges: map[int64]*annotation.Annotation{},
	}
	for i := range t.tokens {
		if t.tokens[i].TokenIndex != int64(i) {
			return nil, fmt.Errorf("treebank: %s: token %d of the tokenization %s has the wrong tokenIndex %d", uri, i, tokenization.UUID.Value, t.tokens[i].TokenIndex)
		}
	}
	for _, p := range x.set.layers[uri] {
		layer := p.value
		if layer.TokenizationID != nil && layer.TokenizationID.Value != tokenization.UUID.Value {
			continue
		}
		if tier := tierOf(layer); tier >= 0 && t.tags[tier] == nil {
			t.tags[tier] = map[int64]*annotation.Annotation{}
			for i := range layer.Annotations {
				t.add(tier, &layer.Annotations[i])
			}
		}
	}
	return t, nil
}

// tierOf returns the index of a layer in [tiers], or -1 if it is none of the layers of a treebank.
func tierOf(layer *annotation.AnnotationLayer) int {
	subkind, _ := layer.Subkind.Get()
	switch labels := layer.LabelSet.Or(""); {
	case subkind == annotation.AnnotationLayerSubkindLemma:
		return lemmas
	case subkind == annotation.AnnotationLayerSubkindPos:
		return universal
	case subkind == annotation.AnnotationLayerSubkindXpos:
		return specific
	case subkind == annotation.AnnotationLayerSubkindMorph:
		return morphology
	case subkind == annotation.AnnotationLayerSubkindDependency:
		return dependencies
	case subkind == annotation.AnnotationLayerSubkindEnhancedDependency:
		return enhanced
	case labels == labelsMultiword, layer.Kind == annotation.AnnotationLayerKindSpan && layer.Formalism.Or("") == annotation.AnnotationLayerFormalismConllU:
		return multiword
	case labels == labelsMisc:
		return miscellaneous
	}
	return -1
}

// add stores an annotation of a layer under the token or the empty node that it is about.
func (t *tokens) add(tier int, a *annotation.Annotation) {
	switch tier {
	case multiword:
		if a.Anchor != nil && a.Anchor.TokenRefSequence != nil && len(a.Anchor.TokenRefSequence.TokenIndexes) > 0 {
			t.ranges[a.Anchor.TokenRefSequence.TokenIndexes[0]] = a
		}
	case enhanced:
		if id, ok := find(a.Features, keyID); ok {
			index := a.TokenIndex.Or(0)
			t.nodes[index] = append(t.nodes[index], a)
			t.ids[a.UUID.Value] = id
			return
		}
		if target, ok := argument(a, roleTarget); ok {
			t.targets[target] = append(t.targets[target], a)
		} else if index, ok := dependent(a); ok {
			t.edges[index] = append(t.edges[index], a)
		}
	default:
		if index, ok := dependent(a); ok && t.tags[tier][index] == nil {
			t.tags[tier][index] = a
		}
	}
}

// dependent returns the index of the token that an annotation is about, and whether it names one.
func dependent(a *annotation.Annotation) (int64, bool) {
	if index, ok := a.TargetIndex.Get(); ok {
		return index, true
	}
	if index, ok := a.TokenIndex.Get(); ok {
		return index, true
	}
	if a.Anchor != nil && a.Anchor.TokenRef != nil {
		return a.Anchor.TokenRef.TokenIndex, true
	}
	return 0, false
}

// argument returns the UUID of the annotation that fills a role of an annotation, and whether there is one.
func argument(a *annotation.Annotation, role string) (string, bool) {
	for i := range a.Arguments {
		if arg := &a.Arguments[i]; arg.Role == role && arg.Target.LocalID != nil {
			return arg.Target.LocalID.Value, true
		}
	}
	return "", false
}

// sentence writes one sentence: the tokens of the part p, which is nil if the sentence has no tokens.
func (x *exporter) sentence(uri syntax.ATURI, e *expression.Expression, p *part) error {
	if p == nil {
		return fmt.Errorf("treebank: %s: %w", uri, ErrNoTokens)
	}
	first, last := p.words()
	if first == last {
		return fmt.Errorf("treebank: %s: %w", uri, ErrNoTokens)
	}
	out := conllu.Sentence{Comments: comments(e)}
	for i := first; i < last; i++ {
		w := word{tokens: p.tokens, first: int64(first), last: int64(last), index: int64(i)}
		if err := w.rows(&out); err != nil {
			return fmt.Errorf("treebank: %s: token %d: %w", uri, i, err)
		}
	}
	// Records from other programs may say what CoNLL-U cannot express.
	if err := out.Validate(); err != nil {
		return fmt.Errorf("treebank: %s: its annotations cannot be written as CoNLL-U: %w", uri, err)
	}
	x.buf = out.Append(x.buf[:0])
	_, err := x.out.Write(x.buf)
	return err
}

// words returns the index of the first token of a part, and the index after its last token.
func (p *part) words() (first, last int) {
	all := p.tokens.tokens
	if p.own {
		return 0, len(all)
	}
	within := func(i int) bool {
		span := all[i].TextSpan
		return span != nil && int(span.ByteStart) >= p.start && int(span.ByteEnd) <= p.end
	}
	// Tokens are in the order of the text.
	lo, hi := 0, len(all)
	for lo < hi {
		if mid := (lo + hi) / 2; all[mid].TextSpan == nil || int(all[mid].TextSpan.ByteStart) < p.start {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for last = lo; last < len(all) && within(last); last++ {
	}
	return lo, last
}

// comments returns the comments of a sentence: those that Import has stored, or else its ID, its text and its features.
func comments(e *expression.Expression) []string {
	text := e.Text.Or("")
	features := joined(e.Features)
	if len(features) > 0 && features[0].Key == keyMark {
		var out []string
		for _, f := range features[1:] {
			out = append(out, comment(f, text))
		}
		return out
	}
	out := []string{" sent_id = " + line(e.ID)}
	if text != "" {
		out = append(out, " text = "+line(text))
	}
	for _, f := range features {
		out = append(out, " "+line(f.Key)+" = "+line(f.Value))
	}
	return out
}

// line returns s with spaces in place of line breaks and tabs.
func line(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			return ' '
		}
		return r
	}, s)
}

// word writes the rows of one word of a sentence: of the token with the index index, in a sentence whose tokens have
// the indexes from first up to, but not including, last.
type word struct {
	*tokens
	first, last, index int64
}

// number returns the number of a token in the sentence, from 1. It returns an error if the token is not in the
// sentence.
func (w *word) number(index int64) (int, error) {
	if index < w.first || index >= w.last {
		return 0, fmt.Errorf("token %d is not in the sentence", index)
	}
	return int(index-w.first) + 1, nil
}

// rows appends the rows of the word, the multiword token that begins with it, and the empty nodes after it.
func (w *word) rows(out *conllu.Sentence) error {
	token := &w.tokens.tokens[w.index]
	n := int(w.index-w.first) + 1
	nodes := w.nodes[w.index]
	for len(nodes) > 0 && strings.HasPrefix(w.ids[nodes[0].UUID.Value], "0.") {
		if err := w.node(out, nodes[0]); err != nil {
			return err
		}
		nodes = nodes[1:]
	}
	if a := w.ranges[w.index]; a != nil {
		indexes := a.Anchor.TokenRefSequence.TokenIndexes
		last, err := w.number(indexes[len(indexes)-1])
		if err != nil {
			return err
		}
		row := blank(conllu.ID{Word: n, Last: last})
		columns(&row, a)
		if form, ok := find(a.Features, "form"); ok && row.Form == conllu.None {
			row.Form = form
		}
		out.Rows = append(out.Rows, row)
	}
	row := blank(conllu.ID{Word: n})
	row.Form = token.Text.Or("")
	if span := token.TextSpan; row.Form == "" && span != nil && 0 <= span.ByteStart && span.ByteStart <= span.ByteEnd && int(span.ByteEnd) <= len(w.text) {
		row.Form = w.text[span.ByteStart:span.ByteEnd]
	}
	row.Lemma = tag(w.tags[lemmas][w.index], true)
	row.UPOS = tag(w.tags[universal][w.index], false)
	row.XPOS = tag(w.tags[specific][w.index], false)
	for _, tier := range []int{morphology, universal} {
		if a := w.tags[tier][w.index]; a != nil && a.Features != nil && len(a.Features.Entries) > 0 {
			row.Feats = items(joined(a.Features))
			break
		}
	}
	if a := w.tags[miscellaneous][w.index]; a != nil && a.Features != nil {
		row.Misc = items(joined(a.Features))
	}
	if a := w.tags[dependencies][w.index]; a != nil {
		row.Deprel = tag(a, false)
		head, ok := a.HeadIndex.Get()
		_, none := find(a.Features, "HEAD")
		switch {
		case ok && head == -1, !ok && !none && strings.EqualFold(row.Deprel, "root"):
			row.Head = "0"
		case ok:
			number, err := w.number(head)
			if err != nil {
				return err
			}
			row.Head = strconv.Itoa(number)
		}
	}
	var err error
	if row.Deps, err = w.deps(w.edges[w.index]); err != nil {
		return err
	}
	out.Rows = append(out.Rows, row)
	for _, a := range nodes {
		if err := w.node(out, a); err != nil {
			return err
		}
	}
	return nil
}

// node appends the row of an empty node.
func (w *word) node(out *conllu.Sentence, a *annotation.Annotation) error {
	id, err := conllu.ParseID(w.ids[a.UUID.Value])
	if err != nil {
		return fmt.Errorf("empty node %s: %w", a.UUID.Value, err)
	}
	row := blank(id)
	columns(&row, a)
	if row.Deps, err = w.deps(w.targets[a.UUID.Value]); err != nil {
		return err
	}
	out.Rows = append(out.Rows, row)
	return nil
}

// deps returns the column DEPS with edges.
func (w *word) deps(edges []*annotation.Annotation) (string, error) {
	if len(edges) == 0 {
		return conllu.None, nil
	}
	var out strings.Builder
	for i, a := range edges {
		if i > 0 {
			out.WriteByte('|')
		}
		if node, ok := argument(a, roleHead); ok {
			id, known := w.ids[node]
			if !known {
				return "", fmt.Errorf("the edge %s has a head that is not in the layer", a.UUID.Value)
			}
			out.WriteString(id)
		} else if head := a.HeadIndex.Or(-1); head == -1 {
			out.WriteByte('0')
		} else if n, err := w.number(head); err != nil {
			return "", err
		} else {
			out.WriteString(strconv.Itoa(n))
		}
		out.WriteByte(':')
		out.WriteString(tag(a, false))
	}
	return out.String(), nil
}

// blank returns a row without values.
func blank(id conllu.ID) conllu.Row {
	const none = conllu.None
	return conllu.Row{ID: id, Form: none, Lemma: none, UPOS: none, XPOS: none, Feats: none, Head: none, Deprel: none, Deps: none, Misc: none}
}

// tag returns the value of an annotation, if it has one and value is set, or else its label. It returns [conllu.None]
// if a is nil or has neither.
func tag(a *annotation.Annotation, value bool) string {
	if a == nil {
		return conllu.None
	}
	if v, ok := a.Value.Get(); ok && value {
		return v
	}
	return a.Label.Or(conllu.None)
}

// columns sets the columns of a row that is not a word, as [rowFeatures] stored them.
func columns(row *conllu.Row, a *annotation.Annotation) {
	row.Form = a.Text.Or(conllu.None)
	for _, f := range joined(a.Features) {
		switch f.Key {
		case "LEMMA":
			row.Lemma = f.Value
		case "UPOS":
			row.UPOS = f.Value
		case "XPOS":
			row.XPOS = f.Value
		case "FEATS":
			row.Feats = f.Value
		case "MISC":
			row.Misc = f.Value
		}
	}
}
