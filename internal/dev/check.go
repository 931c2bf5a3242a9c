package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// staticcheck is the version of staticcheck that lint runs.
const staticcheck = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"

// allModules are the directories of the modules of this repository.
var allModules = []string{".", "examples", "tests/peers", "tests/relay", "tests/jetstream", "tests/tap"}

func lint([]string) error {
	if err := format(); err != nil {
		return err
	}
	for _, dir := range allModules {
		if err := execute(dir, "go", "mod", "tidy", "-diff"); err != nil {
			return fmt.Errorf("%s/go.mod is not tidy: %w", dir, err)
		}
		if err := execute(dir, "go", "vet", "./..."); err != nil {
			return err
		}
	}
	return goTool("run", staticcheck, "./...")
}

// format returns an error that names the files that gofmt would change.
func format() error {
	var files []string
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if err == nil && entry.Type().IsRegular() && filepath.Ext(path) == ".go" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for len(files) > 0 { // command lines have a limit
		n := min(len(files), 200)
		output, err := exec.Command("gofmt", append([]string{"-s", "-l"}, files[:n]...)...).CombinedOutput()
		if err != nil || len(output) > 0 {
			return fmt.Errorf("gofmt -s would change:\n%s%w", output, errors.Join(err, errors.New("run gofmt -s -w")))
		}
		files = files[n:]
	}
	return nil
}

func drift([]string) error {
	lock, err := os.ReadFile("lexicons/lexgen.lock")
	if err != nil {
		return err
	}
	if strings.Contains(string(lock), `"modified"`) {
		return errors.New("the lexicons are not those of the release that lexicons/lexgen.lock names")
	}
	for _, config := range []string{"lexgen.json", "runtime/internal/atproto/lexgen.json"} {
		if err := goTool("run", "./cmd/lexgen", "lint", "--strict", "--config", config); err != nil {
			return err
		}
		if err := goTool("run", "./cmd/lexgen", "check", "--config", config); err != nil {
			return err
		}
	}
	if err := goTool("run", "./cmd/lexgen", "bridge", "--rules", "layers07/bridge.json", "--check"); err != nil {
		return err
	}
	return goTool("run", "./cmd/lexgen", "check", "--config", "examples/lexgen.json")
}

// step is one of the checks that ci runs, with a title to print.
type step struct {
	title string
	do    func() error
}

func ci([]string) error {
	os.Setenv("CI", "true") // a test that cannot be run is a failure
	for _, s := range []step{
		{"formatting, go.mod, go vet, staticcheck", func() error { return lint(nil) }},
		{"generated code matches the lexicons", func() error { return drift(nil) }},
		{"the module of examples", func() error { return execute("examples", "go", "test", "./...") }},
		{"the reference servers are installed", func() error { return servers(nil) }},
		{"a browser is installed", browser},
		{"tests, as the README runs them", func() error { return race(nil) }},
		{"hostile input: time and memory, which the race detector changes", func() error { return goTool("test", "-count", "1", "./tests/nasty") }},
		{"the modules that compare with peers, and that run other servers with the reference PDS", func() error { return modules(nil) }},
		{"each parser is fuzzed", func() error { return fuzz(nil) }},
	} {
		fmt.Printf("\n== %s\n", s.title)
		if err := s.do(); err != nil {
			return err
		}
	}
	fmt.Println("\n== all passed")
	return nil
}

// browser installs Chromium where Debian's packages are, unless there is one.
func browser() error {
	if _, err := exec.LookPath("chromium"); err == nil {
		return nil
	}
	os.Setenv("DEBIAN_FRONTEND", "noninteractive")
	for _, args := range [][]string{{"apt-get", "update"}, {"apt-get", "install", "-y", "--no-install-recommends", "chromium"}} {
		if os.Getuid() != 0 {
			args = append([]string{"sudo", "-E"}, args...)
		}
		// A mirror may fail for a moment.
		if execute(".", args[0], args[1:]...) != nil {
			if err := execute(".", args[0], args[1:]...); err != nil {
				return err
			}
		}
	}
	return nil
}
