package reference

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// client sends all requests. Its transport uses no HTTP proxy from the environment.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}, Timeout: 2 * time.Minute}

// Answer is a response of the PDS, with any status.
type Answer struct {
	Request string // method and URL, for messages
	Status  int
	Header  http.Header
	Body    []byte
}

// Blob is the input of a procedure that takes bytes, such as com.atproto.repo.uploadBlob.
type Blob struct {
	MimeType string
	Data     []byte
}

// Bearer returns the value of the Authorization header for an access or refresh token.
func Bearer(token string) string { return "Bearer " + token }

// Admin returns the value of the Authorization header for the PDS's administrator.
func (s *Servers) Admin() string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+s.AdminPassword))
}

// Get sends a query to the PDS and returns the response, whatever its status. authorization is the value of the
// Authorization header; "" means none.
func (s *Servers) Get(t testing.TB, nsid string, params url.Values, authorization string) *Answer {
	t.Helper()
	return send(t, http.MethodGet, s.PDS+"/xrpc/"+nsid+"?"+params.Encode(), authorization, "", nil)
}

// Post sends a procedure to the PDS and returns the response, whatever its status. It sends the input as JSON, or a
// [*Blob] as its bytes; nil means no body. authorization is as for [Servers.Get].
func (s *Servers) Post(t testing.TB, nsid, authorization string, input any) *Answer {
	t.Helper()
	var mimeType string
	var body []byte
	switch input := input.(type) {
	case nil:
	case *Blob:
		mimeType, body = input.MimeType, input.Data
	default:
		var err error
		mimeType = "application/json"
		if body, err = json.Marshal(input); err != nil {
			t.Fatalf("%s: %v", nsid, err)
		}
	}
	return send(t, http.MethodPost, s.PDS+"/xrpc/"+nsid, authorization, mimeType, body)
}

func send(t testing.TB, method, url, authorization, mimeType string, body []byte) *Answer {
	t.Helper()
	req, err := http.NewRequest(method, url, bytes.NewReader(body)) // not t.Context: a cleanup may call, too
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	if mimeType != "" {
		req.Header.Set("Content-Type", mimeType)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return &Answer{Request: method + " " + url, Status: res.StatusCode, Header: res.Header, Body: data}
}

// OK fails the test unless the status is 200. It decodes the body, which must be JSON, into out, unless out is nil.
func (a *Answer) OK(t testing.TB, out any) {
	t.Helper()
	if a.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", a.Request, a.Status, a.Body)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(a.Body, out); err != nil {
		t.Fatalf("%s: %v in %q", a.Request, err, a.Body)
	}
}

// ErrorName returns the name of the error in the response, such as "RecordNotFound", or "" if there is none.
func (a *Answer) ErrorName() string {
	var e struct{ Error string }
	if a.Status == http.StatusOK || json.Unmarshal(a.Body, &e) != nil {
		return ""
	}
	return e.Error
}
