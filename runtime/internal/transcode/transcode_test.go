package transcode_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/transcode"
)

// toCBOR converts JSON, and returns the messages of the issues.
func toCBOR(t *transcode.Transcoder, text string) (cbor, issues string) {
	var in input.Input
	in.Start(context.Background(), []byte(text), true, input.Reading, 0)
	defer t.Reset()
	b := string(t.Next(&in))
	var list []string
	for _, i := range in.Issues {
		list = append(list, i.Want)
	}
	return b, strings.Join(list, "; ")
}

const link = `{"$link":"bafyreihffx5a2e7k5uwrmmgofbvzujc5cmw5h4espouwuxt3liqoflx3ee"}`

func TestTranscoder(t *testing.T) {
	var transcoder transcode.Transcoder // one for all, since it uses its memory again
	for _, test := range []struct{ json, cbor, issues string }{
		{`null`, "f6", ""},
		{`[true, false]`, "82f5f4", ""},
		{`[1, -1, 1e2]`, "8301201864", ""},
		{`{"aa":1,"b":"x"}`, "a261626178626161" + "01", ""}, // sorted
		{`{"b":"x","aa":1}`, "a261626178626161" + "01", ""},
		{`{"a":{"c":1,"b":2}}`, "a16161a2616202616301", ""},
		{`{"$bytes":"AQI"}`, "420102", ""},
		{`{"$bytes":"AQI="}`, "420102", ""},
		{`{"$bytes":1}`, "f6", "value of the data model: malformed $bytes"},
		{`{"$link":"bafy"}`, "f6", "value of the data model: malformed $link"},
		{`{"$link":"a","b":1}`, "", "value of the data model: $link or $bytes beside other keys"},
		{`{"a":1,"a":2}`, "", `duplicate key "a"`},
		{`{"$type":""}`, "", "value of the data model: $type must be a string with content"},
		{`{"$type":"blob"}`, "", "blob needs a ref, a mimeType and a size"},
		{`1.5`, "", "integer of 64 bits"},
		{`[1`, "", "expected , or ] in an array"},
		{`tru`, "", "unknown word"},
		{``, "", "unexpected end"},
		{strings.Repeat("[", 65), "", "nesting too deep"},
	} {
		got, issues := toCBOR(&transcoder, test.json)
		if issues != test.issues || test.cbor != "" && hex.EncodeToString([]byte(got)) != test.cbor {
			t.Errorf("%s becomes %x with %q, want %s with %q", test.json, got, issues, test.cbor, test.issues)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	for _, test := range []struct{ cbor, json string }{
		{"\x83\x01\x20\x63abc", `[1,-1,"abc"]`},
		{"\xa1\x61a\xf6", `{"a":null}`},
		{"\x42\x01\x02", `{"$bytes":"AQI"}`},
		{"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", `-18446744073709551616`},
		{"\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00", `1.5`},
		{"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00", `null`},
		// broken, and shown as far as it goes
		{"\x82\x01", `[1]`},
		{"\xa1\x01\x02", `{"":null}`},
		{"\x63a", `"a"`},
		{"", `null`},
	} {
		if got := string(transcode.AppendJSON(nil, test.cbor)); got != test.json {
			t.Errorf("%x becomes %s, want %s", test.cbor, got, test.json)
		}
	}
	long := string(dagcbor.AppendText(nil, strings.Repeat("\x01é", 100_000)))
	b := transcode.AppendJSON(nil, long)
	if !json.Valid(b) || cap(b) > len(b)+len(b)/4 {
		t.Errorf("%d bytes of JSON in %d bytes of memory", len(b), cap(b))
	}
}

// What is converted to DAG-CBOR without issues is canonical, and is the same again after it was JSON.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{`{"b":[1,null,true],"a":"é"}`, link, `{"$bytes":"AQI"}`, `{"$type":"blob"}`, `-0`, `"\ud83d"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var transcoder transcode.Transcoder
		cbor, issues := toCBOR(&transcoder, s)
		if issues != "" {
			return
		}
		cbor = strings.Clone(cbor)
		var in input.Input
		in.Start(context.Background(), []byte(cbor), false, input.Reading, 0)
		if dagcbor.Skip(&in); in.Issues != nil || in.At != len(cbor) {
			t.Fatalf("%s becomes %x: %v", s, cbor, in.Issues)
		}
		again, issues := toCBOR(&transcoder, string(transcode.AppendJSON(nil, cbor)))
		if issues != "" || again != cbor {
			t.Fatalf("%s becomes %x and then %x: %s", s, cbor, again, issues)
		}
	})
}
