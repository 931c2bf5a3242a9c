package follow_test

import (
	"context"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
)

// Example prints all Layers records of the network, and each change from then on. After a restart it goes on where it was.
func Example() {
	run := func(ctx context.Context) error {
		directory, err := identity.New()
		if err != nil {
			return err
		}
		source, err := firehose.New("wss://relay.example.com", firehose.WithDirectory(directory))
		if err != nil {
			return err
		}
		client, err := pds.New(pds.WithDirectory(directory))
		if err != nil {
			return err
		}
		store, err := boltstore.Open("follow.db")
		if err != nil {
			return err
		}
		defer store.Close()
		handler := func(ctx context.Context, event follow.Event) error {
			switch e := event.(type) {
			case *follow.Change:
				fmt.Println(e.Action, e.URI(), e.CID, e.Trust)
			case *follow.Account:
				fmt.Println(e.DID, "is active:", e.Active)
			case *follow.Problem:
				log.Print(e)
			}
			return nil // the event is done
		}
		return follow.Run(ctx, source, store, handler, &follow.Options{
			Host:   "https://relay.example.com",
			Client: client,
			Types:  records.Types,
		})
	}
	_ = run
}
