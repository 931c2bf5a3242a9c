package anchor_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/linguistics/anchor"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// places are all fields of an anchor.
var places = []string{
	`"textSpan":{"byteStart":0,"byteEnd":1}`,
	`"tokenRef":{"tokenizationId":{"value":"t"},"tokenIndex":0}`,
	`"tokenRefSequence":{"tokenizationId":{"value":"t"},"tokenIndexes":[0]}`,
	`"temporalSpan":{"start":0,"ending":1}`,
	`"spatioTemporalAnchor":{"temporalSpan":{"start":0,"ending":1}}`,
	`"pageAnchor":{"page":1}`,
	`"externalTarget":{"source":"https://example.com/"}`,
	`"later":1`,
}

// name returns what a switch over all types of places finds.
func name(p anchor.Place) string {
	switch p := p.(type) {
	case anchor.Text:
		return fmt.Sprint("textSpan ", p.Span.ByteEnd)
	case anchor.Token:
		return fmt.Sprint("tokenRef ", p.Ref.TokenizationID.Value)
	case anchor.Tokens:
		return fmt.Sprint("tokenRefSequence ", len(p.Ref.TokenIndexes))
	case anchor.Time:
		return fmt.Sprint("temporalSpan ", p.Span.Ending)
	case anchor.Region:
		return fmt.Sprint("spatioTemporalAnchor ", p.Anchor.TemporalSpan.Ending)
	case anchor.Page:
		return fmt.Sprint("pageAnchor ", p.Anchor.Page)
	case anchor.External:
		return fmt.Sprint("externalTarget ", p.Target.Source)
	case anchor.Unknown:
		return "unknown " + p.Field
	}
	return "none"
}

func decode(t *testing.T, text string) *layers.Anchor {
	t.Helper()
	a := &layers.Anchor{}
	if err := lex.DecodeJSON([]byte(text), a); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return a
}

func TestPlaces(t *testing.T) {
	want := []string{"textSpan 1", "tokenRef t", "tokenRefSequence 1", "temporalSpan 1", "spatioTemporalAnchor 1", "pageAnchor 1", "externalTarget https://example.com/", "unknown later"}
	for i, field := range places {
		a := decode(t, "{"+field+"}")
		got := anchor.Places(a)
		if len(got) != 1 || name(got[0]) != want[i] || !strings.HasPrefix(field, `"`+got[0].String()+`"`) {
			t.Errorf("%s: %v", field, got)
			continue
		}
		only, err := anchor.Only(a)
		if unknown := i == len(places)-1; only != got[0] || errors.Is(err, anchor.ErrUnknown) != unknown || (err != nil) != unknown {
			t.Errorf("%s: only %v, %v", field, only, err)
		}
	}
	all := decode(t, "{"+strings.Join(places, ",")+`,"$type":"pub.layers.defs#anchor"}`)
	var got []string
	for _, p := range anchor.Places(all) {
		got = append(got, name(p))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("all: %v", got)
	}
	if place, err := anchor.Only(all); place != nil || !errors.Is(err, anchor.ErrSeveral) || !strings.Contains(err.Error(), "textSpan, tokenRef, ") || !strings.Contains(err.Error(), "later") {
		t.Errorf("all: %v, %v", place, err)
	}
	for _, a := range []*layers.Anchor{nil, {}} {
		if place, err := anchor.Only(a); place != nil || !errors.Is(err, anchor.ErrEmpty) || anchor.Places(a) != nil {
			t.Errorf("%v: %v, %v", a, place, err)
		}
	}
}

func TestTargets(t *testing.T) {
	const uri = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.persona.persona/3aaaaaaaaaaaa"
	for text, want := range map[string]struct {
		target string
		err    error
	}{
		`{}`:                          {"<nil>", anchor.ErrEmpty},
		`{"localId":{"value":"a"}}`:   {"localId {a}", nil},
		`{"recordRef":"` + uri + `"}`: {"recordRef " + uri, nil},
		`{"recordRef":"` + uri + `","objectId":{"value":"a"}}`:     {"objectId " + uri + " {a}", nil},
		`{"objectId":{"value":"a"}}`:                               {"objectId  {a}", anchor.ErrRecord},
		`{"knowledgeRef":{"source":"wikidata","identifier":"Q1"}}`: {"knowledgeRef Q1", nil},
		`{"later":1}`: {"unknown later", anchor.ErrUnknown},
		`{"localId":{"value":"a"},"recordRef":"` + uri + `"}`:                        {"<nil>", anchor.ErrSeveral},
		`{"localId":{"value":"a"},"later":1}`:                                        {"<nil>", anchor.ErrSeveral},
		`{"localId":{"value":"a"},"objectId":{"value":"a"}}`:                         {"<nil>", anchor.ErrSeveral},
		`{"recordRef":"` + uri + `","knowledgeRef":{"source":"x","identifier":"y"}}`: {"<nil>", anchor.ErrSeveral},
	} {
		r := &layers.ObjectRef{}
		if err := lex.DecodeJSON([]byte(text), r); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		target, err := anchor.OnlyTarget(r)
		got := "<nil>"
		switch x := target.(type) {
		case anchor.Local:
			got = fmt.Sprintf("%s {%s}", x, x.ID.Value)
		case anchor.Record:
			got = fmt.Sprintf("%s %s", x, x.URI)
		case anchor.Object:
			got = fmt.Sprintf("%s %s {%s}", x, x.URI, x.ID.Value)
		case anchor.Knowledge:
			got = fmt.Sprintf("%s %s", x, x.Ref.Identifier)
		case anchor.Unknown:
			got = "unknown " + x.Field
		}
		if got != want.target || !errors.Is(err, want.err) {
			t.Errorf("%s: %s, %v; want %s, %v", text, got, err, want.target, want.err)
		}
		if n := len(anchor.Targets(r)); errors.Is(want.err, anchor.ErrSeveral) != (n > 1) {
			t.Errorf("%s: %d targets", text, n)
		}
	}
	if _, err := anchor.OnlyTarget(nil); !errors.Is(err, anchor.ErrEmpty) {
		t.Errorf("nil: %v", err)
	}
}

func ExampleOnly() {
	place, err := anchor.Only(&layers.Anchor{TemporalSpan: &layers.TemporalSpan{Start: 1500, Ending: 2000}})
	switch p := place.(type) {
	case anchor.Time:
		fmt.Printf("from %d to %d ms\n", p.Span.Start, p.Span.Ending)
	case nil:
		fmt.Println(err)
	}
	_, err = anchor.Only(&layers.Anchor{})
	fmt.Println(err)
	// Output:
	// from 1500 to 2000 ms
	// anchor: no field is set
}
