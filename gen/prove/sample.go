package prove

import (
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Sample is one value of a definition.
type Sample struct {
	// Key is the definition that the value is a sample of, as in a name lock, such as "com.example.app.note#main".
	Key string
	// Value consists of types that encoding/json can marshal.
	Value any
}

// variants is the number of samples of a definition that have all fields.
const variants = 4

// maxDepth is the depth of objects from which samples have only the required fields, and maxValues the largest number
// of values in one sample.
const (
	maxDepth  = 3
	maxValues = 20_000
)

// Samples returns samples of everything in the set that has a name in names and a type of its own: definitions, and the
// inputs and outputs of calls. A definition for which no data can be valid has no samples.
func Samples(set *lexicon.Set, names map[string]string) []Sample {
	var samples []Sample
	add := func(document *lexicon.Document, key string, n *lexicon.Node) {
		if _, found := names[key]; !found || n == nil {
			return
		}
		for i := -1; i < variants; i++ {
			s := sampler{set: set, full: i >= 0, variant: max(i, 0), open: make(map[*lexicon.Node]bool)}
			value, ok := s.value(document, n, 0)
			if object, isObject := value.(map[string]any); isObject && strings.HasSuffix(key, "#main") && s.record {
				object["$type"] = document.ID
			}
			if ok {
				samples = append(samples, Sample{key, value})
			}
		}
	}
	for _, document := range set.Documents {
		if document.Foreign {
			continue
		}
		for _, def := range document.Defs {
			key := document.ID + "#" + def.Name
			switch n := def.Node; n.Type {
			case "object", "record", "array", "string", "integer", "boolean":
				add(document, key, n)
			case "query", "procedure":
				for part, body := range map[string]*lexicon.Node{".input": n.Input, ".output": n.Output} {
					if body != nil && body.Schema != nil && body.Schema.Type == "object" {
						add(document, key+part, body.Schema)
					}
				}
			}
		}
	}
	slices.SortStableFunc(samples, func(a, b Sample) int { return strings.Compare(a.Key, b.Key) })
	return samples
}

// sampler makes one sample.
type sampler struct {
	set     *lexicon.Set
	full    bool // whether it has the optional fields
	variant int  // the number of the sample, which decides on members of unions, limits and so on
	record  bool // the definition is a record
	values  int  // how many were made
	// open has the definitions around the value that is being made. A definition that requires a value of itself has no
	// finite value.
	open map[*lexicon.Node]bool
}

// value returns a value of a node. It returns false if no value is valid.
func (s *sampler) value(document *lexicon.Document, n *lexicon.Node, depth int) (any, bool) {
	if s.values++; s.values > maxValues {
		return nil, false
	}
	switch n.Type {
	case "record":
		s.record = s.record || depth == 0
		return s.value(document, n.Record, depth)
	case "object":
		return s.object(document, n, depth)
	case "array":
		return s.array(document, n, depth)
	case "ref":
		target, def, found := s.set.Resolve(document, n.Ref)
		if !found {
			return nil, false
		}
		value, ok := s.definition(target, def.Node, depth+1)
		if object, isObject := value.(map[string]any); isObject && def.Node.Type == "record" {
			object["$type"] = target.ID
		}
		return value, ok
	case "union":
		return s.union(document, n, depth)
	case "unknown":
		return s.unknown(n), true
	case "string":
		return s.text(n)
	case "integer":
		return s.integer(n)
	case "boolean":
		if n.Const != nil {
			return n.Const, true
		}
		return s.variant%2 == 0, true
	case "bytes":
		length := pick(s.variant, n.MinLength, n.MaxLength, 3)
		return map[string]any{"$bytes": base64.RawStdEncoding.EncodeToString(make([]byte, length))}, inside(int64(length), n.MinLength, n.MaxLength)
	case "cid-link":
		return map[string]any{"$link": exampleCID}, true
	case "blob":
		return s.blob(n)
	}
	return nil, false
}

// definition returns a value of a definition that something refers to.
func (s *sampler) definition(document *lexicon.Document, n *lexicon.Node, depth int) (any, bool) {
	inside := s.open[n]
	if inside && depth > 2*maxDepth {
		return nil, false
	}
	s.open[n] = true
	defer func() { s.open[n] = inside }()
	return s.value(document, n, depth)
}

func (s *sampler) object(document *lexicon.Document, n *lexicon.Node, depth int) (any, bool) {
	object := make(map[string]any)
	for i, property := range n.Properties {
		required := slices.Contains(n.Required, property.Name)
		if property.Name == "$type" || !required && (!s.full || depth >= maxDepth) {
			continue
		}
		if slices.Contains(n.Nullable, property.Name) && s.full && (s.variant+i)%2 == 1 {
			object[property.Name] = nil
			continue
		}
		value, ok := s.value(document, property.Node, depth+1)
		if ok {
			object[property.Name] = value
		} else if required {
			return nil, false
		}
	}
	if s.full && depth == 0 {
		object["aFieldThatTheLexiconDoesNotList"] = map[string]any{"list": []any{1, "two", nil}}
	}
	return object, true
}

func (s *sampler) array(document *lexicon.Document, n *lexicon.Node, depth int) (any, bool) {
	length := 0
	if s.full && depth < maxDepth {
		length = 1 + s.variant%2
	}
	if n.MinLength != nil {
		length = max(length, int(min(*n.MinLength, 1000)))
	}
	if n.MaxLength != nil {
		length = min(length, int(*n.MaxLength))
	}
	list := []any{}
	for range length {
		item, ok := s.value(document, n.Items, depth+1)
		if !ok {
			break
		}
		list = append(list, item)
	}
	return list, inside(int64(len(list)), n.MinLength, n.MaxLength)
}

// union returns a value of a union: one of the listed members or, if the union is open, also one that is not listed.
func (s *sampler) union(document *lexicon.Document, n *lexicon.Node, depth int) (any, bool) {
	count := len(n.Refs)
	if !n.Closed {
		count++
	}
	for i := range count {
		i = (s.variant + i) % count
		if i == len(n.Refs) || depth > 2*maxDepth && !n.Closed {
			return map[string]any{"$type": "org.example.unknown#member", "data": []any{1, true}}, true
		}
		if member, ok := s.member(document, n.Refs[i], depth); ok {
			return member, true
		}
	}
	return nil, false
}

// member returns the member of a union that a reference names.
func (s *sampler) member(document *lexicon.Document, ref string, depth int) (any, bool) {
	target, def, found := s.set.Resolve(document, ref)
	if !found {
		return nil, false
	}
	value, ok := s.definition(target, def.Node, depth+1)
	object, isObject := value.(map[string]any)
	if !ok || !isObject {
		return nil, false
	}
	object = maps.Clone(object)
	object["$type"] = target.ID
	if def.Name != "main" {
		object["$type"] = target.ID + "#" + def.Name
	}
	return object, true
}

func (s *sampler) unknown(n *lexicon.Node) any {
	object := map[string]any{"key": "value", "nested": map[string]any{"n": -1}}
	if !n.Opaque {
		return object
	}
	return []any{object, "text", 7, []any{true, nil}}[s.variant%4]
}

func (s *sampler) integer(n *lexicon.Node) (any, bool) {
	value := pick(s.variant, n.Minimum, n.Maximum, 5)
	if constant, ok := n.Const.(int64); ok {
		value = constant
	} else if len(n.IntEnum) > 0 {
		value = n.IntEnum[s.variant%len(n.IntEnum)]
		return value, true // the limits are not checked for an enum
	}
	return value, inside(value, n.Minimum, n.Maximum)
}

// pick returns a value between two limits: the lower one, the upper one, or one between.
func pick(variant int, low, high *int64, usual int64) int64 {
	switch {
	case variant%3 == 1 && high != nil && *high <= 10_000:
		return *high
	case variant%3 == 2 && low != nil:
		return *low
	case low != nil && usual < *low:
		return *low
	case high != nil && usual > *high:
		return *high
	}
	return usual
}

func inside(value int64, low, high *int64) bool {
	return (low == nil || value >= *low) && (high == nil || value <= *high)
}

// CIDs for samples: one of DAG-CBOR, and one of raw bytes.
const (
	exampleCID = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
	rawCID     = "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"
)

// blob returns a blob of one of the media types that are accepted. It returns false if none of them is a media type.
func (s *sampler) blob(n *lexicon.Node) (any, bool) {
	mime, found := "application/octet-stream", len(n.Accept) == 0
	for i := range n.Accept {
		mime = n.Accept[(s.variant+i)%len(n.Accept)]
		if prefix, pattern := strings.CutSuffix(mime, "*"); pattern {
			mime = strings.TrimPrefix(prefix, "*/") + "x"
		}
		if mime == "x" {
			mime = "text/plain"
		}
		if kind, subtype, slash := strings.Cut(mime, "/"); slash && kind != "" && subtype != "" && !strings.ContainsAny(mime, "*; ") {
			found = true
			break
		}
	}
	size := int64(1000)
	if n.MaxSize != nil {
		size = min(size, *n.MaxSize)
	}
	return map[string]any{"$type": "blob", "ref": map[string]any{"$link": rawCID}, "mimeType": mime, "size": size}, found
}

// formatted are strings of each format.
var formatted = map[string][]string{
	"at-identifier": {"alice.example.org", "did:web:alice.example.org"},
	"at-uri":        {"at://did:web:alice.example.org/com.example.note/3kvmuvbiyrk2t", "at://alice.example.org"},
	"cid":           {exampleCID, rawCID},
	"datetime":      {"2026-01-31T12:00:00Z", "1999-12-31T23:59:59.999+01:00"},
	"did":           {"did:web:alice.example.org", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"},
	"handle":        {"alice.example.org"},
	"language":      {"en", "pt-BR"},
	"nsid":          {"com.example.note"},
	"record-key":    {"self", "3kvmuvbiyrk2t"},
	"tid":           {"3kvmuvbiyrk2t"},
	"uri":           {"https://example.org/", "urn:isbn:0451450523"},
}

// text returns a string. It returns false if it finds none that is valid. A string with a const or an enum has one of
// these values, and one with a format has an example of the format.
func (s *sampler) text(n *lexicon.Node) (any, bool) {
	if constant, ok := n.Const.(string); ok {
		return constant, lexicon.Fits(n, constant)
	}
	for _, values := range [][]string{n.StringEnum, formatted[n.Format], n.KnownValues} {
		if len(values) > 0 && (len(n.StringEnum) > 0 || n.Format != "" || s.variant%2 == 1) {
			value := values[s.variant%len(values)]
			if lexicon.Fits(n, value) {
				return value, true
			}
			if len(n.StringEnum) > 0 {
				return nil, false
			}
		}
	}
	if _, hasFormat := syntax.FormatNamed(n.Format); hasFormat {
		return nil, false
	}
	low, high := int64(0), int64(math.MaxInt32)
	if n.MinLength != nil {
		low = *n.MinLength
	}
	if n.MinGraphemes != nil {
		low = max(low, *n.MinGraphemes)
	}
	if n.MaxLength != nil {
		high = *n.MaxLength
	}
	if n.MaxGraphemes != nil {
		high = min(high, *n.MaxGraphemes)
	}
	length := pick(s.variant, &low, &high, 7)
	if length < 0 || length > 1<<20 {
		return nil, false
	}
	value := strings.Repeat("abcdefghij", int(length)/10+1)[:length]
	if s.variant == 3 && length >= 4 && n.MaxGraphemes == nil && n.MinGraphemes == nil {
		value = fmt.Sprint("é\n", value[:length-3])
	}
	return value, lexicon.Fits(n, value)
}
