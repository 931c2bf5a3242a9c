// Package nasty holds tests that measure what hostile input costs: each row of a table makes an input of two sizes,
// and what reads it has to stay within a bound of memory, and within linear time.
//
// They are the one exception to the rule that tests never depend on time. They compare two sizes in one process, and
// take the minima of several runs. The race detector changes both time and memory, so that they are built without it:
//
//	go test ./tests/nasty
package nasty
