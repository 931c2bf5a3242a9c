package parity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// fact is what is compared of an answer.
type fact struct {
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    any               `json:"body,omitempty"`
}

// headers are those that clients rely on.
var headers = []string{
	"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy",
	"Www-Authenticate", "Atproto-Repo-Rev",
}

// namer gives names to what differs between two runs.
type namer struct {
	values []string // each followed by its name
	cids   map[string]bool
}

// name names a value from now on.
func (n *namer) name(value, name string) {
	if value != "" {
		n.values = append(n.values, value, "<"+name+">")
	}
}

// record says that a CID is of a record or a blob, and therefore the same in all runs.
func (n *namer) record(id string) { n.cids[id] = true }

var (
	jwt      = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
	didKey   = regexp.MustCompile(`^(did:key:)?z[1-9A-HJ-NP-Za-km-z]{40,}$`)
	datetime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT`)
	didWeb   = regexp.MustCompile(`^did:web:localhost|^did:web:127`)
	number   = regexp.MustCompile(`^\d+::`)
	anyTID   = regexp.MustCompile(`\b3[2-7a-z]{12}\b`)
)

// text returns a text with names in place of what differs.
func (n *namer) text(s string) string {
	if didWeb.MatchString(s) {
		return "<server>"
	}
	s = strings.NewReplacer(n.values...).Replace(s)
	switch id, err := cid.Parse(s); {
	case err == nil && n.cids[s]:
		return s
	case err == nil:
		return "<CID of " + map[bool]string{true: "a file", false: "a block"}[id.Codec() == cid.Raw] + ">"
	case jwt.MatchString(s) && len(s) > 60:
		return "<token>"
	case didKey.MatchString(s):
		return "<key>"
	case datetime.MatchString(s) && syntax.ValidDatetime(s) && !strings.HasPrefix(s, "2001-"):
		return "<datetime>"
	}
	return anyTID.ReplaceAllString(number.ReplaceAllString(s, "<number>::"), "<TID>")
}

// value reduces a value of JSON.
func (n *namer) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		v = document(v)
		reduced := map[string]any{}
		for key, value := range v {
			switch key {
			case "message": // texts for people may differ
				value = "<text>"
			case "time", "rotationKeys", "sig", "nullified":
				value = "<" + key + ">"
			}
			reduced[n.text(key)] = n.value(value)
		}
		return reduced
	case []any:
		reduced := make([]any, len(v))
		for i, item := range v {
			reduced[i] = n.value(item)
		}
		return reduced
	case string:
		return n.text(v)
	case json.Number:
		return v.String()
	}
	return v
}

// document returns a DID document in the form of plc.directory, which atptest has, too: the reference directory writes an older one.
// Other objects stay as they are.
func document(v map[string]any) map[string]any {
	methods, ok := v["verificationMethod"].([]any)
	if !ok {
		return v
	}
	v = maps.Clone(v)
	delete(v, "@context")
	for _, method := range methods {
		if method, ok := method.(map[string]any); ok {
			if id, ok := method["id"].(string); ok && strings.HasPrefix(id, "#") {
				method["id"] = fmt.Sprint(v["id"], id)
			}
			delete(method, "type")
			delete(method, "publicKeyMultibase") // in the older form it has no code of the curve
		}
	}
	return v
}

// answer is an answer of a server.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// field returns a text in a body of JSON.
func (a answer) field(path ...string) string {
	var v any
	if json.Unmarshal(a.body, &v) != nil {
		return ""
	}
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	text, _ := v.(string)
	return text
}

// fact reduces an answer.
func (n *namer) fact(t testing.TB, a answer) fact {
	f := fact{Status: a.status, Headers: map[string]string{}}
	for _, name := range headers {
		if value := a.header.Get(name); value != "" {
			f.Headers[name] = n.text(value)
		}
	}
	mediaType, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	f.Headers["Content-Type"] = mediaType
	switch {
	case mediaType == "application/json", strings.HasSuffix(mediaType, "+json"):
		f.Body = n.json(t, a.body)
	case mediaType == "application/vnd.ipld.car":
		f.Body = n.archive(t, a.body)
	default:
		if a.status == http.StatusOK && len(a.body) < 100 {
			f.Body = n.text(string(a.body))
		}
	}
	return f
}

func (n *namer) json(t testing.TB, body []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		if len(body) == 0 {
			return nil
		}
		t.Errorf("malformed JSON: %v: %.200q", err, body)
	}
	return n.value(v)
}

// archive reduces an archive to its roots, the records in their order, and the numbers of other blocks: in what order these are
// depends on their CIDs, which are different in each run.
func (n *namer) archive(t testing.TB, body []byte) object {
	r, err := car.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Errorf("malformed archive: %v", err)
		return nil
	}
	counts, records, roots := map[string]int{}, []string{}, []string{}
	for block, err := range r.Blocks(context.Background()) {
		if err != nil {
			t.Errorf("malformed archive: %v", err)
			return nil
		}
		if cid.Of(block.CID.Codec(), block.Data) != block.CID {
			t.Errorf("the block %s has other bytes", block.CID)
		}
		if kind := n.block(block); strings.HasPrefix(kind, "<") {
			counts[kind]++
		} else {
			records = append(records, kind)
		}
	}
	for _, root := range r.Roots() {
		roots = append(roots, n.text(root.String()))
	}
	return object{"roots": roots, "records": records, "others": counts}
}

// block says what a block is: a record by its CID, a node of the tree or a commit.
func (n *namer) block(block car.Block) string {
	var m lex.Map
	if n.cids[block.CID.String()] {
		return block.CID.String()
	}
	if err := lex.DecodeCBOR(block.Data, &m); err != nil {
		return fmt.Sprintf("<malformed block: %v>", err)
	}
	if _, ok := m.Get("sig"); ok {
		return "<commit>"
	}
	if _, ok := m.Get("e"); ok {
		return "<node>"
	}
	return "<record>"
}
