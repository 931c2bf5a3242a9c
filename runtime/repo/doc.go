// Package repo reads and writes repositories: the records of an account, in the archive that a server
// returns for com.atproto.sync.getRepo.
//
// Reading includes verification. A [Repo] yields a record only after it has hashed the record's bytes and found
// its path in a well-formed tree. A loop over it ends without an error only after it has hashed the whole tree and all
// blocks of the archive. For an archive that is truncated, altered or incomplete, it ends with an error that says
// what is wrong and where.
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
// The signature of the commit proves whose repository it is. [Repo.Verify] checks it with the key in the
// account's DID document, which the caller must supply (package identity finds it, and package pds does all of
// this in one call). Without Verify, a Repo can be read, but its records have the trust [rec.Hashed] instead of
// [rec.Signed].
//
// An archive may be in memory ([FromBytes]), in a file ([Open]), or come over the network ([Read]). Of an archive in
// a file, a Repo keeps in memory only an index of its blocks, some 60 bytes each, and the nodes on the
// path to the current record. It hashes a block in a file each time that it reads it, because files change. It hashes
// the blocks in memory and those of a stream once, before it yields any record. It checks the tree during each walk.
//
// [Repo.Decode] decodes the records of all collections on several cores, and [Entries] those of one collection. With
// [DecodeOptions].Reuse they make no garbage. Without it, a loop over a large archive that keeps few records is faster
// if the collector runs less often (runtime/debug.SetGCPercent), at the price of memory; BENCHMARKS.md has figures. A
// program can distribute other work itself: [Repo.Chunks] yields the leaves of the tree in slices, and [Repo.Load]
// returns the record of a leaf.
//
// There are two ways to read a part of a repository. [ReadProof] reads the proof of a single record, as
// com.atproto.sync.getRecord returns it. With [WithPartial], the other functions read what is new since a revision.
//
// [Build] writes the archive of a repository.
//
// The format is specified in https://atproto.com/specs/repository.
package repo
