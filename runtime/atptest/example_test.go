package atptest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/write"
)

func Example() {
	ctx := context.Background()
	n, err := atptest.Start() // in a test: n := atptest.New(t)
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close()
	alice := n.NewAccount("alice.test")

	session, err := auth.Login(ctx, "alice.test", alice.Password, auth.WithNetwork(n.Options()))
	if err != nil {
		log.Fatal(err)
	}
	note, err := write.ParseRecord([]byte(`{"$type": "com.example.note", "text": "hello"}`))
	if err != nil {
		log.Fatal(err)
	}
	ref, err := write.Create(ctx, session, note, &write.CreateOptions{AllowUnknown: true})
	if err != nil {
		log.Fatal(err)
	}

	reader, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		log.Fatal(err)
	}
	proof, err := reader.GetRecordProof(ctx, ref.URI)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(proof.Found, proof.Record.CID == ref.CID)
	// Output: true true
}

// A server that fails once.
func ExampleServer_Fail() {
	ctx := context.Background()
	n, err := atptest.Start()
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close()
	alice := n.NewAccount("alice.test")
	alice.PutJSON("com.example.note", "1", `{"$type": "com.example.note", "text": "hello"}`)
	alice.PDS().Fail(fault.HTML(502).Once(), "com.atproto.sync.getRepo")

	reader, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		log.Fatal(err)
	}
	r, err := reader.GetRepo(ctx, "alice.test", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for record, err := range r.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(record.Collection, record.RecordKey)
	}
	fmt.Println(alice.PDS().Requests("com.atproto.sync.getRepo"), "requests")
	// Output:
	// com.example.note 1
	// 2 requests
}
