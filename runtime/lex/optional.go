package lex

// The functions of this file write one optional field of an object, called name, for the encode methods of generated
// types. They write nothing when the field is unset or nil. As with [ObjectEncoder.Key], names come in canonical order.
//
// Most optional fields of most records are not there: so each function is small enough that the compiler puts its
// condition into the caller, and leaves the rest to another.

// OptString writes a string.
func OptString[T ~string](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.keyString(name, string(v.value))
	}
}

func (o *ObjectEncoder) keyString(name, v string) { o.Key(name).String(v) }

// OptInt writes an integer.
func OptInt[T ~int64](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.keyInt(name, int64(v.value))
	}
}

func (o *ObjectEncoder) keyInt(name string, v int64) { o.Key(name).Int(v) }

// OptBool writes a boolean.
func OptBool[T ~bool](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.keyBool(name, bool(v.value))
	}
}

func (o *ObjectEncoder) keyBool(name string, v bool) { o.Key(name).Bool(v) }

// OptValue writes a scalar with value.
func OptValue[T comparable](o *ObjectEncoder, name string, v Opt[T], value func(*Encoder, T)) {
	if v.set {
		value(o.Key(name), v.value)
	}
}

// OptObject writes an object.
func OptObject[T any, P encodablePointer[T]](o *ObjectEncoder, name string, v P) {
	if v != nil {
		keyObject[T](o, name, v)
	}
}

func keyObject[T any, P encodablePointer[T]](o *ObjectEncoder, name string, v P) {
	v.EncodeLex(o.Key(name))
}

// OptObjects is [EncodeObjects] for a field.
func OptObjects[T any, P encodablePointer[T]](o *ObjectEncoder, name string, s []T) {
	if s != nil {
		keyObjects[T, P](o, name, s)
	}
}

func keyObjects[T any, P encodablePointer[T]](o *ObjectEncoder, name string, s []T) {
	EncodeObjects[T, P](o.Key(name), s)
}

// OptStrings is [EncodeStrings] for a field.
func OptStrings[T ~string](o *ObjectEncoder, name string, s []T) {
	if s != nil {
		keyStrings(o, name, s)
	}
}

func keyStrings[T ~string](o *ObjectEncoder, name string, s []T) { EncodeStrings(o.Key(name), s) }

// OptArray is [EncodeArray] for a field.
func OptArray[T any](o *ObjectEncoder, name string, s []T, item func(*Encoder, T)) {
	if s != nil {
		EncodeArray(o.Key(name), s, item)
	}
}
