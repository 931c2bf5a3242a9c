package prove

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Code is the generated code that is proved.
type Code struct {
	// Root is the root of the module.
	Root string
	// Files has the content of the files, by their path below the root with slashes. A file that is nil does not exist,
	// whatever is on disk.
	Files map[string][]byte
	// Dir is the directory of a package that may import all others.
	Dir string
	// Types has the Go types by the keys of the name lock.
	Types map[string]Type
}

// Type is a Go type of the code.
type Type struct{ ImportPath, Name string }

// Run builds a program with the code, without writing into the module, and runs it to decode and encode the samples.
// The error lists all samples that did not round-trip.
func Run(ctx context.Context, code *Code, samples []Sample) error {
	temporary, err := os.MkdirTemp("", "lexgen-prove-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	binary := filepath.Join(temporary, "prove")
	if err := code.build(ctx, temporary, binary, samples); err != nil {
		return err
	}
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, s := range samples {
		value, err := json.Marshal(s.Value)
		if err == nil {
			err = encoder.Encode(wire{s.Key, value})
		}
		if err != nil {
			return fmt.Errorf("prove: %s: %w", s.Key, err)
		}
	}
	command := exec.CommandContext(ctx, binary)
	command.Stdin = &input
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("prove: the program with the generated code fails: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	if text := strings.TrimSpace(stdout.String()); text != "" {
		return errors.New("the generated code does not round-trip these samples; nothing was written:\n" + text)
	}
	return nil
}

// wire is a sample as the program reads it.
type wire struct {
	Key   string
	Value json.RawMessage
}

// build compiles the program. The go command reads the code through an overlay.
func (c *Code) build(ctx context.Context, temporary, binary string, samples []Sample) error {
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	put := func(name string, content []byte) error {
		file := filepath.Join(temporary, fmt.Sprint(len(overlay.Replace), ".go"))
		overlay.Replace[filepath.Join(c.Root, filepath.FromSlash(name))] = file
		return os.WriteFile(file, content, 0o600)
	}
	for name, content := range c.Files {
		if content == nil {
			overlay.Replace[filepath.Join(c.Root, filepath.FromSlash(name))] = ""
		} else if err := put(name, content); err != nil {
			return err
		}
	}
	dir := path.Join(c.Dir, "internal", "lexgenprove")
	if err := put(path.Join(dir, "main.go"), c.program(samples)); err != nil {
		return err
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	file := filepath.Join(temporary, "overlay.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-overlay", file, "-o", binary, "./"+dir)
	command.Dir = c.Root
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("prove: build a program with the generated code: %w\n%s", err, bytes.TrimSpace(out))
	}
	return nil
}

// program returns the source of the program for the samples.
func (c *Code) program(samples []Sample) []byte {
	var imports, entries strings.Builder
	aliases := make(map[string]string)
	var keys []string
	for _, s := range samples {
		keys = append(keys, s.Key)
	}
	for _, key := range slices.Compact(keys) {
		t := c.Types[key]
		if aliases[t.ImportPath] == "" {
			aliases[t.ImportPath] = fmt.Sprint("p", len(aliases))
			fmt.Fprintf(&imports, "\t%s %q\n", aliases[t.ImportPath], t.ImportPath)
		}
		fmt.Fprintf(&entries, "\t%q: func() value { return new(%s.%s) },\n", key, aliases[t.ImportPath], t.Name)
	}
	return []byte(strings.NewReplacer("//imports\n", imports.String(), "//entries\n", entries.String()).Replace(program))
}

// program is the source of the program. For each sample it decodes the JSON, the DAG-CBOR, and the JSON that the type
// has encoded, and compares the DAG-CBOR of each result with that of lex.JSONToCBOR, which uses no generated code.
const program = `package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/layers-pub/layers-go/runtime/lex"
//imports
)

type value interface {
	lex.Decodable
	lex.Encodable
}

var types = map[string]func() value{
//entries
}

func main() {
	decoder := json.NewDecoder(os.Stdin)
	for decoder.More() {
		var sample struct {
			Key   string
			Value json.RawMessage
		}
		if err := decoder.Decode(&sample); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := prove(types[sample.Key], sample.Value); err != nil {
			fmt.Printf("%s: %v; the sample is %.500s\n", sample.Key, err, sample.Value)
		}
	}
}

func prove(make func() value, text []byte) error {
	want, err := lex.JSONToCBOR(text)
	if err != nil {
		return err
	}
	fromJSON, fromCBOR, again := make(), make(), make()
	if err := lex.DecodeJSON(text, fromJSON); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	if err := compare("decoded from JSON", fromJSON, want); err != nil {
		return err
	}
	if err := lex.DecodeCBOR(want, fromCBOR); err != nil {
		return fmt.Errorf("decode DAG-CBOR: %w", err)
	}
	if err := compare("decoded from DAG-CBOR", fromCBOR, want); err != nil {
		return err
	}
	written, err := lex.EncodeJSON(fromCBOR)
	if err != nil {
		return fmt.Errorf("encode JSON: %w", err)
	}
	if err := lex.DecodeJSON(written, again); err != nil {
		return fmt.Errorf("decode the JSON that it encodes: %w", err)
	}
	return compare("decoded from its own JSON", again, want)
}

func compare(how string, v value, want []byte) error {
	got, err := lex.EncodeCBOR(v)
	if err != nil {
		return fmt.Errorf("%s, it does not encode: %w", how, err)
	}
	if !bytes.Equal(got, want) {
		a, _ := lex.CBORToJSON(got)
		return fmt.Errorf("%s, it encodes as %.500s", how, a)
	}
	return nil
}
`
