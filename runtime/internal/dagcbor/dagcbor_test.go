package dagcbor_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
)

func open(b string) *input.Input {
	in := new(input.Input)
	in.Start(context.Background(), []byte(b), false, input.Reading, 0)
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

var link = string(dagcbor.AppendLink(nil, cid.Of(cid.Raw, nil).Link().Binary()))

func TestSkip(t *testing.T) {
	for _, test := range []struct{ cbor, want string }{
		{"\x00", ""},
		{"\x1b\x7f\xff\xff\xff\xff\xff\xff\xff", ""},
		{"\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", ""},
		{"\xf4", ""}, {"\xf5", ""}, {"\xf6", ""},
		{"\x43abc", ""}, {"\x63abc", ""},
		{"\x82\x01\x61a", ""},
		{"\xa2\x61a\x01\x62aa\xa0", ""},
		{link, ""},
		{"\x18\x17", "0 number or length not in its shortest form"},
		{"\x19\x00\xff", "0 number or length not in its shortest form"},
		{"\x1b\x80\x00\x00\x00\x00\x00\x00\x00", "0 integer of 64 bits"},
		{"\xf7", "0 simple value that is not in the data model"},
		{"\xfb\x00\x00\x00\x00\x00\x00\x00\x00", "0 value of the data model: floating-point number"},
		{"\xf9\x00", "0 unexpected end"},
		{"\x5f", "0 indefinite length or reserved head"},
		{"\x62\xff\xff", "0 text that is not UTF-8"},
		{"\x64abc", "0 length exceeds the input"},
		{"\x9a\xff\xff\xff\xff", "0 length exceeds the input"},
		{"\xa2\x62aa\x01\x61a\x01", `5 key "a" out of order`},
		{"\xa2\x61a\x01\x61a\x01", `4 duplicate key "a"`},
		{"\xa1\x01\x01", "1 map key is not a string"},
		{"\xa1\x65$link\x01", "0 value of the data model: $link as a key"},
		{"\xa1\x65$type\x60", "0 value of the data model: $type must be a string with content"},
		{"\xa1\x65$type\x64blob", "0 blob needs a ref, a mimeType and a size"},
		{"\xc1\x00", "0 tag other than 42"},
		{"\xd8\x2a\x42\x00\x01", "0 cid-link"},
		{"\xd8\x2a\x00", "2 link that is not a byte string"},
		{strings.Repeat("\x81", 65) + "\x00", "64 nesting too deep"},
		{"", "0 unexpected end"},
	} {
		in := open(test.cbor)
		dagcbor.Skip(in)
		if got := found(in); got != test.want {
			t.Errorf("%x: %q, want %q", test.cbor, got, test.want)
		}
		if in.At != len(test.cbor) {
			t.Errorf("%x: ends at %d", test.cbor, in.At)
		}
	}
}

// What is appended is read again, and is skipped without issues.
func TestAppend(t *testing.T) {
	for _, n := range []int64{0, 23, 24, 255, 256, 65535, 65536, 1<<32 - 1, 1 << 32, math.MaxInt64, -1, -24, -25, -256, -257, math.MinInt64} {
		b := string(dagcbor.AppendInt(nil, n))
		if got, ok := dagcbor.Int(open(b)); !ok || got != n {
			t.Errorf("Int(%x) = %d, %v, want %d", b, got, ok, n)
		}
		if got, ok := dagcbor.IntOf(b); !ok || got != n {
			t.Errorf("IntOf(%x) = %d, %v, want %d", b, got, ok, n)
		}
		checkSkip(t, b)
	}
	for _, n := range []int{0, 1, 23, 24, 31, 32, 255, 256, 70000} {
		for _, letter := range []string{"a", "é"} {
			s := strings.Repeat(letter, n)
			b := string(dagcbor.AppendText(nil, s))
			if got, ok := dagcbor.Text(open(b)); !ok || got != s {
				t.Errorf("a text of %d bytes is read as %q, %v", len(s), got, ok)
			}
			if got, ok := dagcbor.TextOf(b); !ok || got != s {
				t.Errorf("a text of %d bytes is %q, %v", len(s), got, ok)
			}
			checkSkip(t, b)
			broken := open(b[:max(len(b)-1, 0)])
			if _, ok := dagcbor.Text(broken); ok || !broken.Dead {
				t.Errorf("half a text of %d bytes is read", len(s))
			}
		}
	}
	if got, ok := dagcbor.LinkOf(link); !ok || got != cid.Of(cid.Raw, nil).Link() {
		t.Errorf("LinkOf = %v, %v", got, ok)
	}
	for _, other := range []string{"", "\xf6", "\xa0"} {
		_, isText := dagcbor.TextOf(other)
		_, isInt := dagcbor.IntOf(other)
		_, isBytes := dagcbor.BytesOf(other)
		_, isLink := dagcbor.LinkOf(other)
		if isText || isInt || isBytes || isLink {
			t.Errorf("%x is a text %v, an integer %v, bytes %v, a link %v", other, isText, isInt, isBytes, isLink)
		}
	}
}

func checkSkip(t *testing.T, b string) {
	t.Helper()
	in := open(b)
	if dagcbor.Skip(in); in.Issues != nil || in.At != len(b) {
		t.Errorf("Skip(%x): %v at %d", b, in.Issues, in.At)
	}
	if r := (dagcbor.Checked{Str: b + "\x00"}); r.Next() != b {
		t.Errorf("Next(%x) ends at %d", b, r.At)
	}
}

func TestPeekType(t *testing.T) {
	for cbor, want := range map[string]string{
		"\xa1\x65$type\x63a.b":          "a.b",
		"\xa2\x61x\xa0\x65$type\x63a.b": "a.b",
		"\xa1\x65$type\x01":             "",
		"\xa1\x66abcdef\x01":            "",
		"\xa0":                          "",
		"\x80":                          "",
		"":                              "",
	} {
		if got := dagcbor.PeekType(open(cbor)); got != want {
			t.Errorf("PeekType(%x) = %q, want %q", cbor, got, want)
		}
	}
}

// An integer of more than 53 bits is an issue only in what is about to be sent.
func TestCheckBits(t *testing.T) {
	for _, purpose := range []input.Purpose{input.Reading, input.Validating, input.Sending} {
		for n, tooLarge := range map[int64]bool{1<<53 - 1: false, 1 << 53: true, -(1<<53 - 1): false, -(1 << 53): true} {
			var in input.Input
			in.Start(context.Background(), dagcbor.AppendInt(nil, n), false, purpose, 0)
			dagcbor.Skip(&in)
			if got := len(in.Issues) > 0; got != (tooLarge && purpose == input.Sending) {
				t.Errorf("purpose %d, %d: %v", purpose, n, in.Issues)
			}
		}
	}
}

// What is skipped without issues, Checked reads to the same end.
func FuzzSkip(f *testing.F) {
	for _, s := range []string{"\x00", "\xa1\x61a\x82\x01\x61b", link, "\xa1\x65$type\x64blob", "\xf6", "\x5f"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := open(string(b))
		dagcbor.Skip(in)
		if in.Issues != nil {
			return
		}
		r := dagcbor.Checked{Str: string(b)}
		if next := r.Next(); !bytes.Equal([]byte(next), b[:in.At]) {
			t.Fatalf("skipped to %d, read to %d", in.At, len(next))
		}
	})
}
