package auth_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

func Example() {
	ctx := context.Background()
	server := httptest.NewServer(newFake()) // stands in for a PDS
	defer server.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	store, err := auth.OpenStore(filepath.Join(dir, "auth.json")) // "" in a program for users
	if err != nil {
		log.Fatal(err)
	}
	options := []auth.Option{
		auth.WithStore(store),
		// Only for a server on this host. Without it, the account's server is looked up.
		auth.WithNetwork(network.Network{PDS: server.URL, AllowPrivate: true}),
	}

	// A program tries to resume, and logs in when there is nothing to resume.
	client, err := auth.Resume(ctx, "", options...)
	if errors.Is(err, auth.ErrNoSession) {
		client, err = auth.Login(ctx, "alice.example.com", "abcd-efgh-ijkl-mnop", options...)
	}
	if err != nil {
		log.Fatal(err)
	}

	var answer lex.Map
	if err := client.Call(ctx, &rpc.Request{NSID: "com.example.ping"}, &rpc.Response{Output: &answer}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.DID(), answer.Len())

	resumed, err := auth.Resume(ctx, "", options...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resumed.Session().Handle)
	// Output:
	// did:plc:ewvi7nxzyoun6zhxrhs64oiz 1
	// alice.example.com
}
