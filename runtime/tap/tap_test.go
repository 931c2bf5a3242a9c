package tap_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/tap"
	"github.com/layers-pub/layers-go/tests/fakestream"
)

const (
	alice = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
	bob   = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
	wiki  = "pub.layers.corpus.corpus"
	rev   = "3mbd354z2m222"

	soon = 2 * time.Minute
	// never is how long a test waits for what must not come.
	never = 100 * time.Millisecond
)

func record(name string) string {
	return `{"$type":"` + wiki + `","name":"` + name + `","createdAt":"2026-01-02T03:04:05.678Z"}`
}

// change returns a message as Tap sends it.
func change(t testing.TB, id int, did, action, path, value string) string {
	t.Helper()
	collection, key, _ := strings.Cut(path, "/")
	m := fmt.Sprintf(`{"id":%d,"type":"record","record":{"live":true,"did":%q,"rev":%q,"collection":%q,"rkey":%q,"action":%q`, id, did, rev, collection, key, action)
	if value != "" {
		data, err := lex.JSONToCBOR([]byte(value))
		if err != nil {
			t.Fatal(err)
		}
		m += fmt.Sprintf(`,"record":%s,"cid":%q`, value, cid.Of(cid.DagCBOR, data))
	}
	return m + "}}"
}

func identity(id int, did string, active bool, status string) string {
	return fmt.Sprintf(`{"id":%d,"type":"identity","identity":{"did":%q,"handle":"alice.test","is_active":%v,"status":%q}}`, id, did, active, status)
}

func client(t testing.TB, s *fakestream.Server, opts ...tap.Option) *tap.Client {
	t.Helper()
	c, err := tap.New(s.URL(), append([]tap.Option{tap.WithNetwork(network.Network{AllowPrivate: true})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func describe(event firehose.Event) string {
	switch e := event.(type) {
	case *firehose.Record:
		return fmt.Sprintf("%d %s %s %s", e.Seq, e.Action, e.RecordKey, e.Trust)
	case *firehose.Identity:
		return fmt.Sprintf("%d identity %s", e.Seq, e.Handle)
	case *firehose.Account:
		return fmt.Sprintf("%d account %v %s", e.Seq, e.Active, e.Status)
	case *firehose.BadFrame:
		return "bad"
	case *firehose.Reconnect:
		return fmt.Sprintf("reconnect gap=%v", e.Gap)
	}
	return fmt.Sprintf("%T", event)
}

// ack returns the number in the next acknowledgement, or -1 if there is none within d.
func ack(c *fakestream.Conn, d time.Duration) int {
	text := c.Receive(d)
	if text == "" {
		return -1
	}
	var m struct {
		Type string
		ID   *int
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil || m.Type != "ack" || m.ID == nil {
		panic("not an acknowledgement: " + text)
	}
	return *m.ID
}

// acks returns the numbers in the next n acknowledgements in order, and fails if there is another.
func acks(c *fakestream.Conn, n int) []int {
	var all []int
	for range n {
		all = append(all, ack(c, soon))
	}
	if extra := ack(c, never); extra >= 0 {
		all = append(all, extra)
	}
	slices.Sort(all)
	return all
}

func equal[T comparable](t *testing.T, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestEvents: each kind of message, and one acknowledgement for each when the loop asks for the next event.
func TestEvents(t *testing.T) {
	got := make(chan []int, 1)
	value := record("Tales")
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		c.Send(identity(1, alice, true, "active"), identity(2, alice, false, "deactivated"), change(t, 3, alice, "create", wiki+"/one", value),
			change(t, 4, alice, "update", wiki+"/one", record("x")), change(t, 5, alice, "delete", wiki+"/one", ""), change(t, 0, alice, "delete", wiki+"/zero", ""))
		got <- acks(c, 6)
	})
	var texts []string
	var first *firehose.Record
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	for event, err := range client(t, s).Subscribe(ctx, &firehose.Options{Lookup: records.Lookup, Cursor: lex.SomeInt(9), Cursors: firehose.NewCursorFile(t.TempDir() + "/x")}) {
		if err != nil {
			var e *firehose.Error
			if !errors.As(err, &e) || !e.Position.IsZero() {
				t.Errorf("%v", err)
			}
			break
		}
		if r, ok := event.(*firehose.Record); ok && first == nil {
			first = r
		}
		texts = append(texts, describe(event))
	}
	equal(t, texts, "1 identity alice.test", "1 account true ", "2 identity alice.test", "2 account false deactivated", "3 create one hashed", "4 update one hashed", "5 delete one served", "0 delete zero served")
	equal(t, <-got, 0, 1, 2, 3, 4, 5)
	data, _ := lex.JSONToCBOR([]byte(value))
	if string(first.Data) != string(data) || first.Value == nil || len(first.Issues) > 0 || first.Rev != rev || first.DID != alice {
		t.Errorf("%+v", first)
	}
}

// TestManual: an acknowledgement is sent after the caller's, in any order, and for an identity after that of both events.
// What is not wanted is acknowledged at once.
func TestManual(t *testing.T) {
	sent, stage := make(chan int, 100), make(chan time.Duration)
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		c.Send(change(t, 1, alice, "delete", wiki+"/a", ""), change(t, 2, alice, "delete", "app.bsky.feed.post/b", ""), change(t, 3, bob, "delete", wiki+"/c", ""),
			identity(4, alice, true, ""), change(t, 5, alice, "delete", wiki+"/e", ""))
		for d := range stage {
			sent <- ack(c, d)
		}
	})
	defer close(stage)
	next := func(d time.Duration) int { stage <- d; return <-sent }
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var events []firehose.Event
	for event, err := range client(t, s).Subscribe(ctx, &firehose.Options{Manual: true, DIDs: []syntax.DID{alice}}) {
		if err != nil {
			t.Fatal(err)
		}
		if events = append(events, event); len(events) < 4 {
			continue
		}
		var got []int
		got = append(got, next(soon), next(soon), next(never))
		events[3].Ack() // 5
		got = append(got, next(soon))
		events[0].Ack()
		events[0].Ack()
		got = append(got, next(soon), next(never))
		events[1].Ack()
		got = append(got, next(never))
		events[2].Ack()
		got = append(got, next(soon))
		slices.Sort(got[:3])
		equal(t, got, -1, 2, 3, 5, 1, -1, -1, 4)
		break
	}
}

// TestRestart: Tap is started again while acknowledgements are pending, and uses the same numbers for other events. An
// acknowledgement of an event of before is not sent, since it would remove an event that was not delivered yet.
func TestRestart(t *testing.T) {
	delivered, finished, second := make(chan bool), make(chan bool), make(chan *fakestream.Conn)
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		if c.Number == 0 {
			c.Send(change(t, 1, alice, "delete", wiki+"/old1", ""), change(t, 2, alice, "delete", wiki+"/old2", ""))
			if ack(c, soon) != 1 {
				t.Error("no acknowledgement of 1")
			}
			<-delivered
			return
		}
		c.Send(change(t, 1, alice, "delete", wiki+"/old2", ""), change(t, 2, alice, "delete", wiki+"/new", ""))
		second <- c
		<-finished
	})
	defer close(finished)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	var texts []string
	var old, again firehose.Event
	for event, err := range client(t, s).Subscribe(ctx, &firehose.Options{Manual: true, Reconnect: true}) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, describe(event))
		switch len(texts) {
		case 1:
			event.Ack()
		case 2:
			old = event
			close(delivered)
		case 4:
			again = event
		case 5:
			c := <-second
			old.Ack() // the work for the event of before is done now
			if id := ack(c, never); id >= 0 {
				t.Errorf("the acknowledgement of %d was sent to a Tap that uses the number for another event", id)
			}
			again.Ack()
			if id := ack(c, soon); id != 1 {
				t.Errorf("acknowledgement of %d, want 1", id)
			}
		}
		if len(texts) == 5 {
			break
		}
	}
	equal(t, texts, "1 delete old1 served", "2 delete old2 served", "reconnect gap=false", "1 delete old2 served", "2 delete new served")
}

// TestBreak: what is acknowledged when the loop ends is sent, also when it ends with its context. The event at which the
// loop is left is not acknowledged.
func TestBreak(t *testing.T) {
	t.Run("break", func(t *testing.T) { testBreak(t, 499, false) })
	t.Run("cancel", func(t *testing.T) { testBreak(t, 500, true) })
}

func testBreak(t *testing.T, want int, cancels bool) {
	const n = 500
	got := make(chan int, 1)
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		for i := range n {
			c.Send(change(t, i, alice, "delete", wiki+"/a", ""))
		}
		for i := 0; ; i++ {
			if ack(c, soon) < 0 {
				got <- i
				return
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	count := 0
	for _, err := range client(t, s).Subscribe(ctx, nil) {
		if err != nil {
			if !cancels || !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			break
		}
		if count++; count == n {
			if !cancels {
				break
			}
			cancel()
			time.Sleep(10 * time.Millisecond) // whoever waits for the end of the context is served
		}
	}
	if acked := <-got; acked != want {
		t.Errorf("%d acknowledgements, want %d", acked, want)
	}
}

// TestBadMessages: a malformed message is an event with its bytes. It is acknowledged if its number can be relied on.
func TestBadMessages(t *testing.T) {
	tests := []struct {
		name, message string
		ack           bool
	}{
		{"not JSON", `{"id":1,"type"`, false},
		{"trailing data", identity(1, alice, true, "") + "}", false},
		{"id twice", `{"id":1,"id":1,"type":"record"}`, false},
		{"no id", strings.Replace(identity(1, alice, true, ""), `"id"`, `"no"`, 1), false},
		{"negative id", strings.Replace(identity(1, alice, true, ""), `:1,`, `:-1,`, 1), false},
		{"huge id", strings.Replace(identity(1, alice, true, ""), `:1,`, `:99999999999999999999,`, 1), false},
		{"null", `null`, false},
		{"too large", change(t, 1, alice, "create", wiki+"/one", `{"a":"`+strings.Repeat("x", tap.MaxMessage)+`"}`), false},
		{"unknown type", strings.Replace(identity(1, alice, true, ""), `"type":"identity"`, `"type":"x"`, 1), true},
		{"type that is a number", strings.Replace(identity(1, alice, true, ""), `"type":"identity"`, `"type":7`, 1), true},
		{"malformed DID", identity(1, "alice", true, ""), true},
		{"unknown action", change(t, 1, alice, "move", wiki+"/one", record("x")), true},
		{"no record", change(t, 1, alice, "create", wiki+"/one", ""), true},
		{"another CID", strings.Replace(change(t, 1, alice, "create", wiki+"/one", record("x")), `"name":"x"`, `"name":"y"`, 1), true},
		{"malformed rev", strings.Replace(change(t, 1, alice, "delete", wiki+"/one", ""), rev, "", 1), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := make(chan []int, 1)
			s := fakestream.Start(t, func(c *fakestream.Conn) {
				c.Send(tt.message, change(t, 7, alice, "delete", wiki+"/two", ""))
				n := 1
				if tt.ack {
					n++
				}
				got <- acks(c, n)
			})
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			defer cancel()
			var texts []string
			for event, err := range client(t, s).Subscribe(ctx, &firehose.Options{Collections: []string{"*"}}) {
				if err != nil {
					break
				}
				texts = append(texts, describe(event))
				if bad, ok := event.(*firehose.BadFrame); ok {
					var failure *rec.Failure
					if !errors.Is(bad.Err, tap.ErrMessage) && !errors.As(bad.Err, &failure) {
						t.Error(bad.Err)
					}
					if string(bad.Frame) != tt.message[:min(len(tt.message), tap.MaxMessage)] || bad.Size != int64(len(tt.message)) {
						t.Errorf("%d bytes of %d", len(bad.Frame), bad.Size)
					}
				}
			}
			slices.Sort(texts)
			equal(t, texts, "7 delete two served", "bad")
			if tt.ack {
				equal(t, <-got, 1, 7)
			} else {
				equal(t, <-got, 7)
			}
		})
	}
}

// TestPassword: the password is sent to Tap, and nowhere else.
func TestPassword(t *testing.T) {
	got := make(chan string, 1)
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		user, password, _ := c.Request.BasicAuth()
		got <- c.Request.URL.Path + " " + user + " " + password
		c.Close(1000, "")
		c.Wait()
	})
	for _, err := range client(t, s, tap.WithPassword("sesame")).Subscribe(t.Context(), nil) {
		var e *firehose.Error
		if !errors.As(err, &e) || e.Code != 1000 {
			t.Errorf("the stream that never ends ended with %v", err)
		}
	}
	if text := <-got; text != "/channel admin sesame" {
		t.Error(text)
	}
}

func TestNew(t *testing.T) {
	for address, want := range map[string]string{
		"tap.example.com":           "wss://tap.example.com/channel",
		"https://example.com/":      "wss://example.com/channel",
		"wss://example.com/channel": "wss://example.com/channel",
		"wss://example.com/other":   "",
		"ws://example.com":          "",
	} {
		c, err := tap.New(address)
		got := ""
		if err == nil {
			got = c.Endpoint()
		} else if !strings.HasPrefix(err.Error(), "tap: ") {
			t.Error(err)
		}
		if got != want {
			t.Errorf("%q: %q, %v", address, got, err)
		}
	}
}
