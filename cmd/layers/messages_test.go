package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
)

// TestMends calls the command with what people have at hand: the message says what to write instead.
func TestMends(t *testing.T) {
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	t.Setenv("LAYERS_PASSWORD", "secret")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"resolve", "alice@example.com"}, "mail address"},
		{[]string{"login", "alice@example.com"}, "mail address"},
		{[]string{"resolve", "https://alice.example.com"}, "without a scheme: alice.example.com"},
		{[]string{"resolve", "at://alice.example.com"}, "without a scheme: alice.example.com"},
		{[]string{"resolve", "https://bsky.app/profile/alice.example.com"}, "without a scheme: alice.example.com"},
		{[]string{"resolve", "alice"}, "alice.bsky.social"},
		{[]string{"resolve", "Müller.example"}, "(xn--...): xn--mller-kva.example"},
		{[]string{"resolve", "例え.テスト"}, "(xn--...): xn--r8jz45g.xn--zckzah"},
		{[]string{"resolve", "alice.test", "--pds", "pds.example.com"}, "write https://pds.example.com"},
		{[]string{"resolve", "alice.test", "--plc", "localhost:2582"}, "write https://localhost:2582"},
		{[]string{"resolve", "alice.test", "--pds", "https://bücher.example"}, "(xn--...): xn--bcher-kva.example"},
		{[]string{"resolve", "alice.test", "--pds", "http://pds.example.com"}, "write https, or add --allow-private"},
		{[]string{"query", "corpus.listCorpora", "--appview", "http://appview.example.com"}, "write https, or add --allow-private"},
	} {
		if status, _, stderr := layers(t, nil, test.args...); status != exit.Misused || !strings.Contains(stderr, test.want) {
			t.Errorf("%v: status %d: %s", test.args, status, stderr)
		}
	}
}

// TestAnswersThatAreNone pulls what is no archive, logs in without the code that is asked for, and gets no record.
func TestAnswersThatAreNone(t *testing.T) {
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	t.Setenv("LAYERS_PASSWORD", "secret")
	uri := "at://" + hostileDID + "/pub.layers.corpus.corpus/3mabcdefghi2a"
	for _, test := range []struct {
		kind, body string
		status     int
		args       []string
		want       []string
	}{
		{"application/json", `{"blocks":[]}`, 200, []string{"pull", hostileDID}, []string{`"application/json"`, `{\"blocks\":[]}`}},
		{"text/html; charset=utf-8", "<!DOCTYPE html>", 200, []string{"pull", hostileDID}, []string{`text/html; charset=utf-8`, "<!DOCTYPE html>"}},
		{"application/json", `{"error":"AuthFactorTokenRequired","message":"A sign in code has been sent"}`, 401, []string{"login", hostileDID}, []string{"--factor"}},
		{"application/json", `{"error":"RecordNotFound","message":"Could not locate record: ` + uri + `"}`, 400, []string{"get", uri}, []string{uri + ": record not found, says http://"}},
		{"application/json", `{"error":"RecordNotFound","message":"Could not locate record: ` + uri + `"}`, 400, []string{"get", "--proof", uri}, []string{uri + ": record not found, says http://", "the server returned no proof of its absence"}},
	} {
		newWorld(t, func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", test.kind)
			out.WriteHeader(test.status)
			fmt.Fprint(out, test.body)
		})
		t.Chdir(t.TempDir())
		status, _, stderr := layers(t, nil, test.args...)
		for _, want := range test.want {
			if status != exit.Failed || strings.Count(stderr, want) != 1 || strings.Contains(stderr, "cut short") || strings.Count(stderr, uri) > 1 {
				t.Errorf("%v: status %d, not %q: %s", test.args, status, want, stderr)
			}
		}
	}
}

// TestEndpointsThatAreNone reads from accounts whose DID documents name servers that cannot be used: the message says what
// would help.
func TestEndpointsThatAreNone(t *testing.T) {
	for endpoint, want := range map[string]string{
		"https://bücher.example":      "punycode (xn--...)",
		"https://例え.テスト":              "punycode (xn--...)",
		"pds.example.com":             "https://pds.example.com",
		"ftp://pds.example.com":       "not an http or https URL",
		"https://pds.example.com/a/b": "more than a host and a port",
	} {
		directory := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(out, `{"id":%q,"service":[{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":%q}]}`, hostileDID, endpoint)
		}))
		for _, args := range [][]string{{"list", hostileDID, "corpus.corpus"}, {"describe", hostileDID}, {"pull", hostileDID, "-o", t.TempDir()}, {"get", "at://" + hostileDID + "/corpus.corpus/1"}} {
			status, _, stderr := layers(t, nil, append(args, "--plc", directory.URL, "--allow-private")...)
			if status != exit.Failed || !strings.Contains(stderr, want) || !strings.Contains(stderr, endpoint) || !strings.Contains(stderr, hostileDID) {
				t.Errorf("%v with %s: status %d: %s", args, endpoint, status, stderr)
			}
		}
		directory.Close()
	}
}
