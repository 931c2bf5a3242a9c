// Package plan decides what Go code a set of lexicon documents becomes: packages, files, names,
// types, constraints, the canonical order of fields and the text of every comment. The result is a
// [Plan], a plain description that package emit turns into source without deciding anything.
//
//	set, err := lexicon.Load(os.DirFS("."), "lexicons")
//	...
//	p, err := plan.New(set, plan.Options{Module: "example.org/sdk", Output: "api"})
//
// The same set and options give the same plan. Anything that cannot be decided, such as two definitions
// that would get the same Go name, is a [lexicon.Problem]; New reports all problems at once.
//
// Package naming makes a Go name from words; this package decides which words. In short:
//
//   - Package group decides which namespaces are one package; a namespace is an NSID without its last segment. By
//     default they are all of an authority. In a package of several namespaces, names start with the words that
//     distinguish the namespace from the others.
//   - The main definition is named after its document. A definition of a document called "defs" has
//     its own name; any other has its document's name followed by its own.
//   - A type defined in place is named after its place: the name of its parent followed by that of the
//     property, with Item for the elements of an array.
package plan
