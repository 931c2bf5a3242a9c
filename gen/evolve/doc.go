// Package evolve judges changes of lexicons by the rules of lexicon evolution: data that was valid must stay valid, and
// data that is written from now on must be valid under the old documents, too.
//
//	changes := evolve.Compare(before, after)
//	for _, c := range changes {
//		fmt.Println(c) // error com.example.note:/defs/main/record/required: ...
//	}
//	if evolve.Worst(changes) == evolve.Error {
//		os.Exit(1)
//	}
//
// [Read] reads the documents of one side leniently, so that a side with mistakes can be compared, too. [API] lists the
// exported Go names that a side becomes, and [Attach] adds to each change what it does to them.
//
// The rules are at https://atproto.com/specs/lexicon#lexicon-evolution. Where they are silent, a change is an error if data
// or calls of one side can be invalid on the other, a warning if only Go code has to follow, and fine otherwise.
package evolve
