// Package dependencies tests which packages and modules the SDK adds to the build of a program that imports it.
package dependencies

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const sdk = "github.com/layers-pub/layers-go"

// modulesOf returns the modules besides the SDK that a package and what it imports are in.
func modulesOf(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", sdk+"/"+path).CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	modules = slices.Compact(modules)
	return slices.DeleteFunc(modules, func(m string) bool { return m == sdk })
}

// TestModules names the modules, so that one more is a decision.
func TestModules(t *testing.T) {
	records := []string{
		"github.com/clipperhouse/uax29/v2",          // graphemes
		"github.com/decred/dcrd/dcrec/secp256k1/v4", // signatures
		"github.com/mr-tron/base58",                 // keys
		"golang.org/x/sync",
		"golang.org/x/sys", // whether the processor can hash several blocks at once
	}
	for path, want := range map[string][]string{
		"layers/records":           records,
		"runtime/repo":             records,
		"runtime/pds":              append([]string{"github.com/go-json-experiment/json", "golang.org/x/time"}, records...),
		"runtime/firehose":         append([]string{"github.com/go-json-experiment/json", "github.com/gofrs/flock", "github.com/gorilla/websocket", "golang.org/x/time"}, records...),
		"runtime/follow":           append([]string{"github.com/go-json-experiment/json", "github.com/gofrs/flock", "github.com/gorilla/websocket", "golang.org/x/time"}, records...),
		"runtime/follow/boltstore": append([]string{"github.com/go-json-experiment/json", "github.com/gofrs/flock", "github.com/gorilla/websocket", "go.etcd.io/bbolt", "golang.org/x/time"}, records...),
	} {
		got := modulesOf(t, path)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s needs\n%s\nwant\n%s", path, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestCodec holds that archives and trees need the identifiers of blocks, not the codec of records.
func TestCodec(t *testing.T) {
	for _, path := range []string{"runtime/car", "runtime/mst"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", sdk+"/"+path).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		needs := strings.Fields(string(out))
		if slices.Contains(needs, sdk+"/runtime/lex") {
			t.Errorf("%s needs runtime/lex", path)
		}
		if !slices.Contains(needs, sdk+"/runtime/cid") {
			t.Errorf("%s does not need runtime/cid: this test looks for the wrong names", path)
		}
	}
}

// TestIPFS holds that the libraries of IPFS are where CAR version 2 is, and nowhere else.
func TestIPFS(t *testing.T) {
	ipfs := func(module string) bool {
		return strings.HasPrefix(module, "github.com/ipfs/") || strings.HasPrefix(module, "github.com/ipld/") || strings.HasPrefix(module, "github.com/multiformats/")
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", sdk+"/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, path := range strings.Fields(string(out)) {
		path = strings.TrimPrefix(strings.TrimPrefix(path, sdk), "/")
		if !strings.HasPrefix(path, "runtime") && !strings.HasPrefix(path, "layers/records") {
			continue
		}
		for _, module := range modulesOf(t, path) {
			if ipfs(module) {
				t.Errorf("%s needs %s", path, module)
			}
		}
	}
	if !slices.ContainsFunc(modulesOf(t, "internal/carv2"), ipfs) {
		t.Error("internal/carv2 needs no library of IPFS: this test looks for the wrong names")
	}
}

// TestServers holds that programs which read records, or call servers, do not link the handlers of servers.
func TestServers(t *testing.T) {
	deps := func(path string) []string {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", sdk+"/"+path).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, out)
		}
		return strings.Fields(string(out))
	}
	for _, path := range []string{"layers/records", "linguistics/...", "runtime/pds", "runtime/appview", "runtime/follow", "runtime/write"} {
		if slices.Contains(deps(path), sdk+"/runtime/xrpcserver") {
			t.Errorf("%s needs runtime/xrpcserver", path)
		}
	}
	if slices.Contains(deps("layers/records"), "net/http") {
		t.Error("layers/records needs net/http")
	}
	if !slices.Contains(deps("layers/expression/expressionserver"), sdk+"/runtime/xrpcserver") {
		t.Error("the handlers do not need runtime/xrpcserver: this test looks for the wrong names")
	}
}

// TestLexicons holds that runtime knows no lexicon but those of the protocol's own methods. The appview of the test network is the
// exception: it answers the queries of Layers.
func TestLexicons(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Deps \" \"}}", sdk+"/runtime/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	exceptions := 0
	for line := range strings.Lines(string(out)) {
		packages := strings.Fields(line)
		needs := slices.ContainsFunc(packages[1:], func(path string) bool { return strings.HasPrefix(path, sdk+"/layers/") })
		if needs && packages[0] != sdk+"/runtime/atptest" && packages[0] != sdk+"/runtime/atptest/layersview" {
			t.Errorf("%s needs the packages of Layers", packages[0])
		} else if needs {
			exceptions++
		}
	}
	if exceptions == 0 {
		t.Error("the appview does not need the packages of Layers: this test looks for the wrong names")
	}
}

// TestAtptest holds that the test network is for tests and the command's demonstration: no other package of the SDK imports it.
func TestAtptest(t *testing.T) {
	const atptest = sdk + "/runtime/atptest"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", sdk+"/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	found := false
	for line := range strings.Lines(string(out)) {
		path, imports, _ := strings.Cut(strings.TrimSpace(line), " ")
		found = found || path == atptest
		for _, allowed := range []string{atptest, sdk + "/tests/", sdk + "/cmd/layers", sdk + "/examples/"} {
			if strings.HasPrefix(path, allowed) {
				path = ""
				break
			}
		}
		for _, imported := range strings.Fields(imports) {
			if path != "" && strings.HasPrefix(imported, atptest) {
				t.Errorf("%s imports %s", path, imported)
			}
		}
	}
	if !found {
		t.Error("there is no runtime/atptest: this test looks for the wrong names")
	}
}
