package reposync_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

const (
	commits = 150 // that the test makes
	paths   = 60  // so few that paths are repeated within a commit
)

// TestReference holds that every commit that the reference PDS publishes verifies and follows the one before, whatever its
// batch of writes did to a path, and that the operations lead to what the PDS has in the end.
func TestReference(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	messages := subscribe(t, servers, account.DID)
	key := signingKey(t, servers, account.DID)
	r := rand.New(rand.NewPCG(1, 3))
	exists := map[string]bool{}
	for range commits {
		var writes []any
		for range 1 + r.IntN(12) {
			rkey := fmt.Sprint(r.IntN(paths))
			write := map[string]any{"collection": "com.example.note", "rkey": rkey}
			action := "create"
			switch {
			case exists[rkey] && r.IntN(2) == 0:
				action = "delete"
			case exists[rkey]:
				action = "update"
			}
			if exists[rkey] = action != "delete"; exists[rkey] {
				write["value"] = map[string]any{"$type": "com.example.note", "text": fmt.Sprint(r.IntN(3))}
			}
			write["$type"] = "com.atproto.repo.applyWrites#" + action
			writes = append(writes, write)
		}
		account.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": account.DID, "writes": writes, "validate": false}).OK(t, nil)
	}
	var latest struct{ CID, Rev string }
	account.Get(t, "com.atproto.sync.getLatestCommit", map[string][]string{"did": {account.DID}}).OK(t, &latest)

	v := reposync.NewVerifier()
	var known reposync.State
	state := map[string]cid.CID{}
	repeated, unchanged, verified := 0, 0, 0
	for string(known.Rev) != latest.Rev {
		switch m := (<-messages).(type) {
		case *reposync.Sync:
			if _, err := v.Sync(m, key, known); !errors.Is(err, reposync.ErrOld) {
				t.Fatalf("#sync after the first commit: %v", err)
			}
		case *reposync.Commit:
			change, err := v.Verify(m, key, known)
			if err != nil {
				t.Fatalf("%v\n%+v", err, m.Ops)
			}
			if want := rec.Chained; known.Rev != "" && change.Trust != want {
				t.Fatalf("trust %s, want %s", change.Trust, want)
			}
			seen := map[string]bool{}
			for _, op := range m.Ops {
				if seen[op.Path] {
					repeated++
				}
				seen[op.Path] = true
			}
			unchanged += len(seen) - len(change.Ops)
			for _, op := range change.Ops {
				if state[op.Path] != op.Prev {
					t.Fatalf("%+v, but the record was %s", op, state[op.Path])
				}
				if state[op.Path] = op.CID; !op.CID.Defined() {
					delete(state, op.Path)
				} else if _, err := v.Record(op); err != nil {
					t.Fatal(err)
				}
			}
			known = change.State
			verified++
		case error:
			t.Fatal(m)
		}
	}
	if verified < commits || repeated < commits/3 || unchanged < commits/8 {
		t.Errorf("%d commits, %d repeated paths, %d paths that did not change", verified, repeated, unchanged)
	}
	if known.Commit.String() != latest.CID {
		t.Errorf("the last commit is %s, want %s", known.Commit, latest.CID)
	}
	compare(t, servers, account.DID, key, known, state)
}

// compare compares the state with the archive of the repository.
func compare(t *testing.T, servers *reference.Servers, did string, key multikey.Key, known reposync.State, state map[string]cid.CID) {
	t.Helper()
	archive := fetch(t, servers.PDS+"/xrpc/com.atproto.sync.getRepo?did="+did)
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(syntax.DID(did), key); err != nil || r.Commit().Data != known.Data {
		t.Fatalf("the archive's tree is %s, want %s: %v", r.Commit().Data, known.Data, err)
	}
	n := 0
	for leaf, err := range r.Leaves(t.Context()) {
		if path := string(leaf.Collection) + "/" + string(leaf.RecordKey); err != nil || state[path] != leaf.CID {
			t.Fatalf("%s is %s, want %s: %v", path, state[path], leaf.CID, err)
		}
		n++
	}
	if n != len(state) {
		t.Errorf("%d records, want %d", len(state), n)
	}
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response.Status, err)
	}
	return body
}

func signingKey(t *testing.T, servers *reference.Servers, did string) multikey.Key {
	t.Helper()
	var document struct {
		VerificationMethods struct{ Atproto string }
	}
	if err := json.Unmarshal(fetch(t, servers.PLC+"/"+did+"/data"), &document); err != nil {
		t.Fatal(err)
	}
	key, err := multikey.ParseDIDKey(document.VerificationMethods.Atproto)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// subscribe returns the messages about a repository: a *reposync.Commit, a *reposync.Sync, or an error at the end.
func subscribe(t *testing.T, servers *reference.Servers, did string) <-chan any {
	t.Helper()
	c, _, err := websocket.DefaultDialer.Dial(strings.Replace(servers.PDS, "http", "ws", 1)+"/xrpc/com.atproto.sync.subscribeRepos?cursor=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	messages := make(chan any, 10*commits)
	go func() {
		for {
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			_, frame, err := c.ReadMessage()
			if err != nil {
				messages <- err
				return
			}
			if m := parseFrame(frame, did); m != nil {
				messages <- m
			}
		}
	}()
	return messages
}

func parseFrame(frame []byte, did string) any {
	if payload, ok := bytes.CutPrefix(frame, []byte("\xa2\x61t\x65#sync\x62op\x01")); ok {
		var m atproto.SyncSubscribeReposSync
		if err := lex.DecodeCBOR(payload, &m); err != nil {
			return err
		}
		if string(m.DID) != did {
			return nil
		}
		return &reposync.Sync{Size: len(frame), DID: m.DID, Rev: syntax.TID(m.Rev), Blocks: m.Blocks}
	}
	payload, ok := bytes.CutPrefix(frame, []byte("\xa2\x61t\x67#commit\x62op\x01"))
	if !ok {
		return nil
	}
	var m atproto.SyncSubscribeReposCommit
	if err := lex.DecodeCBOR(payload, &m); err != nil {
		return err
	}
	if string(m.Repo) != did {
		return nil
	}
	since, _ := m.Since.Get()
	prevData, _ := m.PrevData.Get()
	out := &reposync.Commit{
		Size: len(frame), DID: m.Repo, Rev: m.Rev, Since: since, Blocks: m.Blocks, TooBig: m.TooBig, Rebase: m.Rebase,
	}
	out.Commit, _ = m.Commit.CID()
	out.PrevData, _ = prevData.CID()
	for _, op := range m.Ops {
		c, _ := op.CID.Get()
		prev, _ := op.Prev.Get()
		o := repo.Op{Action: repo.Action(op.Action), Path: op.Path}
		o.CID, _ = c.CID()
		o.Prev, _ = prev.CID()
		out.Ops = append(out.Ops, o)
	}
	return out
}
