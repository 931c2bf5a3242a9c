package firehose_test

import (
	"context"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
)

// Example prints each change of a Layers record, signatures verified, and continues after a restart where it stopped.
func Example() {
	follow := func(ctx context.Context) error {
		directory, err := identity.New()
		if err != nil {
			return err
		}
		client, err := firehose.New("wss://relay.example.com", firehose.WithDirectory(directory))
		if err != nil {
			return err
		}
		options := &firehose.Options{
			Lookup:    records.Lookup,
			Cursors:   firehose.NewCursorFile("cursor.json"),
			Reconnect: true,
		}
		for event, err := range client.Subscribe(ctx, options) {
			if err != nil {
				return err
			}
			switch e := event.(type) {
			case *firehose.Record:
				fmt.Println(e.Action, e.URI(), e.CID, e.Trust)
			case *firehose.BadFrame:
				log.Print(e.Err)
			}
		}
		return nil
	}
	_ = follow
}
