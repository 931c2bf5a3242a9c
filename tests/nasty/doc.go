// Package nasty has tests that measure the cost of hostile input: each row of a table makes input of two sizes, and
// reading it must take bounded memory and linear time.
//
// They are the one exception to the rule that tests never depend on time. They compare two sizes in one process, and
// take the minima of several runs. The race detector changes both time and memory, so they are built only without it:
//
//	go test ./tests/nasty
package nasty
