package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/tests/fakestream"
)

const (
	sourceDID    = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
	sourceRecord = `{"$type":"pub.layers.corpus.corpus","name":"Tales","createdAt":"2026-01-02T03:04:05.678Z"}`
)

// TestSources runs the scripts of sources that are not relays, with servers that send what these do.
func TestSources(t *testing.T) {
	data, err := lex.JSONToCBOR([]byte(sourceRecord))
	if err != nil {
		t.Fatal(err)
	}
	c := cid.Of(cid.DagCBOR, data).String()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/sources",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LAYERS_ALLOW_PRIVATE", "1")
			env.Setenv("JETSTREAM", fakestream.Start(t, func(conn *fakestream.Conn) { sendJetstream(conn, c) }).URL())
			tap := &fakeTap{left: map[int]string{
				1: fmt.Sprintf(`{"id":1,"type":"record","record":{"live":true,"did":%q,"rev":"3mbd354z2m222","collection":"pub.layers.corpus.corpus","rkey":"one","action":"create","record":%s,"cid":%q}}`, sourceDID, sourceRecord, c),
				2: fmt.Sprintf(`{"id":2,"type":"identity","identity":{"did":%q,"handle":"alice.test","is_active":true,"status":"active"}}`, sourceDID),
			}}
			env.Setenv("TAP", fakestream.Start(t, tap.serve).URL())
			return nil
		},
	})
}

// sendJetstream sends five events as a Jetstream does, from the one at the cursor on.
func sendJetstream(conn *fakestream.Conn, c string) {
	const start = 1_800_000_000_000_000
	head := func(n int) string { return fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":`, sourceDID, start+n) }
	create := `"commit","commit":{"rev":"3mbd354z2m222","operation":"create","collection":"pub.layers.corpus.corpus","rkey":"one","record":` + sourceRecord + `,"cid":"`
	events := []string{
		head(1) + fmt.Sprintf(`"identity","identity":{"did":%q,"handle":"alice.test","seq":1,"time":""}}`, sourceDID),
		head(2) + fmt.Sprintf(`"account","account":{"did":%q,"active":true,"seq":2,"time":""}}`, sourceDID),
		head(3) + create + c + `"}}`,
		head(4) + create + c[:len(c)-1] + `a"}}`,
		head(5) + `"commit","commit":{"rev":"3mbd354z2m222","operation":"delete","collection":"pub.layers.corpus.corpus","rkey":"one"}}`,
	}
	if !conn.Query().Has("cursor") {
		conn.Wait() // nothing happens
		return
	}
	cursor, _ := strconv.Atoi(conn.Query().Get("cursor"))
	conn.Send(events[max(cursor-start-1, 0):]...)
	conn.Close(1000, "")
	conn.Wait()
}

// fakeTap sends what is not acknowledged on each connection.
type fakeTap struct {
	mu   sync.Mutex
	left map[int]string
}

func (f *fakeTap) serve(conn *fakestream.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range 10 {
		if m, ok := f.left[id]; ok {
			conn.Send(m)
		}
	}
	for {
		text := conn.Receive(time.Minute)
		var ack struct {
			Type string
			ID   int
		}
		if text == "" {
			return
		}
		if json.Unmarshal([]byte(text), &ack) == nil && strings.EqualFold(ack.Type, "ack") {
			delete(f.left, ack.ID)
		}
	}
}
