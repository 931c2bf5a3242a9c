package roundtrip

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// damage is one way to break a place, and the issue that is to be found.
type damage struct {
	kind    string
	pointer string
	rule    lex.Rule
	do      func()
	// limit and got are those of the issue, for the rules that have them.
	limit, got int64
}

// kinds has a value of each kind of the data model.
var kinds = []struct {
	name  string
	value any
}{
	{"null", nil}, {"boolean", true}, {"integer", int64(7)}, {"string", "text"}, {"array", []any{}}, {"object", object{}},
	{"bytes", lex.Bytes("\x01\x02\x03")}, {"link", lex.CIDOf(lex.CodecRaw, []byte("link")).Link()},
}

// schema says which place of the lexicons rules this place, and which of two forms a blob has.
func (p *place) schema() string {
	if o, ok := p.value.(object); ok && p.node.Type == "blob" && o["cid"] != nil {
		return p.document.ID + p.node.Pointer + " (old)"
	}
	return p.document.ID + p.node.Pointer
}

// damages lists the ways to break a place. Each breaks one rule and no other.
func (m *maker) damages(p *place) (all []damage) {
	add := func(kind, pointer string, rule lex.Rule, do func()) *damage {
		all = append(all, damage{kind: kind, pointer: pointer, rule: rule, do: do})
		return &all[len(all)-1]
	}
	limit := func(kind string, rule lex.Rule, limit, got int64, v func() any) {
		if got > 10_000 && m.made["over "+p.schema()] > 0 {
			return // takes long
		}
		d := add(kind, p.pointer, rule, func() {
			m.made["over "+p.schema()]++
			p.set(v())
		})
		d.limit, d.got = limit, got
	}
	if p.node.Type == memberType {
		add("member without $type", p.pointer, lex.RuleUnion, p.remove)
		for _, kind := range kinds {
			if kind.name != "string" {
				add("member with a $type that is "+kind.name, p.pointer, lex.RuleUnion, func() { p.set(kind.value) })
			}
		}
		add("member with an empty $type", p.pointer, lex.RuleUnion, func() { p.set("") })
		return all
	}
	if p.remove != nil {
		add("required", p.pointer, lex.RuleRequired, p.remove)
	}
	own, rule := p.node.Type, lex.RuleType
	switch own {
	case "blob":
		own = "object"
	case "union":
		own, rule = "object", lex.RuleUnion
	}
	for _, kind := range kinds {
		if kind.name != own {
			add(kind.name+" for "+p.node.Type, p.pointer, rule, func() { p.set(kind.value) })
		}
	}
	switch p.node.Type {
	case "union":
		add("object without $type", p.pointer, lex.RuleUnion, func() { p.set(object{}) })
	case "blob":
		m.blobDamages(p, add)
	case "array":
		m.arrayDamages(p, limit)
	case "integer":
		if least := p.node.Minimum; least != nil {
			limit("minimum", lex.RuleMinimum, *least, *least-1, func() any { return *least - 1 })
		}
		if most := p.node.Maximum; most != nil {
			limit("maximum", lex.RuleMaximum, *most, *most+1, func() any { return *most + 1 })
		}
	case "string":
		if p.node.Const != nil {
			add("another constant", p.pointer, lex.RuleConst, func() { p.set("com.example.other") })
		}
		for _, broken := range formats[p.node.Format].broken {
			add("format "+p.node.Format+" of "+broken, p.pointer, lex.RuleFormat, func() { p.set(broken) })
		}
		if least := p.node.MinLength; least != nil && *least > 0 {
			limit("minLength", lex.RuleMinLength, *least, *least-1, func() any { return m.text(int(*least - 1)) })
		}
		if most := p.node.MaxLength; most != nil {
			limit("maxLength", lex.RuleMaxLength, *most, *most+1, func() any { return m.tooLong(p, int(*most+1)) })
		}
	}
	return all
}

// tooLong makes a string of n bytes that has the place's format.
func (m *maker) tooLong(p *place, n int) string {
	switch p.node.Format {
	case "":
		return m.text(n)
	case "uri":
		return "https:" + strings.Repeat("a", n-len("https:"))
	}
	m.tb.Fatalf("the test knows no long %s", p.node.Format)
	return ""
}

func (m *maker) arrayDamages(p *place, limit func(string, lex.Rule, int64, int64, func() any)) {
	list, ok := p.value.([]any)
	if !ok {
		return
	}
	if least := p.node.MinLength; least != nil && *least > 0 {
		limit("too few items", lex.RuleMinLength, *least, *least-1, func() any { return list[:*least-1] })
	}
	most := p.node.MaxLength
	if most == nil || len(list) == 0 {
		return
	}
	limit("too many items", lex.RuleMaxLength, *most, *most+1, func() any {
		long := slices.Clone(list)
		for int64(len(long)) <= *most {
			long = append(long, list[len(list)-1])
		}
		return long
	})
}

func (m *maker) blobDamages(p *place, add func(string, string, lex.Rule, func()) *damage) {
	blob, ok := p.value.(object)
	if !ok {
		return
	}
	add("blob without mimeType", p.pointer+"/mimeType", lex.RuleRequired, func() { delete(blob, "mimeType") })
	add("blob with a number for mimeType", p.pointer+"/mimeType", lex.RuleType, func() { blob["mimeType"] = int64(1) })
	add("blob of another $type", p.pointer, lex.RuleBlob, func() { blob["$type"] = "com.example.blob" })
	if len(p.node.Accept) > 0 {
		add("blob of another media type", p.pointer, lex.RuleBlob, func() { blob["mimeType"] = "x-other/thing" })
	}
	if blob["$type"] == nil {
		add("old blob without cid", p.pointer+"/cid", lex.RuleRequired, func() { delete(blob, "cid") })
		add("old blob with a broken cid", p.pointer+"/cid", lex.RuleFormat, func() { blob["cid"] = "nothing" })
		return
	}
	add("blob without ref", p.pointer+"/ref", lex.RuleRequired, func() { delete(blob, "ref") })
	add("blob without size", p.pointer+"/size", lex.RuleRequired, func() { delete(blob, "size") })
	add("blob with text for ref", p.pointer+"/ref", lex.RuleType, func() { blob["ref"] = "text" })
	add("blob with text for size", p.pointer+"/size", lex.RuleType, func() { blob["size"] = "1" })
	less := add("blob of less than nothing", p.pointer+"/size", lex.RuleMinimum, func() { blob["size"] = int64(-1) })
	less.limit, less.got = 0, -1
	if most := p.node.MaxSize; most != nil {
		add("blob too large", p.pointer, lex.RuleBlob, func() { blob["size"] = *most + 1 })
	}
}

// check breaks a record, demands this one issue, in both encodings, and mends the record.
func (d *damage) check(t *testing.T, known lex.RecordType, record object, p *place) {
	t.Helper()
	whole, _ := p.value.(object)
	entries := maps.Clone(whole)
	d.do()
	defer func() {
		clear(whole)
		maps.Copy(whole, entries)
		p.set(p.value)
	}()
	value, err := lex.ValueOf(record)
	if err != nil {
		t.Fatal(err)
	}
	text := textOf(t, record)
	demand := func(encoding string, err error) {
		issues := lex.IssuesOf(err)
		if len(issues) != 1 || issues[0].Path != d.pointer || issues[0].Rule != d.rule || issues[0].Limit != d.limit || issues[0].Got != d.got {
			t.Errorf("%s, %s: the issues are %.500v, want %s: %s (%d, limit %d)\n%.1000s", d.kind, encoding, issues, d.pointer, d.rule, d.got, d.limit, text)
		}
	}
	demand("DAG-CBOR", checkCBOR(t, known, value.CBOR()))
	demand("JSON", checkJSON(t, known, text))
}

// brokenRecords is how many records of each type are broken, and perRecord in how many places, one at a time.
const (
	brokenRecords = 140
	perRecord     = 3
)

// weight says how much it matters to do this damage. There are many wrong types and wrong formats, and one
// test of a place's code finds them all; the weights of these do not add up to that of another.
func (d *damage) weight() int {
	if d.rule == lex.RuleType || d.rule == lex.RuleFormat {
		return 1
	}
	return rareWeight
}

const rareWeight = 50

// best returns an index below n whose score is the highest; which of several is up to chance.
func (m *maker) best(n int, score func(int) int) int {
	best, highest := -1, 0
	for _, i := range m.rng.Perm(n) {
		if s := score(i); best < 0 || s > highest {
			best, highest = i, s
		}
	}
	return best
}

// TestBroken breaks random records in one place: where, and how, it was not done yet. So it shows, too, that
// every field is checked at all: one that the generator forgot would be kept as an unknown one, and come back.
func TestBroken(t *testing.T) {
	makers := newMakers(t, 2)
	done := map[string]int{} // by place in the lexicons and kind of damage
	left := map[string]int{} // the weight of what was not done, by place in the lexicons
	rules := map[lex.Rule]int{}
	ran := 0
	for i, known := range records.Types {
		t.Run(string(known.NSID), func(t *testing.T) {
			ran++
			m := makers[i]
			m.tb, m.wantPlaces = t, true
			for range brokenRecords {
				record := m.record(string(known.NSID))
				for range perRecord {
					p := &m.places[m.best(len(m.places), func(i int) int {
						if n, met := left[m.places[i].schema()]; met {
							return n
						}
						return 1000 // not met yet
					})]
					at, all := p.schema(), m.damages(p)
					d := all[m.best(len(all), func(i int) int { return all[i].weight() - 10*done[at+" "+all[i].kind] })]
					done[at+" "+d.kind]++
					rules[d.rule]++
					left[at] = 0
					for i := range all {
						if done[at+" "+all[i].kind] == 0 {
							left[at] += all[i].weight()
						}
					}
					d.check(t, known, record, p)
				}
			}
		})
	}
	if ran < len(makers) {
		return // -run asked for some of the types
	}
	for at, n := range left {
		if n >= rareWeight {
			t.Errorf("%s: not broken in each way", at)
		}
	}
	if len(left) < 600 {
		t.Errorf("only %d places of the lexicons were met", len(left))
	}
	for _, rule := range []lex.Rule{
		lex.RuleRequired, lex.RuleType, lex.RuleMinLength, lex.RuleMaxLength, lex.RuleMinimum, lex.RuleMaximum, lex.RuleConst, lex.RuleFormat,
		lex.RuleUnion, lex.RuleBlob,
	} {
		if rules[rule] < 5 {
			t.Errorf("the rule %s was broken %d times", rule, rules[rule])
		}
	}
}
