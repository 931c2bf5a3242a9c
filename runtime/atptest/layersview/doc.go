// Package layersview is an appview of Layers in this process, for tests: it answers the queries of pub.layers from the records that
// it holds. A network of package atptest has one, which holds the records of all its accounts. Alone it is an [http.Handler]:
//
//	view := layersview.New()
//	if err := view.Put(uri, id, record); err != nil { // record is DAG-CBOR
//		return err
//	}
//	server := httptest.NewServer(view)
//
// The lists have the filters, limits and cursors that the lexicons describe. A filter compares the field of its name; that
// of an objectRef is its recordRef. Tags of languages are compared without regard to case. Entries of changelogs are listed by the
// time of their creation, the newest first, and all other records by their URIs, which is the order in which one repository's were
// written if their keys are TIDs. A page begins after the record at the cursor, even if that has been deleted meanwhile.
//
// The queries about records of other apps answer what the test sets: see [Integration].
package layersview
