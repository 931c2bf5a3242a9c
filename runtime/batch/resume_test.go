package batch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/author"
	"github.com/layers-pub/layers-go/tests/reference"
)

// crash is what a panic stands for: the end of the process.
type crash struct{}

// TestResume stops a batch at each of its calls, in each way in which that can happen, and applies it again: then all is
// done, and everything once.
func TestResume(t *testing.T) {
	type stop func(cancel func(), do func() error) error
	stops := map[string]stop{
		"lost on the way":   func(_ func(), do func() error) error { return lost() },
		"answer lost":       func(_ func(), do func() error) error { do(); return lost() },
		"500":               func(_ func(), do func() error) error { return errInternal },
		"500, but done":     func(_ func(), do func() error) error { do(); return errInternal },
		"400":               func(_ func(), do func() error) error { return failure(400, "InvalidRequest", "") },
		"429":               func(_ func(), do func() error) error { return failure(429, "", "") },
		"413":               func(_ func(), do func() error) error { return failure(413, "", "") },
		"killed before":     func(_ func(), do func() error) error { panic(crash{}) },
		"killed after":      func(_ func(), do func() error) error { do(); panic(crash{}) },
		"cancelled before":  func(cancel func(), do func() error) error { cancel(); return context.Canceled },
		"cancelled after":   func(cancel func(), do func() error) error { do(); cancel(); return context.Canceled },
		"cancelled between": func(cancel func(), do func() error) error { defer cancel(); return do() },
	}
	for name, stop := range stops {
		for _, journal := range []string{"", "keys", "no keys"} {
			t.Run(name+", journal: "+journal, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					pds := newPDS(t)
					for n := 1; n < 1000; n++ {
						if !stopAt(t, pds, n, journal, stop) {
							if n < 5 {
								t.Errorf("only %d calls", n)
							}
							return
						}
					}
				})
			})
		}
	}
}

// stopAt stops a batch at its n-th call, and at the n-th call of the second run again, and reports whether there was one.
func stopAt(t *testing.T, pds *testAccount, n int, journal string, stop func(cancel func(), do func() error) error) (stopped bool) {
	records, ops := mixture(t, 12)
	pds.Reset(t, records)
	if journal == "no keys" {
		for i := range ops {
			if ops[i].Action == batch.ActionCreate {
				ops[i].RecordKey = ""
			}
		}
	}
	path := filepath.Join(t.TempDir(), "journal")
	ended := 0
	for run := 1; run <= 3; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		first := len(pds.Calls)
		var dead atomic.Bool
		pds.Intercept = func(call int, nsid string, do func() error) (err error) {
			if dead.Load() {
				return lost()
			}
			if run == 3 || call-first != n {
				return do()
			}
			stopped = true
			defer func() {
				// A panic in one of the goroutines that look records up would end this process, too.
				if r := recover(); r != nil && nsid == "com.atproto.repo.getRecord" {
					dead.Store(true)
					err = lost()
				} else if r != nil {
					panic(r)
				}
			}()
			return stop(cancel, do)
		}
		err := func() (err error) {
			opts := &batch.ApplyOptions{Lookup: lookup, MaxOps: 5, Attempts: 1}
			if journal != "" {
				opts.Journal = openJournal(t, path)
				defer opts.Journal.Close()
			}
			defer func() {
				if r := recover(); r != nil && r != (crash{}) {
					panic(r)
				} else if r != nil {
					err = errors.New("killed")
				}
			}()
			result, err := batch.Apply(ctx, pds, batch.Ops(ops...), opts)
			if err == nil && result.Written+result.Already != len(ops) {
				t.Errorf("call %d: %+v", n, result)
			}
			return err
		}()
		cancel()
		synctest.Wait()
		if err == nil {
			ended++
		} else if run == 3 {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if journal != "no keys" {
		checkMixed(t, pds, ops)
	}
	for key, times := range pds.Sent {
		if times != 1 {
			t.Errorf("call %d: %s was written %d times", n, key, times)
		}
	}
	if len(pds.Records()) != 10 || len(pds.Sent) != 12 {
		t.Errorf("call %d: %d records, %d were written", n, len(pds.Records()), len(pds.Sent))
	}
	return stopped
}

// A run that is stopped again and again, anywhere, gets there in the end.
func TestResumeManyTimes(t *testing.T) {
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 1))
		var mu sync.Mutex
		pds := newPDS(t)
		path := filepath.Join(t.TempDir(), "journal")
		pds.Intercept = func(_ int, nsid string, do func() error) error {
			kinds := 12
			if nsid == "com.atproto.repo.getRecord" {
				kinds = 100
			}
			mu.Lock()
			kind, late := random.IntN(kinds), random.IntN(2) == 0
			mu.Unlock()
			switch kind {
			case 0:
				return lost()
			case 1, 2, 3:
				do()
				return lost()
			case 4, 5:
				if nsid == "com.atproto.repo.getRecord" {
					break
				}
				if late {
					do()
				}
				panic(crash{})
			}
			return do()
		}
		for run := 0; ; run++ {
			if run == 1000 {
				t.Fatal("no end")
			}
			err := func() (err error) {
				j := openJournal(t, path)
				defer j.Close()
				defer func() {
					if recover() != nil {
						err = errors.New("killed")
					}
				}()
				_, err = batch.Apply(t.Context(), pds, batch.Ops(batchOf(50)...), &batch.ApplyOptions{Lookup: lookup, Journal: j, Attempts: 1, MaxOps: 3})
				return err
			}()
			if err == nil {
				break
			}
		}
		for key, times := range pds.Sent {
			if times != 1 {
				t.Errorf("%s was written %d times", key, times)
			}
		}
		if len(pds.Records()) != 50 {
			t.Errorf("%d records", len(pds.Records()))
		}
	}
}

// remote is an account at a server.
type remote struct {
	*xrpc.Client
	did syntax.DID
}

func (r remote) DID() syntax.DID { return r.did }

const killedOps = 300

// child applies a batch; the test kills it.
func child() error {
	client, err := author.Connect(os.Getenv("WRITE_TEST_SERVER"), os.Getenv("WRITE_TEST_TOKEN"), network.Network{AllowPrivate: true})
	if err != nil {
		return err
	}
	j, err := batch.OpenJournal(os.Getenv("WRITE_TEST_JOURNAL"))
	if err != nil {
		return err
	}
	defer j.Close()
	_, err = batch.Apply(context.Background(), remote{client, syntax.DID(os.Getenv("WRITE_TEST_DID"))}, batch.Ops(batchOf(killedOps)...), &batch.ApplyOptions{Lookup: lookup, Journal: j, MaxOps: 10, Attempts: 1})
	return err
}

// The process is killed for good, again and again, at whatever it is doing.
func TestKill(t *testing.T) {
	pds := author.At(t, atptest.New(t))
	var applied atomic.Int64
	pds.PDS.Fail(fault.Custom("count", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // it was killed while it sent
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		good.ServeHTTP(w, r)
		applied.Add(1)
	}), "com.atproto.repo.applyWrites")
	path := filepath.Join(t.TempDir(), "journal")
	start := func() (*exec.Cmd, *strings.Builder) {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "WRITE_TEST_SERVER="+pds.PDS.URL, "WRITE_TEST_TOKEN="+pds.Token, "WRITE_TEST_DID="+string(pds.DID()), "WRITE_TEST_JOURNAL="+path)
		var text strings.Builder
		cmd.Stderr = &text
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &text
	}
	kills := 0
	for applied.Load() < killedOps/10-5 {
		seen := applied.Load()
		cmd, _ := start()
		for deadline := time.Now().Add(10 * time.Second); applied.Load() < seen+3 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
		cmd.Process.Kill()
		cmd.Wait()
		if kills++; kills > 100 {
			t.Fatal("no end")
		}
	}
	cmd, text := start()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if len(pds.Records()) != killedOps || pds.Commits() != killedOps/10 {
		t.Errorf("%d records in %d commits", len(pds.Records()), pds.Commits())
	}
	for path, times := range pds.Writes() {
		if times != 1 {
			t.Errorf("%s was written %d times", path, times)
		}
	}
	t.Logf("killed %d times", kills)
}

func TestMain(m *testing.M) {
	if os.Getenv("WRITE_TEST_SERVER") != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(reference.Main(m))
}
