package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/layers-pub/layers-go/internal/disk"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	fileVersion = 1
	maxFile     = 64 << 20
	saveTimeout = 10 * time.Second // for the lock that is held while the file is replaced
)

// FileStore is a [Store] in a file, for the accounts of one user. It may be used by any number of goroutines
// and processes at once.
//
// The file is JSON, with mode 0600; one that others can read is refused with [ErrPermissions]. It is replaced
// as a whole: a crash, even of the host, leaves the old one or the new one. Beside it are lock files, one for
// the file and one for each account, which stay: they hold nothing. On systems that cannot lock files across
// processes Update returns [errors.ErrUnsupported].
type FileStore struct {
	path string
	own  bool // the directory is ours
}

// OpenStore returns the store in the file at path. If path is "" it is the file that LAYERS_AUTH_FILE in the
// environment names, or else layers/auth.json in the user's directory for state ($XDG_STATE_HOME, or
// ~/.local/state). OpenStore creates nothing: the file is created with the first session, and its directory,
// if there is none, with mode 0700.
func OpenStore(path string) (*FileStore, error) {
	own := false
	if path == "" {
		path = os.Getenv("LAYERS_AUTH_FILE")
	}
	if path == "" {
		state := os.Getenv("XDG_STATE_HOME")
		if !filepath.IsAbs(state) {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, fmt.Errorf("auth: where to keep sessions: %w (set LAYERS_AUTH_FILE)", err)
			}
			state = filepath.Join(home, ".local", "state")
		}
		path, own = filepath.Join(state, "layers", "auth.json"), true
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // which is replaced, and not the link
	}
	return &FileStore{path, own}, nil
}

// Path returns the path of the file.
func (s *FileStore) Path() string { return s.path }

// String returns the path of the file.
func (s *FileStore) String() string { return s.path }

// Load returns the session of an account, see [Store].
func (s *FileStore) Load(_ context.Context, did syntax.DID) (*Session, error) {
	c, err := s.read()
	if err != nil {
		return nil, err
	}
	return s.session(c, did)
}

// List returns all sessions, see [Store].
func (s *FileStore) List(context.Context) ([]*Session, error) {
	c, err := s.read()
	if err != nil {
		return nil, err
	}
	var list []*Session
	for _, did := range slices.Sorted(maps.Keys(c.Sessions)) {
		session, err := s.session(c, did)
		if err != nil {
			return nil, err
		}
		list = append(list, session)
	}
	return list, nil
}

// Current returns the account that is meant when none is named, see [Store].
func (s *FileStore) Current(context.Context) (syntax.DID, error) {
	c, err := s.read()
	if err != nil {
		return "", err
	}
	return c.Current, nil
}

// SetCurrent sets the account that is meant when none is named, see [Store].
func (s *FileStore) SetCurrent(ctx context.Context, did syntax.DID) error {
	return s.edit(ctx, func(c *contents) { c.Current = did })
}

// Update changes the session of one account, see [Store].
func (s *FileStore) Update(ctx context.Context, did syntax.DID, change Change) error {
	// This lock is held as long as change takes, which may be long: it keeps out only this account.
	hash := sha256.Sum256([]byte(did))
	unlock, err := s.lock(ctx, "."+hex.EncodeToString(hash[:8])+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	stored, err := s.Load(ctx, did)
	if err != nil && !errors.Is(err, ErrNoSession) {
		return err
	}
	next, err := change(ctx, stored)
	if err != nil || next == stored {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return s.edit(ctx, func(c *contents) {
		if next == nil {
			delete(c.Sessions, did)
		} else {
			c.Sessions[did] = next.Export()
		}
	})
}

// contents is what is in the file. Sessions are decoded when they are wanted, so that one which a later version
// wrote passes through untouched.
type contents struct {
	Version  int                            `json:"version"`
	Current  syntax.DID                     `json:"current,omitempty"`
	Sessions map[syntax.DID]json.RawMessage `json:"sessions"`
}

func (s *FileStore) session(c *contents, did syntax.DID) (*Session, error) {
	data, found := c.Sessions[did]
	if !found {
		return nil, fmt.Errorf("%s: %w", s.path, noSession(did))
	}
	session, err := ParseSession(data)
	if err == nil && session.DID != did {
		err = fmt.Errorf("it is the session of %s", session.DID)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: session of %s: %w", s.path, did, err)
	}
	return session, nil
}

// read reads the file. It needs no lock, since the file is never changed in place.
func (s *FileStore) read() (*contents, error) {
	c := &contents{Version: fileVersion}
	data, err := s.readFile()
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case len(data) == 0: // as mktemp leaves it
	case json.Unmarshal(data, c) != nil: // whose error may repeat what it found
		return nil, fmt.Errorf("%s: this is not a file of sessions", s.path)
	case c.Version != fileVersion:
		return nil, fmt.Errorf("%s: version %d of the file is unknown, want %d", s.path, c.Version, fileVersion)
	}
	if c.Sessions == nil {
		c.Sessions = make(map[syntax.DID]json.RawMessage)
	}
	return c, nil
}

func (s *FileStore) readFile() ([]byte, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !private(info.Mode()) {
		return nil, fmt.Errorf("%s has mode %04o: %w: make it 0600, and change the app password if they may have",
			s.path, info.Mode().Perm(), ErrPermissions)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s has over %d MiB", s.path, maxFile>>20)
	}
	return data, err
}

// edit replaces the file by one that change has been over.
func (s *FileStore) edit(ctx context.Context, change func(*contents)) error {
	unlock, err := s.lock(ctx, ".lock")
	if err != nil {
		return err
	}
	defer unlock()
	c, err := s.read()
	if err != nil {
		return err
	}
	change(c)
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return replaceFile(s.path, append(data, '\n'))
}

// replaceFile writes a file in the place of another, at once. There is one writer at a time.
func replaceFile(path string, data []byte) (err error) {
	temp := path + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // one that a crash left, or that somebody put there
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = disk.Sync(f)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = disk.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	return disk.SyncDir(filepath.Dir(path))
}
