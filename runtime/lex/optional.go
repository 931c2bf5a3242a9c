package lex

// The functions of this file write one optional field of an object, called name, for the encode methods of generated
// types. They write nothing when the field is unset or nil. As with [ObjectEncoder.Key], names come in canonical order.

// OptString writes a string.
func OptString[T ~string](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.Key(name).String(string(v.value))
	}
}

// OptInt writes an integer.
func OptInt[T ~int64](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.Key(name).Int(int64(v.value))
	}
}

// OptBool writes a boolean.
func OptBool[T ~bool](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.Key(name).Bool(bool(v.value))
	}
}

// OptValue writes a scalar with value.
func OptValue[T comparable](o *ObjectEncoder, name string, v Opt[T], value func(*Encoder, T)) {
	if v.set {
		value(o.Key(name), v.value)
	}
}

// OptObject writes an object.
func OptObject[T any, P encodablePointer[T]](o *ObjectEncoder, name string, v P) {
	if v != nil {
		v.EncodeLex(o.Key(name))
	}
}

// OptObjects is [EncodeObjects] for a field.
func OptObjects[T any, P encodablePointer[T]](o *ObjectEncoder, name string, s []T) {
	if s != nil {
		EncodeObjects[T, P](o.Key(name), s)
	}
}

// OptStrings is [EncodeStrings] for a field.
func OptStrings[T ~string](o *ObjectEncoder, name string, s []T) {
	if s != nil {
		EncodeStrings(o.Key(name), s)
	}
}

// OptArray is [EncodeArray] for a field.
func OptArray[T any](o *ObjectEncoder, name string, s []T, item func(*Encoder, T)) {
	if s != nil {
		EncodeArray(o.Key(name), s, item)
	}
}
