// Package panics carries panics from the goroutine in which they happen to the one that waits for it.
//
// A panic in a goroutine that nobody recovers in ends the process, and a caller can recover in its own goroutines
// only. So each goroutine that this module starts runs its work in [Catch], and the error comes to where the work is
// waited for. Work that is done for a caller, and may call the caller's functions, panics there again: see
// [Resume]. Work on untrusted data returns the error, which then says what data it is about.
package panics

import (
	"fmt"
	"runtime/debug"
)

// Error is a panic.
type Error struct {
	// Value is what panic was called with.
	Value any
	// Stack is the stack of the goroutine that panicked, as debug.Stack formats it.
	Stack []byte
}

// Error returns a text that has the value.
func (e *Error) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error, and else nil.
func (e *Error) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Catch calls f and returns its error. If f panics, that is an [*Error].
func Catch(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Error{Value: value, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Resume panics with the value of the panic that err is. Any other err it returns.
func Resume(err error) error {
	if e, ok := err.(*Error); ok {
		panic(e.Value)
	}
	return err
}
