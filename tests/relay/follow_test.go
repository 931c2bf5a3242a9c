package relay_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	repos "github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/relay"
	"github.com/layers-pub/layers-go/tests/traffic"
)

// TestFollow: repositories are followed through the relay, which is started again and set up anew meanwhile. What the
// changes lead to is what the PDS's repositories have.
func TestFollow(t *testing.T) {
	s := reference.Start(t)
	w := traffic.New(t, s, 3)
	for range 6 {
		w.Commit(t)
	}
	r := relay.Start(t, s.PDS, relay.Options{PLC: s.PLC, Since: before(t, s, w.Accounts[0])})
	proxy := faultproxy.Start(t, r.URL(), nil)
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "follow.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	local := network.Network{PLC: s.PLC, AllowPrivate: true}
	client, err := pds.New(pds.WithNetwork(local))
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
				r.Restart()
			case 20:
				r.Reset()
			}
		}
		w.End(t)
	})
	defer wrote.Wait()
	var state traffic.State
	done := errors.New("done")
	patient, stop := context.WithTimeout(t.Context(), 8*time.Minute)
	defer stop()
	ctx, cancel := context.WithCancelCause(patient)
	defer cancel(nil)
	var last *time.Timer // the last record of a repository that is fetched is not the last to come
	err = repos.Run(ctx, verifying(t, s.PLC, proxy.URL(), firehose.WithPing(time.Second)), store, func(_ context.Context, event repos.Event) error {
		switch e := event.(type) {
		case *repos.Change:
			state.Apply(&e.Record)
		case *repos.Problem:
			t.Log(e)
		}
		if state.Ended(w) && last == nil {
			last = time.AfterFunc(5*time.Second, func() { cancel(done) })
		}
		return nil
	}, &repos.Options{
		Repos: w.DIDs(), Client: client, Grace: time.Second,
		// To a position that it has not reached, the relay sends nothing before the next event, and the last one has been.
		Compare: 5 * time.Second,
	})
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	wrote.Wait()
	t.Logf("%d changes; %d events", w.Changes, state.Events)
	state.Compare(t, w)
}
