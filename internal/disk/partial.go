package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// PartialSuffix is the end of the names of files that are not complete yet.
const PartialSuffix = ".layers-partial"

// maxPartials is how many partial files may exist for one path at once.
const maxPartials = 16

// Partial is a file that is being written, and is renamed to its final name when it is complete. Until then it is in
// the same directory, and its name is the final one followed by a number and [PartialSuffix]. It is locked until it is
// kept or discarded, so that files left by killed processes can be recognized. On systems without locks such files
// stay.
type Partial struct {
	*os.File
	path string // the final path
	over bool   // whether the file has been kept or discarded
}

// NewPartial creates a partial file for path, with the permissions of [os.Create], and removes the partial files for
// path that killed processes have left.
func NewPartial(path string) (*Partial, error) {
	var p *Partial
	for n := range maxPartials {
		name := fmt.Sprintf("%s.%d%s", path, n, PartialSuffix)
		removeAbandoned(name)
		if p != nil {
			continue
		}
		file, err := createLocked(name)
		if err != nil {
			return nil, err
		}
		if file != nil {
			p = &Partial{File: file, path: path}
		}
	}
	if p == nil {
		return nil, fmt.Errorf("%s: %d partial files exist already; other processes are writing the file, or were killed while doing so", path, maxPartials)
	}
	return p, nil
}

// createLocked creates a file and locks it. It returns nil if the file already exists, or if another process removed it
// before it was locked.
func createLocked(name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if locked, err := TryLock(file); err == nil && !locked || !isAt(file, name) {
		file.Close()
		return nil, nil
	}
	return file, nil
}

// removeAbandoned removes a partial file that no process has locked. It ignores errors: a file that stays does no harm.
func removeAbandoned(name string) {
	file, err := openExisting(name)
	if err != nil {
		return
	}
	defer file.Close()
	// Only the holder of the lock renames or removes the file, so the name stays while we hold it. A process that has
	// just created the file, and has not locked it yet, will notice that it is gone.
	locked, err := TryLock(file)
	if err != nil || !locked || !isAt(file, name) {
		return
	}
	if !openFilesMove {
		file.Close()
	}
	os.Remove(name)
}

// isAt reports whether name still refers to file.
func isAt(file *os.File, name string) bool {
	a, err := file.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(name)
	return err == nil && os.SameFile(a, b)
}

// Keep syncs the file, renames it to its final name, replacing an existing file, and closes it. When Keep returns
// without an error, the file and its name are on the disk.
func (p *Partial) Keep() error {
	if err := Sync(p.File); err != nil {
		return err
	}
	if !openFilesMove {
		if err := p.Close(); err != nil {
			return err
		}
	}
	if err := Rename(p.Name(), p.path); err != nil {
		return err
	}
	p.Close() // everything is on the disk
	p.over = true
	return SyncDir(filepath.Dir(p.path))
}

// Discard closes and removes the file unless it was kept.
func (p *Partial) Discard() {
	if p.over {
		return
	}
	p.over = true
	if !openFilesMove {
		p.Close()
	}
	os.Remove(p.Name())
	p.Close()
}
