package follow_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("FOLLOW_CRASH_DIR"); dir != "" {
		fmt.Fprintln(os.Stderr, crashing(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashing follows repositories in a process of its own, which writes each change into a file and is killed at any time.
func crashing(dir string) error {
	n := network.Network{PLC: os.Getenv("FOLLOW_CRASH_PLC"), AllowPrivate: true}
	directory, err := identity.New(identity.WithNetwork(n))
	if err != nil {
		return err
	}
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		return err
	}
	host := os.Getenv("FOLLOW_CRASH_HOST")
	source, err := firehose.New("ws"+strings.TrimPrefix(host, "http"), firehose.WithNetwork(n), firehose.WithDirectory(directory))
	if err != nil {
		return err
	}
	store, err := boltstore.Open(filepath.Join(dir, "store"))
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	at, _ := strconv.Atoi(os.Getenv("FOLLOW_CRASH_AT"))
	handler := func(_ context.Context, event follow.Event) error {
		switch e := event.(type) {
		case *follow.Change:
			_, err := fmt.Fprintln(log, e.ID(), e.CID)
			return err
		case *follow.Problem:
			_, err := fmt.Fprintln(log, "problem", strings.ReplaceAll(e.String(), "\n", " "))
			return err
		}
		return nil
	}
	return follow.Run(context.Background(), source, &deadly{Store: store, at: at}, handler, &follow.Options{
		Collections: []string{wanted}, Client: client, Host: host, Grace: time.Hour, // what the stream brings late is not fetched
	})
}

// deadly is a store that kills the process at the transaction of a number: before it if the number is negative, and else
// after it, when the events are not acknowledged yet.
type deadly struct {
	*boltstore.Store
	at, n int
}

func (d *deadly) Apply(ctx context.Context, b *follow.Batch) error {
	d.n++
	if d.n == -d.at {
		kill()
	}
	err := d.Store.Apply(ctx, b)
	if d.n == d.at {
		kill()
	}
	return err
}

// kill kills this process in the middle of what it does.
func kill() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// TestCrash kills a consumer at random, and before and after its transactions, while changes are written. Afterwards each
// change was delivered, in the order of its record, and the store has what the repositories have.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	n := atptest.New(t)
	server := n.NewPDS()
	var accounts []*atptest.Account
	for range 5 {
		a := account(server)
		a.Commit(put("first", "x"))
		accounts = append(accounts, a)
	}
	dir := t.TempDir()
	start := func(at int) *exec.Cmd {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), "FOLLOW_CRASH_DIR="+dir, "FOLLOW_CRASH_PLC="+n.PLC().URL, "FOLLOW_CRASH_HOST="+server.URL, "FOLLOW_CRASH_AT="+strconv.Itoa(at))
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	open := func() *boltstore.Store {
		store, err := boltstore.OpenReadOnly(filepath.Join(dir, "store"))
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, boltstore.ErrFormat) {
			return nil // it is being made
		}
		if err != nil {
			t.Fatal(err)
		}
		return store
	}
	lagging := ""
	settled := func() bool {
		store := open()
		if store == nil {
			return false
		}
		defer store.Close()
		for _, a := range accounts {
			r, _, err := store.Repo(a.DID)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			paths, err := store.Paths(t.Context(), a.DID, "", 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				got[p.Path] = p.CID.String()
			}
			lagging = fmt.Sprintf("%+v, %v, want %+v, %v", r, got, a.State(), recordsOf(a, isWanted))
			if r.Phase != follow.Live || r.State != a.State() || !maps.Equal(got, recordsOf(a, isWanted)) {
				return false
			}
		}
		return true
	}
	// run lets a consumer run for a while, or until it kills itself.
	run := func(at int, d time.Duration) {
		c := start(at)
		timer := time.AfterFunc(d, func() { c.Process.Kill() })
		c.Wait()
		timer.Stop()
	}
	until := func() {
		t.Helper()
		for d := time.Second; !settled(); d *= 2 {
			if d > 2*time.Minute {
				t.Fatal("the consumer does not arrive at the state of the repositories: ", lagging)
			}
			run(0, d)
		}
	}
	until()
	// From here on the stream has to bring everything, so that a position has to be stored first.
	positioned := func() bool {
		store := open()
		defer store.Close()
		_, ok, err := store.Position(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+"/xrpc/com.atproto.sync.subscribeRepos")
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for d := 1500 * time.Millisecond; !positioned(); d *= 2 { // positions are stored once a second
		if d > time.Minute {
			t.Fatal("no position is stored")
		}
		c := start(0)
		for server.Subscribers() == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		for _, a := range accounts {
			a.Commit(put("second", d.String()))
		}
		time.Sleep(d)
		c.Process.Kill()
		c.Wait()
	}
	until()

	want := map[string]string{} // CIDs of the changes by ID
	crashes := 0
	for round := range 30 {
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				a := accounts[rand.IntN(len(accounts))]
				key := fmt.Sprint(rand.IntN(20))
				write := put(key, fmt.Sprint(round, i))
				if rand.IntN(3) == 0 {
					write = remove(key)
				}
				m := a.Commit(write, other(key))
				for _, op := range m.Ops {
					if isWanted(op.Path) {
						want[fmt.Sprintf("%s/%s/%s", a.DID, m.Rev, op.Path)] = op.CID.String()
					}
				}
			}
		}()
		switch round % 3 {
		case 0:
			run(0, time.Duration(50+rand.IntN(200))*time.Millisecond)
		case 1:
			run(1+rand.IntN(10), 2*time.Second)
		default:
			run(-1-rand.IntN(10), 2*time.Second)
		}
		crashes++
		close(stop)
		<-stopped
	}
	until()

	log, err := os.Open(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	states := map[string]map[string]string{}
	lines, again := 0, 0
	seen := map[string]bool{}
	for in := bufio.NewScanner(log); in.Scan(); lines++ {
		id, c, _ := strings.Cut(in.Text(), " ")
		if id == "problem" {
			t.Error(in.Text())
			continue
		}
		if seen[id] {
			again++
		}
		seen[id] = true
		if cid, ok := want[id]; ok && cid != c {
			t.Errorf("%s is %s, want %s", id, c, cid)
		}
		delete(want, id)
		parts := strings.SplitN(id, "/", 3)
		paths := states[parts[0]]
		if paths == nil {
			paths = map[string]string{}
			states[parts[0]] = paths
		}
		if paths[parts[2]] = c; c == "" {
			delete(paths, parts[2])
		}
	}
	t.Logf("%d changes delivered, %d of them again, after %d crashes", lines, again, crashes)
	for id := range want {
		t.Errorf("%s was never delivered", id)
	}
	for _, a := range accounts {
		if got, want := states[string(a.DID)], recordsOf(a, isWanted); !maps.Equal(got, want) {
			t.Errorf("%s: what was delivered leads to %v, want %v", a.DID, got, want)
		}
	}
}
