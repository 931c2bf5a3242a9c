package lex

import (
	"bytes"
	"slices"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// JSONToCBOR returns the canonical DAG-CBOR of a value in the JSON form of the data model. The error
// is an [*issue.Error] that lists what is wrong with b.
func JSONToCBOR(b []byte) ([]byte, error) {
	var v Canonical
	if err := DecodeJSON(b, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// Canonical is any value, as canonical DAG-CBOR. Decoding JSON into a *Canonical is [JSONToCBOR] with the options of
// [Decode] and its context.
type Canonical []byte

// DecodeLex reads any value.
func (v *Canonical) DecodeLex(d *Decoder) { *v = []byte(d.raw()) }

// CBORToJSON returns the JSON form of a value in DAG-CBOR. The error is an [*issue.Error] that lists what is
// wrong with b. CBORToJSON returns JSON even then, with U+FFFD for text that is not UTF-8 and null for
// anything that cannot be read, so that a broken record can be shown.
func CBORToJSON(b []byte) ([]byte, error) {
	var v anyValue
	err := DecodeCBOR(b, &v)
	r := rawReader{s: unsafe.String(unsafe.SliceData(b), len(b))}
	return r.appendJSON(nil), err
}

type anyValue struct{ raw string }

func (v *anyValue) DecodeLex(d *Decoder) { v.raw = d.raw() }

// transcoding returns the next JSON value as canonical DAG-CBOR, which is valid until the next call.
func (d *Decoder) transcoding() []byte {
	d.scratch = d.transcode(d.scratch[:0])
	d.use(&d.most.scratch, len(d.scratch), 1)
	return d.scratch
}

// transcode appends the next JSON value as canonical DAG-CBOR.
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
			d.report(at, issue.RuleType).Want = "integer of 64 bits"
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

// transcoded holds the offsets of an entry of a transcoded object: where its key starts, its value starts and it ends.
type transcoded struct{ from, value, to int32 }

// transcodeObject appends the entries in the order of the JSON and sorts them afterwards if necessary; most
// servers send them in the order of DAG-CBOR.
func (d *Decoder) transcodeObject(to []byte) []byte {
	at, start, first := d.i, len(to), len(d.transcoded)
	to = append(to, 0)
	sorted, typed, wrapped := true, false, ""
	var c Cursor
	d.objectJSON(&c)
	for d.separator(&c) {
		key, _ := d.textJSON()
		d.colon()
		e := transcoded{from: int32(len(to))}
		to = appendText(to, key)
		e.value = int32(len(to))
		if n := len(d.transcoded); n > first && sorted {
			sorted = bytes.Compare(d.transcoded[n-1].key(to), e.key(to)) < 0
		}
		typed = typed || key == "$type"
		if key == "$link" || key == "$bytes" {
			wrapped = key
		}
		to = d.transcode(to)
		e.to = int32(len(to))
		d.use(&d.most.transcoded, len(d.transcoded)+1, int(unsafe.Sizeof(e)))
		d.transcoded = append(d.transcoded, e)
	}
	d.closeJSON(&c)
	entries := d.transcoded[first:]
	d.transcoded = d.transcoded[:first]
	if d.dead {
		return to
	}
	if wrapped != "" {
		if len(entries) == 1 {
			d.unsorted = append(d.unsorted[:0], to[entries[0].value:]...)
			d.use(&d.most.unsorted, len(d.unsorted), 1)
			return d.transcodeWrapped(to[:start], at, wrapped, string(d.unsorted))
		}
		d.report(at, issue.RuleType).Want = "value of the data model: $link or $bytes beside other keys"
	}
	if !sorted {
		d.sortTranscoded(to, at, entries)
	}
	if typed {
		d.checkTranscoded(at, to, entries)
	}
	return setHeader(to, start, majorMap, len(entries))
}

// key returns the entry's key with its header, as part of b. Comparing such keys gives the canonical order, because a
// shorter key has a smaller header.
func (e transcoded) key(b []byte) []byte { return b[e.from:e.value] }

// checkTranscoded checks the object at offset at, whose entries are in b, by its $type.
func (d *Decoder) checkTranscoded(at int, b []byte, entries []transcoded) {
	text := unsafe.String(unsafe.SliceData(b), len(b))
	var typed typedFields
	for _, e := range entries {
		key, _ := Value{text[e.from:e.value]}.Text()
		typed.note(key, text[e.value:e.to])
	}
	d.checkTyped(at, &typed)
}

// setHeader writes the header of n items or entries at start, where one byte was left for it.
func setHeader(to []byte, start int, major byte, n int) []byte {
	var header [9]byte
	return slices.Replace(to, start, start+1, appendHeader(header[:0], major, uint64(n))...)
}

// sortTranscoded sorts the entries, which are at the end of to, into canonical order.
func (d *Decoder) sortTranscoded(to []byte, at int, entries []transcoded) {
	start := entries[0].from
	d.unsorted = append(d.unsorted[:0], to[start:]...)
	d.use(&d.most.unsorted, len(d.unsorted), 1)
	slices.SortStableFunc(entries, func(a, b transcoded) int { return bytes.Compare(a.key(to), b.key(to)) })
	to = to[:start]
	for i, e := range entries {
		moved := transcoded{int32(len(to)), int32(len(to)) + e.value - e.from, int32(len(to)) + e.to - e.from}
		to = append(to, d.unsorted[e.from-start:e.to-start]...)
		entries[i] = moved
		if i > 0 && bytes.Equal(entries[i-1].key(to), moved.key(to)) {
			key, _ := Value{string(moved.key(to))}.Text()
			d.report(at, issue.RuleSyntax).Want = "duplicate key " + excerpt(key)
		}
	}
}

// closeJSON closes an object that was opened with objectJSON.
func (d *Decoder) closeJSON(c *Cursor) {
	if c.state&cursorDone == 0 {
		c.state |= cursorDone
		d.depth--
	}
}

// transcodeWrapped appends a link or bytes from the value of an object's one entry.
func (d *Decoder) transcodeWrapped(to []byte, at int, key, value string) []byte {
	text, isText := Value{value}.Text()
	if key == "$link" {
		if raw, ok := decodeLink(text); ok {
			return appendLink(to, raw)
		}
	} else if raw, ok := decodeBase64(text); ok && isText {
		return append(appendHeader(to, majorBytes, uint64(len(raw))), raw...)
	}
	d.report(at, issue.RuleType).Want = "value of the data model: malformed " + key
	return append(to, cborNull)
}
