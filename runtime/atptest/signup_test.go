package atptest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/pds"
)

// TestCreateAccount makes an account over HTTP, and uses it like one of NewAccount: tests/parity compares the answers with those of
// the reference PDS.
func TestCreateAccount(t *testing.T) {
	n := atptest.New(t)
	alice := n.NewAccount("alice.test")
	create := func(body string) int {
		t.Helper()
		response, err := http.Post(alice.PDS().URL+"/xrpc/com.atproto.server.createAccount", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	const carol = `{"handle":"carol.test","email":"Carol@example.com","password":"secret"}`
	if status := create(carol); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	if status := create(carol); status != http.StatusBadRequest {
		t.Errorf("the same account again: status %d", status)
	}
	if _, err := auth.Login(t.Context(), "carol.test", "secret", auth.WithNetwork(n.Options()), auth.WithStore(auth.NewMemoryStore())); err != nil {
		t.Error(err)
	}
	client, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	archive, err := client.GetRepo(t.Context(), "carol.test", nil)
	if err != nil {
		t.Fatal(err)
	}
	archive.Close()
}
