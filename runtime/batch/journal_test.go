package batch_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func openJournal(t testing.TB, path string) *batch.Journal {
	t.Helper()
	j, err := batch.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// batchOf returns creates without record keys.
func batchOf(n int) []batch.Op {
	ops := make([]batch.Op, n)
	for i := range ops {
		ops[i] = batch.Op{Action: batch.ActionCreate, Record: membership(i)}
	}
	return ops
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openJournal(t, path)
	if done, ops := j.Progress(); done != 0 || ops != 0 {
		t.Errorf("%d of %d", done, ops)
	}
	if _, err := batch.OpenJournal(path); !errors.Is(err, batch.ErrJournal) || !strings.Contains(err.Error(), path+" is in use") {
		t.Errorf("opened twice: %v", err)
	}
	pds := newPDS(t)
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: j, MaxOps: 2}
	result, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(5)...), opts)
	if err != nil || *result != (batch.Result{Ops: 5, Written: 5, Requests: 3, Points: 15}) {
		t.Fatalf("%+v, %v", result, err)
	}
	if done, ops := j.Progress(); done != 5 || ops != 5 || pds.Commits() != 3 {
		t.Errorf("%d of %d", done, ops)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	if len(lines) != 8 || !strings.HasPrefix(lines[0], `{"journal":1,"did":"`+did+`","batch":"`) ||
		strings.Join(lines[1:], " ") != `{"sent":2} {"done":2} {"sent":4} {"done":4} {"sent":5} {"done":5} ` {
		t.Errorf("%s", content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}

	// Once more, there is nothing left to do, and nothing is asked.
	calls := len(pds.Calls)
	opts.Journal = openJournal(t, path)
	result, err = batch.Apply(t.Context(), pds, batch.Ops(batchOf(5)...), opts)
	if err != nil || *result != (batch.Result{Ops: 5, Already: 5}) || len(pds.Calls) != calls {
		t.Errorf("%+v, %v, %v", result, err, pds.Calls)
	}
	// It is of no other batch.
	changed := batchOf(5)
	changed[3].Record = membership(7)
	keyed := batchOf(5)
	keyed[3].RecordKey = "3l3famgxlzxwf"
	swapped := batchOf(5)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	for _, test := range []struct {
		name string
		ops  []batch.Op
		op   int // that differs
	}{
		{"fewer", batchOf(4), 0}, {"changed", changed, 4}, {"keyed", keyed, 4}, {"swapped", swapped, 1}, {"changed and more", append(changed, batchOf(1)...), 4},
	} {
		_, err := batch.Apply(t.Context(), pds, batch.Ops(test.ops...), opts)
		if !errors.Is(err, batch.ErrJournal) || !strings.Contains(err.Error(), "journal "+path+" belongs to another batch") {
			t.Errorf("%s: %v", test.name, err)
		}
		if op, ok := errors.AsType[*batch.OpError](err); ok != (test.op > 0) || ok && op.Op != test.op {
			t.Errorf("%s: %v should be about op %d", test.name, err, test.op)
		}
	}
	if _, err := batch.Apply(t.Context(), another{pds}, batch.Ops(batchOf(5)...), opts); !errors.Is(err, batch.ErrJournal) || !strings.Contains(err.Error(), "belongs to the account "+did) {
		t.Error(err)
	}
	if len(pds.Calls) != calls {
		t.Errorf("asked %v", pds.Calls[calls:])
	}
}

type another struct{ *testAccount }

func (another) DID() syntax.DID { return "did:plc:another" }

// A journal that was cut anywhere, as when the machine stops, is that of an earlier time, and the batch goes on from
// there; one that is damaged otherwise is refused.
func TestJournalCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS(t)
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2}
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(5)...), opts); err != nil {
		t.Fatal(err)
	}
	opts.Journal.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head := strings.IndexByte(string(whole), '\n') + 1
	for n := head; n <= len(whole); n++ {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		opts.Journal = openJournal(t, path)
		if _, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(5)...), opts); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		opts.Journal.Close()
		if now, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(now), string(whole[:head])) || !strings.HasSuffix(string(now), "{\"done\":5}\n") {
			t.Errorf("cut at %d: %s", n, now)
		}
	}
	for key, n := range pds.Writes() {
		if n != 1 {
			t.Errorf("%s was written %d times", key, n)
		}
	}
	// What was being written may be longer than what is written next.
	if err := os.WriteFile(path, []byte(string(whole[:head])+`{"sent":5,`+strings.Repeat(" ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	opts.Journal = openJournal(t, path)
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(5)...), opts); err != nil {
		t.Error(err)
	}
	opts.Journal.Close()
	if now, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(now), "{\"sent\":2}\n{\"done\":2}\n{\"sent\":4}\n{\"done\":4}\n{\"sent\":5}\n{\"done\":5}\n") {
		t.Errorf("%v, %s", err, now)
	}

	for n := range head {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := batch.OpenJournal(path)
		if err != nil {
			t.Errorf("cut at %d: %v", n, err)
			continue
		}
		if done, ops := j.Progress(); done != 0 || ops != 0 {
			t.Errorf("cut at %d: %d of %d", n, done, ops)
		}
		j.Close()
	}
	for name, content := range map[string]string{
		"not a journal":       "hello",
		"lines":               "hello\nworld\n",
		"an operation":        `{"action":"create"}` + "\n",
		"another version":     strings.Replace(string(whole), `"journal":1`, `"journal":2`, 1),
		"no hash":             strings.Replace(string(whole), `"batch":"`, `"batch":"x`, 1),
		"no base":             strings.Replace(string(whole), `"base":"`, `"base":"x`, 1),
		"no operations":       strings.Replace(string(whole), `"ops":5`, `"ops":0`, 1),
		"more than all":       string(whole) + "{\"done\":6}\n",
		"less than none":      string(whole) + "{\"sent\":-1}\n",
		"an empty line":       string(whole) + "\n",
		"a line in two parts": string(whole[:head]) + "{\"se\nnt\":2}\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := batch.OpenJournal(path); !errors.Is(err, batch.ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := batch.OpenJournal(filepath.Join(t.TempDir(), "none", "journal")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// What cannot be written into the journal is not sent.
func TestJournalFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS(t)
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2, Attempts: 1}
	pds.Intercept = func(n int, _ string, do func() error) error {
		if n == 2 {
			opts.Journal.Close()
		}
		return do()
	}
	_, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(9)...), opts)
	if !errors.Is(err, os.ErrClosed) || pds.Commits() != 2 {
		t.Errorf("%v after %d commits", err, pds.Commits())
	}
	if _, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(9)...), opts); !errors.Is(err, os.ErrClosed) || pds.Commits() != 2 {
		t.Errorf("%v after %d commits", err, pds.Commits())
	}
	opts.Journal = openJournal(t, path)
	result, err := batch.Apply(t.Context(), pds, batch.Ops(batchOf(9)...), opts)
	if err != nil || result.Written != 5 || result.Already != 4 || len(pds.Records()) != 9 || pds.Commits() != 5 {
		t.Errorf("%+v, %v", result, err)
	}
}

// grown is a batch in a file, line by line.
type grown []string

func (g grown) ops() iter.Seq2[batch.Op, error] {
	return batch.ReadOps(func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Join(g, ""))), nil
	}, nil)
}

func line(n int) string {
	return fmt.Sprintf(`{"action":"create","value":{"$type":"pub.layers.corpus.membership","ordinal":%d,`+
		`"corpusRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.corpus.corpus/3l3famgxlzxwf",`+
		`"expressionRef":"at://did:plc:dlkuiatgml2qsceoi5njkvs7/pub.layers.expression.expression/3l3famgxlzxwf",`+
		`"createdAt":"2026-01-01T00:00:00Z"}}`+"\n", n)
}

func linesOf(n int) (g grown) {
	for i := range n {
		g = append(g, line(i))
	}
	return g
}

// A batch that grows, or that changes where nothing was sent yet, goes on after what was; a former version's journal serves, too.
func TestJournalGrows(t *testing.T) {
	for _, former := range []bool{false, true} {
		for _, stop := range []string{"", "before the second request", "after the second request"} {
			t.Run(fmt.Sprintf("former %v, stopped %s", former, stop), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { // where microseconds do not go by
					path := filepath.Join(t.TempDir(), "journal")
					pds := newPDS(t)
					clock := syntax.NewTIDClock()
					apply := func(g grown) (*batch.Result, error) {
						j := openJournal(t, path)
						defer j.Close()
						return batch.Apply(t.Context(), pds, g.ops(), &batch.ApplyOptions{Lookup: lookup, Journal: j, MaxOps: 2, Attempts: 1, Clock: clock})
					}
					pds.Intercept = func(_ int, nsid string, do func() error) error {
						if stop == "" || nsid == "com.atproto.repo.getRecord" || pds.Count("applyWrites") < 2 {
							return do()
						}
						if strings.HasPrefix(stop, "after") {
							do()
						}
						return lost()
					}
					g := linesOf(6)
					if _, err := apply(g); (err != nil) != strings.HasPrefix(stop, "before") {
						t.Fatal(err)
					}
					pds.Intercept = nil
					if former {
						content, err := os.ReadFile(path)
						if err != nil {
							t.Fatal(err)
						}
						content = regexp.MustCompile(`,"prints":"[^"]*"`).ReplaceAll(content, nil)
						if err := os.WriteFile(path, content, 0o600); err != nil {
							t.Fatal(err)
						}
					}
					// Another batch of the same clock gets the keys that come next.
					other := openJournal(t, filepath.Join(t.TempDir(), "other"))
					_, err := batch.Apply(t.Context(), pds, linesOf(3).ops(), &batch.ApplyOptions{Lookup: lookup, Journal: other, Clock: clock})
					if err != nil {
						t.Fatal(err)
					}
					before := len(pds.Records()) - map[bool]int{true: 2, false: 6}[strings.HasPrefix(stop, "before")]
					want := 6
					for _, more := range []int{1, 3, 0, 1} {
						for n := range more {
							g = append(g, line(100*want+n))
						}
						want += more
						result, err := apply(g)
						if err != nil || result.Written+result.Already != want || len(pds.Records()) != before+want {
							t.Fatalf("%d lines: %+v, %v, %d records", want, result, err, len(pds.Records()))
						}
						j := openJournal(t, path)
						if done, ops := j.Progress(); done != want || ops != want {
							t.Errorf("%d of %d, want %d", done, ops, want)
						}
						j.Close()
						calls := len(pds.Calls)
						if result, err := apply(g); err != nil || result.Already != want || len(pds.Calls) != calls {
							t.Errorf("and again: %+v, %v", result, err)
						}
					}
					for key, times := range pds.Writes() {
						if times != 1 {
							t.Errorf("%s was written %d times", key, times)
						}
					}
					// It is what lines say that counts.
					spelt := grown{"\ufeff" + strings.ReplaceAll(g[0], "\n", "\r\n"), "\r\n", " \n"}
					for _, text := range g[1:] {
						spelt = append(spelt, strings.ReplaceAll(text, `":`, `" : `))
					}
					spelt[len(spelt)-1] = strings.TrimSpace(spelt[len(spelt)-1])
					if result, err := apply(spelt); err != nil || result.Already != want {
						t.Errorf("spelt otherwise: %+v, %v", result, err)
					}
					changed := slices.Clone(g)
					changed[0] = "\n" + line(77)
					_, err = apply(changed)
					op, ok := errors.AsType[*batch.OpError](err)
					if !ok || op.Op != 1 || op.Line != 2 || !errors.Is(err, batch.ErrJournal) {
						t.Errorf("changed: %v", err)
					}
				})
			})
		}
	}
}

// What a journal of a former version does not know one by one it knows as a whole.
func TestJournalFormer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS(t)
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2}
	if _, err := batch.Apply(t.Context(), pds, linesOf(5).ops(), opts); err != nil {
		t.Fatal(err)
	}
	opts.Journal.Close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content = regexp.MustCompile(`,"prints":"[^"]*"`).ReplaceAll(content, nil)
	changed := linesOf(7)
	changed[2] = line(9)
	for _, g := range []grown{linesOf(4), changed, changed[:5]} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		opts.Journal = openJournal(t, path)
		if _, err := batch.Apply(t.Context(), pds, g.ops(), opts); !errors.Is(err, batch.ErrJournal) || !strings.Contains(err.Error(), "belongs to another batch") {
			t.Errorf("%v", err)
		}
		opts.Journal.Close()
		if now, _ := os.ReadFile(path); string(now) != string(content) {
			t.Errorf("the journal is now %s", now)
		}
	}
}

// Operations that were not sent may be mended, taken out and added.
func TestJournalMended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS(t)
	apply := func(g grown) error {
		j := openJournal(t, path)
		defer j.Close()
		_, err := batch.Apply(t.Context(), pds, g.ops(), &batch.ApplyOptions{Lookup: lookup, Journal: j, MaxOps: 2, Attempts: 1})
		return err
	}
	g := linesOf(6)
	g[3] = `{"action":"update","collection":"pub.layers.corpus.membership","rkey":"3l3famgxlzxwf","value":` + jsonOf(t, membership(3)) + "}\n"
	if err := apply(g); !errors.Is(err, write.ErrConflict) { // there is nothing to update
		t.Fatal(err)
	}
	g[3] = strings.Replace(g[3], "update", "create", 1)
	g = append(slices.Delete(g, 4, 5), line(50), line(51))
	if err := apply(g); err != nil || len(pds.Records()) != 7 {
		t.Errorf("%v, %d records", err, len(pds.Records()))
	}
	for _, g := range []grown{g[:6], append(slices.Clone(g[:6]), line(52))} {
		if err := apply(g); !errors.Is(err, batch.ErrJournal) {
			t.Error(err)
		}
	}
	for key, times := range pds.Writes() {
		if times != 1 {
			t.Errorf("%s was written %d times", key, times)
		}
	}
}

// Lines about how a batch has grown are checked as the others are.
func TestJournalGrownDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2}
	if _, err := batch.Apply(t.Context(), newPDS(t), linesOf(2).ops(), opts); err != nil {
		t.Fatal(err)
	}
	opts.Journal.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{
		"good":                 `{"ops":3,"kept":2,"base":"3l3famgxlzxwf","prints":"AAAAAAAA"}`,
		"fewer than were sent": `{"ops":1,"kept":1}`,
		"no keys":              `{"ops":3,"kept":2,"prints":"AAAAAAAA"}`,
		"keys of no operation": `{"ops":2,"kept":2,"base":"3l3famgxlzxwf"}`,
		"more kept":            `{"ops":3,"kept":4,"base":"3l3famgxlzxwf"}`,
		"kept unknown":         `{"ops":3,"kept":3,"base":"3l3famgxlzxwf"}`,
		"less than none":       `{"ops":3,"kept":-1,"base":"3l3famgxlzxwf","prints":"AAAAAAAA"}`,
		"prints missing":       `{"ops":4,"kept":2,"base":"3l3famgxlzxwf","prints":"AAAAAAAA"}`,
		"too many":             `{"ops":9223372036854775807,"kept":2,"base":"3l3famgxlzxwf","prints":"AAAAAAAA"}`,
		"no prints":            `{"ops":3,"kept":2,"base":"3l3famgxlzxwf","prints":"?"}`,
	} {
		if err := os.WriteFile(path, []byte(string(whole)+line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := batch.OpenJournal(path)
		if (err == nil) != (name == "good") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			j.Close()
		}
	}
}

// A journal never becomes larger than one that can be opened: what would make it so is refused before anything is sent, while
// what is known of a request that was sent still has room.
func TestJournalFull(t *testing.T) {
	const most, reserve = 2 << 20, 1 << 20 // 64 MiB take minutes with the race detector
	batch.SetMaxJournal(t, most)
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS(t)
	opts := &batch.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path)}
	if _, err := batch.Apply(t.Context(), pds, linesOf(2).ops(), opts); err != nil {
		t.Fatal(err)
	}
	opts.Journal.Close()
	done, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sent, _, _ := strings.Cut(string(done), `{"done":2}`)
	for _, test := range []struct {
		name    string
		begin   string
		size    int
		ops     int
		refused string // "": it is applied
	}{
		{"room to grow", string(done), most - reserve - 1000, 4, ""},
		{"grown, without room", string(done), most - reserve - 10, 4, "Keep the first 2 operations of the batch in this file, and put the later ones into another file"},
		{"grown, full", string(done), most, 4, "Keep the first 2"},
		{"done, full", string(done), most, 2, ""},
		{"sent, room for what became of it", sent, most - 100, 2, ""},
		{"sent, full", sent, most - 5, 2, "Keep the first 2"},
		{"sent and grown", sent, most - 100, 4, "Keep the first 2"},
	} {
		const line = `{"sent":2`
		padded := test.begin + line + strings.Repeat(" ", test.size-len(test.begin)-len(line)-2) + "}\n"
		if err := os.WriteFile(path, []byte(padded), 0o600); err != nil {
			t.Fatal(err)
		}
		opts.Journal = openJournal(t, path)
		before := pds.Procedures()
		_, err := batch.Apply(t.Context(), pds, linesOf(test.ops).ops(), opts)
		if test.refused == "" && err != nil || test.refused != "" && (!errors.Is(err, batch.ErrJournal) || !strings.Contains(err.Error(), test.refused) || pds.Procedures() != before) {
			t.Errorf("%s: %v, %d requests", test.name, err, pds.Procedures()-before)
		}
		opts.Journal.Close()
		again, err := batch.OpenJournal(path)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		again.Close()
	}
}
