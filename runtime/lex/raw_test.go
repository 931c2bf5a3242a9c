package lex_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// parts is an answer whose parts are decoded one by one.
type parts struct{ items []lex.Raw }

func (p *parts) DecodeLex(d *lex.Decoder) {
	p.items = lex.DecodeArray(d, 0, lex.NoLimit, (*lex.Decoder).Raw)
}

func texts(items []lex.Raw) (all []string) {
	for _, item := range items {
		all = append(all, string(item.Data))
	}
	return all
}

func TestRaw(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     []string
		fails    bool
	}{
		{"values of all kinds", `[ {"a": [1, "]"]} ,"x\"",null,  -1e3,true, {} ]`, []string{`{"a": [1, "]"]}`, `"x\""`, `null`, `-1e3`, `true`, `{}`}, false},
		{"what is wrong inside is left alone", `[{"a":1.5,"a":2},"\ud800",3]`, []string{`{"a":1.5,"a":2}`, `"\ud800"`, `3`}, false},
		{"strings with brackets and escapes", `[["}]\\","\"]"],{"a]\u005d":"{{{{{{{{{\"}"},"x"]`, []string{`["}]\\","\"]"]`, `{"a]\u005d":"{{{{{{{{{\"}"}`, `"x"`}, false},
		{"deeper than anything may be", `[` + strings.Repeat("[", 500) + strings.Repeat("]", 500) + `,1]`, []string{strings.Repeat("[", 500) + strings.Repeat("]", 500), "1"}, false},
		{"no end within a string", `[{"a":"1}`, []string{""}, true},
		{"no end within an escape", `[{"a":"1\`, []string{""}, true},
		{"no end", `[{"a":1`, []string{""}, true},
		{"not JSON", `[1,<html>]`, []string{"1", ""}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, decode := range map[string]func([]byte, lex.Decodable) error{"copied": lex.DecodeJSON, "shared": lex.DecodeJSONShared} {
				in := []byte(test.in)
				var p parts
				if err := decode(in, &p); (err != nil) != test.fails {
					t.Errorf("%s: error %v", name, err)
				}
				if diff := cmp.Diff(test.want, texts(p.items)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				if name == "copied" && len(p.items) > 0 {
					before := texts(p.items)
					clear(in)
					if diff := cmp.Diff(before, texts(p.items)); diff != "" {
						t.Error("the bytes are not a copy of the input")
					}
				}
			}
		})
	}
}

func TestRawCBOR(t *testing.T) {
	// [1.5, {"a": "\xff"}, 3]: a float and text that is not UTF-8, both to be left alone
	in := []byte("\x83\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa1\x61a\x61\xff\x03")
	var p parts
	if err := lex.DecodeCBOR(in, &p); err != nil {
		t.Fatal(err)
	}
	want := []string{string(in[1:10]), string(in[10:15]), "\x03"}
	if diff := cmp.Diff(want, texts(p.items)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBlobRulesCheck(t *testing.T) {
	rules := lex.BlobRules{Accept: []string{"audio/*", "application/pdf"}, MaxSize: 100}
	for _, test := range []struct {
		rules    lex.BlobRules
		mimeType string
		size     int64
		issues   int
	}{
		{rules, "audio/mpeg", 100, 0},
		{rules, "audio/mpeg; codecs=mp3", -1, 0},
		{rules, "application/pdf", 101, 1},
		{rules, "application/pdfx", 1, 1},
		{lex.BlobRules{Accept: []string{"IMAGE/*", "Text/Plain; charset=utf-8"}}, "image/PNG", 1, 0},
		{lex.BlobRules{Accept: []string{"IMAGE/*", "Text/Plain; charset=utf-8"}}, "text/plain;charset=ascii", 1, 0},
		{lex.BlobRules{Accept: []string{"IMAGE/*", "Text/Plain"}}, "text/html", 1, 1},
		{lex.BlobRules{Accept: []string{"*/*"}}, "x/y", 1, 0},
		{rules, "", 1, 1},
		{rules, "text/plain", 101, 2},
		{lex.BlobRules{}, "text/plain", 1 << 40, 0},
	} {
		if issues := issue.Of(test.rules.Check(test.mimeType, test.size)); len(issues) != test.issues {
			t.Errorf("Check(%q, %d): %v, want %d issues", test.mimeType, test.size, issues, test.issues)
		}
	}
}

// TestDecodeAllFailures checks that a sequence continues after the failure of one record.
func TestDecodeAllFailures(t *testing.T) {
	good := rec.Envelope{URI: "at://did:web:a.test/com.example.sample/1", Data: []byte(`{"$type":"com.example.sample"}`), Encoding: lex.JSON}
	bad := &rec.Failure{
		Envelope: rec.Envelope{URI: "at://did:web:a.test/com.example.sample/2"},
		Issues:   []issue.Issue{{Rule: issue.RuleCID, Want: "bafya", Found: "bafyb"}},
	}
	end := errors.New("cut off")
	envelopes := func(errs ...error) iter.Seq2[rec.Envelope, error] {
		return func(yield func(rec.Envelope, error) bool) {
			for _, err := range errs {
				if !yield(good, err) {
					return
				}
			}
		}
	}
	batch, err := rec.DecodeAll[plainRecord](context.Background(), envelopes(nil, bad, nil))
	if err != nil || batch.Counts != (rec.Counts{Expected: 3, Decoded: 2, Failed: 1}) {
		t.Errorf("%+v, %v", batch.Counts, err)
	}
	if want := "at://did:web:a.test/com.example.sample/2: (root): cid: the bytes have the CID bafyb, not bafya"; batch.Failures[0].Error() != want {
		t.Errorf("got %q, want %q", batch.Failures[0].Error(), want)
	}
	batch, err = rec.DecodeAll[plainRecord](context.Background(), envelopes(nil, end, nil))
	if err != end || batch.Counts.Expected != 1 {
		t.Errorf("%+v, %v", batch.Counts, err)
	}
}

// plainRecord is a record whose fields are all unknown.
type plainRecord struct{ lex.Map }

func (*plainRecord) RecordType() syntax.NSID { return "com.example.sample" }

func TestValidateRecord(t *testing.T) {
	plain := lex.RecordDef{NSID: "com.example.sample", New: func() lex.Record { return new(plainRecord) }}
	if err := lex.ValidateRecord(plain, new(plainRecord)); err != nil {
		t.Error(err)
	}
	strict := lex.RecordDef{NSID: "com.example.sample", New: func() lex.Record { return new(strictRecord) }}
	if issues := issue.Of(lex.ValidateRecord(strict, new(strictRecord))); len(issues) != 1 || issues[0].Rule != issue.RuleMinLength {
		t.Errorf("got %v", issues)
	}
}

// strictRecord is a text of at least one byte.
type strictRecord struct{ text string }

func (*strictRecord) RecordType() syntax.NSID    { return "com.example.sample" }
func (r *strictRecord) DecodeLex(d *lex.Decoder) { r.text = d.String(1, 10) }
func (r *strictRecord) EncodeLex(e *lex.Encoder) { e.String(r.text) }

// TestTranscodeOrder checks that fields in any order become canonical, in objects of all sizes.
func TestTranscodeOrder(t *testing.T) {
	for _, n := range []int{1, 2, 23, 24, 25, 255, 256, 300} {
		forward, backward := "{", "{"
		for i := range n {
			if i > 0 {
				forward, backward = forward+",", backward+","
			}
			forward += fmt.Sprintf(`"k%d":{"a":%d,"bb":[%d,{"$link":"bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}]}`, i, i, n)
			backward += fmt.Sprintf(`"k%d":{"bb":[%d,{"$link":"bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}],"a":%d}`, n-1-i, n, n-1-i)
		}
		a, errA := lex.JSONToCBOR([]byte(forward + "}"))
		b, errB := lex.JSONToCBOR([]byte(backward + "}"))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if !bytes.Equal(a, b) {
			t.Errorf("%d fields: the bytes depend on their order", n)
		}
		var m lex.Map
		if err := lex.DecodeCBOR(a, &m); err != nil || m.Len() != n {
			t.Errorf("%d fields: %v, %d fields", n, err, m.Len())
		}
	}
	if _, err := lex.JSONToCBOR([]byte(`{"b":1,"a":2,"b":3}`)); err == nil {
		t.Error("a duplicate key was accepted")
	}
}

// tries is an array whose items are tried as numbers below 10.
type tries struct {
	values []int64
	raws   []string
}

func (t *tries) DecodeLex(d *lex.Decoder) {
	lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) struct{} {
		var n small
		raw, ok := d.Try(&n)
		if ok {
			t.values = append(t.values, int64(n))
		} else {
			t.raws = append(t.raws, string(raw.Data))
		}
		return struct{}{}
	})
}

// small is a number below 10, or an array of such.
type small int64

func (s *small) DecodeLex(d *lex.Decoder) {
	list := lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) int64 { return d.Int(0, 9) })
	for _, n := range list {
		*s += small(n)
	}
}

func TestTry(t *testing.T) {
	deep := strings.Repeat("[", lex.MaxDepth) + strings.Repeat("]", lex.MaxDepth)
	many := "[" + strings.Repeat("10,", 2*lex.MaxIssues) + "10]" // more issues than are collected
	for _, test := range []struct {
		name, in string
		values   []int64
		raws     []string
		fails    bool
	}{
		{"good and bad", `[[1,2], [3, 10] ,{"a":[]},[4]]`, []int64{3, 4}, []string{`[3, 10]`, `{"a":[]}`}, false},
		{"too many issues", `[[1],` + many + `,[2]]`, []int64{1, 2}, []string{many}, false},
		{"too deep", `[[1],` + deep + `,[2]]`, []int64{1, 2}, []string{deep}, false},
		{"no JSON in an item", `[[1],[2,x],[3]]`, []int64{1, 3}, []string{`[2,x]`}, false},
		{"no JSON", `[[1],[2,"],[3]]`, []int64{1}, []string{""}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got tries
			if err := lex.DecodeJSON([]byte(test.in), &got); (err != nil) != test.fails {
				t.Error(err)
			}
			if diff := cmp.Diff(test.values, got.values); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.raws, got.raws); diff != "" {
				t.Errorf("raws (-want +got):\n%s", diff)
			}
		})
	}
}

// holder has a Raw below an array, and another one.
type holder struct{ items, more []lex.Raw }

func (h *holder) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	lex.EncodeArray(o.Key("items"), h.items, (*lex.Encoder).Raw)
	inner := o.Key("more/~").Object(new(lex.Map))
	lex.EncodeArray(inner.Key("b"), h.more, (*lex.Encoder).Raw)
	inner.End()
	o.End()
}

// TestRawUnset checks that a required value that is not set is an error with its place, since null may be a value.
func TestRawUnset(t *testing.T) {
	null := lex.Raw{Data: []byte("null"), Encoding: lex.JSON}
	for _, test := range []struct {
		value lex.Encodable
		want  string
	}{
		{new(lex.Raw), "lex: (root): required value is not set"},
		{&holder{items: []lex.Raw{null, {}, {}}}, "lex: /items/1: required value is not set"},
		{&holder{more: []lex.Raw{{}}}, "lex: /more~1~0/b/0: required value is not set"},
		{&holder{items: []lex.Raw{null}, more: []lex.Raw{{Data: []byte{0xf6}}}}, ""},
	} {
		for name, encode := range map[string]func(lex.Encodable) ([]byte, error){"JSON": lex.EncodeJSON, "DAG-CBOR": lex.EncodeCBOR, "incomplete": lex.EncodeIncomplete} {
			if _, err := encode(test.value); err == nil && test.want != "" || err != nil && err.Error() != test.want {
				t.Errorf("%s of %+v: %v, want %s", name, test.value, err, test.want)
			}
		}
	}
}

// TestRawEncodes checks that a value that is encoded already is written as it is in its own encoding, and transcoded
// into the other.
func TestRawEncodes(t *testing.T) {
	const text = `{"b":[1,{"$link":"bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq"}],"aa":null}`
	cbor, err := lex.JSONToCBOR([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	inJSON, inCBOR := lex.Raw{Data: []byte(text), Encoding: lex.JSON}, lex.Raw{Data: cbor}
	for _, r := range []lex.Raw{inJSON, inCBOR} {
		if got, err := lex.EncodeJSON(&r); err != nil || string(got) != text {
			t.Errorf("%v as JSON: %s, %v", r, got, err)
		}
		if got, err := lex.EncodeCBOR(&r); err != nil || !bytes.Equal(got, cbor) {
			t.Errorf("%v as DAG-CBOR: %x, %v", r, got, err)
		}
	}
	for _, r := range []lex.Raw{{Data: []byte(`{"x":1.5}`), Encoding: lex.JSON}, {Data: []byte{0xa1}}} {
		encode := lex.EncodeJSON
		if r.Encoding == lex.JSON {
			encode = lex.EncodeCBOR
		}
		if got, err := encode(&r); issue.Of(err) == nil {
			t.Errorf("%v is transcoded to %q, %v", r, got, err)
		}
	}
	if inJSON.IsSet() != true || (lex.Raw{}).IsSet() {
		t.Error("IsSet")
	}
}
