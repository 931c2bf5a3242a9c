package recording

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
	"github.com/layers-pub/layers-go/tests/reference"
)

var record = flag.Bool("record", false, "record a stream of the reference PDS")

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(reference.Main(m))
}

// commits is how many commits are recorded, beside the few frames of new accounts.
const commits = 5_000

// TestRecord writes to the reference PDS and records its stream, if -record is given.
func TestRecord(t *testing.T) {
	if !*record {
		t.Skip("it makes a recording for benchmarks: -record")
	}
	s := reference.Start(t)
	random := rand.New(rand.NewPCG(1, 2))
	var accounts []*reference.Account
	for range 30 {
		accounts = append(accounts, s.Account(t))
	}
	records := layersRecords(t)
	for i := range commits {
		a := accounts[random.IntN(len(accounts))]
		var writes []map[string]any
		if i%10 == 0 {
			for range 3 {
				r := <-records
				writes = append(writes, map[string]any{"$type": "com.atproto.repo.applyWrites#create", "collection": r.Type, "value": r.value})
			}
		} else {
			post := map[string]any{"$type": "app.bsky.feed.post", "text": strings.Repeat("The quick brown fox. ", 1+random.IntN(30)), "createdAt": "2026-01-02T03:04:05.678Z", "langs": []string{"en"}}
			writes = append(writes, map[string]any{"$type": "com.atproto.repo.applyWrites#create", "collection": "app.bsky.feed.post", "value": post})
		}
		a.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": a.DID, "writes": writes, "validate": false}).OK(t, nil)
	}
	last, _ := accounts[0].CreateRecord(t, "app.bsky.feed.post", "", map[string]any{"$type": "app.bsky.feed.post", "text": "last", "createdAt": "2026-01-02T03:04:05.678Z"})
	end := []byte(strings.TrimPrefix(last, "at://"+accounts[0].DID+"/"))

	stream := &Stream{Keys: map[string]string{}}
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: s.PLC, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		document, err := directory.ResolveDID(t.Context(), syntax.DID(a.DID))
		if err != nil {
			t.Fatal(err)
		}
		key, err := document.RequireKey()
		if err != nil {
			t.Fatal(err)
		}
		stream.Keys[a.DID] = key.String()
	}
	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(s.PDS, "http", "ws", 1)+"/xrpc/com.atproto.sync.subscribeRepos?cursor=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for done := false; !done; {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		_, frame, err := c.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		stream.Frames = append(stream.Frames, frame)
		done = bytes.Contains(frame, end)
	}
	path, err := Path()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := stream.write(&b); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Log(path, stream.Summary())
}

type layersRecord struct {
	Type  string `json:"$type"`
	value json.RawMessage
}

// layersRecords sends the records of a corpus, those of different collections in turn.
func layersRecords(t *testing.T) <-chan layersRecord {
	c := corpus.New(2 * commits)
	var lists [][]layersRecord
	for _, collection := range []string{corpus.CollectionAnnotationLayer, "pub.layers.expression.expression", "pub.layers.segmentation.segmentation"} {
		var list []layersRecord
		for page := range c.ListRecords(collection, 100) {
			var body struct {
				Records []struct{ Value json.RawMessage }
			}
			if err := json.Unmarshal(page, &body); err != nil {
				t.Fatal(err)
			}
			for _, item := range body.Records {
				r := layersRecord{value: item.Value}
				if err := json.Unmarshal(item.Value, &r); err != nil {
					t.Fatal(err)
				}
				list = append(list, r)
			}
			if len(list) > commits {
				break
			}
		}
		lists = append(lists, list)
	}
	out := make(chan layersRecord)
	go func() {
		for i := 0; ; i++ {
			for _, list := range lists {
				if len(list) > 0 {
					select {
					case out <- list[i%len(list)]:
					case <-t.Context().Done():
						return
					}
				}
			}
		}
	}()
	return out
}

// TestPlayback plays a small stream back, twice, through the firehose and through its file.
func TestPlayback(t *testing.T) {
	s := &Stream{Keys: map[string]string{"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa": "key"}}
	for seq := range 3 {
		s.Frames = append(s.Frames, []byte("\xa2at\x69#identitybop\x01\xa3\x63did\x78\x20did:plc:aaaaaaaaaaaaaaaaaaaaaaaa\x63seq"+string(rune(seq+1))+"\x64time\x78\x182026-01-02T03:04:05.678Z"))
	}
	var b bytes.Buffer
	if err := s.write(&b); err != nil {
		t.Fatal(err)
	}
	again, err := read(bufio.NewReader(&b))
	if err != nil || len(again.Frames) != 3 || again.Keys["did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"] != "key" {
		t.Fatal(again, err)
	}
	c, err := firehose.New("ws://stream.test", firehose.WithNetwork(network.Network{AllowPrivate: true, HTTPClient: again.Client(2)}))
	if err != nil {
		t.Fatal(err)
	}
	var seqs []int64
	for event, err := range c.Subscribe(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := event.(*firehose.Identity); !ok {
			t.Errorf("%+v", event)
		}
		seqs = append(seqs, event.Head().Seq)
	}
	if fmt.Sprint(seqs) != "[1 2 3 1 2 3]" {
		t.Error(seqs)
	}
}
