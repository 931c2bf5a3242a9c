package verdict_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html"

	getRecord syntax.NSID = "com.atproto.repo.getRecord"
	getBlob   syntax.NSID = "com.atproto.sync.getBlob"
	getRepo   syntax.NSID = "com.atproto.sync.getRepo"
	handle    syntax.NSID = "com.atproto.identity.resolveHandle"
	refresh   syntax.NSID = "com.atproto.server.refreshSession"
)

// ask calls method at a server that answers in the given way, and returns the error.
func ask(t *testing.T, method syntax.NSID, status int, mediaType, body string) error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	defer server.Close()
	client, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}), xrpc.WithRetry(xrpc.Retry{Attempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	err = client.Call(context.Background(), &rpc.Request{NSID: method}, &rpc.Response{Output: new(lex.Raw)})
	if err == nil {
		t.Fatalf("%d %s: no error", status, body)
	}
	return err
}

func TestOf(t *testing.T) {
	for _, test := range []struct {
		method syntax.NSID
		status int
		body   string
		want   verdict.Verdict
	}{
		{getRecord, 400, `{"error":"RecordNotFound","message":"Could not locate record: at://did:web:a.test/x.y.z/1"}`, verdict.NoRecord},
		{getRecord, 404, `{"error":"RecordNotFound"}`, verdict.NoRecord},
		{getRecord, 400, `{"error":"InvalidRequest","message":"Could not locate record: at://did:web:a.test/x.y.z/1"}`, verdict.NoRecord},
		{getRecord, 404, `{"error":"NotFound","message":"record not found"}`, verdict.NoRecord},
		{getRecord, 404, `{"error":"NotFound"}`, verdict.NoRecord},
		{getRecord, 404, `{"error":"NotFound","message":"no route"}`, verdict.Refused},
		{getRecord, 400, `{"error":"InvalidRequest","message":"Could not locate record"}`, verdict.NoRepo},
		{getRecord, 400, `{"error":"InvalidRequest","message":"Could not find repo: did:web:a.test"}`, verdict.NoRepo},
		{getRecord, 400, `{"error":"InvalidRequest","message":"collection must be an NSID"}`, verdict.Refused},
		{getRepo, 400, `{"error":"RepoNotFound"}`, verdict.NoRepo},
		{getRepo, 404, `{"error":"NotFound"}`, verdict.Refused},
		{getRepo, 400, `{"error":"RepoDeactivated"}`, verdict.Inactive},
		{getBlob, 400, `{"error":"InvalidRequest","message":"Blob not found"}`, verdict.NoBlob},
		{getBlob, 404, `{"error":"BlobNotFound"}`, verdict.NoBlob},
		{handle, 400, `{"error":"InvalidRequest","message":"Unable to resolve handle"}`, verdict.NoHandle},
		{handle, 400, `{"error":"HandleNotFound"}`, verdict.NoHandle},
		{handle, 404, `{"error":"NotFound","message":"handle not found"}`, verdict.NoHandle},
		{handle, 404, `{"error":"NotFound","message":"no route"}`, verdict.Refused},
		{handle, 404, `{"message":"Not Found"}`, verdict.Unknown},
		{refresh, 400, `{"error":"ExpiredToken","message":"Token has expired"}`, verdict.Expired},
		{refresh, 401, `{"error":"AuthenticationRequired"}`, verdict.Unauthorized},
		{refresh, 401, `{"error":"Anything"}`, verdict.Unauthorized},
		{refresh, 401, `{"error":"AuthFactorTokenRequired"}`, verdict.SecondFactor},
		{refresh, 429, `{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`, verdict.Busy},
		{refresh, 413, `{"error":"PayloadTooLarge"}`, verdict.TooLarge},
		{refresh, 400, `{"error":"RecordAlreadyExists"}`, verdict.Exists},
		{refresh, 400, `{"error":"InvalidSwap"}`, verdict.Swapped},
		{refresh, 501, `{"error":"MethodNotImplemented"}`, verdict.NoMethod},
		{refresh, 404, `{"error":"XRPCNotSupported"}`, verdict.NoMethod},
		{refresh, 400, `{"error":"InvalidRequest","message":"No service configured for com.atproto.sync.listReposByCollection"}`, verdict.NoMethod},
		{refresh, 500, `{"error":"InternalServerError"}`, verdict.Unknown},
		{refresh, 408, `{"error":"RequestTimeout"}`, verdict.Unknown},
		// The protocol's keys are in lower case, and an error's name has no spaces.
		{getRecord, 404, `{"Error":"RecordNotFound"}`, verdict.Unknown},
		{getRecord, 404, `{"error":"Not Found","status":404,"path":"/xrpc"}`, verdict.Unknown},
		{getRecord, 404, `{"message":"no Route matched with those values"}`, verdict.Unknown},
		{getRecord, 404, `{"error":{"code":404}}`, verdict.Unknown},
		{getRecord, 404, `[]`, verdict.Unknown},
		{getRecord, 404, ``, verdict.Unknown},
	} {
		if got := verdict.Of(ask(t, test.method, test.status, jsonType, test.body)); got != test.want {
			t.Errorf("%s: %d %s: verdict %d, want %d", test.method, test.status, test.body, got, test.want)
		}
	}
}

// Whatever its status, the page of a proxy says nothing, even one that has the words of a server.
func TestPages(t *testing.T) {
	for _, page := range []struct{ mediaType, body string }{
		{htmlType, "<html><h1>404 Not Found</h1></html>"},
		{htmlType, `{"error":"RecordNotFound"}`},
		{"text/plain", "record not found"},
		{jsonType, `{"code":404,"message":"record not found"}`},
		{jsonType, ``},
	} {
		for _, status := range []int{200, 400, 401, 403, 404, 408, 410, 413, 429, 500, 502, 503, 504, 524} {
			if status == 200 && page.mediaType == jsonType && page.body != "" {
				continue // an answer
			}
			for _, method := range []syntax.NSID{getRecord, getBlob, getRepo, handle, refresh} {
				if got := verdict.Of(ask(t, method, status, page.mediaType, page.body)); got != verdict.Unknown {
					t.Errorf("%s: %d %s %q: verdict %d", method, status, page.mediaType, page.body, got)
				}
			}
		}
	}
}

// A caller that is not an XRPC client says what it means by the names of errors alone.
func TestOtherCallers(t *testing.T) {
	for err, want := range map[error]verdict.Verdict{
		rpc.ErrorName("RecordNotFound"): verdict.NoRecord,
		rpc.ErrorName("RepoNotFound"):   verdict.NoRepo,
		rpc.ErrorName("Anything"):       verdict.Unknown,
		errors.New("RecordNotFound"):    verdict.Unknown,
	} {
		if got := verdict.Of(fmt.Errorf("a caller: %w", err)); got != want {
			t.Errorf("%v: verdict %d, want %d", err, got, want)
		}
	}
}

func TestMoved(t *testing.T) {
	for _, test := range []struct {
		status          int
		mediaType, body string
		want            bool
	}{
		{400, jsonType, `{"error":"RepoNotFound"}`, true},
		{400, jsonType, `{"error":"RepoDeactivated"}`, true},
		{400, jsonType, `{"error":"InvalidRequest","message":"Could not locate record"}`, true},
		{404, htmlType, `<html>`, true},
		{200, htmlType, `<html>`, true},
		{502, htmlType, `<html>`, true},
		{200, jsonType, `{`, true},
		{400, jsonType, `{"error":"RecordNotFound"}`, false},
		{400, jsonType, `{"error":"InvalidRequest","message":"no"}`, false},
		{500, jsonType, `{"error":"InternalServerError","message":"Could not find repo"}`, false},
		{429, jsonType, `{"error":"RateLimitExceeded"}`, false},
	} {
		if got := verdict.Moved(ask(t, getRecord, test.status, test.mediaType, test.body)); got != test.want {
			t.Errorf("%d %s: moved: %t", test.status, test.body, got)
		}
	}
	if verdict.Moved(fmt.Errorf("call: %w", &xrpc.WaitError{Err: xrpc.ErrWait})) {
		t.Error("a pause that was not begun says that the repository moved")
	}
}

// TestDeclared checks that each error that a lexicon of the protocol declares has a verdict of its own, except those of
// the method that the SDK does not call: package atptest serves it.
func TestDeclared(t *testing.T) {
	var document struct {
		Defs map[string]struct {
			Type   string
			Errors []struct{ Name string }
		}
	}
	found := 0
	err := filepath.WalkDir("../atproto/lexicons/com", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "createAccount.json" {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		document.Defs = nil
		if err := json.Unmarshal(data, &document); err != nil {
			return err
		}
		for _, def := range document.Defs {
			for _, e := range def.Errors {
				if def.Type == "subscription" { // whose errors end a stream
					continue
				}
				found++
				switch v := verdict.Of(&xrpc.Error{Status: 400, Name: e.Name}); v {
				case verdict.Unknown, verdict.Refused:
					t.Errorf("%s: %s is %v", file, e.Name, v)
				}
			}
		}
		return nil
	})
	if err != nil || found < 20 {
		t.Errorf("%d errors are declared, %v", found, err)
	}
}

// A smaller request may help whoever says so, but only the server says that a large one was not carried out.
func TestLarge(t *testing.T) {
	for _, test := range []struct {
		status          int
		mediaType, body string
		large           bool
		want            verdict.Verdict
	}{
		{413, jsonType, `{"error":"PayloadTooLarge"}`, true, verdict.TooLarge},
		{413, jsonType, `{"error":"Anything"}`, true, verdict.TooLarge},
		{400, jsonType, `{"error":"BlobTooLarge"}`, true, verdict.TooLarge},
		{413, htmlType, `<html>`, true, verdict.Unknown},
		{413, jsonType, `{"message":"Request size limit exceeded"}`, true, verdict.Unknown},
		{413, jsonType, ``, true, verdict.Unknown},
		{400, jsonType, `{"error":"InvalidRequest"}`, false, verdict.Refused},
		{502, htmlType, `<html>`, false, verdict.Unknown},
	} {
		err := ask(t, refresh, test.status, test.mediaType, test.body)
		if large, got := verdict.Large(err), verdict.Of(err); large != test.large || got != test.want {
			t.Errorf("%d %s: large: %t, verdict %d", test.status, test.body, large, got)
		}
	}
}

func TestLacksMethod(t *testing.T) {
	for _, test := range []struct {
		status    int
		mediaType string
		body      string
		want      bool
	}{
		{501, jsonType, `{"error":"MethodNotImplemented","message":"x"}`, true},
		{404, jsonType, `{"error":"XRPCNotSupported","message":"x"}`, true},
		{404, htmlType, "404 page not found", true},
		{405, htmlType, "", true},
		{404, jsonType, `{"error":"RepoNotFound","message":"x"}`, false},
		{400, jsonType, `{"error":"InvalidRequest","message":"Could not find repo for DID: x"}`, false},
		{403, htmlType, "", false},
		{500, jsonType, `{"error":"InternalServerError","message":"x"}`, false},
	} {
		if got := verdict.LacksMethod(ask(t, getRepo, test.status, test.mediaType, test.body)); got != test.want {
			t.Errorf("%d %s: %v", test.status, test.body, got)
		}
	}
	if verdict.LacksMethod(nil) || verdict.LacksMethod(errors.New("x")) {
		t.Error("an error without an answer")
	}
}
