package relay_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// source is a server that sends the frames that a test gives it, each once, to whoever is connected.
type source struct {
	t      *testing.T
	origin string
	plc    string // origin of the directory of its accounts

	mu       sync.Mutex
	accounts map[string]*forge.Account
	seq      int64
	frames   chan []byte
}

func newSource(t *testing.T) *source {
	s := &source{t: t, accounts: map[string]*forge.Account{}, seq: 1, frames: make(chan []byte, 100)}
	server := httptest.NewServer(http.HandlerFunc(s.subscribe))
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	s.origin = "http://localhost:" + port
	plc := httptest.NewServer(http.HandlerFunc(s.document))
	s.plc = plc.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		plc.Close()
	})
	return s
}

// document serves the DID document of an account.
func (s *source) document(w http.ResponseWriter, r *http.Request) {
	did := strings.TrimPrefix(r.URL.Path, "/")
	s.mu.Lock()
	a := s.accounts[did]
	s.mu.Unlock()
	if a == nil {
		http.Error(w, `{"message":"DID not registered: `+did+`"}`, http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/did+ld+json")
	json.NewEncoder(w).Encode(map[string]any{
		"id":          did,
		"alsoKnownAs": []string{"at://forger.test"},
		"verificationMethod": []map[string]string{{
			"id": did + "#atproto", "type": "Multikey", "controller": did, "publicKeyMultibase": a.Key.Public().String(),
		}},
		"service": []map[string]string{{
			"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": s.origin,
		}},
	})
}

func (s *source) subscribe(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		defer cancel()
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case frame := <-s.frames:
			if c.WriteMessage(websocket.BinaryMessage, frame) != nil {
				return
			}
		}
	}
}

func (s *source) add(a *forge.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[string(a.DID)] = a
}

func (s *source) next() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	return s.seq
}

func (s *source) commit(m *reposync.Commit) { s.frames <- forge.Frame(m, s.next(), time.Now()) }
func (s *source) sync(m *reposync.Sync)     { s.frames <- forge.SyncFrame(m, s.next(), time.Now()) }
