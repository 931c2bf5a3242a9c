// Package prove checks generated code with data: it makes samples of every definition, which a program that is built with the
// code decodes from JSON and from DAG-CBOR, encodes in both, and compares.
//
//	samples := prove.Samples(set, names)
//	err := prove.Run(ctx, root, files, samples)
//
// The samples of a definition are one with what is required alone, and some with everything, in which unions have one member
// after the other, values are as small and as large as they may be, and what may be null is.
package prove
