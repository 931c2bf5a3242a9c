package atptest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest"
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

// try calls a procedure and returns its error.
func try(t *testing.T, caller rpc.Caller, nsid syntax.NSID, input string) error {
	t.Helper()
	var in, out lex.Map
	if err := lex.DecodeJSON([]byte(input), &in); err != nil {
		t.Fatal(err)
	}
	return caller.Call(t.Context(), &rpc.Request{NSID: nsid, Procedure: true, Input: &in}, &rpc.Response{Output: &out})
}

// withToken calls a method with a token and returns the name of the error and the body.
func withToken(t *testing.T, p *atptest.PDS, method, nsid, token string) (name, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.URL+"/xrpc/"+nsid, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ Error string }
	if len(text) > 0 {
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return e.Error, string(text)
}
