package boltstore

import "time"

// SetServePatience sets how long a reader waits for a snapshot to be begun, and returns a function that restores it.
func SetServePatience(d time.Duration) (restore func()) {
	before := servePatience
	servePatience = d
	return func() { servePatience = before }
}
