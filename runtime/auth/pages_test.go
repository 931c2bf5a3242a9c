package auth_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// TestPages puts a proxy's pages in the place of answers about sessions: they refuse no password, end no session, and
// none is taken for a new session.
func TestPages(t *testing.T) {
	type page struct {
		status          int
		mediaType, body string
	}
	for _, status := range []int{200, 400, 401, 403, 404, 408, 410, 413, 429, 502, 503, 524} {
		for _, p := range []page{
			{status, "text/html", "<html><h1>not here</h1></html>"},
			{status, "text/html", `{"error":"ExpiredToken"}`},
			{status, "application/json", `{"message":"Unauthorized"}`},
			{status, "application/json", `{"error":"Not Authorized","status":401}`},
			{status, "application/json", ""},
			{status, "", ""},
		} {
			t.Run(fmt.Sprint(p), func(t *testing.T) {
				f := newFake()
				// paged has the proxy answer requests of some methods.
				paged := func(methods ...string) {
					f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
						for _, m := range methods {
							if m == method {
								w.Header()["Content-Type"] = []string{p.mediaType}
								w.WriteHeader(p.status)
								io.WriteString(w, p.body)
								return true
							}
						}
						return false
					})
				}
				o := f.settings()
				o.KeepPassword = true
				o.XRPC = append(o.XRPC, xrpc.WithRetry(xrpc.Retry{Attempts: 1}))

				paged(createSession)
				if c, err := auth.Login(t.Context(), aliceHandle, password, o.options()...); err == nil || errors.Is(err, auth.ErrPassword) {
					t.Errorf("login: %v, %v", c, err)
				}
				paged()
				c := login(t, o)

				// In place of the answer to a call: the session goes on.
				paged(ping)
				if err := call(t.Context(), c); status != 200 && err == nil || errors.Is(err, auth.ErrSessionOver) {
					t.Errorf("call: %v", err)
				}
				paged(ping, refreshSession)
				if err := call(t.Context(), c); status != 200 && err == nil || errors.Is(err, auth.ErrSessionOver) {
					t.Errorf("call and renewal: %v", err)
				}
				paged()
				mustCall(t, c)

				// In place of a renewal.
				f.expire()
				before := string(stored(t, o.Store, alice).Export())
				paged(refreshSession, createSession)
				logins := f.count(createSession)
				if err := call(t.Context(), c); !errors.Is(err, auth.ErrRenewalFailed) || errors.Is(err, auth.ErrSessionOver) {
					t.Errorf("renewal: %v", err)
				}
				if string(stored(t, o.Store, alice).Export()) != before || f.count(createSession) != logins {
					t.Errorf("renewal: the stored session is another one, or %d logins", f.count(createSession)-logins)
				}
				paged()
				mustCall(t, c)

				// In place of the login with the kept password, which is used again later.
				f.forget()
				paged(createSession)
				if err := call(t.Context(), c); err == nil || errors.Is(err, auth.ErrPassword) {
					t.Errorf("login again: %v", err)
				}
				paged()
				if err := c.Renew(t.Context()); err != nil {
					t.Errorf("the password was thrown away: %v", err)
				}

				// In place of the logout: it is not known that the session has ended.
				paged(deleteSession)
				if err := c.Logout(t.Context()); (err == nil) != (status == 200 && p.body == "") {
					t.Errorf("logout: %v", err)
				}
			})
		}
	}
}
