package firehose_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/network"
)

const childVariable = "LAYERS_FIREHOSE_CHILD"

func TestMain(m *testing.M) {
	if url := os.Getenv(childVariable); url != "" {
		if err := child(url, os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child indexes events in a file until it is killed. If the parent does not come first, it kills itself at a random event,
// after it has been indexed and before it is acknowledged, or it waits to be killed before the event is indexed, while
// frames after it are received and positions are saved.
func child(url, index, cursor string) error {
	c, err := firehose.New(url, firehose.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		return err
	}
	file, err := os.OpenFile(index, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	left, stall := 100+rand.IntN(500), rand.IntN(2) == 0
	if stall {
		left = 20 + rand.IntN(80)
	}
	for event, err := range c.Subscribe(context.Background(), &firehose.Options{Cursors: firehose.NewCursorFile(cursor), Reconnect: true}) {
		if err != nil {
			return err
		}
		if _, ok := event.(*firehose.Record); !ok {
			continue
		}
		if stall && left == 1 {
			time.Sleep(time.Minute)
		}
		if _, err := fmt.Fprintln(file, event.Head().Seq); err != nil {
			return err
		}
		if left--; left == 0 {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}
	return nil
}

// TestKill kills a consumer 24 times. No event is lost, and the position is never ahead of what is indexed.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	const last = 12_000
	frames := make([][]byte, last+1)
	for seq := range int64(last) {
		collection := wiki
		if seq%4 != 0 {
			collection = post
		}
		frames[seq+1] = commit(t, seq+1, alice, create(collection, fmt.Sprint(seq+1)))
	}
	url := source(t, func(c *websocket.Conn, cursor int64) {
		for seq := max(cursor+1, 1); ; seq++ {
			if seq > last {
				c.ReadMessage()
				return
			}
			if c.WriteMessage(websocket.BinaryMessage, frames[seq]) != nil {
				return
			}
			if seq%4 == 0 {
				time.Sleep(4 * time.Millisecond)
			}
		}
	})
	dir := t.TempDir()
	index, cursor := filepath.Join(dir, "index"), filepath.Join(dir, "cursor")
	store := firehose.NewCursorFile(cursor)
	endpoint := client(t, url).Endpoint()
	indexed := func() (seen map[int64]int, highest int64) {
		seen = map[int64]int{}
		file, err := os.Open(index)
		if err != nil {
			return seen, 0
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var seq int64
			fmt.Sscan(lines.Text(), &seq)
			seen[seq]++
			highest = max(highest, seq)
		}
		return seen, highest
	}
	kills, moved := 0, 0
	var before int64
	for round := 0; ; round++ {
		cmd := exec.Command(os.Args[0], index, cursor)
		cmd.Env = append(os.Environ(), childVariable+"="+url)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(300+rand.IntN(1900))*time.Millisecond, func() { cmd.Process.Kill() })
		cmd.Wait()
		timer.Stop()
		kills++
		seen, highest := indexed()
		p, _, err := store.Load(t.Context(), endpoint)
		if err != nil {
			t.Fatal(err)
		}
		// Behind the position there may be frames without events, but no event that is not indexed.
		for seq := int64(1); seq <= p.Seq; seq += 4 {
			if seen[seq] == 0 {
				t.Fatalf("kill %d: the position is %d, but %d is not indexed", kills, p.Seq, seq)
			}
		}
		if p.Seq > before {
			moved++
		}
		before = p.Seq
		if highest >= last-3 && kills >= 24 || kills > 200 {
			for seq := int64(1); seq <= last; seq += 4 {
				if seen[seq] == 0 {
					t.Errorf("%d is lost", seq)
				}
			}
			t.Logf("%d kills, the position moved %d times, %d of %d events indexed", kills, moved, len(seen), last/4)
			if moved < 5 || highest < last-3 {
				t.Error("the test proves nothing: the position did not move often enough")
			}
			return
		}
	}
}
