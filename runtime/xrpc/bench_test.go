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

// BenchmarkCall is a query over a loopback connection. "net/http" is the same without this package, read
// to the end.
func BenchmarkCall(b *testing.B) {
	body := `{"uri":"at://` + did + `/com.example.record/self","value":"` + strings.Repeat("x", 1000) + `"}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, 200, body) }))
	defer s.Close()
	b.Run("net/http", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(background, http.MethodGet, s.URL+"/xrpc/com.example.get?limit=5", nil)
			if err != nil {
				b.Fatal(err)
			}
			response, err := s.Client().Do(req)
			if err != nil {
				b.Fatal(err)
			}
			data, err := io.ReadAll(response.Body)
			if err != nil || len(data) != len(body) {
				b.Fatal(err)
			}
			response.Body.Close()
		}
	})
	b.Run("xrpc", func(b *testing.B) {
		c, err := xrpc.New(s.URL, xrpc.WithNetwork(network.Network{HTTPClient: s.Client()}), xrpc.WithPace(0, 0))
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			call := testCall{Request: rpc.Request{NSID: "com.example.get"}, Response: rpc.Response{Output: new(lex.Raw)}}
			call.Params.Int("limit", 5)
			if err := (&call).do(background, c); err != nil {
				b.Fatal(err)
			}
		}
	})
}
