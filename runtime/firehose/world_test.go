package firehose_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	alice = syntax.DID("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
	bob   = syntax.DID("did:plc:bbbbbbbbbbbbbbbbbbbbbbbb")
	wiki  = syntax.NSID("pub.layers.corpus.corpus")
	post  = syntax.NSID("app.bsky.feed.post")
)

// frameOf returns a frame with a header of the type t.
func frameOf(tb testing.TB, t string, message lex.Encodable) []byte {
	tb.Helper()
	payload, err := lex.EncodeCBOR(message)
	if err != nil {
		tb.Fatal(err)
	}
	return rawFrame(1, t, payload)
}

func rawFrame(op int, t string, payload []byte) []byte {
	b := []byte{0xa2, 0x61, 't'}
	b = append(text(t, b), 0x62, 'o', 'p')
	if op < 0 {
		b = append(b, byte(0x20+(-1-op)))
	} else {
		b = append(b, byte(op))
	}
	return append(b, payload...)
}

func text(s string, b []byte) []byte {
	if len(s) < 24 {
		b = append(b, 0x60|byte(len(s)))
	} else {
		b = append(b, 0x79, byte(len(s)>>8), byte(len(s)))
	}
	return append(b, s...)
}

// when is the time of the frame with a number.
func when(seq int64) syntax.Datetime {
	return syntax.Datetime(time.Unix(1_800_000_000+seq, 0).UTC().Format("2006-01-02T15:04:05.000Z"))
}

// revOf returns the revision for a number.
func revOf(seq int64) syntax.TID {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(1_800_000_000_000_000+seq)<<10)
	const alphabet = "234567abcdefghijklmnopqrstuvwxyz"
	n, out := binary.BigEndian.Uint64(b[:]), [13]byte{}
	for i := 12; i >= 0; i-- {
		out[i] = alphabet[n&31]
		n >>= 5
	}
	return syntax.TID(out[:])
}

// written is one operation of a commit.
type written struct {
	collection syntax.NSID
	key        string
	data       []byte // nil for a deletion
	action     firehose.Action
	prev       []byte
}

// message returns the message of a commit whose tree has the records that the operations leave.
func message(tb testing.TB, seq int64, did syntax.DID, ops ...written) *atproto.SyncSubscribeReposCommit {
	tb.Helper()
	m := &atproto.SyncSubscribeReposCommit{
		Seq: seq, Repo: did, Rev: revOf(seq), Since: lex.ValueOrNull(revOf(seq - 1)), Time: when(seq), Blobs: []cid.Link{},
		Ops: []atproto.SyncSubscribeReposRepoOp{},
	}
	left := map[string]repo.Record{}
	var order []string
	for _, w := range ops {
		path := string(w.collection) + "/" + w.key
		op := atproto.SyncSubscribeReposRepoOp{Action: atproto.SyncSubscribeReposRepoOpAction(w.action), Path: path, CID: lex.NullOf[cid.Link]()}
		if w.data != nil {
			c := cid.Of(cid.DagCBOR, w.data)
			op.CID = lex.ValueOrNull(c.Link())
			left[path] = repo.Record{Collection: w.collection, RecordKey: syntax.RecordKey(w.key), Data: w.data}
			order = append(order, path)
		} else {
			delete(left, path)
		}
		if w.prev != nil {
			op.Prev = lex.Some(cid.Of(cid.DagCBOR, w.prev).Link())
		}
		m.Ops = append(m.Ops, op)
	}
	var records []repo.Record
	for _, path := range order {
		if r, ok := left[path]; ok {
			records = append(records, r)
			delete(left, path)
		}
	}
	var archive bytes.Buffer
	c, err := repo.Build(context.Background(), &archive, repo.Commit{DID: did, Rev: m.Rev}, records, func([]byte) ([]byte, error) { return make([]byte, 64), nil }, repo.OrderTree)
	if err != nil {
		tb.Fatal(err)
	}
	m.Commit, m.Blocks = c.Link(), archive.Bytes()
	return m
}

func commit(tb testing.TB, seq int64, did syntax.DID, ops ...written) []byte {
	tb.Helper()
	return frameOf(tb, "#commit", message(tb, seq, did, ops...))
}

// create returns the operation that creates a record whose text is the key.
func create(collection syntax.NSID, key string) written {
	return written{collection: collection, key: key, data: record(collection, key), action: firehose.Create}
}

func record(collection syntax.NSID, text string) []byte {
	data, err := lex.JSONToCBOR(fmt.Appendf(nil, `{"$type":%q,"text":%q}`, collection, text))
	if err != nil {
		panic(err)
	}
	return data
}

// script is what a source does on one connection: it gets the cursor, or -1, and sends frames.
type script func(c *websocket.Conn, cursor int64)

// source starts a source. Package atptest, which the tests of the chain of commits use, cannot serve here: these tests decide for each
// connection which frames it sends, whatever the cursor, and how it ends. The source follows scripts, one for each connection; the last one serves all further ones.
func source(tb testing.TB, scripts ...script) (url string) {
	tb.Helper()
	connections := make(chan script, len(scripts))
	for _, s := range scripts[:len(scripts)-1] {
		connections <- s
	}
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/xrpc/com.atproto.sync.subscribeRepos" {
			http.NotFound(w, r)
			return
		}
		s := scripts[len(scripts)-1]
		select {
		case s = <-connections:
		default:
		}
		cursor := int64(-1)
		fmt.Sscan(r.URL.Query().Get("cursor"), &cursor)
		c, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		s(c, cursor)
	}))
	tb.Cleanup(server.Close)
	return server.URL
}

// send returns a script that sends frames and then closes the stream with a code, or cuts the connection if that is 0.
func send(code int, frames ...[]byte) script {
	return func(c *websocket.Conn, _ int64) {
		for _, f := range frames {
			c.WriteMessage(websocket.BinaryMessage, f)
		}
		if code != 0 {
			finish(c, code)
		}
	}
}

// after returns a script that sends those frames whose number is above the cursor.
func after(code int, frames map[int64][]byte, last int64) script {
	return func(c *websocket.Conn, cursor int64) {
		for seq := cursor + 1; seq <= last; seq++ {
			if f := frames[seq]; f != nil {
				c.WriteMessage(websocket.BinaryMessage, f)
			}
		}
		finish(c, code)
	}
}

func finish(c *websocket.Conn, code int) {
	c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Time{})
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := c.ReadMessage(); err != nil {
			return
		}
	}
}

func client(tb testing.TB, url string, opts ...firehose.Option) *firehose.Client {
	tb.Helper()
	c, err := firehose.New(url, append([]firehose.Option{firehose.WithNetwork(network.Network{AllowPrivate: true})}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// told returns a line for each event, and the error at the end.
func told(t *testing.T, c firehose.Subscriber, options *firehose.Options) (lines []string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for event, err := range c.Subscribe(ctx, options) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line(event))
	}
	return lines, nil
}

func line(event firehose.Event) string {
	seq := event.Head().Seq
	switch e := event.(type) {
	case *firehose.Record:
		return fmt.Sprint(seq, " ", e.Action, " ", e.Collection, "/", e.RecordKey)
	case *firehose.Commit:
		return fmt.Sprint(seq, " commit of ", e.Records)
	case *firehose.Sync:
		return fmt.Sprint(seq, " sync")
	case *firehose.Identity:
		return fmt.Sprint(seq, " identity ", e.Handle)
	case *firehose.Account:
		return fmt.Sprint(seq, " account ", e.Active, " ", e.Status)
	case *firehose.Info:
		return fmt.Sprint("info ", e.Name)
	case *firehose.BadFrame:
		return fmt.Sprint(seq, " bad: ", e.Err)
	case *firehose.Reset:
		return fmt.Sprint("reset ", e.Last.Seq, " to ", e.Next.Seq)
	case *firehose.Reconnect:
		return fmt.Sprint("reconnect ", e.Attempt, " after ", e.Position.Seq, " gap ", e.Gap)
	}
	return "?"
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("event %d differs: got\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func httpServer(tb testing.TB, f http.HandlerFunc) (url string) {
	tb.Helper()
	server := httptest.NewServer(f)
	tb.Cleanup(server.Close)
	return server.URL
}
