// Package lexicon loads documents of Lexicon, the schema language of the AT
// Protocol, and checks them before anything is generated from them.
//
// [Load] reads directories of documents. It checks each one against a JSON
// Schema of the language, and then the rules that such a schema cannot express:
// references resolve to definitions of the right kind, limits do not exclude
// every value, defaults are within the limits. It reports the problems of all
// files at once, each with the file, the place and what to do:
//
//	set, err := lexicon.Load(os.DirFS("."), "lexicons")
//	if err != nil {
//		return err // one line for each problem
//	}
//	record := set.Lookup("com.example.feed.post").Def("main").Node
//
// [Lint] finds constructs that are allowed but probably not intended. [Lock], [WriteLock] and [CheckLock] maintain the
// lockfile, which makes every change of a document visible.
//
// The language is specified at https://atproto.com/specs/lexicon, and the
// permissions in it at https://atproto.com/specs/permission.
package lexicon
