// Package readme compiles the README's code, and runs it.
package readme

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

const root = "../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block returns the README's Go block of the given number.
func block(t *testing.T, number int) string {
	t.Helper()
	blocks := strings.Split(readFile(t, "README.md"), "```go\n")
	if len(blocks) <= number {
		t.Fatalf("the README has %d Go blocks", len(blocks)-1)
	}
	code, _, closed := strings.Cut(blocks[number], "```\n")
	if !closed {
		t.Fatalf("the README's Go block %d has no end", number)
	}
	return code
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

// testClient replaces the first block's client: it takes the servers from the environment.
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

// TestProgram runs the first block, which is to be a complete program, against a server that has the acceptance
// archive.
func TestProgram(t *testing.T) {
	code := block(t, 1)
	if !strings.HasPrefix(code, "package main\n") {
		t.Fatal("the README's first Go block is no program")
	}
	archive, document := readFile(t, "tests/testdata/acceptance.car"), readFile(t, "tests/testdata/acceptance.did.json")
	const did = "did:plc:dlkuiatgml2qsceoi5njkvs7"
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	defer server.Close()
	document = replace(t, document, "http://localhost:2583", origin)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/" + did:
			io.WriteString(w, document)
		case "/xrpc/com.atproto.sync.getRepo":
			io.WriteString(w, archive)
		default:
			http.NotFound(w, r)
		}
	})
	server.Start()
	code = replace(t, code, "pds.New()", "testClient()") + testClient
	code = replace(t, code, "import (", "import (\n\t\"github.com/layers-pub/layers-go/runtime/network\"")
	command := exec.Command(build(t, code), did)
	command.Env = append(os.Environ(), "LAYERS_ALLOW_PRIVATE=1", "LAYERS_PLC="+origin)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if want := "6 expressions, 233 failures, 2 unknown"; lines[len(lines)-1] != want {
		t.Errorf("the last line is %q, want %q", lines[len(lines)-1], want)
	}
	// 6 expressions, at least one issue for each failure, and the counts.
	if len(lines) < 6+233+1 {
		t.Errorf("only %d lines", len(lines))
	}
}

// TestReadingAndWriting compiles the second to fourth block, and runs them against the reference servers.
func TestReadingAndWriting(t *testing.T) {
	login := replace(t, block(t, 3), "auth.WithStore(store)", "auth.WithStore(store), auth.WithDirectory(client.Directory())")
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
` + block(t, 2) + `	return nil
}

func loginAndWrite(ctx context.Context, client *pds.Client, appPassword string) error {
` + login + block(t, 4) + `	if err != nil {
		return err
	}
	fmt.Println(entry.Trust, entry.Value.Name)
	return nil
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
	want := regexp.MustCompile(`^` + uri + `: /kind: required: required field is missing\n` + uri + ` sentence\n(signed Tales\n){2}$`)
	if !want.Match(out) {
		t.Errorf("it prints\n%s", out)
	}
}

// TestNetwork compiles the fifth block.
func TestNetwork(t *testing.T) {
	build(t, `package main

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
)

func main() { _ = connect(context.Background(), "") }

func connect(ctx context.Context, password string) error {
`+block(t, 5)+`	_, _ = client, account
	return err
}
`)
}

// TestCheckout runs the commands that the README gives for a checkout: they work as pasted. Of the tests, one package's are
// run.
func TestCheckout(t *testing.T) {
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
`+block(t, 6)+`	_, _ = block, err
}
`)
	out, err := exec.Command(program).CombinedOutput()
	if want := "/anchor/textSpan/byteEnd: minimum: -1 is below the minimum of 0\n"; err != nil || string(out) != want {
		t.Errorf("%v, %s", err, out)
	}
}

// TestLinks looks for the files that documents link to.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	code := regexp.MustCompile("(?s)```.*?```")
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "DESIGN.md", "BENCHMARKS.md", "CHANGELOG.md"} {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(readFile(t, name), ""), -1) {
			target := match[1]
			if strings.HasPrefix(target, "https://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
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
