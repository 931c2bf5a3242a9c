// Package lexicon loads documents of Lexicon, the schema language of the AT
// Protocol, and checks them before anything is generated from them.
//
// [Load] reads directories of documents. It checks each one against a JSON
// Schema of the language, and then what such a schema cannot say: that
// references resolve to definitions of a fitting kind, that limits leave
// something to fit, that defaults keep to them. It reports everything that is
// wrong in all files at once, each with the file, the place and what to do:
//
//	set, err := lexicon.Load(os.DirFS("."), "lexicons")
//	if err != nil {
//		return err // one line for each problem
//	}
//	record := set.Lookup("com.example.feed.post").Def("main").Node
//
// [Lint] finds what is allowed but hardly meant. [Lock], [WriteLock] and
// [CheckLock] keep the lockfile, which makes a change of a document a visible
// one.
//
// The language is specified at https://atproto.com/specs/lexicon, and the
// permissions in it at https://atproto.com/specs/permission.
package lexicon
