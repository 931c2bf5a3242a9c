package check

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/text"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Set checks records against each other. The zero Set is empty. It must not be used by several goroutines at once.
type Set struct {
	// Partial says that there are more records, such as those of a repository of which a batch changes a few: what is
	// not in the set is not reported as missing.
	Partial bool

	records map[syntax.ATURI]lex.Record
	// tokens has the number of tokens of each tokenization, by the expression and the UUID.
	tokens map[tokenization]int
}

type tokenization struct {
	expression syntax.ATURI
	id         string
}

// Add adds a record, which must not be changed before the set has been checked.
func (s *Set) Add(uri syntax.ATURI, record lex.Record) {
	if s.records == nil {
		s.records = map[syntax.ATURI]lex.Record{}
		s.tokens = map[tokenization]int{}
	}
	s.records[uri] = record
	if v, ok := record.(*segmentation.Segmentation); ok {
		for i := range v.Tokenizations {
			t := &v.Tokenizations[i]
			s.tokens[tokenization{v.Expression, t.UUID.Value}] = len(t.Tokens)
		}
	}
}

// Warnings returns what is probably wrong with the records of the set: what [Record] finds in each, and what
// [Set.Across] finds. The warnings are in the order of the URIs and paths.
func (s *Set) Warnings() []Warning {
	all := s.Across()
	for uri, record := range s.records {
		for _, warning := range Record(record) {
			all = append(all, Warning{uri, warning})
		}
	}
	sortWarnings(all)
	return all
}

// Across returns what is wrong between the records of the set: spans that are not in the texts of the expressions, token
// indexes beyond the tokenizations, and references to records that the set does not have. A reference into a repository
// of which the set has no record at all is not checked. The warnings are in the order of the URIs and paths.
func (s *Set) Across() []Warning {
	authorities := map[syntax.AtIdentifier]bool{}
	for uri := range s.records {
		authorities[uri.Authority()] = true
	}
	var all []Warning
	for uri, record := range s.records {
		r := &report{}
		if !s.Partial {
			s.references(r, reflect.ValueOf(record), authorities)
		}
		s.across(r, record)
		for _, warning := range r.warnings {
			all = append(all, Warning{uri, warning})
		}
	}
	sortWarnings(all)
	return all
}

func sortWarnings(all []Warning) {
	slices.SortStableFunc(all, func(a, b Warning) int {
		return cmp.Or(cmp.Compare(a.URI, b.URI), cmp.Compare(a.Path, b.Path))
	})
}

// references reports the at-uris of a record that are those of no record. Only fields that are named for a reference, or
// are an expression or a record, are checked: others are about any resource.
func (s *Set) references(r *report, record reflect.Value, authorities map[syntax.AtIdentifier]bool) {
	v := record.Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		var refs []syntax.ATURI
		switch value := v.Field(i).Interface().(type) {
		case syntax.ATURI:
			refs = []syntax.ATURI{value}
		case lex.Opt[syntax.ATURI]:
			if uri, ok := value.Get(); ok {
				refs = []syntax.ATURI{uri}
			}
		case []syntax.ATURI:
			refs = value
		}
		for j, uri := range refs {
			if uri.RecordKey() == "" || !authorities[uri.Authority()] || s.records[uri] != nil {
				continue
			}
			path := "/" + lower(field.Name)
			if field.Type.Kind() == reflect.Slice {
				path += "/" + strconv.Itoa(j)
			}
			r.add(path, RuleReference, "there is no record %s", quote.Text(uri, 200))
		}
	}
}

// lower returns the name of a field in its lexicon, given that in Go.
func lower(name string) string {
	upper := len(name) - len(strings.TrimLeft(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	if upper > 1 && upper < len(name) {
		upper--
	}
	name = strings.ToLower(name[:upper]) + name[upper:]
	return strings.TrimSuffix(name, "URI") + map[bool]string{true: "Uri"}[strings.HasSuffix(name, "URI")]
}

// across checks what a record says about the text and the tokens of others.
func (s *Set) across(r *report, record lex.Record) {
	switch v := record.(type) {
	case *expression.Expression:
		if parent, ok := v.ParentRef.Get(); ok && v.Anchor != nil {
			s.inText(r, parent, v.Anchor.TextSpan, v.Text, "/anchor/textSpan")
		}
	case *segmentation.Segmentation:
		for i := range v.Tokenizations {
			t := &v.Tokenizations[i]
			about := t.ExpressionRef.Or(v.Expression)
			for j := range t.Tokens {
				path := "/tokenizations/" + strconv.Itoa(i) + "/tokens/" + strconv.Itoa(j)
				// The words of a multiword token are not in the text, so that a token's text may be another.
				s.inText(r, about, t.Tokens[j].TextSpan, lex.Opt[string]{}, path+"/textSpan")
			}
		}
	case *annotation.AnnotationLayer:
		s.layer(r, v)
	case *annotation.ClusterSet:
		s.clusters(r, v)
	}
}

// inText checks a span of an expression's text, and that it is the text that is stated.
func (s *Set) inText(r *report, uri syntax.ATURI, span *layers.Span, stated lex.Opt[string], path string) {
	e, ok := s.records[uri].(*expression.Expression)
	if span == nil || !ok || span.ByteEnd < span.ByteStart {
		return
	}
	content, ok := e.Text.Get()
	if !ok {
		return
	}
	part, err := text.Of(content, *span)
	if err != nil {
		r.add(path, RuleSpan, "%s", strings.TrimPrefix(err.Error(), "text: "))
	} else if want, ok := stated.Get(); ok && want != part {
		r.add(path, RuleSpan, "the span is %s, not %s", quote.Text(part, 60), quote.Text(want, 60))
	}
}

func (s *Set) layer(r *report, v *annotation.AnnotationLayer) {
	tokens, known := 0, false
	if v.TokenizationID != nil && s.records[v.Expression] != nil {
		if tokens, known = s.tokens[tokenization{v.Expression, v.TokenizationID.Value}]; !known && !s.Partial {
			r.add("/tokenizationId", RuleReference, "the expression has no tokenization with this UUID")
		}
	}
	for i := range v.Annotations {
		a := &v.Annotations[i]
		path := "/annotations/" + strconv.Itoa(i)
		index := func(n int64, at string, count int) {
			if n >= int64(count) {
				r.add(path+at, RuleToken, "there is no token %d: the tokenization has %d", n, count)
			}
		}
		if known {
			index(a.TokenIndex.Or(-1), "/tokenIndex", tokens)
			index(a.HeadIndex.Or(-1), "/headIndex", tokens)
			index(a.TargetIndex.Or(-1), "/targetIndex", tokens)
		}
		if a.Anchor == nil {
			continue
		}
		s.inText(r, v.Expression, a.Anchor.TextSpan, lex.Opt[string]{}, path+"/anchor/textSpan")
		if ref := a.Anchor.TokenRef; ref != nil {
			if count, ok := s.tokens[tokenization{v.Expression, ref.TokenizationID.Value}]; ok {
				index(ref.TokenIndex, "/anchor/tokenRef/tokenIndex", count)
			}
		}
		if ref := a.Anchor.TokenRefSequence; ref != nil {
			if count, ok := s.tokens[tokenization{v.Expression, ref.TokenizationID.Value}]; ok {
				for j, n := range ref.TokenIndexes {
					index(n, "/anchor/tokenRefSequence/tokenIndexes/"+strconv.Itoa(j), count)
				}
			}
		}
	}
}

func (s *Set) clusters(r *report, v *annotation.ClusterSet) {
	objects := map[syntax.ATURI]map[string]bool{}
	has := func(uri syntax.ATURI, id string) bool {
		layer, ok := s.records[uri].(*annotation.AnnotationLayer)
		if !ok {
			return true // another rule says so
		}
		if objects[uri] == nil {
			objects[uri] = map[string]bool{}
			for i := range layer.Annotations {
				objects[uri][layer.Annotations[i].UUID.Value] = true
			}
		}
		return objects[uri][id]
	}
	for i := range v.Clusters {
		for j := range v.Clusters[i].Members {
			m := &v.Clusters[i].Members[j]
			uri, ok := m.RecordRef.Get()
			id := m.ObjectID
			if !ok {
				uri, id = v.LayerRef.Or(""), m.LocalID
			}
			if id != nil && !has(uri, id.Value) {
				r.add("/clusters/"+strconv.Itoa(i)+"/members/"+strconv.Itoa(j), RuleReference, "the layer has no annotation with the UUID %s", quote.Text(id.Value, 64))
			}
		}
	}
}
