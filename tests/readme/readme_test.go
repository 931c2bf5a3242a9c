// Package readme tests what the README and the documents in docs show and name: their Go, commands, symbols and links.
package readme

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) {
	status := reference.Main(m)
	if toolsDirectory != "" {
		os.RemoveAll(toolsDirectory)
	}
	os.Exit(status)
}

const root = "../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block returns the Go block of a document that contains a text.
func block(t *testing.T, name, text string) string {
	t.Helper()
	for _, b := range fences(t, name) {
		if b.language == "go" && strings.Contains(b.code, text) {
			return b.code
		}
	}
	t.Fatalf("%s: no Go block has %s", name, text)
	return ""
}

// writeFile writes a file that is not part of the module, but is compiled with what the module has.
func writeFile(t *testing.T, code string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// testClient takes the servers from the environment.
const testClient = `
func testClient() (*pds.Client, error) {
	n, err := network.FromEnv()
	if err != nil {
		return nil, err
	}
	return pds.New(pds.WithNetwork(n))
}
`

// replace replaces what has to be there.
func replace(t *testing.T, code, old, new string) string {
	t.Helper()
	if !strings.Contains(code, old) {
		t.Fatalf("the README's code has no %s", old)
	}
	return strings.ReplaceAll(code, old, new)
}

// build compiles a program.
func build(t *testing.T, code string) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, writeFile(t, code)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestReadingAndWriting runs blocks about reading and writing against the reference servers.
func TestReadingAndWriting(t *testing.T) {
	t.Parallel()
	login := replace(t, block(t, "docs/writing.md", "auth.Resume"), "auth.WithStore(store)", "auth.WithStore(store), auth.WithDirectory(client.Directory())")
	code := `package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func main() {
	ctx := context.Background()
	client, err := testClient()
	if err == nil {
		err = list(ctx, client)
	}
	for range 2 { // the second time it resumes
		if err == nil {
			err = loginAndWrite(ctx, client, os.Getenv("APP_PASSWORD"))
		}
	}
	if err != nil {
		log.Fatal(err)
	}
}

func list(ctx context.Context, client *pds.Client) error {
` + replace(t, block(t, "docs/errors.md", "pds.List"), "actor", `syntax.AtIdentifier(os.Getenv("HANDLE"))`) + `	return nil
}

func loginAndWrite(ctx context.Context, client *pds.Client, appPassword string) error {
` + login + block(t, "docs/writing.md", "write.Create(ctx, account, &corpus.Corpus") + `	return nil
}
` + testClient
	code = replace(t, code, `"alice.example.com"`, `syntax.AtIdentifier(os.Getenv("HANDLE"))`)
	program := build(t, code)

	servers := reference.Start(t)
	account := servers.Account(t)
	account.CreateRecord(t, "pub.layers.expression.expression", "", map[string]string{"id": "1", "kind": "sentence", "createdAt": "2026-01-02T03:04:05Z"})
	account.CreateRecord(t, "pub.layers.expression.expression", "", map[string]string{"id": "2", "createdAt": "2026-01-02T03:04:05Z"})
	command := exec.Command(program)
	command.Env = append(os.Environ(), "LAYERS_ALLOW_PRIVATE=1", "LAYERS_PLC="+servers.PLC, "LAYERS_PDS="+servers.PDS, "HANDLE="+account.Handle, "APP_PASSWORD="+account.AppPassword(t),
		"LAYERS_AUTH_FILE="+filepath.Join(t.TempDir(), "auth.json"))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	uri := `at://` + account.DID + `/pub.layers.expression.expression/[2-7a-z]{13}`
	want := regexp.MustCompile(`^` + uri + ` /kind required required field is missing\n` + uri + `\n` + account.DID + `\nsigned Tales\n` + account.DID + `\nsigned Tales\n$`)
	if !want.Match(out) {
		t.Errorf("it prints\n%s", out)
	}
}

// TestCheckout runs the commands that the README gives for a checkout: they work as pasted. Of the tests, one package's are
// run.
func TestCheckout(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(readFile(t, "README.md"), "\n\n```\n")
	first, _, _ := strings.Cut(rest, "```\n")
	lines := strings.Split(strings.TrimSpace(first), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[1], "go test ") {
		t.Fatalf("the commands for a checkout are %q", lines)
	}
	for i, line := range lines {
		words := strings.Fields(line)
		if i == 1 {
			if words[len(words)-1] != "./..." {
				t.Fatalf("%s does not run all tests", line)
			}
			words[len(words)-1] = "./tests/corpus"
		}
		command := exec.Command(words[0], words[1:]...)
		command.Dir = root
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		if i == 0 && !regexp.MustCompile(`(?m)^total +395 +160 +233 +2$`).Match(out) {
			t.Errorf("%s prints\n%s", line, out)
		}
	}
}

// TestSnippet compiles and runs the block about one record, with what it leaves out around it.
func TestSnippet(t *testing.T) {
	program := build(t, `package main

import (
	"fmt"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
)

func main() {
	body := []byte("{\"$type\":\"pub.layers.expression.expression\",\"id\":\"1\",\"kind\":\"document\",\"createdAt\":\"1985-04-12T23:20:50.123Z\"," +
		"\"anchor\":{\"textSpan\":{\"byteStart\":0,\"byteEnd\":-1}}}")
`+block(t, "README.md", "lex.DecodeJSON")+`	_, _ = block, err
}
`)
	out, err := exec.Command(program).CombinedOutput()
	if want := "/anchor/textSpan/byteEnd: minimum: -1 is below the minimum of 0\n"; err != nil || string(out) != want {
		t.Errorf("%v, %s", err, out)
	}
}

// TestLinks looks for the files that documents link to, and for the headings in them.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)
	for _, name := range append(documents(t), "CONTRIBUTING.md", "DESIGN.md", "BENCHMARKS.md", "CHANGELOG.md") {
		for _, match := range link.FindAllStringSubmatch(withoutFences(t, name), -1) {
			target, heading := match[1], match[2]
			if strings.HasPrefix(target, "https://") {
				continue
			}
			file := name
			if target != "" {
				file = path.Join(path.Dir(name), target)
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if heading != "" && !slices.Contains(headings(t, file), heading) {
				t.Errorf("%s: %s has no heading %s, but %q", name, file, heading, headings(t, file))
			}
		}
	}
}

// headings returns the anchors of a document's headings, as GitHub makes them.
func headings(t *testing.T, name string) (anchors []string) {
	for line := range strings.Lines(withoutFences(t, name)) {
		if text, found := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); found && strings.HasPrefix(line, "#") {
			text = regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(text)), "")
			anchors = append(anchors, strings.ReplaceAll(text, " ", "-"))
		}
	}
	return anchors
}

// TestFigures looks for the ratios that the comparison states in BENCHMARKS.md.
func TestFigures(t *testing.T) {
	measured := readFile(t, "BENCHMARKS.md")
	figures := regexp.MustCompile(`\b[0-9.]+x\b|\bmakes [0-9]+\b`).FindAllString(withoutFences(t, "docs/comparison.md"), -1)
	if len(figures) < 4 {
		t.Errorf("only %q", figures)
	}
	for _, figure := range figures {
		figure = strings.TrimPrefix(figure, "makes ")
		if !regexp.MustCompile(`(^|[^0-9.])` + regexp.QuoteMeta(figure)).MatchString(measured) {
			t.Errorf("BENCHMARKS.md does not have %s", figure)
		}
	}
}

// TestPlaces looks for the files and directories that CONTRIBUTING.md names.
func TestPlaces(t *testing.T) {
	places := regexp.MustCompile("`((?:cmd|gen|internal|layers|lexicons|runtime|tests)/[^` ]+)`").FindAllStringSubmatch(readFile(t, "CONTRIBUTING.md"), -1)
	if len(places) < 20 {
		t.Fatalf("CONTRIBUTING.md names %d places", len(places))
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(root, place[1])); err != nil {
			t.Errorf("CONTRIBUTING.md: %v", err)
		}
	}
}
