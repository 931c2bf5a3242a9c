//go:build amd64 && !purego

package digests

import (
	"crypto/fips140"

	"golang.org/x/sys/cpu"
)

// together says whether blocks are hashed together: the processor must be able to, and FIPS 140-3 mode, which asks for
// the validated module of the standard library, must be off.
var together = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && !fips140.Enabled()

// sixteen takes the first count of steps in all lanes. now is the state before and after them; the state after each
// step is stored in the step.
//
//go:noescape
func sixteen(now *state, steps *plan, count int)
