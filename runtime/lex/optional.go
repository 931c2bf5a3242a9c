package lex

// The functions of this file write one optional field of an object, for the encode methods of generated
// types. As with [ObjectEncoder.Key], the caller must write names in canonical order.
//
// Most optional fields of most records are absent. So each function is small enough for the compiler to inline its
// condition, and calls another for the rest.

// OptString writes a string field called name, if v is set.
func OptString[T ~string](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.keyString(name, string(v.value))
	}
}

func (o *ObjectEncoder) keyString(name, v string) { o.Key(name).String(v) }

// OptInt writes an integer field called name, if v is set.
func OptInt[T ~int64](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.keyInt(name, int64(v.value))
	}
}

func (o *ObjectEncoder) keyInt(name string, v int64) { o.Key(name).Int(v) }

// OptBool writes a boolean field called name, if v is set.
func OptBool[T ~bool](o *ObjectEncoder, name string, v Opt[T]) {
	if v.set {
		o.keyBool(name, bool(v.value))
	}
}

func (o *ObjectEncoder) keyBool(name string, v bool) { o.Key(name).Bool(v) }

// OptValue writes a scalar field called name, if v is set. It calls value to write the scalar.
func OptValue[T comparable](o *ObjectEncoder, name string, v Opt[T], value func(*Encoder, T)) {
	if v.set {
		value(o.Key(name), v.value)
	}
}

// OptObject writes a field called name with an object, if v is not nil.
func OptObject[T any, P encodablePointer[T]](o *ObjectEncoder, name string, v P) {
	if v != nil {
		keyObject[T](o, name, v)
	}
}

func keyObject[T any, P encodablePointer[T]](o *ObjectEncoder, name string, v P) {
	v.EncodeLex(o.Key(name))
}

// OptObjects writes a field called name with an array of objects, as [EncodeObjects] does, if s is not nil.
func OptObjects[T any, P encodablePointer[T]](o *ObjectEncoder, name string, s []T) {
	if s != nil {
		keyObjects[T, P](o, name, s)
	}
}

func keyObjects[T any, P encodablePointer[T]](o *ObjectEncoder, name string, s []T) {
	EncodeObjects[T, P](o.Key(name), s)
}

// OptStrings writes a field called name with an array of strings, as [EncodeStrings] does, if s is not nil.
func OptStrings[T ~string](o *ObjectEncoder, name string, s []T) {
	if s != nil {
		keyStrings(o, name, s)
	}
}

func keyStrings[T ~string](o *ObjectEncoder, name string, s []T) { EncodeStrings(o.Key(name), s) }

// OptArray writes a field called name with an array, as [EncodeArray] does, if s is not nil.
func OptArray[T any](o *ObjectEncoder, name string, s []T, item func(*Encoder, T)) {
	if s != nil {
		EncodeArray(o.Key(name), s, item)
	}
}
