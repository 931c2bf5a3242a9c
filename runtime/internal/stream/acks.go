package stream

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// acks are the acknowledgements that one connection has to send. What is not sent when the connection ends is discarded:
// on the next one, the same acknowledgement may mean another message. It is safe for concurrent use.
type acks struct {
	ws *websocket.Conn

	mu      sync.Mutex
	idle    sync.Cond // signalled when there is more room, or sending ends
	waiting [][]byte
	taken   int  // how many of those that are being sent there were
	sending bool // whether there is a goroutine that sends
	ended   bool
}

func newAcks(ws *websocket.Conn) *acks {
	a := &acks{ws: ws}
	a.idle.L = &a.mu
	return a
}

// send sends an acknowledgement soon. It does not wait for the source.
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

// run sends what is waiting.
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

// maxAcks is how many acknowledgements may wait before nothing more is received.
const maxAcks = 1 << 16

// wait waits until there is room for more.
func (a *acks) wait() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.waiting)+a.taken > maxAcks {
		a.idle.Wait()
	}
}

// flushTimeout is how long sending the last acknowledgements may take.
const flushTimeout = time.Second

// flush waits until all is sent, or cannot be.
func (a *acks) flush() {
	timer := time.AfterFunc(flushTimeout, func() { a.ws.Close() })
	defer timer.Stop()
	a.join()
}

// end discards what is not sent.
func (a *acks) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended, a.waiting = true, nil
}

// join waits until nothing is being sent.
func (a *acks) join() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.sending {
		a.idle.Wait()
	}
}
