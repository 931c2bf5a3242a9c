package jetstream

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	repos "github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/jetstream"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/traffic"
)

// TestFollow: repositories are followed behind a Jetstream, which is started again meanwhile, and whose connections are cut. It
// leaves out changes of a record that is changed several times in a commit; comparing finds them, so that what the changes lead to is
// what the PDS's repositories have.
func TestFollow(t *testing.T) {
	s := reference.Start(t)
	w := traffic.New(t, s, 2)
	for range 5 {
		w.Commit(t)
	}
	j := start(t, s, "--liveness-ttl", "1h")
	proxy := faultproxy.Start(t, j.address, nil)
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "follow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	reader, err := pds.New(pds.WithNetwork(network.Network{PLC: s.PLC, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	var wrote sync.WaitGroup
	wrote.Go(func() {
		for n := range 30 {
			switch w.Commit(t); n {
			case 5, 15:
				proxy.CutAll()
			case 10:
				j.restart()
			}
		}
		w.End(t)
	})
	defer wrote.Wait()
	var state traffic.State
	done := errors.New("done")
	patient, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	ctx, cancel := context.WithCancelCause(patient)
	defer cancel(nil)
	var last *time.Timer
	trusts := map[rec.Trust]int{}
	err = repos.Run(ctx, client(t, proxy.URL(), jetstream.WithPing(time.Second)), store, func(_ context.Context, event repos.Event) error {
		switch e := event.(type) {
		case *repos.Change:
			trusts[e.Trust]++
			state.Apply(&e.Record)
		case *repos.Problem:
			t.Log(e)
		}
		if state.Ended(w) && last == nil {
			last = time.AfterFunc(10*time.Second, func() { cancel(done) }) // several comparisons later
		}
		return nil
	}, &repos.Options{Repos: w.DIDs(), Client: reader, Grace: time.Second, Compare: 2 * time.Second})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	wrote.Wait()
	t.Logf("%d changes; %d events; trust %v", w.Changes, state.Events, trusts)
	if trusts[rec.Hashed] == 0 || trusts[rec.Signed] == 0 || trusts[rec.Chained] != 0 {
		t.Errorf("the trust of the changes is %v", trusts)
	}
	state.Compare(t, w)
}
