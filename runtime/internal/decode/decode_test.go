package decode_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"

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

// TestNames: every field is found, whatever names its table has, and an unknown key is no field.
func TestNames(t *testing.T) {
	for _, form := range []string{"%d", "prefix%02d", "aVeryLongPrefixOfName%02d", "aNameThatIsTooLongForWords%02d", "n%dzzzzzzz"} {
		var names []string
		for i := range 64 {
			names = append(names, fmt.Sprintf(form, i))
		}
		slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
		fields := decode.NewTable(names[1:]...) // the first is unknown
		for step := 1; step < len(names); step++ {
			var chosen []string
			for i := 0; i < len(names); i += step {
				chosen = append(chosen, names[i])
			}
			data := []byte{0xb8, byte(len(chosen))}
			if len(chosen) < 24 {
				data = []byte{0xa0 + byte(len(chosen))}
			}
			for _, name := range chosen {
				if len(name) < 24 {
					data = append(data, 0x60+byte(len(name)))
				} else {
					data = append(data, 0x78, byte(len(name)))
				}
				data = append(append(data, name...), 0x07)
			}
			var r decode.Reader
			var c decode.Cursor
			var extra *decode.Extra
			r.Begin(t.Context(), data, false, false, input.Reading, 0)
			r.Object(&c, &fields, &extra)
			var found []string
			for q := r.Next(&c); q >= 0; q = r.Next(&c) {
				found = append(found, names[1+q])
				r.Int(7, 7)
			}
			if err := r.End(t.Context()); err != nil || !slices.Equal(found, chosen[1:]) || len(extra.Entries) != 1 {
				t.Fatalf("%s, each %d: %v, %v", form, step, found, err)
			}
		}
	}
}

// TestInt: integers are read the same near the end of the input and far from it, and only their shortest form is one.
func TestInt(t *testing.T) {
	forms := func(v uint64) [][]byte {
		return [][]byte{
			{0x18, byte(v)},
			binary.BigEndian.AppendUint16([]byte{0x19}, uint16(v)),
			binary.BigEndian.AppendUint32([]byte{0x1a}, uint32(v)),
			binary.BigEndian.AppendUint64([]byte{0x1b}, v),
		}
	}
	for _, v := range []uint64{0, 1, 22, 23, 24, 25, 254, 255, 256, 257, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1<<32 - 1, 1 << 32, 1<<63 - 1} {
		shortest := true
		for size, form := range append([][]byte{{byte(v)}}, forms(v)...) {
			if bits := []int{0, 8, 16, 32, 64}[size]; size == 0 && v > 23 || size > 0 && bits < 64 && v>>bits != 0 {
				continue
			}
			for _, room := range []int{0, 40} {
				data := append([]byte{0x82}, form...)
				data = append(data, 0x58, byte(room))
				if room < 24 {
					data = append(data[:len(data)-2], 0x40+byte(room))
				}
				data = append(data, make([]byte, room)...)
				var r decode.Reader
				r.Begin(t.Context(), data, false, false, input.Reading, 0)
				a := r.StartArray(0, 2)
				r.More(&a)
				got := r.Int(math.MinInt64, math.MaxInt64)
				r.More(&a)
				r.Bytes()
				r.More(&a)
				if err := r.End(t.Context()); uint64(got) != v || (err == nil) != shortest {
					t.Errorf("%x before %d bytes: %d, %v", form, room, got, err)
				}
			}
			shortest = false
		}
	}
}

// TestTextCBOR: texts of all lengths are read the same near the end of the input and far from it, copied and shared, with
// one Reader for all.
func TestTextCBOR(t *testing.T) {
	var r decode.Reader
	for n := range 300 {
		head := []byte{0x60 + byte(n)}
		switch {
		case n > 255:
			head = []byte{0x79, byte(n >> 8), byte(n)}
		case n > 23:
			head = []byte{0x78, byte(n)}
		}
		for i := range max(n, 1) {
			for _, char := range []string{"", "é", "\xff"} {
				text := strings.Repeat("x", n)
				if char != "" && i+len(char) <= n {
					text = text[:i] + char + text[i+len(char):]
				} else if i > 0 {
					continue
				}
				for _, room := range []int{0, 40} {
					// The first text makes the memory that the second is copied to.
					data := slices.Concat([]byte{0x83, 0x61, 'a'}, head, []byte(text), []byte{0x58, 40}, make([]byte, 40))
					if room == 0 {
						data = slices.Concat([]byte{0x82, 0x61, 'a'}, head, []byte(text))
					}
					for _, share := range []bool{false, true} {
						r.Begin(t.Context(), data, false, share, input.Reading, 0)
						a := r.StartArray(0, 3)
						r.More(&a)
						first := r.String(0, 1)
						r.More(&a)
						got := r.String(0, n)
						if within := n > 0 && uintptr(unsafe.Pointer(unsafe.StringData(got)))-uintptr(unsafe.Pointer(&data[0])) < uintptr(len(data)); within != (share && n > 0) {
							t.Fatalf("%q before %d bytes: shared is %v", text, room, within)
						}
						next := r.Kept.Copy("next", nil)
						if room > 0 {
							r.More(&a)
							r.Bytes()
						}
						r.More(&a)
						if err := r.End(t.Context()); got != text || first != "a" || next != "next" || (err == nil) != utf8.ValidString(text) {
							t.Fatalf("%q before %d bytes: %q, %v", text, room, got, err)
						}
					}
				}
			}
		}
	}
}

// TestOrder: keys that come twice or out of order are reported, near the end of the input and far from it.
func TestOrder(t *testing.T) {
	fields := decode.NewTable("a", "b", "aa", "longerName")
	for _, test := range []struct {
		keys string
		want int // issues
	}{
		{"a b aa longerName", 0},
		{"a a", 1},
		{"b a", 1},
		{"aa b longerName", 1},
		{"longerName a b", 1},
		{"a longerName longerName", 1},
		{"a b a", 1},
	} {
		for _, room := range []int{0, 40} {
			keys := strings.Fields(test.keys)
			data := []byte{0x82, 0xa0 + byte(len(keys))}
			for _, key := range keys {
				data = append(append(append(data, 0x60+byte(len(key))), key...), 0x07)
			}
			data = slices.Concat(data, []byte{0x58, byte(room)}, make([]byte, room))
			if room == 0 {
				data = append(data[:len(data)-2], 0x40)
			}
			var r decode.Reader
			var c decode.Cursor
			r.Begin(t.Context(), data, false, false, input.Reading, 0)
			a := r.StartArray(0, 2)
			r.More(&a)
			r.Object(&c, &fields, nil)
			for r.Next(&c) >= 0 {
				r.Int(7, 7)
			}
			r.More(&a)
			r.Bytes()
			r.More(&a)
			err := r.End(t.Context())
			issues := issue.Of(err)
			if len(issues) != test.want || err != nil && issues[0].Rule != issue.RuleSyntax {
				t.Errorf("%s before %d bytes: %v", test.keys, room, err)
			}
		}
	}
}

// TestOrderOfAll: of all sequences of a few keys, known and unknown, short and long, each key is reported that is not after
// the key before it, and each known one that came before.
func TestOrderOfAll(t *testing.T) {
	names := []string{"a", "b", "c", "aaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaa2"}
	known := []string{"a", "c", "aaaaaaaaaaaaaaaaaa1", "aaaaaaaaaaaaaaaaaa2"}
	fields := decode.NewTable(known...)
	for sequence := range 5 * 5 * 5 * 5 {
		var keys []string
		data := []byte{0x82, 0xa4}
		want := 0
		for n := sequence; len(keys) < 4; n /= 5 {
			key := names[n%5]
			data = append(append(append(data, 0x60+byte(len(key))), key...), 0x07)
			again := slices.Contains(known, key) && slices.Contains(keys, key)
			if last := len(keys) - 1; again || last >= 0 && cmp.Or(len(keys[last])-len(key), strings.Compare(keys[last], key)) >= 0 {
				want++
			}
			keys = append(keys, key)
		}
		var r decode.Reader
		var c decode.Cursor
		r.Begin(t.Context(), slices.Concat(data, []byte{0x58, 40}, make([]byte, 40)), false, false, input.Reading, 0)
		a := r.StartArray(0, 2)
		r.More(&a)
		r.Object(&c, &fields, nil)
		for q := r.Next(&c); q >= 0; q = r.Next(&c) {
			if !slices.Contains(keys, known[q]) {
				t.Errorf("%v: field %s", keys, known[q])
			}
			r.Int(7, 7)
		}
		r.More(&a)
		r.Bytes()
		r.More(&a)
		if got := len(issue.Of(r.End(t.Context()))); got != want {
			t.Errorf("%v: %d issues, want %d", keys, got, want)
		}
	}
}
