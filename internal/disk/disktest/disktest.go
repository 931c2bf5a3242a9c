// Package disktest determines which content of a directory would survive a crash of the machine, for tests of code that
// must survive one. Only content that was synced through package disk is certain to survive:
//
//	r := disktest.Watch(t, dir)
//	save(dir)
//	for _, state := range r.Crash() {
//		load(state.Restore(t))
//	}
package disktest

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/internal/disk"
)

// Recorder records which content of a directory, and of everything below it, is on the disk, that is, synced. Its methods
// are safe for concurrent use.
type Recorder struct {
	t    testing.TB
	root string

	mu     sync.Mutex
	files  []*file
	names  map[string]entries // the names that are on the disk, by the path of the directory
	states []State
}

// entries are the names in a directory.
type entries map[string]os.FileInfo

// file is the content of a file on the disk. The file's names are recorded apart from it.
type file struct {
	info    os.FileInfo
	content string
	open    *os.File // kept open, so that the system does not give a new file the identity of this one
}

// State is the content of a directory that a crash may leave.
type State struct {
	// When says when the crash happened, and whether file names that were not synced were lost.
	When string
	// Files has the content of each file by its path, which is relative to the directory and has slashes.
	Files map[string]string
}

// Restore writes the files into a new directory, accessible only to their owner, and returns its path.
func (s State) Restore(t testing.TB) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range s.Files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

var (
	watching  sync.Mutex
	recorders = map[*Recorder]bool{}
	observe   = sync.OnceFunc(func() { disk.Observe(synced) })
)

// Watch returns a Recorder of the directory at root, which records until the test ends. It takes the current content of
// the directory to be on the disk.
func Watch(t testing.TB, root string) *Recorder {
	t.Helper()
	observe()
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		t.Fatal(err)
	}
	r := &Recorder{t: t, root: root, names: map[string]entries{}}
	r.settle(root)
	watching.Lock()
	defer watching.Unlock()
	recorders[r] = true
	t.Cleanup(func() {
		watching.Lock()
		defer watching.Unlock()
		delete(recorders, r)
		for _, f := range r.files {
			f.open.Close()
		}
	})
	return r
}

// Crash returns the states that a crash of the machine at this moment may leave.
func (r *Recorder) Crash() []State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.crash("now")
}

// During returns the states that a crash of the machine could have left at any time since Watch: before and after each
// sync.
func (r *Recorder) During() []State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.states
}

// synced records that f is on the disk: the content of a file, or the names in a directory.
func synced(f *os.File) {
	watching.Lock()
	defer watching.Unlock()
	for r := range recorders {
		path, err := filepath.EvalSymlinks(f.Name())
		if err != nil || path != r.root && !strings.HasPrefix(path, r.root+string(filepath.Separator)) {
			continue
		}
		r.mu.Lock()
		name, _ := filepath.Rel(r.root, path)
		r.states = append(r.states, r.crash("before the sync of "+name)...)
		r.note(path)
		r.states = append(r.states, r.crash("after the sync of "+name)...)
		r.mu.Unlock()
	}
}

// settle records that everything below path is on the disk.
func (r *Recorder) settle(path string) {
	r.note(path)
	for name, info := range r.names[path] {
		if info.IsDir() {
			r.settle(filepath.Join(path, name))
		} else {
			r.note(filepath.Join(path, name))
		}
	}
}

// note records that the content of the file, or the names in the directory, at path are on the disk.
func (r *Recorder) note(path string) {
	info, err := os.Stat(path)
	if err != nil {
		r.t.Error(err)
		return
	}
	if info.IsDir() {
		r.names[path] = r.list(path)
		return
	}
	content := r.read(path)
	if f := r.find(info); f != nil {
		f.content = content
		return
	}
	open, err := os.Open(path)
	if err != nil {
		r.t.Error(err)
		return
	}
	r.files = append(r.files, &file{info, content, open})
}

func (r *Recorder) find(info os.FileInfo) *file {
	for _, f := range r.files {
		if os.SameFile(f.info, info) {
			return f
		}
	}
	return nil
}

func (r *Recorder) list(path string) entries {
	found, err := os.ReadDir(path)
	if err != nil {
		r.t.Error(err)
	}
	names := entries{}
	for _, e := range found {
		if info, err := e.Info(); err == nil {
			names[e.Name()] = info
		}
	}
	return names
}

func (r *Recorder) read(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		r.t.Error(err)
	}
	return string(content)
}

// crash returns the states that a crash may leave. Names that were not synced may be lost, or may be on the disk before
// the contents of their files. Contents are as last synced, and empty if they never were. If only the process is killed,
// everything stays.
func (r *Recorder) crash(when string) []State {
	lost := State{when + ", new names lost", map[string]string{}}
	early := State{when + ", new names kept", map[string]string{}}
	killed := State{when + ", the process alone", map[string]string{}}
	r.collect(early.Files, "", r.root, r.list, r.onDisk)
	r.collect(killed.Files, "", r.root, r.list, func(path string, _ os.FileInfo) string { return r.read(path) })
	if !disk.SyncsDirs {
		return []State{early, killed}
	}
	r.collect(lost.Files, "", r.root, func(path string) entries { return maps.Clone(r.names[path]) }, r.onDisk)
	return []State{lost, early, killed}
}

func (r *Recorder) onDisk(_ string, info os.FileInfo) string {
	if f := r.find(info); f != nil {
		return f.content
	}
	return ""
}

func (r *Recorder) collect(files map[string]string, prefix, path string, list func(string) entries, content func(string, os.FileInfo) string) {
	for name, info := range list(path) {
		below := filepath.Join(path, name)
		if info.IsDir() {
			r.collect(files, prefix+name+"/", below, list, content)
		} else {
			files[prefix+name] = content(below, info)
		}
	}
}
