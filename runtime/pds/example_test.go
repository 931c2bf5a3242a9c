package pds_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// exampleServer is a server with a few records of did:web:alice.test, one of which lacks what its lexicon
// asks for.
func exampleServer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/xrpc/com.atproto.repo.listRecords" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"RecordNotFound","message":"Could not locate record"}`)
			return
		}
		view := func(key, value string) string {
			block, err := lex.JSONToCBOR([]byte(value))
			if err != nil {
				log.Fatal(err)
			}
			return fmt.Sprintf(`{"uri":"at://did:web:alice.test/%s/%s","cid":"%s","value":%s}`,
				expression.NSIDExpression, key, cid.Of(cid.DagCBOR, block), value)
		}
		fmt.Fprintf(w, `{"records":[%s,%s,%s]}`,
			view("c", `{"$type":"pub.layers.expression.expression","id":"3","kind":"sentence","text":"Vidi.","createdAt":"2024-01-03T00:00:00Z"}`),
			view("b", `{"$type":"pub.layers.expression.expression","id":"2","text":"Veni?"}`),
			view("a", `{"$type":"pub.layers.expression.expression","id":"1","kind":"sentence","text":"Veni.","createdAt":"2024-01-01T00:00:00Z"}`),
		)
	}))
}

// This example lists the records of a collection, typed and verified. A record that does not follow its lexicon does not end
// the loop.
func ExampleList() {
	server := exampleServer()
	defer server.Close()
	// Without WithHost, a client finds each account's own server.
	client, err := pds.New(pds.WithHost(server.URL), pds.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	for entry, err := range pds.List[expression.Expression](context.Background(), client, "did:web:alice.test", nil) {
		if failure, ok := err.(*rec.Failure); ok {
			fmt.Println(failure.URI.RecordKey(), "has issues:")
			for _, problem := range failure.Issues {
				fmt.Println(" ", problem)
			}
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.URI.RecordKey(), entry.Trust, entry.Value.Text.Or(""))
	}
	// Output:
	// c hashed Vidi.
	// b has issues:
	//   /kind: required: required field is missing
	//   /createdAt: required: required field is missing
	// a hashed Veni.
}

func ExampleGet() {
	server := exampleServer()
	defer server.Close()
	client, err := pds.New(pds.WithHost(server.URL), pds.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	_, err = pds.Get[expression.Expression](context.Background(), client, "at://did:web:alice.test/pub.layers.expression.expression/z")
	fmt.Println(errors.Is(err, pds.ErrRecordNotFound))
	// Output:
	// true
}

// This example reads a whole repository. GetRepo verifies the signature, and the loop verifies each record.
func ExampleClient_GetRepo() {
	client, err := pds.New()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	r, err := client.GetRepo(ctx, "alice.example.com", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	for record, err := range r.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(record.Collection, record.RecordKey, record.CID)
	}
}

// This example continues a list from its last checkpoint.
func ExampleListOptions() {
	client, err := pds.New()
	if err != nil {
		log.Fatal(err)
	}
	load := func() string { return "" }
	save := func(cursor string) {} // to a file, say
	options := &pds.ListOptions{Cursor: load(), Checkpoint: save}
	for entry, err := range pds.List[expression.Expression](context.Background(), client, "alice.example.com", options) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.URI)
	}
}
