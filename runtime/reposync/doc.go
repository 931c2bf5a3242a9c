// Package reposync verifies the messages with which servers announce the changes of repositories: #commit and #sync of
// com.atproto.sync.subscribeRepos.
//
// A commit message states operations, and holds the signed commit, the new records, and those nodes of the repository's tree
// that the operations touch. A [Verifier] undoes the operations on these nodes. If that leads to the root of the tree of the
// commit before (prevData), the operations are exactly what the commit changed: none was left out, made up or altered. The
// signature covers the new tree. If prevData is also the root of the tree that the caller knew, the caller has missed
// nothing.
//
//	verifier := reposync.NewVerifier()
//	for message := range messages {
//		change, err := verifier.Verify(message, key, known)
//		switch {
//		case errors.Is(err, reposync.ErrOld):
//			continue // seen before
//		case errors.Is(err, multikey.ErrSignature):
//			// look the account's key up once more, and verify again
//		case err != nil:
//			// fetch the repository: the message is invalid, or does not follow the known state
//		}
//		for _, op := range change.Ops {
//			record, err := verifier.Record(op)
//			...
//		}
//		known = change.State
//	}
//
// A caller can choose how much is verified. [Verifier.Read] checks the form of a message and finds its records;
// [Verifier.Invert] also undoes the operations; [Verifier.Verify] also checks the signature. [Verifier.Sync] verifies
// #sync messages.
//
// The reference server states a path twice in a commit if it was changed twice. A Verifier folds such operations into
// one, from the first prev to the last CID, and drops those that change nothing. So in a [Change], each path occurs once.
//
// The rules are those of https://atproto.com/specs/sync.
package reposync
