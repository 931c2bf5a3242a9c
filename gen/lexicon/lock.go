package lexicon

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/gen/lexfile"
)

// LockFile is the name of the lockfile in a root of lexicons. It lists every document with the SHA-256 of the file's
// bytes, so that a schema cannot change by accident. It is JSON, but its name does not end in .json, since tools such
// as @atproto/lex treat every such file as a document.
const LockFile = "lexgen.lock"

// maxLockSize is the size of the largest lockfile that is read, in bytes. It is enough for MaxDocuments documents with
// long names.
const maxLockSize = 8 << 20

// lock is the content of a lockfile.
type lock struct {
	// Version is the version that the lexicons' authors give them. It is written
	// by hand; Lock keeps it.
	Version string `json:"version"`
	// Release is the hash over all documents of that version, as digest computes
	// it. A lockfile without one gets the hash of the present documents.
	Release string `json:"release"`
	// Modified says that the documents differ from those of the release.
	Modified  bool             `json:"modified,omitzero"`
	Documents []lockedDocument `json:"documents"`
}

// digest returns the SHA-256 over one line for each document: its hash and its file, in
// the format of sha256sum.
func (l *lock) digest() string {
	hash := sha256.New()
	for _, d := range l.Documents {
		fmt.Fprintf(hash, "%s  %s\n", d.SHA256, d.File)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// lockedDocument is one document in a lockfile. They are sorted by ID.
type lockedDocument struct {
	ID string `json:"id"`
	// File is the path of the document in the root, with slashes.
	File string `json:"file"`
	// SHA256 is in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
}

// Lock returns the content of the lockfile for the documents below root, a directory of fsys. name is the path of the
// lockfile, usually that of [LockFile] in root. Lock takes the version and the release's hash from the existing
// lockfile; if there is none, the version is empty and the current documents count as the release. Lock does not check
// the documents. If it cannot read a file, or the lockfile is malformed, the error is of type [Problems].
func Lock(fsys fs.FS, root, name string) ([]byte, error) {
	l, problems := readLock(fsys, name)
	if l == nil {
		l = &lock{}
	}
	files, failures := lexfile.Files(fsys, root)
	problems = append(problems, failed(failures)...)
	l.Documents = make([]lockedDocument, 0, len(files))
	for _, f := range files {
		sum, err := f.SHA256()
		if err != nil {
			problems = append(problems, problem(f.Path, "", "%v", err))
		}
		l.Documents = append(l.Documents, lockedDocument{ID: f.ID, File: f.Name, SHA256: sum})
	}
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	slices.SortStableFunc(l.Documents, func(a, b lockedDocument) int { return strings.Compare(a.ID, b.ID) })
	if l.Release == "" {
		l.Release = l.digest()
	}
	l.Modified = l.Release != l.digest()
	data, err := json.Marshal(l, jsontext.WithIndent("  "))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return append(data, '\n'), nil
}

// WriteLock updates the lockfile of the documents below root, and reports whether that changed it. root and lock, the
// lockfile, are paths with slashes in the directory dir. WriteLock writes a new file and renames it, so that no reader
// sees a partial lockfile. Errors are those of [Lock] and of the file system.
func WriteLock(dir, root, lock string) (changed bool, err error) {
	data, err := Lock(os.DirFS(dir), root, lock)
	if err != nil {
		return false, err
	}
	name := filepath.Join(dir, filepath.FromSlash(lock))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return false, err
	}
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(lexfile.UnixLines(old), data) {
		return false, nil
	}
	temporary := name + ".new"
	if err := os.WriteFile(temporary, data, 0o644); err != nil {
		return false, err
	}
	if err := os.Rename(temporary, name); err != nil {
		return false, errors.Join(err, os.Remove(temporary))
	}
	return true, nil
}

// CheckLock compares the documents below root, a directory of fsys, with the lockfile whose path is name. The error is
// of type Problems and names each document that differs, is missing or is not listed; a missing lockfile is a problem
// too.
func CheckLock(fsys fs.FS, root, name string) error {
	if _, err := fs.Stat(fsys, name); errors.Is(err, fs.ErrNotExist) {
		return Problems{problem(name, "", "there is no lockfile; run `lexgen lock`")}
	}
	if problems := checkLock(fsys, root, name); len(problems) > 0 {
		return problems.sorted()
	}
	return nil
}

// checkLock compares the documents with the lockfile if there is one.
func checkLock(fsys fs.FS, root, lockName string) Problems {
	l, problems := readLock(fsys, lockName)
	if l == nil {
		return problems
	}
	files, _ := lexfile.Files(fsys, root)
	byName := make(map[string][]lexfile.File, len(files)) // a file may have several documents
	for _, f := range files {
		byName[f.Name] = append(byName[f.Name], f)
	}
	for i, locked := range l.Documents {
		pointer := jsontext.Pointer("/documents").AppendToken(strconv.Itoa(i))
		list := byName[locked.File]
		if len(list) == 0 {
			problems = append(problems, problem(lockName, pointer,
				"the document %s is listed but missing (or listed twice); restore it, or run `lexgen lock` to accept that", locked.File))
			continue
		}
		n := max(0, slices.IndexFunc(list, func(f lexfile.File) bool { return f.ID == locked.ID }))
		f := list[n]
		byName[locked.File] = slices.Delete(list, n, n+1)
		if locked.ID != f.ID {
			problems = append(problems, problem(lockName, pointer, "the file %s has the id %s, not %s; run `lexgen lock`", f.Name, f.ID, locked.ID))
		}
		if sum, err := f.SHA256(); err == nil && sum != locked.SHA256 {
			problems = append(problems, problem(f.Path, "",
				"it differs from the document in the lockfile %s; restore it, or run `lexgen lock` to accept the change", lockName))
		}
	}
	for _, list := range byName {
		for _, f := range list {
			problems = append(problems, problem(f.Path, "",
				"it is not in the lockfile %s; remove it, or run `lexgen lock` to accept it", lockName))
		}
	}
	return problems
}

// readLock reads the lockfile whose path is name. It returns nil if there is none, or if there are problems.
func readLock(fsys fs.FS, name string) (*lock, Problems) {
	data, err := lexfile.Read(fsys, name, maxLockSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err == nil && len(data) > maxLockSize:
		err = errors.New("too large")
	}
	if err != nil {
		return nil, Problems{problem(name, "", "%v", err)}
	}
	l := &lock{}
	if err := json.Unmarshal(data, l, json.RejectUnknownMembers(true)); err != nil {
		return nil, Problems{problem(name, "", "malformed lockfile: %v; delete it and run `lexgen lock`", err)}
	}
	return l, nil
}

// Locked returns the SHA-256 of each file that the lockfile whose path is name lists, in hexadecimal, by the path of
// the file in the root of the documents. It returns nil without problems if there is no lockfile.
func Locked(fsys fs.FS, name string) (map[string]string, Problems) {
	l, problems := readLock(fsys, name)
	if l == nil {
		return nil, problems
	}
	sums := make(map[string]string, len(l.Documents))
	for _, d := range l.Documents {
		sums[d.File] = d.SHA256
	}
	return sums, nil
}
