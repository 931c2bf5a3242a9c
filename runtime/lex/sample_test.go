package lex_test

import (
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// sample is written as lexgen writes a record, and has a field of every kind.
type sample struct {
	Text     string
	Count    int64
	Flag     lex.Opt[bool]
	Kind     lex.Opt[sampleKind]
	Limited  lex.Opt[string]
	Enum     lex.Opt[string]
	Fixed    lex.Opt[string]
	Number   lex.Opt[int64]
	One      lex.Opt[int64]
	Yes      lex.Opt[bool]
	URI      lex.Opt[syntax.ATURI]
	Created  lex.Opt[syntax.Datetime]
	Link     lex.Opt[cid.Link]
	Raw      lex.Bytes
	Picture  lex.Opt[lex.Blob]
	Inner    inner
	Maybe    *inner
	Items    []inner
	Words    []string
	Anything lex.Map
	Null     lex.Nullable[string]
	NullObj  lex.Nullable[inner]
	AnyOf    lex.TypedMap
	Choice   choice
	Closed   closedChoice
	Extra    lex.Map
}

type sampleKind string

const nsidSample = "com.example.sample"

var sampleFields = lex.NewFields(
	"one", "raw", "uri", "yes", "enum", "flag", "kind", "link", "null", "text!",
	"$type!", "count!", "fixed", "inner!", "items!", "maybe", "words",
	"choice", "closed", "number", "created", "limited", "picture",
	"anything", "typedAnything", "nullableObject", "aVeryLongFieldNameOverTwentyFour",
)

var (
	limitedRules = lex.StringRules{MinLength: 2, MaxLength: 40, MinGraphemes: 2, MaxGraphemes: 3}
	enumRules    = lex.StringRules{Enum: []string{"a", "b"}}
	fixedRules   = lex.StringRules{Enum: []string{"fixed"}, Const: true}
	numberRules  = lex.IntRules{Minimum: lex.Min, Maximum: 100, Enum: []int64{1, 2, 200}}
	oneRules     = lex.IntRules{Minimum: lex.Min, Maximum: lex.Max, Enum: []int64{1}, Const: true}
	pictureRules = lex.BlobRules{Accept: []string{"image/*", "text/plain"}, MaxSize: 1000}
)

func (v *sample) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, sampleFields, &v.Extra)
	for {
		switch d.Next(&c) {
		case 0:
			v.One = lex.Present(d, d.IntWith(&oneRules))
		case 1:
			v.Raw = d.Bytes(1, 4)
		case 2:
			v.URI = lex.Present(d, d.ATURI())
		case 3:
			v.Yes = lex.Present(d, d.BoolConst(true))
		case 4:
			v.Enum = lex.Present(d, d.StringWith(&enumRules))
		case 5:
			v.Flag = lex.Present(d, d.Bool())
		case 6:
			v.Kind = lex.Present(d, sampleKind(d.String(0, 8)))
		case 7:
			v.Link = lex.Present(d, d.CIDLink())
		case 8:
			v.Null = lex.DecodeNullable(d, func(d *lex.Decoder) string { return d.String(0, 3) })
		case 9:
			v.Text = d.String(1, 300)
		case 10:
			d.RecordType(nsidSample)
		case 11:
			v.Count = d.Int(-5, 1000)
		case 12:
			v.Fixed = lex.Present(d, d.StringWith(&fixedRules))
		case 13:
			v.Inner.DecodeLex(d)
		case 14:
			v.Items = lex.DecodeObjects[inner](d, 0, 3)
		case 15:
			v.Maybe = lex.DecodeObject[inner](d)
		case 16:
			v.Words = lex.DecodeArray(d, 1, 3, func(d *lex.Decoder) string { return d.String(0, 5) })
		case 17:
			v.Choice = decodeChoice(d)
		case 18:
			v.Closed = decodeClosedChoice(d)
		case 19:
			v.Number = lex.Present(d, d.IntWith(&numberRules))
		case 20:
			v.Created = lex.Present(d, d.Datetime())
		case 21:
			v.Limited = lex.Present(d, d.StringWith(&limitedRules))
		case 22:
			v.Picture = lex.Present(d, d.Blob(&pictureRules))
		case 23:
			v.Anything = d.Map()
		case 24:
			v.AnyOf = d.TypedMap()
		case 25:
			v.NullObj = lex.DecodeNullable(d, func(d *lex.Decoder) (v inner) { v.DecodeLex(d); return v })
		case 26:
			d.Bool()
		default:
			return
		}
	}
}

func (v *sample) EncodeLex(e *lex.Encoder) {
	o := e.Object(&v.Extra)
	if x, ok := v.One.Get(); ok {
		o.Key("one").Int(x)
	}
	if v.Raw != nil {
		o.Key("raw").Bytes(v.Raw)
	}
	if x, ok := v.URI.Get(); ok {
		o.Key("uri").String(string(x))
	}
	if x, ok := v.Yes.Get(); ok {
		o.Key("yes").Bool(x)
	}
	if x, ok := v.Enum.Get(); ok {
		o.Key("enum").String(x)
	}
	if x, ok := v.Flag.Get(); ok {
		o.Key("flag").Bool(x)
	}
	if x, ok := v.Kind.Get(); ok {
		o.Key("kind").String(string(x))
	}
	if x, ok := v.Link.Get(); ok {
		o.Key("link").CIDLink(x)
	}
	if !v.Null.IsAbsent() {
		lex.EncodeNullable(o.Key("null"), v.Null, (*lex.Encoder).String)
	}
	o.Key("text").String(v.Text)
	o.Key("$type").String(nsidSample)
	o.Key("count").Int(v.Count)
	if x, ok := v.Fixed.Get(); ok {
		o.Key("fixed").String(x)
	}
	v.Inner.EncodeLex(o.Key("inner"))
	lex.EncodeObjects(o.Key("items"), v.Items)
	if v.Maybe != nil {
		v.Maybe.EncodeLex(o.Key("maybe"))
	}
	if v.Words != nil {
		lex.EncodeStrings(o.Key("words"), v.Words)
	}
	if v.Choice != nil {
		o.Key("choice").Variant(v.Choice.choice(), v.Choice)
	}
	if v.Closed != nil {
		o.Key("closed").Variant(v.Closed.closedChoice(), v.Closed)
	}
	if x, ok := v.Number.Get(); ok {
		o.Key("number").Int(x)
	}
	if x, ok := v.Created.Get(); ok {
		o.Key("created").String(string(x))
	}
	if x, ok := v.Limited.Get(); ok {
		o.Key("limited").String(x)
	}
	if x, ok := v.Picture.Get(); ok {
		o.Key("picture").Blob(x)
	}
	if v.Anything.IsSet() {
		o.Key("anything").Map(v.Anything)
	}
	if v.AnyOf.IsSet() {
		o.Key("typedAnything").Map(v.AnyOf.Map)
	}
	if !v.NullObj.IsAbsent() {
		lex.EncodeNullable(o.Key("nullableObject"), v.NullObj, func(e *lex.Encoder, v inner) { v.EncodeLex(e) })
	}
	o.End()
}

func (v *sample) RecordType() syntax.NSID      { return nsidSample }
func (v *sample) Validate() error              { return lex.Validate(v) }
func (v sample) MarshalJSON() ([]byte, error)  { return lex.EncodeJSON(&v) }
func (v *sample) UnmarshalJSON(b []byte) error { return lex.DecodeJSON(b, v) }

// inner nests in itself.
type inner struct {
	Name  string
	Inner *inner
	Extra lex.Map
}

var innerFields = lex.NewFields("name!", "inner")

func (v *inner) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, innerFields, &v.Extra)
	for {
		switch d.Next(&c) {
		case 0:
			v.Name = d.String(0, 10)
		case 1:
			v.Inner = lex.DecodeObject[inner](d)
		default:
			return
		}
	}
}

func (v *inner) EncodeLex(e *lex.Encoder) {
	o := e.Object(&v.Extra)
	o.Key("name").String(v.Name)
	if v.Inner != nil {
		v.Inner.EncodeLex(o.Key("inner"))
	}
	o.End()
}

func (*inner) choice() string       { return "com.example.sample#inner" }
func (*inner) closedChoice() string { return "com.example.sample#inner" }

type choice interface {
	lex.Encodable
	choice() string
}

type unknownChoice struct{ lex.TypedMap }

func (*unknownChoice) choice() string { return "" }

func decodeChoice(d *lex.Decoder) choice {
	switch d.Variant() {
	case "com.example.sample#inner", "com.example.sample#inner#main":
		v := new(inner)
		v.DecodeLex(d)
		return v
	case "":
		return nil
	default:
		return &unknownChoice{d.TypedMap()}
	}
}

type closedChoice interface {
	lex.Encodable
	closedChoice() string
}

func decodeClosedChoice(d *lex.Decoder) closedChoice {
	switch d.Variant() {
	case "com.example.sample#inner":
		v := new(inner)
		v.DecodeLex(d)
		return v
	case "":
		return nil
	default:
		d.ClosedUnion("com.example.sample#inner")
		return nil
	}
}
