package atptest_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
)

// TestConnected checks that a client gets each event from the moment at which it knows that it is connected.
func TestConnected(t *testing.T) {
	p := atptest.New(t).NewPDS()
	for i := range 50 {
		c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"/xrpc/com.atproto.sync.subscribeRepos", nil)
		if err != nil {
			t.Fatal(err)
		}
		want := forge.InfoFrame("Number", fmt.Sprint(i))
		p.Send(func(int64) []byte { return want })
		c.SetReadDeadline(time.Now().Add(time.Minute))
		if _, got, err := c.ReadMessage(); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("connection %d: got %q, %v", i, got, err)
		}
		c.Close()
	}
}
