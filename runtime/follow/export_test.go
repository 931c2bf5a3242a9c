package follow

import (
	"testing"
	"time"
)

// Hurry makes the pauses between attempts short until the end of the test.
func Hurry(t *testing.T) {
	before := backoff
	backoff.Base, backoff.Max = 50*time.Millisecond, 200*time.Millisecond
	t.Cleanup(func() { backoff = before })
}
