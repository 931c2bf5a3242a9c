// Package faults keeps the faults that a test has added to a server.
package faults

import (
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/fault"
)

// Active is a fault that a test has added to a server.
type Active struct {
	fault.Fault
	methods []string
	met     int // how many requests or frames it could have affected
}

// List has faults in the order in which they were added. It must not be used by several goroutines at once.
type List []*Active

// Add adds a fault for the requests for the given methods, or for all requests if there are none.
func (l *List) Add(f fault.Fault, methods []string) *Active {
	active := &Active{Fault: f, methods: methods}
	*l = append(*l, active)
	return active
}

// Remove removes a fault.
func (l *List) Remove(active *Active) {
	*l = slices.DeleteFunc(*l, func(f *Active) bool { return f == active })
}

// Meet returns the fault that affects a request for a method, or a frame if frame is set, or nil if none does. Of
// several, it is the one that was added last. Meet counts the request or the frame.
func (l List) Meet(method string, frame bool) *Active {
	for _, f := range slices.Backward(l) {
		if f.OfFrames() != frame || !frame && !Matches(method, f.methods) {
			continue
		}
		f.met++
		if f.Applies(f.met - 1) {
			return f
		}
	}
	return nil
}

// Matches reports whether a method is one of those that are named. A name can be a prefix followed by "*". All methods
// match if there are no names, or if one is empty.
func Matches(method string, named []string) bool {
	for _, name := range named {
		if prefix, ok := strings.CutSuffix(name, "*"); ok && strings.HasPrefix(method, prefix) || method == name || name == "" {
			return true
		}
	}
	return len(named) == 0
}
