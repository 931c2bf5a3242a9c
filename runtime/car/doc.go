// Package car reads and writes content-addressable archives, the form in which servers exchange repositories.
//
// An archive is a header, which names roots, followed by a series of sections, each of which has a block, preceded by its
// length and its CID. A [Reader] reads an archive from its beginning to its end. An [Index] finds the blocks of an archive
// in memory, in a file, or in a stream that it copies to a file. Both check the bytes of a block against its CID before
// they return them, and both enforce limits, because archives come from untrusted servers. A [Scanner] does not check
// blocks. A [Writer] writes an archive.
//
//	index, err := car.NewIndex(ctx, file, size)
//	if err != nil {
//		return err
//	}
//	commit, err := index.Get(index.Roots()[0], nil)
//
// The format is that of DASL (https://dasl.ing/car.html), which is CAR version 1
// (https://ipld.io/specs/transport/car/carv1/) with the CIDs of the AT Protocol. The package reads headers strictly: a
// header must be canonical DAG-CBOR, with the fields roots and version, and with nothing after its map. It may have
// further fields, and an empty list of roots. Archives of version 2, which wrap one of version 1, are refused;
// the command layers convert converts them.
package car
