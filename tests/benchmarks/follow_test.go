package benchmarks

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// BenchmarkBackfill reads 1,000 small repositories from a local server, verified and decoded: with GetRepo alone, four at a
// time, as package follow reads from one server, and by following them into a file.
func BenchmarkBackfill(b *testing.B) {
	const repos, recordsEach = 1000, 20
	n := atptest.New(b)
	server := n.NewPDS()
	archives := map[string][]byte{}
	var dids []syntax.DID
	for i := range repos {
		a := server.NewAccount(syntax.Handle(fmt.Sprintf("a%d.test", i)))
		var writes []repo.Write
		for j := range recordsEach {
			data, err := lex.EncodeCBOR(&corpus.Corpus{Name: fmt.Sprint("corpus ", i, " ", j), CreatedAt: "2026-01-02T03:04:05.678Z"})
			if err != nil {
				b.Fatal(err)
			}
			writes = append(writes, repo.Write{Path: fmt.Sprintf("%s/3mabcdefgh%c2a", corpus.NSIDCorpus, 'a'+j), Data: data})
		}
		a.CommitSilently(writes...)
		archives[string(a.DID)] = a.Archive()
		dids = append(dids, a.DID)
	}
	server.Fail(fault.Custom("archives made before", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/vnd.ipld.car")
		w.Write(archives[r.URL.Query().Get("did")])
	}), "com.atproto.sync.getRepo")
	at := network.Network{PLC: n.PLC().URL, AllowPrivate: true}
	directory := func() *identity.Directory {
		d, err := identity.New(identity.WithNetwork(at))
		if err != nil {
			b.Fatal(err)
		}
		return d
	}
	client := func(d *identity.Directory) *pds.Client {
		c, err := pds.New(pds.WithDirectory(d), pds.WithXRPC(xrpc.WithPace(0, 0)))
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	b.Run("getRepo", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c := client(directory())
			next := make(chan syntax.DID)
			var workers sync.WaitGroup
			for range 4 {
				workers.Go(func() {
					for did := range next {
						r, err := c.GetRepo(b.Context(), syntax.AtIdentifier(did), nil)
						if err != nil {
							b.Error(err)
							continue
						}
						count := 0
						for record, err := range r.Decode(b.Context(), records.Lookup, nil) {
							if err != nil || len(record.Issues) > 0 {
								b.Error(err, record)
								break
							}
							count++
						}
						if r.Close(); count != recordsEach {
							b.Errorf("%d records", count)
						}
					}
				})
			}
			for _, did := range dids {
				next <- did
			}
			close(next)
			workers.Wait()
		}
	})
	b.Run("follow", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			store, err := boltstore.Open(filepath.Join(b.TempDir(), "store"))
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			d := directory()
			source, err := firehose.New("ws"+strings.TrimPrefix(server.URL, "http"), firehose.WithNetwork(at), firehose.WithDirectory(d))
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(b.Context())
			changes, current := 0, 0
			err = follow.Run(ctx, source, store, func(_ context.Context, event follow.Event) error {
				switch e := event.(type) {
				case *follow.Change:
					if changes++; e.Value == nil || len(e.Issues) > 0 {
						b.Error(e)
					}
				case *follow.Current:
					if current++; current == repos {
						cancel()
					}
				case *follow.Problem:
					b.Error(e)
				}
				return nil
			}, &follow.Options{Types: records.Types, Repos: dids, Client: client(d), Compare: -1, Grace: time.Minute})
			if ctx.Err() == nil || changes != repos*recordsEach {
				b.Error(changes, "changes:", err)
			}
			b.StopTimer()
			store.Close()
			b.StartTimer()
		}
	})
}
