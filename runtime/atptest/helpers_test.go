package atptest_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// post calls a procedure whose input is in JSON.
func post(t *testing.T, caller rpc.Caller, nsid syntax.NSID, input string) string {
	t.Helper()
	var in, out lex.Map
	if err := lex.DecodeJSON([]byte(input), &in); err != nil {
		t.Fatal(err)
	}
	if err := caller.Call(t.Context(), &rpc.Request{NSID: nsid, Procedure: true, Input: &in}, &rpc.Response{Output: &out}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, %v", url, response.Status, body, err)
	}
	return body
}
