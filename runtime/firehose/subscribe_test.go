package firehose_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// TestEvents has each type of frame, wanted and not.
func TestEvents(t *testing.T) {
	big := message(t, 9, alice)
	big.TooBig = true
	syncBlocks := message(t, 8, alice).Blocks
	url := source(t, send(1000,
		commit(t, 1, alice, create(post, "a")),
		commit(t, 2, alice, create(wiki, "b"), create(post, "c"), create("pub.layersx.corpus.corpus", "d")),
		frameOf(t, "#identity", &atproto.SyncSubscribeReposIdentity{Seq: 3, DID: bob, Time: when(3), Handle: lex.Some[syntax.Handle]("bob.test")}),
		frameOf(t, "#account", &atproto.SyncSubscribeReposAccount{Seq: 5, DID: bob, Time: when(5), Active: false, Status: lex.Some(atproto.SyncSubscribeReposAccountStatus("on holiday"))}),
		frameOf(t, "com.atproto.sync.subscribeRepos#account", &atproto.SyncSubscribeReposAccount{Seq: 6, DID: bob, Time: when(6), Active: true}),
		frameOf(t, "#info", &atproto.SyncSubscribeReposInfo{Name: "OutdatedCursor"}),
		frameOf(t, "#sync", &atproto.SyncSubscribeReposSync{Seq: 8, DID: alice, Rev: string(revOf(8)), Time: when(8), Blocks: syncBlocks}),
		frameOf(t, "#commit", big),
	))
	lines, err := told(t, client(t, url), &firehose.Options{Lookup: records.Lookup})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	expect(t, lines, "2 create pub.layers.corpus.corpus/b", "3 identity bob.test", "5 account false on holiday", "6 account true", "8 sync", "9 sync", "info OutdatedCursor")
}

// TestRecord looks at all fields of one.
func TestRecord(t *testing.T) {
	data := record(wiki, "a")
	url := source(t, send(1001, commit(t, 7, alice, create(wiki, "a"))))
	c := client(t, url)
	for _, reuse := range []bool{false, true} {
		for event, err := range c.Subscribe(t.Context(), &firehose.Options{Lookup: records.Lookup, Reuse: reuse}) {
			if err != nil {
				t.Fatal(err)
			}
			e := event.(*firehose.Record)
			if e.Source != c.Endpoint() || e.Seq != 7 || e.Time != when(7) || e.DID != alice || e.Rev != revOf(7) ||
				e.Collection != wiki || e.RecordKey != "a" || e.Action != firehose.Create || !bytes.Equal(e.Data, data) ||
				e.Trust != rec.Hashed || e.Value == nil || len(e.Issues) == 0 ||
				e.URI() != "at://"+syntax.ATURI(alice)+"/pub.layers.corpus.corpus/a" ||
				e.ID() != string(alice)+"/"+string(revOf(7))+"/pub.layers.corpus.corpus/a" || e.Envelope().CID != e.CID {
				t.Errorf("%+v", e)
			}
		}
	}
}

// TestFold has the shapes in which the reference server states a path twice.
func TestFold(t *testing.T) {
	t.Parallel()
	one, two := record(wiki, "1"), record(wiki, "2")
	at := func(action firehose.Action, data, prev []byte) written {
		return written{collection: wiki, key: "k", data: data, action: action, prev: prev}
	}
	for name, test := range map[string]struct {
		ops  []written
		want string
	}{
		"create":                {[]written{at("create", one, nil)}, "create"},
		"update":                {[]written{at("update", two, one)}, "update"},
		"update without prev":   {[]written{at("update", two, nil)}, "update"},
		"delete":                {[]written{at("delete", nil, one)}, "delete"},
		"delete and create":     {[]written{at("delete", nil, one), at("create", two, one)}, "update"},
		"create with prev":      {[]written{at("create", two, one)}, "update"},
		"create and delete":     {[]written{at("create", one, nil), at("delete", nil, nil)}, ""},
		"create and update":     {[]written{at("create", one, nil), at("update", two, one)}, "create"},
		"update to the same":    {[]written{at("update", one, one)}, ""},
		"update and back":       {[]written{at("update", two, one), at("update", one, one)}, ""},
		"update and delete":     {[]written{at("update", two, one), at("delete", nil, one)}, "delete"},
		"delete, create, again": {[]written{at("delete", nil, one), at("create", two, nil), at("delete", nil, nil)}, "delete"},
		"delete without prev":   {[]written{at("delete", nil, nil)}, "delete"},
	} {
		lines, err := told(t, client(t, source(t, send(1000, commit(t, 1, alice, test.ops...)))), nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.want == "" && len(lines) != 0 || test.want != "" && !slices.Equal(lines, []string{"1 " + test.want + " pub.layers.corpus.corpus/k"}) {
			t.Errorf("%s: %q, want %q", name, lines, test.want)
		}
	}
}

// TestEnd: only the codes 1000 and 1001 end the stream without an error.
func TestEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		end  script
		code int
		is   error
	}{
		{"done", send(1000, commit(t, 4, alice)), 0, nil},
		{"going away", send(1001, commit(t, 4, alice)), 0, nil},
		{"policy", send(1008, commit(t, 4, alice)), 1008, nil},
		{"restart", send(1012, commit(t, 4, alice)), 1012, nil},
		{"cut", send(0, commit(t, 4, alice)), 0, io.ErrUnexpectedEOF},
		{"future", send(1008, commit(t, 4, alice), errorFrame("FutureCursor")), 0, firehose.ErrFutureCursor},
		{"slow", send(1008, commit(t, 4, alice), errorFrame("ConsumerTooSlow")), 0, firehose.ErrConsumerTooSlow},
		{"other", send(1000, commit(t, 4, alice), errorFrame("Other")), 0, rpc.ErrorName("Other")},
	} {
		_, err := told(t, client(t, source(t, test.end)), nil)
		if test.code == 0 && test.is == nil {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*firehose.Error](err)
		if !ok || e.Code != test.code || test.is != nil && !errors.Is(err, test.is) && !errors.Is(err, syscall.ECONNRESET) || e.Position.Seq != 4 || !strings.Contains(err.Error(), "seq 4") {
			t.Errorf("%s: %#v %v", test.name, e, err)
		}
	}
}

func errorFrame(name string) []byte {
	return append([]byte{0xa1, 0x62, 'o', 'p', 0x20}, text(name, text("error", []byte{0xa1}))...)
}

// TestReconnect goes on after the last frame, whatever ends the connection, and does not yield the frame at the cursor
// twice if the source sends it again.
func TestReconnect(t *testing.T) {
	t.Parallel()
	for name, inclusive := range map[string]int64{"exclusive": 0, "inclusive": 1} {
		frames := map[int64][]byte{}
		for seq := int64(1); seq <= 6; seq++ {
			frames[seq] = commit(t, seq, alice, create(wiki, fmt.Sprint(seq)))
		}
		part := func(code int, last int64) script {
			return func(c *websocket.Conn, cursor int64) { after(code, frames, last)(c, max(cursor-inclusive, 0)) }
		}
		url := source(t, part(1000, 2), part(1011, 2), part(0, 4), part(1000, 6), send(1008, errorFrame("FutureCursor")))
		lines, err := told(t, client(t, url), &firehose.Options{Reconnect: true})
		if !errors.Is(err, firehose.ErrFutureCursor) {
			t.Errorf("%s: %v", name, err)
		}
		reconnects := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return !strings.HasPrefix(s, "reconnect") })
		expect(t, reconnects, "reconnect 1 after 2", "reconnect 2 after 2", "reconnect 1 after 4", "reconnect 1 after 6")
		rest := slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "reconnect") })
		expect(t, rest, "1 create", "2 create", "3 create", "4 create", "5 create", "6 create")
	}
}

// TestReset: a source that counts anew is reported, and its events are yielded.
func TestReset(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int64{"from 1": 1, "from the same number": 100} {
		again := message(t, first, bob, create(wiki, "b"))
		again.Time = when(5000)
		url := source(t, send(0, commit(t, 100, alice, create(wiki, "a"))), send(1000, frameOf(t, "#commit", again), commit(t, first+1, bob, create(wiki, "c"))), send(1008, errorFrame("FutureCursor")))
		store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
		c := client(t, url)
		lines, _ := told(t, c, &firehose.Options{Reconnect: true, Cursors: store})
		if !slices.Contains(lines, fmt.Sprintf("reset 100 to %d", first)) {
			t.Errorf("%s: %q", name, lines)
		}
		lines = slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "re") })
		expect(t, lines, "100 create", fmt.Sprint(first, " create"), fmt.Sprint(first+1, " create"))
		if p, _, err := store.Load(t.Context(), c.Endpoint()); p.Seq != first+1 || err != nil {
			t.Errorf("%s: saved %v %v", name, p, err)
		}
	}
}

// TestSentAgain: a PDS that begins with older frames, which it was about to send to others, was not reset. They are yielded
// once more, and the position does not go back. A PDS that is busy states times that are a little out of order.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	frames := map[int64][]byte{}
	for seq := int64(98); seq <= 101; seq++ {
		m := message(t, seq, alice, create(wiki, fmt.Sprint(seq)))
		if seq == 99 {
			m.Time = when(103)
		}
		frames[seq] = frameOf(t, "#commit", m)
	}
	url := source(t, send(0, frames[98], frames[99], frames[100]), send(0, frames[98], frames[99]), send(1000, frames[99], frames[101]), send(1008, errorFrame("FutureCursor")))
	store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
	c := client(t, url)
	lines, _ := told(t, c, &firehose.Options{Reconnect: true, Cursors: store})
	reconnects := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return !strings.HasPrefix(s, "reconnect") })
	for i, line := range reconnects {
		if want := []string{" after 100 gap false", " after 100 gap false", " after 101 gap false"}[i]; !strings.HasSuffix(line, want) {
			t.Errorf("%q, want %q", line, want)
		}
	}
	rest := slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "reconnect") })
	expect(t, rest, "98 create", "99 create", "100 create", "98 create", "99 create", "99 create", "101 create")
	if p, _, err := store.Load(t.Context(), c.Endpoint()); p.Seq != 101 || err != nil {
		t.Errorf("saved %v %v", p, err)
	}
}

// TestSentAgainTogether: events of one millisecond, which a PDS may send again after the last of them, are no reset, and nor are
// events whose times are not in their order, if they were received before. But another event with a number that was received is
// one, however old it says it is.
func TestSentAgainTogether(t *testing.T) {
	t.Parallel()
	at := func(seq, time int64, key string) []byte {
		m := message(t, seq, alice, create(wiki, key))
		m.Time = when(time)
		return frameOf(t, "#commit", m)
	}
	last, future := at(70, 99, "70"), send(1008, errorFrame("FutureCursor"))
	for _, test := range []struct {
		name   string
		before []script // in a subscription of its own, whose position the next one has
		then   []script
		reset  string // an event of the stream itself, which may come before records of earlier frames
		want   []string
	}{
		{"one millisecond, in one subscription", nil,
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69")), send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69"), last), future},
			"", []string{"67 create", "68 create", "69 create", "67 create", "68 create", "70 create"}},
		{"one millisecond, after a restart",
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69")), future},
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69"), last), future},
			"", []string{"67 create", "68 create", "70 create"}},
		{"times that are not in their order", nil,
			[]script{send(0, at(67, 82, "67"), at(68, 81, "68"), at(69, 80, "69")), send(0, at(67, 82, "67"), at(68, 81, "68"), at(69, 80, "69"), last), future},
			"", []string{"67 create", "68 create", "69 create", "67 create", "68 create", "70 create"}},
		{"others", nil,
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69")), send(0, at(67, 79, "other")), send(0, at(67, 79, "other"), last), future},
			"reset 69 to 67", []string{"67 create", "68 create", "69 create", "67 create", "70 create"}},
		{"times that are not in their order, after a restart",
			[]script{send(0, at(67, 82, "67"), at(68, 81, "68"), at(69, 80, "69")), future},
			[]script{send(0, at(67, 82, "67")), send(0, at(67, 82, "67"), at(69, 80, "69"), last), future},
			"", []string{"67 create", "67 create", "70 create"}},
		{"others that say that they are old, after a restart",
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69")), future},
			[]script{send(0, at(67, 70, "other"), at(68, 71, "other")), send(0, last), future},
			"reset 69 to 67", []string{"67 create", "68 create", "70 create"}},
		{"others that are hardly later, after a restart",
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69")), future},
			[]script{send(0, at(68, 82, "other"), at(69, 83, "other"), last), future},
			"reset 69 to 68", []string{"68 create", "69 create", "70 create"}},
		{"others, after a restart",
			[]script{send(0, at(67, 80, "67"), at(68, 80, "68"), at(69, 80, "69")), future},
			[]script{send(0, at(67, 91, "other"), last), future},
			"reset 69 to 67", []string{"67 create", "70 create"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := client(t, source(t, slices.Concat(test.before, test.then)...))
			store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
			if test.before != nil {
				told(t, c, &firehose.Options{Reconnect: true, Cursors: store})
			}
			lines, _ := told(t, c, &firehose.Options{Reconnect: true, Cursors: store})
			lines = slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "reconnect") })
			resets := slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return !strings.HasPrefix(s, "reset") })
			if got := strings.Join(resets, ", "); got != test.reset {
				t.Errorf("%q, want %q", got, test.reset)
			}
			expect(t, slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "reset") }), test.want...)
			if p, _, err := store.Load(t.Context(), c.Endpoint()); p.Seq != 70 || err != nil {
				t.Errorf("saved %v %v", p, err)
			}
		})
	}
}

// TestBadFrames: each is an event with its bytes, and the stream goes on, also after a reconnection at the same cursor.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	good := commit(t, 2, alice, create(wiki, "a"))
	header := good[:len(good)-len(mustPayload(t, message(t, 2, alice, create(wiki, "a"))))]
	missing := message(t, 2, alice, create(wiki, "a"))
	missing.Blocks = message(t, 2, alice).Blocks
	missing.Commit = message(t, 2, alice).Commit
	twice := message(t, 2, alice, create(wiki, "a"))
	twice.Ops[0].CID = lex.NullOf[cid.Link]()
	path := message(t, 2, alice, create(wiki, "a"))
	path.Ops[0].Path = "pub.layers.corpus.corpus/a/b"
	other := message(t, 2, alice, create(wiki, "a"))
	other.Repo = bob
	deep := append(bytes.Clone(header), 0xa1, 0x61, 'x')
	deep = append(append(deep, bytes.Repeat([]byte{0x81}, 100_000)...), 0)
	for name, frame := range map[string][]byte{
		"empty":              {},
		"garbage":            []byte("garbage"),
		"header only":        header,
		"cut":                good[:len(good)-1],
		"trailing, unwanted": append(commit(t, 2, alice, create(post, "a")), 0),
		"trailing byte":      append(bytes.Clone(good), 0),
		"unknown t":          frameOf(t, "#tombstone", message(t, 2, alice)),
		"unknown op":         rawFrame(2, "#commit", mustPayload(t, message(t, 2, alice))),
		"array":              append(bytes.Clone(header), 0x80),
		"indefinite length":  append(bytes.Clone(header), 0xbf, 0xff),
		"huge length":        append(bytes.Clone(header), 0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"deep":               deep,
		"block missing":      frameOf(t, "#commit", missing),
		"create without CID": frameOf(t, "#commit", twice),
		"path":               frameOf(t, "#commit", path),
		"commit of another":  frameOf(t, "#commit", other),
		"flipped byte":       bytes.Replace(good, []byte("layers.corpus.corpusdtext"), []byte("layers.corpus.corpusdtexu"), 1),
		"too large":          append(bytes.Clone(good), make([]byte, firehose.MaxFrame)...),
	} {
		if name == "flipped byte" {
			frame = bytes.Clone(good)
			i := bytes.LastIndex(frame, record(wiki, "a"))
			frame[i+len(record(wiki, "a"))-1] ^= 1
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			frames := map[int64][]byte{1: commit(t, 1, alice, create(wiki, "1")), 2: frame, 3: commit(t, 3, alice, create(wiki, "3"))}
			url := source(t, after(0, frames, 2), after(1000, frames, 3), send(1008, errorFrame("FutureCursor")))
			c := client(t, url)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			var seen []string
			for event, err := range c.Subscribe(ctx, &firehose.Options{Reconnect: true}) {
				if err != nil {
					if !errors.Is(err, firehose.ErrFutureCursor) {
						t.Errorf("%s: %v", name, err)
					}
					break
				}
				switch e := event.(type) {
				case *firehose.Record:
					seen = append(seen, string(e.RecordKey))
				case *firehose.BadFrame:
					if seen = append(seen, "bad"); !bytes.Equal(e.Frame, frame[:min(len(frame), firehose.MaxFrame)]) || e.Size != int64(len(frame)) || e.Err == nil {
						t.Errorf("%s: %d bytes of %d: %v", name, len(e.Frame), e.Size, e.Err)
					}
				}
			}
			cancel()
			slices.Sort(seen)
			if got := slices.Compact(seen); !slices.Equal(got, []string{"1", "3", "bad"}) {
				t.Errorf("%s: %q", name, seen)
			}
		})
	}
}

func mustPayload(t *testing.T, v lex.Encodable) []byte {
	t.Helper()
	b, err := lex.EncodeCBOR(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestManual: the position is behind the first event that is not acknowledged, whatever the order.
func TestManual(t *testing.T) {
	t.Parallel()
	var frames [][]byte
	for seq := int64(1); seq <= 9; seq++ {
		collection := wiki
		if seq%3 == 0 {
			collection = post // 3, 6 and 9 have no event
		}
		frames = append(frames, commit(t, seq, alice, create(collection, fmt.Sprint(seq))))
	}
	c := client(t, source(t, send(1000, frames...)))
	for _, test := range []struct {
		ack  []int64
		want int64
	}{
		{nil, 0}, {[]int64{1}, 1}, {[]int64{2}, 0}, {[]int64{2, 1}, 3}, {[]int64{8, 7, 5, 4, 2, 1}, 9}, {[]int64{1, 2, 4, 7, 8, 8, 8}, 4},
	} {
		store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
		events := map[int64]firehose.Event{}
		monitor := new(firehose.Monitor)
		acked := false
		for event, err := range c.Subscribe(t.Context(), &firehose.Options{Manual: true, Cursors: store, Monitor: monitor}) {
			if err != nil {
				t.Fatal(err)
			}
			if events[event.Head().Seq] = event; len(events) == 6 {
				for _, seq := range test.ack {
					events[seq].Ack()
				}
				acked = true
			}
		}
		p, _, err := store.Load(t.Context(), c.Endpoint())
		if err != nil || !acked || p.Seq != test.want || monitor.Health().Done != p {
			t.Errorf("%v: position %v, want %d; %v; health %+v", test.ack, p, test.want, err, monitor.Health())
		}
	}
}

// TestBreak: the event at which the loop ends is not acknowledged.
func TestBreak(t *testing.T) {
	t.Parallel()
	c := client(t, source(t, func(c *websocket.Conn, cursor int64) {
		for seq := max(cursor+1, 1); seq <= 5; seq++ {
			c.WriteMessage(websocket.BinaryMessage, commit(t, seq, alice, create(wiki, fmt.Sprint(seq))))
		}
		c.ReadMessage()
	}))
	store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
	var seqs []int64
	for range 3 {
		for event, err := range c.Subscribe(t.Context(), &firehose.Options{Cursors: store}) {
			if err != nil {
				t.Fatal(err)
			}
			if seqs = append(seqs, event.Head().Seq); len(seqs)%2 == 0 {
				break
			}
		}
	}
	if !slices.Equal(seqs, []int64{1, 2, 2, 3, 3, 4}) {
		t.Error(seqs)
	}
}
