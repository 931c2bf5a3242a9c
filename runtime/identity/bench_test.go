package identity_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// remembering returns a directory that remembers so many accounts, and their names.
func remembering(t testing.TB, accounts int) (d *identity.Directory, handles, dids []syntax.AtIdentifier) {
	n := newNetwork()
	d = n.directory(t, n.withService())
	for i := range accounts {
		handle := syntax.Handle(fmt.Sprintf("user%d.test", i))
		n.served(string(handle), numbered(i))
		n.account(numbered(i), string(handle))
		handles, dids = append(handles, handle.AtIdentifier()), append(dids, numbered(i).AtIdentifier())
		if _, err := d.Resolve(t.Context(), handle.AtIdentifier()); err != nil {
			t.Fatal(err)
		}
	}
	return d, handles, dids
}

// What is remembered is given out without garbage.
func TestResolveAllocates(t *testing.T) {
	d, handles, dids := remembering(t, 1)
	for _, actor := range []syntax.AtIdentifier{handles[0], dids[0]} {
		allocs := testing.AllocsPerRun(1000, func() {
			if i, err := d.Resolve(t.Context(), actor); err != nil || i.DID == "" {
				t.Errorf("got %+v, %v", i, err)
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %g allocations, want none", actor, allocs)
		}
	}
}

// BenchmarkResolve resolves remembered accounts: by handle and by DID, one of them and a thousand, from one
// goroutine and from eight. The time is that of all goroutines together for each Resolve.
func BenchmarkResolve(b *testing.B) {
	d, handles, dids := remembering(b, 1000)
	for name, actors := range map[string][]syntax.AtIdentifier{"handle": handles, "DID": dids} {
		for _, accounts := range []int{1, len(actors)} {
			for _, goroutines := range []int{1, 8} {
				b.Run(fmt.Sprintf("by=%s/accounts=%d/goroutines=%d", name, accounts, goroutines), func(b *testing.B) {
					ctx := b.Context()
					b.ReportAllocs()
					if goroutines == 1 {
						for i := 0; b.Loop(); i++ {
							d.Resolve(ctx, actors[i%accounts])
						}
						return
					}
					b.SetParallelism((goroutines + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
					b.RunParallel(func(pb *testing.PB) {
						for i := 0; pb.Next(); i++ {
							d.Resolve(ctx, actors[i%accounts])
						}
					})
				})
			}
		}
	}
}
