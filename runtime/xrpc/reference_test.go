package xrpc_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

func object(t *testing.T, text string) *lex.Map {
	t.Helper()
	m := new(lex.Map)
	if err := lex.DecodeJSON([]byte(text), m); err != nil {
		t.Fatal(err)
	}
	return m
}

func dial(t *testing.T, service string, opts ...xrpc.Option) *xrpc.Client {
	t.Helper()
	c, err := xrpc.New(service, append([]xrpc.Option{xrpc.WithNetwork(network.Network{AllowPrivate: true})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// renewal is an authorizer with an expired token, which a good one replaces.
type renewal struct {
	tokens  [2]string
	current atomic.Int32
}

func (a *renewal) Authorize(_ context.Context, req *http.Request) error {
	req.Header.Set("Authorization", "Bearer "+a.tokens[a.current.Load()])
	return nil
}

func (a *renewal) Refused(context.Context, *http.Request, *xrpc.Error) (bool, error) {
	return a.current.CompareAndSwap(0, 1), nil
}

// TestReference: the reference PDS answers as this package expects.
func TestReference(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	c := dial(t, servers.PDS)

	resolve := &testCall{Request: rpc.Request{NSID: "com.atproto.identity.resolveHandle"}, Response: rpc.Response{Output: new(lex.Map)}}
	resolve.Params.String("handle", account.Handle)
	if err := resolve.do(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if text, _ := resolve.Output.(*lex.Map).MarshalJSON(); string(text) != `{"did":"`+account.DID+`"}` {
		t.Errorf("resolveHandle: %s", text)
	}

	get := &testCall{Request: rpc.Request{NSID: "com.atproto.repo.getRecord"}, Response: rpc.Response{Output: new(lex.Map)}}
	get.Params.String("repo", account.DID)
	get.Params.String("collection", "com.example.record")
	get.Params.String("rkey", "none")
	if err := get.do(t.Context(), c); !errors.Is(err, rpc.ErrorName("RecordNotFound")) || remote(t, err).Status != 400 {
		t.Errorf("getRecord: %v", err)
	}
	if err := (&testCall{Request: rpc.Request{NSID: "com.example.noSuchMethod"}}).do(t.Context(), c); remote(t, err).Name != "InvalidRequest" {
		t.Error(err)
	}

	archive := &testCall{Request: rpc.Request{NSID: "com.atproto.sync.getRepo"}, Response: rpc.Response{Stream: true}}
	archive.Params.String("did", account.DID)
	if err := archive.do(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(archive.Response.Body)
	if len(data) == 0 || err != nil || archive.Response.Encoding != "application/vnd.ipld.car" {
		t.Errorf("getRepo: %d bytes of %s, %v", len(data), archive.Response.Encoding, err)
	}
	archive.Response.Body.Close()

	create := func() *testCall {
		input := `{"repo":"` + account.DID + `","collection":"com.example.record","record":{"$type":"com.example.record"}}`
		return &testCall{Request: rpc.Request{NSID: "com.atproto.repo.createRecord", Procedure: true, Input: object(t, input)}, Response: rpc.Response{Output: new(lex.Map)}}
	}
	if err := create().do(t.Context(), c); remote(t, err).Status != http.StatusUnauthorized {
		t.Errorf("without a token: %v", err)
	}
	for name, tokens := range map[string][2]string{
		"good":      {account.AccessJWT},
		"expired":   {account.ExpiredAccess(t), account.AccessJWT},
		"malformed": {"x", account.AccessJWT},
	} {
		signed := dial(t, servers.PDS, xrpc.WithAuthorizer(&renewal{tokens: tokens}))
		if err := create().do(t.Context(), signed); err != nil {
			t.Errorf("createRecord with a token that is %s: %v", name, err)
		}
		blob := upload(nil)
		blob.NSID = "com.atproto.repo.uploadBlob"
		for kind, body := range map[string]io.Reader{
			"known": strings.NewReader("text"), "unknown": io.MultiReader(strings.NewReader("text")),
		} {
			blob.Request.Body = body
			if err := blob.do(t.Context(), signed); err != nil {
				t.Errorf("uploadBlob of %s length with a token that is %s: %v", kind, name, err)
			}
		}
	}
	large := create()
	large.Input.(*lex.Map).Set("record", value(t, strings.Repeat("x", 200_000)))
	signed := dial(t, servers.PDS, xrpc.WithAuthorizer(&renewal{tokens: [2]string{account.AccessJWT}}))
	if err := large.do(t.Context(), signed); remote(t, err).Status != http.StatusRequestEntityTooLarge {
		t.Errorf("large record: %v", err)
	}
}

func value(t *testing.T, x any) lex.Value {
	t.Helper()
	v, err := lex.ValueOf(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestReferenceRateLimits: the PDS allows 10 changes of a handle in 5 minutes, refused ones included.
func TestReferenceRateLimits(t *testing.T) {
	servers := reference.StartWith(t, reference.Options{RateLimits: true})
	account := servers.Account(t)
	change := func() *testCall {
		input := object(t, `{"handle":"too.many.test"}`)
		return &testCall{Request: rpc.Request{NSID: "com.atproto.identity.updateHandle", Procedure: true, Input: input}}
	}
	token := xrpc.WithHeader("Authorization", reference.Bearer(account.AccessJWT))
	c := dial(t, servers.PDS, token, xrpc.WithPace(0.001, 1)) // a pace that does not matter, for the server has limits
	for i := range 10 {
		if err := change().do(t.Context(), c); remote(t, err).Status != http.StatusBadRequest {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	start := time.Now()
	err := change().do(t.Context(), c)
	var broken *xrpc.TransportError
	if !errors.As(err, &broken) || !errors.Is(err, xrpc.ErrWait) {
		t.Errorf("the client's own wait: %v", err)
	}
	// Another client does not know, and is told.
	err = change().do(t.Context(), dial(t, servers.PDS, token))
	if !errors.Is(err, xrpc.ErrWait) {
		t.Errorf("the refusal: %v", err)
	}
	if !errors.Is(err, rpc.ErrorName("RateLimitExceeded")) || remote(t, err).Status != http.StatusTooManyRequests {
		t.Fatal(err)
	}
	if after, ok := remote(t, err).RetryAfter(time.Now()); !ok || after > 6*time.Minute || after < 3*time.Minute {
		t.Errorf("RetryAfter: %v, %v", after, ok)
	}
	if time.Since(start) > 2*time.Minute { // which is less than either would have to wait
		t.Errorf("the refusals took %v", time.Since(start))
	}
}
