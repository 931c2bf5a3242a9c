//go:build !unix && !race

package nasty

import "time"

var start = time.Now()

// cpuTime returns how long the process has run: there is no better measure here.
func cpuTime() time.Duration { return time.Since(start) }
