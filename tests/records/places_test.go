package records

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

type property = lexicon.Property

// place is where a value is in a record.
type place struct {
	schema
	path     string // a JSON pointer
	way      []step
	value    any
	set      func(any)
	remove   func() // nil for what is not a field
	required bool
	root     bool // the record itself
}

// places returns the place of each value in a record that its lexicon describes.
func places(s schema, record *any) []place {
	var all []place
	var walk func(p place)
	walk = func(p place) {
		all = append(all, p)
		if p.node.Type == "array" {
			items, _ := p.value.([]any)
			for i, value := range items {
				walk(place{
					schema: p.at(p.node.Items),
					path:   p.path + "/" + strconv.Itoa(i),
					way:    append(slices.Clone(p.way), item),
					value:  value,
					set:    func(v any) { items[i] = v },
				})
			}
			return
		}
		o, isObject := p.value.(object)
		if !isObject || p.node.Type != "object" && p.node.Type != "union" {
			return
		}
		if p.node.Type == "union" {
			typ, _ := o["$type"].(string)
			typ = strings.TrimSuffix(typ, "#main")
			member, known := p.variants()[typ]
			if !known {
				return
			}
			p.schema, p.way = member, append(slices.Clone(p.way), "|"+typ)
		}
		for _, f := range p.node.Properties {
			value, there := o[f.Name]
			if !there {
				continue
			}
			walk(place{
				schema:   p.at(f.Node),
				path:     p.path + "/" + f.Name,
				way:      append(slices.Clone(p.way), f.Name),
				value:    value,
				set:      func(v any) { o[f.Name] = v },
				remove:   func() { delete(o, f.Name) },
				required: p.schema.required(f.Name),
			})
		}
	}
	walk(place{schema: s, value: *record, set: func(v any) { *record = v }, root: true})
	return all
}

// change is something else in a place: a value at a limit, or one that breaks a rule.
type change struct {
	what string
	path string // of the issue
	rule string // that the change breaks, "" when the record is still valid
	do   func()
	undo func()
}

// changes returns what can be done to the value at a place.
func (p place) changes(m *maker) []change {
	var all []change
	add := func(what, path, rule string, value any) {
		all = append(all, change{what, p.path + path, rule, func() {
			if text, isText := value.(func() string); isText {
				p.set(text())
			} else {
				p.set(value)
			}
		}, func() { p.set(p.value) }})
	}
	typeRule := "type"
	if p.node.Type == "union" {
		typeRule = "union"
	}
	for _, kind := range kinds {
		// An object in a blob's place is read, and lacks fields.
		if kind.typ != p.node.Type && !(kind.typ == "object" && p.node.Type == "blob") {
			add(kind.name, "", typeRule, kind.value)
		}
	}
	if p.remove != nil {
		rule := ""
		if p.required {
			rule = "required"
		}
		all = append(all, change{"removed", p.path, rule, p.remove, func() { p.set(p.value) }})
	}
	switch p.node.Type {
	case "string":
		p.stringChanges(m, add)
	case "integer":
		p.integerChanges(add)
	case "boolean":
		add("true", "", "", true)
		add("false", "", "", false)
	case "array":
		p.arrayChanges(m, add)
	case "blob":
		p.blobChanges(m, add)
	case "union":
		add("a member that is not listed", "", "", object{"$type": "com.example.other", "a": int64(1)})
		add("a member without $type", "", "union", object{"type": "com.example.other"})
		add("a member whose $type is no string", "", "union", object{"$type": int64(1)})
	}
	if o, ok := p.value.(object); ok && p.node.Type == "object" {
		with := func(key string, value any) object {
			o := maps.Clone(o)
			o[key] = value
			return o
		}
		if p.root {
			without := maps.Clone(o)
			delete(without, "$type")
			add("no $type", "/$type", "required", without)
			add("another $type", "/$type", "const", with("$type", "com.example.other"))
			add("$type with #main", "/$type", "const", with("$type", p.doc.ID+"#main"))
			add("$type of another kind", "/$type", "type", with("$type", int64(1)))
		} else {
			add("a stray $type", "", "", with("$type", "com.example.other"))
			add("a stray $type of another kind", "", "type", with("$type", int64(1)))
			add("a stray $type without text", "", "type", with("$type", ""))
			add("the $type of a blob", "", "type", with("$type", "blob"))
		}
		add("a link's key", "", "type", with("$link", "x"))
		add("a key of bytes", "", "type", with("$bytes", "x"))
	}
	return all
}

// kinds has a value of each kind, and of one that the data model does not have.
var kinds = []struct {
	name, typ string // typ is the lexicon's name
	value     any
}{
	{"null", "null", nil},
	{"a boolean", "boolean", true},
	{"an integer", "integer", int64(1)},
	{"text", "string", "text"},
	{"bytes", "bytes", []byte("bytes")},
	{"a link", "cid-link", link("\x01\x55\x12\x20" + strings.Repeat("x", 32))},
	{"an array", "array", []any{}},
	{"an object", "object", object{}},
	{"a float", "float", 1.5},
}

func (p place) stringChanges(m *maker, add func(what, path, rule string, value any)) {
	low, high := p.limits()
	if format := p.node.Format; format != "" {
		for _, value := range badFormats[format] {
			add(fmt.Sprintf("%.30q", value), "", "format", value)
		}
		const start = "https://example.com/"
		if format == "uri" && high < 0 {
			add("longer than a URI may be", "", "format", start+strings.Repeat("a", 8192))
		}
		if high >= 0 { // all of them are URIs
			add("the longest", "", "", start+strings.Repeat("a", high-len(start)))
			add("too long", "", "maxLength", start+strings.Repeat("a", high-len(start)+1))
		}
		return
	}
	text := func(n int) func() string { // made once it is needed: it may be long
		return func() string { return m.text(n) }
	}
	add("the shortest", "", "", text(max(low, 0)))
	if low > 0 {
		add("too short", "", "minLength", text(low-1))
	}
	if high >= 0 {
		add("the longest", "", "", text(high))
		add("too long", "", "maxLength", text(high+1))
		// A limit counts bytes, not characters.
		add("too long in bytes", "", "maxLength", func() string { return strings.Repeat("é", high/2+1) })
	}
	for _, value := range p.node.KnownValues {
		if len(value) <= high || high < 0 {
			add("a known value", "", "", value)
		}
	}
	add("text that is not UTF-8", "", "syntax", "\xff")
}

// badFormats holds strings that are almost of a format.
var badFormats = map[string][]string{
	"at-uri":        {"", "at://", "https://example.com", "at://example", "at://did:plc:a/b", "at://example.com/a.b.c/", "at://example.com/a.b.c/d/e", "at://example.com/a.b.c/..", " at://example.com"},
	"cid":           {"", "bafy", "Qm", "not a cid", "https://example.com"},
	"datetime":      {"", "1985-04-12", "1985-04-12T23:20:50.123", "1985-04-12t23:20:50Z", "1985-04-12T23:20:50-00:00", "1985-13-12T23:20:50Z", "1985-02-30T23:20:50Z", "1985-04-12T23:20:50.Z", " 1985-04-12T23:20:50Z"},
	"did":           {"", "did:plc", "did:", "DID:plc:abc", "did:plc:abc:", "did:Plc:abc", "example.com"},
	"uri":           {"", "example.com", "https:", "https://exa mple.com", "://example.com"},
	"at-identifier": {"", "example", "did:plc", "@example.com", "example.com."},
}

func (p place) integerChanges(add func(what, path, rule string, value any)) {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if p.node.Minimum != nil {
		low = *p.node.Minimum
		add("too small", "", "minimum", low-1)
		add("far too small", "", "minimum", int64(math.MinInt64))
	}
	if p.node.Maximum != nil {
		high = *p.node.Maximum
		add("too large", "", "maximum", high+1)
		add("far too large", "", "maximum", int64(math.MaxInt64))
	}
	add("the smallest", "", "", low)
	add("the largest", "", "", high)
}

func (p place) arrayChanges(m *maker, add func(what, path, rule string, value any)) {
	low, high := p.limits()
	items, _ := p.value.([]any)
	of := func(n int) []any {
		items := slices.Clone(items[:min(n, len(items))])
		for len(items) < n {
			items = append(items, (&maker{random: m.random, plain: true}).value(p.at(p.node.Items), nil))
		}
		return items
	}
	add("the fewest", "", "", of(max(low, 0)))
	if low > 0 {
		add("too few", "", "minLength", of(low-1))
	}
	if high >= 0 {
		add("the most", "", "", of(high))
		add("too many", "", "maxLength", of(high+1))
	}
}

func (p place) blobChanges(m *maker, add func(what, path, rule string, value any)) {
	plain := maker{random: m.random, plain: true}
	with := func(key string, value any) object {
		o := plain.blob(p.schema)
		o[key] = value
		return o
	}
	for _, key := range []string{"ref", "size", "mimeType"} {
		o := plain.blob(p.schema)
		delete(o, key)
		add("no "+key, "/"+key, "required", o)
	}
	add("another $type", "", "blob", with("$type", "com.example.blob"))
	add("a ref that is text", "/ref", "type", with("ref", plain.link().text()))
	add("a negative size", "/size", "minimum", with("size", int64(-1)))
	add("a size that is text", "/size", "type", with("size", "1"))
	add("a media type that is none", "/mimeType", "type", with("mimeType", int64(1)))
	if p.node.MaxSize != nil {
		add("the largest", "", "", with("size", *p.node.MaxSize))
		add("too large", "", "blob", with("size", *p.node.MaxSize+1))
	}
	if len(p.node.Accept) > 0 {
		add("a media type that is not accepted", "", "blob", with("mimeType", "font/woff"))
		add("almost an accepted media type", "", "blob", with("mimeType", strings.TrimSuffix(p.node.Accept[0], "/*")+"x/x"))
	}
	add("the form of old records", "", "", object{"cid": plain.link().text(), "mimeType": with("", nil)["mimeType"]})
	add("an old form whose CID is none", "/cid", "format", object{"cid": "x", "mimeType": with("", nil)["mimeType"]})
}
