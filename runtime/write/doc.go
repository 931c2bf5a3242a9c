// Package write writes records into the repository of an account, one at a time: [Create], [Put] and
// [Delete]. Package batch writes many.
//
//	record := &corpus.Corpus{Name: "News", CreatedAt: "2026-01-01T00:00:00Z"}
//	ref, err := write.Create(ctx, client, record, &write.CreateOptions{Lookup: records.Lookup})
//	if err != nil {
//		return err
//	}
//	fmt.Println(ref.URI, ref.CID)
//
// # What is checked
//
// Before anything is sent, the functions check the record and its record key against the lexicon, and its size
// against the server's limit. The error, a [*issue.Error], lists everything that is wrong with the record.
//
// The Go type of a record has the lexicon's rules for the record, but not those for its key, which Lookup supplies:
// use records.Lookup of the generated code. A record without a Go type is an [*Untyped].
//
// The option Check is a function that finds faults that a lexicon cannot express, such as a span outside its text. If
// it finds any, that is an error, and nothing is sent, unless the option Warn is set, which is then called with them.
//
// After a write, the functions compare the CID in the server's answer with that of the record in canonical DAG-CBOR.
// If they differ, the error is [ErrCIDMismatch]: the server has stored something else.
//
// # Lost answers
//
// A write is sent once. If the answer is lost, or does not say whether the write was carried out (a time-out, a
// status of 500), the record is read. That is possible because the client, not the server, chooses record keys. If
// the record exists with the expected CID, the write has succeeded. If it cannot be read either, the error is
// [ErrUnknown].
//
// Only an answer in the protocol's own form counts, for the write and for the reading of the record: the page of a
// proxy means neither that a write was refused nor that a record does not exist.
//
// # Losing fields
//
// [Put] reads the record that it replaces, and returns a [*DropError] if that has fields that the new record lacks.
// For example, a record that was built from scratch lacks the fields of a newer lexicon, which the caller's type does
// not have. The write is carried out only if the record at the server is still the one that was compared; otherwise
// the error is [ErrConflict].
//
// The methods are those of com.atproto.repo, https://docs.bsky.app/docs/api/com-atproto-repo-create-record; the
// lexicons are at https://github.com/bluesky-social/atproto/tree/main/lexicons/com/atproto/repo.
package write
