package treebank

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Changes compares the records of an import with those in the set, which should be those of the account's repository.
// It returns the records to put, in the order of the import, and those to delete. A record that exists keeps its
// creation time, which Changes sets in records; a record that is unchanged otherwise is left out. The records to delete
// are those of the document that an earlier import made and this one did not; records that other programs made are
// kept. The options are those of the import.
func (s *Set) Changes(records []Record, o *Options) (put []Record, remove []syntax.ATURI, err error) {
	wanted := map[syntax.ATURI]bool{}
	for _, r := range records {
		wanted[r.URI] = true
		if old, ok := s.records[r.URI]; ok {
			keepCreated(r.Value, old)
			same, err := equal(r.Value, old)
			if err != nil {
				return nil, nil, fmt.Errorf("treebank: %s: %w", r.URI, err)
			}
			if same {
				continue
			}
		}
		put = append(put, r)
	}
	if len(records) == 0 {
		return nil, nil, nil
	}
	keys := derive(o.DID, o.Document)
	for _, uri := range s.Records(records[0].URI) {
		if !wanted[uri] && s.derived(keys, uri) {
			remove = append(remove, uri)
		}
	}
	slices.Sort(remove)
	return put, remove, nil
}

// derived reports whether the key of a record is one that Import derives from what the record is about.
func (s *Set) derived(keys derivation, uri syntax.ATURI) bool {
	switch v := s.records[uri].(type) {
	case *expression.Expression:
		what, name := names(v)
		return uri == keys.uri(expression.NSIDExpression, what, name)
	case *segmentation.Segmentation:
		_, name := names(s.expressions[v.Expression])
		return uri == keys.uri(segmentation.NSIDSegmentation, "segmentation", name)
	case *annotation.AnnotationLayer:
		_, name := names(s.expressions[v.Expression])
		tier := tierOf(v)
		return tier >= 0 && uri == keys.uri(annotation.NSIDAnnotationLayer, tiers[tier].name, name)
	}
	return false
}

// names returns what the record key of an expression is derived from. The keys of its segmentation and layers are
// derived from the same name.
func names(e *expression.Expression) (what, name string) {
	switch e.Kind {
	case expression.ExpressionKindDocument:
		return "document", ""
	case expression.ExpressionKindSentence:
		return "sentence", e.ID
	}
	what = "section"
	if _, ok := find(e.Features, keyPrevious); !ok {
		what = "paragraph"
	}
	name, _ = find(e.Features, keyName)
	return what, name
}

// keepCreated sets the creation time of a record to that of old, if that has the same type.
func keepCreated(v, old lex.Record) {
	switch v := v.(type) {
	case *expression.Expression:
		if old, ok := old.(*expression.Expression); ok {
			v.CreatedAt = old.CreatedAt
		}
	case *segmentation.Segmentation:
		if old, ok := old.(*segmentation.Segmentation); ok {
			v.CreatedAt = old.CreatedAt
		}
	case *annotation.AnnotationLayer:
		if old, ok := old.(*annotation.AnnotationLayer); ok {
			v.CreatedAt = old.CreatedAt
		}
	}
}

// equal reports whether two records have the same encoding. b may lack required fields.
func equal(a, b lex.Record) (bool, error) {
	x, err := lex.EncodeCBOR(a)
	if err != nil {
		return false, err
	}
	y, err := lex.EncodeIncomplete(b)
	return bytes.Equal(x, y), err
}
