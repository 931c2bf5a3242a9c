package batch

import "testing"

// SetMaxJournal makes size the size of the largest journal, until the test ends. The test must not run beside others.
func SetMaxJournal(t *testing.T, size int) {
	before := maxJournal
	maxJournal = int64(size)
	t.Cleanup(func() { maxJournal = before })
}
