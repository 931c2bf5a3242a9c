package firehose_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// plc is a directory of the keys of accounts.
type plc struct {
	*identity.Directory
	lookups atomic.Int64

	mu   sync.Mutex
	keys map[string]multikey.Key
}

func newPLC(t *testing.T, accounts ...*forge.Account) *plc {
	t.Helper()
	p := &plc{keys: map[string]multikey.Key{}}
	for _, a := range accounts {
		p.set(a.DID, a.Key)
	}
	url := httpServer(t, func(w http.ResponseWriter, r *http.Request) {
		p.lookups.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		did := strings.TrimPrefix(r.URL.Path, "/")
		key, ok := p.keys[did]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"message":"DID not registered: %s"}`, did)
			return
		}
		fmt.Fprintf(w, `{"id":%[1]q,"verificationMethod":[{"id":"#atproto","type":"Multikey","controller":%[1]q,"publicKeyMultibase":%[2]q}]}`, did, key)
	})
	var err error
	if p.Directory, err = identity.New(identity.WithNetwork(network.Network{PLC: url, AllowPrivate: true})); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *plc) set(did syntax.DID, key multikey.PrivateKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[string(did)] = key.Public()
}

// notes is the collection of forged records.
var notes = []string{"com.example.*"}

// frames gives messages consecutive numbers.
func frames(messages ...any) [][]byte {
	var all [][]byte
	for i, m := range messages {
		seq, at := int64(i+1), time.Unix(1_800_000_000+int64(i), 0)
		switch m := m.(type) {
		case *reposync.Commit:
			all = append(all, forge.Frame(m, seq, at))
		case *reposync.Sync:
			all = append(all, forge.SyncFrame(m, seq, at))
		case []byte:
			all = append(all, m)
		}
	}
	return all
}

// verified returns a line for each event of frames, of which the repositories in known are followed.
func verified(t *testing.T, directory *identity.Directory, known map[syntax.DID]reposync.State, frames [][]byte) (lines []string, events []firehose.Event) {
	t.Helper()
	c := client(t, source(t, send(1000, frames...)), firehose.WithDirectory(directory))
	for event, err := range c.Subscribe(t.Context(), &firehose.Options{
		Collections: notes,
		Commits:     func(did []byte) bool { _, ok := known[syntax.DID(did)]; return ok },
		Known: func(did syntax.DID) (reposync.State, bool) {
			state, ok := known[did]
			return state, ok && state != reposync.State{}
		},
	}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
	}
	// Accounts take turns, and operations are in any order.
	slices.SortStableFunc(events, func(a, b firehose.Event) int {
		return cmp.Or(cmp.Compare(a.Head().Seq, b.Head().Seq), cmp.Compare(lineOfTrust(a), lineOfTrust(b)))
	})
	for _, event := range events {
		lines = append(lines, lineOfTrust(event))
	}
	return lines, events
}

func lineOfTrust(event firehose.Event) string {
	seq := event.Head().Seq
	switch e := event.(type) {
	case *firehose.Record:
		return fmt.Sprint(seq, " ", e.Action, " ", e.RecordKey, " ", e.Trust)
	case *firehose.Commit:
		text := fmt.Sprint(seq, " commit of ", e.Records, " ", e.Trust)
		if e.Desynchronized != nil {
			text += " broken"
		}
		return text
	case *firehose.Sync:
		return fmt.Sprint(seq, " sync ", e.Trust)
	}
	return line(event)
}

// TestForgeries has each defect of a message that a relay passes on or a hostile source sends: it is never delivered as
// verified, and the genuine messages after it are.
func TestForgeries(t *testing.T) {
	account := forge.New(alice, multikey.K256)
	directory := newPLC(t, account)
	account.Prepare()
	for _, d := range forge.Defects {
		known := account.State()
		genuine, forged := account.Forge(d)
		last := account.Commit(forge.Create("com.example.forged/last", d.Name))
		if d.Name == "frame of 5,000,001 bytes" {
			continue // of the frame itself: see TestFrameSize
		}
		t.Run(d.Name, func(t *testing.T) {
			lines, events := verified(t, directory.Directory, map[syntax.DID]reposync.State{alice: known}, frames(forged, genuine, last))
			first := events[0]
			switch {
			case forged.TooBig || forged.Rebase:
				if e, ok := first.(*firehose.Sync); !ok || !e.TooBig || e.Trust != rec.Served || e.DID != alice {
					t.Errorf("%T %+v", first, first)
				}
				lines = lines[1:]
			case errors.Is(d.Want, reposync.ErrDesynchronized):
				// The commit is genuine, and only what comes before it is not. Its records are verified by themselves.
				e, ok := first.(*firehose.Commit)
				if !ok || !errors.Is(e.Desynchronized, reposync.ErrDesynchronized) || e.Trust != rec.Signed || e.Rev != forged.Rev || e.CID != forged.Commit {
					t.Errorf("%+v", first)
				}
				for _, text := range lines[1:4] {
					if !strings.HasSuffix(text, " signed") {
						t.Error(text)
					}
				}
				lines = lines[4:]
			default:
				e, ok := first.(*firehose.BadFrame)
				if !ok || e.DID != forged.DID || len(e.Frame) == 0 || e.Seq != 1 {
					t.Fatal(lines)
				}
				// Some are not even what the lexicon describes, and another account has no key.
				if !errors.Is(e.Err, d.Want) && !errors.Is(e.Err, firehose.ErrFrame) && (forged.DID == alice || !errors.Is(e.Err, identity.ErrNotFound)) {
					t.Error(e.Err)
				}
				if _, err := syntax.ParseTID(string(forged.Rev)); err == nil && e.Rev != forged.Rev {
					t.Errorf("the revision is %q", e.Rev)
				}
				lines = lines[1:]
			}
			want := []string{"2 commit of 3 chained", "2 create", "2 delete", "2 update", "3 commit of 1 chained", "3 "}
			if len(lines) != len(want) {
				t.Fatalf("%q", lines)
			}
			for i, text := range want {
				if !strings.HasPrefix(lines[i], text) || !strings.HasSuffix(lines[i], "chained") {
					t.Errorf("%q", lines)
				}
			}
		})
	}
}

// TestChain: what follows the known state is chained, commit by commit, whatever they change; a gap is reported; what was
// seen before is not yielded again.
func TestChain(t *testing.T) {
	account, other := forge.New(alice, multikey.K256), forge.New(bob, multikey.P256)
	directory := newPLC(t, account, other)
	first := account.Commit(forge.Create("com.example.note/1", "a"))
	one := account.State()
	second := account.Commit(forge.Create("org.example.other/2", "b")) // nobody wants it
	third := account.Commit(forge.Create("com.example.note/1", "c"))
	headOfThird := account.Sync()
	three := account.State()
	fourth := account.Commit(forge.Delete("com.example.note/1"))
	four, headOfFourth := account.State(), account.Sync()
	fifth := account.Commit(forge.Create("com.example.note/5", "e"))
	headOfFifth := account.Sync()
	sixth := account.Commit(forge.Create("com.example.note/6", "f"))
	others := other.Commit(forge.Create("com.example.note/9", "z"))

	fork := forge.New(alice, multikey.K256) // the same account with another history
	fork.Commit(forge.Create("com.example.note/1", "a"))
	fork.Commit(forge.Create("org.example.other/2", "b"))
	forked := fork.Commit(forge.Create("com.example.note/1", "forked")) // of the revision of third

	unsigned := new(reposync.Commit)
	*unsigned = *second
	forge.Resign(unsigned, other.Key)

	for name, test := range map[string]struct {
		known    reposync.State
		messages []any
		want     string
	}{
		"each commit":         {one, []any{second, third, fourth}, "1 commit of 0 chained, 2 commit of 1 chained, 2 update 1 chained, 3 commit of 1 chained, 3 delete 1 chained"},
		"nothing known":       {reposync.State{}, []any{first, second, fourth}, "1 commit of 1 signed, 1 create 1 signed, 2 commit of 0 signed, 3 commit of 1 signed, 3 delete 1 signed"},
		"an old one":          {one, []any{first, second, first, second, third}, "2 commit of 0 chained, 5 commit of 1 chained, 5 update 1 chained"},
		"all old":             {four, []any{first, second, third, fourth, headOfThird, headOfFourth}, ""},
		"one missing":         {one, []any{third, fourth, fifth}, "1 commit of 1 signed broken, 1 update 1 signed, 2 commit of 1 signed broken, 2 delete 1 signed, 3 commit of 1 signed broken, 3 create 5 signed"},
		"one missing, later":  {one, []any{second, fourth}, "1 commit of 0 chained, 2 commit of 1 signed broken, 2 delete 1 signed"},
		"the gap is filled":   {one, []any{third, second, third, fourth}, "1 commit of 1 signed broken, 1 update 1 signed, 2 commit of 0 chained, 3 commit of 1 chained, 3 update 1 chained, 4 commit of 1 chained, 4 delete 1 chained"},
		"sync of the same":    {three, []any{fourth, headOfFourth, fifth}, "1 commit of 1 chained, 1 delete 1 chained, 3 commit of 1 chained, 3 create 5 chained"},
		"sync of another":     {three, []any{headOfFifth, sixth}, "1 sync signed, 2 commit of 1 signed broken, 2 create 6 signed"},
		"another account":     {three, []any{fourth, others}, "1 commit of 1 chained, 1 delete 1 chained, 2 create 9 signed"},
		"a fork":              {three, []any{forked, fourth}, "1 commit of 1 signed broken, 1 update 1 signed, 2 commit of 1 chained, 2 delete 1 chained"},
		"a forged fork":       {one, []any{second, unsigned, third}, "1 commit of 0 chained, 2 bad: , 3 commit of 1 chained, 3 update 1 chained"},
		"the genuine, forked": {reposync.State{Rev: three.Rev, Commit: forked.Commit, Data: one.Data}, []any{third}, "1 commit of 1 signed broken, 1 update 1 signed"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, events := verified(t, directory.Directory, map[syntax.DID]reposync.State{alice: test.known}, frames(test.messages...))
			for i, text := range lines {
				if strings.HasPrefix(text[1:], " bad: ") {
					lines[i] = text[:7] // without the reason
				}
			}
			if got := strings.Join(lines, ", "); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			for _, event := range events {
				if e, ok := event.(*firehose.Commit); ok {
					if e.Desynchronized != nil && !errors.Is(e.Desynchronized, reposync.ErrDesynchronized) && !errors.Is(e.Desynchronized, repo.ErrForkedRevision) {
						t.Errorf("%v", e.Desynchronized)
					}
				}
			}
		})
	}
}

// TestSyncChained: a #sync of a later commit with the same tree changes nothing, and the chain goes on from it.
func TestSyncChained(t *testing.T) {
	account := forge.New(alice, multikey.K256)
	directory := newPLC(t, account)
	account.Commit(forge.Create("com.example.note/1", "a"))
	known := account.State()
	account.Commit() // only the revision moves
	head := account.Sync()
	next := account.Commit(forge.Create("com.example.note/2", "b"))
	lines, _ := verified(t, directory.Directory, map[syntax.DID]reposync.State{alice: known}, frames(head, next))
	expect(t, lines, "1 sync chained", "2 commit of 1 chained", "2 create 2 chained")
}

// TestRepaired: after a gap, the caller reads the repository and says so, and the chain goes on from there.
func TestRepaired(t *testing.T) {
	account := forge.New(alice, multikey.K256)
	directory := newPLC(t, account)
	states := map[int64]reposync.State{}
	var all []any
	for i := range int64(8) {
		m := account.Commit(forge.Create(fmt.Sprintf("com.example.note/%d", i), "x"))
		states[i+1] = account.State()
		if i != 2 {
			all = append(all, m)
		} else {
			all = append(all, []byte("lost"))
		}
	}
	first := states[1]
	var known atomic.Pointer[reposync.State]
	known.Store(&first)
	calls := atomic.Int64{}
	c := client(t, source(t, send(1000, frames(all...)...)), firehose.WithDirectory(directory.Directory))
	var got []string
	for event, err := range c.Subscribe(t.Context(), &firehose.Options{
		Collections: []string{"org.example.*"}, // of which there is none
		Commits:     func(did []byte) bool { return string(did) == string(alice) },
		Known:       func(syntax.DID) (reposync.State, bool) { calls.Add(1); return *known.Load(), true },
		Queue:       1, // frames are verified when the loop asks for them
	}) {
		if err != nil {
			t.Fatal(err)
		}
		e, ok := event.(*firehose.Commit)
		if !ok {
			continue
		}
		got = append(got, lineOfTrust(e))
		if e.Desynchronized == nil && e.State() != states[e.Seq] {
			t.Errorf("%d: %+v, want %+v", e.Seq, e.State(), states[e.Seq])
		}
		if e.Seq == 5 { // the caller has read the repository
			five := states[5]
			known.Store(&five)
		}
	}
	// Whether the commit after that was verified before the caller said so is a matter of time.
	if len(got) != 6 {
		t.Fatal(got)
	}
	got = slices.Delete(got, 3, 4)
	expect(t, got, "2 commit of 0 chained", "4 commit of 0 signed broken", "5 commit of 0 signed broken", "7 commit of 0 chained", "8 commit of 0 chained")
	if n := calls.Load(); n < 4 || n > 7 {
		t.Errorf("the state was asked for %d times", n)
	}
}

// TestLagging: commits are verified ahead of the loop. What the caller stores in the meantime is a state before the last one
// that was verified, and nothing was missed.
func TestLagging(t *testing.T) {
	for _, gap := range []bool{false, true} {
		account := forge.New(alice, multikey.K256)
		directory := newPLC(t, account)
		account.Commit(forge.Create("com.example.note/0", "x"))
		var all []any
		for i := range 30 {
			all = append(all, account.Commit(forge.Create(fmt.Sprintf("com.example.note/%d", i+1), "x")))
		}
		sent := frames(all...)
		first := int64(20)
		if gap { // one that is missing after the state that the caller stores
			sent = slices.Delete(sent, 9, 10)
			first--
		}
		stored := make(chan struct{})
		url := source(t, func(c *websocket.Conn, _ int64) {
			send(0, sent[:first]...)(c, 0)
			<-stored
			send(1000, sent[first:]...)(c, 0)
		})
		var known atomic.Pointer[reposync.State]
		var asked atomic.Int64
		for event, err := range client(t, url, firehose.WithDirectory(directory.Directory)).Subscribe(t.Context(), &firehose.Options{
			Collections: []string{"org.example.*"}, Commits: func([]byte) bool { return true },
			Known: func(syntax.DID) (reposync.State, bool) {
				defer asked.Add(1) // after the state was read: the loop stores another one when all were asked for
				if state := known.Load(); state != nil {
					return *state, true
				}
				return reposync.State{}, false
			},
		}) {
			if err != nil {
				t.Fatal(err)
			}
			e := event.(*firehose.Commit)
			if late := e.Seq > 20; (e.Desynchronized != nil) != (late && gap) || (e.Trust == rec.Chained) != (late && !gap) {
				t.Errorf("gap %t: %d is %s: %v", gap, e.Seq, e.Trust, e.Desynchronized)
			}
			if e.Seq == 3 {
				for asked.Load() < first { // until all that were sent are verified
					time.Sleep(time.Millisecond)
				}
				state := e.State()
				known.Store(&state)
				close(stored)
			}
		}
		// While the chain goes on from a state that the caller knew, it is not asked again.
		if n := asked.Load(); !gap && n != first+1 || gap && n != int64(len(sent)) {
			t.Errorf("gap %t: the state was asked for %d times", gap, n)
		}
	}
}

// TestForgotten: a chain that breaks after the caller has forgotten the state is reported, too.
func TestForgotten(t *testing.T) {
	account := forge.New(alice, multikey.K256)
	directory := newPLC(t, account)
	account.Commit(forge.Create("com.example.note/1", "a"))
	known := account.State()
	second := account.Commit(forge.Create("com.example.note/2", "b"))
	account.Commit(forge.Create("com.example.note/3", "c"))
	fourth, fifth := account.Commit(forge.Create("com.example.note/4", "d")), account.Commit(forge.Create("com.example.note/5", "e"))
	c := client(t, source(t, send(1000, frames(second, fourth, fifth)...)), firehose.WithDirectory(directory.Directory))
	var got []string
	calls := atomic.Int64{}
	for event, err := range c.Subscribe(t.Context(), &firehose.Options{
		Collections: notes, Commits: func([]byte) bool { return true },
		Known: func(syntax.DID) (reposync.State, bool) { return known, calls.Add(1) == 1 },
	}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, lineOfTrust(event))
	}
	expect(t, got, "1 create 2 chained", "1 commit of 1 chained", "2 create 4 signed", "2 commit of 1 signed broken", "3 create 5 signed", "3 commit of 1 signed")
}

// TestFollows has the comparison of a commit with a stored state.
func TestFollows(t *testing.T) {
	account := forge.New(alice, multikey.K256)
	directory := newPLC(t, account)
	account.Commit(forge.Create("com.example.note/1", "a"))
	one := account.State()
	second := account.Commit(forge.Create("com.example.note/2", "b"))
	two := account.State()
	_, events := verified(t, directory.Directory, map[syntax.DID]reposync.State{alice: {}}, frames(second))
	e := events[0].(*firehose.Commit)
	if err := e.Follows(one); err != nil || e.State() != two {
		t.Error(err, e.State())
	}
	for want, known := range map[error]reposync.State{
		reposync.ErrOld:            two,
		reposync.ErrDesynchronized: {Rev: one.Rev, Data: two.Data},
	} {
		if err := e.Follows(known); !errors.Is(err, want) || !strings.Contains(err.Error(), string(alice)) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if err := e.Follows(reposync.State{Rev: one.Rev.Add(-1e9), Data: one.Data}); !errors.Is(err, reposync.ErrDesynchronized) {
		t.Error(err)
	}
}

// TestRevisions has revisions equal to the known one, older, and ahead of the clock.
func TestRevisions(t *testing.T) {
	for name, test := range map[string]struct {
		at   time.Duration
		want string
		is   error
	}{
		"4 minutes ahead": {4 * time.Minute, "1 commit of 1 chained, 1 create 2 chained", nil},
		"6 minutes ahead": {6 * time.Minute, "1 bad", reposync.ErrFuture},
	} {
		account := forge.New(alice, multikey.K256)
		directory := newPLC(t, account)
		account.Commit(forge.Create("com.example.note/1", "a"))
		known := account.State()
		account.At(time.Now().Add(test.at))
		m := account.Commit(forge.Create("com.example.note/2", "b"))
		lines, events := verified(t, directory.Directory, map[syntax.DID]reposync.State{alice: known}, frames(m))
		if got := strings.Join(lines, ", "); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s", name, got)
		}
		if e, ok := events[0].(*firehose.BadFrame); ok && !errors.Is(e.Err, test.is) {
			t.Errorf("%s: %v", name, e.Err)
		}
	}
}

// TestLimits has messages at the limits of the specification and above them.
func TestLimits(t *testing.T) {
	for name, test := range map[string]struct {
		make func(a *forge.Account) *reposync.Commit
		good bool
	}{
		"200 operations": {func(a *forge.Account) *reposync.Commit { return many(a, reposync.MaxOps) }, true},
		"201 operations": {func(a *forge.Account) *reposync.Commit { return many(a, reposync.MaxOps+1) }, false},
		"2,000,000 bytes of blocks": {func(a *forge.Account) *reposync.Commit {
			m := many(a, 1)
			forge.Fill(m, reposync.MaxBlocksSize)
			return m
		}, true},
		"2,000,001 bytes of blocks": {func(a *forge.Account) *reposync.Commit {
			m := many(a, 1)
			forge.Fill(m, reposync.MaxBlocksSize+1)
			return m
		}, false},
		"a record of 1,000,000 bytes": {func(a *forge.Account) *reposync.Commit { return large(a, reposync.MaxRecordSize) }, true},
		"a record of 1,000,001 bytes": {func(a *forge.Account) *reposync.Commit { return large(a, reposync.MaxRecordSize+1) }, false},
	} {
		account := forge.New(alice, multikey.K256)
		directory := newPLC(t, account)
		m := test.make(account)
		for _, opts := range [][]firehose.Option{nil, {firehose.WithDirectory(directory.Directory)}} {
			c := client(t, source(t, send(1000, frames(m)...)), opts...)
			records, bad := 0, 0
			for event, err := range c.Subscribe(t.Context(), &firehose.Options{Collections: notes}) {
				if err != nil {
					t.Fatal(err)
				}
				switch e := event.(type) {
				case *firehose.Record:
					records++
				case *firehose.BadFrame:
					if bad++; !errors.Is(e.Err, reposync.ErrInvalid) || e.DID != alice || e.Rev != m.Rev {
						t.Errorf("%s: %v", name, e.Err)
					}
				}
			}
			if test.good && (records != len(m.Ops) || bad != 0) || !test.good && (records != 0 || bad != 1) {
				t.Errorf("%s, %d options: %d records, %d malformed frames", name, len(opts), records, bad)
			}
		}
	}
}

func many(a *forge.Account, n int) *reposync.Commit {
	var writes []repo.Write
	for i := range n {
		writes = append(writes, forge.Create(fmt.Sprintf("com.example.note/%d", i), "x"))
	}
	return a.Commit(writes...)
}

func large(a *forge.Account, size int) *reposync.Commit {
	text := strings.Repeat("x", size-len(forge.Record(strings.Repeat("x", 1<<17)))+1<<17)
	return a.Commit(forge.Create("com.example.note/1", text))
}

// TestFrameSize: a frame of 5,000,000 bytes is read, and judged by what is in it; a larger one is not.
func TestFrameSize(t *testing.T) {
	for _, over := range []int{0, 1} {
		m := many(forge.New(alice, multikey.K256), 1)
		m.Ops[0].Path = "com.example.note/" + strings.Repeat("x", 1<<17) // not a record key, but text of any length
		m.Ops[0].Path += strings.Repeat("x", firehose.MaxFrame+over-len(forge.Frame(m, 1, time.Now())))
		want := reposync.ErrInvalid
		frame := forge.Frame(m, 1, time.Now())
		if len(frame) != firehose.MaxFrame+over {
			t.Fatalf("%d bytes", len(frame))
		}
		if over > 0 {
			want = firehose.ErrFrameSize
		}
		c := client(t, source(t, send(1000, frame)))
		for event, err := range c.Subscribe(t.Context(), &firehose.Options{Collections: notes}) {
			e, ok := event.(*firehose.BadFrame)
			if err != nil || !ok || !errors.Is(e.Err, want) || e.Size != int64(len(frame)) || len(e.Frame) != firehose.MaxFrame {
				t.Errorf("%d bytes: %v, %T", len(frame), err, event)
			}
		}
	}
}

// TestRotatedKey: after an #identity message, a key is looked up anew, in the order of messages, and the old key is no longer
// valid. Without the message it is looked up when a signature is invalid.
func TestRotatedKey(t *testing.T) {
	for name, announced := range map[string]bool{"announced": true, "not announced": false} {
		account := forge.New(alice, multikey.K256)
		directory := newPLC(t, account)
		old := account.Key
		first := account.Commit(forge.Create("com.example.note/1", "a"))
		known := account.State()
		second := account.Commit(forge.Create("com.example.note/2", "b"))
		fresh := multikey.Generate(multikey.P256)
		stolen := *second
		forge.Resign(&stolen, old)
		forge.Resign(second, fresh)
		rotated := make(chan struct{})
		var seen atomic.Bool // whether an event has been yielded: Known is called in other goroutines
		c := client(t, source(t, func(c *websocket.Conn, _ int64) {
			send(0, forge.Frame(first, 1, time.Unix(1, 0)))(c, 0)
			<-rotated
			if announced {
				identity := &atproto.SyncSubscribeReposIdentity{Seq: 2, DID: alice, Time: when(2), Handle: lex.Some[syntax.Handle]("alice.test")}
				send(0, frameOf(t, "#identity", identity), forge.Frame(&stolen, 3, time.Unix(3, 0)))(c, 0)
			}
			send(1000, forge.Frame(second, 4, time.Unix(4, 0)))(c, 0)
		}), firehose.WithDirectory(directory.Directory))
		var got []string
		for event, err := range c.Subscribe(t.Context(), &firehose.Options{
			Collections: notes, Commits: func([]byte) bool { return true },
			Known: func(syntax.DID) (reposync.State, bool) { return known, seen.Load() },
		}) {
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := event.(*firehose.BadFrame); ok && !errors.Is(e.Err, multikey.ErrSignature) {
				t.Error(e.Err)
			}
			seen.Store(true)
			if got = append(got, lineOfTrust(event)); len(got) == 2 {
				directory.set(alice, fresh)
				close(rotated)
			}
		}
		want := []string{"1 create 1 signed", "1 commit of 1 signed"}
		if announced {
			want = append(want, "2 identity alice.test", "3 bad: ")
		}
		expect(t, got, append(want, "4 create 2 chained", "4 commit of 1 chained")...)
		if n := directory.lookups.Load(); !announced && n != 2 || n > 3 {
			t.Errorf("%s: %d look-ups", name, n)
		}
	}
}
