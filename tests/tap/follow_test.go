package tap

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	repos "github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/tap"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/traffic"
)

// TestFollow: repositories are followed behind a Tap, which is killed and started again meanwhile, and whose connections are cut. It
// sends one event of a repository after the other, so that a comparison may be ahead of it, and loses deletions when it reads a
// repository again. Comparing finds them, so that what the changes lead to is what the PDS's repositories have.
func TestFollow(t *testing.T) {
	s := reference.Start(t)
	w := traffic.New(t, s, 2)
	for range 2 {
		w.Commit(t)
	}
	a := start(t, s)
	a.add(w.DIDs()...)
	proxy := faultproxy.Start(t, a.address, nil)
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "follow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	reader, err := pds.New(pds.WithNetwork(network.Network{PLC: s.PLC, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	done := errors.New("done")
	ctx, end := context.WithCancelCause(ctx)
	live := make(chan bool) // closed when a change has come from Tap
	var wrote sync.WaitGroup
	wrote.Go(func() {
		for n := range 12 {
			switch w.Commit(t); n {
			case 3, 9:
				proxy.CutAll()
			case 5:
				a.process.Kill()
				a.run()
			case 7:
				a.restart()
			}
		}
		w.End(t)
		// Records until Tap has sent all that came before.
		for n := 0; ; n++ {
			w.Accounts[0].CreateRecord(t, corpus, fmt.Sprint("live", n), value(fmt.Sprint(n)))
			select {
			case <-live:
				time.AfterFunc(20*time.Second, func() { end(done) }) // after another comparison
				return
			case <-ctx.Done():
				return
			case <-time.After(2 * time.Second):
			}
		}
	})
	defer wrote.Wait()
	defer end(nil)
	var state traffic.State
	trusts := map[rec.Trust]int{}
	err = repos.Run(ctx, client(t, proxy.URL(), tap.WithPing(time.Second)), store, func(_ context.Context, event repos.Event) error {
		switch e := event.(type) {
		case *repos.Change:
			if trusts[e.Trust]++; e.Trust == rec.Hashed && strings.HasPrefix(string(e.RecordKey), "live") {
				select {
				case <-live:
				default:
					close(live)
				}
			}
			state.Apply(&e.Record)
		case *repos.Problem:
			t.Log(e)
		}
		return nil
	}, &repos.Options{Repos: w.DIDs(), Client: reader, Grace: time.Second, Compare: 8 * time.Second})
	if !errors.Is(err, done) {
		t.Fatalf("%v\n%s", err, a.process.Output())
	}
	wrote.Wait()
	t.Logf("%d changes; %d events; trust %v", w.Changes, state.Events, trusts)
	if trusts[rec.Hashed] == 0 || trusts[rec.Signed] == 0 || trusts[rec.Chained] != 0 || !state.Ended(w) {
		t.Errorf("the trust of the changes is %v", trusts)
	}
	state.Compare(t, w)
}
