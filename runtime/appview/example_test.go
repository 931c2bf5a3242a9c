package appview_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/appview"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// newAppview starts an appview that knows one expression.
func newAppview() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"records":[{
			"uri": "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.expression.expression/3l3famgxlzxwf",
			"cid": "bafyreifzorcaww5a552w3fpt7r4veqdvovpgvd4eitfftjyaukwaxdvgbq",
			"value": {"$type": "pub.layers.expression.expression", "id": "1", "kind": "sentence", "text": "Guten Tag", "createdAt": "2026-01-01T00:00:00Z"}
		}]}`)
	}))
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
