package readme

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/tests/moduleproxy"
)

// shorter makes commands that take minutes take seconds, since one round of a benchmark shows that the command works, and has
// those that write into the checkout compare only.
var shorter = strings.NewReplacer("lexgen generate", "lexgen check --prove=false", "lexgen check", "lexgen check --prove=false", "-benchtime 20x", "-benchtime 1x", "-benchtime 5x", "-benchtime 1x", "-benchtime 4x", "-benchtime 1x", "-count 5", "-count 1")

// endless are the commands that run until they are interrupted. They are, when they have printed something.
var endless = []string{"layers tail", "layers demo --keep"}

// TestCommands runs the commands in the documents' blocks "sh", each as it is written, in order, in a directory for each
// document: with the program of the block before in main.go, and with the files that the documents speak of. A block "text" is what
// the commands before it print. The servers are those of a network in this process: alice.example.com has a corpus there. The
// module comes from a proxy of this checkout, as from a public one.
func TestCommands(t *testing.T) {
	t.Parallel()
	for _, name := range documents(t) {
		if name == "docs/lexgen.md" {
			continue // see TestLexgen
		}
		t.Run(strings.TrimSuffix(filepath.Base(name), ".md"), func(t *testing.T) {
			if name == "docs/comparison.md" && testing.Short() {
				t.Skip("it builds the peers")
			}
			blocks := fences(t, name)
			if !slices.ContainsFunc(blocks, func(b fence) bool { return b.language == "sh" }) {
				t.Skip("it has no commands")
			}
			w := newWorkshop(t, name)
			output := ""
			for _, block := range blocks {
				switch {
				case block.language == "go" && strings.HasPrefix(block.code, "package main\n"):
					w.write("main.go", []byte(block.code))
				case block.language == "sh":
					output = w.run(block)
				case block.language == "text" && block.code != output:
					t.Errorf("%s:%d: the commands print\n%s", name, block.line, output)
				case !slices.Contains([]string{"go", "json", "sh", "text"}, block.language) && !strings.Contains(block.code, "go test "): // see TestCheckout
					t.Errorf("%s:%d: a block %q, which nothing runs", name, block.line, block.language)
				}
			}
		})
	}
}

// workshop is where the commands of a document run.
type workshop struct {
	t           *testing.T
	document    string
	directory   string
	checkout    string // where commands that name files of the module run
	environment []string
	proxy       func() []string
	network     *atptest.Network
	relay       *atptest.Relay
	alice       *atptest.Account
}

func newWorkshop(t *testing.T, document string) *workshop {
	n := atptest.New(t, atptest.WithRecords(records.Lookup))
	w := &workshop{t: t, document: document, directory: t.TempDir(), network: n, relay: n.NewRelay(), alice: n.NewAccount("alice.example.com")}
	c, err := sample.New(w.alice.DID)
	if err != nil {
		t.Fatal(err)
	}
	w.alice.Upload(sample.Audio(), sample.AudioType)
	var batch bytes.Buffer
	for _, r := range c.All() {
		w.alice.PutJSON(r.Collection, r.RecordKey, string(r.JSON))
	}
	for _, r := range c.Later {
		batch.WriteString(`{"action":"put","collection":"` + string(r.Collection) + `","rkey":"` + string(r.RecordKey) + `","value":` + string(r.JSON) + "}\n")
	}
	w.alice.Put("3mabcdefghi2a", &corpus.Corpus{Name: "News", CreatedAt: "2026-01-02T03:04:05Z"})
	w.write("batch.jsonl", batch.Bytes())
	w.write("corpus.json", []byte(`{"$type":"pub.layers.corpus.corpus","name":"Tales","createdAt":"2026-01-02T03:04:05Z"}`))
	w.write("notes.wav", sample.Audio())
	w.write("cats.conllu", []byte("# newdoc id = cats\n# sent_id = 1\n# text = The cat sleeps.\n"+
		"1\tThe\tthe\tDET\t_\t_\t2\tdet\t_\t_\n2\tcat\tcat\tNOUN\t_\t_\t3\tnsubj\t_\t_\n3\tsleeps\tsleep\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No\n4\t.\t.\tPUNCT\t_\t_\t3\tpunct\t_\t_\n\n"))
	w.checkout, err = filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	w.environment = append(os.Environ(), n.Environment()...)
	w.environment = append(w.environment, "LAYERS_AUTH_FILE="+filepath.Join(t.TempDir(), "auth.json"), "LAYERS_PASSWORD="+w.alice.NewAppPassword(),
		"PATH="+tools(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	w.proxy = sync.OnceValue(func() []string { return moduleproxy.New(t, root) })
	return w
}

func (w *workshop) write(name string, text []byte) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.directory, name), text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// tools returns a directory with the commands of this module. They are built once for all tests: linking them takes seconds.
func tools(t *testing.T) string {
	t.Helper()
	directory, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return directory
}

// built builds the commands. TestMain removes them.
var built = sync.OnceValues(func() (directory string, err error) {
	if directory, err = os.MkdirTemp("", "layers-tools-"); err != nil {
		return "", err
	}
	toolsDirectory = directory
	if out, err := exec.Command("go", "build", "-o", directory, module+"/cmd/layers").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return directory, nil
})

// toolsDirectory is the directory that built made, or "".
var toolsDirectory string

// run runs the commands of a block and returns what they print on standard output.
func (w *workshop) run(block fence) (output string) {
	w.t.Helper()
	in := ""
	for i, line := range strings.Split(strings.TrimSuffix(block.code, "\n"), "\n") {
		line = strings.NewReplacer("wss://relay.example.com", w.relay.URL, "did:plc:ewvi7nxzyoun6zhxrhs64oiz", string(w.alice.DID)).Replace(shorter.Replace(line))
		if to, ok := strings.CutPrefix(line, "cd "); ok {
			in = filepath.Join(w.checkout, to)
			continue
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Minute)
		// A shell, since people paste commands into one. It becomes the command, so that an interrupt reaches that.
		if strings.HasPrefix(line, "layers ") {
			line = "exec " + line
		}
		command := exec.CommandContext(ctx, "sh", "-e", "-c", line)
		command.Dir, command.Env = w.directory, w.environment
		switch {
		case in != "":
			command.Dir = in
		case strings.Contains(line, " ./"):
			command.Dir = w.checkout
		case strings.HasPrefix(line, "go "):
			command.Env = append(slices.Clone(w.environment), w.proxy()...)
		}
		var stdout, stderr watched
		command.Stdout, command.Stderr = &stdout, &stderr
		err := w.finish(command, line, &stdout)
		cancel()
		if err != nil {
			w.t.Fatalf("%s:%d: %s: %v\n%s%s", w.document, block.line+i, line, err, stdout.String(), stderr.String())
		}
		output += stdout.String()
	}
	return output
}

// finish runs a command to its end. One that has none is interrupted when it has printed something, which needs a change.
func (w *workshop) finish(command *exec.Cmd, line string, stdout *watched) error {
	if !slices.ContainsFunc(endless, func(begin string) bool { return strings.HasPrefix(line, "exec "+begin) }) {
		return command.Run()
	}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for number := 0; stdout.String() == ""; number++ {
		w.alice.PutJSON("pub.layers.corpus.corpus", "3mabcdefghi2b", `{"$type":"pub.layers.corpus.corpus","name":"`+strings.Repeat("x", number%100+1)+`","createdAt":"2026-01-02T03:04:05Z"}`)
		select {
		case err := <-ended:
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	err := <-ended
	if command.ProcessState.ExitCode() == 130 {
		return nil
	}
	return err
}

// watched is a buffer that may be read while a command writes to it.
type watched struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *watched) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *watched) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
