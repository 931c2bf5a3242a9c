//go:build amd64 && !purego

package digests

import (
	"crypto/fips140"

	"golang.org/x/sys/cpu"
)

// together says whether blocks are hashed together: if the processor can, and nobody asked for the validated module of the
// standard library.
var together = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && !fips140.Enabled()

// sixteen takes the first count of steps, in all lanes, from the state now, which it changes.
//
//go:noescape
func sixteen(now *state, steps *plan, count int)
