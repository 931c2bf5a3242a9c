package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the expected output")

const (
	archiveFile = "../../tests/testdata/acceptance.car"
	verdictFile = "../../tests/testdata/acceptance.jsonl"
)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// layers runs the command.
func layers(t *testing.T, stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, messages bytes.Buffer
	status = run(t.Context(), args, stdin, &out, &messages)
	return status, out.String(), messages.String()
}

func TestDecodeTable(t *testing.T) {
	status, stdout, stderr := layers(t, nil, "decode", archiveFile)
	if status != exitOK || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	const golden = "testdata/acceptance.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(stdout), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(readFile(t, golden)), stdout); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// printed is a line of --jsonl, of which every key is known.
type printed struct {
	URI     string `json:"uri"`
	CID     string `json:"cid"`
	Value   any    `json:"value"`
	Unknown bool   `json:"unknown"`
	Issues  []struct {
		Path    string `json:"path"`
		Rule    string `json:"rule"`
		Message string `json:"message"`
	} `json:"issues"`
}

var rules = map[string]bool{
	"required": true, "type": true, "minLength": true, "maxLength": true, "minGraphemes": true, "maxGraphemes": true,
	"minimum": true, "maximum": true, "enum": true, "const": true, "format": true, "union": true, "blob": true, "syntax": true,
}

func readLines(t *testing.T, text string) []printed {
	t.Helper()
	var lines []printed
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	for decoder.More() {
		var l printed
		if err := decoder.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestDecodeLines(t *testing.T) {
	status, stdout, stderr := layers(t, nil, "decode", "--jsonl", archiveFile)
	if status != exitOK || stderr != "" {
		t.Fatalf("status %d, %s", status, stderr)
	}
	type verdict struct {
		CID   string `json:"cid"`
		URI   string `json:"uri"`
		Value any    `json:"value"`
		Valid bool   `json:"valid"`
	}
	want := map[string]verdict{}
	for verdicts := json.NewDecoder(bytes.NewReader(readFile(t, verdictFile))); verdicts.More(); {
		var v verdict
		if err := verdicts.Decode(&v); err != nil {
			t.Fatal(err)
		}
		want[v.URI] = v
	}
	lines := readLines(t, stdout)
	if len(lines) != 395 || len(want) != 395 || strings.Count(stdout, "\n") != 395 {
		t.Fatalf("%d records on %d lines, want %d", len(lines), strings.Count(stdout, "\n"), len(want))
	}
	unknown := 0
	for i, l := range lines {
		v := want[l.URI]
		if l.CID != v.CID || !reflect.DeepEqual(l.Value, v.Value) {
			t.Errorf("%s: another CID or value", l.URI)
		}
		if valid := len(l.Issues) == 0; valid != v.Valid {
			t.Errorf("%s: valid %v, want %v", l.URI, valid, v.Valid)
		}
		if i > 0 && l.URI <= lines[i-1].URI {
			t.Errorf("%s: not in key order", l.URI)
		}
		if l.Unknown {
			unknown++
		}
		for _, issue := range l.Issues {
			if !rules[issue.Rule] || issue.Message == "" || issue.Path != "" && issue.Path[0] != '/' {
				t.Errorf("%s: %+v", l.URI, issue)
			}
		}
	}
	if unknown != 2 {
		t.Errorf("%d records of unknown collections, want 2", unknown)
	}
}

func TestDecodeInput(t *testing.T) {
	_, want, _ := layers(t, nil, "decode", archiveFile, "--jsonl")
	status, got, stderr := layers(t, bytes.NewReader(readFile(t, archiveFile)), "decode", "-", "--jsonl")
	if status != exitOK || got != want || stderr != "" {
		t.Errorf("from standard input: status %d, %s", status, stderr)
	}
	status, got, stderr = layers(t, iotestOneByte{bytes.NewReader(readFile(t, archiveFile))}, "decode", "-", "--jsonl")
	if status != exitOK || got != want || stderr != "" {
		t.Errorf("from a slow standard input: status %d, %s", status, stderr)
	}
}

// iotestOneByte gives few bytes at a time, as a slow network does.
type iotestOneByte struct{ r io.Reader }

func (r iotestOneByte) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 97)]) }

func TestDecodeStatus(t *testing.T) {
	whole := readFile(t, archiveFile)
	flip := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	dir := t.TempDir()
	for name, test := range map[string]struct {
		content []byte // of the file whose name replaces FILE
		args    []string
		status  int
		message string // part of what is on standard error
	}{
		"strict":          {whole, []string{"decode", "FILE", "--strict"}, exitStrict, "233 of 395 records failed"},
		"strict lines":    {whole, []string{"decode", "FILE", "--strict", "--jsonl"}, exitStrict, "233 of 395 records failed"},
		"not strict":      {whole, []string{"decode", "FILE"}, exitOK, ""},
		"cut in the end":  {whole[:len(whole)-1], []string{"decode", "FILE"}, exitFailure, "at byte"},
		"cut in half":     {whole[:len(whole)/2], []string{"decode", "FILE"}, exitFailure, "FILE: "},
		"cut in header":   {whole[:20], []string{"decode", "FILE"}, exitFailure, "FILE: "},
		"empty":           {nil, []string{"decode", "FILE"}, exitFailure, "FILE: "},
		"bit in header":   {flip(3), []string{"decode", "FILE"}, exitFailure, "FILE: "},
		"bit in a block":  {flip(len(whole) - 40), []string{"decode", "FILE"}, exitFailure, "at byte"},
		"bit in a middle": {flip(len(whole) / 2), []string{"decode", "FILE", "--jsonl"}, exitFailure, "at byte"},
		"not an archive":  {[]byte("<html>Bad gateway</html>"), []string{"decode", "FILE"}, exitFailure, "FILE: "},
		"no file":         {nil, []string{"decode", filepath.Join(dir, "missing.car")}, exitFailure, "missing.car"},
		"a directory":     {nil, []string{"decode", dir}, exitFailure, dir},
		"no argument":     {nil, []string{"decode"}, exitMisuse, "arg"},
		"two arguments":   {nil, []string{"decode", "a", "b"}, exitMisuse, "arg"},
		"unknown flag":    {nil, []string{"decode", "--nothing", "a"}, exitMisuse, "--nothing"},
		"unknown command": {nil, []string{"nothing"}, exitMisuse, "nothing"},
		"help":            {nil, []string{"decode", "--help"}, exitOK, ""},
		"version":         {nil, []string{"--version"}, exitOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".car")
			if err := os.WriteFile(file, test.content, 0o600); err != nil {
				t.Fatal(err)
			}
			for i := range test.args {
				test.args[i] = strings.ReplaceAll(test.args[i], "FILE", file)
			}
			status, _, stderr := layers(t, nil, test.args...)
			if message := strings.ReplaceAll(test.message, "FILE", file); status != test.status || !strings.Contains(stderr, message) {
				t.Errorf("status %d, want %d; standard error %q, want %q in it", status, test.status, stderr, message)
			}
			if test.status == exitOK && stderr != "" {
				t.Errorf("standard error: %s", stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	_, stdout, _ := layers(t, nil, "decode", "--help")
	for _, want := range []string{"--jsonl", "--strict", "Examples:", "exit status"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the help does not speak of %s:\n%s", want, stdout)
		}
	}
}
