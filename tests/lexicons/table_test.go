package lexicons_test

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
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// What the lexicons of Layers are, as counted and hashed from the table of
// their schema nodes, descriptions aside. A version of Layers changes these.
const (
	version   = "0.8.0"
	documents = 99
	rows      = 1542
	described = 933
	tableHash = "e193d52f3abd28808bd3ab1f6db370a75bc0f20632388a00d681e7732db4e571"
)

// root is where the documents are, and tableFile a table of all nodes that is
// not part of the repository.
const (
	root      = "../../lexicons"
	tableFile = "../../../shared/schema/layers.tsv"
)

// row is one schema node.
type row struct {
	nsid, def, path, typ string
	// facts are all keys of the node but those that make other rows and those
	// that describe it, as canonical JSON (RFC 8785), or empty.
	facts string
	// note describes the node. It is not part of the identity of a row.
	note string
}

func (r row) String() string {
	return strings.Join([]string{r.nsid, r.def, r.path, r.typ, r.facts}, "\t")
}

// member is one member of a JSON object. They are kept in order, and the
// documents are read without the loader under test elsewhere.
type member struct {
	name  string
	value jsontext.Value
}

// members returns the members of an object in order.
func members(t *testing.T, object jsontext.Value) []member {
	t.Helper()
	decoder := jsontext.NewDecoder(bytes.NewReader(object))
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		t.Fatalf("%.60s is no object: %v", object, err)
	}
	var list []member
	for decoder.PeekKind() != '}' {
		token, err := decoder.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, member{name, value.Clone()})
	}
	return list
}

// text returns a JSON string.
func text(t *testing.T, value jsontext.Value) string {
	t.Helper()
	s, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

// canonical returns JSON in its one canonical form.
func canonical(t *testing.T, value jsontext.Value) string {
	t.Helper()
	value = value.Clone()
	if err := value.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(value)
}

// table collects the rows of documents.
type table struct {
	t    *testing.T
	rows []row
}

// document adds the rows of a document.
func (b *table) document(file string, data []byte) {
	b.t.Helper()
	list := members(b.t, data)
	if len(list) != 3 || list[0].name != "lexicon" || list[1].name != "id" || list[2].name != "defs" {
		b.t.Errorf(`%s: its keys are not "lexicon", "id" and "defs"`, file)
		return
	}
	if string(list[0].value) != "1" {
		b.t.Errorf("%s: the version of the language is %s", file, list[0].value)
	}
	id := text(b.t, list[1].value)
	for _, def := range members(b.t, list[2].value) {
		b.node(row{nsid: id, def: def.name}, "", def.value)
	}
}

// node adds the row of a node and those of the nodes within it. typ is the type
// of a node that has none in the language.
func (b *table) node(at row, typ string, value jsontext.Value) {
	b.t.Helper()
	at.typ = typ
	list := members(b.t, value)
	var facts []string
	var children, properties []member
	titles := 0
	for i, m := range list {
		switch m.name {
		case "type":
			at.typ = text(b.t, m.value)
			if i != 0 {
				b.t.Errorf("%v: type is not its first key", at)
			}
		case "description":
			at.note = text(b.t, m.value)
			if i > 1 {
				b.t.Errorf("%v: description does not follow type", at)
			}
		case "title", "detail":
			// The note of a permission set holds both.
			at.note = text(b.t, m.value)
			if titles++; at.typ != "permission-set" {
				b.t.Errorf("%v: has a %s", at, m.name)
			}
		case "properties":
			properties = members(b.t, m.value)
		case "record", "parameters", "input", "output", "schema", "items":
			children = append(children, m)
		default:
			facts = append(facts, fmt.Sprintf("%q:%s", m.name, m.value))
		}
	}
	if at.typ == "permission-set" && titles != 2 {
		b.t.Errorf("%v: it needs a title and a detail", at)
	}
	if facts != nil {
		at.facts = canonical(b.t, jsontext.Value("{"+strings.Join(facts, ",")+"}"))
	}
	b.rows = append(b.rows, at)
	for _, p := range properties {
		b.node(row{nsid: at.nsid, def: at.def, path: at.path + "." + p.name}, "", p.value)
	}
	for _, c := range children {
		step, typ := "$", ""
		switch c.name {
		case "parameters":
			step = "()"
		case "input":
			step, typ = "<", "body"
		case "output":
			step, typ = ">", "body"
		case "items":
			step = "[]"
		}
		b.node(row{nsid: at.nsid, def: at.def, path: at.path + step}, typ, c.value)
	}
}

// documentFiles returns the paths of the documents, in the order of their ids.
func documentFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(root, "pub"), func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(fileID(a), fileID(b)) })
	return files
}

// fileID returns the id that the place of a file gives it.
func fileID(file string) string {
	name, _ := filepath.Rel(root, file)
	return strings.ReplaceAll(strings.TrimSuffix(filepath.ToSlash(name), ".json"), "/", ".")
}

// readTable rebuilds the table of nodes from the documents.
func readTable(t *testing.T) []row {
	t.Helper()
	b := &table{t: t}
	for _, file := range documentFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		b.document(file, data)
	}
	return b.rows
}

// ofTheRelease skips a test of the version's structure where the lockfile says that somebody changed
// the documents. CI lands no such lockfile.
func ofTheRelease(t *testing.T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, lexicon.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(`"modified": true`)) {
		t.Skipf("the lexicons are no longer those of version %s", version)
	}
}

func TestTable(t *testing.T) {
	ofTheRelease(t)
	got := readTable(t)
	var text strings.Builder
	notes := 0
	for _, r := range got {
		fmt.Fprintln(&text, r)
		if r.note != "" {
			notes++
		}
	}
	if len(got) != rows {
		t.Errorf("the documents have %d nodes, not %d", len(got), rows)
	}
	if notes != described {
		t.Errorf("%d nodes have a description, not %d", notes, described)
	}
	hash := sha256.Sum256([]byte(text.String()))
	if sum := hex.EncodeToString(hash[:]); sum != tableHash {
		t.Errorf("the SHA-256 of the nodes is %s, not %s", sum, tableHash)
	}
}

func TestDocuments(t *testing.T) {
	files := documentFiles(t)
	if len(files) != documents {
		t.Errorf("there are %d documents, not %d", len(files), documents)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := jsontext.Value(data).Clone()
		if err := want.Indent(jsontext.WithIndent("  ")); err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if !bytes.Equal(data, append(want, '\n')) {
			t.Errorf("%s: it is not indented by two spaces with a newline at the end", file)
		}
		if bytes.Contains(data, []byte(`\u`)) {
			t.Errorf("%s: it has escaped characters", file)
		}
	}
}

func TestLockfile(t *testing.T) {
	if err := lexicon.CheckLock(os.DirFS("../.."), "lexicons", "lexicons/lexgen.lock"); err != nil {
		t.Error(err)
	}
	data, err := os.ReadFile(filepath.Join(root, lexicon.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	want, err := lexicon.Lock(os.DirFS("../.."), "lexicons", "lexicons/lexgen.lock")
	if err != nil || !bytes.Equal(data, want) {
		t.Errorf("the lockfile is not as it is written (%v); run `go run ./cmd/lexgen lock`", err)
	}
	list := members(t, data)
	if list[0].name != "version" || text(t, list[0].value) != version {
		t.Errorf("the lockfile does not have the version %s", version)
	}
	if n := bytes.Count(data, []byte(`"sha256"`)); n != documents {
		t.Errorf("the lockfile lists %d documents, not %d", n, documents)
	}
}

// The table that the documents were written from is not part of the repository.
// Where it is at hand, a difference is shown node by node.
func TestAgainstTable(t *testing.T) {
	ofTheRelease(t)
	data, err := os.ReadFile(tableFile)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not there; the hash of the nodes in this test stands for it", tableFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	var want []row
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		fields := strings.Split(line, "\t")
		if len(fields) != 6 {
			t.Fatalf("line %d of the table has %d fields", i+1, len(fields))
		}
		if i == 0 {
			continue
		}
		r := row{nsid: fields[0], def: fields[1], path: fields[2], typ: fields[3], note: fields[5]}
		if fields[4] != "" {
			r.facts = canonical(t, jsontext.Value(fields[4]))
		}
		want = append(want, r)
	}
	got := readTable(t)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("the documents lack the node %v", want[i])
		case i >= len(want):
			t.Fatalf("the documents have a node more: %v", got[i])
		case got[i].String() != want[i].String():
			t.Fatalf("the documents have the node\n%v, the table\n%v", got[i], want[i])
		case (got[i].note != "") != (want[i].note != ""):
			t.Errorf("%v: its description is %q, and its note in the table %q", got[i], got[i].note, want[i].note)
		}
	}
}
