// Package prove checks generated code with data. It makes samples of every definition, and builds and runs a program
// that decodes them from JSON and from DAG-CBOR with the generated code, encodes them again in both, and compares the
// results.
//
//	samples := prove.Samples(set, names)
//	err := prove.Run(ctx, &prove.Code{Root: root, Files: files, Dir: dir, Types: types}, samples)
//
// For each definition, one sample has only the required fields, and others have all fields. In these, unions have each
// of their members in turn, values are as small and as large as allowed, and nullable fields are null.
package prove
