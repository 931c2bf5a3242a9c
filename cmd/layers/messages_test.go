package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
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
		{[]string{"resolve", "https://alice.example.com"}, "without a scheme, as in alice.example.com"},
		{[]string{"resolve", "at://alice.example.com"}, "without a scheme, as in alice.example.com"},
		{[]string{"resolve", "https://bsky.app/profile/alice.example.com"}, "as in alice.example.com"},
		{[]string{"resolve", "alice"}, "alice.bsky.social"},
		{[]string{"resolve", "Müller.example"}, "as in xn--mller-kva.example"},
		{[]string{"resolve", "例え.テスト"}, "as in xn--r8jz45g.xn--zckzah"},
		{[]string{"resolve", "alice.test", "--pds", "pds.example.com"}, "write https://pds.example.com"},
		{[]string{"resolve", "alice.test", "--plc", "localhost:2582"}, "write https://localhost:2582"},
		{[]string{"resolve", "alice.test", "--pds", "https://bücher.example"}, "as in xn--bcher-kva.example"},
		{[]string{"resolve", "alice.test", "--pds", "http://pds.example.com"}, "write https, or add --allow-private"},
		{[]string{"query", "corpus.listCorpora", "--appview", "http://appview.example.com"}, "write https, or add --allow-private"},
	} {
		if status, _, stderr := layers(t, nil, test.args...); status != exitMisuse || !strings.Contains(stderr, test.want) {
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
		{"application/json", `{"error":"RecordNotFound","message":"Could not locate record: ` + uri + `"}`, 400, []string{"get", uri}, []string{uri + ": record not found"}},
	} {
		newWorld(t, func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", test.kind)
			out.WriteHeader(test.status)
			fmt.Fprint(out, test.body)
		})
		t.Chdir(t.TempDir())
		status, _, stderr := layers(t, nil, test.args...)
		for _, want := range test.want {
			if status != exitFailure || strings.Count(stderr, want) != 1 || strings.Contains(stderr, "cut short") || strings.Count(stderr, uri) > 1 {
				t.Errorf("%v: status %d, not %q: %s", test.args, status, want, stderr)
			}
		}
	}
}
