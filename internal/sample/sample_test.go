package sample_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
)

const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

func decode(t *testing.T, r sample.Record) (lex.Record, error) {
	t.Helper()
	def, ok := records.Lookup(r.Collection)
	if !ok {
		t.Fatalf("%s: unknown collection", r.URI)
	}
	record := def.New()
	return record, lex.DecodeJSON(r.JSON, record)
}

// TestRecords checks that each record is what its list says, and that only the doubtful ones have warnings.
func TestRecords(t *testing.T) {
	c, err := sample.New(did)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Records) < 30 || len(c.Broken) < 2 || len(c.Unknown) != 1 || len(c.Later) < 5 {
		t.Errorf("%d valid, %d broken, %d unknown, %d later", len(c.Records), len(c.Broken), len(c.Unknown), len(c.Later))
	}
	seen := map[string]bool{}
	for _, r := range append(c.All(), c.Later...) {
		if want := "at://" + did + "/" + string(r.Collection) + "/" + string(r.RecordKey); string(r.URI) != want || seen[string(r.RecordKey)] {
			t.Errorf("%s: want %s, once", r.URI, want)
		}
		seen[string(r.RecordKey)] = true
	}
	warnings := func(lists ...[]sample.Record) map[string]int {
		var set check.Set
		for _, list := range lists {
			for _, r := range list {
				record, err := decode(t, r)
				if err != nil {
					t.Errorf("%s: %v", r.URI, err)
					continue
				}
				set.Add(r.URI, record)
			}
		}
		found := map[string]int{}
		for _, w := range set.Warnings() {
			found[string(w.URI)]++
		}
		return found
	}
	if found := warnings(c.Records, c.Later); len(found) > 0 {
		t.Errorf("warnings about valid records: %v", found)
	}
	if found := warnings(c.Records, c.Doubtful); len(found) != len(c.Doubtful) || found[string(c.Doubtful[0].URI)] == 0 || found[string(c.Doubtful[1].URI)] == 0 {
		t.Errorf("warnings about doubtful records: %v", found)
	}
	var rules []string
	for _, r := range c.Broken {
		_, err := decode(t, r)
		for _, x := range issue.Of(err) {
			rules = append(rules, x.Path+" "+string(x.Rule))
		}
	}
	if got, want := strings.Join(rules, ", "), "/kind required, /annotations/0/tokenIndex type, /annotations/1/tokenIndex minimum, /createdAt format"; got != want {
		t.Errorf("the broken records have the issues %s, want %s", got, want)
	}
}

// TestSame checks that the records are the same when they are made again.
func TestSame(t *testing.T) {
	one, err1 := sample.New(did)
	two, err2 := sample.New(did)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for i, r := range one.All() {
		if !bytes.Equal(r.JSON, two.All()[i].JSON) {
			t.Errorf("%s differs:\n%s\n%s", r.URI, r.JSON, two.All()[i].JSON)
		}
	}
	if !bytes.Equal(sample.Audio(), sample.Audio()) || len(sample.Audio()) != 44+2*9600 {
		t.Errorf("%d bytes of audio", len(sample.Audio()))
	}
}
