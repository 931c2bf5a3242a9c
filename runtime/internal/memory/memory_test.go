package memory_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/memory"
)

type item struct {
	text string
	n    int
}

func TestText(t *testing.T) {
	data := []byte("a short text, and then a longer one that does not fit into 24 bytes" + strings.Repeat(" and on", 1000))
	whole := unsafe.String(&data[0], len(data))
	var kept, shared memory.Text
	shared.Share = true
	parts := []string{"", whole[:7], whole[14:60], whole[len(whole)-5:], whole, strings.Repeat("x", 20)}
	var copies []string
	for range 100 { // more than a chunk holds
		for _, part := range parts {
			copies = append(copies, kept.Keep(part, data))
		}
	}
	want := strings.Clone(parts[4])
	var wants []string
	for _, part := range parts {
		wants = append(wants, strings.Clone(part))
	}
	part := shared.Keep(parts[1], data)
	clear(data)
	for i, got := range copies {
		if got != wants[i%len(wants)] {
			t.Fatalf("copy %d is %.40q, want %.40q", i, got, wants[i%len(wants)])
		}
	}
	if len(want) == 0 || part == wants[1] {
		t.Error("shared text is a copy")
	}
}

// Objects are zero, and no two are the same.
func TestNew(t *testing.T) {
	var arena memory.Arena
	for _, a := range []*memory.Arena{nil, &arena, {Keep: true}} {
		var in input.Input
		in.Start(context.Background(), nil, false, input.Reading, 0)
		o := memory.Objects{Arena: a, Expect: 100}
		o.Next()
		seen := map[*item]bool{}
		for range 200 {
			p := memory.New[item](&o, &in)
			if *p != (item{}) || seen[p] {
				t.Fatalf("%v was given out before: %v", p, seen[p])
			}
			seen[p] = true
			*p = item{"used", 1}
		}
		if s := memory.Items[item](&o, 3); len(s) != 0 || cap(s) != 3 || s[:3][2] != (item{}) {
			t.Errorf("Items: %d of %d", len(s), cap(s))
		}
	}
}

// An arena allocates nothing when it is used again, and is zero again.
func TestArenaReset(t *testing.T) {
	var arena memory.Arena
	var o memory.Objects
	var text memory.Text
	data := []byte(strings.Repeat("some text ", 10))
	round := func() {
		var in input.Input
		in.Start(context.Background(), data, false, input.Reading, 0)
		arena.Lend(&o, &text, len(data))
		for i := range 20 {
			p := memory.New[item](&o, &in)
			if *p != (item{}) {
				t.Fatalf("not zero: %v", *p)
			}
			*p = item{text.Keep(in.Str[i:i+4], data), i}
		}
		arena.GiveBack(&o, &text)
		arena.Reset()
	}
	round()
	round()
	if n := testing.AllocsPerRun(10, round); n > 0 {
		t.Errorf("%v allocations", n)
	}
	arena.Overwrite = true
	var in input.Input
	in.Start(context.Background(), data, false, input.Reading, 0)
	arena.Lend(&o, &text, len(data))
	p := memory.New[item](&o, &in)
	*p = item{text.Keep(in.Str[:4], data), 1}
	kept := p.text
	arena.GiveBack(&o, &text)
	arena.Reset()
	if *p != (item{}) || kept == "some" {
		t.Errorf("after Reset: %v, %q", *p, kept)
	}
}

// What an arena keeps is bounded even if much is allocated between two calls of Reset and dropped at once, as for the items
// of a page that turn out to be malformed.
func TestArenaDropped(t *testing.T) {
	const megabyte = 1 << 20
	var arena memory.Arena
	var o memory.Objects
	var text memory.Text
	var in input.Input
	in.Start(context.Background(), nil, false, input.Reading, 1<<40)
	arena.Lend(&o, &text, 0)
	for range 64 * megabyte / int(unsafe.Sizeof(item{})) {
		memory.New[item](&o, &in)
	}
	arena.GiveBack(&o, &text)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	runtime.KeepAlive(&arena)
	arena, o = memory.Arena{}, memory.Objects{}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int(before.HeapAlloc) - int(after.HeapAlloc); kept > 2*megabyte {
		t.Errorf("the arena keeps %d bytes", kept)
	}
}

// Keep leaves values as they are.
func TestArenaKeep(t *testing.T) {
	arena := memory.Arena{Keep: true}
	var in input.Input
	in.Start(context.Background(), nil, false, input.Reading, 0)
	o := memory.Objects{Arena: &arena}
	var all []*item
	for i := range 100 {
		p := memory.New[item](&o, &in)
		*p = item{"kept", i}
		all = append(all, p)
		if i%10 == 9 {
			arena.Reset()
		}
	}
	for i, p := range all {
		if *p != (item{"kept", i}) {
			t.Fatalf("item %d is %v", i, *p)
		}
	}
}
