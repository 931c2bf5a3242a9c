package disk_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/internal/disk/disktest"
)

// TestPartialCrash stops the machine at each step on the way to a file's place.
func TestPartialCrash(t *testing.T) {
	for _, before := range []string{"", "old"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		if before != "" {
			if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		crash := disktest.Watch(t, dir)
		p := create(t, path, "new")
		for _, state := range crash.Crash() {
			if got := state.Files["file"]; got != before {
				t.Errorf("%s, before Keep: %q", state.When, got)
			}
		}
		if err := p.Keep(); err != nil {
			t.Fatal(err)
		}
		if len(crash.During()) < 6 {
			t.Errorf("only %d states: not all syncs were seen", len(crash.During()))
		}
		for _, state := range crash.During() {
			if got, found := state.Files["file"]; got != before && got != "new" || found && got == "" {
				t.Errorf("%s: %q", state.When, got)
			}
		}
		for _, state := range crash.Crash() {
			if got := state.Files["file"]; got != "new" {
				t.Errorf("%s, after Keep: %q", state.When, got)
			}
		}
	}
}

// TestSync has files that cannot be synced: an error shows that it was tried.
func TestSync(t *testing.T) {
	file := create(t, filepath.Join(t.TempDir(), "file"), "")
	if err := disk.Sync(file.File); err != nil {
		t.Error(err)
	}
	file.Discard()
	if err := disk.Sync(file.File); err == nil {
		t.Error("a closed file was synced")
	}
	if err := disk.SyncDir(filepath.Join(t.TempDir(), "none")); err == nil && disk.SyncsDirs {
		t.Error("a directory that is not there was synced")
	}
}

func TestMkdirAll(t *testing.T) {
	root := t.TempDir()
	crash := disktest.Watch(t, root)
	deep := filepath.Join(root, "a", "b", "c")
	for range 2 {
		if err := disk.MkdirAll(deep+string(filepath.Separator), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(deep); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
	p := create(t, filepath.Join(deep, "file"), "new")
	if err := p.Keep(); err != nil {
		t.Fatal(err)
	}
	for _, state := range crash.Crash() {
		if state.Files["a/b/c/file"] != "new" {
			t.Errorf("%s: %v", state.When, state.Files)
		}
	}
	if err := disk.MkdirAll(filepath.Join(deep, "file", "below"), 0o700); err == nil {
		t.Error("a directory was made below a file")
	}
}
