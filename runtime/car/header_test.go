package car_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	carv2 "github.com/ipld/go-car/v2"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// headerCase is a header. want is the byte at which it is wrong, -1 if it is not; the length that stands in front is
// byte 0.
type headerCase struct {
	name   string
	header string
	want   int64
}

// headers returns what headers there are, good and bad.
func headers() []headerCase {
	c := block("a").CID
	link := "\xd8\x2a\x58\x25\x00" + string(c[:])
	roots, version := "\x65roots\x81"+link, "\x67version\x01"
	return []headerCase{
		{"as it is written", "\xa2" + roots + version, -1},
		{"no roots in the array", "\xa2\x65roots\x80" + version, -1},
		{"two roots", "\xa2\x65roots\x82" + link + link + version, -1},

		{"a further field in front", "\xa3\x61x\x01" + roots + version, -1},
		{"one in between", "\xa3" + roots + "\x66morest\xf6" + version, -1},
		{"one behind", "\xa3" + roots + version + "\x67www.abc\x61x", -1},
		{"fields of all kinds", "\xaa\x61a\x20\x61b\x43xyz\x61c\x62\xc3\xa9\x61d\x83\x01\x02\x80\x61e\xa2\x61x\xf5\x61y\xf4\x61f" + link +
			"\x61g\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00\x61h\x1b\xff\xff\xff\xff\xff\xff\xff\xff" + roots + version, -1},
		{"one nested deep", "\xa3\x61x" + strings.Repeat("\x81", 31) + "\x01" + roots + version, -1},

		{"no field roots", "\xa1" + version, 11},
		{"no field version", "\xa1" + roots, 50},
		{"null for the roots", "\xa2\x65roots\xf6" + version, 8},
		{"a link for the roots", "\xa2\x65roots" + link + version, 8},
		{"an object for the roots", "\xa2\x65roots\xa0" + version, 8},
		{"null for a root", "\xa2\x65roots\x81\xf6" + version, 9},
		{"a text for a root", "\xa2\x65roots\x81\x78\x3b" + c.String() + version, 9},
		{"bytes for a root", "\xa2\x65roots\x81\x58\x24" + string(c[:]) + version, 9},
		{"another tag", "\xa2\x65roots\x81\xd8\x2b\x58\x25\x00" + string(c[:]) + version, 9},
		{"a link without its first byte", "\xa2\x65roots\x81\xd8\x2a\x58\x24" + string(c[:]) + version, 9},
		{"an empty link", "\xa2\x65roots\x81\xd8\x2a\x40" + version, 9},
		{"a longer link", "\xa2\x65roots\x81\xd8\x2a\x58\x26\x00" + string(c[:]) + "x" + version, 9},

		{"version 0", "\xa2" + roots + "\x67version\x00", 58},
		{"version 2", "\xa2" + roots + "\x67version\x02", 58},
		{"version -1", "\xa2" + roots + "\x67version\x20", 58},
		{"version 1.0", "\xa2" + roots + "\x67version\xfb\x3f\xf0\x00\x00\x00\x00\x00\x00", 58},
		{"version in text", "\xa2" + roots + "\x67version\x611", 58},
		{"version null", "\xa2" + roots + "\x67version\xf6", 58},
		{"version true", "\xa2" + roots + "\x67version\xf5", 58},

		{"keys out of order", "\xa2" + version + roots, 11},
		{"a key twice", "\xa3" + roots + "\x65roots\x80" + version, 50},
		{"the version twice", "\xa3" + roots + version + version, 59},
		{"a further field out of order", "\xa3" + roots + version + "\x61x\x01", 59},
		{"a key of bytes", "\xa2\x45roots\x80" + version, 2},
		{"a key that is a number", "\xa3\x01\x01" + roots + version, 2},
		{"a map of indefinite length", "\xbf" + roots + version + "\xff", 1},
		{"an array of indefinite length", "\xa2\x65roots\x9f" + link + "\xff" + version, 8},
		{"a key of indefinite length", "\xa2\x7f\x65roots\xff\x80" + version, 2},
		{"a number of fields not in its shortest form", "\xb8\x02" + roots + version, 1},
		{"of roots", "\xa2\x65roots\x98\x01" + link + version, 8},
		{"a version not in its shortest form", "\xa2" + roots + "\x67version\x18\x01", 58},
		{"in 64 bits", "\xa2" + roots + "\x67version\x1b\x00\x00\x00\x00\x00\x00\x00\x01", 58},
		{"the length of a key", "\xa2\x78\x05roots\x80" + version, 2},
		{"a reserved length", "\xa2\x65roots\x9c" + version, 8},

		{"a byte behind", "\xa2" + roots + version + "\x00", 59},
		{"a map behind", "\xa2" + roots + version + "\xa0", 59},
		{"less than a map", "\xa3" + roots + version, 59},
		{"an array", "\x82" + roots + version, 1},
		{"null", "\xf6", 1},
		{"nothing", "", 1},
		{"an empty map", "\xa0", 2},
		{"more roots than there are", "\xa2\x65roots\x9b\x7f\xff\xff\xff\xff\xff\xff\xff", 17},
		{"a text longer than it is", "\xa3\x61x\x7b\xff\xff\xff\xff\xff\xff\xff\xff" + roots + version, 13},
		{"a field nested too deep", "\xa3\x61x" + strings.Repeat("\x81", 32) + "\x01" + roots + version, 36},
		{"nested without end", "\xa3\x61x" + strings.Repeat("\x81", 50_000), 36},
		{"a float of 16 bits", "\xa3\x61x\xf9\x3c\x00" + roots + version, 4},
		{"one that is no number", "\xa3\x61x\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00" + roots + version, 4},
		{"undefined", "\xa3\x61x\xf7" + roots + version, 4},
		{"a simple value", "\xa3\x61x\xe0" + roots + version, 4},
		{"a string that is not valid UTF-8", "\xa3\x61x\x61\xff" + roots + version, 4},
		{"another tag in a further field", "\xa3\x61x\xc1\x01" + roots + version, 4},
		{"keys out of order in a further field", "\xa3\x61x\xa2\x61b\x01\x61a\x01" + roots + version, 8},
	}
}

// TestHeader is about what a header may be.
func TestHeader(t *testing.T) {
	c := block("a").CID
	for _, test := range headers() {
		b := append(section([]byte(test.header)), section(c[:], []byte("a"))...)
		want := test.want
		if n := len(section([]byte(test.header))) - len(test.header) - 1; want >= 0 {
			want += int64(n) // a longer length
		}
		for _, reader := range readers {
			roots, read, err := reader.read(b)
			if test.want < 0 {
				if err != nil || len(read) != 1 || len(roots) > 0 && roots[0] != c {
					t.Errorf("%s: %s: %d blocks, %v", test.name, reader.name, len(read), err)
				}
				continue
			}
			fault, ok := errors.AsType[*car.Error](err)
			if !ok || !errors.Is(err, car.ErrHeader) || fault.Offset != want {
				t.Errorf("%s: %s: %v, want it at byte %d", test.name, reader.name, err, want)
			}
		}
		// Each cut of a header is an error, too.
		if whole := section([]byte(test.header)); len(whole) < 1000 {
			for cut := range whole {
				if _, _, err := readStream(bytes.NewReader(whole[:cut])); !errors.Is(err, car.ErrHeader) {
					t.Errorf("%s, cut at byte %d: %v", test.name, cut, err)
				}
			}
		}
	}
}

// TestHeaderLength checks the length that precedes a header.
func TestHeaderLength(t *testing.T) {
	header := "\xa2\x65roots\x80\x67version\x01"
	for _, test := range []struct {
		prefix string
		is     error
	}{
		{"\x11", nil},
		{"\x91\x00", car.ErrHeader},
		{"\x12", car.ErrTruncated},
		{"\x10", car.ErrHeader},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", car.ErrTooLarge},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", car.ErrHeader},
	} {
		for _, reader := range readers {
			_, _, err := reader.read([]byte(test.prefix + header))
			if (err == nil) != (test.is == nil) || !errors.Is(err, test.is) || err != nil && !errors.Is(err, car.ErrHeader) {
				t.Errorf("% x: %s: %v", test.prefix, reader.name, err)
			}
		}
	}
}

// TestHeaderJudge has go-car read what is written here: as many roots as there are.
func TestHeaderJudge(t *testing.T) {
	var roots []cid.CID
	for n := range 300 {
		var out bytes.Buffer
		w, err := car.NewWriter(&out, roots...)
		if err == nil {
			err = w.Write(t.Context(), block("a").CID, []byte("a"))
		}
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{out.Bytes(), version2(t, out.Bytes())} {
			peer, err := carv2.NewBlockReader(bytes.NewReader(b))
			if err != nil || len(peer.Roots) != n {
				t.Fatalf("%d roots: go-car reads %v", n, err)
			}
			for i, root := range peer.Roots {
				if !bytes.Equal(root.Bytes(), roots[i][:]) {
					t.Errorf("root %d of %d is %s", i, n, root)
				}
			}
			if next, err := peer.Next(); err != nil || string(next.RawData()) != "a" {
				t.Errorf("%d roots: block %v, %v", n, next, err)
			}
		}
		got, _, err := readStream(bytes.NewReader(out.Bytes()))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(roots) {
			t.Errorf("%d roots: read %d, %v", n, len(got), err)
		}
		roots = append(roots, block(fmt.Sprint(n)).CID)
	}
}

// TestText is about what servers send in place of an archive: the error says how it begins, not that it is cut short.
func TestText(t *testing.T) {
	for _, text := range []string{`{"error":"RepoNotFound"}`, "<!DOCTYPE html><html></html>", "hello", "\n<html>"} {
		for _, reader := range readers {
			_, _, err := reader.read([]byte(text))
			if !errors.Is(err, car.ErrHeader) || errors.Is(err, car.ErrTruncated) || !strings.Contains(fmt.Sprint(err), fmt.Sprintf("%q", text[:5])[:5]) {
				t.Errorf("%q: %s: %v", text, reader.name, err)
			}
		}
	}
}
