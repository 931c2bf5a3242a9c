package treebank

import (
	"cmp"
	"encoding/binary"
	"errors"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/conllu"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// DefaultMaxRecord is the default size of the largest record, as JSON in bytes. The reference server accepts requests of
// 150 KiB.
const DefaultMaxRecord = 140_000

// ErrTooLarge says that a sentence's records would be larger than [Options.MaxRecord], or a text longer than the
// lexicon allows.
var ErrTooLarge = errors.New("too large for a record")

// Options are the options of [Import]. The first three are required.
type Options struct {
	// DID is the account that the records are for.
	DID syntax.DID
	// Document is the name of the document, such as the name of the file. All record keys and UUIDs depend on it.
	Document string
	// CreatedAt is the creation time of the records. [Set.Changes] keeps the times of existing records.
	CreatedAt syntax.Datetime
	// Languages are the BCP 47 tags of the text's languages.
	Languages []string
	// PerSentence makes a segmentation and layers for each sentence, instead of for each section.
	PerSentence bool
	// MaxRecord is the size of the largest record, as JSON in bytes; 0 stands for [DefaultMaxRecord]. A document whose
	// annotations are larger is divided into sections.
	MaxRecord int
}

// Record is a record with its URI.
type Record struct {
	URI   syntax.ATURI
	Value lex.Record
}

// Import returns the records for the sentences of one file. The first is the document, and every record comes after
// those that it refers to. The error wraps [ErrTooLarge] for a sentence that no record can hold.
func Import(sentences []*conllu.Sentence, o *Options) ([]Record, error) {
	switch {
	case len(sentences) == 0:
		return nil, errors.New("treebank: the file has no sentences")
	case o.DID == "" || o.Document == "" || o.CreatedAt == "":
		return nil, errors.New("treebank: the options must have a DID, a document name and a creation time")
	}
	im := &importer{Options: *o, keys: derive(o.DID, o.Document)}
	im.MaxRecord = cmp.Or(max(im.MaxRecord, 0), DefaultMaxRecord)
	prepared := im.prepare(sentences)
	units, err := im.divide(prepared)
	if err != nil {
		return nil, err
	}
	im.document(units)
	return im.records, nil
}

// importer makes the records of one file.
type importer struct {
	Options
	keys    derivation
	records []Record
}

// sentence is a sentence with what is known about it before the records are made.
type sentence struct {
	*conllu.Sentence
	surface conllu.Surface
	// id is the sentence's sent_id, made unique.
	id string
	// newdoc and newpar are the IDs of what begins with the sentence; "" if nothing does.
	newdoc, newpar string
	// start is where the sentence begins in the text of its unit.
	start int
}

// prepare reads the sentences' texts, IDs, and comments about documents and paragraphs.
func (im *importer) prepare(all []*conllu.Sentence) []*sentence {
	seen := map[string]int{}
	unique := func(id string) string {
		if seen[id]++; seen[id] > 1 {
			return id + "#" + strconv.Itoa(seen[id])
		}
		return id
	}
	sentences := make([]*sentence, len(all))
	for i, s := range all {
		t := &sentence{Sentence: s, surface: s.Surface()}
		id, _ := s.Comment("sent_id")
		if id == "" || len(id) > 900 {
			// A sentence without an ID is identified by its text.
			id = "text:" + im.keys.hash([]string{t.surface.Text}).String()
		}
		t.id = unique(id)
		t.newdoc = begins(s, "newdoc", t.id)
		t.newpar = begins(s, "newpar", t.id)
		sentences[i] = t
	}
	return sentences
}

// begins returns the ID of the document or the paragraph, as what says ("newdoc" or "newpar"), that begins with a
// sentence. The ID is sentence if the comment states none. It is "" if nothing begins.
func begins(s *conllu.Sentence, what, sentence string) string {
	if id, ok := s.Comment(what + " id"); ok {
		if id == "" || len(id) > 900 {
			return sentence
		}
		return id
	}
	if _, ok := s.Comment(what); ok {
		return sentence
	}
	return ""
}

// unit is a part of a document with one text.
type unit struct {
	// name is what the keys of the unit's records are derived from; it is unique in the document.
	name      string
	sentences []*sentence
	text      string
}

// divide divides the sentences into units: at each newdoc, and where records would become too large. If only the limit
// decided where units begin, inserting a sentence would move all later borders. So a sentence whose ID has a certain
// hash also begins a unit, unless the unit before it is still small.
func (im *importer) divide(all []*sentence) ([]*unit, error) {
	var units []*unit
	var u *unit
	var total sizes
	names := map[string]bool{}
	for _, s := range all {
		size := im.sizes(s)
		if err := im.check(s, size); err != nil {
			return nil, err
		}
		if im.PerSentence {
			size = sizes{sizeText: size[sizeText]} // all that sentences share
		}
		sum := total.plus(size)
		full := sum.max().bytes
		if u == nil || s.newdoc != "" || full > im.MaxRecord || full > im.MaxRecord/8 && im.border(s.id, size) {
			name := ""
			if u != nil {
				if name = s.id; s.newdoc != "" {
					name = s.newdoc
				}
				for names[name] {
					name += "#"
				}
			}
			names[name] = true
			u = &unit{name: name}
			units = append(units, u)
			sum = size
		}
		total = sum
		u.sentences = append(u.sentences, s)
	}
	for _, u := range units {
		u.layOut()
	}
	return units, nil
}

// border reports whether a sentence begins a unit, independently of other sentences. Large sentences do so more often
// than small ones, so that a unit reaches two fifths of the allowed size on average.
func (im *importer) border(id string, size sizes) bool {
	hash := im.keys.hash([]string{"border", id})
	chance := float64(size.max().bytes-sizeRecord) / (0.4 * float64(im.MaxRecord))
	return float64(binary.BigEndian.Uint32(hash[:])) < chance*(1<<32)
}

// layOut sets the unit's text, which consists of those of its sentences, and the places of the sentences in it.
func (u *unit) layOut() {
	var text strings.Builder
	gap := ""
	for _, s := range u.sentences {
		if s.newpar != "" && text.Len() > 0 && !strings.Contains(gap, "\n") {
			gap = "\n"
		}
		text.WriteString(gap)
		s.start = text.Len()
		text.WriteString(s.surface.Text)
		gap = s.surface.After
	}
	u.text = text.String()
}

// document adds the records of the whole document.
func (im *importer) document(units []*unit) {
	root := im.keys.uri(expression.NSIDExpression, "document", "")
	document := im.expression(im.Document, expression.ExpressionKindDocument)
	im.add(root, document)
	if len(units) == 1 {
		document.Text = lex.Some(units[0].text)
		im.unit(units[0], root)
		return
	}
	previous := ""
	for _, u := range units {
		uri := im.keys.uri(expression.NSIDExpression, "section", u.name)
		id := cmp.Or(u.sentences[0].newdoc, u.sentences[0].id)
		section := im.expression(id, expression.ExpressionKindSection)
		section.ParentRef = lex.Some(root)
		section.Text = lex.Some(u.text)
		section.Features = &layers.FeatureMap{Entries: []layers.Feature{{Key: keyPrevious, Value: previous}, {Key: keyName, Value: u.name}}}
		im.add(uri, section)
		im.unit(u, uri)
		previous = string(uri.RecordKey())
	}
}

// unit adds the records of a unit, except its expression, whose URI is uri.
func (im *importer) unit(u *unit, uri syntax.ATURI) {
	parent, offset := uri, 0
	for i, s := range u.sentences {
		if s.newpar != "" {
			parent, offset = im.paragraph(u, i, uri), s.start
		}
		im.sentence(s, parent, offset)
	}
	if !im.PerSentence {
		im.annotate(uri, u.name, u.sentences)
	}
}

// paragraph adds the expression of the paragraph that begins with sentence i of a unit, and returns its URI.
func (im *importer) paragraph(u *unit, i int, parent syntax.ATURI) syntax.ATURI {
	first, last := u.sentences[i], u.sentences[i]
	for _, s := range u.sentences[i+1:] {
		if s.newpar != "" {
			break
		}
		last = s
	}
	end := last.start + len(last.surface.Text)
	uri := im.keys.uri(expression.NSIDExpression, "paragraph", first.id)
	section := im.expression(first.newpar, expression.ExpressionKindSection)
	section.ParentRef = lex.Some(parent)
	section.Anchor = anchor(first.start, end)
	section.Text = lex.Some(u.text[first.start:end])
	section.Features = &layers.FeatureMap{Entries: []layers.Feature{{Key: keyName, Value: first.id}}}
	im.add(uri, section)
	return uri
}

// sentence adds the expression of a sentence and, with PerSentence, its annotations. offset is where the text of its
// parent begins in the text of the unit.
func (im *importer) sentence(s *sentence, parent syntax.ATURI, offset int) {
	uri := im.keys.uri(expression.NSIDExpression, "sentence", s.id)
	e := im.expression(s.id, expression.ExpressionKindSentence)
	e.ParentRef = lex.Some(parent)
	e.Anchor = anchor(s.start-offset, s.start-offset+len(s.surface.Text))
	e.Text = lex.Some(s.surface.Text)
	features := []layers.Feature{{Key: keyMark, Value: "comments"}}
	for _, comment := range s.Comments {
		features = appendComment(features, comment, s.surface.Text)
	}
	e.Features = &layers.FeatureMap{Entries: features}
	im.add(uri, e)
	if im.PerSentence {
		alone := *s
		alone.start = 0 // in a text of its own
		im.annotate(uri, s.id, []*sentence{&alone})
	}
}

// annotate adds the segmentation and the layers of sentences, whose text is that of the expression at uri. name is what
// their record keys are derived from.
func (im *importer) annotate(uri syntax.ATURI, name string, sentences []*sentence) {
	a := newAnnotator(im.keys, name, sentences)
	for _, s := range sentences {
		a.sentence(s)
	}
	im.add(im.keys.uri(segmentation.NSIDSegmentation, "segmentation", name), &segmentation.Segmentation{
		Expression: uri,
		Tokenizations: []segmentation.Tokenization{{
			UUID:   a.tokenization,
			Kind:   segmentation.TokenizationKindCustom,
			Tokens: a.tokens,
		}},
		CreatedAt: im.CreatedAt,
	})
	for i := range tiers {
		if len(a.annotations[i]) == 0 {
			continue
		}
		layer := tiers[i].layer
		layer.Expression = uri
		layer.TokenizationID = &a.tokenization
		layer.Annotations = a.annotations[i]
		layer.Languages = im.Languages
		layer.CreatedAt = im.CreatedAt
		im.add(im.keys.uri(annotation.NSIDAnnotationLayer, tiers[i].name, name), &layer)
	}
}

// expression returns a new expression.
func (im *importer) expression(id string, kind expression.ExpressionKind) *expression.Expression {
	return &expression.Expression{ID: id, Kind: kind, Languages: im.Languages, CreatedAt: im.CreatedAt}
}

// add adds a record to the result.
func (im *importer) add(uri syntax.ATURI, value lex.Record) {
	im.records = append(im.records, Record{uri, value})
}

// anchor returns an anchor to a stretch of a text, given by its offsets in bytes.
func anchor(start, end int) *layers.Anchor {
	return &layers.Anchor{TextSpan: &layers.Span{ByteStart: int64(start), ByteEnd: int64(end)}}
}
