// Package corpus makes repositories of linguistic annotation for tests and benchmarks.
//
// A corpus depends only on its number of records: the same number gives the same bytes on every machine. It has
// sentences in several languages. Each sentence has an expression, a segmentation of 20 to 40 tokens, a part-of-speech
// layer and a dependency layer over the tokens, and a membership in the corpus. There are also some media, an ontology
// and edges of a graph. A record has some 2.3 kB on average, and every record is valid by the pub.layers lexicons.
//
//	c := corpus.New(1000)
//	archive, err := c.CAR()
//
// The archive is that of a repository that was written in several steps, and its blocks are in the
// order in which the reference server writes them: those of the newest revision first, and those of
// one revision by descending CID. [Corpus.DIDDocument] has the key that its signature is valid under.
//
// This package has its own encoders of records and archives, which share no code with the packages that
// it is used to test.
package corpus
