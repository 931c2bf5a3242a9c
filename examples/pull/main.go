// Command pull downloads a repository, verifies it, decodes all records, and prints those that violate their lexicons:
//
//	go run ./pull alice.example.com
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func main() {
	ctx := context.Background()
	servers := must(network.FromEnv()) // the public network, unless the environment says otherwise
	client := must(pds.New(pds.WithNetwork(servers)))
	archive := must(client.GetRepo(ctx, syntax.AtIdentifier(os.Args[1]), nil))
	defer archive.Close()
	all := must(records.Decode(ctx, archive, nil))
	for _, failure := range all.Failures {
		fmt.Println(&failure)
	}
	fmt.Println(len(all.Expression), "expressions,", len(all.Failures), "failures,", len(all.Unknown), "unknown")
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
