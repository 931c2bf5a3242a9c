package lex

import "reflect"

// The methods Equal compare content. Package go-cmp calls them, so that it compares generated types without options.

// Equal reports whether o and other are both unset, or both set to the same value. It compares values with their own
// method Equal, if they have one.
func (o Opt[T]) Equal(other Opt[T]) bool {
	if v, ok := any(o.value).(interface{ Equal(T) bool }); ok {
		return o.set == other.set && v.Equal(other.value)
	}
	return o == other
}

// Equal reports whether n and other are both absent, both null, or both hold values that are deeply equal.
func (n Nullable[T]) Equal(other Nullable[T]) bool { return reflect.DeepEqual(n, other) }

// Equal reports whether m and other are both absent, or both have the same fields with the same values.
func (m Map) Equal(other Map) bool {
	if m.IsSet() != other.IsSet() || m.Len() != other.Len() {
		return false
	}
	for i, e := range m.entries() {
		if e != other.m.Entries[i] {
			return false
		}
	}
	return true
}

// Equal reports whether v and other are the same value of the data model.
func (v Value) Equal(other Value) bool { return v == other }

// Equal reports whether b and other are the same reference to the same blob, unknown fields included.
func (b Blob) Equal(other Blob) bool {
	extra, otherExtra := b.extra, other.extra
	b.extra, other.extra = Map{}, Map{}
	return b == other && extra.Equal(otherExtra)
}
