package schedule_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/follow/internal/schedule"
)

func TestAlarms(t *testing.T) {
	var a schedule.Alarms[int]
	start := time.Unix(1_000_000, 0)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	if _, wait, ok := a.Due(start, time.Hour); ok || wait != time.Hour {
		t.Error("nothing is set", wait, ok)
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(100)
	for i, seconds := range order {
		earlier := slices.ContainsFunc(order[:i], func(s int) bool { return s < seconds })
		if got := a.Set(at(seconds), seconds); got == earlier {
			t.Errorf("alarm %d: earliest is %v", seconds, got)
		}
	}
	for want := range 50 {
		if got, _, ok := a.Due(at(49), time.Hour); !ok || got != want {
			t.Fatalf("got %d, %v, want %d", got, ok, want)
		}
	}
	if _, wait, ok := a.Due(at(49), time.Hour); ok || wait != time.Second {
		t.Error("the next one is due in", wait, ok)
	}
	if _, wait, ok := a.Due(at(-10_000), time.Hour); ok || wait != time.Hour {
		t.Error("the longest wait is", wait, ok)
	}
}

func TestHosts(t *testing.T) {
	h := schedule.Hosts[int]{PerHost: 2}
	admitted := func(origin string, item int, want bool) {
		t.Helper()
		if got := h.Admit(origin, item); got != want {
			t.Errorf("%s, item %d: admitted is %v", origin, item, got)
		}
	}
	admitted("a", 1, true)
	admitted("a", 2, true)
	admitted("a", 3, false)
	admitted("a", 4, false)
	admitted("b", 5, true)
	if h.Running != 3 {
		t.Error(h.Running, "requests")
	}
	for _, want := range []int{3, 4} {
		if got, ok := h.Leave("a"); !ok || got != want {
			t.Errorf("got %d, %v, want %d", got, ok, want)
		}
	}
	if got, ok := h.Leave("b"); ok || h.Running != 0 {
		t.Error(got, ok, h.Running)
	}
	admitted("a", 3, true)
}
