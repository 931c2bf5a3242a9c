package lex_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// with returns a valid sample as JSON, with more fields before the required ones.
func with(fields string) string {
	if fields != "" {
		fields += ","
	}
	return `{` + fields + `"$type":"com.example.sample","text":"x","count":1,"inner":{"name":"n"},"items":[]}`
}

// found lists the issues of an error as "path rule".
func found(err error) []string {
	var list []string
	for _, problem := range issue.Of(err) {
		list = append(list, problem.Path+" "+string(problem.Rule))
	}
	return list
}

const link = `{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"}`

// valid values decode without issues in both encodings, and encode to what they were.
var valid = []string{
	with(``),
	with(`"flag":false`),
	with(`"kind":"","one":1,"yes":true,"enum":"b","fixed":"fixed","number":2`),
	with(`"limited":"éé"`),
	with(`"limited":"👩‍👩‍👧👩‍👩‍👧"`),
	with(`"uri":"at://did:plc:abc/com.example.a/3l3famgxlzxwf","created":"1985-04-12T23:20:50.123Z"`),
	with(`"link":` + link),
	with(`"raw":{"$bytes":"AQID"}`),
	with(`"picture":{"$type":"blob","ref":` + link + `,"mimeType":"image/png","size":1}`),
	with(`"picture":{"$type":"blob","ref":` + link + `,"mimeType":"TEXT/plain; charset=utf-8","size":1000,"more":[null]}`),
	with(`"picture":{"cid":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee","mimeType":"image/png"}`),
	with(`"maybe":{"name":"a","inner":{"name":"b","inner":{"name":"c"}}}`),
	with(`"words":["a","ü",""]`),
	with(`"anything":{}`),
	with(`"anything":{"$type":"a.b.c","x":[1,-1,true,null,{"y":{"$bytes":""}},` + link + `],"zz":"\u0001\"\\"}`),
	with(`"null":null`),
	with(`"null":"abc"`),
	with(`"nullableObject":null`),
	with(`"nullableObject":{"name":"a"}`),
	with(`"typedAnything":{"$type":"a.b.c","x":1}`),
	with(`"choice":{"$type":"com.example.sample#inner","name":"v"}`),
	with(`"choice":{"$type":"com.example.other","a":{"b":[1]},"size":7}`),
	with(`"closed":{"$type":"com.example.sample#inner","name":"v","q":1}`),
	with(`"unknown":1,"a":{"$type":"x"},"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz":[],"countX":null,"texu":2`),
	with(`"aVeryLongFieldNameOverTwentyFoux":1`),
	with(`"inner2":{"$type":"kept"},"anything":{"$type":"kept"}`),
	with(`"choice":{"$type":"com.example.sample#inner","name":"v","$typf":1,"zz":2,"a":3}`),
	with(`"maybe":{"$type":"stray","name":"a"}`),
	with(`"text2":"` + strings.Repeat("long text ", 50) + `"`),
}

func TestValid(t *testing.T) {
	for i, text := range valid {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			cbor, err := lex.JSONToCBOR([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			// A copied value does not change with its input.
			overwritten := func(decode func([]byte, lex.Decodable) error, input []byte, v *sample) error {
				input = bytes.Clone(input)
				err := decode(input, v)
				clear(input)
				return err
			}
			for name, decode := range map[string]func(*sample) error{
				"CBOR":        func(v *sample) error { return overwritten(lex.DecodeCBOR, cbor, v) },
				"CBOR shared": func(v *sample) error { return lex.DecodeCBORShared(cbor, v) },
				"JSON":        func(v *sample) error { return overwritten(lex.DecodeJSON, []byte(text), v) },
				"JSON shared": func(v *sample) error { return lex.DecodeJSONShared([]byte(text), v) },
			} {
				var v sample
				if err := decode(&v); err != nil {
					t.Fatalf("%s: %v\n%s", name, err, text)
				}
				got, err := lex.EncodeCBOR(&v)
				if err != nil {
					t.Fatal(err)
				}
				if string(got) != string(cbor) {
					t.Errorf("%s: encodes to\n%x, was\n%x\n%s", name, got, cbor, text)
				}
				if err := v.Validate(); err != nil {
					t.Errorf("%s: Validate: %v", name, err)
				}
				asJSON, err := lex.EncodeJSON(&v)
				if err != nil {
					t.Fatal(err)
				}
				back, err := lex.JSONToCBOR(asJSON)
				if err != nil || string(back) != string(cbor) {
					t.Errorf("%s: through JSON: %v\n%s", name, err, asJSON)
				}
			}
		})
	}
}

// issues are found in both encodings, each with its path.
var issues = []struct {
	text string
	want []string
}{
	{`{}`, []string{"/text required", "/$type required", "/count required", "/inner required", "/items required"}},
	{`[]`, []string{" type"}},
	{`"x"`, []string{" type"}},
	{with(`"flag":"x","kind":7`), []string{"/flag type", "/kind type"}},
	{with(`"flag":null`), []string{"/flag type"}},
	{with(`"kind":"123456789"`), []string{"/kind maxLength"}},
	{with(`"one":2,"yes":false,"enum":"c","fixed":"x","number":200`), []string{"/one const", "/yes const", "/enum enum", "/fixed const", "/number maximum"}},
	{with(`"number":3`), []string{"/number enum"}},
	{with(`"limited":"é"`), []string{"/limited minGraphemes"}},
	{with(`"limited":"a"`), []string{"/limited minLength", "/limited minGraphemes"}},
	{with(`"limited":"abcd"`), []string{"/limited maxGraphemes"}},
	{with(`"limited":"नमस्तेa"`), []string{"/limited maxGraphemes"}},
	{with(`"uri":"at://x","created":"1985-04-12"`), []string{"/uri format", "/created format"}},
	{with(`"uri":{"a":1},"created":[]`), []string{"/uri type", "/created type"}},
	{with(`"link":"x","raw":"x"`), []string{"/raw type", "/link type"}},
	{with(`"raw":{"$bytes":""}`), []string{"/raw minLength"}},
	{with(`"raw":{"$bytes":"AQIDBAUG"}`), []string{"/raw maxLength"}},
	{with(`"picture":7`), []string{"/picture type"}},
	{with(`"picture":{"$type":"image"}`), []string{"/picture blob"}},
	{with(`"picture":{"$type":"blob","mimeType":"image/png","size":1}`), []string{"/picture/ref required"}},
	{with(`"picture":{"$type":"blob","ref":` + link + `,"mimeType":"video/mp4","size":1001}`), []string{"/picture blob", "/picture blob"}},
	{with(`"picture":{"$type":"blob","ref":` + link + `,"mimeType":"image/png","size":-1}`), []string{"/picture/size minimum"}},
	{with(`"picture":{"cid":"x","mimeType":"image/png"}`), []string{"/picture/cid format"}},
	{with(`"maybe":{"inner":{"inner":{"name":5}}}`), []string{"/maybe/name required", "/maybe/inner/name required", "/maybe/inner/inner/name type"}},
	{with(`"maybe":null`), []string{"/maybe type"}},
	{with(`"words":[]`), []string{"/words minLength"}},
	{with(`"words":["a",2,"c","toolong"]`), []string{"/words maxLength", "/words/1 type", "/words/3 maxLength"}},
	{with(`"anything":[]`), []string{"/anything type"}},
	{with(`"anything":"x","null":7`), []string{"/null type", "/anything type"}},
	{with(`"null":"abcd"`), []string{"/null maxLength"}},
	{with(`"maybe":{"$type":7,"name":"a"}`), []string{"/maybe type"}},
	{with(`"maybe":{"$type":"","name":"a"}`), []string{"/maybe type"}},
	{with(`"maybe":{"$type":"blob","name":"a"}`), []string{"/maybe type"}},
	{with(`"maybe":` + link), []string{"/maybe type"}},
	{with(`"maybe":{"$bytes":"YWI"}`), []string{"/maybe type"}},
	{with(`"anything":` + link), []string{"/anything type"}},
	{with(`"maybe":{"name":"n","inner":` + link + `}`), []string{"/maybe/inner type"}},
	{with(`"nullableObject":[]`), []string{"/nullableObject type"}},
	{with(`"nullableObject":{}`), []string{"/nullableObject/name required"}},
	{with(`"typedAnything":{"x":1}`), []string{"/typedAnything union"}},
	{with(`"typedAnything":[]`), []string{"/typedAnything union"}},
	{with(`"choice":{"name":"v"}`), []string{"/choice union"}},
	{with(`"choice":"v"`), []string{"/choice union"}},
	{with(`"choice":{"$type":7}`), []string{"/choice union"}},
	{with(`"choice":{"$type":"com.example.sample#inner","name":7}`), []string{"/choice/name type"}},
	{with(`"closed":{"$type":"com.example.other","name":"v"}`), []string{"/closed union"}},
	{`{"$type":"com.example.other","text":"","count":-6,"inner":{"name":"n"},"items":[{"name":"n"},{},{"name":1},4]}`,
		[]string{"/text minLength", "/$type const", "/count minimum", "/items maxLength", "/items/1/name required", "/items/2/name type", "/items/3 type"}},
	{`{"$type":"com.example.sample","text":"x","count":1001,"inner":[],"items":{}}`, []string{"/count maximum", "/inner type", "/items type"}},
	{with(`"maybe":{"name":"a","a/b":{"c~d":1}},"words":[7]`), []string{"/words/0 type"}},
}

// asCBOR is lex.JSONToCBOR for values that are not of the data model, too.
func asCBOR(t *testing.T, text string) []byte {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return valueOf(t, ofJSON(t, v)).CBOR()
}

func ofJSON(t *testing.T, v any) any {
	t.Helper()
	switch v := v.(type) {
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			t.Fatal(err)
		}
		return n
	case []any:
		for i := range v {
			v[i] = ofJSON(t, v[i])
		}
	case map[string]any:
		if text, ok := v["$link"].(string); ok {
			l, err := cid.ParseLink(text)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		if text, ok := v["$bytes"].(string); ok {
			b, err := base64.RawStdEncoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		for key := range v {
			v[key] = ofJSON(t, v[key])
		}
	}
	return v
}

// onlyLimits are the rules whose breach loses nothing, wherever the value is one that a field can hold.
var onlyLimits = map[issue.Rule]bool{
	issue.RuleMinLength: true, issue.RuleMaxLength: true, issue.RuleMinGraphemes: true, issue.RuleMaxGraphemes: true,
	issue.RuleMinimum: true, issue.RuleMaximum: true, issue.RuleEnum: true,
}

// checkReencoding demands of what was decoded from DAG-CBOR with issues that it encodes to the same bytes or not at
// all, and that it does encode if no more than limits are broken.
func checkReencoding(t *testing.T, v lex.Encodable, issues []issue.Issue, cbor []byte) {
	t.Helper()
	limits := true
	for _, problem := range issues {
		limits = limits && onlyLimits[problem.Rule]
	}
	switch got, err := lex.EncodeCBOR(v); {
	case err == nil && !bytes.Equal(got, cbor):
		t.Errorf("encodes to %x, was %x", got, cbor)
	case err != nil && (limits || !errors.Is(err, lex.ErrIncomplete)):
		t.Errorf("encoding it: %v", err)
	}
}

func TestIssues(t *testing.T) {
	for i, test := range issues {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			cbor := asCBOR(t, test.text)
			var v sample
			err := lex.DecodeCBOR(cbor, &v)
			if diff := cmp.Diff(test.want, found(err)); diff != "" {
				t.Errorf("CBOR: %s\n%s\n%v", test.text, diff, err)
			}
			checkReencoding(t, &v, issue.Of(err), cbor)
			if _, err := lex.EncodeIncomplete(&v); err != nil {
				t.Errorf("EncodeIncomplete: %v", err)
			}
			inJSON := map[string]int{}
			for _, problem := range found(lex.DecodeJSON([]byte(test.text), new(sample))) {
				inJSON[problem]++
			}
			for _, problem := range test.want {
				inJSON[problem]--
			}
			for problem, n := range inJSON {
				if n != 0 {
					t.Errorf("JSON: %s: %s: %+d", test.text, problem, n)
				}
			}
			for _, problem := range issue.Of(err) {
				if problem.Message() == "" || strings.Contains(problem.String(), "%!") {
					t.Errorf("message of %+v: %q", problem, problem.Message())
				}
			}
		})
	}
}

func TestFailedFieldsStayZero(t *testing.T) {
	var v sample
	err := lex.DecodeJSON([]byte(with(`"flag":"x","maybe":[],"words":{},"kind":"123456789","number":7,"null":1,"choice":1,"raw":1,"nullableObject":7,"typedAnything":{}`)), &v)
	if err == nil {
		t.Fatal("no issues")
	}
	if v.Flag.IsSet() || v.Maybe != nil || v.Words != nil || v.Choice != nil || v.Raw != nil || !v.Null.IsAbsent() || !v.NullObj.IsAbsent() || v.AnyOf.IsSet() {
		t.Errorf("a field of the wrong type is set: %+v", v)
	}
	if v.Kind.Or("") != "123456789" || v.Number.Or(0) != 7 {
		t.Errorf("a value over its limit is lost: %+v", v)
	}
	if v.Text != "x" || v.Inner.Name != "n" {
		t.Errorf("decoding stopped: %+v", v)
	}
}

// broken JSON ends with one syntax issue; what is odd but valid has none.
func TestJSONSyntax(t *testing.T) {
	nested := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for _, test := range []struct {
		text string
		want []string
	}{
		{" \t\r\n" + with(``) + " \n", nil},
		{with(``) + " x", []string{" syntax"}},
		{with(`"text":"y"`), []string{"/text syntax"}},
		{with(`"other":1,"other":2`), []string{"/other syntax"}},
		{with(`"other":{"a":1,"b":2,"a":3}`), []string{"/other syntax"}},
		{with(`"other":"\ud800"`), []string{"/other syntax"}},
		{with(`"other":"\ud800\u0041"`), []string{"/other syntax"}},
		{with(`"other":"\udc00\ud800"`), []string{"/other syntax", "/other syntax"}},
		{with(`"other":"\ud83d\udc69"`), nil},
		{with(`"other":"\x"`), []string{"/other syntax"}},
		{with(`"other":"\u12g4"`), []string{"/other syntax"}},
		{with("\"other\":\"a\nb\""), []string{"/other syntax"}},
		{with("\"other\":\"\xff\""), []string{"/other syntax"}},
		{with(`"other":01`), []string{"/other syntax"}},
		{with(`"other":-`), []string{"/other syntax"}},
		{with(`"other":1.`), []string{"/other syntax"}},
		{with(`"other":1e`), []string{"/other syntax"}},
		{with(`"other":1.5`), []string{"/other type"}},
		{with(`"other":9223372036854775808`), []string{"/other type"}},
		{with(`"other":-9223372036854775808`), nil},
		{with(`"other":nul`), []string{"/other syntax"}},
		{with(`"other":[1,]`), []string{"/other/1 syntax"}},
		{with(`"other":{"a":1,}`), []string{"/other syntax"}},
		{with(`"other":{"a" 1}`), []string{"/other syntax"}},
		{with(`"other":` + nested), []string{"/other" + strings.Repeat("/a", 63) + " syntax"}},
		{with(`"other":{"$link":"bafy"}`), []string{"/other type"}},
		{with(`"other":{"$link":7}`), []string{"/other type"}},
		{with(`"other":{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee","a":1}`), []string{"/other type"}},
		{with(`"other":{"$bytes":[]}`), []string{"/other type"}},
		{with(`"other":{"$bytes":"%"}`), []string{"/other type"}},
		{with(`"other":{"$bytes":"123="}`), nil},
		{with(`"maybe":{"$link":"x","name":"a"}`), []string{"/maybe type"}},
		{link, []string{" type"}},
		{`{"$type":"com.example.sample"`, []string{" syntax"}},
		{``, []string{" syntax"}},
		{`{`, []string{" syntax"}},
		{`{"a`, []string{" syntax"}},
		{`{'a':1}`, []string{" syntax"}},
		{`nul`, []string{" type", " syntax"}},
	} {
		err := lex.DecodeJSON([]byte(test.text), new(sample))
		if diff := cmp.Diff(test.want, found(err)); diff != "" {
			t.Errorf("%s: %v\n%s", test.text, err, diff)
		}
	}
}

// An integer is one by its value, not by its spelling: https://atproto.com/specs/data-model has no
// floating-point numbers, and JSON does not tell the two apart.
func TestJSONIntegers(t *testing.T) {
	for _, test := range []struct {
		text string
		want int64
		rule issue.Rule
	}{
		{"0", 0, ""}, {"-0", 0, ""}, {"-5", -5, ""}, {"1000", 1000, ""},
		{"1.0", 1, ""}, {"-1.000", -1, ""}, {"0.0", 0, ""}, {"-0.0", 0, ""},
		{"1e2", 100, ""}, {"1E+2", 100, ""}, {"100e-2", 1, ""}, {"1.5e1", 15, ""}, {"0e999999999999999999999", 0, ""},
		{"1.5", 0, issue.RuleType}, {"1e-1", 0, issue.RuleType}, {"1e19", 0, issue.RuleType}, {"1e400", 0, issue.RuleType},
		{"9223372036854775807", 9223372036854775807, issue.RuleMaximum},
		{"9223372036854775808", 0, issue.RuleType}, {"18446744073709551617", 0, issue.RuleType},
		{"-9223372036854775808", -9223372036854775808, issue.RuleMinimum},
		{"-9223372036854775809", 0, issue.RuleType}, {"99999999999999999999", 0, issue.RuleType},
		{"1001", 1001, issue.RuleMaximum}, {`"1"`, 0, issue.RuleType}, {"true", 0, issue.RuleType}, {"null", 0, issue.RuleType},
		{"00", 0, issue.RuleSyntax}, {"+1", 0, issue.RuleSyntax}, {".5", 0, issue.RuleSyntax}, {"1.e1", 0, issue.RuleSyntax},
	} {
		var v sample
		err := lex.DecodeJSON([]byte(strings.Replace(with(""), `"count":1`, `"count":`+test.text, 1)), &v)
		var rule issue.Rule
		for _, problem := range issue.Of(err) {
			rule = problem.Rule // the last one: a value that is not JSON is also not an integer
		}
		if v.Count != test.want || rule != test.rule {
			t.Errorf("%s: got %d, rule %q (%v)", test.text, v.Count, rule, err)
		}
	}
}

// TestCBORSyntax spells values that DAG-CBOR does not allow.
func TestCBORSyntax(t *testing.T) {
	base, err := lex.JSONToCBOR([]byte(with("")))
	if err != nil {
		t.Fatal(err)
	}
	entries := base[1:]
	// an extra entry "zzzzzzzzz" goes after all others
	extra := func(value string) []byte {
		return append(append([]byte{base[0] + 1}, entries...), "\x69zzzzzzzzz"+value...)
	}
	for _, test := range []struct {
		name  string
		input []byte
		want  []string
	}{
		{"as it is", base, nil},
		{"an extra field", extra("\x01"), nil},
		{"int not shortest", extra("\x18\x01"), []string{"/zzzzzzzzz syntax"}},
		{"two bytes not shortest", extra("\x19\x00\x80"), []string{"/zzzzzzzzz syntax"}},
		{"eight bytes not shortest", extra("\x1b\x00\x00\x00\x00\x80\x00\x00\x00"), []string{"/zzzzzzzzz syntax"}},
		{"over 63 bits", extra("\x1b\x80\x00\x00\x00\x00\x00\x00\x00"), []string{"/zzzzzzzzz type"}},
		{"half float", extra("\xf9\x3c\x00"), []string{"/zzzzzzzzz type"}},
		{"double", extra("\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00"), []string{"/zzzzzzzzz type"}},
		{"undefined", extra("\xf7"), []string{"/zzzzzzzzz syntax"}},
		{"simple value", extra("\xf8\x20"), []string{"/zzzzzzzzz syntax"}},
		{"indefinite array", extra("\x9f\xff"), []string{"/zzzzzzzzz syntax"}},
		{"reserved head", extra("\x1c"), []string{"/zzzzzzzzz syntax"}},
		{"text not UTF-8", extra("\x61\xff"), []string{"/zzzzzzzzz syntax"}},
		{"other tag", extra("\xc1\x01"), []string{"/zzzzzzzzz syntax"}},
		{"link without a CID", extra("\xd8\x2a\x41\x00"), []string{"/zzzzzzzzz format"}},
		{"link that is text", extra("\xd8\x2a\x61a"), []string{"/zzzzzzzzz syntax"}},
		{"map with integer key", extra("\xa1\x01\x01"), []string{"/zzzzzzzzz syntax"}},
		{"keys out of order", extra("\xa2\x61b\x01\x61a\x01"), []string{"/zzzzzzzzz/a syntax"}},
		{"duplicate keys", extra("\xa2\x61a\x01\x61a\x01"), []string{"/zzzzzzzzz/a syntax"}},
		{"cut", base[:len(base)-1], nil}, // checked below
		{"map with the key of a link", extra("\xa1\x65$link\x61x"), []string{"/zzzzzzzzz type"}},
		{"map with the key of bytes", extra("\xa2\x61a\x01\x66$bytes\x60"), []string{"/zzzzzzzzz type"}},
		{"text longer than the input", extra("\x7a\xff\xff\xff\xff"), []string{"/zzzzzzzzz syntax"}},
		{"array longer than the input", extra("\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), []string{"/zzzzzzzzz syntax"}},
		{"map longer than the input", extra("\xbb\x7f\xff\xff\xff\xff\xff\xff\xff"), []string{"/zzzzzzzzz syntax"}},
		{"deep", extra(strings.Repeat("\x81", 100) + "\x01"), []string{"/zzzzzzzzz" + strings.Repeat("/0", 63) + " syntax"}},
		{"data behind", append(append([]byte(nil), base...), 0), []string{" syntax"}},
		{"empty", nil, []string{" syntax"}},
		{"known key twice", append(append([]byte{base[0] + 1}, entries...), "\x64text\x61x"...), []string{"/text syntax"}},
	} {
		if test.name == "cut" {
			for n := range base {
				if err := lex.DecodeCBOR(base[:n], new(sample)); err == nil {
					t.Errorf("cut at %d: no error", n)
				}
			}
			continue
		}
		err := lex.DecodeCBOR(test.input, new(sample))
		got := found(err)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %v\n%s", test.name, err, diff)
		}
	}
}

// TestBudget holds memory against input that announces or repeats much.
func TestBudget(t *testing.T) {
	many := []byte(`{"$type":"com.example.sample","text":"x","count":1,"inner":{"name":"n"},"items":[` + strings.Repeat("{},", 200_000) + `{}]}`)
	for name, input := range map[string][]byte{"issues": many} {
		cbor, err := lex.JSONToCBOR(input)
		if err != nil {
			t.Fatal(err)
		}
		result := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				err = lex.DecodeCBOR(cbor, new(sample))
			}
		})
		var failed *issue.Error
		if !errors.As(err, &failed) || len(failed.Issues) != lex.MaxIssues || !failed.Truncated {
			t.Errorf("%s: %v", name, err)
		}
		if limit := int64(20 * len(cbor)); result.AllocedBytesPerOp() > limit {
			t.Errorf("%s: %d bytes allocated for %d of input", name, result.AllocedBytesPerOp(), len(cbor))
		}
	}
}

// large is much larger in memory than its shortest form, which is one byte.
type large struct {
	fields [100]int64
	Extra  lex.Map
}

var largeFields = lex.NewFields("a")

func (v *large) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, largeFields, &v.Extra)
	for d.Next(&c) >= 0 {
		v.fields[0] = d.Int(lex.Min, lex.Max)
	}
}

type listOfLarge struct{ items []large }

func (v *listOfLarge) DecodeLex(d *lex.Decoder) {
	v.items = lex.DecodeObjects[large](d, 0, lex.NoLimit)
}

func TestBudgetOfItems(t *testing.T) {
	input := []byte("[" + strings.Repeat("{},", 100_000) + "{}]")
	var v listOfLarge
	err := lex.DecodeJSON(input, &v)
	if len(found(err)) != 1 || issue.Of(err)[0].Rule != issue.RuleMemory {
		t.Errorf("%v", err)
	}
	if kept := len(v.items) * 808; kept > 200*len(input) {
		t.Errorf("%d bytes decoded from %d", kept, len(input))
	}
}

// Editors put a byte order mark before JSON. It is skipped, once, and offsets count from the true start.
func TestByteOrderMark(t *testing.T) {
	const mark = "\xef\xbb\xbf"
	text := with(`"anything":{"$type":"a.b.c"}`)
	want := asCBOR(t, text)
	var v sample
	if err := lex.DecodeJSON([]byte(mark+text), &v); err != nil {
		t.Error(err)
	}
	if got, err := lex.EncodeCBOR(&v); err != nil || !bytes.Equal(got, want) {
		t.Errorf("typed: %x, %v", got, err)
	}
	if got, err := lex.JSONToCBOR([]byte(mark + " \n" + text)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("untyped: %x, %v", got, err)
	}
	var raw lex.Raw
	if err := lex.DecodeJSON([]byte(mark+text), &raw); err != nil || string(raw.Data) != text {
		t.Errorf("raw: %s, %v", raw.Data, err)
	}
	e := rec.Envelope{Data: []byte(mark + text), Encoding: lex.JSON}
	if err := e.Decode(new(sample)); err != nil {
		t.Errorf("in an envelope: %v", err)
	}

	broken := with(`"count":"x"`)
	plain := issue.Of(lex.DecodeJSON([]byte(broken), new(sample)))
	marked := issue.Of(lex.DecodeJSON([]byte(mark+broken), new(sample)))
	if len(plain) != len(marked) || len(plain) == 0 {
		t.Fatalf("issues %v, with a mark %v", plain, marked)
	}
	for i, problem := range plain {
		if got := marked[i]; got.Path != problem.Path || got.Offset != problem.Offset+len(mark) {
			t.Errorf("%v at %d, with a mark %v at %d", problem, problem.Offset, got, got.Offset)
		}
	}
	for _, text := range []string{mark, mark + mark + text, " " + mark + text, text + mark, "\xef\xbb" + text, "\xff\xfe{}"} {
		if _, err := lex.JSONToCBOR([]byte(text)); err == nil {
			t.Errorf("%q is taken for JSON", text)
		}
	}
	if err := lex.DecodeCBOR(append([]byte(mark), want...), new(sample)); err == nil {
		t.Error("DAG-CBOR has no byte order mark")
	}
}

// What is held whole encodes to its own bytes, whatever rule it breaks; what is not is no longer the same value.
func TestIncomplete(t *testing.T) {
	corrected := with(`"number":2`)
	for _, test := range []struct {
		text string
		held bool
	}{
		{with(`"number":7`), true},
		{with(`"kind":"123456789"`), true},
		{with(`"limited":"abcd"`), true},
		{with(`"limited":"a"`), true},
		{with(`"raw":{"$bytes":""}`), true},
		{with(`"raw":{"$bytes":"AQIDBAUG"}`), true},
		{with(`"number":7,"other":{"$type":"blob","x":1}`), true}, // a blob without what a blob has
		{with(`"number":7,"unknown":[1,{"a":null}]`), true},
		{with(`"number":"x"`), false},
		{with(`"maybe":null`), false},
		{with(`"choice":{"$type":""}`), false},
		{with(`"choice":1`), false},
		{with(`"number":7,"maybe":[]`), false},
		{`{"$type":"com.example.other","text":"x","count":1,"inner":{"name":"n"},"items":[]}`, false},
		{`{"$type":"com.example.sample","count":1,"inner":{"name":"n"},"items":[]}`, false},
	} {
		cbor := asCBOR(t, test.text)
		for _, way := range []struct {
			name   string
			decode func(*sample) error
		}{
			{"CBOR", func(v *sample) error { return lex.DecodeCBOR(cbor, v) }},
			{"JSON", func(v *sample) error { return lex.DecodeJSON([]byte(test.text), v) }},
		} {
			var v sample
			if way.decode(&v) == nil {
				t.Errorf("%s: %s has no issues", way.name, test.text)
			}
			got, err := lex.EncodeCBOR(&v)
			if test.held && (err != nil || !bytes.Equal(got, cbor)) || !test.held && !errors.Is(err, lex.ErrIncomplete) {
				t.Errorf("%s: %s: %x, %v", way.name, test.text, got, err)
			}
			untyped, _ := lex.CBORToJSON(cbor)
			text, err := lex.EncodeJSON(&v)
			if test.held && (err != nil || string(text) != string(untyped)) || !test.held && !errors.Is(err, lex.ErrIncomplete) {
				t.Errorf("%s: %s: %s, %v", way.name, test.text, text, err)
			}
			if _, err := lex.EncodeIncomplete(&v); err != nil {
				t.Errorf("%s: %s: EncodeIncomplete: %v", way.name, test.text, err)
			}
			if test.held && lex.Validate(&v) == nil {
				t.Errorf("%s: %s is valid", way.name, test.text)
			}
			if test.held && v.Number.IsSet() { // the caller puts it right
				v.Number = lex.Some[int64](2)
				if err := lex.Validate(&v); err != nil && !strings.Contains(test.text, "blob") {
					t.Errorf("%s: %s: %v", way.name, test.text, err)
				}
				if got, err := lex.EncodeCBOR(&v); err != nil || test.text == with(`"number":7`) && !bytes.Equal(got, asCBOR(t, corrected)) {
					t.Errorf("%s: %s: corrected: %x, %v", way.name, test.text, got, err)
				}
			}
		}
	}

	// JSON with a limit broken, and spelled in other ways, is the same value.
	var v sample
	if err := lex.DecodeJSON([]byte(with(` "number" : 7.0 `)), &v); err == nil {
		t.Error("7.0 is not over the maximum")
	}
	if got, err := lex.EncodeCBOR(&v); err != nil || !bytes.Equal(got, asCBOR(t, with(`"number":7`))) {
		t.Errorf("%x, %v", got, err)
	}
	// DAG-CBOR is not: its spelling is part of its CID.
	cbor := asCBOR(t, with(`"number":7`))
	for name, broken := range map[string][]byte{
		"an integer that is not shortest": bytes.Replace(cbor, []byte("\x66number\x07"), []byte("\x66number\x18\x07"), 1),
		"text that is not UTF-8":          bytes.Replace(cbor, []byte("\x64text\x61x"), []byte("\x64text\x61\xff"), 1),
		"data after the value":            append(bytes.Clone(cbor), 0),
		"cut":                             cbor[:len(cbor)-1],
	} {
		v := new(sample)
		if lex.DecodeCBOR(broken, v) == nil {
			t.Errorf("%s: no issues", name)
		}
		if _, err := lex.EncodeCBOR(v); !errors.Is(err, lex.ErrIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is only tried is not part of the value, and makes it no less complete.
func TestIncompleteTried(t *testing.T) {
	for _, text := range []string{`{"a":1,"n":2}`, `{"a":{"$type":7},"n":2}`, `{"a":{"x":1,"x":2},"n":2}`, `{"a":{"text":7},"n":2}`} {
		var v tried
		if err := lex.DecodeJSON([]byte(text), &v); len(issue.Of(err)) != 1 {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := lex.EncodeCBOR(&v.extra); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

type tried struct{ extra lex.Map }

var triedFields = lex.NewFields("a", "n")

func (v *tried) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, triedFields, &v.extra)
	for {
		switch d.Next(&c) {
		case 0:
			d.Try(new(sample))
		case 1:
			d.Int(0, 1)
		default:
			return
		}
	}
}

// A value whose decoding the context ended is not encoded by mistake.
func TestIncompleteEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	v := ending{end: cancel}
	text := `{"a":1,"b":[` + strings.Repeat("1,", 1<<20) + `1]}`
	if err := lex.Decode(ctx, []byte(text), &v, lex.DecodeOptions{Encoding: lex.JSON}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := lex.EncodeCBOR(&v); !errors.Is(err, lex.ErrIncomplete) {
		t.Error(err)
	}
}

// ending ends its own decoding.
type ending struct {
	lex.Map
	end func()
}

func (v *ending) DecodeLex(d *lex.Decoder) {
	v.end()
	v.Map.DecodeLex(d)
}

// A $type that ends in "#main" is read and kept, and is an issue.
func TestMainInType(t *testing.T) {
	for _, test := range []struct {
		fields, path string
		held         bool
	}{
		{`"choice":{"$type":"com.example.sample#inner#main","name":"n"}`, "/choice", true},
		{`"choice":{"$type":"com.example.other#main","x":1}`, "/choice", true},
		{`"typedAnything":{"$type":"com.example.other#main","x":1}`, "/typedAnything", true},
		{`"typedAnything": { "x":1, "$type":"com.example.other#main" } `, "/typedAnything", true},
		{`"closed":{"$type":"com.example.sample#inner#main","name":"n"}`, "/closed", false}, // nothing holds it
		{`"closed":{"$type":"com.example.other#main"}`, "/closed", false},
	} {
		text := with(test.fields)
		cbor := asCBOR(t, text)
		for name, decode := range map[string]func(*sample) error{
			"CBOR": func(v *sample) error { return lex.DecodeCBOR(cbor, v) },
			"JSON": func(v *sample) error { return lex.DecodeJSON([]byte(text), v) },
		} {
			var v sample
			issues := issue.Of(decode(&v))
			if len(issues) != 1 || issues[0].Path != test.path || issues[0].Rule != issue.RuleUnion || !strings.Contains(issues[0].Message(), "#main") {
				t.Errorf("%s: %s: %v", name, text, issues)
			}
			if i, ok := v.Choice.(*inner); test.path == "/choice" && strings.Contains(text, "inner#main") && (!ok || i.Name != "n") {
				t.Errorf("%s: %s: the member is %v", name, text, v.Choice)
			}
			got, err := lex.EncodeCBOR(&v)
			if test.held && (err != nil || !bytes.Equal(got, cbor)) || !test.held && !errors.Is(err, lex.ErrIncomplete) {
				t.Errorf("%s: %s: %x, %v", name, text, got, err)
			}
			if test.held && lex.Validate(&v) == nil {
				t.Errorf("%s: %s is valid", name, text)
			}
		}
	}
	text := `{"$type":"com.example.sample#main","text":"x","count":1,"inner":{"name":"n"},"items":[]}`
	if got := found(lex.DecodeJSON([]byte(text), new(sample))); !slices.Equal(got, []string{"/$type const"}) {
		t.Errorf("a record: %v", got)
	}
	// Where no lexicon says what the object is, there is nothing to hold it against.
	if err := lex.DecodeJSON([]byte(with(`"anything":{"$type":"com.example.other#main"},"other":{"$type":"a.b.c#main"}`)), new(sample)); err != nil {
		t.Error(err)
	}
}

// An empty blob is read, wherever it stands, but is not to be written.
func TestEmptyBlob(t *testing.T) {
	blob := func(size string) string {
		return `{"$type":"blob","ref":` + link + `,"mimeType":"text/plain","size":` + size + `}`
	}
	for _, test := range []struct{ fields, path string }{
		{`"picture":` + blob("0"), "/picture"},
		{`"anything":{"a":[` + blob("0") + `]}`, "/anything/a/0"},
		{`"other":` + blob("0"), "/other"},
		{`"choice":{"$type":"a.b.c","x":` + blob("0") + `}`, "/choice/x"},
		{`"picture":` + blob("1"), ""},
		{`"other":` + blob("1"), ""},
		{`"picture":{"cid":"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","mimeType":"text/plain"}`, ""}, // which has no size
	} {
		var v sample
		if err := lex.DecodeJSON([]byte(with(test.fields)), &v); err != nil {
			t.Errorf("reading %s: %v", test.fields, err)
		}
		cbor, err := lex.EncodeCBOR(&v)
		if err != nil || lex.DecodeCBOR(cbor, new(sample)) != nil {
			t.Errorf("reading %s from DAG-CBOR: %v", test.fields, err)
		}
		var want []string
		if test.path != "" {
			want = []string{test.path + " blob"}
		}
		known := lex.RecordDef{NSID: nsidSample, New: func() lex.Record { return new(sample) }}
		for name, err := range map[string]error{
			"Validate":       lex.Validate(&v),
			"ValidateRecord": lex.ValidateRecord(known, &v),
			"ValidateCBOR":   lex.ValidateCBOR(cbor, new(sample)),
		} {
			if got := found(err); !slices.Equal(got, want) {
				t.Errorf("%s: %s: %v, want %v", name, test.fields, got, want)
			}
		}
	}
}

// Integers of more than 53 bits are valid, but servers fail on them: they are not to be sent.
func TestIntegersToSend(t *testing.T) {
	for _, test := range []struct {
		number string
		ok     bool
	}{
		{"9007199254740991", true}, {"9007199254740992", false}, {"9223372036854775807", false}, {"65536", true},
		{"-9007199254740991", true}, {"-9007199254740992", false}, {"-9223372036854775808", false}, {"-1", true},
	} {
		for _, field := range []struct{ fields, path string }{
			{`"other":%s`, "/other"},
			{`"anything":{"a":[%s]}`, "/anything/a/0"},
			{`"typedAnything":{"$type":"a.b.c","x":{"y":%s}}`, "/typedAnything/x/y"},
		} {
			cbor := asCBOR(t, with(fmt.Sprintf(field.fields, test.number)))
			if err := lex.DecodeCBOR(cbor, new(sample)); err != nil {
				t.Errorf("reading %s: %v", test.number, err)
			}
			var want []string
			if !test.ok {
				want = []string{field.path + " maximum"}
				if test.number[0] == '-' {
					want[0] = field.path + " minimum"
				}
			}
			if got := found(lex.ValidateCBOR(cbor, new(sample))); !slices.Equal(got, want) {
				t.Errorf("sending %s: %v, want %v", test.number, got, want)
			}
		}
		n, err := strconv.ParseInt(test.number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		size := lex.Blob{Ref: cid.Of(cid.Raw, nil).Link(), MimeType: "a/b", Size: n}
		cbor, err := lex.EncodeCBOR(&size)
		if err != nil {
			t.Fatal(err)
		}
		if got := found(lex.ValidateCBOR(cbor, new(lex.Blob))); (len(got) == 0) != (test.ok && n > 0) || len(got) > 1 {
			t.Errorf("sending a size of %d: %v", n, got)
		}
	}
}

// TestSharedBytes holds that bytes are part of the input only where that is asked for, and end where they end in it.
func TestSharedBytes(t *testing.T) {
	cbor, err := lex.JSONToCBOR([]byte(with(`"raw":{"$bytes":"AQID"}`)))
	if err != nil {
		t.Fatal(err)
	}
	for shared, decode := range map[bool]func([]byte, lex.Decodable) error{false: lex.DecodeCBOR, true: lex.DecodeCBORShared} {
		input := bytes.Clone(cbor)
		var v sample
		if err := decode(input, &v); err != nil || string(v.Raw) != "\x01\x02\x03" || cap(v.Raw) != 3 {
			t.Fatal(v.Raw, err)
		}
		clear(input)
		if changed := v.Raw[0] == 0; changed != shared {
			t.Errorf("shared %t: the bytes are %v after the input was cleared", shared, v.Raw)
		}
	}
}
