package records

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Values of the data model are nil, bool, int64, string, []byte, link, []any and object. A float64 stands
// for what the data model does not have.
type (
	object = map[string]any
	link   string // the binary CID
)

// sortedKeys returns the keys in the order of DAG-CBOR: by length, then by bytes.
func sortedKeys(o object) []string {
	return slices.SortedFunc(maps.Keys(o), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
}

// appendCBOR appends a value as DAG-CBOR.
func appendCBOR(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, 0xf6)
	case bool:
		if v {
			return append(b, 0xf5)
		}
		return append(b, 0xf4)
	case int64:
		if v < 0 {
			return appendHead(b, 1, uint64(-1-v))
		}
		return appendHead(b, 0, uint64(v))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 0xfb), math.Float64bits(v))
	case string:
		return append(appendHead(b, 3, uint64(len(v))), v...)
	case []byte:
		return append(appendHead(b, 2, uint64(len(v))), v...)
	case link:
		b = appendHead(append(b, 0xd8, 42), 2, uint64(len(v))+1)
		return append(append(b, 0), v...)
	case []any:
		b = appendHead(b, 4, uint64(len(v)))
		for _, item := range v {
			b = appendCBOR(b, item)
		}
		return b
	case object:
		b = appendHead(b, 5, uint64(len(v)))
		for _, key := range sortedKeys(v) {
			b = appendCBOR(appendCBOR(b, key), v[key])
		}
		return b
	}
	panic(fmt.Sprintf("%T is not of the data model", value))
}

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

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// text returns the text of the CID.
func (l link) text() string { return "b" + base32Lower.EncodeToString([]byte(l)) }

// jsonWriter writes values in the JSON form of the data model. With a source of chance, it spells them in
// every way that JSON allows; without, in one.
type jsonWriter struct {
	random *rand.Rand
	b      []byte
}

func jsonOf(value any, random *rand.Rand) []byte {
	w := jsonWriter{random: random}
	w.value(value)
	return w.b
}

// chance reports true once in n times.
func (w *jsonWriter) chance(n int) bool { return w.random != nil && w.random.IntN(n) == 0 }

func (w *jsonWriter) space() {
	for w.chance(8) {
		w.b = append(w.b, " \t\n\r"[w.random.IntN(4)])
	}
}

func (w *jsonWriter) value(value any) {
	w.space()
	switch v := value.(type) {
	case nil:
		w.b = append(w.b, "null"...)
	case bool:
		w.b = strconv.AppendBool(w.b, v)
	case int64:
		w.int(v)
	case float64:
		w.b = strconv.AppendFloat(w.b, v, 'g', -1, 64)
	case string:
		w.text(v)
	case []byte:
		encoding := base64.RawStdEncoding
		if w.chance(2) {
			encoding = base64.StdEncoding
		}
		w.value(object{"$bytes": encoding.EncodeToString(v)})
	case link:
		w.value(object{"$link": v.text()})
	case []any:
		w.b = append(w.b, '[')
		for i, item := range v {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.value(item)
		}
		w.space()
		w.b = append(w.b, ']')
	case object:
		keys := sortedKeys(v)
		if w.random != nil {
			w.random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		}
		w.b = append(w.b, '{')
		for i, key := range keys {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.space()
			w.text(key)
			w.space()
			w.b = append(w.b, ':')
			w.value(v[key])
		}
		w.space()
		w.b = append(w.b, '}')
	default:
		panic(fmt.Sprintf("%T is not of the data model", value))
	}
	w.space()
}

func (w *jsonWriter) int(v int64) {
	w.b = strconv.AppendInt(w.b, v, 10)
	switch {
	case w.chance(20):
		w.b = append(w.b, ".0"...)
	case v != 0 && w.chance(20):
		w.b = append(w.b, "00e-2"...)
	case w.chance(20):
		w.b = append(w.b, "E+0"...)
	}
}

func (w *jsonWriter) text(s string) {
	w.b = append(w.b, '"')
	for i, r := range s {
		short := strings.IndexRune("\"\\/\b\f\n\r\t", r)
		switch {
		case r == utf8.RuneError && s[i] != "\ufffd"[0]: // text that is not UTF-8 stays as it is
			w.b = append(w.b, s[i])
		case short >= 3 || short >= 0 && short < 2 || short == 2 && w.chance(4):
			w.b = append(w.b, '\\', `"\/bfnrt`[short])
		case r < ' ' || w.chance(50) && r < 1<<16:
			w.b = fmt.Appendf(w.b, `\u%04x`, r)
		case w.chance(10) && r >= 1<<16:
			w.b = fmt.Appendf(w.b, `\u%04X\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			w.b = utf8.AppendRune(w.b, r)
		}
	}
	w.b = append(w.b, '"')
}
