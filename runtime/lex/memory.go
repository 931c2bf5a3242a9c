package lex

import "fmt"

// spend takes n bytes from the memory that decoding may take. It returns false, and decoding has failed, when that is
// used up. Memory that becomes garbage is not given back: how much there is at the peak would depend on the collector.
// What is spent depends on the input alone, so that a value is always decoded or never.
func (d *Decoder) spend(n int) bool {
	if d.budget -= int64(n); d.budget < 0 {
		d.failBy(RuleMemory, fmt.Sprintf("decoding takes more than %d bytes of memory", d.memory))
		return false
	}
	return true
}

// allocated returns no less than what the allocator takes for n bytes, which it rounds to one of its sizes.
func allocated(n int) int { return n + min(n/4, 8<<10) + 16 }

// use notes that n items of size bytes are needed of scratch space, which grows by doubling, and has to be paid for when it
// does: most is for how many that was done. The space may be there from an earlier input; that does not count.
func (d *Decoder) use(most *int, n, size int) {
	for n > *most {
		*most = max(2*(*most), 64)
		d.spend(2 * *most * size)
	}
}
