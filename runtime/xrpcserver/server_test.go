package xrpcserver_test

import (
	"context"
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
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// serve sends a request to a procedure, or to a query if the HTTP method is not POST, and returns the status, the body, and what the
// hook was told.
func serve(method, contentType string, body io.Reader, answer func(c *xrpcserver.Call) error) (status int, text, hidden string) {
	handler := xrpcserver.New([]xrpcserver.Method{{NSID: "com.example.do", Procedure: method == http.MethodPost, Serve: answer}},
		xrpcserver.WithErrorHook(func(_ *http.Request, err error) { hidden += err.Error() }))
	request := httptest.NewRequest(method, "/xrpc/com.example.do", body)
	request.Header.Set("Content-Type", contentType)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder.Code, recorder.Body.String(), hidden
}

// TestErrors checks what a client learns of an error.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		body   string
	}{
		{errors.New("secret"), 500, `{"error":"InternalServerError"}`},
		{&xrpcserver.Error{Status: 200, Name: "Odd"}, 500, `{"error":"Odd"}`},
		{rpc.ErrorName("NotFound"), 400, `{"error":"NotFound","message":"NotFound"}`},
		{fmt.Errorf("%w: look elsewhere", rpc.ErrorName("NotFound")), 400, `{"error":"NotFound","message":"NotFound: look elsewhere"}`},
		{fmt.Errorf("outer: %w", &xrpcserver.Error{Status: 401, Name: "AuthRequired", Message: "log in"}), 401, `{"error":"AuthRequired","message":"log in"}`},
	} {
		status, body, hidden := serve("GET", "", nil, func(*xrpcserver.Call) error { return test.err })
		if status != test.status || body != test.body || (hidden != "") != strings.Contains(test.body, "Internal") {
			t.Errorf("%v: %d %s (%s), want %d %s", test.err, status, body, hidden, test.status, test.body)
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
		status, body, _ := serve("POST", test.contentType, test.body, func(c *xrpcserver.Call) error {
			var m lex.Map
			if err := c.Input(&m); err != nil {
				return err
			}
			return xrpcserver.Output(c, &m)
		})
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: %d %s, want %d %s", test.name, status, body, test.status, test.want)
		}
	}
}

// TestHead checks that a query is answered to HEAD, too, and that a context without a call has no request.
func TestHead(t *testing.T) {
	if status, _, _ := serve("HEAD", "", nil, func(c *xrpcserver.Call) error {
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

// thing is a type of which the field n has to be at least 1.
type thing struct {
	n     int64
	extra lex.Map
}

var thingFields = lex.NewFields("n")

func (v *thing) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, thingFields, &v.extra)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		v.n = d.Int(1, lex.Max)
	}
}

func (v *thing) EncodeLex(e *lex.Encoder) {
	o := e.Object(&v.extra)
	o.Key("n").Int(v.n)
	o.End()
}

// TestServerFaults checks what becomes of servers that break their promises: nothing is sent but an InternalServerError, and the hook
// hears the reason.
func TestServerFaults(t *testing.T) {
	uri := syntax.ATURI("at://a.example.org/com.example.note/1")
	for _, test := range []struct {
		name   string
		answer func(c *xrpcserver.Call) error
		hidden string
	}{
		{"no result", func(c *xrpcserver.Call) error { return xrpcserver.Output[thing](c, nil) }, "neither a result nor an error"},
		{"a result that is not valid", func(c *xrpcserver.Call) error { return xrpcserver.Output(c, &thing{}) }, "the result is not valid: lex: /n: minimum: 0 is below the minimum of 1"},
		{"no entry", func(c *xrpcserver.Call) error { return xrpcserver.Record[thing](c, nil) }, "neither a result nor an error"},
		{"an entry without a value", func(c *xrpcserver.Call) error { return xrpcserver.Record(c, &rec.Entry[thing]{URI: uri}) }, "the entry of " + string(uri) + " has no value"},
		{"an entry without a URI", func(c *xrpcserver.Call) error { return xrpcserver.Record(c, &rec.Entry[thing]{Value: &thing{}}) }, "the URI of an entry: "},
		{"a list with such an entry", func(c *xrpcserver.Call) error {
			return xrpcserver.Records(c, []rec.Entry[thing]{{URI: uri, Value: &thing{}}, {URI: uri}}, "", "things")
		}, "has no value"},
		{"no body", func(c *xrpcserver.Call) error { return c.Stream(nil, "text/plain") }, "neither a result nor an error"},
		{"a panic", func(*xrpcserver.Call) error { panic("oh") }, "panic: oh"},
		{"a panic with an error that has a name", func(*xrpcserver.Call) error { panic(rpc.ErrorName("Secret")) }, "panic: Secret"},
		{"a nil pointer", func(*xrpcserver.Call) error {
			var none *thing
			none.n++
			return nil
		}, "nil pointer"},
	} {
		status, body, hidden := serve("GET", "", nil, test.answer)
		if status != 500 || body != `{"error":"InternalServerError"}` || !strings.Contains(hidden, test.hidden) {
			t.Errorf("%s: %d %s (%s), want %s", test.name, status, body, hidden, test.hidden)
		}
	}
}

// TestHTTP checks the methods of HTTP, paths and headers.
func TestHTTP(t *testing.T) {
	ok := func(c *xrpcserver.Call) error { return xrpcserver.Output(c, &thing{n: 1}) }
	image := func(c *xrpcserver.Call) error {
		if _, _, err := c.Body("image/*"); err != nil {
			return err
		}
		return ok(c)
	}
	list := func(c *xrpcserver.Call) error {
		if _, _, err := c.Body("application/Zip, text/*,image/png; q=1"); err != nil {
			return err
		}
		return ok(c)
	}
	handler := xrpcserver.New([]xrpcserver.Method{
		{NSID: "com.example.get", Serve: ok}, {NSID: "com.example.put", Procedure: true, Serve: image}, {NSID: "com.example.list", Procedure: true, Serve: list}, {NSID: "com.example.watch", Subscription: true, Serve: func(c *xrpcserver.Call) error {
			return xrpcserver.Subscription(c, nil, func(int) (string, []byte, error) { return "", nil, nil }, func(string, []byte) (int, error) { return 0, nil })
		}},
	})
	for _, test := range []struct {
		method, path, contentType, coding string
		status                            int
		allow, body                       string
	}{
		{"GET", "/xrpc/com.example.get", "", "", 200, "", `{"n":1}`},
		{"HEAD", "/xrpc/com.example.get", "", "", 200, "", ""},
		{"POST", "/xrpc/com.example.get", "", "", 405, "GET, HEAD, OPTIONS", `{"error":"InvalidRequest","message":"wrong HTTP method"}`},
		{"OPTIONS", "/xrpc/com.example.get", "", "", 204, "GET, HEAD, OPTIONS", ""},
		{"OPTIONS", "/xrpc/com.example.put", "", "", 204, "POST, OPTIONS", ""},
		{"HEAD", "/xrpc/com.example.put", "", "", 405, "POST, OPTIONS", `wrong HTTP method`},
		{"PUT", "/xrpc/com.example.put", "", "", 405, "POST, OPTIONS", `wrong HTTP method`},
		{"POST", "/xrpc/com.example.put", "image/png", "", 200, "", `{"n":1}`},
		{"POST", "/xrpc/com.example.put", "image/png; x=y", "identity", 200, "", `{"n":1}`},
		{"POST", "/xrpc/com.example.put", "imagery/png", "", 400, "", `the input must be of the type image/*`},
		{"POST", "/xrpc/com.example.put", "", "", 400, "", `the input must be of the type image/*`},
		{"POST", "/xrpc/com.example.list", "application/ZIP", "", 200, "", `{"n":1}`},
		{"POST", "/xrpc/com.example.list", "text/html; charset=utf-8", "", 200, "", `{"n":1}`},
		{"POST", "/xrpc/com.example.list", "image/png", "", 200, "", `{"n":1}`},
		{"POST", "/xrpc/com.example.list", "image/jpeg", "", 400, "", `the input must be of the type application/Zip, text/*,image/png; q=1`},
		{"POST", "/xrpc/com.example.put", "image/png", "gzip", 415, "", `the input must not be compressed`},
		{"GET", "/xrpc/com.example.watch", "", "", 426, "", `{"error":"InvalidRequest","message":"a subscription needs a WebSocket: `},
		{"POST", "/xrpc/com.example.watch", "", "", 405, "GET, OPTIONS", `wrong HTTP method`},
		{"GET", "/xrpc/com.example.absent", "", "", 501, "", `{"error":"MethodNotImplemented",`},
		{"POST", "/xrpc/com.example.absent", "", "", 501, "", `{"error":"MethodNotImplemented",`},
		{"OPTIONS", "/xrpc/com.example.absent", "", "", 501, "", `{"error":"MethodNotImplemented",`},
		{"GET", "/xrpc/absent", "", "", 400, "", `{"error":"InvalidRequest","message":"the path does not end in the NSID of a method"}`},
		{"GET", "/xrpc/", "", "", 400, "", `{"error":"InvalidRequest",`},
	} {
		request := httptest.NewRequest(test.method, test.path, strings.NewReader("body"))
		request.Header.Set("Content-Type", test.contentType)
		request.Header.Set("Content-Encoding", test.coding)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		if body := recorder.Body.String(); recorder.Code != test.status || !strings.Contains(body, test.body) && test.method != "HEAD" || recorder.Header().Get("Allow") != test.allow {
			t.Errorf("%s %s: %d %s %q, want %d %s %q", test.method, test.path, recorder.Code, body, recorder.Header(), test.status, test.body, test.allow)
		}
	}
}

// TestGone checks that a client that goes away is no fault of the server.
func TestGone(t *testing.T) {
	var hidden []error
	began := make(chan struct{})
	ended := make(chan struct{})
	inner := xrpcserver.New([]xrpcserver.Method{{NSID: "com.example.do", Serve: func(c *xrpcserver.Call) error {
		close(began)
		<-c.Context().Done()
		return c.Context().Err()
	}}}, xrpcserver.WithErrorHook(func(_ *http.Request, err error) { hidden = append(hidden, err) }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		inner.ServeHTTP(w, r)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-began
		cancel()
	}()
	request, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/xrpc/com.example.do", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Error("there is an answer")
	}
	<-ended
	if hidden != nil {
		t.Errorf("the hook hears %v", hidden)
	}
}

// TestStream checks that a result that breaks off does not pass for a whole one, that its body is closed, and that HEAD gets none.
func TestStream(t *testing.T) {
	closed := &closing{Reader: io.MultiReader(strings.NewReader("the beginning"), iotest.ErrReader(io.ErrUnexpectedEOF))}
	func() {
		defer func() {
			if recover() != http.ErrAbortHandler {
				t.Error("the connection is not ended")
			}
		}()
		serve("GET", "", nil, func(c *xrpcserver.Call) error { return c.Stream(closed, "text/plain") })
	}()
	if !closed.closed {
		t.Error("the body is not closed")
	}
	broken := &closing{Reader: iotest.ErrReader(errors.New("not for clients"))}
	if status, body, hidden := serve("GET", "", nil, func(c *xrpcserver.Call) error { return c.Stream(broken, "text/plain") }); status != 500 || !strings.Contains(body, "InternalServerError") || !strings.Contains(hidden, "not for clients") || !broken.closed {
		t.Errorf("a body that cannot be read: %d %s, %s", status, body, hidden)
	}
	if status, body, _ := serve("GET", "", nil, func(c *xrpcserver.Call) error {
		return c.Stream(io.NopCloser(strings.NewReader("")), "text/plain")
	}); status != 200 || body != "" {
		t.Errorf("an empty body: %d %s", status, body)
	}
	unread := &closing{Reader: iotest.ErrReader(errors.New("read"))}
	if status, body, _ := serve("HEAD", "", nil, func(c *xrpcserver.Call) error { return c.Stream(unread, "text/plain") }); status != 200 || body != "" || !unread.closed {
		t.Errorf("HEAD: %d %s", status, body)
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error {
	c.closed = true
	return nil
}

// TestRecords checks the objects of queries for records.
func TestRecords(t *testing.T) {
	const uri = "at://a.example.org/com.example.note/1"
	entries := []rec.Entry[lex.Map]{{URI: uri, Value: new(lex.Map)}}
	for _, test := range []struct {
		cursor, key, want string
	}{
		{"next", "notes", `{"notes":[{"uri":"at://a.example.org/com.example.note/1","value":{}}],"cursor":"next"}`},
		{"next", "records", `{"cursor":"next","records":[{"uri":"at://a.example.org/com.example.note/1","value":{}}]}`},
		{"next", "a", `{"a":[{"uri":"at://a.example.org/com.example.note/1","value":{}}],"cursor":"next"}`},
		{"", "records", `{"records":[{"uri":"at://a.example.org/com.example.note/1","value":{}}]}`},
	} {
		status, body, _ := serve("GET", "", nil, func(c *xrpcserver.Call) error { return xrpcserver.Records(c, entries, test.cursor, test.key) })
		if status != 200 || body != test.want {
			t.Errorf("%d %s, want %s", status, body, test.want)
		}
	}
	if _, body, _ := serve("GET", "", nil, func(c *xrpcserver.Call) error { return xrpcserver.Record(c, &entries[0]) }); body != `{"uri":"`+uri+`","value":{}}` {
		t.Errorf("the record is %s", body)
	}
	// A record is the account's own, and not checked.
	if status, body, _ := serve("GET", "", nil, func(c *xrpcserver.Call) error {
		return xrpcserver.Record(c, &rec.Entry[thing]{URI: uri, Value: &thing{}})
	}); status != 200 {
		t.Errorf("%d %s", status, body)
	}
}
