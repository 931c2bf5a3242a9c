// Package pds reads repositories from the servers that hold them: single records, collections, whole archives and
// proofs, of any account, given by its handle or DID.
//
//	client, err := pds.New()
//	if err != nil {
//		return err
//	}
//	for entry, err := range pds.List[expression.Expression](ctx, client, "alice.example.com", nil) {
//		if failure, ok := err.(*rec.Failure); ok {
//			log.Print(failure) // one record; the loop continues
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		fmt.Println(entry.URI, entry.CID, entry.Value.Kind)
//	}
//
// A [Client] finds the server of a repository in the account's DID document, and looks the account up again if the
// server turns out not to have the repository any more. It does not trust servers: it encodes a record that was sent
// as JSON in DAG-CBOR and compares the hash with the record's CID ([rec.Hashed]), and it also verifies the signature
// of a record that was sent with a proof ([rec.Signed]).
//
// Most reads exist in two forms: as a method, which returns envelopes of any collection, and as a generic function
// for the generated types: [Client.GetRecord] and [Get], [Client.ListRecords] and [List], [Client.GetRecordProof] and
// [Prove]. If a record does not match its type or its CID, the error is a [*rec.Failure], which has all issues and
// the record's bytes; in a sequence, the loop continues after a failure. Any other error ends the loop.
//
// The methods are those of https://atproto.com/specs/xrpc in the namespaces com.atproto.repo and
// com.atproto.sync.
package pds
