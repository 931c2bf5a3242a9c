package firehose_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/internal/disk/disktest"
	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/pipes"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/faultproxy"
)

// TestFrames: a network drops, duplicates and reorders frames of a followed repository. Nothing that was missed is taken
// for complete, and nothing is yielded twice.
func TestFrames(t *testing.T) {
	account := forge.New(alice, multikey.K256)
	directory := newPLC(t, account)
	account.Commit(forge.Create("com.example.note/0", "x"))
	known := account.State()
	var messages []any
	for i := range 4 {
		messages = append(messages, account.Commit(forge.Create(fmt.Sprintf("com.example.note/%d", i+1), "x")))
	}
	sent := frames(messages...)
	var held []byte
	for name, test := range map[string]struct {
		change func(number int, message []byte) [][]byte
		want   string
	}{
		"nothing": {func(_ int, m []byte) [][]byte { return [][]byte{m} }, "1 chained, 2 chained, 3 chained, 4 chained"},
		"drop": {func(n int, m []byte) [][]byte {
			if n == 1 {
				return nil
			}
			return [][]byte{m}
		}, "1 chained, 3 signed broken, 4 signed broken"},
		"duplicate": {func(_ int, m []byte) [][]byte { return [][]byte{m, m} }, "1 chained, 2 chained, 3 chained, 4 chained"},
		"reorder": {func(n int, m []byte) [][]byte {
			switch n {
			case 1:
				held = bytes.Clone(m)
				return nil
			case 2:
				return [][]byte{m, held, m}
			}
			return [][]byte{m}
		}, "1 chained, 3 signed broken, 2 signed broken, 3 signed broken, 4 signed broken"},
	} {
		proxy := faultproxy.Start(t, source(t, send(1000, sent...)), func(int) faultproxy.Fault { return faultproxy.Fault{Frames: test.change} })
		var got []string
		for event, err := range client(t, proxy.URL(), firehose.WithDirectory(directory.Directory)).Subscribe(t.Context(), &firehose.Options{
			Collections: notes, Commits: func([]byte) bool { return true },
			Known: func(syntax.DID) (reposync.State, bool) { return known, true },
		}) {
			if err != nil {
				t.Fatal(name, err)
			}
			if e, ok := event.(*firehose.Commit); ok {
				text := fmt.Sprint(e.Seq, " ", e.Trust)
				if e.Desynchronized != nil {
					text += " broken"
				}
				got = append(got, text)
			}
		}
		if joined := strings.Join(got, ", "); joined != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, joined, test.want)
		}
	}
}

// TestRefuse: a source that refuses connections for a while is asked again after pauses, and nothing is lost.
func TestRefuse(t *testing.T) {
	t.Parallel()
	all := map[int64][]byte{}
	for seq := int64(1); seq <= 6; seq++ {
		all[seq] = commit(t, seq, alice, create(wiki, fmt.Sprint(seq)))
	}
	refusing := make(chan struct{})
	restart := func(c *websocket.Conn, cursor int64) {
		send(0, all[1], all[2], all[3])(c, cursor)
		<-refusing
		finish(c, 1012)
	}
	proxy := faultproxy.Start(t, source(t, restart, after(1000, all, 6), send(1008, errorFrame("FutureCursor"))), nil)
	var got []string
	refused := 0
	for event, err := range client(t, proxy.URL()).Subscribe(t.Context(), &firehose.Options{Reconnect: true}) {
		if err != nil {
			if !errors.Is(err, firehose.ErrFutureCursor) {
				t.Error(err)
			}
			break
		}
		switch e := event.(type) {
		case *firehose.Record:
			if got = append(got, string(e.RecordKey)); e.Seq == 1 {
				proxy.Refuse(true)
				close(refusing)
			}
		case *firehose.Reconnect:
			if failure, ok := errors.AsType[*firehose.Error](e.Err); ok && failure.Code == 0 {
				if refused++; e.Attempt != refused+1 || e.Position.Seq != 3 || e.Pause < time.Second/2 {
					t.Errorf("%+v", e)
				}
				proxy.Refuse(refused < 2)
			}
		}
	}
	if strings.Join(got, " ") != "1 2 3 4 5 6" || refused < 2 {
		t.Errorf("%v, %d attempts refused", got, refused)
	}
}

// TestGarbage: a source that sends garbage in place of the frame after the cursor is read on, on the same connection and
// after a reconnection, however often it is read again.
func TestGarbage(t *testing.T) {
	t.Parallel()
	garbage := func(seq int64) []byte {
		return rawFrame(1, "#commit", append(bytes.Clone(text("seq", []byte{0xa1})), byte(seq), 0))
	}
	for name, bad := range map[string][]byte{"with a number": garbage(2), "without": []byte("garbage")} {
		var cursors []int64
		all := map[int64][]byte{1: commit(t, 1, alice, create(wiki, "1")), 2: bad, 3: commit(t, 3, alice, create(wiki, "3"))}
		at := func(s script) script {
			return func(c *websocket.Conn, cursor int64) {
				cursors = append(cursors, cursor)
				s(c, cursor)
			}
		}
		url := source(t, at(after(0, all, 2)), at(after(0, all, 2)), at(after(1000, all, 3)), at(send(1008, errorFrame("FutureCursor"))))
		var got []string
		for event, err := range client(t, url).Subscribe(t.Context(), &firehose.Options{Reconnect: true}) {
			if err != nil {
				break
			}
			switch e := event.(type) {
			case *firehose.Record:
				got = append(got, string(e.RecordKey))
			case *firehose.BadFrame:
				got = append(got, "bad")
			}
		}
		slices.Sort(got) // malformed frames have no repository, whose order they could be in
		wantCursors, want := []int64{-1, 2, 2, 3}, []string{"1", "3", "bad"}
		if name == "without" {
			wantCursors, want = []int64{-1, 1, 1, 3}, []string{"1", "3", "bad", "bad", "bad"}
		}
		if !slices.Equal(cursors, wantCursors) || !slices.Equal(got, want) {
			t.Errorf("%s: cursors %v, events %v", name, cursors, got)
		}
	}
}

// TestOverwrite: with Overwrite, what is used after the loop's turn shows, and what is used in it does not.
func TestOverwrite(t *testing.T) {
	t.Parallel()
	data, err := lex.JSONToCBOR([]byte(`{"$type":"pub.layers.corpus.corpus","name":"Tales","createdAt":"2026-01-02T03:04:05.678Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for seq := int64(1); seq <= 20; seq++ {
		all = append(all, commit(t, seq, alice, written{collection: wiki, key: fmt.Sprint(seq), data: data, action: firehose.Create}))
	}
	for _, overwrite := range []bool{false, true} {
		var kept []*firehose.Record
		var bytesOf [][]byte
		var names []string
		var values []*corpus.Corpus
		for event, err := range client(t, source(t, send(1000, all...))).Subscribe(t.Context(), &firehose.Options{Lookup: records.Lookup, Reuse: true, Overwrite: overwrite}) {
			if err != nil {
				t.Fatal(err)
			}
			e := event.(*firehose.Record)
			value := e.Value.(*corpus.Corpus)
			if e.RecordKey != syntax.RecordKey(fmt.Sprint(len(kept)+1)) || !bytes.Equal(e.Data, data) || value.Name != "Tales" || len(e.Issues) > 0 {
				t.Fatalf("%+v %+v", e, value)
			}
			kept, bytesOf, names, values = append(kept, e), append(bytesOf, e.Data), append(names, value.Name), append(values, value)
		}
		if len(kept) != len(all) {
			t.Fatal(len(kept))
		}
		if !overwrite {
			continue
		}
		for i := range kept[:len(kept)-1] {
			if kept[i].RecordKey != "" || bytes.Equal(bytesOf[i], data) || names[i] == "Tales" || len(values[i].Name) == len("Tales") {
				t.Errorf("event %d is as it was: %+v, %q, %q", i, kept[i], names[i], values[i].Name)
			}
		}
	}
	if _, err := told(t, client(t, "ws://localhost:1"), &firehose.Options{Reuse: true, Manual: true}); err == nil || !strings.Contains(err.Error(), "cannot be combined") {
		t.Error("Reuse and Manual are accepted together")
	}
}

// TestCursorCrash: whenever the machine crashes, the file has a position that was saved, and after Save has returned that
// one or a newer one; those of other endpoints stay.
func TestCursorCrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	crash := disktest.Watch(t, dir)
	store := firehose.NewCursorFile(filepath.Join(dir, "cursors"))
	loaded := func(state disktest.State, endpoint string) int64 {
		t.Helper()
		p, _, err := firehose.NewCursorFile(filepath.Join(state.Restore(t), "cursors")).Load(t.Context(), endpoint)
		if err != nil {
			t.Fatalf("%s: %v", state.When, err)
		}
		return p.Seq
	}
	for seq := int64(1); seq <= 3; seq++ {
		for _, endpoint := range []string{"a", "b"} {
			if err := store.Save(t.Context(), endpoint, firehose.Position{Seq: seq, Time: when(seq)}); err != nil {
				t.Fatal(err)
			}
			for _, state := range crash.Crash() {
				if got := loaded(state, endpoint); got != seq {
					t.Errorf("%s: %s is at %d after %d was saved", state.When, endpoint, got, seq)
				}
				if got := loaded(state, "a"); got != seq {
					t.Errorf("%s: a is at %d, want %d", state.When, got, seq)
				}
			}
		}
	}
	last := map[string]int64{}
	for _, state := range crash.During() {
		for _, endpoint := range []string{"a", "b"} {
			got := loaded(state, endpoint)
			if got < last[endpoint]-1 || got > 3 {
				t.Errorf("%s: %s is at %d after %d", state.When, endpoint, got, last[endpoint])
			}
			last[endpoint] = max(last[endpoint], got)
		}
	}
	if last["a"] != 3 || last["b"] != 3 {
		t.Error(last)
	}
}

// TestDeadline: a pause that would outlast the context is not begun.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := pipes.Listen(new(net.TCPAddr))
		defer server.Close()
		go serve(server, func(c *websocket.Conn, _ int) { send(1012, commit(t, 1, alice))(c, 0) })
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		began := time.Now()
		var end error
		c := client(t, "http://pds.test", firehose.WithNetwork(network.Network{HTTPClient: server.Client()}))
		for _, err := range c.Subscribe(ctx, &firehose.Options{Reconnect: true}) {
			end = err
		}
		e, ok := errors.AsType[*firehose.Error](end)
		if !ok || e.Code != 1012 || !errors.Is(end, context.DeadlineExceeded) || time.Since(began) != 0 {
			t.Errorf("%v after %v", end, time.Since(began))
		}
	})
}
