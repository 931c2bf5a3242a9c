package decode_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/transcode"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Package lex tests all of this package through generated code; here is what a table of fields and a Reader do.

var table = decode.NewTable("n!", "ok", "list", "text")

// read reads an object of table and returns what it found as text.
func read(r *decode.Reader, extra **decode.Extra) string {
	var found []string
	var c decode.Cursor
	r.Object(&c, &table, extra)
	for {
		switch r.Next(&c) {
		case 0:
			found = append(found, fmt.Sprint("n=", r.Int(0, 9)))
		case 1:
			found = append(found, fmt.Sprint("ok=", r.Bool()))
		case 2:
			a := r.StartArray(0, 3)
			for r.More(&a) {
				found = append(found, fmt.Sprint("item=", r.Int(math.MinInt64, math.MaxInt64)))
			}
		case 3:
			found = append(found, "text="+r.String(1, 5))
		default:
			return strings.Join(found, " ")
		}
	}
}

func TestReader(t *testing.T) {
	var r decode.Reader // one for all, since it uses its memory again
	var transcoder transcode.Transcoder
	for _, test := range []struct{ json, found, extra, issues string }{
		{`{"n":1,"ok":true,"list":[1,-2],"text":"abc"}`, "n=1 ok=true item=1 item=-2 text=abc", "", ""},
		{`{"n":1,"b":[{}],"aa":null}`, "n=1", "b aa", ""},
		{`{}`, "", "", "/n required"},
		{`{"n":"x","ok":1}`, "n=0 ok=false", "", "/n type, /ok type"},
		{`{"n":10,"list":[1,2,3,4],"text":""}`, "n=10 item=1 item=2 item=3 item=4 text=", "", "/n maximum, /list maxLength, /text minLength"},
		{`[]`, "", "", " type"},
	} {
		var in input.Input
		in.Start(context.Background(), []byte(test.json), true, input.Reading, 0)
		cbor := string(transcoder.Next(&in))
		for encoding, data := range map[string]string{"JSON": test.json, "DAG-CBOR": cbor} {
			var extra *decode.Extra
			r.Begin(t.Context(), []byte(data), encoding == "JSON", false, input.Reading, 0)
			found := read(&r, &extra)
			err := r.End(t.Context())
			r.Release()
			var names, issues []string
			if extra != nil {
				for _, e := range extra.Entries {
					names = append(names, e.Key)
				}
			}
			for _, i := range issue.Of(err) {
				issues = append(issues, i.Path+" "+string(i.Rule))
			}
			if found != test.found || strings.Join(names, " ") != test.extra || strings.Join(issues, ", ") != test.issues {
				t.Errorf("%s of %s: %q, unknown %q, issues %q", encoding, test.json, found, names, issues)
			}
			if lost := extra != nil && extra.Incomplete; lost != (strings.Contains(test.issues, "type") || strings.Contains(test.issues, "required")) {
				t.Errorf("%s of %s: incomplete is %v", encoding, test.json, lost)
			}
		}
	}
}

// Try leaves no issues, and finds the end of a value that has some.
func TestTry(t *testing.T) {
	for _, test := range []struct {
		json string
		ok   bool
	}{
		{`{"n":1}`, true},
		{`{"n":10}`, false},
		{`{"n":[1`, false},
	} {
		var r decode.Reader
		r.Begin(t.Context(), []byte(" "+test.json), true, false, input.Reading, 0)
		start, end, ok := r.Try(func() { read(&r, nil) })
		whole := !r.Dead
		if ok != test.ok || whole && (start != 1 || end != 1+len(test.json) || len(r.Issues) > 0) {
			t.Errorf("Try(%s) = %d, %d, %v, issues %v", test.json, start, end, ok, r.Issues)
		}
	}
}
