// Package failures tests every way of reading and writing over the network against servers that fail in
// every way: each pair ends in a clear error or a correct result, in time, and leaves nothing behind.
package failures

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// failure is one way to fail.
type failure struct {
	name string
	// serve answers the n-th request, from 1, in place of good.
	serve func(out http.ResponseWriter, r *http.Request, n int, good http.Handler)
	// hangs says that the server does nothing more after serve, and that the caller gives up.
	hangs bool
	// applies says for which operations this is a failure; nil: for all.
	applies func(*operation) bool
	// check looks at the outcome. It may be nil when any error will do.
	check func(t *testing.T, o *operation, err error)
	// succeeds says that the result has to be right.
	succeeds func(*operation) bool
}

func is(targets ...error) func(*testing.T, *operation, error) {
	return func(t *testing.T, _ *operation, err error) {
		for _, target := range targets {
			if errors.Is(err, target) {
				return
			}
		}
		t.Errorf("the error is none of %q: %v", targets, err)
	}
}

// patience is how long an operation waits for a server that hangs, from when the server has the request: before that,
// a slow machine may take as long as it likes.
const patience = 50 * time.Millisecond

var failures = []failure{
	{
		name:  "hangs",
		serve: func(http.ResponseWriter, *http.Request, int, http.Handler) {},
		hangs: true,
		check: is(context.Canceled),
	},
	{
		name: "hangs in the middle of the body",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			good.ServeHTTP(&cut{ResponseWriter: out, keep: 40}, r)
			http.NewResponseController(out).Flush()
		},
		hangs:   true,
		applies: long,
		check:   is(context.Canceled),
	},
	{
		name: "closes in the middle of the body",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			good.ServeHTTP(&cut{ResponseWriter: out, keep: 40}, r)
			http.NewResponseController(out).Flush()
			panic(http.ErrAbortHandler)
		},
		applies: long,
	},
	{
		name: "closes in the middle of a body without a length",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			good.ServeHTTP(&cut{ResponseWriter: out, keep: 40, chunked: true}, r)
			http.NewResponseController(out).Flush()
			panic(http.ErrAbortHandler)
		},
		applies: long,
	},
	{
		name: "says that the body is longer than it is",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			raw(out, r, good, func(n int) int { return n + 100 })
		},
		applies: long,
	},
	{
		name: "says that the body is shorter than it is",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			raw(out, r, good, func(n int) int { return n - 10 })
		},
		applies: long,
	},
	{
		name: "answers HTML",
		serve: func(out http.ResponseWriter, _ *http.Request, _ int, _ http.Handler) {
			out.Header().Set("Content-Type", "text/html")
			io.WriteString(out, "<html><body>Welcome to the hotel's network</body></html>")
		},
	},
	{
		name: "answers HTML that says it is not found",
		serve: func(out http.ResponseWriter, _ *http.Request, _ int, _ http.Handler) {
			out.Header().Set("Content-Type", "text/html")
			out.WriteHeader(http.StatusNotFound)
			io.WriteString(out, "<html><body>404</body></html>")
		},
	},
	{
		name: "429 for a minute",
		serve: func(out http.ResponseWriter, _ *http.Request, _ int, _ http.Handler) {
			out.Header().Set("Retry-After", "60") // longer than the operation may take
			out.Header().Set("Content-Type", "application/json")
			out.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(out, `{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`)
		},
		applies: func(o *operation) bool { return !o.detached },
		check: func(t *testing.T, o *operation, err error) {
			if !strings.Contains(err.Error(), "429") && !strings.Contains(err.Error(), "RateLimitExceeded") {
				t.Errorf("the error does not say why: %v", err)
			}
		},
	},
	{
		name: "429 for a day",
		serve: func(out http.ResponseWriter, _ *http.Request, _ int, _ http.Handler) {
			out.Header().Set("RateLimit-Reset", fmt.Sprint(time.Now().Add(24*time.Hour).Unix()))
			out.Header().Set("Content-Type", "application/json")
			out.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(out, `{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}`)
		},
		check: func(t *testing.T, o *operation, err error) {
			var wait *xrpc.WaitError
			if !strings.HasPrefix(o.name, "identity.") && !errors.As(err, &wait) {
				t.Errorf("the error does not say until when: %v", err)
			}
		},
	},
	{
		name: "500 twice, then works",
		serve: func(out http.ResponseWriter, r *http.Request, n int, good http.Handler) {
			if n > 2 {
				good.ServeHTTP(out, r)
				return
			}
			out.WriteHeader(http.StatusInternalServerError)
		},
		succeeds: func(o *operation) bool { return !o.writes && !o.once },
	},
	{
		name: "pages for ever with the same cursor",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			query := r.URL.Query()
			query.Del("cursor")
			r.URL.RawQuery = query.Encode()
			good.ServeHTTP(out, r)
		},
		applies: func(o *operation) bool { return o.list },
		check:   is(rec.ErrCursor),
	},
	{
		name: "has bytes that are not those of the CID",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, good http.Handler) {
			good.ServeHTTP(&swap{ResponseWriter: out}, r)
		},
		applies: func(o *operation) bool { return !o.plain },
	},
	{
		name: "redirects to a loopback address",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, _ http.Handler) {
			http.Redirect(out, r, "https://127.0.0.1:1"+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		},
		check: is(guard.ErrPrivate, xrpc.ErrRedirect),
	},
	{
		name: "sends a body of 2 GB",
		serve: func(out http.ResponseWriter, r *http.Request, _ int, _ http.Handler) {
			contentType := "application/json"
			if strings.Contains(r.URL.Path, "com.atproto.sync.") {
				contentType = "application/octet-stream"
			}
			out.Header().Set("Content-Type", contentType)
			piece := []byte(strings.Repeat(" ", 1<<20))
			for range 2000 {
				if _, err := out.Write(piece); err != nil {
					return
				}
			}
		},
	},
}

func init() { failures = append(failures, pages()...) }

// pages are the answers of proxies, and of servers that are something else: with each status, in HTML and in JSON of
// their own. None of them is an answer to what was asked.
func pages() (all []failure) {
	for _, status := range []int{200, 401, 403, 404, 408, 410, 413, 429, 502, 524} {
		for kind, body := range map[string]string{
			"text/html":        "<html><body>the service is being restarted</body></html>",
			"application/json": `{"message":"no Route matched with those values"}`,
			"text/plain":       "not found",
		} {
			all = append(all, failure{
				name: fmt.Sprintf("a page of %s with %d", kind, status),
				serve: func(out http.ResponseWriter, _ *http.Request, _ int, _ http.Handler) {
					out.Header().Set("Content-Type", kind)
					out.WriteHeader(status)
					io.WriteString(out, body)
				},
				// Of an appview's query any JSON may be the answer.
				applies: func(o *operation) bool { return o.name != "appview.Get" || status != 200 || kind != "application/json" },
				check: func(t *testing.T, o *operation, err error) {
					if o.name == "identity.ResolveHandle" && (status == 404 || status == 410) {
						is(identity.ErrNotFound)(t, o, err) // there is nothing better than the status
						return
					}
					for _, answer := range []error{
						identity.ErrNotFound, identity.ErrInvalid, pds.ErrRecordNotFound, pds.ErrRepoNotFound, blob.ErrNotFound,
						blob.ErrTooLarge, write.ErrTooLarge, write.ErrConflict, auth.ErrPassword, auth.ErrSessionOver,
					} {
						if errors.Is(err, answer) {
							t.Errorf("a page counts as an answer, %q: %v", answer, err)
						}
					}
				},
			})
		}
	}
	return all
}

// long says whether an operation's answer has so many bytes that it can be cut.
func long(o *operation) bool { return o.name != "identity.ResolveHandle" && !o.empty }

// cut lets the first bytes of an answer through.
type cut struct {
	http.ResponseWriter
	keep    int
	chunked bool
}

func (c *cut) WriteHeader(status int) {
	if c.chunked {
		c.Header().Del("Content-Length")
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *cut) Write(b []byte) (int, error) {
	if c.chunked {
		c.Header().Del("Content-Length")
	}
	part := b[:min(len(b), c.keep)]
	c.keep -= len(part)
	c.ResponseWriter.Write(part)
	return len(b), nil
}

// swap changes one letter of an answer, so that it is well-formed still.
type swap struct{ http.ResponseWriter }

func (s *swap) Write(b []byte) (int, error) {
	changed := []byte(strings.Replace(string(b), `"createdAt":"20`, `"createdAt":"19`, 1))
	switch {
	case len(changed) != len(b):
		panic("the answer has another length")
	case string(changed) != string(b):
	case strings.Contains(string(b), `"$link":"bafkrei`): // uploadBlob
		changed = []byte(strings.Replace(string(b), `"$link":"bafkrei`, `"$link":"bafkreb`, 1))
	case strings.Contains(string(b), `"cid":"bafyrei`): // createRecord
		changed = []byte(strings.Replace(string(b), `"cid":"bafyrei`, `"cid":"bafyreb`, 1))
	default:
		changed[len(changed)/2] ^= 1
	}
	return s.ResponseWriter.Write(changed)
}

// raw sends the good answer under another length.
func raw(out http.ResponseWriter, r *http.Request, good http.Handler, length func(int) int) {
	var kept keeper
	good.ServeHTTP(&kept, r)
	connection, buffer, err := http.NewResponseController(out).Hijack()
	if err != nil {
		panic(err)
	}
	defer connection.Close()
	w := bufio.NewWriter(buffer)
	fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", kept.Header().Get("Content-Type"), length(len(kept.body)))
	w.Write(kept.body)
	w.Flush()
	buffer.Flush()
}

// keeper keeps an answer.
type keeper struct {
	header http.Header
	body   []byte
}

func (k *keeper) Header() http.Header {
	if k.header == nil {
		k.header = http.Header{}
	}
	return k.header
}
func (k *keeper) WriteHeader(int) {}
func (k *keeper) Write(b []byte) (int, error) {
	k.body = append(k.body, b...)
	return len(b), nil
}

func TestGood(t *testing.T) {
	w := newWorld(t)
	for _, o := range operations {
		t.Run(o.name, func(t *testing.T) {
			if err := o.run(t.Context(), t, connect(t, w, w)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	w := newWorld(t)
	for _, f := range failures {
		for _, o := range operations {
			if f.applies != nil && !f.applies(&o) {
				continue
			}
			t.Run(f.name+"/"+o.name, func(t *testing.T) {
				t.Parallel()
				const limit = 30 * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				var requests atomic.Int32
				c := connect(t, w, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
					if !strings.HasPrefix(r.URL.Path, o.path) {
						w.ServeHTTP(out, r)
						return
					}
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(bytes.NewReader(body))
					f.serve(out, r, int(requests.Add(1)), w)
					if f.hangs {
						time.AfterFunc(patience, cancel)
						<-r.Context().Done()
					}
				}))
				start := time.Now()
				err := o.run(ctx, t, c)
				if spent := time.Since(start); spent > limit+10*time.Second {
					t.Errorf("it took %v, and had %v", spent, limit)
				}
				switch sent := requests.Load(); {
				case sent == 0:
					t.Fatalf("it made no request for %s: %v", o.path, err)
				case o.writes && sent > 1 && f.name != "429 for a minute":
					t.Errorf("it was sent %d times", sent)
				}
				if f.succeeds != nil && f.succeeds(&o) {
					if err != nil {
						t.Errorf("no result: %v", err)
					}
					return
				}
				switch {
				case err == nil && o.settles:
				case err == nil:
					t.Error("no error")
				case errors.Is(err, errWrong):
					t.Error(err)
				case !names(err, c, &o):
					t.Errorf("the error does not say what it is about: %v", err)
				case f.check != nil:
					f.check(t, &o, err)
				}
			})
		}
	}
}

// names reports whether an error names what it is about: the host, the account, the handle or the method.
func names(err error, c *client, o *operation) bool {
	for _, name := range []string{host, string(c.did), string(handle), path.Base(o.path)} {
		if strings.Contains(err.Error(), name) {
			return true
		}
	}
	return false
}
