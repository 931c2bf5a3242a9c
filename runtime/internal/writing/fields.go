package writing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// maxDropped is how many fields Lost lists.
const maxDropped = 100

// Lost compares s, the record that the server has, with the record of c, which is to replace it. It returns JSON
// pointers to the fields that only s has, except for those in allowed and those below them: the first 100 of them, and
// how many there are. The error says that the records cannot be compared.
func Lost(s Stored, c *Change, allowed []string) (fields []string, n int, err error) {
	if !s.Found {
		return nil, 0, nil
	}
	var before, after lex.Map
	if err := lex.DecodeJSON(s.JSON, &before); err != nil {
		return nil, 0, fmt.Errorf("cannot compare with the existing record: %w", err)
	}
	if err := lex.DecodeCBOR(c.CBOR, &after); err != nil {
		return nil, 0, err
	}
	before.Delete("$type") // not compared
	after.Delete("$type")
	was, err := lex.ValueOf(before)
	if err != nil {
		return nil, 0, err
	}
	is, err := lex.ValueOf(after)
	if err != nil {
		return nil, 0, err
	}
	d := dropped{allowed: allowed}
	d.values([]place{{value: was}}, []lex.Value{is})
	return d.fields, d.n, nil
}

// dropped collects the fields that the old values have and the new ones lack.
type dropped struct {
	allowed []string
	fields  []string
	n       int
}

// place is an old value and its path in the record.
type place struct {
	pointer string
	value   lex.Value
}

// values compares old values with the new values that replace them: one with one, or all items of two arrays whose
// items cannot be paired.
func (d *dropped) values(old []place, now []lex.Value) {
	d.objects(old, now)
	d.arrays(old, now)
}

// objects compares the objects among the values, grouped by $type: objects of different types do not correspond to
// each other.
func (d *dropped) objects(old []place, now []lex.Value) {
	types := make(map[string][]map[string]lex.Value)
	for _, value := range now {
		if object, ok := value.Map(); ok {
			fields := make(map[string]lex.Value, object.Len())
			for key, field := range object.All() {
				fields[key] = field
			}
			typ := typeOf(object)
			types[typ] = append(types[typ], fields)
		}
	}
	type field struct{ typ, key string }
	groups := make(map[field][]place)
	var order []field
	for _, p := range old {
		object, ok := p.value.Map()
		if !ok {
			continue
		}
		typ := typeOf(object)
		if types[typ] == nil {
			continue
		}
		for key, value := range object.All() {
			f := field{typ, key}
			if groups[f] == nil {
				order = append(order, f)
			}
			groups[f] = append(groups[f], place{p.pointer + "/" + escape.Replace(key), value})
		}
	}
	for _, f := range order {
		var values []lex.Value
		for _, fields := range types[f.typ] {
			if value, ok := fields[f.key]; ok {
				values = append(values, value)
			}
		}
		if values == nil {
			d.report(groups[f][0].pointer)
		} else {
			d.values(groups[f], values)
		}
	}
}

// arrays compares the items of the arrays among the values.
func (d *dropped) arrays(old []place, now []lex.Value) {
	there := make(map[string]int) // new items, by their bytes
	var items []lex.Value
	for _, value := range now {
		for item := range value.Items() {
			there[string(item.CBOR())]++
			items = append(items, item)
		}
	}
	if items == nil {
		return // removing items does not count as losing fields
	}
	var gone []place
	for _, p := range old {
		i := 0
		for item := range p.value.Items() {
			if bytes := string(item.CBOR()); there[bytes] > 0 {
				there[bytes]--
			} else {
				gone = append(gone, place{p.pointer + "/" + strconv.Itoa(i), item})
			}
			i++
		}
	}
	var come []lex.Value // the new items that are not among the old ones
	for i := len(items) - 1; i >= 0; i-- {
		if bytes := string(items[i].CBOR()); there[bytes] > 0 {
			there[bytes]--
			come = append(come, items[i])
		}
	}
	slices.Reverse(come)
	if len(gone) == len(come) && len(old) == 1 && len(now) == 1 {
		for i := range gone {
			d.values(gone[i:i+1], come[i:i+1])
		}
	} else {
		d.values(gone, come)
	}
}

// report counts a field that the new value lacks, unless it is allowed to be lost.
func (d *dropped) report(pointer string) {
	for _, allowed := range d.allowed {
		if pointer == allowed || strings.HasPrefix(pointer, allowed+"/") {
			return
		}
	}
	if d.n++; len(d.fields) < maxDropped {
		d.fields = append(d.fields, pointer)
	}
}

// escape escapes a key for use in a JSON pointer.
var escape = strings.NewReplacer("~", "~0", "/", "~1")

// typeOf returns the object's $type, or "" if it has none.
func typeOf(object lex.Map) string {
	value, _ := object.Get("$type")
	text, _ := value.Text()
	return text
}
