package jsontext_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
)

func open(s string) *input.Input {
	in := new(input.Input)
	in.Start(context.Background(), []byte(s), true, input.Reading, 0)
	return in
}

// found returns the messages of the issues, with their offsets.
func found(in *input.Input) string {
	var list []string
	for _, i := range in.Issues {
		list = append(list, fmt.Sprintf("%d %s", i.Offset, i.Want))
	}
	return strings.Join(list, "; ")
}

func TestText(t *testing.T) {
	for _, test := range []struct{ json, want, issues string }{
		{`""`, "", ""},
		{`"a"`, "a", ""},
		{`"twelve bytes"`, "twelve bytes", ""},
		{`"é, and text after it"`, "é, and text after it", ""},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t", ""},
		{`"\u00e9\uD83D\ude00"`, "é😀", ""},
		{`"plain text, then \u0041"`, "plain text, then A", ""},
		{`"\ud83d"`, "\uFFFD", "0 lone surrogate in a string"},
		{`"\ude00\ud83d"`, "\uFFFD\uFFFD", "0 lone surrogate in a string; 0 lone surrogate in a string"},
		{"\"\xff is no UTF-8\"", "\xff is no UTF-8", "0 text that is not UTF-8"},
		{`"\x"`, "", "0 unknown escape in a string"},
		{`"\u12g4"`, "", "0 unknown escape in a string"},
		{`"\u12`, "", "0 unknown escape in a string"},
		{"\"a\nb\"", "", "0 control character in a string"},
		{`"a`, "", "0 unterminated string"},
		{`"`, "", "0 unterminated string"},
	} {
		for _, tail := range []string{"", `,"more":"text"`} {
			if tail != "" && strings.HasSuffix(test.issues, "unterminated string") || strings.HasSuffix(test.json, `\u12`) && tail != "" {
				continue
			}
			in := open(test.json + tail)
			got, ok := jsontext.Text(in)
			if got != test.want || ok == in.Dead || found(in) != test.issues {
				t.Errorf("Text(%s) = %q, %v, %s", test.json+tail, got, ok, found(in))
			}
			if ok && in.At != len(test.json) {
				t.Errorf("Text(%s) ends at %d", test.json+tail, in.At)
			}
			skipped := open(test.json + tail)
			if s := jsontext.SkipText(skipped); skipped.At != in.At || s != "" && s != test.want {
				t.Errorf("SkipText(%s) = %q at %d", test.json+tail, s, skipped.At)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		json   string
		want   int64
		ok     bool
		broken bool
	}{
		{"0", 0, true, false},
		{"-0", 0, true, false},
		{"12", 12, true, false},
		{"-9223372036854775808", -1 << 63, true, false},
		{"9223372036854775807", 1<<63 - 1, true, false},
		{"9223372036854775808", 0, false, false},
		{"100000000000000000000", 0, false, false},
		{"1.0", 1, true, false},
		{"1e2", 100, true, false},
		{"120e-1", 12, true, false},
		{"1.5", 0, false, false},
		{"1e-1", 0, false, false},
		{"0e999999999999999999999", 0, true, false},
		{"01", 0, false, true},
		{"-", 0, false, true},
		{"1.", 0, false, true},
		{"1e", 0, false, true},
		{"1e+", 0, false, true},
	} {
		in := open(test.json)
		got, ok := jsontext.Number(in)
		if got != test.want || ok != test.ok || in.Dead != test.broken {
			t.Errorf("Number(%s) = %d, %v, %s", test.json, got, ok, found(in))
		}
		if in.At != len(test.json) {
			t.Errorf("Number(%s) ends at %d", test.json, in.At)
		}
	}
}

// TestNumberAhead: numbers of all lengths are read the same near the end of the input and far from it, whatever follows.
func TestNumberAhead(t *testing.T) {
	texts := []string{"", "-", "00", "01", "0012", "1.5", "1.0", "12e1", "12E1", "1234567.0", "12345678e0", "0e0"}
	for n, text := 0, ""; n < 25; n++ {
		text += string(rune('0' + (n*7+1)%10))
		texts = append(texts, text, "-"+text, "9"+text, text[1:])
	}
	for _, text := range texts {
		for _, after := range []string{"", ",", "]", "}", " ", "\x00", "x", "/", ":", "\xff", "\x8a"} {
			if text == "" {
				continue
			}
			near, far := open(text+after), open(text+after+strings.Repeat(" ", 40))
			want, wantOK := jsontext.Number(near)
			got, ok := jsontext.Number(far)
			if got != want || ok != wantOK || far.Dead != near.Dead || !far.Dead && far.At != near.At {
				t.Errorf("Number(%q) before %q: %d, %v at %d; near the end: %d, %v at %d", text, after, got, ok, far.At, want, wantOK, near.At)
			}
			if v, err := strconv.ParseInt(text, 10, 64); err == nil && !far.Dead && (got != v || far.At != len(text)) {
				t.Errorf("Number(%q) = %d at %d", text, got, far.At)
			}
		}
	}
}

func TestSkip(t *testing.T) {
	for _, test := range []struct {
		json, want string
		passes     bool // Pass, which looks for the end alone, takes it
	}{
		{` {"a" : [1, "x", true, false, null, {}], "b":-1.5e3 }`, "", true},
		{`[]`, "", true},
		{`{"a":1,}`, "7 expected a key", true},
		{`{"a" 1}`, "5 expected : after a key", true},
		{`{"a":1 "b":2}`, "7 expected , or an end", true},
		{`[1 2]`, "3 expected , or an end", true},
		{`[nul]`, "1 unknown word", true},
		{`[`, "1 unexpected end", false},
		{`["]`, "1 unterminated string", false},
		{`x`, "0 unexpected character", false},
		{``, "0 unexpected end", false},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), "64 nesting too deep", true},
	} {
		in := open(test.json)
		if jsontext.Skip(in); found(in) != test.want || in.At != len(test.json) {
			t.Errorf("Skip(%s) ends at %d: %s", test.json, in.At, found(in))
		}
		passed := open(test.json)
		if jsontext.Pass(passed); passed.Dead == test.passes || passed.At != len(test.json) {
			t.Errorf("Pass(%s) ends at %d: %s", test.json, passed.At, found(passed))
		}
	}
}

func TestAppendText(t *testing.T) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f", "eight by", "é😀, and more text after it", "\u2028<>&"} {
		b := jsontext.AppendText(nil, s)
		var got string
		if err := json.Unmarshal(b, &got); err != nil || got != s {
			t.Errorf("AppendText(%q) = %s: %q, %v", s, b, got, err)
		}
	}
	if got := jsontext.AppendText(nil, "a\xffb"); string(got) != "\"a\uFFFDb\"" {
		t.Errorf("a byte that is not UTF-8 becomes %s", got)
	}
}

// Text agrees with encoding/json about strings, unless one of them reports an issue.
func FuzzText(f *testing.F) {
	for _, s := range []string{`"a"`, `"\u00e9\ud83d\ude00"`, `"\ud83d"`, `"a\nb"`, `"long enough for two words"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !strings.HasPrefix(s, `"`) {
			return
		}
		in := open(s)
		got, ok := jsontext.Text(in)
		if !ok || in.Issues != nil {
			return
		}
		var want string
		if err := json.Unmarshal([]byte(s[:in.At]), &want); err != nil || want != got {
			t.Fatalf("%s: %q, want %q (%v)", s, got, want, err)
		}
		if again := jsontext.AppendText(nil, got); !json.Valid(again) {
			t.Fatalf("%q becomes %s", got, again)
		}
	})
}
