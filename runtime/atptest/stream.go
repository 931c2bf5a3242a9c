package atptest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
)

// Stream is the stream of a PDS or a relay: com.atproto.sync.subscribeRepos. It keeps all events until [Stream.Forget]
// or [Stream.Reset] is called.
type Stream struct {
	server  *Server
	log     []frame // their numbers have no gaps
	seq     int64   // of the last frame
	oldest  int64   // the frames up to this number are forgotten
	epoch   int     // how often all connections were ended
	sockets map[*websocket.Conn]bool
}

func newStream(s *Server) *Stream { return &Stream{server: s, sockets: map[*websocket.Conn]bool{}} }

type frame struct {
	seq  int64
	data []byte
}

// Cut ends all connections of the stream.
func (s *Stream) Cut() {
	n := s.server.network
	n.mu.Lock()
	defer n.mu.Unlock()
	s.cut()
}

// cut ends all connections. The network must be locked.
func (s *Stream) cut() {
	s.epoch++
	for c := range s.sockets {
		c.Close()
	}
	s.server.network.change.Broadcast()
}

// Forget makes the server forget the events so far. A reader that asks for them receives an #info message
// OutdatedCursor and then the later events.
func (s *Stream) Forget() {
	s.server.network.mu.Lock()
	defer s.server.network.mu.Unlock()
	s.oldest, s.log = s.seq, nil
}

// Reset makes the server forget the events so far and count from 1 again, and cuts all connections.
func (s *Stream) Reset() {
	n := s.server.network
	n.mu.Lock()
	defer n.mu.Unlock()
	s.seq, s.oldest, s.log = 0, 0, nil
	s.cut()
}

// Skip leaves a gap in the sequence numbers of events, as real servers do. There are no events with the skipped numbers.
func (s *Stream) Skip(count int64) {
	s.server.network.mu.Lock()
	defer s.server.network.mu.Unlock()
	for range count {
		s.seq++
		s.log = append(s.log, frame{seq: s.seq})
	}
}

// Seq returns the number of the last event, or 0.
func (s *Stream) Seq() int64 {
	s.server.network.mu.Lock()
	defer s.server.network.mu.Unlock()
	return s.seq
}

// Subscribers returns how many connections of the stream there are.
func (s *Stream) Subscribers() int {
	s.server.network.mu.Lock()
	defer s.server.network.mu.Unlock()
	return len(s.sockets)
}

// Send adds an event to this stream only. make is given the event's sequence number and returns the bytes of the frame,
// for example by [forge.Frame].
func (s *Stream) Send(make func(seq int64) []byte) {
	s.server.network.mu.Lock()
	defer s.server.network.mu.Unlock()
	s.send(make)
}

func (s *Stream) send(make func(seq int64) []byte) {
	s.seq++
	s.log = append(s.log, frame{s.seq, make(s.seq)})
	s.server.network.change.Broadcast()
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// serve serves the stream on one connection.
func (s *Stream) serve(w http.ResponseWriter, r *http.Request) {
	cursor, err := int64(0), error(nil)
	text := r.URL.Query().Get("cursor")
	if text != "" {
		cursor, err = strconv.ParseInt(text, 10, 64)
	}
	malformed := err != nil
	n := s.server.network
	n.mu.Lock()
	epoch, at, oldest := s.epoch, s.seq, s.oldest // read before the client knows that it is connected, so that it misses nothing
	n.mu.Unlock()
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	gone := false
	ended := make(chan struct{})
	defer func() {
		c.Close()
		<-ended
	}()
	go func() { // answers pings
		defer close(ended)
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				n.mu.Lock()
				gone = true
				n.change.Broadcast()
				n.mu.Unlock()
				return
			}
		}
	}()

	refused := ""
	var first []byte
	if text != "" {
		last := at
		switch at = max(cursor, 0); {
		case malformed:
			refused = "InvalidRequest"
			first = forge.ErrorFrame(refused, "cursor must be an integer")
		case at > last:
			refused = "FutureCursor"
			first = forge.ErrorFrame(refused, "Cursor in the future.")
		case at < oldest:
			first = forge.InfoFrame("OutdatedCursor", "Requested cursor exceeded limit. Possibly missing events")
		}
	}
	n.mu.Lock()
	s.sockets[c] = true
	n.change.Broadcast()
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(s.sockets, c)
		n.change.Broadcast()
	}()
	if first != nil && c.WriteMessage(websocket.BinaryMessage, first) != nil {
		return
	}
	if refused != "" {
		c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.ClosePolicyViolation, refused), time.Now().Add(time.Second))
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		<-ended
		return
	}
	out := &fault.Conn{Socket: c}
	for {
		n.mu.Lock()
		for s.seq <= at && s.epoch == epoch && !gone && !n.closed {
			n.change.Wait()
		}
		if s.epoch != epoch || gone || n.closed {
			n.mu.Unlock()
			return
		}
		if len(s.log) == 0 { // the events were forgotten
			at = s.seq
			n.mu.Unlock()
			continue
		}
		next := s.log[max(0, at+1-s.log[0].seq)]
		at = next.seq
		send := (*fault.Conn).Send
		if next.data == nil {
			n.mu.Unlock()
			continue
		}
		if f := s.server.meet("", true); f != nil {
			send = f.Send
		}
		n.mu.Unlock()
		if send(out, next.data) != nil {
			return
		}
		if out.Stalled() {
			<-ended
			return
		}
	}
}

// xrpcError is the body of an error response.
type xrpcError struct {
	Error   string `json:"error"`
	Message string `json:"message,omitempty"`
}
