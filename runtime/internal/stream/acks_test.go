package stream

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// pair returns the two ends of a connection.
func pair(t *testing.T) (client, server *websocket.Conn) {
	t.Helper()
	got := make(chan *websocket.Conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
		}
		got <- c
	}))
	t.Cleanup(s.Close)
	client, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	server = <-got
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

// TestAcks: acknowledgements are sent in order, and what is not sent when the connection ends never is.
func TestAcks(t *testing.T) {
	client, server := pair(t)
	a := newAcks(client)
	const n = 1000
	for i := range n {
		a.send([]byte(strconv.Itoa(i)))
	}
	for i := range n {
		if _, got, err := server.ReadMessage(); err != nil || string(got) != strconv.Itoa(i) {
			t.Fatalf("%d: %s, %v", i, got, err)
		}
	}
	a.flush()
	a.end()
	a.send([]byte("late"))
	a.join()
	client.WriteMessage(websocket.TextMessage, []byte("last"))
	if _, got, _ := server.ReadMessage(); string(got) != "last" {
		t.Errorf("%s", got)
	}
}

// TestAcksStuck: a source that receives nothing does not keep a subscription from ending, nor does the list of what it
// should receive grow without bounds.
func TestAcksStuck(t *testing.T) {
	client, _ := pair(t)
	a := newAcks(client)
	large := []byte(strings.Repeat("x", 1<<10))
	a.sending = true // nothing is taken before all wait
	for range 2 * maxAcks {
		a.send(large)
	}
	go a.run()
	waited := make(chan bool)
	go func() {
		defer close(waited)
		for a.idleBefore() { // until all are taken, at once
			time.Sleep(time.Millisecond)
		}
		a.wait()
	}()
	select {
	case <-waited:
		t.Error("more may be received although nothing is sent")
	case <-time.After(50 * time.Millisecond):
	}
	a.flush() // closes the connection after a second
	<-waited
	a.send(large)
	a.join()
}

// idleBefore reports whether nothing was taken yet.
func (a *acks) idleBefore() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.taken == 0 && a.sending
}
