// Package car reads and writes content-addressable archives, the form in which repositories travel.
//
// An archive is a header, which names roots, and a series of blocks, each behind its CID. A [Reader]
// goes through one from its beginning to its end; an [Index] finds the blocks of one that lies in
// memory or in a file, or comes as a stream on its way to a file. Both check the bytes of a block against its CID before they give them out, and
// both hold to limits, for an archive is what a stranger sends.
//
//	index, err := car.NewIndex(ctx, file, size)
//	if err != nil {
//		return err
//	}
//	commit, err := index.Get(index.Roots()[0], nil)
//
// The format is that of DASL (https://dasl.ing/car.html), which is CAR version 1
// (https://ipld.io/specs/transport/car/carv1/) with the CIDs of the AT Protocol; version 2, which wraps it, is read too.
// A header is read strictly: canonical DAG-CBOR, with roots and version, and nothing behind its map. It may have further
// fields, and an empty list of roots.
package car
