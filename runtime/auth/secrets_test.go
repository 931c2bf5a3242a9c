package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// renderings are all the ways in which a program shows a value without meaning to show its secrets.
func renderings(v any) map[string]string {
	all := make(map[string]string)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
		all[format] = fmt.Sprintf(format, v)
		all["struct "+format] = fmt.Sprintf(format, struct{ V any }{v})
		all["unexported "+format] = fmt.Sprintf(format, struct{ v any }{v})
		all["slice "+format] = fmt.Sprintf(format, []any{v})
	}
	data, err := json.Marshal(v)
	all["json"] = fmt.Sprint(string(data), err)
	data, err = json.Marshal(map[string]any{"v": v})
	all["json in a map"] = fmt.Sprint(string(data), err)
	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	all["slog text"] = text.String()
	text.Reset()
	slog.New(slog.NewJSONHandler(&text, nil)).Info("m", "v", v, slog.Group("g", "v", v))
	all["slog json"] = text.String()
	return all
}

// leaks reports whether a text holds one of the secrets, or enough of one, in any form.
func leaks(text string, secrets ...string) bool {
	for _, secret := range secrets {
		quoted, _ := json.Marshal(secret)
		for _, form := range []string{
			secret, string(quoted[1 : len(quoted)-1]), url.QueryEscape(secret), html.EscapeString(secret), fmt.Sprintf("%x", secret),
		} {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

func TestNothingIsPrinted(t *testing.T) {
	f := newFake()
	o := f.settings()
	o.StorePassword = true
	o.AuthFactorToken = "ABCDE-12345"
	f.factor = o.AuthFactorToken
	client := login(t, o)
	session := client.Session()
	access, refresh := session.Tokens()
	file, err := auth.OpenStore(filepath.Join(t.TempDir(), "auth.json"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, file, &session)

	for name, v := range map[string]any{
		"Session": session, "*Session": &session, "Client": client, "Option": auth.WithAuthFactorToken(o.AuthFactorToken),
		"memory": o.Store, "file": file,
		"sessions": []auth.Session{session}, "map": map[string]*auth.Session{"a": &session},
	} {
		for how, text := range renderings(v) {
			secrets := []string{access, refresh, password, o.AuthFactorToken}
			if leaks(text, secrets...) {
				t.Errorf("%s: %s: %s", name, how, text)
			}
		}
	}
	for name, v := range map[string]any{"session": session, "client": client} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got, want := fmt.Sprintf(format, v), string(alice)+" (alice.example.com) at "+pdsOrigin; got != want {
				t.Errorf("%s: %s prints %s, want %s", name, format, got, want)
			}
		}
	}
	data, err := json.Marshal(session)
	if want := `{"did":"` + string(alice) + `","handle":"alice.example.com","pds":"` + pdsOrigin + `"}`; err != nil || string(data) != want {
		t.Errorf("JSON %s, %v", data, err)
	}
	// Not even printing the context of a request shows what goes with it.
	f.set(func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		for _, format := range []string{"%v", "%+v", "%#v"} {
			if text := fmt.Sprintf(format, r.Context()); leaks(text, refresh, password) {
				t.Errorf("the context prints %s", text)
			}
		}
		return false
	})
	if err := client.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// chain returns what all errors of a tree say, and all fields of answers.
func chain(err error) string {
	if err == nil {
		return ""
	}
	text := fmt.Sprintf("%v\n%+v\n%#v\n", err, err, err)
	if answer, ok := err.(*xrpc.Error); ok {
		text += fmt.Sprintf("%s %s %v %s\n", answer.Name, answer.Message, answer.Header, answer.Body)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		text += chain(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			text += chain(cause)
		}
	}
	return text
}

// A server that repeats what it was sent, in all of its answer, does not get it into an error.
func TestErrorsKeepSecrets(t *testing.T) {
	const odd = `p"<&>/ é%secret`
	echoes := map[string]func(w http.ResponseWriter, secret string){
		"name": func(w http.ResponseWriter, secret string) { refuse(w, 401, secret, "no") },
		"message": func(w http.ResponseWriter, secret string) {
			refuse(w, 401, "AuthenticationRequired", "I got "+secret+".")
		},
		"quoted": func(w http.ResponseWriter, secret string) {
			refuse(w, 401, "AuthenticationRequired", fmt.Sprintf("I got %q", secret))
		},
		"escaped": func(w http.ResponseWriter, secret string) {
			refuse(w, 401, "AuthenticationRequired", url.QueryEscape(secret)+" "+url.PathEscape(secret)+" "+html.EscapeString(secret))
		},
		"header": func(w http.ResponseWriter, secret string) {
			w.Header().Set("X-Echo", secret)
			w.Header().Set("Set-Cookie", "session="+secret)
			w.WriteHeader(401)
		},
		"page": func(w http.ResponseWriter, secret string) {
			w.WriteHeader(500)
			io.WriteString(w, "<html>"+html.EscapeString(secret))
		},
		"page cut": func(w http.ResponseWriter, secret string) {
			w.WriteHeader(500)
			io.WriteString(w, strings.Repeat("x", 1024-min(20, len(secret)-1))+secret)
		},
		"long message": func(w http.ResponseWriter, secret string) {
			refuse(w, 401, "AuthenticationRequired", strings.Repeat("x", 200-min(20, len(secret)-1))+secret+strings.Repeat("x", 1000))
		},
		"page with status 200": func(w http.ResponseWriter, secret string) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, secret)
		},
		"JSON of another type": func(w http.ResponseWriter, secret string) { json.NewEncoder(w).Encode(secret) },
		"JSON that is cut":     func(w http.ResponseWriter, secret string) { fmt.Fprintf(w, `{"accessJwt":%q`, secret) },
		"fields that are swapped": func(w http.ResponseWriter, secret string) {
			json.NewEncoder(w).Encode(map[string]string{"did": secret, "handle": secret, "accessJwt": "a", "refreshJwt": "b"})
		},
		"redirect": func(w http.ResponseWriter, secret string) {
			w.Header().Set("Location", "https://elsewhere.example.com/?"+url.QueryEscape(secret))
			w.WriteHeader(302)
		},
	}
	check := func(t *testing.T, err error, secrets ...string) {
		t.Helper()
		if err == nil {
			t.Fatal("no error")
		}
		text := chain(err)
		if leaks(text, secrets...) {
			t.Errorf("it leaks: %s", text)
		}
		for _, secret := range secrets { // nor a good part of one
			if len(secret) > 60 && leaks(text, secret[len(secret)-14:], secret[:17]) {
				t.Errorf("it leaks a part: %s", text)
			}
		}
	}
	for name, echo := range echoes {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			o.AuthFactorToken = "ABCDE-12345"
			f.factor = o.AuthFactorToken
			client := login(t, o)
			access, refresh := client.Session().Tokens()

			for _, secret := range []string{password, odd, o.AuthFactorToken} {
				f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
					echo(w, secret)
					return true
				})
				_, err := auth.Login(t.Context(), aliceHandle, secret, o.options()...)
				check(t, err, secret)
			}
			// A call, whose token is renewed, and then fails again.
			f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
				if method == refreshSession {
					return false
				}
				echo(w, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				return true
			})
			var out lex.Map
			err := client.Call(t.Context(), &rpc.Request{NSID: ping}, &rpc.Response{Output: &out})
			if err != nil { // some are good answers to that
				a, r := client.Session().Tokens()
				check(t, err, access, refresh, a, r)
			}
			// A renewal.
			f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
				if method == refreshSession {
					echo(w, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
				} else {
					refuse(w, 400, "ExpiredToken", r.Header.Get("Authorization"))
				}
				return true
			})
			a, r := client.Session().Tokens()
			check(t, call(t.Context(), client), a, r)
			check(t, client.Renew(t.Context()), a, r)
			if err := client.Logout(t.Context()); err != nil {
				check(t, err, a, r)
			}
		})
	}
}

// Tokens that an answer brings, and that nobody can use because something else is wrong with it, are not shown either.
func TestErrorsKeepNewSecrets(t *testing.T) {
	const token = "brand-new-token"
	for name, answer := range map[string]func(w http.ResponseWriter){
		"cut":             func(w http.ResponseWriter) { io.WriteString(w, `{"accessJwt":"`+token) },
		"not quoted":      func(w http.ResponseWriter) { io.WriteString(w, `{"accessJwt":`+token+`}`) },
		"in a key":        func(w http.ResponseWriter) { io.WriteString(w, `{"`+token+`":1,"`+token+`":2}`) },
		"bad escape":      func(w http.ResponseWriter) { io.WriteString(w, `{"accessJwt":"`+token+`\x"}`) },
		"of another type": func(w http.ResponseWriter) { io.WriteString(w, `{"accessJwt":"`+token+`","handle":7}`) },
		"text": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/plain")
			io.WriteString(w, token)
		},
		"cookie": func(w http.ResponseWriter) {
			w.Header().Set("Set-Cookie", "session="+token)
			w.WriteHeader(500)
		},
		"fault": func(w http.ResponseWriter) {
			w.WriteHeader(500)
			io.WriteString(w, token)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			c := login(t, o)
			f.set(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
				w.Header().Set("Content-Type", "application/json")
				answer(w)
				return true
			})
			if err := c.Renew(t.Context()); err == nil || strings.Contains(chain(err), token) {
				t.Error(chain(err))
			}
			if _, err := auth.Login(t.Context(), aliceHandle, password, o.options()...); err == nil || strings.Contains(chain(err), token) {
				t.Error(chain(err))
			}
		})
	}
}

// What is shown of an error without secrets is what it was.
func TestErrorsStay(t *testing.T) {
	f := newFake()
	c := login(t, f.settings())
	f.set(func(w http.ResponseWriter, r *http.Request, _ string) bool {
		w.Header().Set("X-Id", "7")
		refuse(w, 403, "Forbidden", "token "+r.Header.Get("Authorization")+" may not")
		return true
	})
	err := call(t.Context(), c)
	answer, ok := errors.AsType[*xrpc.Error](err)
	if !ok || answer.Status != 403 || answer.Name != "Forbidden" || answer.Header.Get("X-Id") != "7" ||
		answer.Message != "token Bearer [hidden] may not" {
		t.Errorf("%#v", answer)
	}
	// One within others leaves the others in the chain.
	f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
		refuse(w, 400, "ExpiredToken", r.Header.Get("Authorization"))
		return true
	})
	err = call(t.Context(), c)
	if !errors.Is(err, auth.ErrRenewalFailed) || !errors.Is(err, auth.ErrSessionOver) || !errors.Is(err, rpc.ErrorName("ExpiredToken")) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := call(ctx, c); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
