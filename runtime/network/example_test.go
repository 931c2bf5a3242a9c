package network_test

import (
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
)

// A test describes its servers once. Each package takes the description.
func Example() {
	local := network.Network{PLC: "http://localhost:2582", PDS: "http://localhost:2583", AllowPrivate: true}
	reader, err := pds.New(pds.WithNetwork(local))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reader.Directory().Network().PLC)
	// Output: http://localhost:2582
}

// A program uses the servers that the environment names, if it names any, as the command does.
func ExampleFromEnv() {
	n, err := network.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	if _, err := pds.New(pds.WithNetwork(n)); err != nil {
		log.Fatal(err)
	}
}
