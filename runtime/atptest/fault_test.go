package atptest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// answer is what a client without any checks gets.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func fetch(t *testing.T, url string) (a answer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	a.status, a.header = response.StatusCode, response.Header
	a.body, a.err = io.ReadAll(response.Body)
	return a
}

// page is the answer to listRecords, as far as the tests look at it.
type page struct {
	Records []json.RawMessage
	Cursor  string
}

func (a answer) page(t *testing.T) (p page) {
	t.Helper()
	if err := json.Unmarshal(a.body, &p); err != nil && a.status == http.StatusOK {
		t.Errorf("%s: %v", a.body, err)
	}
	return p
}

// TestFaults checks what each fault of requests does to an answer.
func TestFaults(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	for i := range 20 {
		a.PutJSON(note, syntax.RecordKey(fmt.Sprint(i)), text(fmt.Sprint(i)))
	}
	p := a.PDS()
	list := fmt.Sprintf("%s/xrpc/com.atproto.repo.listRecords?repo=%s&collection=%s&limit=5", p.URL, a.DID, note)
	archive := fmt.Sprintf("%s/xrpc/com.atproto.sync.getRepo?did=%s", p.URL, a.DID)
	goodList, goodArchive := fetch(t, list), fetch(t, archive)
	if goodList.err != nil || len(goodList.page(t).Records) != 5 || goodArchive.err != nil {
		t.Fatalf("%v, %v", goodList, goodArchive.err)
	}
	isStatus := func(status int, contains string) func(t *testing.T, a answer) {
		return func(t *testing.T, a answer) {
			if a.err != nil || a.status != status || !strings.Contains(string(a.body), contains) {
				t.Errorf("%d %s, %v", a.status, a.body, a.err)
			}
		}
	}
	cut := func(length int, whole bool) func(t *testing.T, a answer) {
		return func(t *testing.T, a answer) {
			if (a.err == nil) != whole || len(a.body) != length || !bytes.HasPrefix(goodList.body, a.body[:min(length, len(goodList.body))]) {
				t.Errorf("%d bytes, %v", len(a.body), a.err)
			}
		}
	}
	header := func(name, value string) func(t *testing.T, a answer) {
		return func(t *testing.T, a answer) {
			if a.header.Get(name) != value {
				t.Errorf("the header %s is %q, want %q", name, a.header.Get(name), value)
			}
		}
	}
	differs := func(want string) func(t *testing.T, a answer) {
		return func(t *testing.T, a answer) {
			if a.err != nil || a.status != 200 || bytes.Equal(a.body, goodList.body) || !strings.Contains(string(a.body), want) {
				t.Errorf("%d %s, %v", a.status, a.body, a.err)
			}
		}
	}
	read := func(want error, verify bool) func(t *testing.T, a answer) {
		return func(t *testing.T, got answer) {
			r, err := repo.FromBytes(t.Context(), got.body)
			if err == nil && verify {
				err = r.Verify(a.DID, a.SigningKey().Public())
			}
			if err == nil {
				for _, err = range r.Records(t.Context()) {
					if err != nil {
						break
					}
				}
			}
			if err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("reading the archive: %v, want %v", err, want)
			}
		}
	}
	for _, test := range []struct {
		fault fault.Fault
		url   string
		check func(t *testing.T, a answer)
	}{
		{fault.Refuse(), list, func(t *testing.T, a answer) {
			if a.err == nil || a.status != 0 {
				t.Errorf("%d, %v", a.status, a.err)
			}
		}},
		{fault.Lose(), list, func(t *testing.T, a answer) {
			if a.err == nil || a.status != 0 {
				t.Errorf("%d, %v", a.status, a.err)
			}
		}},
		{fault.Page(418, "text/plain", "a page"), list, isStatus(418, "a page")},
		{fault.HTML(502), list, isStatus(502, "<html>")},
		{fault.Error(400, "Name", "a message"), list, isStatus(400, `{"error":"Name","message":"a message"}`)},
		{fault.ExpiredToken(), list, isStatus(400, "ExpiredToken")},
		{fault.RateLimit(time.Minute), list, header("Retry-After", "60")},
		{fault.RateLimitUntil(time.Unix(1234, 0)), list, header("RateLimit-Reset", "1234")},
		{fault.Redirect("http://elsewhere.test"), archive, header("Location", "http://elsewhere.test"+strings.TrimPrefix(archive, p.URL))},
		{fault.Flood(1 << 20), list, func(t *testing.T, a answer) {
			if len(a.body) != 1<<20 {
				t.Errorf("%d bytes", len(a.body))
			}
		}},
		{fault.GzipBomb(1 << 20), list, func(t *testing.T, a answer) {
			if len(a.body) != 1<<20 {
				t.Errorf("%d bytes", len(a.body))
			}
		}},
		{fault.Cut(40), list, cut(40, false)},
		{fault.CutChunked(40), list, cut(40, false)},
		{fault.Trickle(100, time.Millisecond), list, cut(len(goodList.body), true)},
		{fault.WrongLength(10), list, cut(len(goodList.body), false)},
		{fault.WrongLength(-10), list, cut(len(goodList.body)-10, true)},
		{fault.NullList(), list, differs(`"records":null`)},
		{fault.MalformedItem(), list, differs(`"records":[7,`)},
		{fault.WrongCID(), list, differs(`"records":[{"cid":"bafyrei`)},
		{fault.WrongRecord(), list, differs("atptestWrong")},
		{fault.SetField("records", `"text"`), list, differs(`"records":"text"`)},
		{fault.RemoveField("cursor"), list, func(t *testing.T, a answer) {
			if p := a.page(t); p.Cursor != "" || len(p.Records) != 5 {
				t.Errorf("%v", p)
			}
		}},
		{fault.SameCursor(), list + "&cursor=3", func(t *testing.T, a answer) {
			if p := a.page(t); p.Cursor != "again" || !strings.Contains(string(p.Records[0]), "/com.example.note/9") {
				t.Errorf("cursor %q, first record %s", p.Cursor, p.Records[0])
			}
		}},
		{fault.EndlessPages(), list + "&cursor=3", func(t *testing.T, a answer) {
			if p := a.page(t); p.Cursor != "4" || len(p.Records) != 0 {
				t.Errorf("%v", p)
			}
		}},
		{fault.FlipBit(), archive, read(nil, false)},
		{fault.CutBlocks(1), archive, read(nil, false)},
		{fault.ForgeSignature(), archive, read(multikey.ErrSignature, true)},
		{fault.Custom("custom", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
			w.Header().Set("X-Test", "yes")
			good.ServeHTTP(w, r)
		}), list, header("X-Test", "yes")},
	} {
		t.Run(test.fault.Name, func(t *testing.T) {
			end := p.Fail(test.fault, "com.atproto.repo.listRecords", "com.atproto.sync.*")
			test.check(t, fetch(t, test.url))
			end()
			if again := fetch(t, list); again.err != nil || !bytes.Equal(again.body, goodList.body) {
				t.Errorf("after the fault: %d %s, %v", again.status, again.body, again.err)
			}
		})
	}
}

// TestSilence checks the faults that end only with the connection.
func TestSilence(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	for _, test := range []struct {
		fault fault.Fault
		bytes int
	}{{fault.Hang(), 0}, {fault.Stall(10), 10}} {
		end := a.PDS().Fail(test.fault)
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.PDS().URL+"/xrpc/com.atproto.repo.describeRepo?repo="+string(a.DID), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(50*time.Millisecond, cancel)
		got := 0
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			var body []byte
			body, err = io.ReadAll(response.Body)
			got = len(body)
			response.Body.Close()
		}
		if !errors.Is(err, context.Canceled) || got > test.bytes {
			t.Errorf("%s: %d bytes, %v", test.fault.Name, got, err)
		}
		end()
	}
}

// TestWhen checks which requests meet a fault.
func TestWhen(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	url := a.PDS().URL + "/xrpc/com.atproto.repo.describeRepo?repo=" + string(a.DID)
	statuses := func() (list []int) {
		for range 5 {
			list = append(list, fetch(t, url).status)
		}
		return list
	}
	for _, test := range []struct {
		fault   fault.Fault
		methods []string
		want    string
	}{
		{fault.HTML(502), nil, "[502 502 502 502 502]"},
		{fault.HTML(502).Once(), nil, "[502 200 200 200 200]"},
		{fault.HTML(502).After(1).Times(2), nil, "[200 502 502 200 200]"},
		{fault.HTML(502), []string{"com.atproto.sync.*"}, "[200 200 200 200 200]"},
		{fault.HTML(502), []string{"com.atproto.sync.*", "com.atproto.repo.describeRepo"}, "[502 502 502 502 502]"},
		{fault.DropFrame(), nil, "[200 200 200 200 200]"},
	} {
		end := a.PDS().Fail(test.fault, test.methods...)
		if got := fmt.Sprint(statuses()); got != test.want {
			t.Errorf("%s for %q: %s, want %s", test.fault.Name, test.methods, got, test.want)
		}
		end()
	}
	before := a.PDS().Requests("com.atproto.repo.describeRepo")
	defer n.Fail(fault.HTML(500))()
	defer a.PDS().Fail(fault.HTML(502))()
	if got := fetch(t, url).status; got != 502 {
		t.Errorf("a fault of the server and one of the network: %d", got)
	}
	if got := fetch(t, n.PLC().URL+"/"+string(a.DID)).status; got != 500 {
		t.Errorf("a fault of the network at the directory: %d", got)
	}
	if got := a.PDS().Requests("com.atproto.repo.describeRepo"); got != before+1 || n.PLC().Requests("/did:plc:*") != 1 {
		t.Errorf("%d requests of the PDS, %d of the directory", got-before, n.PLC().Requests("/did:plc:*"))
	}
}

// TestFrames checks what each fault of frames does to a stream.
func TestFrames(t *testing.T) {
	for _, test := range []struct {
		fault fault.Fault
		want  string
	}{
		{fault.DropFrame().After(1).Once(), "1 3 4"},
		{fault.RepeatFrame().After(1).Once(), "1 2 2 3 4"},
		{fault.SwapFrames().After(1).Once(), "1 3 2 4"},
		{fault.GarbleFrame().After(1).Once(), "1 bad 3 4"},
		{fault.CutFrame(5).After(1).Once(), "1 bad 3 4"},
		{fault.CutStream().After(2), "1 2 end 1006"},
		{fault.CloseStream(4001, "enough").After(2), "1 2 end 4001"},
		{fault.Frames("custom", func(c *fault.Conn, frame []byte) error { return c.Send([]byte{0}) }).Once(), "bad 2 3 4"},
	} {
		n := atptest.New(t)
		p := n.NewPDS()
		for i := range 4 {
			p.Send(func(seq int64) []byte { return forge.InfoFrame("Number", fmt.Sprint(i+1)) })
		}
		p.Fail(test.fault)
		if got := strings.Join(numbers(t, p.URL), " "); got != test.want {
			t.Errorf("%s: got %s, want %s", test.fault.Name, got, test.want)
		}
		n.Close()
	}
}

// TestStallStream checks that nothing is sent after the fault, while the connection stays open.
func TestStallStream(t *testing.T) {
	n := atptest.New(t)
	p := n.NewPDS()
	p.Send(func(int64) []byte { return forge.InfoFrame("Number", "1") })
	p.Send(func(int64) []byte { return forge.InfoFrame("Number", "2") })
	p.Fail(fault.StallStream().After(1))
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(p.URL, "http")+"/xrpc/com.atproto.sync.subscribeRepos?cursor=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, _, err := c.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	pong := make(chan bool, 1)
	c.SetPongHandler(func(string) error {
		pong <- true
		return nil
	})
	if err := c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	frames := make(chan error, 1)
	go func() {
		_, _, err := c.ReadMessage()
		frames <- err
	}()
	<-pong
	select {
	case err := <-frames:
		t.Errorf("something came after the fault: %v", err)
	default:
	}
}

// numbers reads the stream of a server until it has four messages or the stream has ended.
func numbers(t *testing.T, url string) (got []string) {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http")+"/xrpc/com.atproto.sync.subscribeRepos?cursor=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	good := map[string]string{}
	for i := range 4 {
		good[string(forge.InfoFrame("Number", fmt.Sprint(i+1)))] = fmt.Sprint(i + 1)
	}
	for {
		_, data, err := c.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return append(got, fmt.Sprint("end ", closed.Code))
		}
		if err != nil {
			return append(got, fmt.Sprint(err))
		}
		name := good[string(data)]
		if name == "" {
			name = "bad"
		}
		if got = append(got, name); name == "4" {
			return got
		}
	}
}

// TestFaultOfReading reads through faults that a client is to survive, and one that it is not.
func TestFaultOfReading(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	a.PutJSON(note, "1", text("hello"))
	read := reader(t, n)
	a.PDS().Fail(fault.HTML(502).Once(), "com.atproto.sync.getRepo")
	if got := pathsOf(t, read, a); len(got) != 1 {
		t.Errorf("read %q", got)
	}
	a.PDS().Fail(fault.ForgeSignature(), "com.atproto.sync.getRepo")
	if _, err := read.GetRepo(t.Context(), syntax.AtIdentifier(a.DID), nil); !errors.Is(err, multikey.ErrSignature) {
		t.Errorf("a forged signature: %v", err)
	}
	a.PDS().Fail(fault.Error(400, "RepoNotFound", "no"), "com.atproto.sync.getRepo")
	if _, err := read.GetRepo(t.Context(), syntax.AtIdentifier(a.DID), nil); !errors.Is(err, pds.ErrRepoNotFound) {
		t.Errorf("an error: %v", err)
	}
}
