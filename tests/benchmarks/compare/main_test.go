package main

import "testing"

// TestAdd reads what benchmarks print: the earlier ones do not report the times without the floor.
func TestAdd(t *testing.T) {
	earlier, now := side{cpu: 1}, side{cpu: 2}
	for _, round := range []struct {
		side *side
		text string
	}{
		{&earlier, "goos: linux\nBenchmarkRepo/typed \t 1\t 120000000 ns/op\t 200.0 MB/s\t 0.2000 of-floor\n"},
		{&earlier, "BenchmarkRepo/typed \t 1\t 160000000 ns/op\t 150.0 MB/s\t 0.6000 of-floor\n"},
		{&now, "BenchmarkRepo/typed-2 \t 1\t 90000000 ns/op\t 20.00 floor-ms\t 60.00 own-ms\t 0.3333 of-floor\t 7 allocs/op\n"},
		{&now, "BenchmarkRepo/typed-2 \t 1\t 99000000 ns/op\t 25.00 floor-ms\t 50.00 own-ms\t 0.5000 of-floor\t 8 allocs/op\n"},
	} {
		if err := round.side.add(round.text); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []struct {
		side *side
		unit string
		best float64
	}{
		{&earlier, "ns/op", 120e6}, {&earlier, "MB/s", 200},
		{&earlier, "own-ms", 100}, {&earlier, "floor-ms", 20}, {&earlier, "of-floor", 0.2},
		{&now, "own-ms", 50}, {&now, "floor-ms", 20}, {&now, "of-floor", 0.4}, {&now, "allocs/op", 7},
	} {
		want.side.divide()
		if r := want.side.find("Repo/typed", want.unit); r == nil || r.best < want.best-1e-6 || r.best > want.best+1e-6 {
			t.Errorf("%s: %+v, want %v", want.unit, r, want.best)
		}
	}
	if err := now.add("BenchmarkRepo/typed \t 1\t x ns/op\t 1 MB/s\n"); err == nil {
		t.Error("a figure that is not a number: no error")
	}
}
