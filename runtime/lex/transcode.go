package lex

import (
	"slices"
	"strings"
)

// JSONToCBOR returns the canonical DAG-CBOR of a value in the JSON form of the data model. The error
// is an [*Error] that lists what is wrong with it.
func JSONToCBOR(b []byte) ([]byte, error) {
	var v anyValue
	if err := DecodeJSON(b, &v); err != nil {
		return nil, err
	}
	return []byte(v.raw), nil
}

// CBORToJSON returns the JSON form of a value in DAG-CBOR. The error is an [*Error] that lists what is
// wrong with it; the JSON is there even then, with U+FFFD for text that is not UTF-8, and null for what
// cannot be read, so that a broken record can be shown.
func CBORToJSON(b []byte) ([]byte, error) {
	var v anyValue
	err := DecodeCBOR(b, &v)
	r := rawReader{s: string(b)}
	return r.appendJSON(nil), err
}

type anyValue struct{ raw string }

func (v *anyValue) DecodeLex(d *Decoder) { v.raw = d.raw() }

// transcode appends the JSON value that comes next as canonical DAG-CBOR.
func (d *Decoder) transcode(to []byte) []byte {
	switch c := d.skipSpace(); c {
	case '"':
		s, _ := d.textJSON()
		return appendText(to, s)
	case '[':
		return d.transcodeArray(to)
	case '{':
		return d.transcodeObject(to)
	case 't', 'f':
		if d.boolJSON() {
			return append(to, cborTrue)
		}
		return append(to, cborFalse)
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		at := d.i
		v, ok := d.numberJSON()
		if !ok && !d.dead {
			d.report(at, RuleType).Want = "integer of 64 bits"
		}
		return appendInt(to, v)
	}
	d.skipJSON() // null, or not JSON
	return append(to, cborNull)
}

func (d *Decoder) transcodeArray(to []byte) []byte {
	a := d.startArray(0, NoLimit)
	var items []byte
	for d.more(&a) {
		items = d.transcode(items)
	}
	return append(appendHeader(to, majorArray, uint64(a.items)), items...)
}

func (d *Decoder) transcodeObject(to []byte) []byte {
	at := d.i
	var c Cursor
	d.objectJSON(&c)
	var entries []mapEntry
	for d.separator(&c) {
		key, _ := d.textJSON()
		d.colon()
		entries = append(entries, mapEntry{key, string(d.transcode(nil))})
	}
	d.closeJSON(&c)
	if d.dead {
		return to
	}
	if len(entries) == 1 && (entries[0].key == "$link" || entries[0].key == "$bytes") {
		return d.transcodeWrapped(to, at, entries[0])
	}
	slices.SortStableFunc(entries, func(a, b mapEntry) int {
		if n := len(a.key) - len(b.key); n != 0 {
			return n
		}
		return strings.Compare(a.key, b.key)
	})
	start, typed := len(to), false
	to = appendHeader(to, majorMap, uint64(len(entries)))
	for i, e := range entries {
		typed = typed || e.key == "$type"
		if i > 0 && entries[i-1].key == e.key {
			d.report(at, RuleSyntax).Want = "duplicate key " + excerpt(e.key)
		}
		if e.key == "$link" || e.key == "$bytes" {
			d.report(at, RuleType).Want = "value of the data model: " + e.key + " beside other keys"
		}
		to = append(appendText(to, e.key), e.raw...)
	}
	if typed {
		d.checkTyped(at, string(to[start:]))
	}
	return to
}

// closeJSON closes an object that was opened with objectJSON.
func (d *Decoder) closeJSON(c *Cursor) {
	if c.state&cursorDone == 0 {
		c.state |= cursorDone
		d.depth--
	}
}

// transcodeWrapped appends a link or bytes from the object's one entry.
func (d *Decoder) transcodeWrapped(to []byte, at int, e mapEntry) []byte {
	text, isText := Value{e.raw}.Text()
	if e.key == "$link" {
		if raw, ok := decodeLink(text); ok {
			return appendLink(to, raw)
		}
	} else if raw, ok := decodeBase64(text); ok && isText {
		return append(appendHeader(to, majorBytes, uint64(len(raw))), raw...)
	}
	d.report(at, RuleType).Want = "value of the data model: malformed " + e.key
	return append(to, cborNull)
}
