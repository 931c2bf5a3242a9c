package input_test

import (
	"context"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

func open(ctx context.Context, size int, memory int64) *input.Input {
	in := new(input.Input)
	in.Start(ctx, make([]byte, size), false, input.Reading, memory)
	return in
}

func TestReport(t *testing.T) {
	in := open(context.Background(), 10, 0)
	in.Report(3, issue.RuleMaxLength)
	if in.Lost {
		t.Error("a text that is too long is lost")
	}
	in.Report(3, issue.RuleType)
	if !in.Lost || len(in.Issues) != 2 || !in.ReportedAt(3) || in.ReportedAt(2) {
		t.Errorf("%+v", in.Issues)
	}
	in.Quiet = true
	in.Report(4, issue.RuleType).Want = "nothing"
	if len(in.Issues) != 2 {
		t.Error("a quiet input collects issues")
	}
	in.Fail("the end")
	in.Fail("after the end")
	if len(in.Issues) != 3 || !in.Dead || in.At != len(in.Data) || in.Issues[2].Want != "the end" {
		t.Errorf("after Fail: %+v at %d", in.Issues, in.At)
	}
}

// At the limit of issues, reading stops at the next Poll, not before.
func TestMaxIssues(t *testing.T) {
	in := open(context.Background(), 10, 0)
	for range input.MaxIssues + 5 {
		in.Report(0, issue.RuleMaximum)
	}
	if len(in.Issues) != input.MaxIssues || !in.Truncated || !in.Lost || in.Dead || in.At < in.Check {
		t.Errorf("%d issues, truncated %v, dead %v", len(in.Issues), in.Truncated, in.Dead)
	}
	if in.Poll(); !in.Dead {
		t.Error("Poll does not stop")
	}
}

func TestPoll(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := open(ctx, 1<<20, 0)
	for in.At = 0; in.At < in.Check; in.At++ {
	}
	if in.Poll(); in.Dead || in.Check <= in.At || in.Check > in.At+1<<18 {
		t.Errorf("the next check is at %d, after %d", in.Check, in.At)
	}
	cancel()
	if in.Poll(); !in.Dead || !in.Ended {
		t.Error("Poll does not stop when the context has ended")
	}
}

func TestEnter(t *testing.T) {
	in := open(context.Background(), 10, 0)
	for range input.MaxDepth {
		if !in.Enter() {
			t.Fatalf("too deep at %d", in.Depth)
		}
	}
	if in.Enter() || !in.Dead || in.Depth != input.MaxDepth {
		t.Errorf("depth %d, dead %v", in.Depth, in.Dead)
	}
}

func TestSpend(t *testing.T) {
	in := open(context.Background(), 10, 1000)
	budget := in.Budget()
	if !in.Spend(int(budget)) || in.Dead {
		t.Fatal("the budget cannot be spent")
	}
	if in.Spend(1) || !in.Dead || in.Issues[0].Rule != issue.RuleMemory || in.Issues[0].Want != "decoding takes more than 1000 bytes of memory" {
		t.Errorf("over the budget: %+v", in.Issues)
	}
	in, most := open(context.Background(), 10, 0), 0
	budget = in.Budget()
	for n := range 1000 {
		in.Use(&most, n, 8)
	}
	if spent := budget - in.Budget(); most < 999 || spent < 8*999 || spent > 8*8*999 {
		t.Errorf("%d items are charged with %d bytes", most, spent)
	}
}

func TestMark(t *testing.T) {
	in := open(context.Background(), 100, 0)
	in.At, in.Depth = 10, 1
	in.Report(10, issue.RuleMaximum)
	mark, budget := in.Mark(), in.Budget()
	if in.FoundSince(mark) {
		t.Error("issues were found since the mark, although nothing was read")
	}
	in.Enter()
	in.At = 50
	in.Spend(100)
	in.Fail("broken")
	if !in.FoundSince(mark) {
		t.Error("no issue was found since the mark")
	}
	in.Return(mark)
	if in.At != 10 || in.Depth != 1 || in.Dead || in.Lost || len(in.Issues) != 1 || in.Budget() != budget-100 {
		t.Errorf("after Return: %+v", in)
	}
	if in.Rewind(mark); in.Budget() != budget {
		t.Errorf("after Rewind: %d bytes left of %d", in.Budget(), budget)
	}
}
