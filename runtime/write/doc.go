// Package write writes records into the repository of an account: one at a time with [Create], [Put] and
// [Delete], and in batches with [Apply].
//
//	record := &corpus.Corpus{Name: "News", CreatedAt: "2026-01-01T00:00:00Z"}
//	ref, err := write.Create(ctx, account, record, &write.CreateOptions{Lookup: records.Lookup})
//	if err != nil {
//		return err
//	}
//	fmt.Println(ref.URI, ref.CID)
//
// # What is checked
//
// Before anything is sent a record is held against its lexicon, and so is its record key, and its size
// against what the server takes. All that is wrong with a record is in the error, a [*lex.Error]; for a
// batch, all that is wrong with all of its records, in an [*InvalidError].
//
// The type of a record knows the lexicon's rules for the record, but not for its key: they come from
// Lookup, for which records.Lookup of the generated code serves. A record without a Go type is an [*Untyped].
//
// Afterwards the CID that the server answers with is compared with that of the record in canonical DAG-CBOR.
// When they differ the error is [ErrCIDMismatch]: the server has stored something else.
//
// # Lost answers
//
// A write is sent once. When its answer is lost, or is one that leaves it open whether the write was carried
// out (a time-out, a status of 500), the record is read: record keys are always chosen here and not by the
// server, so that it is known where to look. If it is there, with the CID that it was to have, the write has
// succeeded. If it cannot be read either, the error is [ErrUnknown].
//
// Only an answer in the protocol's own form counts, for the write and for the look at the record: the page of a proxy
// means neither that a write was refused nor that a record is not there.
//
// # Losing fields
//
// A [Put] reads the record that it replaces, and is refused with a [*DropError] when fields would go that
// the new record does not have: such as those of a newer lexicon, which the caller's type does not know, in a
// record that was built from scratch. It is carried out only if the record still is the one that was
// compared; otherwise the error is [ErrConflict].
//
// # Batches
//
// [Apply] makes the repository's records what a batch of operations says they are to be. What already is as
// it should be is not written. Running a batch again after it failed in any way, or after the process was
// killed, therefore does the rest, and repeats nothing. A [Journal] makes that cheap, and lets the batch have
// records without keys.
//
// The methods are those of com.atproto.repo, https://docs.bsky.app/docs/api/com-atproto-repo-apply-writes; the
// lexicons are at https://github.com/bluesky-social/atproto/tree/main/lexicons/com/atproto/repo.
package write
