package lex

// Opt is an optional scalar: a value, or nothing. The zero Opt is unset, so that an absent field and
// a field set to its zero value stay two things. It is comparable and holds no pointer of its own.
//
// In a literal, [Some] takes a variable or a typed constant. The type of an untyped constant has to be said, since Go
// does not infer it from the field: Some[T]("x") for a string type T, and [SomeInt] for an integer. Set needs no
// type at all.
type Opt[T comparable] struct {
	value T
	set   bool
}

// Some returns an Opt that is set to v.
func Some[T comparable](v T) Opt[T] { return Opt[T]{v, true} }

// SomeInt is [Some] for integers: Some(1) is an Opt[int], which no field is.
func SomeInt(n int64) Opt[int64] { return Some(n) }

// Set sets o to v.
func (o *Opt[T]) Set(v T) { *o = Some(v) }

// Unset makes o hold nothing.
func (o *Opt[T]) Unset() { *o = Opt[T]{} }

// Get returns the value and whether it is set; the zero value of T when it is not.
func (o Opt[T]) Get() (T, bool) { return o.value, o.set }

// Or returns the value, or fallback when it is unset.
func (o Opt[T]) Or(fallback T) T {
	if o.set {
		return o.value
	}
	return fallback
}

// IsSet reports whether there is a value.
func (o Opt[T]) IsSet() bool { return o.set }

// Nullable is a field that its lexicon lists as nullable. It has three states: absent (the zero
// Nullable), null, and a value.
type Nullable[T any] struct {
	value T
	state nullState
}

type nullState uint8

const (
	absent nullState = iota
	null
	present
)

// NullOf returns a Nullable that is null.
func NullOf[T any]() Nullable[T] { return Nullable[T]{state: null} }

// ValueOrNull returns a Nullable that holds v.
func ValueOrNull[T any](v T) Nullable[T] { return Nullable[T]{v, present} }

// Get returns the value and whether there is one; an absent and a null field have none.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the field is there and null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsAbsent reports whether the field is not there at all.
func (n Nullable[T]) IsAbsent() bool { return n.state == absent }
