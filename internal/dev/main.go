// Command dev has the commands for everyday work on this module: go run ./internal/dev help lists them. It needs only
// Go, on any system; a command that needs more says so. CI runs the command ci.
package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

// command is a subcommand of dev.
type command struct {
	name, arguments, help string
	do                    func(args []string) error
}

var commands []command

func init() { // not in the declaration, because help, one of the commands, refers to the list
	commands = []command{
		{"test", "[PACKAGE...]", "run the tests; those that need Node.js or a network skip if it is not there", test},
		{"race", "[PACKAGE...]", "run the tests with the race detector, which needs a C compiler", race},
		{"lint", "", "check formatting, go.mod, go vet and staticcheck, in all modules", lint},
		{"generate", "", "generate all code from the lexicons", generate},
		{"drift", "", "fail if generated code does not match the lexicons", drift},
		{"golden", "[PACKAGE...]", "rewrite the expected output of tests: the exported API, scripts, generated cases", golden},
		{"bench", "[PATTERN]", "run the benchmarks, or those that match PATTERN; BENCHMARKS.md says which benchmark a figure is from", bench},
		{"fuzz", "[PACKAGE...]", "fuzz each target with 5,000 inputs, or for FUZZTIME (10m, 1000000x)", fuzz},
		{"servers", "", "install the reference servers from npm, 250 MB, for the tests that start them", servers},
		{"modules", "[NAME...]", "run the tests of the separate modules under tests: peers, relay, jetstream, tap", modules},
		{"ci", "", "run everything that CI runs, with no test skipped", ci},
		{"help", "", "print this list", help},
	}
}

func main() {
	name, args := "help", os.Args[1:]
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	// An interrupt is for the go command, which ends its tests; then this program ends, too.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	if err := run(name, args); err != nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(name string, args []string) error {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/layers-pub/layers-go").Output()
	if err != nil {
		return fmt.Errorf("run this command in a checkout of the module: %w", err)
	}
	if err := os.Chdir(strings.TrimSpace(string(root))); err != nil {
		return err
	}
	for _, c := range commands {
		if c.name == name {
			if c.arguments == "" && len(args) > 0 {
				return fmt.Errorf("%s takes no arguments", name)
			}
			return c.do(args)
		}
	}
	help(nil)
	return fmt.Errorf("unknown command %q", name)
}

func help([]string) error {
	fmt.Println("usage: go run ./internal/dev COMMAND; the commands are:")
	for _, c := range commands {
		fmt.Printf("  %-22s %s\n", strings.TrimSpace(c.name+" "+c.arguments), c.help)
	}
	return nil
}

// execute runs a program in a directory of the module and passes its output on.
func execute(dir, name string, args ...string) error {
	command := exec.Command(name, args...)
	command.Dir, command.Stdin, command.Stdout, command.Stderr = dir, os.Stdin, os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

func goTool(args ...string) error { return execute(".", "go", args...) }

// packages returns args, or all packages of the module.
func packages(args []string) []string {
	if len(args) == 0 {
		return []string{"./..."}
	}
	return args
}

// timeout is the time limit for the tests of one package. On a slow machine, the tests of the reference servers' streams
// take longer than ten minutes, the default of go test.
const timeout = "-timeout=30m"

func test(args []string) error {
	return goTool(append([]string{"test", timeout}, packages(args)...)...)
}

func race(args []string) error {
	return goTool(append([]string{"test", "-race", timeout}, packages(args)...)...)
}

func generate([]string) error {
	if err := goTool("generate", "./..."); err != nil {
		return err
	}
	return execute("examples", "go", "generate", "./...")
}

// goldens are the packages with tests that have the flag -update.
var goldens = []string{"./tests/api", "./cmd/layers", "./gen"}

func golden(args []string) error {
	if len(args) == 0 {
		args = goldens
	}
	for _, name := range args {
		if err := goTool("test", name, "-update"); err != nil {
			return err
		}
	}
	return nil
}

func bench(args []string) error {
	pattern := "."
	if len(args) > 0 {
		pattern = args[0]
	}
	return goTool("test", "-run", "^$", "-bench", pattern, "-benchtime", "20x", "./...")
}

func fuzz(args []string) error {
	// A number of inputs and not a time: when a time is over in the middle of an input, go test calls that a failure.
	long := cmp.Or(os.Getenv("FUZZTIME"), "5000x")
	names, err := exec.Command("go", append([]string{"list"}, packages(args)...)...).Output()
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(names)) {
		targets, err := exec.Command("go", "test", "-list", "^Fuzz", name).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, targets)
		}
		for _, target := range strings.Fields(string(targets)) {
			if !strings.HasPrefix(target, "Fuzz") {
				continue
			}
			fmt.Println(name, target)
			if output, err := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+target+"$", "-fuzztime", long, name).CombinedOutput(); err != nil {
				return fmt.Errorf("%s %s: %w\n%s", name, target, err, output)
			}
		}
	}
	return nil
}

func servers([]string) error { return goTool("run", "./tests/reference/install") }

func modules(args []string) error {
	if len(args) == 0 {
		args = []string{"peers", "relay", "jetstream", "tap"}
	}
	for _, name := range args {
		dir := filepath.Join("tests", name)
		err := execute(dir, "go", "test", timeout, "./...")
		if err != nil && name != "peers" {
			// These servers are not ours, and drop events in ways that depend on the moment.
			err = execute(dir, "go", "test", timeout, "./...")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
