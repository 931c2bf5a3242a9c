package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// PartialSuffix ends the names of files that are not whole yet.
const PartialSuffix = ".layers-partial"

// maxPartials is how many files may be on the way to one path at once.
const maxPartials = 16

// Partial is a file on the way to its place. It lies beside that, under the place's name with a number and
// [PartialSuffix] behind it, and is locked until it is kept or discarded, so that those that killed processes have
// left can be told from others. Where there are no locks, those stay.
type Partial struct {
	*os.File
	path string // of the place
	over bool
}

// NewPartial creates a file on the way to path, with the permissions of [os.Create], and removes those that have been
// left behind on the way there.
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
		return nil, fmt.Errorf("%s: %d writers are on the way there, or were when their processes ended", path, maxPartials)
	}
	return p, nil
}

// createLocked creates a file that does not exist and locks it. It returns nil if the file exists, or if
// somebody took it away before it was locked.
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

// removeAbandoned removes a partial file that no process holds. What goes wrong does not matter: a file
// that stays is in nobody's way.
func removeAbandoned(name string) {
	file, err := openExisting(name)
	if err != nil {
		return
	}
	defer file.Close()
	// Only who has the lock renames or removes: what is at name stays there. Whoever has just created it, and
	// has not locked it yet, will see that it is gone.
	locked, err := TryLock(file)
	if err != nil || !locked || !isAt(file, name) {
		return
	}
	if !openFilesMove {
		file.Close()
	}
	os.Remove(name)
}

// isAt reports whether file is the one that has the name.
func isAt(file *os.File, name string) bool {
	a, err := file.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(name)
	return err == nil && os.SameFile(a, b)
}

// Keep brings the file to its place, in place of what is there, and closes it. It is on the disk by then.
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
	p.Close() // all is on the disk
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
