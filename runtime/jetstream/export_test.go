package jetstream

import "time"

// SetOverlap shortens what every connection with a cursor waits for.
func SetOverlap(d time.Duration) { overlap = d }
