//go:build amd64 && !purego

package digests

import "golang.org/x/sys/cpu"

// together says whether blocks are hashed together.
var together = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW

// sixteen takes the first count of steps, in all lanes, from the state now, which it changes.
//
//go:noescape
func sixteen(now *state, steps *plan, count int)
