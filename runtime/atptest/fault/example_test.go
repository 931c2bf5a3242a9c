package fault_test

import (
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
)

func Example() {
	n, err := atptest.Start() // in a test: n := atptest.New(t)
	if err != nil {
		log.Fatal(err)
	}
	defer n.Close()
	p := n.NewPDS()
	p.Fail(fault.HTML(http.StatusBadGateway).Once(), "com.atproto.server.*")
	for range 2 {
		response, err := http.Get(p.URL + "/xrpc/com.atproto.server.describeServer")
		if err != nil {
			log.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		fmt.Println(response.Status, response.Header.Get("Content-Type"))
	}
	// Output:
	// 502 Bad Gateway text/html
	// 200 OK application/json
}
