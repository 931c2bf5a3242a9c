package layers07_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/layers-pub/layers-go/layers/corpus"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/layers07"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

// TestPut upgrades a record at a server: the guard of write.Put is satisfied by the list of what moved, and only by that.
func TestPut(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	uri, _ := account.CreateRecord(t, corpus.NSIDCorpus, "", json.RawMessage(olds[1].old))
	local := network.Network{PLC: servers.PLC, AllowPrivate: true}
	reader, err := pds.New(pds.WithNetwork(local))
	if err != nil {
		t.Fatal(err)
	}
	e, err := reader.GetRecord(t.Context(), syntax.ATURI(uri), nil)
	if err != nil {
		t.Fatal(err)
	}
	record, old, err := layers07.Decode(&e)
	if !old || err != nil {
		t.Fatalf("decoded as %v, %t, %v", record, old, err)
	}
	upgraded, moves, err := layers07.UpgradeCorpus(record.(*layers07.Corpus))
	if err != nil {
		t.Fatal(err)
	}
	client, err := auth.Login(t.Context(), syntax.AtIdentifier(account.DID), account.Password, auth.WithNetwork(local))
	if err != nil {
		t.Fatal(err)
	}
	options := &write.PutOptions{Lookup: records.Lookup}
	_, err = write.Put(t.Context(), client, e.URI.RecordKey(), upgraded, options)
	if _, refused := errors.AsType[*write.DropError](err); !refused {
		t.Fatalf("written without a word: %v", err)
	}
	options.Drop = moves.Drop()
	ref, err := write.Put(t.Context(), client, e.URI.RecordKey(), upgraded, options)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pds.Get[corpus.Corpus](t.Context(), reader, ref.URI)
	if err != nil || got.Value.Licensing == nil || got.Value.Languages[0] != "en" || got.Value.Extra.Len() != 0 {
		t.Errorf("the server has %v (%v)", got, err)
	}
}
