package atptest

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/faults"
)

// Server is a server of the network: the PLC directory, a PDS, a relay or the appview.
type Server struct {
	// URL is the origin of the server, such as "http://127.0.0.1:40001".
	URL string

	network  *Network
	name     string // for error messages
	server   *http.Server
	handler  http.Handler
	faults   faults.List
	requests []string // the methods of all requests so far
}

// listen starts a server.
func (n *Network) listen(name string, handler http.Handler) (*Server, error) {
	listener, err := n.wire.Listen()
	if err != nil {
		return nil, fmt.Errorf("atptest: %s: %w", name, err)
	}
	s := &Server{URL: "http://" + listener.Addr().String(), network: n, name: name, handler: handler}
	s.server = &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0)}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		listener.Close()
		return nil, fmt.Errorf("atptest: %s: the network is closed", name)
	}
	n.servers = append(n.servers, s)
	n.wait.Go(func() { s.server.Serve(listener) })
	return s, nil
}

// methodOf returns the name of a request in [Server.Fail] and [Server.Requests]: the NSID of a call, or else the path.
func methodOf(r *http.Request) string {
	if nsid, ok := strings.CutPrefix(r.URL.Path, "/xrpc/"); ok {
		return nsid
	}
	return r.URL.Path
}

// ServeHTTP answers a request, with a fault if one applies.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := s.network
	method := methodOf(r)
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	n.wait.Add(1)
	defer n.wait.Done()
	s.requests = append(s.requests, method)
	failure, handler := s.meet(method, false), s.handler
	n.mu.Unlock()
	if failure != nil {
		failure.Serve(w, r, handler)
		return
	}
	handler.ServeHTTP(w, r)
}

// Requests returns the number of requests for a method, which is named as in [Server.Fail]. Requests that were answered
// with a fault count too.
func (s *Server) Requests(method string) (count int) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	for _, m := range s.requests {
		if faults.Matches(m, []string{method}) {
			count++
		}
	}
	return count
}

// Fail makes the requests for some methods fail, from now on. A method is the NSID of a call, a path that begins with a
// slash, or a prefix of one of these followed by "*"; without methods, all requests fail. If several faults apply, the
// last one is used. The returned function ends the fault.
//
// A fault of frames applies to the frames of the server's stream instead of requests.
func (s *Server) Fail(f fault.Fault, methods ...string) (end func()) {
	return s.network.addFault(&s.faults, f, methods)
}

// Fail makes requests to all servers of the network fail; see [Server.Fail]. A fault of a single server has precedence.
func (n *Network) Fail(f fault.Fault, methods ...string) (end func()) {
	return n.addFault(&n.faults, f, methods)
}

func (n *Network) addFault(list *faults.List, f fault.Fault, methods []string) (end func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	active := list.Add(f, methods)
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		list.Remove(active)
	}
}

// meet returns the fault that affects a request, or a frame if frame is set, or nil, and counts it. The network must
// be locked.
func (s *Server) meet(method string, frame bool) *faults.Active {
	if f := s.faults.Meet(method, frame); f != nil {
		return f
	}
	return s.network.faults.Meet(method, frame)
}
