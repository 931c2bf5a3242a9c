package xrpcserver_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// serve sends a request to a procedure, or to a query if the HTTP method is not POST, and returns the status and the body.
func serve(method, contentType string, body io.Reader, answer func(c *xrpcserver.Call) error) (int, string) {
	handler := xrpcserver.New(xrpcserver.Method{NSID: "com.example.do", Procedure: method == http.MethodPost, Serve: answer})
	request := httptest.NewRequest(method, "/xrpc/com.example.do", body)
	request.Header.Set("Content-Type", contentType)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String()
}

// TestErrors checks what a client learns of an error.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{errors.New("secret"), 500, `{"error":"InternalServerError"}`},
		{rpc.ErrorName("NotFound"), 400, `{"error":"NotFound","message":"NotFound"}`},
		{fmt.Errorf("%w: look elsewhere", rpc.ErrorName("NotFound")), 400, `{"error":"NotFound","message":"NotFound: look elsewhere"}`},
		{fmt.Errorf("outer: %w", &xrpcserver.Error{Status: 401, Name: "AuthRequired", Message: "log in"}), 401, `{"error":"AuthRequired","message":"log in"}`},
	} {
		status, body := serve("GET", "", nil, func(*xrpcserver.Call) error { return test.err })
		if status != test.status || body != test.body {
			t.Errorf("%v: %d %s, want %d %s", test.err, status, body, test.status, test.body)
		}
	}
}

// TestInput checks that only JSON of a limited size reaches the server.
func TestInput(t *testing.T) {
	for _, test := range []struct {
		name, contentType string
		body              io.Reader
		status            int
		want              string
	}{
		{"JSON", "application/json", strings.NewReader(`{"a": 1}`), 200, `{"a":1}`},
		{"no type", "", strings.NewReader(`{}`), 400, "application/json"},
		{"another type", "text/plain", strings.NewReader(`{}`), 400, "application/json"},
		{"malformed", "application/json", strings.NewReader(`{`), 400, "InvalidRequest"},
		{"an array", "application/json", strings.NewReader(`[]`), 400, "InvalidRequest"},
		{"too large", "application/json", strings.NewReader(strings.Repeat(" ", xrpcserver.MaxInput+1)), 413, "PayloadTooLarge"},
		{"cut", "application/json", iotest.ErrReader(io.ErrUnexpectedEOF), 400, "could not be read"},
	} {
		status, body := serve("POST", test.contentType, test.body, func(c *xrpcserver.Call) error {
			var m lex.Map
			if err := c.Input(&m); err != nil {
				return err
			}
			return c.Output(&m)
		})
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.name, status, body, test.status, test.want)
		}
	}
}

// TestHead checks that a query is answered to HEAD, too, and that a context without a call has no request.
func TestHead(t *testing.T) {
	if status, _ := serve("HEAD", "", nil, func(c *xrpcserver.Call) error {
		if r := xrpcserver.Request(c.Context()); r == nil || r.Method != "HEAD" {
			t.Errorf("the request is %v", r)
		}
		return nil
	}); status != 200 {
		t.Errorf("the status is %d", status)
	}
	if r := xrpcserver.Request(t.Context()); r != nil {
		t.Errorf("a context without a call has the request %v", r)
	}
}

// TestStream checks that a result that breaks off does not pass for a whole one.
func TestStream(t *testing.T) {
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("the connection is not ended")
		}
	}()
	serve("GET", "", nil, func(c *xrpcserver.Call) error {
		return c.Stream(io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF)), "text/plain")
	})
}

// TestRecords checks the objects of queries for records, in DAG-CBOR, too, whose keys are in order.
func TestRecords(t *testing.T) {
	entries := []rec.Entry[lex.Map]{{URI: "at://a.example.org/com.example.note/1", Value: new(lex.Map)}}
	for _, test := range []struct {
		cursor, key, want string
	}{
		{"next", "notes", `{"notes":[{"uri":"at://a.example.org/com.example.note/1","value":{}}],"cursor":"next"}`},
		{"next", "records", `{"cursor":"next","records":[{"uri":"at://a.example.org/com.example.note/1","value":{}}]}`},
		{"next", "a", `{"a":[{"uri":"at://a.example.org/com.example.note/1","value":{}}],"cursor":"next"}`},
		{"", "records", `{"records":[{"uri":"at://a.example.org/com.example.note/1","value":{}}]}`},
	} {
		v := xrpcserver.Records(entries, test.cursor, test.key)
		text, err := lex.EncodeJSON(v)
		if string(text) != test.want || err != nil {
			t.Errorf("%s (%v), want %s", text, err, test.want)
		}
		got, err := lex.EncodeCBOR(v)
		want, wantErr := lex.JSONToCBOR(text)
		if string(got) != string(want) || err != nil || wantErr != nil {
			t.Errorf("%s: DAG-CBOR %x (%v), want %x (%v)", text, got, err, want, wantErr)
		}
	}
}
