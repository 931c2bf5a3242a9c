// Package corpus makes repositories of linguistic annotation for tests and benchmarks.
//
// A corpus is determined by its number of records alone: the same number gives the same bytes, on
// every machine. It holds sentences in several languages, and of each its expression, its
// segmentation of 20 to 40 tokens, a part-of-speech layer and a dependency layer over the tokens, and
// its membership in the corpus; besides some media, an ontology and edges of a graph. A record has
// some 2.3 kB on average, and all of them are valid by the pub.layers lexicons.
//
//	c := corpus.New(1000)
//	archive, err := c.CAR()
//
// The archive is that of a repository that was written in several steps, and its blocks are in the
// order in which the reference server writes them: those of the newest revision first, and those of
// one revision by descending CID. It is signed with a key of which [Corpus.DIDDocument] tells.
//
// The encoding of records, and of archives, is done here once more, and does not share code with what
// it is used to test.
package corpus
