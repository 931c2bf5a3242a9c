package xrpc_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestErrors: what an answer that is an error says, in fields and as a text.
func TestErrors(t *testing.T) {
	page := "<html>\x00" + strings.Repeat("bad gateway ", 1000)
	for name, test := range map[string]struct {
		status                int
		contentType, body     string
		wantName, wantMessage string
		wantBody              string
		text                  string // after the method and the service
	}{
		"XRPC": {400, "application/json", `{"error":"RecordNotFound","message":"Could not locate record"}`,
			"RecordNotFound", "Could not locate record", "", "400 RecordNotFound: Could not locate record"},
		"more fields":   {400, "application/json", `{"error":"A","message":"b","other":[1]}`, "A", "b", "", "400 A: b"},
		"no message":    {403, "application/json", `{"error":"A"}`, "A", "", "", "403 A"},
		"as text":       {400, "text/plain", `{"error":"A"}`, "A", "", "", "400 A"},
		"no name":       {400, "application/json", `{"message":"b"}`, "", "", `{"message":"b"}`, `400 Bad Request: "{\"message\":\"b\"}"`},
		"other shape":   {400, "application/json", `{"error":{"code":1}}`, "", "", `{"error":{"code":1}}`, `400 Bad Request: "{\"error\":{\"code\":1}}"`},
		"not JSON":      {400, "application/json", `{"error":"A"`, "", "", `{"error":"A"`, `400 Bad Request: "{\"error\":\"A\""`},
		"empty":         {404, "", "", "", "", "", "404 Not Found"},
		"odd status":    {599, "", "", "", "", "", "599"},
		"control text":  {400, "application/json", `{"error":"A","message":"\u001b[2Jb\nc"}`, "A", "\x1b[2Jb\nc", "", `400 A: "\x1b[2Jb\nc"`},
		"control name":  {400, "application/json", `{"error":"A\u001b[2J"}`, "", "", `{"error":"A\u001b[2J"}`, `400 Bad Request: "{\"error\":\"A\\u001b[2J\"}"`},
		"phrase":        {404, "application/json", `{"error":"Not Found"}`, "", "", `{"error":"Not Found"}`, `404 Not Found: "{\"error\":\"Not Found\"}"`},
		"other case":    {404, "application/json", `{"Error":"A"}`, "", "", `{"Error":"A"}`, `404 Not Found: "{\"Error\":\"A\"}"`},
		"odd message":   {400, "application/json", `{"error":"A","message":{"b":1}}`, "A", "", "", "400 A"},
		"with a BOM":    {400, "application/json", "\ufeff" + `{"error":"A","message":"b"}`, "A", "b", "", "400 A: b"},
		"not an object": {400, "application/json", `["error","A"]`, "", "", `["error","A"]`, `400 Bad Request: "[\"error\",\"A\"]"`},
		"long text": {400, "application/json", `{"error":"A","message":"` + strings.Repeat("é", 3000) + `"}`,
			"A", strings.Repeat("é", 3000), "", "400 A: " + `"` + strings.Repeat("é", 100) + `"…`},
		"proxy's page":  {501, "text/html", page, "", "", page[:1024], "501 Not Implemented: " + fmt.Sprintf("%q…", page[:200])},
		"HTML with 200": {200, "text/html", "<p>log in</p>", "", "", "<p>log in</p>", `200 OK: malformed response: not JSON but text/html: "<p>log in</p>"`},
		"text with 200": {200, "text/plain; charset=x", "hello", "", "", "hello", `200 OK: malformed response: not JSON but text/plain; charset=x: "hello"`},
		"broken type":   {200, "/;;", "hello", "", "", "hello", `200 OK: malformed response: not JSON but /;;: "hello"`},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					w.Header()["Content-Type"] = []string{test.contentType}
					w.Header().Set("X-Test", "1")
					w.WriteHeader(test.status)
					w.Write([]byte(test.body))
				}
				call := query()
				call.Params.String("token", "s3cret")
				err := call.do(background, n.client(t, xrpc.WithHeader("Authorization", "Bearer s3cret")))
				e := remote(t, err)
				if e.NSID != "com.example.get" || e.Service != origin || e.Status != test.status || e.Header.Get("X-Test") != "1" {
					t.Errorf("%+v", *e)
				}
				if e.Name != test.wantName || e.Message != test.wantMessage || string(e.Body) != test.wantBody {
					t.Errorf("got %q, %q, %q", e.Name, e.Message, e.Body)
				}
				if got, want := err.Error(), "xrpc: com.example.get at http://service.example: "+test.text; got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if errors.Is(err, rpc.ErrorName(test.wantName)) != (test.wantName != "") || errors.Is(err, rpc.ErrorName("Other")) {
					t.Error("errors.Is")
				}
			})
		})
	}
}

// TestGoodTypes: what is taken as JSON.
func TestGoodTypes(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		var contentType []string
		n.handler = func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"] = contentType
			w.Write([]byte(`{}`))
		}
		c := n.client(t)
		for _, contentType = range [][]string{
			nil, {""}, {"application/json"}, {"Application/JSON; charset=UTF-8"}, {"application/did+json"},
		} {
			if err := query().do(background, c); err != nil {
				t.Errorf("%q: %v", contentType, err)
			}
		}
	})
}

// TestDecodingErrors: an answer of the wrong shape is the decoder's error, with the call it is of.
func TestDecodingErrors(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"a":1,"a":2}`) }
		err := query().do(background, n.client(t))
		const want = "xrpc: com.example.get at http://service.example: response: "
		if len(issue.Of(err)) != 1 || !strings.HasPrefix(err.Error(), want) {
			t.Error(err)
		}
		if n.count() != 1 {
			t.Errorf("%d requests", n.count())
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 500e6, time.UTC)
	epoch := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	for name, test := range map[string]struct {
		status int
		header http.Header
		want   time.Duration
		ok     bool
	}{
		"nothing":               {429, nil, 0, false},
		"seconds":               {503, http.Header{"Retry-After": {"7"}}, 7 * time.Second, true},
		"now":                   {503, http.Header{"Retry-After": {"0"}}, 0, true},
		"date":                  {429, http.Header{"Retry-After": {"Fri, 01 May 2026 12:01:00 GMT"}}, 59500 * time.Millisecond, true},
		"past date":             {429, http.Header{"Retry-After": {"Fri, 01 May 2020 12:01:00 GMT"}}, 0, true},
		"far date":              {429, http.Header{"Retry-After": {"Fri, 01 May 2036 12:01:00 GMT"}}, 0, false},
		"too many seconds":      {429, http.Header{"Retry-After": {epoch(0)}}, 0, false},
		"negative":              {429, http.Header{"Retry-After": {"-1"}}, 0, false},
		"word":                  {429, http.Header{"Retry-After": {"soon"}}, 0, false},
		"reset at":              {429, http.Header{"Ratelimit-Reset": {epoch(60 * time.Second)}}, 61 * time.Second, true},
		"reset in":              {429, http.Header{"Ratelimit-Reset": {"60"}}, 60 * time.Second, true},
		"reset was":             {429, http.Header{"Ratelimit-Reset": {epoch(-time.Hour)}}, 0, true},
		"reset in milliseconds": {429, http.Header{"Ratelimit-Reset": {epoch(0) + "000"}}, 0, false},
		"reset in 55 years":     {429, http.Header{"Ratelimit-Reset": {epoch(55 * 365 * 24 * time.Hour)}}, 0, false},
		"reset past all":        {429, http.Header{"Ratelimit-Reset": {"9223372036854775807"}}, 0, false},
		"reset below all":       {429, http.Header{"Ratelimit-Reset": {"-9223372036854775808"}}, 0, false},
		"reset tomorrow":        {429, http.Header{"Ratelimit-Reset": {epoch(24 * time.Hour)}}, 24*time.Hour + time.Second, true},
		"reset next week":       {429, http.Header{"Ratelimit-Reset": {epoch(7 * 24 * time.Hour)}}, 7*24*time.Hour + time.Second, true},
		"both":                  {429, http.Header{"Retry-After": {"3"}, "Ratelimit-Reset": {"60"}}, 3 * time.Second, true},
		"bad and good":          {429, http.Header{"Retry-After": {"?"}, "Ratelimit-Reset": {"60"}}, 60 * time.Second, true},
		"left":                  {500, http.Header{"Ratelimit-Remaining": {"1"}, "Ratelimit-Reset": {"60"}}, 0, false},
		"none left":             {500, http.Header{"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {"60"}}, 60 * time.Second, true},
	} {
		got, ok := (&xrpc.Error{Status: test.status, Header: test.header}).RetryAfter(now)
		if got != test.want || ok != test.ok {
			t.Errorf("%s: %v, %v, want %v, %v", name, got, ok, test.want, test.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("7", "60", int64(946684800))
	f.Add("Fri, 01 May 2026 12:01:00 GMT", "1777636800", int64(1777636800))
	f.Fuzz(func(t *testing.T, after, reset string, now int64) {
		e := &xrpc.Error{Status: 429, Header: http.Header{"Retry-After": {after}, "Ratelimit-Reset": {reset}}}
		if d, ok := e.RetryAfter(time.Unix(now, 0)); ok && (d < 0 || d > 32*24*time.Hour) {
			t.Errorf("%v", d)
		}
	})
}
