// Package faults keeps the faults that a test asked a server for.
package faults

import (
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/fault"
)

// Active is a fault that was asked for.
type Active struct {
	fault.Fault
	methods []string
	met     int // how often
}

// List are faults in the order in which they were asked for. It must not be used by several goroutines at once.
type List []*Active

// Add adds a fault of the requests for some methods, or for all.
func (l *List) Add(f fault.Fault, methods []string) *Active {
	active := &Active{Fault: f, methods: methods}
	*l = append(*l, active)
	return active
}

// Remove removes a fault.
func (l *List) Remove(active *Active) {
	*l = slices.DeleteFunc(*l, func(f *Active) bool { return f == active })
}

// Meet returns the fault that a request meets, or a frame, the last one of several, and counts it. It returns nil if there is none.
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

// Matches reports whether a method is one of those that were named: by their names, or by the beginning of one and a "*". Without
// names all methods are.
func Matches(method string, named []string) bool {
	for _, name := range named {
		if prefix, ok := strings.CutSuffix(name, "*"); ok && strings.HasPrefix(method, prefix) || method == name || name == "" {
			return true
		}
	}
	return len(named) == 0
}
