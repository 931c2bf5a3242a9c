// Package emit turns a plan into Go source. It decides nothing: what is written, under which names
// and in which order, stands in the plan.
//
//	files, err := emit.Files(p)
//
// The source is formatted as gofmt does it and the same for the same plan. It is not type-checked
// here.
package emit
