package corpus

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// object is a map of the data model. Its values are nil, string, int, bool, []byte, object, cid.CID,
// which is a link, and slices of object, string, int and cid.CID.
type object map[string]any

// keys returns the keys of o in canonical order: the shorter first, and those of one length by bytes.
func (o object) keys() []string {
	keys := make([]string, 0, len(o))
	for key := range o {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return keys
}

// appendCBOR appends a value in canonical DAG-CBOR.
func appendCBOR(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, 0xf6)
	case []byte:
		return append(appendHead(b, 2, uint64(len(v))), v...)
	case string:
		return append(appendHead(b, 3, uint64(len(v))), v...)
	case int:
		if v < 0 {
			return appendHead(b, 1, uint64(-1-v))
		}
		return appendHead(b, 0, uint64(v))
	case bool:
		if v {
			return append(b, 0xf5)
		}
		return append(b, 0xf4)
	case cid.CID:
		return append(append(b, 0xd8, 42, 0x58, 37, 0), v[:]...)
	case object:
		b = appendHead(b, 5, uint64(len(v)))
		for _, key := range v.keys() {
			b = appendCBOR(appendCBOR(b, key), v[key])
		}
		return b
	case []object:
		return appendArray(b, v)
	case []string:
		return appendArray(b, v)
	case []int:
		return appendArray(b, v)
	case []cid.CID:
		return appendArray(b, v)
	}
	panic(fmt.Sprintf("corpus: a value of type %T", value))
}

func appendArray[T any](b []byte, items []T) []byte {
	b = appendHead(b, 4, uint64(len(items)))
	for _, item := range items {
		b = appendCBOR(b, item)
	}
	return b
}

// appendHead appends the head of an item: the major type and its argument n, in the shortest form.
func appendHead(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}
