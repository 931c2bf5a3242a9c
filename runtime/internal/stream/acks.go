package stream

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// acks sends acknowledgements on one connection. Those that have not been sent when the connection ends are discarded:
// on the next connection, the same acknowledgement may mean another message. It is safe for concurrent use.
type acks struct {
	ws *websocket.Conn

	mu      sync.Mutex
	idle    sync.Cond // signalled when there is more room, or sending ends
	waiting [][]byte  // acknowledgements that the goroutine has not taken yet
	taken   int       // how many the goroutine is sending
	sending bool      // whether there is a goroutine that sends
	ended   bool      // whether sending has ended; later acknowledgements are discarded
}

func newAcks(ws *websocket.Conn) *acks {
	a := &acks{ws: ws}
	a.idle.L = &a.mu
	return a
}

// send arranges for an acknowledgement to be sent, and returns at once.
func (a *acks) send(ack []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return
	}
	a.waiting = append(a.waiting, ack)
	if !a.sending {
		a.sending = true
		go a.run()
	}
}

// run sends acknowledgements until none are waiting. It runs in a goroutine of its own.
func (a *acks) run() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting) > 0 {
		some := a.waiting
		a.waiting, a.taken = nil, len(some)
		a.mu.Unlock()
		var err error
		for _, ack := range some {
			a.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
			if err = a.ws.WriteMessage(websocket.TextMessage, ack); err != nil {
				break
			}
		}
		a.mu.Lock()
		a.taken = 0
		a.idle.Broadcast()
		if err != nil {
			// The source would send the rest again, but on this connection it never learns what is done.
			a.ended, a.waiting = true, nil
			a.ws.Close()
		}
	}
	a.sending = false
	a.idle.Broadcast()
}

// maxAcks is how many acknowledgements may wait to be sent. If there are more, no messages are read.
const maxAcks = 1 << 16

// wait waits until at most maxAcks acknowledgements are waiting.
func (a *acks) wait() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting)+a.taken > maxAcks {
		a.idle.Wait()
	}
}

// flushTimeout is how long sending the last acknowledgements may take.
const flushTimeout = time.Second

// flush waits until all acknowledgements are sent or sending them has failed. After flushTimeout it closes the
// connection.
func (a *acks) flush() {
	timer := time.AfterFunc(flushTimeout, func() { a.ws.Close() })
	defer timer.Stop()
	a.join()
}

// end discards the acknowledgements that have not been sent, and all later ones.
func (a *acks) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended, a.waiting = true, nil
}

// join waits until the goroutine that sends has ended.
func (a *acks) join() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.sending {
		a.idle.Wait()
	}
}
