package reference_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

func TestRecord(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	uri, cid := account.CreateRecord(t, "pub.layers.expression.expression", "one", json.RawMessage(`{"text":"a"}`))
	t.Log(uri, cid)
	got, value := account.GetRecord(t, "pub.layers.expression.expression", "one")
	if got != cid {
		t.Errorf("CID %s, want %s", got, cid)
	}
	t.Logf("%s", value)
}
