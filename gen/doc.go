// Package gen generates Go packages from lexicon documents. It has three parts: package lexicon loads
// and checks the documents, package plan decides what they become, and package emit turns the plan into
// source. Package gen itself type-checks the result against the runtime, compares it with the files on
// disk, and writes it.
//
//	config, err := gen.ReadConfig(os.DirFS("."), gen.ConfigFile)
//	...
//	output, err := gen.Generate(ctx, ".", config)
//	...
//	changes, err := output.Write(".")
//
// Everything up to Write happens in memory. The same documents and configuration give the same bytes.
package gen
