// Package anchor returns the fields that are set in an anchor, or in a reference to an object, as Go types. The lexicon
// does not say how many fields may be set: several fields may describe the same place.
//
//	for _, place := range anchor.Places(annotation.Anchor) {
//		switch p := place.(type) {
//		case anchor.Text:
//			fmt.Println(p.Span.ByteStart, p.Span.ByteEnd)
//		case anchor.Token:
//			fmt.Println(p.Ref.TokenIndex)
//		case anchor.Tokens, anchor.Time, anchor.Region, anchor.Page, anchor.External, anchor.Unknown:
//			fmt.Println(p)
//		}
//	}
//
// A [Place] or a [Target] always has one of the types that are listed there, so a switch can cover all of them. If you
// need exactly one place, use [Only], which returns an error for an anchor that has none, or several. All functions are
// safe for concurrent use.
package anchor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The errors of this package wrap one of these.
var (
	// ErrEmpty says that no field is set.
	ErrEmpty = errors.New("no field is set")
	// ErrSeveral says that several fields are set.
	ErrSeveral = errors.New("several fields are set")
	// ErrUnknown says that the only field that is set is not defined by the lexicon.
	ErrUnknown = errors.New("unknown field")
	// ErrRecord says that a reference has an objectId but no recordRef, so that the record of the object is unknown.
	ErrRecord = errors.New("objectId without recordRef")
)

// Place is one field of an anchor that is set: a [Text], [Token], [Tokens], [Time], [Region], [Page], [External] or
// [Unknown].
type Place interface {
	// String returns the field's name in the lexicon.
	String() string
	place()
}

// The types that a [Place] can have.
type (
	// Text is a stretch of the text of the expression.
	Text struct{ Span *layers.Span }
	// Token is one token.
	Token struct{ Ref *layers.TokenRef }
	// Tokens are several tokens of one tokenization.
	Tokens struct{ Ref *layers.TokenRefSequence }
	// Time is a stretch of a recording.
	Time struct{ Span *layers.TemporalSpan }
	// Region is an area of a video.
	Region struct{ Anchor *layers.SpatioTemporalAnchor }
	// Page is a page of a document.
	Page struct{ Anchor *layers.PageAnchor }
	// External is a resource outside of Layers, such as a web page.
	External struct{ Target *layers.ExternalTarget }
	// Unknown is a field that the lexicon does not define.
	Unknown struct{ Field string }
)

func (Text) place()     {}
func (Token) place()    {}
func (Tokens) place()   {}
func (Time) place()     {}
func (Region) place()   {}
func (Page) place()     {}
func (External) place() {}
func (Unknown) place()  {}

func (Text) String() string      { return "textSpan" }
func (Token) String() string     { return "tokenRef" }
func (Tokens) String() string    { return "tokenRefSequence" }
func (Time) String() string      { return "temporalSpan" }
func (Region) String() string    { return "spatioTemporalAnchor" }
func (Page) String() string      { return "pageAnchor" }
func (External) String() string  { return "externalTarget" }
func (u Unknown) String() string { return u.Field }

// Places returns all fields of an anchor that are set, in the order of the lexicon, with unknown fields at the end. It
// returns nil for an anchor that is nil or empty.
func Places(a *layers.Anchor) []Place {
	if a == nil {
		return nil
	}
	var places []Place
	if a.TextSpan != nil {
		places = append(places, Text{a.TextSpan})
	}
	if a.TokenRef != nil {
		places = append(places, Token{a.TokenRef})
	}
	if a.TokenRefSequence != nil {
		places = append(places, Tokens{a.TokenRefSequence})
	}
	if a.TemporalSpan != nil {
		places = append(places, Time{a.TemporalSpan})
	}
	if a.SpatioTemporalAnchor != nil {
		places = append(places, Region{a.SpatioTemporalAnchor})
	}
	if a.PageAnchor != nil {
		places = append(places, Page{a.PageAnchor})
	}
	if a.ExternalTarget != nil {
		places = append(places, External{a.ExternalTarget})
	}
	for key := range a.Extra.All() {
		if key != "$type" {
			places = append(places, Unknown{key})
		}
	}
	return places
}

// Only returns the place that an anchor names, if it names exactly one. Otherwise the error wraps ErrEmpty, ErrSeveral
// or ErrUnknown; with ErrUnknown, Only also returns an Unknown.
func Only(a *layers.Anchor) (Place, error) {
	place, err := only("anchor", Places(a))
	if unknown, ok := place.(Unknown); ok {
		err = fmt.Errorf("anchor: %w: %s", ErrUnknown, quote.Text(unknown.Field, 64))
	}
	return place, err
}

// only returns the item of all, if there is exactly one. Otherwise the error wraps ErrEmpty or ErrSeveral; what says in
// it what the items are fields of.
func only[T fmt.Stringer](what string, all []T) (T, error) {
	var none T
	switch len(all) {
	case 0:
		return none, fmt.Errorf("%s: %w", what, ErrEmpty)
	case 1:
		return all[0], nil
	}
	names := make([]string, len(all))
	for i, one := range all {
		names[i] = one.String()
	}
	return none, fmt.Errorf("%s: %w: %s", what, ErrSeveral, quote.Text(strings.Join(names, ", "), 200))
}

// Target is what a reference to an object refers to: a [Local], [Record], [Object], [Knowledge] or [Unknown].
type Target interface {
	// String returns the lexicon's name of the field that holds the reference.
	String() string
	target()
}

// The types that a [Target] can have, besides [Unknown].
type (
	// Local is an object of the same record; in a cluster set, an annotation of its layer; or, in an alignment, a
	// tokenization of its expression.
	Local struct{ ID layers.UUID }
	// Record is a whole record.
	Record struct{ URI syntax.ATURI }
	// Object is an object of a record. URI is "" if the reference does not say which record it is.
	Object struct {
		URI syntax.ATURI
		ID  layers.UUID
	}
	// Knowledge is an entry in a knowledge base.
	Knowledge struct{ Ref *layers.KnowledgeRef }
)

func (Local) target()     {}
func (Record) target()    {}
func (Object) target()    {}
func (Knowledge) target() {}
func (Unknown) target()   {}

func (Local) String() string     { return "localId" }
func (Record) String() string    { return "recordRef" }
func (Object) String() string    { return "objectId" }
func (Knowledge) String() string { return "knowledgeRef" }

// Targets returns everything that a reference refers to, in the order of the lexicon, with unknown fields at the end.
// recordRef and objectId together are one target. It returns nil for a reference that is nil or empty.
func Targets(r *layers.ObjectRef) []Target {
	if r == nil {
		return nil
	}
	var targets []Target
	if r.LocalID != nil {
		targets = append(targets, Local{*r.LocalID})
	}
	switch uri, ok := r.RecordRef.Get(); {
	case r.ObjectID != nil:
		targets = append(targets, Object{uri, *r.ObjectID})
	case ok:
		targets = append(targets, Record{uri})
	}
	if r.KnowledgeRef != nil {
		targets = append(targets, Knowledge{r.KnowledgeRef})
	}
	for key := range r.Extra.All() {
		if key != "$type" {
			targets = append(targets, Unknown{key})
		}
	}
	return targets
}

// OnlyTarget returns what a reference refers to, if that is exactly one target. Otherwise the error wraps ErrEmpty,
// ErrSeveral, ErrUnknown or ErrRecord; with the last two, OnlyTarget also returns the target.
func OnlyTarget(r *layers.ObjectRef) (Target, error) {
	target, err := only("reference", Targets(r))
	switch t := target.(type) {
	case Unknown:
		err = fmt.Errorf("reference: %w: %s", ErrUnknown, quote.Text(t.Field, 64))
	case Object:
		if t.URI == "" {
			err = fmt.Errorf("reference: %w", ErrRecord)
		}
	}
	return target, err
}
