package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
)

// TestConvert writes an archive in version 2 and back, and decodes both, from a file and from a pipe.
func TestConvert(t *testing.T) {
	dir := t.TempDir()
	v2, v1 := filepath.Join(dir, "v2.car"), filepath.Join(dir, "v1.car")
	_, want, _ := layers(t, nil, "decode", archiveFile)
	for _, args := range [][]string{{archiveFile, v2}, {"--to", "1", v2, v1}, {"--to", "2", v2, v2}} {
		if status, stdout, stderr := layers(t, nil, append([]string{"convert"}, args...)...); status != 0 || stdout+stderr != "" {
			t.Fatalf("%q: status %d, %s%s", args, status, stdout, stderr)
		}
	}
	if !bytes.Equal(readFile(t, v1), readFile(t, archiveFile)) {
		t.Error("version 1 is not what it was")
	}
	if bytes.Equal(readFile(t, v2), readFile(t, v1)) {
		t.Error("version 2 is version 1")
	}
	if status, got, stderr := layers(t, nil, "decode", v2); status != 0 || got != want {
		t.Errorf("decode: status %d, %s", status, stderr)
	}
	if status, got, stderr := layers(t, bytes.NewReader(readFile(t, v2)), "decode", "-"); status != 0 || got != want {
		t.Errorf("decode -: status %d, %s", status, stderr)
	}
}

// TestConvertFailures holds that an archive which is not sound is not converted, and OUT stays as it was.
func TestConvertFailures(t *testing.T) {
	dir := t.TempDir()
	whole := readFile(t, archiveFile)
	v2 := filepath.Join(dir, "v2.car")
	if status, _, stderr := layers(t, nil, "convert", archiveFile, v2); status != 0 {
		t.Fatal(stderr)
	}
	whole2 := readFile(t, v2)
	for name, archive := range map[string][]byte{
		"cut": whole[:len(whole)-1], "empty": nil, "text": []byte("hello"), "version 2, cut": whole2[:len(whole)], "version 2, header": whole2[:20],
	} {
		in, out := filepath.Join(dir, "in.car"), filepath.Join(dir, "out.car")
		for _, file := range []struct {
			name    string
			content []byte
		}{{in, archive}, {out, []byte("old")}} {
			if err := os.WriteFile(file.name, file.content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		status, _, stderr := layers(t, nil, "convert", in, out)
		if status != exit.Failed || !strings.HasPrefix(stderr, "layers: "+in+": ") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, standard error %q", name, status, stderr)
		}
		if got := readFile(t, out); string(got) != "old" {
			t.Errorf("%s: OUT is %q", name, got)
		}
		if status, _, stderr := layers(t, nil, "decode", in); status != exit.Failed || !strings.HasPrefix(stderr, "layers: "+in+": ") {
			t.Errorf("%s: decode: status %d, standard error %q", name, status, stderr)
		}
	}
	for _, args := range [][]string{{"convert"}, {"convert", "a"}, {"convert", "--to", "3", "a", "b"}} {
		if status, _, _ := layers(t, nil, args...); status != exit.Misused {
			t.Errorf("%q: status %d", args, status)
		}
	}
}
