// Package moduleproxy makes a Go module proxy, in files, that serves this checkout, so that tests can run commands as
// users will once the module is published. The go command then uses neither the checkout nor the network: it takes other
// modules from the download cache of this machine.
//
//	command := exec.Command("go", "run", "github.com/layers-pub/layers-go/cmd/layers@latest", "demo")
//	command.Env = append(os.Environ(), moduleproxy.New(t, "../..")...)
package moduleproxy

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Module is the path of the module, and Version the only version that the proxy has.
const (
	Module  = "github.com/layers-pub/layers-go"
	Version = "v0.1.0"
)

// New makes a proxy of the checkout in root, in a temporary directory of the test. It returns the environment variables with
// which the go command uses the proxy and an empty module cache.
func New(t testing.TB, root string) (environment []string) {
	t.Helper()
	proxy, cache := t.TempDir(), t.TempDir()
	versions := filepath.Join(proxy, filepath.FromSlash(Module), "@v")
	requirements, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err == nil {
		err = os.MkdirAll(versions, 0o755)
	}
	for name, text := range map[string]string{
		"list":            Version + "\n",
		Version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2026-01-02T03:04:05Z"}`, Version),
		Version + ".mod":  string(requirements),
	} {
		if err == nil {
			err = os.WriteFile(filepath.Join(versions, name), []byte(text), 0o644)
		}
	}
	if err == nil {
		err = write(filepath.Join(versions, Version+".zip"), root)
	}
	if err != nil {
		t.Fatal(err)
	}
	downloads, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"GOPROXY=file://" + filepath.ToSlash(proxy) + ",file://" + filepath.ToSlash(strings.TrimSpace(string(downloads))) + "/cache/download,off",
		"GOMODCACHE=" + cache,
		"GOSUMDB=off",
		"GONOPROXY=none",
		"GOWORK=off",
		"GOTOOLCHAIN=local",
		// Without -trimpath the build cache would not know the packages again from one temporary directory to the next.
		"GOFLAGS=-modcacherw -trimpath",
	}
}

// write writes the zip archive of the module in root to the file name. It leaves out nested modules, hidden directories and
// node_modules.
func write(name, root string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(path, "go.mod"))
			hidden := strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"
			if path != root && (hidden || err == nil) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		short, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		w, err := archive.Create(Module + "@" + Version + "/" + filepath.ToSlash(short))
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
	if err != nil {
		return err
	}
	return archive.Close()
}
