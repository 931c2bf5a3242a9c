package jetstream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/jetstream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/fakestream"
)

const (
	alice = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
	bob   = "did:plc:bbbbbbbbbbbbbbbbbbbbbbbb"
	wiki  = "pub.layers.corpus.corpus"
	rev   = "3mbd354z2m222"
	// start is the time of the first message, in microseconds.
	start = 1_800_000_000_000_000
)

func TestMain(m *testing.M) {
	jetstream.SetOverlap(10 * time.Millisecond)
	m.Run()
}

func record(name string) string {
	return `{"$type":"` + wiki + `","name":"` + name + `","createdAt":"2026-01-02T03:04:05.678Z"}`
}

func cidOf(t testing.TB, json string) string {
	t.Helper()
	data, err := lex.JSONToCBOR([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return cid.Of(cid.DagCBOR, data).String()
}

// commit returns a message as the server sends it. n counts the microseconds since start.
func commit(t testing.TB, n int, did, operation, path, value string) string {
	t.Helper()
	collection, key, _ := strings.Cut(path, "/")
	m := fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"commit","commit":{"rev":%q,"operation":%q,"collection":%q,"rkey":%q`,
		did, start+n, rev, operation, collection, key)
	if value != "" {
		m += fmt.Sprintf(`,"record":%s,"cid":%q`, value, cidOf(t, value))
	}
	return m + "}}"
}

func identity(n int, did string) string {
	return fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"identity","identity":{"did":%q,"handle":"alice.test","seq":7,"time":"2026-01-02T03:04:05.678Z"}}`, did, start+n, did)
}

func account(n int, did string) string {
	return fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"account","account":{"active":false,"did":%q,"seq":7,"status":"deactivated","time":"2026-01-02T03:04:05.678Z"}}`, did, start+n, did)
}

func client(t testing.TB, s *fakestream.Server, opts ...jetstream.Option) *jetstream.Client {
	t.Helper()
	c, err := jetstream.New(s.URL(), append([]jetstream.Option{jetstream.WithNetwork(network.Network{AllowPrivate: true})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// describe returns an event in short.
func describe(event firehose.Event) string {
	switch e := event.(type) {
	case *firehose.Record:
		return fmt.Sprintf("%d %s %s %s", e.Seq-start, e.Action, e.RecordKey, e.Trust)
	case *firehose.Identity:
		return fmt.Sprintf("%d identity %s %s", e.Seq-start, e.DID, e.Handle)
	case *firehose.Account:
		return fmt.Sprintf("%d account %s %v %s", e.Seq-start, e.DID, e.Active, e.Status)
	case *firehose.Reset:
		return fmt.Sprintf("reset %d %d", e.Last.Seq-start, e.Next.Seq-start)
	case *firehose.BadFrame:
		return "bad"
	case *firehose.Reconnect:
		return "reconnect"
	}
	return fmt.Sprintf("%T", event)
}

// take returns the first n events in short, and the error at the end if there are fewer.
func take(t testing.TB, c *jetstream.Client, options *firehose.Options, n int) (events []firehose.Event, texts []string, end error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for event, err := range c.Subscribe(ctx, options) {
		if err != nil {
			return events, texts, err
		}
		events, texts = append(events, event), append(texts, describe(event))
		if len(events) == n {
			break
		}
	}
	return events, texts, nil
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestEvents: each kind of message, with a record that is decoded, and its bytes.
func TestEvents(t *testing.T) {
	value := record("Tales")
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		c.Send(identity(1, alice), account(2, alice), commit(t, 3, alice, "create", wiki+"/one", value), commit(t, 4, alice, "update", wiki+"/two", record("x")),
			commit(t, 5, alice, "delete", wiki+"/one", ""), commit(t, 6, alice, "create", "app.bsky.feed.post/other", `{"a":1}`),
			commit(t, 7, alice, "create", wiki+"/bad", `{"$type":"`+wiki+`","name":7}`))
		c.Close(1000, "")
		c.Wait()
	})
	monitor := new(firehose.Monitor)
	events, texts, err := take(t, client(t, s), &firehose.Options{Lookup: records.Lookup, Monitor: monitor}, -1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, texts, "1 identity "+alice+" alice.test", "2 account "+alice+" false deactivated", "3 create one hashed", "4 update two hashed",
		"5 delete one served", "7 create bad hashed")
	r := events[2].(*firehose.Record)
	data, _ := lex.JSONToCBOR([]byte(value))
	if string(r.Data) != string(data) || r.CID.String() != cidOf(t, value) || r.Value == nil || len(r.Issues) > 0 || r.DID != alice || r.Rev != rev {
		t.Errorf("%+v", r)
	}
	if r.Time != "2027-01-15T08:00:00.000003Z" || r.Source != s.URL()+"/subscribe" {
		t.Errorf("time %s, source %s", r.Time, r.Source)
	}
	if bad := events[5].(*firehose.Record); len(bad.Issues) == 0 {
		t.Error("a record without what is required has no issue")
	}
	if h := monitor.Health(); h.Read.Seq != start+7 || h.Done.Seq != start+7 || h.Collections[wiki].Events != 4 {
		t.Errorf("%+v", h)
	}
}

// TestRequest: what is wanted is asked for, as far as the server's limits allow, and filtered here in any case.
func TestRequest(t *testing.T) {
	var many []syntax.DID
	for i := range 300 {
		many = append(many, syntax.DID(fmt.Sprintf("did:plc:%024d", i)))
	}
	var hundred []string
	for i := range 101 {
		hundred = append(hundred, fmt.Sprintf("com.example.n%d", i))
	}
	tests := []struct {
		options     firehose.Options
		collections []string
		dids        []string
		cursor      string
	}{
		{firehose.Options{}, []string{"pub.layers.*"}, nil, ""},
		{firehose.Options{Collections: []string{wiki, "com.example.*"}, DIDs: []syntax.DID{alice, bob}, Cursor: lex.SomeInt(5)}, []string{wiki, "com.example.*"}, []string{alice, bob}, "5"},
		{firehose.Options{Collections: []string{wiki, "*"}}, nil, nil, ""},
		{firehose.Options{Collections: hundred}, nil, nil, ""},
		{firehose.Options{Collections: hundred[:100]}, hundred[:100], nil, ""},
		{firehose.Options{DIDs: many}, []string{"pub.layers.*"}, nil, ""},
	}
	for i, tt := range tests {
		got := make(chan *fakestream.Conn, 1)
		s := fakestream.Start(t, func(c *fakestream.Conn) {
			if tt.cursor != "" && !c.Query().Has("cursor") {
				c.Wait() // the connection for what happens now
				return
			}
			got <- c
			c.Close(1000, "")
			c.Wait()
		})
		if _, _, err := take(t, client(t, s), &tt.options, -1); err != nil {
			t.Error(i, err)
		}
		c := <-got
		q := c.Query()
		if !slices.Equal(q["wantedCollections"], tt.collections) || !slices.Equal(q["wantedDids"], tt.dids) || q.Get("cursor") != tt.cursor || c.Request.URL.Path != "/subscribe" || q.Has("compress") {
			t.Errorf("%d: %s", i, c.Request.URL)
		}
	}

	s := fakestream.Start(t, func(c *fakestream.Conn) {
		c.Send(identity(1, bob), commit(t, 2, bob, "delete", wiki+"/a", ""), commit(t, 3, alice, "delete", "pub.layersx.a.b/a", ""), commit(t, 4, alice, "delete", wiki+"/b", ""))
		c.Close(1001, "")
		c.Wait()
	})
	_, texts, err := take(t, client(t, s), &firehose.Options{DIDs: []syntax.DID{alice}}, -1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, texts, "4 delete b served")
}

// TestBadMessages: a malformed message is an event with its bytes, and the stream goes on.
func TestBadMessages(t *testing.T) {
	other := strings.Replace(commit(t, 1, alice, "create", wiki+"/one", record("x")), `"name":"x"`, `"name":"y"`, 1)
	long := commit(t, 1, alice, "create", wiki+"/one", `{"a":"`+strings.Repeat("x", jetstream.MaxMessage)+`"}`)
	tests := map[string]string{
		"not JSON":             `{"did"`,
		"trailing data":        commit(t, 1, alice, "delete", wiki+"/one", "") + "x",
		"array":                `[]`,
		"null":                 `null`,
		"no time":              strings.Replace(identity(1, alice), "time_us", "time", 1),
		"time as text":         strings.Replace(identity(1, alice), fmt.Sprint(start+1), `"7"`, 1),
		"negative time":        strings.Replace(identity(1, alice), fmt.Sprint(start+1), `-7`, 1),
		"unknown kind":         strings.Replace(identity(1, alice), `"kind":"identity"`, `"kind":"tombstone"`, 1),
		"kind twice":           strings.Replace(identity(1, alice), `"kind":"identity"`, `"kind":"identity","kind":"account"`, 1),
		"malformed DID":        identity(1, "alice"),
		"another DID inside":   strings.Replace(identity(1, alice), `"identity":{"did":"`+alice, `"identity":{"did":"`+bob, 1),
		"unknown operation":    commit(t, 1, alice, "move", wiki+"/one", record("x")),
		"malformed rev":        strings.Replace(commit(t, 1, alice, "delete", wiki+"/one", ""), rev, "1", 1),
		"malformed record key": commit(t, 1, alice, "delete", wiki+"/.", ""),
		"no record":            commit(t, 1, alice, "create", wiki+"/one", ""),
		"no cid":               strings.Replace(commit(t, 1, alice, "create", wiki+"/one", record("x")), `,"cid"`, `,"other"`, 1),
		"another CID":          other,
		"a float":              strings.Replace(commit(t, 1, alice, "create", wiki+"/one", `{"a":1}`), `{"a":1}`, `{"a":1.5}`, 1),
		"record that is null":  strings.Replace(commit(t, 1, alice, "create", wiki+"/one", `{"a":1}`), `{"a":1}`, `null`, 1),
		"commit that is null":  fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"commit","commit":null}`, alice, start+1),
		"too large":            long,
		"deep":                 strings.Replace(commit(t, 1, alice, "create", wiki+"/one", `{"a":1}`), `{"a":1}`, strings.Repeat(`{"a":`, 100000)+"1"+strings.Repeat("}", 100000), 1),
	}
	for name, message := range tests {
		t.Run(name, func(t *testing.T) {
			s := fakestream.Start(t, func(c *fakestream.Conn) {
				c.Send(message, commit(t, 2, alice, "delete", wiki+"/two", ""))
				c.Close(1000, "")
				c.Wait()
			})
			events, texts, err := take(t, client(t, s), &firehose.Options{Collections: []string{"*"}}, -1)
			if err != nil {
				t.Fatal(err)
			}
			if len(texts) == 2 && texts[0] > texts[1] { // they may be of different repositories
				events[0], events[1] = events[1], events[0]
				texts[0], texts[1] = texts[1], texts[0]
			}
			same(t, texts, "2 delete two served", "bad")
			bad := events[1].(*firehose.BadFrame)
			if want := message[:min(len(message), jetstream.MaxMessage)]; string(bad.Frame) != want || bad.Size != int64(len(message)) {
				t.Errorf("%d bytes of %d", len(bad.Frame), bad.Size)
			}
			var failure *rec.Failure
			if !errors.Is(bad.Err, jetstream.ErrMessage) && !errors.As(bad.Err, &failure) {
				t.Error(bad.Err)
			}
		})
	}
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		c.SendBinary([]byte(identity(1, alice)))
		c.Close(1000, "")
		c.Wait()
	})
	if _, texts, err := take(t, client(t, s), nil, -1); err != nil || len(texts) != 1 || texts[0] != "bad" {
		t.Errorf("binary: %q, %v", texts, err)
	}
}

// TestCursor: the server begins with the event at the cursor, which is not yielded again after a reconnection or a
// restart, and the saved position is behind what is acknowledged.
func TestCursor(t *testing.T) {
	all := []string{commit(t, 1, alice, "create", wiki+"/a", record("x")), commit(t, 2, alice, "delete", wiki+"/b", ""), identity(3, alice), commit(t, 4, alice, "delete", wiki+"/d", "")}
	var first atomic.Bool
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		if !c.Query().Has("cursor") {
			c.Wait() // nothing happens
			return
		}
		if !first.Swap(true) {
			c.Send(all[:2]...)
			return // cut
		}
		c.Send(all[max(cursor(c)-1, 0):]...)
		c.Wait()
	})
	store := firehose.NewCursorFile(t.TempDir() + "/cursor")
	options := &firehose.Options{Cursors: store, Cursor: lex.SomeInt(0), Reconnect: true}
	_, texts, err := take(t, client(t, s), options, 5)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(texts) // the reconnection is reported in turns with the repository's events
	same(t, texts, "1 create a hashed", "2 delete b served", "3 identity "+alice+" alice.test", "4 delete d served", "reconnect")
	// The last event was not acknowledged.
	_, texts, err = take(t, client(t, s), options, 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, texts, "4 delete d served")
}

// cursor returns the number of the message with which a connection begins.
func cursor(c *fakestream.Conn) (n int) {
	fmt.Sscan(c.Query().Get("cursor"), &n)
	return n - start
}

// numbered returns n messages about one repository, with the numbers from 1.
func numbered(t testing.TB, n int) (messages, texts []string) {
	for i := range n {
		messages = append(messages, commit(t, i+1, alice, "delete", fmt.Sprint(wiki, "/k", i+1), ""))
		texts = append(texts, fmt.Sprintf("%d delete k%d served", i+1, i+1))
	}
	return messages, texts
}

// TestCutover: the server leaves out messages when a connection passes from its store to what happens. None is missing,
// and none comes twice.
func TestCutover(t *testing.T) {
	all, want := numbered(t, 60)
	type connection = *fakestream.Conn
	later := func(c connection, messages []string) {
		time.Sleep(50 * time.Millisecond)
		c.Send(messages...)
	}
	tests := map[string]struct {
		stored func(c connection, number int) // with a cursor; number counts them from 1
		live   func(c connection)
		again  bool // whether some may come again
	}{
		"live from the beginning": {
			stored: func(c connection, number int) {
				c.Send(all[cursor(c)-1 : 30]...)
				c.Send(all[45:]...) // those between are left out
			},
			live: func(c connection) { c.Send(all[20:]...) },
		},
		"live later": {
			stored: func(c connection, number int) {
				if number == 1 {
					c.Send(all[cursor(c)-1 : 20]...) // and nothing of what happens
					return
				}
				c.Send(all[cursor(c)-1 : 30]...)
				c.Send(all[45:]...)
			},
			live: func(c connection) { later(c, all[20:]) },
		},
		"on both": { // what is received before it is noticed that live has it comes again
			stored: func(c connection, number int) {
				if number == 1 {
					c.Send(all[cursor(c)-1 : 20]...)
					c.Send(all[50:]...)
					return
				}
				c.Send(all[cursor(c)-1:]...)
			},
			live:  func(c connection) { later(c, all[20:]) },
			again: true,
		},
		"malformed first": {
			stored: func(c connection, number int) { c.Send(all[cursor(c)-1:]...) },
			live: func(c connection) {
				c.Send("{", "[]")
				c.Send(all[20:]...)
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stored atomic.Int64
			s := fakestream.Start(t, func(c *fakestream.Conn) {
				if c.Query().Has("cursor") {
					tt.stored(c, int(stored.Add(1)))
				} else {
					tt.live(c)
				}
				c.Wait()
			})
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			var got []string
			seen, bad := map[string]bool{}, 0
			for event, err := range client(t, s).Subscribe(ctx, &firehose.Options{Cursor: lex.SomeInt(start + 1)}) {
				if err != nil {
					t.Fatalf("%v after %q", err, got)
				}
				if text := describe(event); text == "bad" {
					bad++
				} else if tt.again && seen[text] {
					continue
				} else if got, seen[text] = append(got, text), true; len(seen) == len(want) {
					break
				}
			}
			if tt.again {
				same(t, slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))...)
			} else {
				same(t, got, want...)
			}
			if (bad == 2) != (name == "malformed first") {
				t.Errorf("%d malformed messages", bad)
			}
		})
	}
}

// TestCutoverBusy: records that are decoded when the live connection receives its first message are not lost, and nor is
// what waits for them.
func TestCutoverBusy(t *testing.T) {
	var all, want []string
	for i := 1; i <= 6; i++ {
		all = append(all, commit(t, i, alice, "create", fmt.Sprint(wiki, "/k", i), record("a")))
		want = append(want, fmt.Sprintf("%d create k%d hashed", i, i))
	}
	decoding, ended := make(chan struct{}), make(chan struct{})
	var stored atomic.Int64
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		switch {
		case !c.Query().Has("cursor"):
			<-decoding
			c.Send(all[5])
			c.Wait()
		case stored.Add(1) == 1:
			c.Send(all[:5]...)
			c.Wait()
			close(ended) // the first message has arrived on the other connection
		default:
			c.Send(all[cursor(c)-1:]...)
			c.Wait()
		}
	})
	var once sync.Once
	lookup := func(syntax.NSID) (lex.RecordDef, bool) {
		once.Do(func() {
			close(decoding)
			<-ended
		})
		return records.Lookup(wiki)
	}
	_, got, err := take(t, client(t, s), &firehose.Options{Cursor: lex.SomeInt(start + 1), Lookup: lookup}, len(want))
	if err != nil {
		t.Error(err)
	}
	same(t, got, want...)
}

// TestCutoverLost: when one of the two connections is lost, or ctx ends, that is an error, and nothing is missing before it.
func TestCutoverLost(t *testing.T) {
	all, _ := numbered(t, 30)
	type connection = *fakestream.Conn
	tests := map[string]struct{ stored, live func(c connection) }{
		"live": {
			stored: func(c connection) { c.Send(all...); c.Wait() },
			live:   func(c connection) { time.Sleep(50 * time.Millisecond) },
		},
		"live after its first message": {
			stored: func(c connection) { c.Send(all...); c.Wait() },
			live:   func(c connection) { c.Send(all[29]) },
		},
		"stored": {
			stored: func(c connection) { c.Send(all[:10]...) },
			live:   func(c connection) { c.Wait() },
		},
		"stored before the first live message": {
			stored: func(c connection) { c.Send(all[:10]...) },
			live:   func(c connection) { c.Send(all[29]); c.Wait() },
		},
		"neither": {
			stored: func(c connection) { c.Wait() },
			live:   func(c connection) { c.Wait() },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := fakestream.Start(t, func(c *fakestream.Conn) {
				if c.Query().Has("cursor") {
					tt.stored(c)
				} else {
					tt.live(c)
				}
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			last := int64(start)
			for event, err := range client(t, s).Subscribe(ctx, &firehose.Options{Cursor: lex.SomeInt(start + 1)}) {
				if err != nil {
					var failure *firehose.Error
					if !errors.Is(err, context.DeadlineExceeded) && (!errors.As(err, &failure) || failure.Position.Seq < last) {
						t.Errorf("%v after %d", err, last)
					}
					return
				}
				if r := event.(*firehose.Record); r.Seq != last+1 {
					t.Errorf("%d after %d", r.Seq, last)
				} else {
					last = r.Seq
				}
			}
			t.Error("it ended without an error")
		})
	}
}

// TestFutureCursor: with a cursor from the future, the server begins now and does not say so.
func TestFutureCursor(t *testing.T) {
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		c.Send(identity(1, alice), identity(2, alice))
		c.Wait()
	})
	_, texts, err := take(t, client(t, s), &firehose.Options{Cursor: lex.SomeInt(start + 100)}, 3)
	if err != nil {
		t.Fatal(err)
	}
	same(t, texts, "reset 100 1", "1 identity "+alice+" alice.test", "2 identity "+alice+" alice.test")
}

// TestEnd: a cut is never taken for the end, nor is a failure that the server states with the code of success.
func TestEnd(t *testing.T) {
	tests := []struct {
		code  int
		text  string
		clean bool
	}{{1000, "", true}, {1001, "", true}, {1000, "failed to replay events", false}, {1011, "", false}, {0, "", false}}
	for _, tt := range tests {
		s := fakestream.Start(t, func(c *fakestream.Conn) {
			c.Send(identity(1, alice))
			if tt.code != 0 {
				c.Close(tt.code, tt.text)
				c.Wait()
			}
		})
		_, texts, err := take(t, client(t, s), nil, -1)
		var e *firehose.Error
		if (err == nil) != tt.clean || err != nil && (!errors.As(err, &e) || e.Position.Seq != start+1 || !strings.Contains(err.Error(), tt.text)) || len(texts) != 1 {
			t.Errorf("%d %s: %q, %v", tt.code, tt.text, texts, err)
		}
	}
}

// TestIdle: the server exits when the relay is silent, is started again, and knows no event of before.
func TestIdle(t *testing.T) {
	s := fakestream.Start(t, func(c *fakestream.Conn) {
		switch c.Number {
		case 0:
			c.Send(identity(1, alice))
		case 1:
		default:
			c.Send(identity(5, alice))
			c.Wait()
		}
	})
	_, texts, err := take(t, client(t, s), &firehose.Options{Reconnect: true}, 4)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(texts)
	same(t, texts, "1 identity "+alice+" alice.test", "5 identity "+alice+" alice.test", "reconnect", "reconnect")
}

// TestNew: addresses, and the rule that a connection without TLS has to be allowed.
func TestNew(t *testing.T) {
	for address, want := range map[string]string{
		"jetstream.example.com":              "wss://jetstream.example.com/subscribe",
		"https://jetstream.example.com:443/": "wss://jetstream.example.com/subscribe",
		"wss://example.com/subscribe":        "wss://example.com/subscribe",
		"wss://example.com/xrpc":             "",
		"wss://example.com/?cursor=1":        "",
		"ws://example.com":                   "",
		"ftp://example.com":                  "",
		"":                                   "",
	} {
		c, err := jetstream.New(address)
		got := ""
		if err == nil {
			got = c.Endpoint()
		} else if !strings.HasPrefix(err.Error(), "jetstream: ") {
			t.Error(err)
		}
		if got != want {
			t.Errorf("%q: %q, %v", address, got, err)
		}
	}
	if _, err := jetstream.New("example.com", jetstream.WithPing(-1)); err == nil {
		t.Error("a negative interval")
	}
	// The zero network reaches public addresses only.
	c, err := jetstream.New("wss://127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := take(t, c, &firehose.Options{Reconnect: true}, -1); err == nil || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Error(err)
	}
}
