// Package evolve checks changes of lexicons against the rules of lexicon evolution: data that was valid must stay
// valid, and new data must also be valid under the old documents.
//
//	changes := evolve.Compare(before, after)
//	for _, c := range changes {
//		fmt.Println(c) // error com.example.note:/defs/main/record/required: ...
//	}
//	if evolve.Worst(changes) == evolve.Error {
//		os.Exit(1)
//	}
//
// [Read] reads the documents of one side leniently, so that documents with mistakes can be compared, too. [API] lists
// the exported Go names that are generated for a side, and [Attach] adds to each change its effect on these names.
//
// The rules are at https://atproto.com/specs/lexicon#lexicon-evolution. Where they say nothing, a change is an error if
// data or calls of one side can be invalid on the other, a warning if only Go code has to be changed, and fine
// otherwise.
package evolve
