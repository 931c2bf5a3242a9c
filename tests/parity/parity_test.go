package parity_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

var update = flag.Bool("update", false, "write the facts of the reference servers")

const factsFile = "testdata/facts.json"

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// TestReference compares the answers of the reference servers with the facts.
func TestReference(t *testing.T) {
	s := reference.StartWith(t, reference.Options{BlobLimit: blobLimit, SessionDocuments: true})
	got := run(t, servers{
		pds: s.PDS, plc: s.PLC,
		account: func() *account {
			a := s.Account(t)
			return &account{
				did: a.DID, handle: a.Handle, email: a.Email, password: a.Password, appPassword: a.AppPassword(t),
				expired: func() (string, string) { return a.ExpiredAccess(t), a.ExpiredRefresh(t) },
				set: func(status string) {
					switch status {
					case "deactivated":
						a.Deactivate(t)
					case "takendown":
						a.Takedown(t, true)
					case "deleted":
						a.Delete(t)
					}
				},
			}
		},
	})
	if *update {
		var text bytes.Buffer
		for i, name := range slices.Sorted(maps.Keys(got)) {
			text.WriteString(map[bool]string{true: "{\n", false: ",\n"}[i == 0])
			text.WriteString(plain(t, name, "") + ": " + plain(t, got[name], ""))
		}
		text.WriteString("\n}\n")
		if err := os.WriteFile(factsFile, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	check(t, got)
}

// TestNetwork compares the answers of atptest with the facts of the reference servers.
func TestNetwork(t *testing.T) {
	var late atomic.Int64 // how far the clock is behind
	n := atptest.New(t, atptest.WithBlobLimit(blobLimit), atptest.WithRecords(lookup), atptest.WithClock(func() time.Time { return time.Now().Add(-time.Duration(late.Load())) }))
	p := n.NewPDS()
	number := 0
	got := run(t, servers{
		pds: p.URL, plc: n.PLC().URL,
		account: func() *account {
			number++
			a := p.NewAccount(syntax.Handle(fmt.Sprintf("user%d.test", number)))
			return &account{
				did: string(a.DID), handle: string(a.Handle()), email: a.Email, password: a.Password, appPassword: a.NewAppPassword(),
				expired: func() (string, string) {
					late.Store(int64(91 * 24 * time.Hour))
					defer late.Store(0)
					return a.NewSession()
				},
				set: func(status string) { a.SetStatus(atptest.Status(status)) },
			}
		},
	})
	check(t, got)
}

// lookup knows the records of app.bsky.graph.block.
func lookup(nsid syntax.NSID) (lex.RecordDef, bool) {
	return lex.RecordDef{NSID: nsid, Key: "tid", New: func() lex.Record { return new(block) }}, nsid == "app.bsky.graph.block"
}

// block is a record that says that an account does not want to hear of another.
type block struct {
	subject   syntax.DID
	createdAt syntax.Datetime
	extra     lex.Map
}

var blockFields = lex.NewFields("$type!", "subject!", "createdAt!")

func (*block) RecordType() syntax.NSID { return "app.bsky.graph.block" }

func (b *block) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, blockFields, &b.extra)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		switch i {
		case 0:
			d.RecordType("app.bsky.graph.block")
		case 1:
			b.subject = d.DID()
		case 2:
			b.createdAt = d.Datetime()
		}
	}
}

func (b *block) EncodeLex(e *lex.Encoder) {
	o := e.Object(&b.extra)
	o.Key("$type").String("app.bsky.graph.block")
	o.Key("subject").String(string(b.subject))
	o.Key("createdAt").String(string(b.createdAt))
	o.End()
}

// check compares answers with the facts of the reference servers.
func check(t *testing.T, got map[string]fact) {
	t.Helper()
	want := facts(t)
	for name, fact := range want {
		if difference := compare(t, fact, got[name]); difference != "" {
			t.Errorf("%s (-want +got):\n%s", name, difference)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d calls, and facts of %d", len(got), len(want))
	}
}

// facts reads those of the reference servers.
func facts(t *testing.T) map[string]fact {
	t.Helper()
	text, err := os.ReadFile(factsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]fact
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// plain returns a value in JSON, on one line if indent is empty.
func plain(t *testing.T, v any, indent string) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// compare says how two facts differ, or nothing.
func compare(t *testing.T, want, got fact) string {
	t.Helper()
	return cmp.Diff(strings.Split(plain(t, want, " "), "\n"), strings.Split(plain(t, got, " "), "\n"))
}
