// Package layersview is an in-process appview of Layers for tests: it answers the queries of pub.layers from the
// records that it holds. A network of package atptest contains one, which holds the records of all its accounts. It can
// also be used alone, as an [http.Handler]:
//
//	view := layersview.New()
//	if err := view.Put(uri, id, record); err != nil { // record is DAG-CBOR
//		return err
//	}
//	server := httptest.NewServer(view)
//
// The lists have the filters, limits and cursors that the lexicons describe. A filter compares the field of the same
// name; for an objectRef, it compares the recordRef. Language tags are compared without regard to case. Changelog
// entries are listed by creation time, newest first. All other records are listed by URI, which within a repository is
// the order in which they were written if their keys are TIDs. A page begins after the record at the cursor, even if
// that record has been deleted meanwhile.
//
// The test sets the answers to queries about records of other apps: see [Integration].
package layersview
