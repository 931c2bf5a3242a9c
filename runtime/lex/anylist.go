package lex

import "github.com/layers-pub/layers-go/runtime/issue"

// AnyList reads an object in JSON with one array, which may have any name: the answer of a query for a list. It calls
// array to read the array, and cursor to read the field "cursor", if there is one. Other fields are skipped unchecked. A
// second array, or none although no field is null, is an issue.
func (d *Decoder) AnyList(cursor, array func()) {
	if !d.json {
		d.mismatch("list in JSON")
		return
	}
	at := d.i
	var c Cursor
	if d.objectJSON(&c); c.state&cursorDone != 0 {
		return
	}
	name, null := "", false
	for d.separator(&c) {
		key, _ := d.textJSON()
		d.colon()
		switch next := d.skipSpace(); {
		case key == "cursor":
			cursor()
		case next == '[' && name != "":
			d.report(d.i, issue.RuleType).Want = "list: the answer has two arrays, " + excerpt(name) + " and " + excerpt(key)
			d.pass()
		case next == '[':
			name = key
			array()
		default:
			null = null || next == 'n'
			d.pass()
		}
	}
	d.closeJSON(&c)
	if name == "" && !null && !d.dead {
		d.report(at, issue.RuleType).Want = "list: the answer has no array"
	}
}

// DecodeFunc is a function that reads one value from d, as a [Decodable].
type DecodeFunc func(d *Decoder)

// DecodeLex calls f.
func (f DecodeFunc) DecodeLex(d *Decoder) { f(d) }
