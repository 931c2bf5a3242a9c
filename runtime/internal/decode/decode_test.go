package decode_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

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

// TestLikely reads objects again and again, so that each field is the likely one after the field before it: with names that
// are short, as long as a token, and longer; with white space or none; twice; and in another order.
func TestLikely(t *testing.T) {
	names := []string{"a", "abcdef", "abcdefg", "abcdefgh", strings.Repeat("b", 21), strings.Repeat("c", 22), strings.Repeat("d", 23), strings.Repeat("e", 40)}
	table := decode.NewTable(names...)
	var r decode.Reader
	read := func(text string) (fields []int, err error) {
		r.Begin(t.Context(), []byte(text), true, false, input.Reading, 0)
		defer r.Release()
		var c decode.Cursor
		r.Object(&c, &table, nil)
		for i := r.Next(&c); i >= 0; i = r.Next(&c) {
			if got := r.Int(0, 99); got != int64(i) {
				t.Errorf("field %d of %s is %d", i, text, got)
			}
			fields = append(fields, i)
		}
		return fields, r.End(t.Context())
	}
	object := func(format, comma string, fields []int) string {
		var list []string
		for _, i := range fields {
			list = append(list, fmt.Sprintf(format, names[i], i))
		}
		return "{" + strings.Join(list, comma) + "}" + strings.Repeat(" ", 40) // so that the end is not near
	}
	up, down := []int{0, 1, 2, 3, 4, 5, 6, 7}, []int{7, 6, 5, 4, 3, 2, 1, 0}
	for range 2 {
		for _, fields := range [][]int{up, up, down, down, {0, 3, 7}, {0, 3, 7}, {}} {
			for _, format := range []string{`"%s":%d`, ` "%s" : %d `} {
				for _, comma := range []string{",", " , "} {
					text := object(format, comma, fields)
					if got, err := read(text); err != nil || !slices.Equal(got, fields) {
						t.Errorf("%s: fields %v, %v", text, got, err)
					}
				}
			}
		}
		for _, text := range []string{object(`"%s":%d`, ",", []int{0, 1, 1}), object(`"%s":%d`, ",", []int{4, 4})} {
			for range 2 { // the second time, the likely field after the first is that field again
				if _, err := read(text); err == nil || !strings.Contains(err.Error(), "duplicate key") {
					t.Errorf("%s: %v", text, err)
				}
			}
		}
		for _, text := range []string{`{,"a":0}`, `{"a":0"abcdef":1}`, `{"a":0,}`, `{"a":0,,"abcdef":1}`, `{"a":0`, `{"a":0]`, `["a":0}`} {
			if _, err := read(text + strings.Repeat(" ", 40)); err == nil {
				t.Errorf("%s is read without an error", text)
			}
		}
	}
}

// TestShortText reads texts around the length up to which String looks at words.
func TestShortText(t *testing.T) {
	for n := range 40 {
		for _, text := range []string{strings.Repeat("x", n), strings.Repeat("x", n) + "é", strings.Repeat("x", n) + `\"`, strings.Repeat("x", n) + "\x01", strings.Repeat("x", n) + "\xff"} {
			for _, tail := range []string{"", strings.Repeat(" ", 40)} {
				var r decode.Reader
				r.Begin(t.Context(), []byte(`"`+text+`"`+tail), true, false, input.Reading, 0)
				got := r.String(0, math.MaxInt)
				err := r.End(t.Context())
				if strings.ContainsAny(text, "\x01") || !utf8.ValidString(text) {
					if err == nil {
						t.Errorf("%q is read", text)
					}
				} else if want := strings.ReplaceAll(text, `\`, ""); err != nil || got != want {
					t.Errorf("String of %q = %q, %v", text, got, err)
				}
			}
		}
	}
}
