package blob_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

func TestDownload(t *testing.T) {
	data := random(700_000)
	c := serve(t, answer(data))
	dir := t.TempDir()
	path := filepath.Join(dir, "a.wav")
	for _, ref := range []lex.Blob{refTo(data), blob.Named(cid.Of(cid.Raw, data))} {
		ref.MimeType = strings.Repeat("audio/x", int(ref.Size&1)) // any
		info, err := blob.Download(t.Context(), c, did, ref, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(blob.Info{Size: 700_000, MimeType: "audio/wav", RefMimeType: ref.MimeType}, info); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, data) {
			t.Error("the file has other bytes")
		}
	}
	if diff := cmp.Diff([]string{"a.wav"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// A new file has the permissions that os.Create gives it; one that replaces another has those of the other.
func TestDownloadMode(t *testing.T) {
	data := random(10)
	c := serve(t, answer(data))
	dir := t.TempDir()
	like, path, link := filepath.Join(dir, "like"), filepath.Join(dir, "new"), filepath.Join(dir, "link")
	if f, err := os.Create(like); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	download := func(path string) {
		t.Helper()
		if _, err := blob.Download(t.Context(), c, did, refTo(data), path, nil); err != nil {
			t.Fatal(err)
		}
	}
	download(path)
	if got, want := mode(t, path), mode(t, like); got != want {
		t.Errorf("a new file has %v, want %v", got, want)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	download(path)
	if got := mode(t, path); got.Perm() != 0o640 {
		t.Errorf("a file that is replaced has %v", got)
	}
	if err := os.Symlink(like, link); err != nil {
		t.Fatal(err)
	}
	download(link)
	if got, _ := os.ReadFile(like); !mode(t, link).IsRegular() || len(got) > 0 {
		t.Error("a link was followed")
	}
}

// What cannot be the target is an error before anything is asked for, as far as that can be known.
func TestDownloadTarget(t *testing.T) {
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(nil)(w, r)
	})
	dir := t.TempDir()
	for _, path := range []string{dir, os.DevNull} {
		if _, err := blob.Download(t.Context(), c, did, refTo(nil), path, nil); err == nil {
			t.Errorf("%s is no error", path)
		}
	}
	if calls.Load() > 0 {
		t.Error("the server was asked")
	}
	var e *blob.Error
	if _, err := blob.Download(t.Context(), c, did, refTo(nil), filepath.Join(dir, "none", "x"), nil); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &e) {
		t.Errorf("no directory: %v", err)
	}
}

func partialName(path string, n int) string {
	return path + "." + strconv.Itoa(n) + disk.PartialSuffix
}

// Partial files that are left behind go; those of others that are at work stay, and so do the files of
// other targets.
func TestAbandoned(t *testing.T) {
	data := random(1000)
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for _, n := range []int{0, 3} {
		write(t, partialName(path, n), []byte("left behind"))
	}
	write(t, partialName(path, 1), []byte("at work"))
	write(t, partialName(path+"x", 0), []byte("of another"))
	write(t, path+disk.PartialSuffix, []byte("of the user"))
	held, err := os.Open(partialName(path, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if locked, err := disk.TryLock(held); err != nil || !locked {
		t.Fatal(locked, err)
	}
	if _, err := blob.Download(t.Context(), serve(t, answer(data)), did, refTo(data), path, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"x", "x.1" + disk.PartialSuffix, "x" + disk.PartialSuffix, "xx.0" + disk.PartialSuffix}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// Many downloads to one path at once do not disturb each other.
func TestDownloadConcurrently(t *testing.T) {
	data := random(300_000)
	c := serve(t, answer(data))
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for range 10 {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if _, err := blob.Download(t.Context(), c, did, refTo(data), path, nil); err != nil {
					t.Error(err)
				}
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
					t.Errorf("the file is wrong: %v", err)
				}
			})
		}
		group.Wait()
	}
	if diff := cmp.Diff([]string{"x"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// A process that is killed leaves the old file or the new one, and at most one partial file; the next
// download just works.
func TestKilled(t *testing.T) {
	data := random(3 << 20)
	ref := refTo(data)
	asked, release := make(chan struct{}, 1), make(chan struct{})
	var stall atomic.Bool
	server := start(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		w.Write(data[:1<<20])
		w.(http.Flusher).Flush()
		if stall.Load() {
			<-release
		}
		w.Write(data[1<<20:])
	})
	defer close(release)
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	var old []byte
	loops := 30
	if testing.Short() {
		loops = 8
	}
	var olds, news, partials int
	for i := range loops {
		stall.Store(i%3 == 0)
		if i%2 == 0 {
			old = []byte("old")
			write(t, path, old)
		}
		child := command(t, "download", server.URL, ref.Ref.String(), strconv.FormatInt(ref.Size, 10), path, string(did))
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		<-asked
		for stall.Load() && len(names(t, dir)) < 2 { // in the middle of the file
			time.Sleep(time.Millisecond)
		}
		time.Sleep(rand.N(30 * time.Millisecond))
		child.Process.Kill()
		child.Wait()
		got, err := os.ReadFile(path)
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(got, data):
			news++
			old = data
		case bytes.Equal(got, old):
			olds++
		default:
			t.Fatalf("the file has %d bytes, neither the old nor the new ones", len(got))
		}
		if files := names(t, dir); len(files) > 2 || len(files) == 2 && !strings.HasSuffix(files[1], disk.PartialSuffix) {
			t.Fatalf("the files %q", files)
		} else if len(files) == 2 {
			partials++
		}
	}
	t.Logf("%d old files, %d new ones, %d partial ones", olds, news, partials)
	if olds == 0 || partials == 0 {
		t.Error("no process was killed in the middle")
	}
	stall.Store(false)
	go func() { <-asked }()
	if _, err := blob.Download(t.Context(), clientOf(t, server.URL), did, ref, path, nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// command returns a process that runs one of children.
func command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), exe, args...)
	c.Env = append(os.Environ(), "BLOB_TEST_CHILD="+name)
	c.Stderr = os.Stderr
	return c
}
