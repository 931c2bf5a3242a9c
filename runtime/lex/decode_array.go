package lex

import (
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/memory"
)

// NewObject returns a new, zero T for the next object, and charges its memory to the limit.
func NewObject[T any](d *Decoder) *T { return memory.New[T](&d.r.Objects, &d.r.Input) }

type decodablePointer[T any] interface {
	*T
	Decodable
}

// DecodeObject reads an optional object. If the next value is not an object, it reports that and returns nil.
func DecodeObject[T any, P decodablePointer[T]](d *Decoder) *T {
	if !d.r.AtObject() {
		d.r.Mismatch("object")
		return nil
	}
	optional, issues := d.r.Optional, len(d.r.Issues)
	v := NewObject[T](d)
	if P(v).DecodeLex(d); d.r.Wrong || optional && d.r.Forgive(issues) {
		return nil
	}
	return v
}

// DecodeObjects reads an array of min to max objects. min is 0 and max is [NoLimit] where the lexicon sets no limit.
// The result is nil if the next value is not an array; an item that is not an object is the zero T.
// In an [Answer], an optional array with issues is nil, too.
func DecodeObjects[T any, P decodablePointer[T]](d *Decoder, min, max int) []T {
	a := d.r.StartArray(min, max)
	if a.Done {
		return nil
	}
	var zero T
	size := unsafe.Sizeof(zero)
	s := memory.Items[T](&d.r.Objects, d.r.FirstItems(&a, size))
	outside := d.r.Objects.Expect
	for {
		room, ok := d.r.NextItem(&a, cap(s))
		if !ok {
			break
		}
		if room > cap(s) {
			s = append(memory.Items[T](&d.r.Objects, room), s...)
		}
		if s = s[:len(s)+1]; d.r.JSON {
			d.r.Objects.Expect = a.Items // as good a guess as any that depends on the input alone
		} else {
			d.r.Objects.Expect = a.Left + 1
		}
		P(&s[len(s)-1]).DecodeLex(d)
	}
	d.r.Objects.Expect = outside
	if d.r.Absent(&a) {
		return nil
	}
	return s
}

// DecodeArray reads an array of min to max items, calling item to read each of them. The result is nil if the next
// value is not an array. In an [Answer], an optional array with issues is nil, too.
func DecodeArray[T any](d *Decoder, min, max int, item func(*Decoder) T) []T {
	a := d.r.StartArray(min, max)
	if a.Done {
		return nil
	}
	var zero T
	size := unsafe.Sizeof(zero)
	s := memory.Items[T](&d.r.Objects, d.r.FirstItems(&a, size))
	for {
		room, ok := d.r.NextItem(&a, cap(s))
		if !ok {
			break
		}
		if room > cap(s) {
			s = append(memory.Items[T](&d.r.Objects, room), s...)
		}
		s = append(s, item(d))
	}
	if d.r.Absent(&a) {
		return nil
	}
	return s
}

// DecodeNullable reads a field that may be null. It calls value to read anything else.
func DecodeNullable[T any](d *Decoder, value func(*Decoder) T) Nullable[T] {
	if d.Null() {
		return NullOf[T]()
	}
	d.r.Wrong = false
	v := value(d)
	if d.r.Wrong {
		return Nullable[T]{}
	}
	return ValueOrNull(v)
}
