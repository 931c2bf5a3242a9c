package input

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// BaseMemory and MemoryPerByte bound the memory that decoding may take, unless the caller sets another limit:
// BaseMemory bytes, plus MemoryPerByte bytes for each byte of input. The input itself does not count.
const (
	BaseMemory    = 16 << 20
	MemoryPerByte = 24
)

// limit sets the limit of memory in bytes; 0 means that of BaseMemory and MemoryPerByte.
func (in *Input) limit(memory int64) {
	size := int64(len(in.Data))
	if memory <= 0 {
		memory = BaseMemory + MemoryPerByte*size
	}
	in.memory = memory
	// The margin is for what Spend does not count: text that is kept or unescaped, issues, guesses about JSON.
	in.budget = memory - min(memory/2, BaseMemory/2+4*size)
}

// Spend charges n bytes to the memory budget. If the budget is used up, decoding fails and Spend returns false. Memory
// that becomes garbage is not returned to the budget, because the peak would then depend on the garbage collector. The
// amount spent depends only on the input, so that decoding a value either always or never fails.
func (in *Input) Spend(n int) bool {
	if in.budget -= int64(n); in.budget < 0 {
		in.failBy(issue.RuleMemory, fmt.Sprintf("decoding takes more than %d bytes of memory", in.memory))
		return false
	}
	return true
}

// Budget returns how many bytes may still be spent.
func (in *Input) Budget() int64 { return in.budget }

// Allocated returns an upper bound of what the allocator takes for n bytes, which it rounds up to one of its sizes.
func Allocated(n int) int { return n + min(n/4, 8<<10) + 16 }

// Use charges the growth of a scratch space to the memory budget. The space grows by doubling, and n items of size
// bytes are needed in it. most is the number of items charged so far, which Use updates. Space that is left from an
// earlier input is charged as well.
func (in *Input) Use(most *int, n, size int) {
	for n > *most {
		*most = max(2*(*most), 64)
		in.Spend(2 * *most * size)
	}
}

// Mark is a place in an Input to which [Input.Return] can go back.
type Mark struct {
	at, depth, check, issues int
	budget                   int64
	dead, truncated, lost    bool
}

// Mark returns a mark of the current place.
func (in *Input) Mark() Mark {
	return Mark{in.At, in.Depth, in.Check, len(in.Issues), in.budget, in.Dead, in.Truncated, in.Lost}
}

// Return goes back to a mark, and discards the issues that were found since. The memory that was spent since remains
// spent.
func (in *Input) Return(m Mark) {
	in.At, in.Depth, in.Issues = m.at, m.depth, in.Issues[:m.issues]
	in.checkFrom(min(in.Check, m.check))
	in.Dead, in.Truncated, in.Lost = m.dead, m.truncated, m.lost
}

// Rewind goes back to a mark as Return does, and gives back the memory that was spent since.
func (in *Input) Rewind(m Mark) {
	in.Return(m)
	in.budget = m.budget
	in.resumeChecks()
}

// FoundSince reports whether issues were found since a mark.
func (in *Input) FoundSince(m Mark) bool {
	return len(in.Issues) != m.issues || in.Truncated != m.truncated
}
