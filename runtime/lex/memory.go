package lex

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// spend takes n bytes from the budget of memory for decoding. If the budget is used up, decoding fails and spend
// returns false. Memory that becomes garbage is not returned to the budget, because the peak would then depend on the
// collector. The amount spent depends only on the input, so that decoding a value either always or never fails.
func (d *Decoder) spend(n int) bool {
	if d.budget -= int64(n); d.budget < 0 {
		d.failBy(issue.RuleMemory, fmt.Sprintf("decoding takes more than %d bytes of memory", d.memory))
		return false
	}
	return true
}

// allocated returns an upper bound of what the allocator takes for n bytes, which it rounds up to one of its sizes.
func allocated(n int) int { return n + min(n/4, 8<<10) + 16 }

// use records that n items of size bytes are needed in a scratch space that grows by doubling, and charges the growth
// to the budget. most is the number of items charged so far. Space left over from an earlier input is charged as well.
func (d *Decoder) use(most *int, n, size int) {
	for n > *most {
		*most = max(2*(*most), 64)
		d.spend(2 * *most * size)
	}
}
