package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
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
	if status != exit.OK || stderr != "" {
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
	Trust   string `json:"trust"`
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
	if status != exit.OK || stderr != "" {
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
	keys := regexp.MustCompile(`^\{"uri":"[^"]+","cid":"[^"]+","trust":"hashed","value":\{.*\}(,"unknown":true)?(,"issues":\[\{"path":"[^"]*","rule":"[^"]+","message":".*"\}\])?\}$`)
	for text := range strings.Lines(stdout) {
		if !keys.MatchString(strings.TrimSuffix(text, "\n")) {
			t.Errorf("the order of keys in %s", text)
		}
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
		for _, problem := range l.Issues {
			if !rules[problem.Rule] || problem.Message == "" || problem.Path != "" && problem.Path[0] != '/' {
				t.Errorf("%s: %+v", l.URI, problem)
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
	if status != exit.OK || got != want || stderr != "" {
		t.Errorf("from standard input: status %d, %s", status, stderr)
	}
	status, got, stderr = layers(t, iotestOneByte{bytes.NewReader(readFile(t, archiveFile))}, "decode", "-", "--jsonl")
	if status != exit.OK || got != want || stderr != "" {
		t.Errorf("from a slow standard input: status %d, %s", status, stderr)
	}
}

// iotestOneByte gives few bytes at a time, as a slow network does.
type iotestOneByte struct{ r io.Reader }

func (r iotestOneByte) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 97)]) }

// The statuses are numbers here: scripts rely on them.
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
		"strict":          {whole, []string{"decode", "FILE", "--strict"}, 3, "233 of 395 records are invalid"},
		"strict lines":    {whole, []string{"decode", "FILE", "--strict", "--jsonl"}, 3, "233 of 395 records are invalid"},
		"not strict":      {whole, []string{"decode", "FILE"}, 0, ""},
		"cut in the end":  {whole[:len(whole)-1], []string{"decode", "FILE"}, 1, "at byte"},
		"cut in half":     {whole[:len(whole)/2], []string{"decode", "FILE"}, 1, "FILE: "},
		"cut in header":   {whole[:20], []string{"decode", "FILE"}, 1, "FILE: "},
		"empty":           {nil, []string{"decode", "FILE"}, 1, "FILE: "},
		"bit in header":   {flip(3), []string{"decode", "FILE"}, 1, "FILE: "},
		"bit in a block":  {flip(len(whole) - 40), []string{"decode", "FILE"}, 1, "at byte"},
		"bit in a middle": {flip(len(whole) / 2), []string{"decode", "FILE", "--jsonl"}, 1, "at byte"},
		"not an archive":  {[]byte("<html>Bad gateway</html>"), []string{"decode", "FILE"}, 1, "FILE: "},
		"no file":         {nil, []string{"decode", filepath.Join(dir, "missing.car")}, 1, "missing.car"},
		"a directory":     {nil, []string{"decode", dir}, 1, dir + ": is a directory"},
		"no argument":     {nil, []string{"decode"}, 2, "standard input, not"},
		"two arguments":   {nil, []string{"decode", "a", "b"}, 2, "standard input, not"},
		"unknown flag":    {nil, []string{"decode", "--nothing", "a"}, 2, "--nothing"},
		"unknown command": {nil, []string{"nothing"}, 2, "nothing"},
		"help":            {nil, []string{"decode", "--help"}, 0, ""},
		"version":         {nil, []string{"--version"}, 0, ""},
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
			if test.status == 0 && stderr != "" {
				t.Errorf("standard error: %s", stderr)
			}
		})
	}
}

// TestDecodeDamage damages the archive in many places. Each time the status says so, and the message says what
// and where.
func TestDecodeDamage(t *testing.T) {
	whole := readFile(t, archiveFile)
	file := filepath.Join(t.TempDir(), "damaged.car")
	decode := func(b []byte) (status int, stderr string) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		status, _, stderr = layers(t, nil, "decode", "--jsonl", file)
		if status != exit.Failed || !strings.HasPrefix(stderr, "layers: "+file+": ") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("status %d, standard error %q", status, stderr)
		}
		return status, stderr
	}
	for i, s := range sections(t, whole) {
		if i%20 != 0 {
			continue
		}
		for _, cut := range []int{s.start, s.start + 1, s.block, (s.block + s.end) / 2, s.end - 1} {
			if _, stderr := decode(whole[:cut]); stderr == "" {
				t.Errorf("cut at %d: nothing on standard error", cut)
			}
		}
		b := bytes.Clone(whole)
		b[(s.block+s.end)/2] ^= 4
		if _, stderr := decode(b); !strings.Contains(stderr, s.cid) || !strings.Contains(stderr, fmt.Sprintf("at byte %d", s.block)) {
			t.Errorf("a bit of block %s at byte %d: %s", s.cid, s.block, stderr)
		}
		b = append(bytes.Clone(whole[:s.start]), whole[s.end:]...)
		if _, stderr := decode(b); !strings.Contains(stderr, s.cid) {
			t.Errorf("without the block %s: %s", s.cid, stderr)
		}
	}
}

// section is where a block is in an archive.
type section struct {
	start, block, end int
	cid               string
}

func sections(t *testing.T, archive []byte) []section {
	t.Helper()
	var all []section
	length, n := binary.Uvarint(archive)
	for at := n + int(length); at < len(archive); {
		length, n := binary.Uvarint(archive[at:])
		end := at + n + int(length)
		c, err := cid.FromBytes(archive[at+n : at+n+36])
		if err != nil || end > len(archive) {
			t.Fatalf("byte %d: %v", at, err)
		}
		all = append(all, section{at, at + n + 36, end, c.String()})
		at = end
	}
	if len(all) < 400 {
		t.Fatalf("only %d blocks", len(all))
	}
	return all
}

// TestDecodeOddText prints a record whose keys and text are made to upset what prints them.
func TestDecodeOddText(t *testing.T) {
	value := map[string]any{
		"$type": "pub.layers.persona.persona", "name": "<b>&\u2028\"\\", "createdAt": "now",
		"features": map[string]any{"entries": []any{}, "\x1b[31mred\t\n": map[string]any{"$type": ""}},
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	// The empty $type is not a value of the data model: it is put in after encoding.
	text = bytes.ReplaceAll(text, []byte(`"$type":""`), []byte(`"$typ":"x"`))
	data, err := lex.JSONToCBOR(text)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte("\x64$typ\x61x"), []byte("\x65$type\x60"), 1)
	var archive bytes.Buffer
	commit := repo.Commit{DID: "did:plc:ewvi7nxzyoun6zhxrhs64oiz", Rev: "3jzfcijpj2z2a"}
	all := []repo.Record{{Collection: "pub.layers.persona.persona", RecordKey: "3jzfcijpj2z2a", Data: data}}
	sign := func([]byte) ([]byte, error) { return make([]byte, multikey.SignatureSize), nil }
	if _, err := repo.Build(t.Context(), &archive, commit, all, sign, repo.OrderTree); err != nil {
		t.Fatal(err)
	}

	status, stdout, stderr := layers(t, bytes.NewReader(archive.Bytes()), "decode", "-")
	if status != exit.OK || stderr != "" || !strings.Contains(stdout, `/features/\u001b[31mred\t\n  `) || strings.Contains(stdout, "\x1b") {
		t.Errorf("status %d, %s%q", status, stderr, stdout)
	}
	status, stdout, stderr = layers(t, bytes.NewReader(archive.Bytes()), "decode", "--jsonl", "-")
	lines := readLines(t, stdout)
	if status != exit.OK || stderr != "" || len(lines) != 1 || len(lines[0].Issues) != 2 || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("status %d, %s%s", status, stderr, stdout)
	}
	got := lines[0].Value.(map[string]any)
	if value["name"] != got["name"] || !reflect.DeepEqual(value["features"], got["features"]) {
		t.Errorf("got %q", got)
	}
}

// fullDisk fails after some bytes.
type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestDecodeFullDisk(t *testing.T) {
	for _, args := range [][]string{{"decode", archiveFile}, {"decode", "--jsonl", archiveFile}} {
		for _, left := range []int{0, 10_000} {
			var stderr bytes.Buffer
			if status := run(t.Context(), args, nil, &fullDisk{left}, &stderr); status != exit.Failed || stderr.String() != "layers: no space left\n" {
				t.Errorf("%v: status %d, %s", args, status, stderr.String())
			}
		}
	}
}

// process returns the command as a process, and what it will have written to standard error.
func process(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("pipes have names elsewhere, and end writers")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if signal.Ignored(os.Interrupt) { // as in the background of a script: the command would ignore it, too
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	command := exec.Command(self, args...)
	command.Env = append(os.Environ(), "LAYERS_TEST_MAIN=1")
	stderr := new(bytes.Buffer)
	command.Stderr = stderr
	return command, stderr
}

// TestDecodePipe reads from a pipe that has a name.
func TestDecodePipe(t *testing.T) {
	command, stderr := process(t, "decode", "/dev/stdin")
	command.Stdin = io.MultiReader(bytes.NewReader(readFile(t, archiveFile))) // no file: a pipe is made
	got, err := command.Output()
	if want := readFile(t, "testdata/acceptance.txt"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v, %s", err, stderr)
	}
}

// TestDecodeBrokenPipe closes standard output after one line, as head -n 1 does.
func TestDecodeBrokenPipe(t *testing.T) {
	command, stderr := process(t, "decode", "--jsonl", archiveFile)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReaderSize(out, 16).ReadSlice('"')
	if err != nil || string(line) != `{"` {
		t.Errorf("%q, %v", line, err)
	}
	out.Close()
	if err := command.Wait(); err == nil || stderr.Len() > 0 {
		t.Errorf("%v, standard error: %s", err, stderr)
	}
}
