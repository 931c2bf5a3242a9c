package lex_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

type limitValue struct{ cbor, json []byte }

// limits are values that reach a limit of decoding: of issues, with everything that can be an issue as the one that
// is too much, or of depth.
func limits() map[string]limitValue {
	list := map[string]limitValue{}
	for name, item := range map[string]struct{ cbor, json string }{
		"16-bit floats":          {"\xf9\x00\x00", "0.5"},
		"32-bit floats":          {"\xfa\x00\x00\x00\x00", "0.5"},
		"64-bit floats":          {"\xfb\x00\x00\x00\x00\x00\x00\x00\x00", "5e-1"},
		"integers of 65 bits":    {"\x1b\xff\xff\xff\xff\xff\xff\xff\xff", "99999999999999999999"},
		"negative integers":      {"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "-99999999999999999999"},
		"text that is not UTF-8": {"\x62a\xff", "\"a\xff\""},
		"lone surrogates":        {"\x61\xff", `"\ud800x"`},
		"long heads":             {"\x18\x01", `"\udfff"`},
		"long lengths":           {"\x78\x01a", `"\ud800\u0041"`},
		"long lengths of bytes":  {"\x58\x01a", `{"$bytes":"="}`},
		"long lengths of arrays": {"\x98\x01\x01", `{"$bytes":[]}`},
		"long lengths of maps":   {"\xb8\x01\x61a\x01", `{"$link":""}`},
		"broken links":           {"\xd8\x2a\x41\x01", `{"$link":1}`},
		"empty links":            {"\xd8\x2a\x40", `{"$link":"b"}`},
		"links with a long head": {"\xd8\x2a\x58\x01\x00", `{"$link":"x"}`},
		"long tags":              {"\xd9\x00\x2a\x41\x00", `{"$link":"bafy"}`},
		"keys out of order":      {"\xa2\x61b\x01\x61a\x01", `{"a":0.5,"a":1}`},
		"duplicate keys":         {"\xa2\x61a\x01\x61a\x01", `{"a":1,"a":1}`},
		"keys with a long head":  {"\xa1\x78\x01a\x01", `{"\ud800":1}`},
		"keys of links":          {"\xa1\x65$link\x01", `{"$link":1,"a":1}`},
		"keys of bytes":          {"\xa1\x66$bytes\x01", `{"$bytes":1,"a":1}`},
		"types that are none":    {"\xa1\x65$type\x01", `{"$type":1}`},
		"blobs that are none":    {"\xa1\x65$type\x64blob", `{"$type":"blob"}`},
		"objects":                {"\xa0", `{}`},
		"arrays":                 {"\x80", `[]`},
		"strings":                {"\x65aaaaa", `"aaaaa"`},
		"long strings":           {"\x78\x1e" + strings.Repeat("a", 30), `"` + strings.Repeat("a", 30) + `"`},
		"nulls":                  {"\xf6", `null`},
		"booleans":               {"\xf5", `true`},
	} {
		counts := []int{1001}
		if strings.Contains(name, "floats") || name == "objects" {
			counts = []int{1000, 1001, 1002, 3000}
		}
		for _, n := range counts {
			list[fmt.Sprintf("%d %s", n, name)] = limitValue{
				append([]byte{0x99, byte(n >> 8), byte(n)}, strings.Repeat(item.cbor, n)...),
				[]byte("[" + strings.Repeat(item.json+",", n-1) + item.json + "]"),
			}
		}
	}
	for _, n := range []int{62, 63, 64, 65, 1000} {
		list[fmt.Sprintf("arrays %d deep", n)] = limitValue{
			[]byte(strings.Repeat("\x81", n) + "\x01"), []byte(strings.Repeat("[", n) + "1" + strings.Repeat("]", n)),
		}
		list[fmt.Sprintf("objects %d deep", n)] = limitValue{
			[]byte(strings.Repeat("\xa1\x61a", n) + "\x01"), []byte(strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n)),
		}
	}
	return list
}

// fields are the fields of sample, and one that it does not have.
var fields = []string{
	"one", "raw", "uri", "yes", "enum", "flag", "kind", "link", "null", "text", "$type", "count", "fixed", "inner", "items",
	"maybe", "words", "choice", "closed", "number", "created", "limited", "picture", "anything", "typedAnything",
	"nullableObject", "aVeryLongFieldNameOverTwentyFour", "unknown",
}

// object returns an object with one field.
func object(field string, value []byte, asJSON bool) []byte {
	if asJSON {
		return []byte(`{"` + field + `":` + string(value) + `}`)
	}
	b := []byte{0xa1}
	if len(field) > 23 {
		b = append(b, 0x78, byte(len(field)))
	} else {
		b = append(b, 0x60+byte(len(field)))
	}
	return append(append(b, field...), value...)
}

// sampleList is an array of samples, which are much larger than their shortest form.
type sampleList []sample

func (v *sampleList) DecodeLex(d *lex.Decoder) { *v = lex.DecodeObjects[sample](d, 0, lex.NoLimit) }

type wordList []string

func (v *wordList) DecodeLex(d *lex.Decoder) {
	*v = lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) string { return d.String(0, 3) })
}

// triedItems is a list whose items are tried.
type triedItems []lex.Raw

func (v *triedItems) DecodeLex(d *lex.Decoder) {
	*v = lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) lex.Raw {
		raw, ok := d.Try(new(sample))
		if ok {
			return lex.Raw{}
		}
		return lex.Raw{Data: bytes.Clone(raw.Data), Encoding: raw.Encoding}
	})
}

// nest and nestList are as deep as their input is.
type (
	nest     struct{ A *nest }
	nestList []nestList
)

var nestFields = lex.NewFields("a")

func (v *nest) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, nestFields, nil)
	for d.Next(&c) >= 0 {
		v.A = lex.DecodeObject[nest](d)
	}
}

func (v *nestList) DecodeLex(d *lex.Decoder) { *v = lex.DecodeObjects[nestList](d, 0, lex.NoLimit) }

// decodeAllWays decodes b in each way that there is, and fails when a way returns what it may not.
func decodeAllWays(t *testing.T, b []byte, asJSON bool) {
	decode, shared := lex.DecodeCBOR, lex.DecodeCBORShared
	if asJSON {
		decode, shared = lex.DecodeJSON, lex.DecodeJSONShared
	}
	for _, v := range []lex.Decodable{new(sample), new(sampleList), new(wordList), new(triedItems), new(listOfLarge), new(nest), new(nestList), new(lex.Map), new(lex.TypedMap), new(lex.Raw), new(rec.View)} {
		err := decode(b, v)
		var failed *issue.Error
		if err != nil && (!errors.As(err, &failed) || len(failed.Issues) == 0 || len(failed.Issues) > lex.MaxIssues) {
			t.Fatalf("%T: %v", v, err)
		}
		if again := shared(b, v); (again == nil) != (err == nil) {
			t.Fatalf("%T: copied %v, shared %v", v, err, again)
		}
		if failed != nil {
			for _, problem := range failed.Issues {
				if problem.Offset < 0 || problem.Offset > len(b) || len(problem.Path) > 1100 {
					t.Fatalf("%T: %+v", v, problem)
				}
			}
		}
	}
	if asJSON {
		lex.JSONToCBOR(b)
	} else if shown, _ := lex.CBORToJSON(b); !json.Valid(shown) {
		t.Fatalf("not JSON: %s", shown)
	}
}

// TestLimits: a value that reaches a limit, anywhere in a record, is an error and not a panic.
func TestLimits(t *testing.T) {
	for name, value := range limits() {
		t.Run(name, func(t *testing.T) {
			for _, asJSON := range []bool{false, true} {
				b := value.cbor
				if asJSON {
					b = value.json
				}
				decodeAllWays(t, b, asJSON)
				for _, field := range fields {
					decodeAllWays(t, object(field, b, asJSON), asJSON)
				}
			}
		})
	}
}

// FuzzLimits starts from values at the limits.
func FuzzLimits(f *testing.F) {
	for name, value := range limits() {
		if strings.HasPrefix(name, "1001") || strings.Contains(name, "deep") {
			for _, field := range []string{"items", "choice", "unknown"} {
				f.Add(object(field, value.cbor, false), false)
				f.Add(object(field, value.json, true), true)
			}
			f.Add(value.cbor, false)
			f.Add(value.json, true)
		}
	}
	// The limit of memory: announced, and repeated.
	f.Add(append([]byte{0x9a, 0, 0, 0x80, 0}, bytes.Repeat([]byte{0xa0}, 0x8000)...), false)
	f.Add([]byte("["+strings.Repeat("{},", 30_000)+"{}]"), true)
	f.Fuzz(decodeAllWays)
}

// TestMemory: a limit of the caller's, and the usual one, are issues of a rule of their own.
func TestMemory(t *testing.T) {
	items := bytes.Repeat([]byte{0xa0}, 100_000)
	large := append([]byte{0x9a, 0, 1, 0x86, 0xa0}, items...)
	small := append([]byte{0x99, 0x03, 0xe8}, items[:1000]...)
	for _, test := range []struct {
		name   string
		input  []byte
		memory int64
		over   bool
	}{
		{"usual limit, over it", large, 0, true},
		{"usual limit", small, 0, false},
		{"a higher limit", large, 1 << 30, false},
		{"a lower limit", small, 100_000, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := lex.Decode(t.Context(), test.input, new(listOfLarge), lex.DecodeOptions{Memory: test.memory})
			issues := issue.Of(err)
			if over := len(issues) == 1 && issues[0].Rule == issue.RuleMemory; over != test.over || !over && err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestMemoryIsForgotten: what an earlier input made the decoder keep does not decide about a later one.
func TestMemoryIsForgotten(t *testing.T) {
	input := []byte("[" + strings.Repeat("{},", 20_000) + "{}]")
	want := fmt.Sprint(lex.DecodeJSON(input, new(listOfLarge)))
	for _, other := range []string{"[]", "[{}]", "[" + strings.Repeat("{},", 500) + "{}]"} {
		lex.DecodeJSON([]byte(other), new(listOfLarge))
		if got := fmt.Sprint(lex.DecodeJSON(input, new(listOfLarge))); got != want {
			t.Errorf("after %.20s: %s, was %s", other, got, want)
		}
	}
}

// TestContext: decoding ends soon after its context, whatever the input is.
func TestContext(t *testing.T) {
	const size = 8 << 20
	piece := func(before, piece, after string) []byte {
		return []byte(before + strings.Repeat(piece, size/len(piece)) + after)
	}
	inJSON, inCBOR := lex.DecodeOptions{Encoding: lex.JSON}, lex.DecodeOptions{}
	for name, input := range map[string]struct {
		b []byte
		v lex.Decodable
		o lex.DecodeOptions
	}{
		"items in JSON":                  {piece("[", "[],", "1]"), new(lex.Raw), inJSON},
		"unknown in JSON":                {piece(`{"unknown":[`, `{"a":1},`, "1]}"), new(sample), inJSON},
		"keys in JSON":                   {piece(`{`, `"abcdefgh":1,`, `"":1}`), new(lex.Map), inJSON},
		"escapes in JSON":                {piece(`{"unknown":"`, `\n`, `"}`), new(sample), inJSON},
		"union in JSON":                  {piece(`{"typedAnything":{"a":[`, `[],`, `1],"$type":"x"}}`), new(sample), inJSON},
		"words in JSON":                  {piece(`[`, `"",`, `""]`), new(wordList), inJSON},
		"items in CBOR":                  {append([]byte{0x9a, 0, 0x80, 0, 0}, bytes.Repeat([]byte{0x80}, size)...), new(anyItems), inCBOR},
		"unknown in CBOR":                {append([]byte("\xa1\x67unknown\x9a\x00\x80\x00\x00"), bytes.Repeat([]byte{0x80}, size)...), new(sample), inCBOR},
		"the way to an issue at the end": {append([]byte("\xa1\x67unknown\x9a\x00\x80\x00\x01"), append(bytes.Repeat([]byte{0x80}, size), 0x1c)...), new(sample), inCBOR},
	} {
		t.Run(name, func(t *testing.T) {
			looks := 4
			if strings.HasPrefix(name, "the way") {
				looks = size/(128<<10) + 4 // decoding has come to the end, and looks for the issue's path
			}
			ctx := &endingContext{Context: t.Context(), left: looks}
			if err := lex.Decode(ctx, input.b, input.v, input.o); !errors.Is(err, context.Canceled) {
				t.Errorf("error %.100v after %d looks at the context", err, looks-ctx.left)
			}
		})
	}
	if err := lex.Decode(&endingContext{Context: t.Context()}, []byte("1"), new(lex.Raw), inJSON); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
}

// anyItems is an array whose items are passed over.
type anyItems struct{}

func (*anyItems) DecodeLex(d *lex.Decoder) {
	lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) struct{} { d.Raw(); return struct{}{} })
}

// endingContext ends when it has been looked at a number of times, whatever the time.
type endingContext struct {
	context.Context
	left int
}

func (c *endingContext) Done() <-chan struct{}       { return make(chan struct{}) }
func (c *endingContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c *endingContext) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}
