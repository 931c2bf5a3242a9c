package records

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// jsonSchema translates a schema to JSON Schema. What JSON Schema cannot say becomes a format of its own:
// lengths in bytes, the formats of the lexicon language.
func (s schema) jsonSchema() object {
	switch s.node.Type {
	case "object":
		properties := object{}
		for _, p := range s.node.Properties {
			properties[p.Name] = s.at(p.Node).jsonSchema()
		}
		out := object{"type": "object", "properties": properties, "not": wrapper}
		if len(s.node.Required) > 0 {
			out["required"] = s.node.Required
		}
		return out
	case "array":
		low, high := s.limits()
		out := object{"type": "array", "items": s.at(s.node.Items).jsonSchema(), "minItems": max(low, 0)}
		if high >= 0 {
			out["maxItems"] = high
		}
		return out
	case "string":
		low, high := s.limits()
		out := []any{object{"type": "string"}, object{"format": fmt.Sprintf("bytes %d %d", low, high)}}
		if s.node.Format != "" {
			out = append(out, object{"format": "lexicon " + s.node.Format})
		}
		return object{"allOf": out}
	case "integer":
		out := object{"type": "integer"}
		if s.node.Minimum != nil {
			out["minimum"] = *s.node.Minimum
		}
		if s.node.Maximum != nil {
			out["maximum"] = *s.node.Maximum
		}
		return out
	case "boolean":
		return object{"type": "boolean"}
	case "union":
		listed := []any{object{"type": "object", "required": []string{"$type"}, "not": wrapper, "properties": object{"$type": object{"type": "string", "minLength": 1}}}}
		for typ, member := range s.variants() {
			listed = append(listed, object{"if": object{"properties": object{"$type": object{"enum": []string{typ}}}}, "then": member.jsonSchema()})
		}
		return object{"allOf": listed}
	case "blob":
		size := object{"type": "integer", "minimum": 0}
		if s.node.MaxSize != nil {
			size["maximum"] = *s.node.MaxSize
		}
		mime := object{"type": "string", "format": "accepted " + strings.Join(s.node.Accept, " ")}
		link := object{"type": "object", "required": []string{"$link"}}
		return object{
			"type": "object", "not": wrapper,
			"if": object{"required": []string{"$type"}},
			"then": object{
				"required":   []string{"ref", "size", "mimeType"},
				"properties": object{"$type": object{"const": "blob"}, "ref": link, "size": size, "mimeType": mime},
			},
			"else": object{
				"required":   []string{"cid", "mimeType"},
				"properties": object{"cid": object{"type": "string", "format": "lexicon cid"}, "mimeType": mime},
			},
		}
	}
	panic("the judge knows no " + s.node.Type)
}

// wrapper matches links and bytes, which are objects in JSON alone.
var wrapper = object{"anyOf": []any{object{"required": []string{"$link"}}, object{"required": []string{"$bytes"}}}}

// formats returns the formats that a JSON Schema names.
func formats(schema any, into map[string]func(any) bool) {
	switch v := schema.(type) {
	case []any:
		for _, item := range v {
			formats(item, into)
		}
	case object:
		if name, ok := v["format"].(string); ok {
			check := formatOf(name)
			into[name] = func(value any) bool {
				s, isString := value.(string)
				return !isString || check(s)
			}
		}
		for _, value := range v {
			formats(value, into)
		}
	}
}

func formatOf(name string) func(string) bool {
	kind, rest, _ := strings.Cut(name, " ")
	switch kind {
	case "bytes":
		var low, high int
		if _, err := fmt.Sscan(rest, &low, &high); err != nil {
			panic(err)
		}
		return func(s string) bool { return len(s) >= low && (high < 0 || len(s) <= high) }
	case "accepted":
		return func(s string) bool {
			s, _, _ = strings.Cut(s, ";")
			return rest == "" || slices.ContainsFunc(strings.Fields(rest), func(pattern string) bool {
				start, glob := strings.CutSuffix(pattern, "*")
				return s == pattern || glob && strings.HasPrefix(s, start)
			})
		}
	}
	return map[string]func(string) bool{
		"at-uri": syntax.ValidATURI, "at-identifier": syntax.ValidAtIdentifier, "cid": syntax.ValidCID,
		"datetime": syntax.ValidDatetime, "did": syntax.ValidDID, "uri": syntax.ValidURI,
	}[rest]
}

// judge returns the JSON Schema of the records of a collection.
func judge(t *testing.T, s schema) *jsonschema.Schema {
	t.Helper()
	translated := s.jsonSchema()
	translated["required"] = append([]string{"$type"}, s.node.Required...)
	translated["properties"].(object)["$type"] = object{"const": s.doc.ID}
	text, err := json.Marshal(translated)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.Draft, compiler.AssertFormat, compiler.Formats = jsonschema.Draft2020, true, map[string]func(any) bool{}
	formats(translated, compiler.Formats)
	if err := compiler.AddResource(s.doc.ID, strings.NewReader(string(text))); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(s.doc.ID)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// generic returns a value as JSON Schema sees it.
func generic(value any) any {
	switch v := value.(type) {
	case object:
		out := object{}
		for key, value := range v {
			out[key] = generic(value)
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, generic(item))
		}
		return out
	case link:
		return object{"$link": v.text()}
	case []byte:
		return object{"$bytes": ""}
	}
	return value
}

// dataModel returns what keeps a value from being one of the data model, which a lexicon does not say:
// https://atproto.com/specs/data-model.
func dataModel(value any) error {
	for _, value := range everything(value) {
		o, _ := value.(object)
		typ, typed := o["$type"]
		switch {
		case typed && (typ == "" || !isText(typ)):
			return fmt.Errorf("$type is %v", typ)
		case typ == "blob":
			ref, _ := o["ref"].(link)
			size, sized := o["size"].(int64)
			if mime, _ := o["mimeType"].(string); ref == "" || mime == "" || !sized || size < 0 {
				return fmt.Errorf("the blob %v", o)
			}
		}
	}
	return nil
}

func isText(value any) bool {
	_, ok := value.(string)
	return ok
}

// mutate puts another value in a random place of v: any value, one of all, or none.
func mutate(m *maker, v any, all []any) any {
	switch v := v.(type) {
	case object:
		keys := sortedKeys(v)
		if len(keys) == 0 || m.chance(20) {
			break
		}
		key := pick(m, keys...)
		if v = maps.Clone(v); m.chance(5) {
			delete(v, key)
		} else {
			v[key] = mutate(m, v[key], all)
		}
		return v
	case []any:
		if len(v) == 0 || m.chance(20) {
			break
		}
		v = slices.Clone(v)
		i := m.random.IntN(len(v))
		if m.chance(5) {
			return slices.Delete(v, i, i+1)
		}
		v[i] = mutate(m, v[i], all)
		return v
	case string:
		if m.chance(2) && v != "" {
			i := m.random.IntN(len(v))
			return strings.ToValidUTF8(v[:i]+pick(m, "", " ", "-", "0", "é")+v[i+1:], "")
		}
	case int64:
		if m.chance(2) {
			return v + pick[int64](m, -1, 1, 1000, -1000)
		}
	}
	if m.chance(2) {
		return all[m.random.IntN(len(all))]
	}
	return m.any(2)
}

// everything returns a value and all that it consists of.
func everything(value any) []any {
	all := []any{value}
	switch v := value.(type) {
	case object:
		for _, key := range sortedKeys(v) {
			all = append(all, everything(v[key])...)
		}
	case []any:
		for _, item := range v {
			all = append(all, everything(item)...)
		}
	}
	return all
}

// TestJudge alters random records at random, and compares the verdict with that of a JSON Schema.
func TestJudge(t *testing.T) {
	for number, known := range records.Types {
		t.Run(string(known.NSID), func(t *testing.T) {
			t.Parallel()
			s := recordSchema(t, string(known.NSID))
			compiled := judge(t, s)
			var valid, invalid int
			for i := range perType {
				random := rand.New(rand.NewPCG(uint64(number), uint64(i)))
				m := &maker{random: random, values: []int{0, 10, 40}[i%3]}
				var record any = m.record(s, nil)
				for range i % 3 {
					record = mutate(m, record, everything(record))
				}
				want := compiled.Validate(generic(record))
				if want == nil {
					want = dataModel(record)
				}
				if want == nil {
					valid++
				} else {
					invalid++
				}
				cbor, text := appendCBOR(nil, record), jsonOf(record, random)
				for name, got := range map[string]error{"DAG-CBOR": lex.DecodeCBOR(cbor, known.New()), "JSON": lex.DecodeJSON(text, known.New())} {
					if (got == nil) != (want == nil) {
						t.Errorf("record %d: %s: %v, the judge says %v\n%s", i, name, got, want, text)
					}
				}
			}
			if valid < perType/4 || invalid < perType/4 {
				t.Errorf("%d valid and %d invalid records: the test is worth little", valid, invalid)
			}
		})
	}
}
