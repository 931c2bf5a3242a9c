package xrpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// tokens is an authorizer whose token is good once it has been renewed.
type tokens struct {
	generation, refused int
	stubborn            bool // does not renew
	broken              error
}

func (a *tokens) Authorize(_ context.Context, req *http.Request) error {
	if a.generation < 0 {
		return a.broken
	}
	req.Header.Set("Authorization", fmt.Sprintf("Bearer secret-%d", a.generation))
	return nil
}

func (a *tokens) Refused(_ context.Context, req *http.Request, answer *xrpc.Error) (bool, error) {
	a.refused++
	want := fmt.Sprintf("Bearer secret-%d", a.generation)
	if got := req.Header.Get("Authorization"); got != want || answer.Status < 400 {
		return false, errors.New("the wrong request: " + got)
	}
	if a.broken != nil {
		return false, a.broken
	}
	if a.stubborn {
		return false, nil
	}
	a.generation++
	return true, nil
}

func TestAuthorizer(t *testing.T) {
	broken := errors.New("renewal failed")
	unseekable := func() *testCall { return upload(io.MultiReader(strings.NewReader("image"))) }
	for name, test := range map[string]struct {
		call     *testCall
		status   int // of an answer to a token of a generation before good
		answer   string
		good     int
		auth     tokens
		requests int
		refused  int
		want     []error
	}{
		"accepted":              {query(), 401, `{}`, 0, tokens{}, 1, 0, nil},
		"401":                   {query(), 401, `{"error":"AuthMissing"}`, 1, tokens{}, 2, 1, nil},
		"401 without body":      {query(), 401, ``, 1, tokens{}, 2, 1, nil},
		"401 of a proxy":        {query(), 401, `<html>log in</html>`, 1, tokens{}, 1, 0, []error{}},
		"400 ExpiredToken":      {query(), 400, `{"error":"ExpiredToken"}`, 1, tokens{}, 2, 1, nil},
		"400 InvalidToken":      {query(), 400, `{"error":"InvalidToken"}`, 1, tokens{}, 2, 1, nil},
		"403 ExpiredToken":      {query(), 403, `{"error":"ExpiredToken"}`, 1, tokens{}, 2, 1, nil},
		"other 400":             {query(), 400, `{"error":"InvalidRequest"}`, 1, tokens{}, 1, 0, []error{rpc.ErrorName("InvalidRequest")}},
		"other 403":             {query(), 403, `{"error":"Forbidden"}`, 1, tokens{}, 1, 0, []error{rpc.ErrorName("Forbidden")}},
		"procedure":             {procedure(), 400, `{"error":"ExpiredToken"}`, 1, tokens{}, 2, 1, nil},
		"seekable body":         {upload(strings.NewReader("image")), 401, ``, 1, tokens{}, 2, 1, nil},
		"body that is read":     {unseekable(), 400, `{"error":"ExpiredToken"}`, 1, tokens{}, 1, 1, []error{rpc.ErrorName("ExpiredToken"), xrpc.ErrBody}},
		"renewed and refused":   {query(), 401, `{"error":"ExpiredToken"}`, 2, tokens{}, 2, 1, []error{rpc.ErrorName("ExpiredToken")}},
		"not renewed":           {query(), 401, `{"error":"ExpiredToken"}`, 1, tokens{stubborn: true}, 1, 1, []error{rpc.ErrorName("ExpiredToken")}},
		"renewal fails":         {query(), 401, `{"error":"ExpiredToken"}`, 1, tokens{broken: broken}, 1, 1, []error{rpc.ErrorName("ExpiredToken"), broken}},
		"authorizing fails":     {query(), 401, `{}`, 1, tokens{generation: -1, broken: broken}, 0, 0, []error{broken, xrpc.ErrNotSent}},
		"ExpiredToken of a 500": {procedure(), 500, `{"error":"ExpiredToken"}`, 1, tokens{}, 1, 0, []error{rpc.ErrorName("ExpiredToken")}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, n *fakeNetwork) {
				n.handler = func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					if test.call.Request.Body != nil && string(body) != "image" {
						t.Errorf("body %q", body)
					}
					if got := r.Header.Get("Authorization"); got < fmt.Sprintf("Bearer secret-%d", test.good) {
						answer(w, test.status, test.answer)
						return
					}
					answer(w, 200, `{}`)
				}
				err := test.call.do(background, n.client(t, xrpc.WithAuthorizer(&test.auth)))
				if (err != nil) != (test.want != nil) {
					t.Error(err)
				}
				for _, want := range test.want {
					if !errors.Is(err, want) {
						t.Errorf("%v is not %v", err, want)
					}
				}
				if n.count() != test.requests || test.auth.refused != test.refused {
					t.Errorf("%d requests, %d refusals", n.count(), test.auth.refused)
				}
				if err != nil && strings.Contains(fmt.Sprintf("%v %+v", err, err), "secret") {
					t.Errorf("the token is in %v", err)
				}
			})
		})
	}
}

// TestRenewalAndRetries: the request after a renewal is none of the attempts.
func TestRenewalAndRetries(t *testing.T) {
	bubble(t, func(t *testing.T, n *fakeNetwork) {
		n.handler = failing(503, 401, 503, 503)
		auth := new(tokens)
		err := query().do(background, n.client(t, xrpc.WithAuthorizer(auth)))
		if err != nil || n.count() != 5 || auth.refused != 1 {
			t.Error(err, n.count(), auth.refused)
		}
	})
}
