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
	maxFile     = 64 << 20         // the size of the largest file that is read, in bytes
	saveTimeout = 10 * time.Second // limits the time to store a session, including the wait for the file's lock
)

// FileStore is a [Store] in a file, for the accounts of one user. It is safe for concurrent use by goroutines and
// processes.
//
// The file is JSON and has mode 0600; a file that other users can access is refused with [ErrPermissions]. The file
// is replaced atomically: a crash, even of the host, leaves either the old or the new one. Beside it are empty lock
// files, one for the file and one for each account, which are never removed. On systems that cannot lock files across
// processes, Update returns [errors.ErrUnsupported].
type FileStore struct {
	path string
	own  bool // the file is at the default path, so its directory may be made private
}

// OpenStore returns the store in the file at path. If path is "", the file is the one that the environment variable
// LAYERS_AUTH_FILE names, or else layers/auth.json in the user's state directory ($XDG_STATE_HOME, or
// ~/.local/state). OpenStore creates nothing: the file is created with the first session. If its directory does not
// exist, it is created then, with mode 0700.
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
				return nil, fmt.Errorf("auth: no directory for sessions: %w (set LAYERS_AUTH_FILE)", err)
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
		path = target // replace the target, not the link
	}
	return &FileStore{path, own}, nil
}

// Path returns the path of the file.
func (s *FileStore) Path() string { return s.path }

// String returns the path of the file.
func (s *FileStore) String() string { return s.path }

// Load returns the session of an account: see [Store].
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

// Current returns the current account, which is used when none is named: see [Store].
func (s *FileStore) Current(context.Context) (syntax.DID, error) {
	c, err := s.read()
	if err != nil {
		return "", err
	}
	return c.Current, nil
}

// SetCurrent sets the current account, which is used when none is named: see [Store].
func (s *FileStore) SetCurrent(ctx context.Context, did syntax.DID) error {
	return s.edit(ctx, func(c *contents) { c.Current = did })
}

// Update changes the session of one account, see [Store].
func (s *FileStore) Update(ctx context.Context, did syntax.DID, change Change) error {
	// This lock is held while change runs, which may take long, so it is only for this account.
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

// contents is the content of the file. Sessions are decoded only when they are needed, so that one that a later
// version wrote is kept unchanged.
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
		err = fmt.Errorf("the stored session belongs to %s", session.DID)
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
	case json.Unmarshal(data, c) != nil: // the error is dropped, since it may repeat secrets
		return nil, fmt.Errorf("%s: not a session file", s.path)
	case c.Version != fileVersion:
		return nil, fmt.Errorf("%s: unknown file version %d, must be %d", s.path, c.Version, fileVersion)
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
		return nil, fmt.Errorf("%s has mode %04o: %w: change its mode to 0600, and revoke the app password if others may have read it",
			s.path, info.Mode().Perm(), ErrPermissions)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s is larger than %d MiB", s.path, maxFile>>20)
	}
	return data, err
}

// edit applies change to the contents of the file and replaces the file.
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

// replaceFile replaces a file atomically. There must be only one writer at a time.
func replaceFile(path string, data []byte) (err error) {
	temp := path + ".tmp"
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // a temporary file that a crash left, or that another program put there
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
