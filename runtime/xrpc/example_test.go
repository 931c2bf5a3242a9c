package xrpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// This example calls a query whose answer is JSON, and recognizes the error that its method declares.
func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Query().Get("handle") != "alice.example.com" {
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"HandleNotFound","message":"Unable to resolve handle"}`)
			return
		}
		io.WriteString(w, `{"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz"}`)
	}))
	defer server.Close()

	service, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true})) // it runs on this host
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, handle := range []string{"alice.example.com", "bob.example.com"} {
		var output lex.Map
		resolve := &rpc.Request{NSID: "com.atproto.identity.resolveHandle"}
		resolve.Params.String("handle", handle)
		err := service.Call(context.Background(), resolve, &rpc.Response{Output: &output})
		if errors.Is(err, rpc.ErrorName("HandleNotFound")) {
			fmt.Println(handle, "does not exist")
		} else if err != nil {
			fmt.Println(err)
		} else {
			answer, _ := output.MarshalJSON()
			fmt.Println(handle, string(answer))
		}
	}
	// Output:
	// alice.example.com {"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz"}
	// bob.example.com does not exist
}

// This example copies an answer that is a stream. It is complete if no error is returned.
func ExampleClient_Call_stream() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.ipld.car")
		io.WriteString(w, "an archive")
	}))
	defer server.Close()

	service, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		fmt.Println(err)
		return
	}
	get := &rpc.Request{NSID: "com.atproto.sync.getRepo"}
	get.Params.String("did", "did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	archive := &rpc.Response{Stream: true}
	if err := service.Call(context.Background(), get, archive); err != nil {
		fmt.Println(err)
		return
	}
	defer archive.Body.Close()
	n, err := io.Copy(os.Stdout, archive.Body)
	fmt.Println()
	fmt.Println(n, "bytes of", archive.Encoding, err)
	// Output:
	// an archive
	// 10 bytes of application/vnd.ipld.car <nil>
}
