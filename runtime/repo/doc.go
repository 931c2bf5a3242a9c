// Package repo reads and writes repositories: the records of an account, in the archive that
// com.atproto.sync.getRepo of a server gives out.
//
// Reading is verifying. A [Repo] gives out a record only after its bytes have been hashed and its path
// has been found in a well-formed tree, and ends without an error only after all of the tree and all
// blocks of the archive have been seen and hashed. An archive that was cut short, altered or left
// incomplete ends with an error that says what is wrong and where, wherever it was cut.
//
//	r, err := repo.Read(ctx, response.Body)
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	if err := r.Verify(did, key); err != nil {
//		return err
//	}
//	for record, err := range r.Records(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(record.Collection, record.RecordKey, record.CID, len(record.Data))
//	}
//
// Whose repository it is, the signature of its commit says: [Repo.Verify] checks it under the key in the
// account's DID document, which the caller has to know (package identity finds it, and package pds does it
// all in one call). A Repo can be read without; its records then have the trust [lex.Hashed] and not
// [lex.Signed].
//
// An archive may lie in memory ([FromBytes]), in a file ([Open]), or come over the network ([Read]). Of
// a file no more is in memory than an index of its blocks, some 60 bytes each, and the nodes on the
// way to the record at hand. A block in a file is hashed whenever it is read, since files change; those in
// memory and those of a stream are hashed once, before any is given out. The tree is checked as it is
// walked.
//
// [Repo.Decode] decodes all records by their collections, on several cores, and [Entries] those of one
// collection. Other work can be shared out, too: [Repo.Chunks] gives out the leaves of the tree in slices,
// and [Repo.Load] gets the record of one.
//
// A part of a repository comes in two forms. [ReadProof] reads the proof of a single record, that of
// com.atproto.sync.getRecord. With [WithPartial] the other functions read what is new since a revision.
//
// [Build] writes the archive of a repository.
//
// The format is specified in https://atproto.com/specs/repository.
package repo
