package main

import (
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/jetstream"
	"github.com/layers-pub/layers-go/runtime/tap"
)

// subscriber returns a client for the stream of a relay, a jetstream or a tap, as kind says, at address. If directory
// is not nil, the client of a relay verifies commits with it; the other streams have no commits.
func subscriber(s *connect.Servers, kind, address string, directory *identity.Directory) (client firehose.Subscriber, err error) {
	switch kind {
	case "relay":
		opts := []firehose.Option{firehose.WithNetwork(s.Network())}
		if directory != nil {
			opts = append(opts, firehose.WithDirectory(directory))
		}
		client, err = firehose.New(address, opts...)
	case "jetstream":
		client, err = jetstream.New(address, jetstream.WithNetwork(s.Network()))
	case "tap":
		client, err = tap.New(address, tap.WithNetwork(s.Network()))
	default:
		return nil, exit.Misuse("--source is %q: it must be relay, jetstream or tap", kind)
	}
	if err != nil {
		return nil, exit.Misuse("%v", err)
	}
	return client, nil
}

// subscriber returns a client for the stream that the flags name, or an error if the flags contradict each other.
func (t *tailing) subscriber(s *connect.Servers, directory *identity.Directory, hasCursor bool) (firehose.Subscriber, error) {
	address := t.relay
	if address == "" && t.source == "relay" {
		address = s.PDS
	}
	switch {
	case address == "" && t.source == "relay":
		return nil, exit.Misuse("layers tail needs the address of a relay or a PDS: --relay URL")
	case address == "":
		return nil, exit.Misuse("layers tail --source %s needs its address: --relay URL", t.source)
	case t.verify && t.source != "relay":
		return nil, exit.Misuse("--verify can only be used with a relay or a PDS: a %s sends no proofs", t.source)
	case t.source == "tap" && (hasCursor || t.cursorFile != ""):
		return nil, exit.Misuse("a tap has no positions: leave out --cursor and --cursor-file")
	}
	if !t.verify {
		directory = nil
	}
	return subscriber(s, t.source, address, directory)
}
