package write_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

func openJournal(t testing.TB, path string) *write.Journal {
	t.Helper()
	j, err := write.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// batchOf returns creates without record keys.
func batchOf(n int) []write.Op {
	ops := make([]write.Op, n)
	for i := range ops {
		ops[i] = write.Op{Action: write.ActionCreate, Record: membership(i)}
	}
	return ops
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j := openJournal(t, path)
	if done, ops := j.Progress(); done != 0 || ops != 0 {
		t.Errorf("%d of %d", done, ops)
	}
	if _, err := write.OpenJournal(path); !errors.Is(err, write.ErrJournal) || !strings.Contains(err.Error(), path+" is in use") {
		t.Errorf("opened twice: %v", err)
	}
	pds := newPDS()
	opts := &write.ApplyOptions{Lookup: lookup, Journal: j, MaxOps: 2}
	result, err := write.Apply(t.Context(), pds, write.Ops(batchOf(5)...), opts)
	if err != nil || *result != (write.Result{Ops: 5, Written: 5, Requests: 3, Points: 15}) {
		t.Fatalf("%+v, %v", result, err)
	}
	if done, ops := j.Progress(); done != 5 || ops != 5 || pds.commits != 3 {
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
	calls := len(pds.calls)
	opts.Journal = openJournal(t, path)
	result, err = write.Apply(t.Context(), pds, write.Ops(batchOf(5)...), opts)
	if err != nil || *result != (write.Result{Ops: 5, Already: 5}) || len(pds.calls) != calls {
		t.Errorf("%+v, %v, %v", result, err, pds.calls)
	}
	// It is of no other batch.
	changed := batchOf(5)
	changed[3].Record = membership(7)
	keyed := batchOf(5)
	keyed[3].RecordKey = "3l3famgxlzxwf"
	swapped := batchOf(5)
	swapped[0], swapped[1] = swapped[1], swapped[0]
	for name, ops := range map[string][]write.Op{"fewer": batchOf(4), "more": batchOf(6), "changed": changed, "keyed": keyed, "swapped": swapped} {
		if _, err := write.Apply(t.Context(), pds, write.Ops(ops...), opts); !errors.Is(err, write.ErrJournal) || !strings.Contains(err.Error(), "is of another batch") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := write.Apply(t.Context(), another{pds}, write.Ops(batchOf(5)...), opts); !errors.Is(err, write.ErrJournal) || !strings.Contains(err.Error(), "of the account "+did) {
		t.Error(err)
	}
	if len(pds.calls) != calls {
		t.Errorf("asked %v", pds.calls[calls:])
	}
}

type another struct{ *fakePDS }

func (another) DID() syntax.DID { return "did:plc:another" }

// A journal that was cut anywhere, as when the machine stops, is that of an earlier time, and the batch goes on from
// there; one that is damaged otherwise is refused.
func TestJournalCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS()
	opts := &write.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2}
	if _, err := write.Apply(t.Context(), pds, write.Ops(batchOf(5)...), opts); err != nil {
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
		if _, err := write.Apply(t.Context(), pds, write.Ops(batchOf(5)...), opts); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		opts.Journal.Close()
		if now, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(now), string(whole[:head])) || !strings.HasSuffix(string(now), "{\"done\":5}\n") {
			t.Errorf("cut at %d: %s", n, now)
		}
	}
	for key, n := range pds.writes {
		if n != 1 {
			t.Errorf("%s was written %d times", key, n)
		}
	}
	// What was being written may be longer than what is written next.
	if err := os.WriteFile(path, []byte(string(whole[:head])+`{"sent":5,`+strings.Repeat(" ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	opts.Journal = openJournal(t, path)
	if _, err := write.Apply(t.Context(), pds, write.Ops(batchOf(5)...), opts); err != nil {
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
		j, err := write.OpenJournal(path)
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
		if _, err := write.OpenJournal(path); !errors.Is(err, write.ErrJournal) {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := write.OpenJournal(filepath.Join(t.TempDir(), "none", "journal")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// What cannot be written into the journal is not sent.
func TestJournalFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	pds := newPDS()
	opts := &write.ApplyOptions{Lookup: lookup, Journal: openJournal(t, path), MaxOps: 2, Attempts: 1}
	pds.intercept = func(n int, _ string, do func() error) error {
		if n == 2 {
			opts.Journal.Close()
		}
		return do()
	}
	_, err := write.Apply(t.Context(), pds, write.Ops(batchOf(9)...), opts)
	if !errors.Is(err, os.ErrClosed) || pds.commits != 2 {
		t.Errorf("%v after %d commits", err, pds.commits)
	}
	if _, err := write.Apply(t.Context(), pds, write.Ops(batchOf(9)...), opts); !errors.Is(err, os.ErrClosed) || pds.commits != 2 {
		t.Errorf("%v after %d commits", err, pds.commits)
	}
	opts.Journal = openJournal(t, path)
	result, err := write.Apply(t.Context(), pds, write.Ops(batchOf(9)...), opts)
	if err != nil || result.Written != 5 || result.Already != 4 || len(pds.records) != 9 || pds.commits != 5 {
		t.Errorf("%+v, %v", result, err)
	}
}
