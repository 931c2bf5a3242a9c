package blob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// PartialSuffix ends the names of files that hold a part of a blob.
const PartialSuffix = ".layers-partial"

// maxPartials is how many downloads to one path may be under way at once.
const maxPartials = 16

// partial is the file that a download is collected in. It is locked until it is renamed or removed, so that
// files that nobody holds can be told from others. Where there are no locks, those stay.
type partial struct {
	path string
	file *os.File // nil when it is over
}

// newPartial creates a partial file for the file at path and removes those that have been left behind.
func newPartial(path string) (*partial, error) {
	var p *partial
	for n := 0; n < maxPartials; n++ {
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
			p = &partial{name, file}
		}
	}
	if p == nil {
		return nil, fmt.Errorf("%d downloads to %s are under way, or were when their processes ended", maxPartials, path)
	}
	return p, nil
}

// errLocked says that somebody else has locked a file.
var errLocked = errors.New("locked")

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
	if lock(file) == errLocked || !isAt(file, name) {
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
	if lock(file) == nil && isAt(file, name) {
		os.Remove(name)
	}
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

// keep makes p the file at path.
func (p *partial) keep(path string) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	if !openFilesMove {
		if err := p.file.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(p.path, path); err != nil {
		return err
	}
	p.file.Close() // all is on disk
	p.file = nil
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		dir.Sync() // the name, too, where directories can be synced
		dir.Close()
	}
	return nil
}

// discard removes p unless it was kept.
func (p *partial) discard() {
	if p.file != nil {
		if !openFilesMove {
			p.file.Close()
		}
		os.Remove(p.path)
		p.file.Close()
	}
}
