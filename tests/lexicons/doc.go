// Package lexicons tests that the lexicon documents of this repository are the
// pub.layers lexicons, node by node. It has no code besides its tests.
package lexicons
