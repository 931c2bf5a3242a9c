// Package treebank converts CoNLL-U sentences to records of Layers, and such records to CoNLL-U.
//
//	records, err := treebank.Import(sentences, &treebank.Options{
//		DID:       "did:plc:ewvi7nxzyoun6zhxrhs64oiz",
//		Document:  "en_pud-ud-test",
//		CreatedAt: "2026-01-01T00:00:00Z",
//	})
//	if err != nil {
//		return err
//	}
//	for _, record := range records {
//		set.Add(record.URI, record.Value)
//	}
//	err = set.Export(os.Stdout, records[0].URI)
//
// # The records
//
// A file becomes an expression of the kind "document". Its sentences are expressions of the kind "sentence", with their
// texts and their comments. The parts that begin at the comments newdoc and newpar are expressions of the kind
// "section" between the two. A file whose annotations do not fit into one record has additional sections.
//
// A section with its text, or a document that has no sections, is a unit: it has a segmentation with one tokenization,
// whose tokens are the words, and a layer for each of these:
//
//	LEMMA                   token-tag, lemma                value
//	UPOS, XPOS              token-tag, pos and xpos         label
//	FEATS                   token-tag, morph                features
//	HEAD, DEPREL            graph, dependency               headIndex (-1 for the root), targetIndex, label
//	DEPS, empty nodes       graph, enhanced-dependency      an annotation for each edge and each node
//	multiword tokens        span                            tokenRefSequence, text
//	MISC                    token-tag                       features
//
// With [Options.PerSentence], each sentence has its own segmentation and layers.
//
// Record keys and the UUIDs of annotations are derived from the account, the name of the document, the sentence's
// sent_id, and the layer. So importing a file again gives the same records, and inserting a sentence changes the
// records of its unit, but no record key. [Set.Changes] compares an import with the existing records.
//
// Export converts these records back to the same file, byte for byte. It also exports records that follow the mapping
// in the documentation of Layers, and those of the Python client lairs, which keeps lemmas in labels and features in
// the layer of the parts of speech.
package treebank
