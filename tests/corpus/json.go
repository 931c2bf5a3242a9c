package corpus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// ListRecords yields the records of a collection as the reference server lists them: in pages of at
// most limit, each the body of a response to com.atproto.repo.listRecords, the newest record first and
// the fields of a record in the order of their encoding. All pages but the last have a cursor.
func (c *Corpus) ListRecords(collection string, limit int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var page bytes.Buffer
		count, cursor := 0, ""
		for i := c.n - 1; i >= 0; i-- {
			r := c.record(i)
			if r.collection != collection {
				continue
			}
			if count == limit {
				// Another page follows, so the full one gets a cursor.
				fmt.Fprintf(&page, `],"cursor":%q}`, cursor)
				if !yield(bytes.Clone(page.Bytes())) {
					return
				}
				page.Reset()
				count = 0
			}
			if count == 0 {
				page.WriteString(`{"records":[`)
			} else {
				page.WriteByte(',')
			}
			block := appendCBOR(nil, r.value)
			fmt.Fprintf(&page, `{"uri":"at://%s/%s/%s","cid":"%s","value":`, c.did, r.collection, r.key, cid.Of(cid.DagCBOR, block))
			page.Write(appendJSON(nil, r.value))
			page.WriteByte('}')
			count, cursor = count+1, r.key
		}
		if count == 0 {
			page.WriteString(`{"records":[`)
		}
		page.WriteString(`]}`)
		yield(page.Bytes())
	}
}

// appendJSON appends a value in the JSON form of the data model.
func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendString(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case bool:
		return strconv.AppendBool(b, v)
	case cid.CID:
		return append(append(append(b, `{"$link":"`...), v.String()...), `"}`...)
	case object:
		b = append(b, '{')
		for i, key := range v.keys() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, key), ':')
			b = appendJSON(b, v[key])
		}
		return append(b, '}')
	case []object:
		return appendJSONArray(b, v)
	case []string:
		return appendJSONArray(b, v)
	case []int:
		return appendJSONArray(b, v)
	}
	panic(fmt.Sprintf("corpus: a value of type %T", value))
}

func appendJSONArray[T any](b []byte, items []T) []byte {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, item)
	}
	return append(b, ']')
}

// appendString appends s as a JSON string. Like JavaScript, it escapes only the characters that must be escaped.
func appendString(b []byte, s string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		panic(err)
	}
	return append(b, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
