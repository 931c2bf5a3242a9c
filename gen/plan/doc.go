// Package plan decides what Go code a set of lexicon documents becomes: packages, files, names,
// types, constraints, the canonical order of fields and the text of every comment. What it decides
// is a [Plan], a plain description that package emit turns into source without deciding anything.
//
//	set, err := lexicon.Load(os.DirFS("."), "lexicons")
//	...
//	p, err := plan.New(set, plan.Options{Module: "example.org/sdk", Output: "api"})
//
// The same set and options give the same plan. Whatever cannot be decided, such as two definitions
// that would get one Go name, is a [lexicon.Problem]; New reports all of them at once.
//
// The rules for names, in short:
//
//   - A package is a namespace, which is an NSID without its last segment. Namespaces that depend on
//     each other in a circle become one package, whose names start with the namespace's last segment.
//   - The main definition is called after its document. A definition of a document called "defs" goes
//     by its own name, any other by its document's and its own.
//   - What is defined in place is called after where it stands: the name of its parent and that of
//     the property, with Item for the elements of an array.
package plan
