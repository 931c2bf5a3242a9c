package appview_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/atptest/layersview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// newAppview starts an appview that knows one expression.
func newAppview() *httptest.Server {
	const uri = "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3l3famgxlzxwf"
	view := layersview.New(layersview.WithHandles(func(context.Context, syntax.Handle) (syntax.DID, error) {
		return "did:plc:ewvi7nxzyoun6zhxrhs64oiz", nil
	}))
	data, err := lex.EncodeCBOR(&expression.Expression{ID: "1", Kind: "sentence", Text: lex.Some("Guten Tag"), CreatedAt: "2026-01-01T00:00:00Z"})
	if err == nil {
		err = view.Put(uri, cid.Of(cid.DagCBOR, data), data)
	}
	if err != nil {
		log.Fatal(err)
	}
	return httptest.NewServer(view)
}

// Generated clients run on a Client.
func Example() {
	server := newAppview()
	defer server.Close()
	view, err := appview.New(server.URL, appview.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	client := expression.NewClient(view)
	params := &expression.ListExpressionsParams{Repo: "alice.example.com", Kind: lex.Some("sentence")}
	for item, err := range client.ListExpressionsIter(context.Background(), params) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.URI.RecordKey(), item.Value.Text.Or(""))
	}
	// Output: 3l3famgxlzxwf Guten Tag
}

// Any query can be called by its name.
func ExampleClient_List() {
	server := newAppview()
	defer server.Close()
	view, err := appview.New(server.URL, appview.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	params := rpc.Params{{Name: "repo", Value: "alice.example.com"}}
	for e, err := range view.List(context.Background(), "expression.listExpressions", params) {
		if failure, ok := err.(*rec.Failure); ok {
			log.Print(failure) // one record; the loop goes on
			continue
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.URI.RecordKey(), e.Trust)
	}
	// Output: 3l3famgxlzxwf claimed
}
