package lex

import (
	"bytes"
	"slices"
	"strings"
)

// JSONToCBOR returns the canonical DAG-CBOR of a value in the JSON form of the data model. The error
// is an [*Error] that lists what is wrong with it.
func JSONToCBOR(b []byte) ([]byte, error) {
	var v canonical
	if err := DecodeJSON(b, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// canonical is any value in JSON, as DAG-CBOR.
type canonical []byte

func (v *canonical) DecodeLex(d *Decoder) { *v = bytes.Clone(d.transcoding()) }

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

// maxScratch is the most memory that a decoder in the pool keeps for transcoding.
const maxScratch = 1 << 20

// transcoding returns the JSON value that comes next as canonical DAG-CBOR, until the next call.
func (d *Decoder) transcoding() []byte {
	b := d.transcode(d.scratch[:0])
	if cap(b) <= maxScratch {
		d.scratch = b
	}
	clear(d.transcoded[:cap(d.transcoded)]) // its keys are parts of the input
	return b
}

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
	start := len(to)
	to = append(to, 0)
	a := d.startArray(0, NoLimit)
	for d.more(&a) {
		to = d.transcode(to)
	}
	return setHeader(to, start, majorArray, a.items)
}

// transcoded is an entry of an object that was transcoded: its key, and where it starts.
type transcoded struct {
	key  string
	from int
}

// transcodeObject appends the entries in the order of the JSON and sorts them afterwards, if need be: most
// servers keep the order of DAG-CBOR.
func (d *Decoder) transcodeObject(to []byte) []byte {
	at, start, first := d.i, len(to), len(d.transcoded)
	to = append(to, 0)
	sorted, typed, wrapped := true, false, false
	var c Cursor
	d.objectJSON(&c)
	for d.separator(&c) {
		key, _ := d.textJSON()
		d.colon()
		n := len(d.transcoded)
		sorted = sorted && (n == first || keyLess(d.transcoded[n-1].key, key))
		typed = typed || key == "$type"
		wrapped = wrapped || key == "$link" || key == "$bytes"
		d.transcoded = append(d.transcoded, transcoded{key, len(to)})
		to = d.transcode(appendText(to, key))
	}
	d.closeJSON(&c)
	entries := d.transcoded[first:]
	d.transcoded = d.transcoded[:first]
	if d.dead {
		return to
	}
	if wrapped {
		if len(entries) == 1 {
			return d.transcodeWrapped(to[:start], at, entries[0].key, string(to[start+1:]))
		}
		d.report(at, RuleType).Want = "value of the data model: $link or $bytes beside other keys"
	}
	if !sorted {
		d.sortTranscoded(to, at, entries)
	}
	to = setHeader(to, start, majorMap, len(entries))
	if typed {
		d.checkTyped(at, string(to[start:]))
	}
	return to
}

// setHeader writes the header of n items or entries at start, where one byte was left for it.
func setHeader(to []byte, start int, major byte, n int) []byte {
	var header [9]byte
	return slices.Replace(to, start, start+1, appendHeader(header[:0], major, uint64(n))...)
}

// sortTranscoded brings the entries, which are the rest of to, into canonical order.
func (d *Decoder) sortTranscoded(to []byte, at int, entries []transcoded) {
	start := entries[0].from
	unsorted := slices.Clone(to[start:])
	ends := make(map[int]int, len(entries))
	for i, e := range entries {
		ends[e.from] = len(to)
		if i+1 < len(entries) {
			ends[e.from] = entries[i+1].from
		}
	}
	slices.SortStableFunc(entries, func(a, b transcoded) int {
		if n := len(a.key) - len(b.key); n != 0 {
			return n
		}
		return strings.Compare(a.key, b.key)
	})
	to = to[:start]
	for i, e := range entries {
		if i > 0 && entries[i-1].key == e.key {
			d.report(at, RuleSyntax).Want = "duplicate key " + excerpt(e.key)
		}
		to = append(to, unsorted[e.from-start:ends[e.from]-start]...)
	}
}

// closeJSON closes an object that was opened with objectJSON.
func (d *Decoder) closeJSON(c *Cursor) {
	if c.state&cursorDone == 0 {
		c.state |= cursorDone
		d.depth--
	}
}

// transcodeWrapped appends a link or bytes from an object's one entry, whose bytes are given.
func (d *Decoder) transcodeWrapped(to []byte, at int, key, entry string) []byte {
	var header [9]byte
	text, isText := Value{entry[len(appendHeader(header[:0], majorText, uint64(len(key))))+len(key):]}.Text()
	if key == "$link" {
		if raw, ok := decodeLink(text); ok {
			return appendLink(to, raw)
		}
	} else if raw, ok := decodeBase64(text); ok && isText {
		return append(appendHeader(to, majorBytes, uint64(len(raw))), raw...)
	}
	d.report(at, RuleType).Want = "value of the data model: malformed " + key
	return append(to, cborNull)
}
