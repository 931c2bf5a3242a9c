// Package lexfile finds lexicon documents in files:
//
//	files, failures := lexfile.Files(os.DirFS("."), "lexicons")
//
// A document is identified by its id, wherever its file is. See https://atproto.com/specs/lexicon.
package lexfile

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// File is a document, or something that seems to be one, with its place: a file, or a value inside a JSON file.
type File struct {
	// Path is the slash-separated path of the file. A document inside a JSON file of another kind has its place there in
	// brackets, such as "all.json[/3]".
	Path string
	// ID is the document's NSID, or the one that follows from the path if the document has none.
	ID string
	// Data is the JSON text of the document.
	Data []byte
	// Err says why the file could not be read.
	Err error
	// Name is the path of the file below the root, without a place in it.
	Name string
	// Inner says that the document is inside a file of another kind.
	Inner bool

	sum [sha256.Size]byte
}

// Failure says why a directory could not be read.
type Failure struct {
	// Path is the slash-separated path of a directory.
	Path string
	Err  error
}

// MaxSize is the size of the largest document accepted, in bytes. A document can be published as a record, and records are rarely
// larger than a megabyte.
const MaxSize = 1 << 20

// MaxFileSize is the size of the largest JSON file in which documents are looked for, in bytes.
const MaxFileSize = 16 << 20

// Files lists the lexicon documents below a directory of fsys, in the order of their paths. They are JSON objects in files
// called *.json: a file is one document, or it is JSON of another kind that has documents in it, at most three levels deep, such as a list of
// them or a record with one as its value. Symbolic links are followed. Other JSON is ignored, and so are directories called
// node_modules, and files and directories whose names begin with a dot.
func Files(fsys fs.FS, root string) ([]File, []Failure) {
	w := &walker{fsys: fsys, root: root}
	switch info, err := fs.Stat(fsys, root); {
	case err != nil:
		w.fail(root, unreadable(err))
	case !info.IsDir():
		w.fail(root, errors.New("not a directory; name the directory that contains the lexicons"))
	default:
		w.directory(root, []fs.FileInfo{info})
	}
	slices.SortStableFunc(w.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return w.files, w.failures
}

// walker collects the results of Files.
type walker struct {
	fsys     fs.FS
	root     string
	files    []File
	failures []Failure
	linked   []fs.FileInfo // the directories that links led to, which are entered once
}

func (w *walker) fail(file string, err error) { w.failures = append(w.failures, Failure{file, err}) }

// directory adds the documents in a directory and the directories below it. The last of above is the directory itself,
// the others are those that it is in.
func (w *walker) directory(dir string, above []fs.FileInfo) {
	entries, err := fs.ReadDir(w.fsys, dir)
	if err != nil {
		w.fail(dir, unreadable(err))
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || name == "node_modules" {
			continue
		}
		file := path.Join(dir, name)
		link := entry.Type()&fs.ModeSymlink != 0
		if !link && !entry.IsDir() && !isJSON(name) {
			continue
		}
		info, err := fs.Stat(w.fsys, file)
		switch same := func(other fs.FileInfo) bool { return os.SameFile(info, other) }; {
		case err != nil && isJSON(name):
			w.files = append(w.files, File{Path: file, Err: unreadable(err)})
		case err != nil && entry.IsDir():
			w.fail(file, unreadable(err))
		case err != nil: // a link to nothing
		case info.IsDir():
			if link && (slices.ContainsFunc(above, same) || slices.ContainsFunc(w.linked, same)) || len(above) > maxDirectories {
				continue
			}
			if link {
				w.linked = append(w.linked, info)
			}
			w.directory(file, append(slices.Clip(above), info))
		case isJSON(name) && !info.Mode().IsRegular():
			w.files = append(w.files, File{Path: file, Err: errors.New("not a regular file; replace it with one")})
		case isJSON(name):
			w.file(file)
		}
	}
}

// maxDirectories is the depth to which directories are entered. It ends cycles of links in file systems for which
// os.SameFile does not work.
const maxDirectories = 40

// isJSON reports whether a file is JSON by its name.
func isJSON(name string) bool { return strings.EqualFold(path.Ext(name), ".json") }

// file adds the documents of a file.
func (w *walker) file(file string) {
	f := File{Path: file, Name: strings.TrimPrefix(file, strings.TrimPrefix(w.root+"/", "./"))}
	f.ID = strings.ReplaceAll(strings.TrimSuffix(f.Name, path.Ext(file)), "/", ".")
	data, err := Read(w.fsys, file, MaxFileSize)
	f.Data, f.sum = bytes.TrimPrefix(data, byteOrderMark), sha256.Sum256(UnixLines(data))
	id, document := identify(f.Data)
	switch f.ID = cmp.Or(id, f.ID); {
	case err != nil:
		f.Err = err
	case len(data) > MaxFileSize && seemsDocument.Match(data):
		f.Err = tooLarge(MaxFileSize)
	case len(data) > MaxFileSize:
		return
	case document && len(data) > MaxSize:
		f.Err = tooLarge(MaxSize)
	case !document:
		w.inside(f, "", f.Data, 1)
		return
	}
	w.files = append(w.files, f)
}

func tooLarge(limit int) error {
	return fmt.Errorf("larger than the limit of %d bytes; split it", limit)
}

// maxInside is the depth to which the values of a JSON file are searched for documents.
const maxInside = 3

// inside adds the documents in the array or object at a place of a file.
func (w *walker) inside(f File, at jsontext.Pointer, data []byte, depth int) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	start, err := decoder.ReadToken()
	for err == nil && (start.Kind() == '[' || start.Kind() == '{') {
		if start.Kind() == '{' && decoder.PeekKind() == '"' {
			if _, err = decoder.ReadToken(); err != nil {
				return
			}
		}
		var value jsontext.Value
		if value, err = decoder.ReadValue(); err != nil {
			return // at the end, or where it is not JSON
		}
		inner, place := slices.Clone(value), at+decoder.StackPointer()
		switch id, document := identify(inner); {
		case document:
			found := f
			found.Path, found.ID, found.Data, found.Inner = f.Path+"["+string(place)+"]", cmp.Or(id, f.ID+string(place)), inner, true
			if len(inner) > MaxSize {
				found.Err = tooLarge(MaxSize)
			}
			w.files = append(w.files, found)
		case depth < maxInside && value.Kind() != '"':
			w.inside(f, place, inner, depth+1)
		}
	}
}

// byteOrderMark is what some editors begin a file with. RFC 8259 allows parsers to ignore it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// seemsDocument matches text that seems to be a document even if it is not valid JSON.
var seemsDocument = regexp.MustCompile(`"lexicon"\s*:\s*"?[0-9]`)

// identify reports whether JSON text seems to be a lexicon document, and returns its id if that is an NSID. A document
// is an object with a number as "lexicon", or with two of these: any value as "lexicon", an NSID as "id", and an object
// as "defs". Text that is not valid JSON is a document if it looks like one.
func identify(data []byte) (id string, document bool) {
	decoder := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true))
	token, err := decoder.ReadToken()
	if err == nil && token.Kind() != '{' {
		return "", false
	}
	var version, number, defs bool
	for err == nil && decoder.PeekKind() == '"' {
		token, err = decoder.ReadToken()
		if err != nil {
			break
		}
		name := token.String()
		switch kind := decoder.PeekKind(); {
		case name == "lexicon":
			version, number = true, kind == '0'
		case name == "defs":
			defs = kind == '{'
		case name == "id" && kind == '"':
			if token, err = decoder.ReadToken(); err == nil && syntax.ValidNSID(token.String()) {
				id = token.String()
			}
			continue
		}
		err = decoder.SkipValue()
	}
	if err != nil || decoder.PeekKind() != '}' {
		return id, seemsDocument.Match(data)
	}
	return id, number || version && (id != "" || defs) || id != "" && defs
}

// Plain returns JSON text without comments and trailing commas, which some editors allow. It replaces them with spaces,
// so that offsets stay the same.
func Plain(text []byte) []byte {
	plain := slices.Clone(text)
	comma := -1 // the position of a comma that only white space and comments have followed, or -1
	for i := 0; i < len(plain); i++ {
		rest := plain[i:]
		end := 0
		switch {
		case rest[0] == '"':
			for i++; i < len(plain) && plain[i] != '"'; i++ {
				if plain[i] == '\\' {
					i++
				}
			}
			comma = -1
		case bytes.HasPrefix(rest, []byte("//")):
			if end = bytes.IndexByte(rest, '\n'); end < 0 {
				end = len(rest)
			}
		case bytes.HasPrefix(rest, []byte("/*")):
			if end = bytes.Index(rest[2:], []byte("*/")) + 4; end < 4 {
				end = len(rest)
			}
		case rest[0] == ',':
			comma = i
		case (rest[0] == '}' || rest[0] == ']') && comma >= 0:
			plain[comma], comma = ' ', -1
		case !bytes.ContainsRune([]byte(" \t\r\n"), rune(rest[0])):
			comma = -1
		}
		for j := range rest[:end] {
			if rest[j] != '\n' {
				rest[j] = ' '
			}
		}
		i += max(0, end-1)
	}
	return plain
}

// Read reads a file of fsys. It stops after limit+1 bytes, so that the caller can see that a file is larger than limit.
func Read(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, unreadable(err)
	}
	return data, nil
}

// unreadable returns an error without the path, which the message already names.
func unreadable(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return fmt.Errorf("cannot read the file: %w", err)
}

// UnixLines returns text with a line feed in the place of each CR LF. Git checks out files with CR LF on some machines;
// they count as equal.
func UnixLines(data []byte) []byte { return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")) }

// SHA256 returns the SHA-256 of the whole file after [UnixLines], in lower-case hexadecimal, and f.Err.
func (f *File) SHA256() (string, error) {
	return hex.EncodeToString(f.sum[:]), f.Err
}
