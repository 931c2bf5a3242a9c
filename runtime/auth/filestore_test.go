package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func open(t *testing.T, path string) *auth.FileStore {
	t.Helper()
	s, err := auth.OpenStore(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func session(did syntax.DID, n int) *auth.Session {
	return auth.NewSession(did, "alice.example.com", pdsOrigin, fmt.Sprint("access-", n), fmt.Sprint("refresh-", n))
}

// stores runs a test with each Store.
func stores(t *testing.T, test func(t *testing.T, s auth.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, auth.NewMemoryStore()) })
	t.Run("file", func(t *testing.T) { test(t, open(t, filepath.Join(t.TempDir(), "auth.json"))) })
}

func TestStore(t *testing.T) {
	stores(t, func(t *testing.T, s auth.Store) {
		ctx := t.Context()
		if list, err := s.List(ctx); len(list) != 0 || err != nil {
			t.Errorf("%v, %v", list, err)
		}
		if did, err := s.Current(ctx); did != "" || err != nil {
			t.Errorf("%v, %v", did, err)
		}
		if _, err := s.Load(ctx, alice); !errors.Is(err, auth.ErrNoSession) || !strings.Contains(err.Error(), string(alice)) {
			t.Error(err)
		}
		put(t, s, session(alice, 1))
		put(t, s, session(bob, 2))
		if err := s.SetCurrent(ctx, bob); err != nil {
			t.Fatal(err)
		}
		if did, err := s.Current(ctx); did != bob || err != nil {
			t.Errorf("%v, %v", did, err)
		}
		list, err := s.List(ctx)
		if err != nil || len(list) != 2 || list[0].DID != bob || list[1].DID != alice {
			t.Fatalf("%v, %v", list, err)
		}
		list[0].PDS, stored(t, s, bob).PDS = "x", "x" // the caller's own

		// An update sees what is stored, and stores what it returns; nil removes it.
		var seen *auth.Session
		update := func(next *auth.Session, err error) error {
			return s.Update(ctx, bob, func(_ context.Context, stored *auth.Session) (*auth.Session, error) {
				seen = stored
				return next, err
			})
		}
		if err := update(session(bob, 3), errBroken); !errors.Is(err, errBroken) || seen == nil || seen.PDS != pdsOrigin {
			t.Errorf("%v, saw %v", err, seen)
		}
		if access, _ := stored(t, s, bob).Tokens(); access != "access-2" {
			t.Errorf("an update that failed stored %s", access)
		}
		if err := update(session(bob, 3), nil); err != nil {
			t.Error(err)
		}
		if access, _ := stored(t, s, bob).Tokens(); access != "access-3" {
			t.Errorf("an update stored %s", access)
		}
		if err := update(nil, nil); err != nil {
			t.Error(err)
		}
		if _, err := s.Load(ctx, bob); !errors.Is(err, auth.ErrNoSession) {
			t.Error(err)
		}
		if err := update(nil, nil); err != nil || seen != nil {
			t.Errorf("%v, saw %v", err, seen)
		}
		if access, _ := stored(t, s, alice).Tokens(); access != "access-1" {
			t.Error("the other account is not what it was")
		}
	})
}

// Updates of one account wait for each other, no longer than their context; those of others do not.
func TestStoreLocks(t *testing.T) {
	stores(t, func(t *testing.T, s auth.Store) {
		ctx := t.Context()
		put(t, s, session(alice, 1))
		inside, leave := make(chan struct{}), make(chan struct{})
		var wait sync.WaitGroup
		wait.Go(func() {
			s.Update(ctx, alice, func(context.Context, *auth.Session) (*auth.Session, error) {
				close(inside)
				<-leave
				return session(alice, 2), nil
			})
		})
		<-inside
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		err := s.Update(short, alice, func(context.Context, *auth.Session) (*auth.Session, error) {
			t.Error("two updates at once")
			return nil, errBroken
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		put(t, s, session(bob, 1))
		if err := s.SetCurrent(ctx, bob); err != nil {
			t.Error(err)
		}
		if access, _ := stored(t, s, alice).Tokens(); access != "access-1" {
			t.Errorf("loaded %s", access)
		}
		close(leave)
		wait.Wait()
		if access, _ := stored(t, s, alice).Tokens(); access != "access-2" {
			t.Errorf("stored %s", access)
		}
	})
}

func TestStoreConcurrent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.json")
	var wait sync.WaitGroup
	const each = 10
	for range 4 {
		s := open(t, path) // as another process would
		for _, did := range []syntax.DID{alice, bob} {
			wait.Go(func() {
				for range each {
					err := s.Update(t.Context(), did, func(_ context.Context, stored *auth.Session) (*auth.Session, error) {
						n := 0
						if stored != nil {
							access, _ := stored.Tokens()
							fmt.Sscanf(access, "access-%d", &n)
						}
						return session(did, n+1), nil
					})
					if err != nil {
						t.Error(err)
					}
					if _, err := s.List(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wait.Wait()
	for _, did := range []syntax.DID{alice, bob} {
		if access, _ := stored(t, open(t, path), did).Tokens(); access != fmt.Sprint("access-", 4*each) {
			t.Errorf("%s: %s", did, access)
		}
	}
}

// The new session is stored even if the context ended while the server gave it.
func TestStoreSavesAfterAll(t *testing.T) {
	stores(t, func(t *testing.T, s auth.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Update(ctx, alice, func(context.Context, *auth.Session) (*auth.Session, error) {
			cancel()
			return session(alice, 1), nil
		})
		if err != nil {
			t.Error(err)
		}
		stored(t, s, alice)
	})
}

// Nor does it matter that the file has to be waited for then.
func TestFileSavesAfterAll(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "auth.json"))
	ctx, cancel := context.WithCancel(t.Context())
	unlock, err := auth.Lock(s, ctx, ".lock")
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(ctx, alice, func(context.Context, *auth.Session) (*auth.Session, error) {
		cancel()
		time.AfterFunc(20*time.Millisecond, unlock)
		return session(alice, 1), nil
	})
	if err != nil {
		t.Error(err)
	}
	stored(t, s, alice)
}

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("who may read a file is not in its mode on Windows")
	}
	state := filepath.Join(t.TempDir(), "state")
	t.Setenv("LAYERS_AUTH_FILE", "")
	t.Setenv("XDG_STATE_HOME", state)
	s := open(t, "")
	if want := filepath.Join(state, "layers", "auth.json"); s.Path() != want {
		t.Errorf("the store is at %s, want %s", s.Path(), want)
	}
	if _, err := s.List(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(state); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading made a directory: %v", err)
	}
	put(t, s, session(alice, 1))
	check := func(path string, want fs.FileMode) {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	dir := filepath.Dir(s.Path())
	check(dir, 0o700)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err) // the file and two locks
	}
	for _, entry := range entries {
		check(filepath.Join(dir, entry.Name()), 0o600)
	}

	named := filepath.Join(t.TempDir(), "new", "auth.json")
	put(t, open(t, named), session(alice, 1))
	check(filepath.Dir(named), 0o700)

	// The directory of our own is made right again. The file is not: others may have read it.
	os.Chmod(dir, 0o755)
	put(t, s, session(alice, 2))
	check(dir, 0o700)
	for _, mode := range []fs.FileMode{0o644, 0o640, 0o602, 0o601} {
		os.Chmod(s.Path(), mode)
		_, err := s.Load(t.Context(), alice)
		if !errors.Is(err, auth.ErrPermissions) || !strings.Contains(err.Error(), s.Path()) {
			t.Errorf("%v: %v", mode, err)
		}
		if err := s.SetCurrent(t.Context(), alice); !errors.Is(err, auth.ErrPermissions) {
			t.Errorf("%v: %v", mode, err)
		}
	}
	os.Chmod(s.Path(), 0o600)
	stored(t, s, alice)
}

func TestOpenStore(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", "relative") // which the specification says to ignore
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Setenv("LAYERS_AUTH_FILE", "")
	if got, want := open(t, "").Path(), filepath.Join(dir, ".local", "state", "layers", "auth.json"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	named := filepath.Join(dir, "named")
	t.Setenv("LAYERS_AUTH_FILE", named)
	if got := open(t, "").Path(); got != named {
		t.Errorf("%s, want %s", got, named)
	}
	if got := open(t, filepath.Join(dir, "x")).Path(); got != filepath.Join(dir, "x") {
		t.Errorf("%s", got)
	}

	// An empty file, as mktemp makes it, is an empty store.
	if err := os.WriteFile(named, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	put(t, open(t, ""), session(alice, 1))

	// A link stays one.
	link := filepath.Join(dir, "link")
	if err := os.Symlink(named, link); err != nil {
		t.Skip(err)
	}
	put(t, open(t, link), session(bob, 1))
	stored(t, open(t, named), bob)
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v", info, err)
	}
	t.Setenv("LAYERS_AUTH_FILE", "")
	t.Setenv("HOME", "")
	t.Setenv("USERPROFILE", "")
	if _, err := auth.OpenStore(""); err == nil {
		t.Error("a store nowhere")
	}
}

func TestFileContents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.json")
	s := open(t, path)
	put(t, s, session(alice, 1))
	put(t, s, session(bob, 2))
	if err := s.SetCurrent(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "current": "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
  "sessions": {
    "did:plc:44ybard66vv44zksje25o7dz": {
      "did": "did:plc:44ybard66vv44zksje25o7dz",
      "handle": "alice.example.com",
      "pds": "https://pds.example.com",
      "accessJwt": "access-2",
      "refreshJwt": "refresh-2"
    },
    "did:plc:ewvi7nxzyoun6zhxrhs64oiz": {
      "did": "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
      "handle": "alice.example.com",
      "pds": "https://pds.example.com",
      "accessJwt": "access-1",
      "refreshJwt": "refresh-1"
    }
  }
}
`
	if string(data) != want {
		t.Errorf("%s", data)
	}

	// A session that a later version wrote is passed through.
	const later = `{"did":"did:plc:44ybard66vv44zksje25o7dz","kind":"oauth","nonce":1.50}`
	os.WriteFile(path, []byte(`{"version":1,"sessions":{"`+string(bob)+`":`+later+`}}`), 0o600)
	put(t, s, session(alice, 3))
	if _, err := s.Load(t.Context(), bob); err == nil || errors.Is(err, auth.ErrNoSession) {
		t.Error(err)
	}
	var file struct {
		Sessions map[syntax.DID]json.RawMessage
	}
	data, _ = os.ReadFile(path)
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if compact := strings.NewReplacer(" ", "", "\n", "").Replace(string(file.Sessions[bob])); compact != later {
		t.Errorf("it became %s", compact)
	}
}

// A file that is not one of sessions is not touched, and not repeated in errors.
func TestFileRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.json")
	s := open(t, path)
	for _, data := range []string{
		"secret-token", `["secret-token"]`, `{"version":1,"sessions":{"a":"secret-token"`, `{"version":2,"secret":"secret-token"}`,
		`{"version":1,"sessions":7}`, "\x00",
	} {
		os.WriteFile(path, []byte(data), 0o600)
		_, err := s.Load(t.Context(), alice)
		if err == nil || errors.Is(err, auth.ErrNoSession) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "secret-token") {
			t.Errorf("%q: %v", data, err)
		}
		for name, err := range map[string]error{
			"SetCurrent": s.SetCurrent(t.Context(), alice),
			"Update": s.Update(t.Context(), alice, func(context.Context, *auth.Session) (*auth.Session, error) {
				t.Error("the update ran")
				return session(alice, 1), nil
			}),
		} {
			if err == nil {
				t.Errorf("%q: %s", data, name)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != data {
			t.Errorf("%q became %q, %v", data, got, err)
		}
	}
	other := `{"version":1,"sessions":{"` + string(bob) + `":` + string(session(alice, 1).Export()) + `}}`
	os.WriteFile(path, []byte(other), 0o600)
	if _, err := s.Load(t.Context(), bob); err == nil || !strings.Contains(err.Error(), string(alice)) {
		t.Errorf("another account's session: %v", err)
	}
	if _, err := open(t, t.TempDir()).List(t.Context()); err == nil {
		t.Error("a directory is no store")
	}
}

// What a crash or anybody else left in the place of the temporary file is not written to.
func TestTemporaryFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "auth.json")
	left := filepath.Join(dir, "left")
	if err := os.WriteFile(left, []byte("left"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(left, path+".tmp"); err != nil {
		t.Skip(err)
	}
	put(t, open(t, path), session(alice, 1))
	if data, err := os.ReadFile(left); err != nil || string(data) != "left" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(path + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
}
