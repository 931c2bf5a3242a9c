package lex

// Opt is an optional scalar: a value, or nothing. The zero Opt is unset, so that an absent field differs from
// a field set to its zero value. An Opt is comparable and adds no pointer to its value.
//
// In a literal, use [Some] with a variable or a typed constant. An untyped constant needs an explicit type, because Go
// does not infer it from the field: Some[T]("x") for a string type T, and [SomeInt] for an integer. The method Set
// needs no type.
type Opt[T comparable] struct {
	value T
	set   bool
}

// Some returns an Opt that is set to v.
func Some[T comparable](v T) Opt[T] { return Opt[T]{v, true} }

// SomeInt is [Some] for integers. (Some(1) would be an Opt[int], which is not the type of any generated field.)
func SomeInt(n int64) Opt[int64] { return Some(n) }

// Set sets o to v.
func (o *Opt[T]) Set(v T) { *o = Some(v) }

// Unset makes o unset.
func (o *Opt[T]) Unset() { *o = Opt[T]{} }

// Get returns the value and whether it is set. If it is not, the value is the zero T.
func (o Opt[T]) Get() (T, bool) { return o.value, o.set }

// Or returns the value, or fallback if o is unset.
func (o Opt[T]) Or(fallback T) T {
	if o.set {
		return o.value
	}
	return fallback
}

// IsSet reports whether o has a value.
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

// Get returns the value and whether there is one. A field that is absent or null has none.
func (n Nullable[T]) Get() (T, bool) { return n.value, n.state == present }

// IsNull reports whether the field is present and null.
func (n Nullable[T]) IsNull() bool { return n.state == null }

// IsAbsent reports whether the field is absent.
func (n Nullable[T]) IsAbsent() bool { return n.state == absent }
