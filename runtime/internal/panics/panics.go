// Package panics carries panics from the goroutine in which they happen to the goroutine that waits for its work.
//
// A panic ends the process unless it is recovered in the same goroutine, and a caller can only recover panics in its
// own goroutines. So each goroutine that this module starts runs its work in [Catch], and passes the error to the
// goroutine that waits for the work. If the work is done for a caller and may call the caller's functions, the
// waiting goroutine panics again: see [Resume]. If the work is on untrusted data, it returns the error, together with
// a description of the data.
package panics

import (
	"fmt"
	"runtime/debug"
)

// Error is a caught panic.
type Error struct {
	// Value is the value with which panic was called.
	Value any
	// Stack is the stack of the goroutine that panicked, as debug.Stack formats it.
	Stack []byte
}

// Error returns a text with the value of the panic, without the stack.
func (e *Error) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value of the panic if it is an error, and nil otherwise.
func (e *Error) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Catch calls f and returns its error, or an [*Error] if f panics.
func Catch(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Error{Value: value, Stack: debug.Stack()}
		}
	}()
	return f()
}

// Resume panics with the value of the panic if err is an [*Error]. It returns any other err.
func Resume(err error) error {
	if e, ok := err.(*Error); ok {
		panic(e.Value)
	}
	return err
}
