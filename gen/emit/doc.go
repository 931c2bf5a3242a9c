// Package emit turns a plan into Go source. It decides nothing: the plan says which declarations are
// written, under which names and in which order.
//
//	files, err := emit.Files(p)
//
// The source is formatted as by gofmt, and the same plan always gives the same source. This package
// does not type-check it.
package emit
