// Package gen generates Go packages from lexicon documents. It ties its parts together: package
// lexicon loads and checks the documents, package plan decides what they become, package emit writes
// that down, and here the result is type-checked against the runtime, compared with what is on disk,
// and written.
//
//	config, err := gen.ReadConfig(os.DirFS("."), gen.ConfigFile)
//	...
//	output, err := gen.Generate(ctx, ".", config)
//	...
//	changes, err := output.Write(".")
//
// Everything up to Write happens in memory. The same documents and configuration give the same bytes.
package gen
