package naming

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// LockFile is the usual name of a name lock.
const LockFile = "lexgen.names"

// MaxLockSize is the largest name lock that is read, in bytes.
const MaxLockSize = 64 << 20

// Lock records the packages and the exported Go names of a run, each with the thing that it stands for, so that later
// runs keep them and other modules can refer to them.
type Lock struct {
	// Module is the path of the module that the packages are in.
	Module string `json:"module"`
	// Packages has the package of each namespace.
	Packages map[string]Place `json:"packages"`
	// Names has the Go name of each thing. A key is one of:
	//   - "nsid#def" for a definition;
	//   - "nsid#def.path" for a type defined in place below it, where [] in the path stands for an array's elements,
	//     and "params", "input", "output" and "message" stand for the parts of a call;
	//   - such a key followed by ":field" for a field, or "=value" for a value of a string, a member of a union from another
	//     package, or an error;
	//   - such a key followed by ":" and another word for a name made from that of the key, such as ":nsid" for the constant
	//     that holds the NSID.
	Names map[string]string `json:"names"`
}

// Place is the package of a namespace.
type Place struct {
	// Dir is the package's directory, relative to the module's root.
	Dir string `json:"dir"`
	// Prefix are the words that the Go names of the namespace start with.
	Prefix []string `json:"prefix,omitzero"`
}

// ParseLock parses a name lock. Its error says what to do about a malformed one.
func ParseLock(data []byte) (*Lock, error) {
	l := new(Lock)
	if err := json.Unmarshal(data, l, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("malformed name lock: %w; "+restore, err)
	}
	for _, key := range slices.Sorted(maps.Keys(l.Names)) {
		if !validIdentifier(l.Names[key]) {
			return nil, fmt.Errorf("malformed name lock: %q, the name of %s, is not an exported Go name; "+restore, l.Names[key], key)
		}
	}
	return l, nil
}

const restore = "restore the file from version control, since without it Go names can change"

// Bytes returns the lock as indented JSON, sorted by key.
func (l *Lock) Bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := json.MarshalWrite(&b, l, json.Deterministic(true), jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Namespace returns the namespace of the thing that a key of [Lock.Names] stands for.
func Namespace(key string) string {
	nsid, _, _ := strings.Cut(key, "#")
	return nsid[:max(0, strings.LastIndexByte(nsid, '.'))]
}

// Without returns the names of the lock by key, except those in the given namespaces. It returns nil if the lock is
// nil.
func (l *Lock) Without(namespaces map[string]bool) map[string]string {
	if l == nil {
		return nil
	}
	names := maps.Clone(l.Names)
	maps.DeleteFunc(names, func(key, _ string) bool { return namespaces[Namespace(key)] })
	return names
}
