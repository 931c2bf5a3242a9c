package treebank

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/linguistics/conllu"
)

// sizes are upper bounds of the number of bytes that a sentence adds to the records of its unit in JSON: to each of its
// layers, to the segmentation, and to the text.
type sizes [tierCount + 2]int

// The indexes in [sizes] of the segmentation and the text, after those of the layers.
const (
	sizeTokens = tierCount
	sizeText   = tierCount + 1
)

// Upper bounds of the size of an object in JSON, in bytes, without its strings; indexes may have nine digits.
const (
	sizeRecord     = 2000 // the fields of a record itself, with languages
	sizeAnnotation = 170  // UUID, token index, a label or a value
	sizeEdge       = 420  // an annotation with two arguments
	sizeToken      = 150
	sizeFeature    = 24
	sizeIndex      = 10
)

// size is one of the sizes, with the name of the record or text that has it.
type size struct {
	what  string
	bytes int
}

// plus returns the sums of sizes.
func (z sizes) plus(other sizes) sizes {
	for i := range z {
		z[i] += other[i]
	}
	return z
}

// max returns the largest size of a record with these sizes.
func (z sizes) max() size {
	largest := size{"text", z[sizeText] + sizeRecord}
	if n := z[sizeTokens] + sizeRecord; n > largest.bytes {
		largest = size{"segmentation", n}
	}
	for i := range tiers {
		if n := z[i] + sizeRecord; n > largest.bytes {
			largest = size{"layer " + tiers[i].name, n}
		}
	}
	return largest
}

// sizes returns the sizes that a sentence adds.
func (im *importer) sizes(s *sentence) sizes {
	var z sizes
	z[sizeText] = jsonSize(s.surface.Text) + 8
	for i := range s.Rows {
		r := &s.Rows[i]
		switch {
		case r.ID.IsRange():
			z[multiword] += sizeAnnotation + sizeToken + jsonSize(r.Form) + (r.ID.Last-r.ID.Word+1)*sizeIndex + featuresSize(rowFeatures(nil, r))
		case r.ID.IsEmpty():
			z[enhanced] += sizeAnnotation + sizeFeature + sizeIndex*2 + jsonSize(r.Form) + featuresSize(rowFeatures(nil, r))
		default:
			z[sizeTokens] += sizeToken + jsonSize(r.Form)
			for tier, column := range [...]string{lemmas: r.Lemma, universal: r.UPOS, specific: r.XPOS} {
				if column != conllu.None {
					z[tier] += sizeAnnotation + jsonSize(column)
				}
			}
			z[morphology] += itemsSize(r.Feats)
			z[miscellaneous] += itemsSize(r.Misc)
			if r.Head != conllu.None || r.Deprel != conllu.None {
				z[dependencies] += sizeAnnotation + 60 + jsonSize(r.Deprel)
			}
		}
		for edge := range r.Edges() {
			if edge.Head.IsEmpty() || r.ID.IsEmpty() {
				z[enhanced] += sizeEdge + jsonSize(edge.Relation)
			} else {
				z[enhanced] += sizeAnnotation + jsonSize(edge.Relation)
			}
		}
	}
	return z
}

// itemsSize returns an upper bound of the size of an annotation with the items of a column, or 0 if the column has no
// value.
func itemsSize(column string) int {
	if column == conllu.None {
		return 0
	}
	n := sizeAnnotation + sizeFeature + jsonSize(column)
	n += (strings.Count(column, "|") + 1) * (sizeFeature + len(keyItem))
	return n + len(column)/(maxValue-4)*(sizeFeature+len(keyMore))
}

// featuresSize returns an upper bound of the size of features.
func featuresSize(m *layers.FeatureMap) int {
	if m == nil {
		return 0
	}
	n := 30
	for _, f := range m.Entries {
		n += sizeFeature + jsonSize(f.Key) + jsonSize(f.Value)
	}
	return n
}

// jsonSize returns an upper bound of the size of a string in JSON.
func jsonSize(s string) int {
	n := len(s) + 2
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f || c == 0xe2 {
			n += 5
		}
	}
	return n
}

// check returns an error that wraps ErrTooLarge if a record with only this sentence would exceed MaxRecord, or if a
// column is longer than the lexicon allows.
func (im *importer) check(s *sentence, z sizes) error {
	where := fmt.Sprintf("treebank: sentence %q (line %d)", s.id, s.Line)
	if largest := z.max(); largest.bytes > im.MaxRecord {
		return fmt.Errorf("%s: %w: its %s takes up to %d bytes, limit %d", where, ErrTooLarge, largest.what, largest.bytes, im.MaxRecord)
	}
	comments := sizeRecord + jsonSize(s.surface.Text)
	for _, comment := range s.Comments {
		comments += jsonSize(comment) + (len(comment)/(maxValue-4)+1)*(sizeFeature+len(keyMore))
	}
	if comments > im.MaxRecord {
		return fmt.Errorf("%s: %w: its comments take up to %d bytes, limit %d", where, ErrTooLarge, comments, im.MaxRecord)
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		for _, column := range []struct {
			name, value string
			limit       int
		}{
			{"FORM", r.Form, 4096}, {"LEMMA", r.Lemma, 4096}, {"UPOS", r.UPOS, 512}, {"XPOS", r.XPOS, 512}, {"DEPREL", r.Deprel, 512},
		} {
			if len(column.value) > column.limit {
				return fmt.Errorf("treebank: line %d (%s): %w: it has %d bytes, limit %d", s.Line+len(s.Comments)+i, column.name, ErrTooLarge, len(column.value), column.limit)
			}
		}
		for edge := range r.Edges() {
			if len(edge.Relation) > 512 {
				return fmt.Errorf("treebank: line %d (DEPS): %w: a relation has %d bytes, limit 512", s.Line+len(s.Comments)+i, ErrTooLarge, len(edge.Relation))
			}
		}
	}
	return nil
}
