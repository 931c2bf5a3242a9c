package batch_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/batch"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func opsIn(text string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func TestReadOps(t *testing.T) {
	text := `{"action":"create","value":{"$type":"com.example.any","n":1}}

 	{"rkey":"x","action":"create","collection":"com.example.any","value":{"$type":"com.example.any"}}` + "\r\n" +
		`{"action":"update","uri":"at://` + did + `/com.example.any/y","value":{"$type":"com.example.any"}}
{"action":"put","uri":"at://` + did + `/com.example.any/z","value":{"$type":"com.example.any"}}
{"action":"delete","uri":"at://` + did + `/com.example.any/w"}
{"action":"delete","collection":"com.example.any","rkey":"v"}`
	var got []string
	for op, err := range batch.ReadOps(opsIn(text), nil) {
		if err != nil {
			t.Fatal(err)
		}
		record := ""
		if op.Record != nil {
			record = jsonOf(t, op.Record)
		}
		got = append(got, strings.Join([]string{string(op.Action), string(op.Collection), string(op.RecordKey), record}, " "))
	}
	want := []string{
		`create   {"n":1,"$type":"com.example.any"}`,
		`create com.example.any x {"$type":"com.example.any"}`,
		`update com.example.any y {"$type":"com.example.any"}`,
		`put com.example.any z {"$type":"com.example.any"}`,
		`delete com.example.any w `,
		`delete com.example.any v `,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for range batch.ReadOps(opsIn(text), nil) {
		break
	}
	for _, start := range []string{"\uFEFF", "\uFEFF\r\n", "\uFEFF \n\n"} {
		n := 0
		for op, err := range batch.ReadOps(opsIn(start+text), nil) {
			if err != nil {
				t.Errorf("behind %q: %v", start, err)
			}
			if n++; op.Record != nil && op.Record.RecordType() != "com.example.any" {
				t.Errorf("behind %q: %v", start, op.Record)
			}
		}
		if n != len(want) {
			t.Errorf("behind %q: %d operations, want %d", start, n, len(want))
		}
	}
}

// TestReadOpsNames reads short names of collections, and values whose collection stands beside them.
func TestReadOpsNames(t *testing.T) {
	names := func(name string) (syntax.NSID, error) {
		if name == "any" {
			return "com.example.any", nil
		}
		return syntax.ParseNSID(name)
	}
	const valid = `{"action":"create","collection":"any","value":{"n":1}}
{"action":"put","uri":"at://x.test/any/y","value":{"n":1}}
{"action":"put","uri":"at://x.test/com.example.any/y","value":{"n":1}}
{"action":"create","collection":"com.example.any","value":{"n":1,"$type":"com.example.any"}}`
	n := 0
	for op, err := range batch.ReadOps(opsIn(valid), &batch.ReadOpsOptions{Collection: names}) {
		n++
		if err != nil || op.Collection != "com.example.any" || jsonOf(t, op.Record) != `{"n":1,"$type":"com.example.any"}` {
			t.Errorf("%+v, %v", op, err)
		}
	}
	if n != 4 {
		t.Errorf("%d operations", n)
	}
	for _, line := range []string{
		`{"action":"delete","collection":"other","rkey":"x"}`, `{"action":"delete","uri":"at://x.test/other/x"}`, `{"action":"delete","uri":"x"}`,
		`{"action":"delete","uri":"at://x.test/any/x/y"}`, `{"action":"delete","uri":"at:///any/x"}`, `{"action":"delete","uri":7}`,
	} {
		for op, err := range batch.ReadOps(opsIn(line), &batch.ReadOpsOptions{Collection: names}) {
			if bad, ok := err.(*batch.OpError); !ok || bad.Line != 1 {
				t.Errorf("%s: %+v, %v", line, op, err)
			}
		}
	}
	// Without the option a short name is none, and a value still gets the $type of its collection.
	for op, err := range batch.ReadOps(opsIn(`{"action":"create","collection":"com.example.any","value":{"n":1}}`), nil) {
		if err != nil || op.Record.RecordType() != "com.example.any" {
			t.Errorf("%+v, %v", op, err)
		}
	}
}

// TestReadOpsHandles has a batch that names records by the handle of their account.
func TestReadOpsHandles(t *testing.T) {
	pds, _ := mixed(t)
	account := func(handle syntax.Handle) (syntax.DID, error) {
		switch handle {
		case "alice.test":
			return did, nil
		case "bob.test":
			return "did:plc:bob", nil
		}
		return "", errors.New("nobody has the handle " + string(handle))
	}
	for _, test := range []struct {
		authority string
		account   func(syntax.Handle) (syntax.DID, error)
		want      string
	}{
		{did, nil, ""}, {did, account, ""}, {"alice.test", account, ""},
		{"alice.test", nil, "the record is in the repository of alice.test"},
		{"bob.test", account, "the record is in the repository of did:plc:bob"},
		{"eve.test", account, "nobody has the handle eve.test"},
	} {
		ops := batch.ReadOps(opsIn(`{"action":"delete","uri":"at://`+test.authority+`/com.example.any/not-there"}`), &batch.ReadOpsOptions{ResolveHandle: test.account})
		_, err := batch.Apply(t.Context(), pds, ops, &batch.ApplyOptions{Lookup: lookup})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.authority, err, test.want)
		}
	}
}

func TestReadOpsInvalid(t *testing.T) {
	lines := []struct{ line, want string }{
		{`{"action":"create"}`, "op 1 (line 1): create: no collection"},
		{`nonsense`, "op 2 (line 2): lex: (root): "},
		{`[]`, "op 3 (line 3): lex: (root): type: not an object"},
		{`{}`, "op 4 (line 4): lex: /action: required"},
		{`{"action":"create","rkeys":"x","value":{"$type":"com.example.any"}}`, `op 5 (line 5): create: unknown field "rkeys"`},
		{`{"action":"delete","uri":"at://` + did + `/com.example.any/x","rkey":"x"}`, "op 6 (line 6): delete: uri cannot be combined with collection or rkey"},
		{`{"action":"delete","uri":"at://did:plc:other/com.example.any/x"}`, "the record is in the repository of did:plc:other, not of the account " + did},
		{`{"action":"delete","uri":"at://x.test/com.example.any/x"}`, "the record is in the repository of x.test"},
		{`{"action":"delete","uri":"x"}`, "/uri: format"},
		{`{"action":"delete","collection":"x","rkey":"a b"}`, "/collection: format"},
		{`{"action":"create","rkey":"x","value":{"$type":"com.example.any","n":1.5}}`, "/value/n: type"},
		{`{"action":"create","rkey":"x","value":7}`, "/value: type"},
		{`{"action":"create","rkey":"x","value":{"n":1}}`, "no collection"},
		{`{"action":"create","rkey":"x","value":{"$type":"pub.layers.corpus.membership"}}`, "is not a tid"},
		{`{"action":"create","rkey":"3l3famgxlzxwf","value":{"$type":"pub.layers.corpus.membership"}}`, "op 15 (line 15): create at://" + did + "/pub.layers.corpus.membership/3l3famgxlzxwf: lex: /corpusRef: required"},
		{`{"action":"smash","rkey":"x","value":{"$type":"com.example.any"}}`, `unknown action "smash"`},
		{`{"action":"create","rkey":"x","value":{"$type":"com.example.any"}}`, ""},
	}
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(l.line + "\n")
	}
	pds := newPDS(t)
	_, err := batch.Apply(t.Context(), pds, batch.ReadOps(opsIn(text.String()), nil), &batch.ApplyOptions{Lookup: lookup})
	var invalid *batch.InvalidError
	if !errors.As(err, &invalid) || invalid.Failed != len(lines)-1 || invalid.Ops != len(lines) || len(pds.Calls) > 0 {
		t.Fatalf("%v", err)
	}
	for i, failure := range invalid.Failures {
		if failure.Line != i+1 || failure.Op != i+1 || !strings.Contains(failure.Error(), lines[i].want) {
			t.Errorf("%v, want %s", failure, lines[i].want)
		}
	}
}

func TestReadOpsFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	if _, err := batch.Apply(t.Context(), newPDS(t), batch.ReadOps(open, nil), nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	long := "{}\n" + strings.Repeat("x", 17<<20)
	if _, err := batch.Apply(t.Context(), newPDS(t), batch.ReadOps(opsIn(long), nil), nil); err == nil || !strings.Contains(err.Error(), "line 2: ") {
		t.Error(err)
	}
}

// A file is applied from beginning to end, with a journal for the keys that it does not have.
func TestApplyFile(t *testing.T) {
	directory := t.TempDir()
	var text strings.Builder
	for n := range 30 {
		text.WriteString(`{"action":"create","value":` + jsonOf(t, membership(n)) + "}\n")
	}
	path := filepath.Join(directory, "batch.jsonl")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	pds := newPDS(t)
	var lines []int
	for range 2 {
		j := openJournal(t, filepath.Join(directory, "journal"))
		result, err := batch.Apply(t.Context(), pds, batch.ReadOps(func() (io.ReadCloser, error) { return os.Open(path) }, nil),
			&batch.ApplyOptions{Lookup: lookup, Journal: j, Each: func(r batch.OpResult) { lines = append(lines, r.Line) }})
		if err != nil || result.Ops != 30 || len(pds.Records()) != 30 || pds.Commits() != 1 {
			t.Errorf("%+v, %v", result, err)
		}
		j.Close()
	}
	if len(lines) != 60 || lines[29] != 30 || lines[30] != 1 {
		t.Errorf("%v", lines)
	}
}

func FuzzReadOps(f *testing.F) {
	f.Add(`{"action":"create","rkey":"x","collection":"com.example.any","value":{"$type":"com.example.any"}}`)
	f.Add(`{"action":"delete","uri":"at://did:plc:abc/com.example.any/w"}` + "\n\n{")
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		for op, err := range batch.ReadOps(opsIn(text), nil) {
			var bad *batch.OpError
			if n++; err != nil && !errors.As(err, &bad) {
				return
			}
			if err == nil && op.Record != nil {
				if _, err := lex.EncodeCBOR(op.Record); err != nil {
					t.Error(err)
				}
			}
		}
		if n > strings.Count(text, "\n")+1 {
			t.Errorf("%d operations", n)
		}
	})
}
