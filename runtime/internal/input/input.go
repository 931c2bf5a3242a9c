// Package input holds the state that the readers of DAG-CBOR and JSON share: the bytes, the position in them, the
// issues that were found, and the limits of time and memory.
//
// Its functions, and those of the packages that read an [Input], do not return errors. They record what is wrong as
// issues in the Input. After an error past which reading cannot continue, the Input is dead: its position is at the end,
// and nothing more is read.
package input

import (
	"context"
	"math"
	"unsafe"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/issue"
)

const (
	// MaxDepth is how deep arrays and objects may nest.
	MaxDepth = 64
	// MaxIssues is how many issues are collected; reading stops at that number.
	MaxIssues = 1000
)

// Purpose says what a value is read for. Some values are accepted from others, but must not be written or sent.
type Purpose uint8

// The purposes of reading a value.
const (
	Reading    Purpose = iota // the value was received
	Validating                // it may be written: a blob must not be empty
	Sending                   // it is about to be sent: integers, too, must fit in 53 bits
)

// Input is the bytes that are read, the position in them, and the issues that were found. It must not be used by
// several goroutines at once.
type Input struct {
	Data      []byte // the bytes
	Str       string // the same memory
	At        int    // the offset of the next byte
	Check     int    // the offset from which Poll must be called
	Depth     int    // of the innermost open array or object
	JSON      bool   // it is JSON and not DAG-CBOR
	Dead      bool   // reading has ended, because of an error or a limit: nothing more is read
	Quiet     bool   // issues are not collected, because the same bytes are read again elsewhere
	Lost      bool   // the decoded value does not hold all data of the input
	Truncated bool   // there are more issues than were collected
	Ended     bool   // the context has ended reading
	Purpose   Purpose
	Short     [32]byte // memory for a short string with escapes that is compared with a key and not kept
	Issues    []issue.Issue

	dropped issue.Issue     // what Report returns for an issue that is not collected
	ahead   uint            // the offset from which Ahead returns false
	ctx     context.Context // nil if it never ends
	budget  int64           // bytes that may still be allocated; see Spend
	memory  int64           // the limit of memory in bytes, from which budget was computed
}

// Start makes in ready to read b, which is JSON or else DAG-CBOR. Decoding may take the given number of bytes of
// memory; 0 means the limit of [BaseMemory] and [MemoryPerByte]. When ctx ends, reading stops.
func (in *Input) Start(ctx context.Context, b []byte, json bool, purpose Purpose, memory int64) {
	if ctx.Done() == nil {
		ctx = nil
	}
	*in = Input{Data: b, Str: unsafe.String(unsafe.SliceData(b), len(b)), JSON: json, Purpose: purpose, ctx: ctx}
	in.limit(memory)
	in.resumeChecks()
}

// Err returns the error of the context, if it ended the reading.
func (in *Input) Err() error {
	if in.Ended {
		return in.ctx.Err()
	}
	return nil
}

// Ahead reports whether at least 32 bytes are left to read, which [Input.Window] returns, and Poll need not be called.
func (in *Input) Ahead() bool { return uint(in.At) < in.ahead }

// Window returns the next 32 bytes, without moving past them. The caller must have called [Input.Ahead], which returned
// true.
func (in *Input) Window() *[32]byte {
	return (*[32]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(in.Data)), in.At))
}

// checkEvery is how many bytes are read between two checks of the context. Reading them takes a few milliseconds at
// most.
const checkEvery = 128 << 10

// resumeChecks sets the offset at which Poll must be called next.
func (in *Input) resumeChecks() {
	switch {
	case in.Truncated:
		in.checkFrom(0)
	case in.ctx != nil:
		in.checkFrom(in.At + checkEvery)
	default:
		in.checkFrom(math.MaxInt)
	}
}

func (in *Input) checkFrom(offset int) {
	in.Check = offset
	in.ahead = uint(max(min(offset, len(in.Data)-31), 0))
}

// Poll stops reading if there are too many issues, or if the context has ended. Every loop and every recursive function
// calls it at its beginning once the position has reached Check. No value is half read at such a point, so that other
// code need not handle the end of reading after a report or an allocation.
func (in *Input) Poll() {
	switch {
	case in.Dead:
	case in.Truncated:
		in.Stop()
	case in.ctx != nil && in.ctx.Err() != nil:
		in.Ended = true
		in.Stop()
	default:
		in.resumeChecks()
	}
}

// Stop moves to the end, so that nothing more is read.
func (in *Input) Stop() {
	in.Dead = true
	in.At = len(in.Data)
}

// Report adds an issue about the value at offset and returns it, for the caller to fill in. It does not stop reading:
// at the limit of issues, further ones are dropped until the next Poll stops.
func (in *Input) Report(offset int, rule issue.Rule) *issue.Issue {
	if in.Quiet {
		return &in.dropped
	}
	return in.collect(offset, rule)
}

func (in *Input) collect(offset int, rule issue.Rule) *issue.Issue {
	if !holds(rule) {
		in.Lost = true
	}
	if len(in.Issues) == MaxIssues { // a bound on memory and time, not only on the report
		in.Truncated, in.Lost = true, true
		in.resumeChecks()
		return &in.dropped
	}
	in.Issues = append(in.Issues, issue.Issue{Rule: rule, Offset: offset})
	return &in.Issues[len(in.Issues)-1]
}

// holds reports whether a Go value can hold a value that breaks the rule. Code that reports an exception to this sets
// Lost itself.
func holds(rule issue.Rule) bool {
	switch rule {
	case issue.RuleMinLength, issue.RuleMaxLength, issue.RuleMinGraphemes, issue.RuleMaxGraphemes, issue.RuleMinimum,
		issue.RuleMaximum, issue.RuleEnum, issue.RuleConst, issue.RuleFormat, issue.RuleUnion, issue.RuleBlob:
		return true
	}
	return false
}

// ReportLimit reports that the value at offset breaks a rule about a length or a range.
func (in *Input) ReportLimit(offset int, rule issue.Rule, limit, got int64) {
	i := in.Report(offset, rule)
	i.Limit, i.Got = limit, got
}

// ReportedAt reports whether the newest issue is about the value at offset.
func (in *Input) ReportedAt(offset int) bool {
	n := len(in.Issues)
	return n > 0 && in.Issues[n-1].Offset == offset
}

// CheckRange reports the integer v at offset at, if it is not in the range min to max.
func (in *Input) CheckRange(at int, v, min, max int64) {
	if v < min {
		in.ReportLimit(at, issue.RuleMinimum, min, v)
	} else if v > max {
		in.ReportLimit(at, issue.RuleMaximum, max, v)
	}
}

// Fail reports that the input is not well-formed at the current offset, and ends reading.
func (in *Input) Fail(why string) { in.failBy(issue.RuleSyntax, why) }

func (in *Input) failBy(rule issue.Rule, why string) {
	if !in.Dead {
		in.collect(in.At, rule).Want = why
		in.Stop()
	}
}

// Enter enters an array or object. It returns false if the nesting is too deep.
func (in *Input) Enter() bool {
	if in.Depth >= MaxDepth {
		in.Fail("nesting too deep")
		return false
	}
	in.Depth++
	return true
}

// Excerpt quotes the start of s for a message.
func Excerpt(s string) string { return quote.Text(s, 64) }
