package disk_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/internal/disk"
)

func names(t *testing.T, directory string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func create(t *testing.T, path, text string) *disk.Partial {
	t.Helper()
	p, err := disk.NewPartial(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPartial(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, two := create(t, path, "one"), create(t, path, "two")
	if content(t, path) != "old" || len(names(t, filepath.Dir(path))) != 3 {
		t.Errorf("before: %v", names(t, filepath.Dir(path)))
	}
	if err := one.Keep(); err != nil || content(t, path) != "one" {
		t.Error(err, content(t, path))
	}
	one.Discard() // does nothing
	two.Discard()
	if content(t, path) != "one" || len(names(t, filepath.Dir(path))) != 1 {
		t.Errorf("after: %v", names(t, filepath.Dir(path)))
	}
	if _, err := disk.NewPartial(filepath.Join(path, "file")); err == nil {
		t.Error("a file was made below a file")
	}
}

// TestAbandoned leaves files as killed processes do, without their locks.
func TestAbandoned(t *testing.T) {
	if runtime.GOOS == "plan9" {
		t.Skip("no locks")
	}
	path := filepath.Join(t.TempDir(), "file")
	held := create(t, path, "held")
	abandoned := create(t, path, "abandoned")
	abandoned.Close()
	other := filepath.Join(filepath.Dir(path), "file.x"+disk.PartialSuffix)
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next := create(t, path, "next")
	defer next.Discard()
	if content(t, held.Name()) != "held" || content(t, next.Name()) != "next" || len(names(t, filepath.Dir(path))) != 3 {
		t.Errorf("left: %v", names(t, filepath.Dir(path)))
	}
	if err := held.Keep(); err != nil || content(t, path) != "held" {
		t.Error(err)
	}
}

func TestManyPartials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for range 16 {
		defer create(t, path, "").Discard()
	}
	if p, err := disk.NewPartial(path); err == nil {
		p.Discard()
		t.Error("there is no end to them")
	}
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := disk.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if f, err := disk.Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), path) {
		t.Error(f, err)
	}
	got := make(chan error)
	go func() {
		second, err := disk.Lock(t.Context(), path)
		if err == nil {
			second.Close()
		}
		got <- err
	}()
	first.Close()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// lockVariable names the file that a child process locks.
const lockVariable = "LAYERS_TEST_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(lockVariable); path != "" {
		lock, err := disk.Lock(context.Background(), path)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		time.Sleep(time.Hour) // until it is killed
		lock.Close()
	}
	os.Exit(m.Run())
}

// TestLockOfProcess checks that a lock excludes other processes, and that it ends when its process is killed.
func TestLockOfProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), lockVariable+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	defer child.Process.Kill()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := disk.Lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while another process has the lock: %v", err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	lock, err := disk.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Close(); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
