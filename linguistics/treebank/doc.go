// Package treebank turns CoNLL-U sentences into records of Layers, and such records into CoNLL-U.
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
// A file becomes an expression of the kind "document". Its sentences are expressions of the kind "sentence", with
// their texts and their comments. What the comments newdoc and newpar begin is an expression of the kind "section"
// between the two. A file that is too large for its annotations to fit into one record has more sections.
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
// With [Options.PerSentence], each sentence has a segmentation and layers of its own.
//
// Record keys and the UUIDs of annotations are derived from the account, the name of the document, the sentence's
// sent_id, and the layer. So importing a file again gives the same records, and a sentence put in between changes the
// records of its unit, but no key. [Set.Changes] compares an import with the records that there are.
//
// Export reads these records, so that the file comes back byte for byte; those of the mapping in the documentation of
// Layers; and those of the Python client lairs, which keeps lemmas in labels and features in the layer of the parts of
// speech.
package treebank
