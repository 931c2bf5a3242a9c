//go:build !unix || solaris || aix

package reference

// lock does nothing on these systems. Of processes that install at the same time, each installs on its own, and the
// first to finish wins.
func lock(string) (unlock func(), err error) { return func() {}, nil }
