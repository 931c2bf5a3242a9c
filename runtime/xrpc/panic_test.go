package xrpc_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

type panickingReader struct{}

func (panickingReader) Read([]byte) (int, error) { panic("reader") }

// TestInputPanics has a body that panics while it is sent, which goroutines of ours and of net/http do: it is the
// call's error.
func TestInputPanics(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	client, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	err = client.Call(t.Context(), &rpc.Request{
		NSID: "com.example.upload", Procedure: true, Encoding: "image/png", Body: io.MultiReader(strings.NewReader("begins"), panickingReader{}),
	}, &rpc.Response{Output: new(lex.Map)})
	if err == nil || !strings.Contains(err.Error(), "panic: reader") || !strings.Contains(err.Error(), "com.example.upload") {
		t.Errorf("%v", err)
	}
}
