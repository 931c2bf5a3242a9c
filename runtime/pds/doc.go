// Package pds reads repositories from the servers that hold them: single records, collections, whole
// archives and proofs, of any account that is named by its handle or DID.
//
//	client, err := pds.New()
//	if err != nil {
//		return err
//	}
//	for entry, err := range pds.List[expression.Expression](ctx, client, "alice.example.com", nil) {
//		if failure, ok := err.(*lex.Failure); ok {
//			log.Print(failure) // one record; the loop goes on
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		fmt.Println(entry.URI, entry.CID, entry.Value.Kind)
//	}
//
// A [Client] finds the server of a repository in the account's DID document, and looks again when the
// server turns out not to have the repository any more. It trusts none of them: a record that comes as JSON
// is turned into DAG-CBOR and compared with its CID ([lex.Hashed]), and what comes with a proof is verified
// under the account's signing key, too ([lex.Signed]).
//
// Most of what it does exists twice: as a method, which gives out envelopes of any collection, and as a
// generic function over the generated types: [Client.GetRecord] and [Get], [Client.ListRecords] and [List],
// [Client.GetRecordProof] and [Prove]. A record that is not what its type, or its CID, says is a
// [*lex.Failure], which has all issues and the record's bytes; in a sequence, the loop goes on behind it.
// Any other error ends the loop.
//
// The methods are those of https://atproto.com/specs/xrpc in the namespaces com.atproto.repo and
// com.atproto.sync.
package pds
