package blob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// request is what a server has been sent.
type request struct {
	Type   string
	Length int64 // -1: not said
	Body   string
	Whole  bool
}

// uploads is a server that blobs are uploaded to.
type uploads struct {
	// answer answers the n-th request. nil answers with the reference of the body.
	answer func(n int, w http.ResponseWriter, body []byte)

	mu       sync.Mutex
	requests []request
}

func (u *uploads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	u.mu.Lock()
	u.requests = append(u.requests, request{r.Header.Get("Content-Type"), r.ContentLength, string(body), err == nil})
	n := len(u.requests)
	u.mu.Unlock()
	if r.Method != http.MethodPost || r.URL.Path != "/xrpc/com.atproto.repo.uploadBlob" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if u.answer != nil {
		u.answer(n, w, body)
		return
	}
	ref := refTo(body)
	ref.MimeType = r.Header.Get("Content-Type")
	json.NewEncoder(w).Encode(map[string]any{"blob": ref})
}

func (u *uploads) seen() []request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.requests
}

// account returns a caller whose server u is.
func (u *uploads) account(t *testing.T) rpc.Caller {
	t.Helper()
	server := start(t, u.ServeHTTP)
	c, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}), xrpc.WithRetry(xrpc.Retry{Attempts: 3, Base: time.Millisecond, Max: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// stream hides all methods of a reader but Read.
func stream(r io.Reader) io.Reader { return struct{ io.Reader }{r} }

// sized is a reader that knows how much it has left and cannot be set back.
type sized struct {
	io.Reader
	left int
}

func (s *sized) Len() int { return s.left }
func (s *sized) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.left -= n
	return n, err
}

// All kinds of readers are sent once and whole, with their length if it is known.
func TestUpload(t *testing.T) {
	const text = "hello, world"
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, []byte(text))
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	io.WriteString(to, text)
	to.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	behind := strings.NewReader("not this: " + text)
	behind.Seek(10, io.SeekStart)
	for _, test := range []struct {
		name     string
		r        io.Reader
		mimeType string
		length   int64
		want     string
	}{
		{"bytes", bytes.NewReader([]byte(text)), "text/plain", 12, text},
		{"a buffer", bytes.NewBufferString(text), "text/plain; charset=utf-8", 12, text},
		{"a string, from the middle", behind, "audio/wav", 12, text},
		{"a file", file, "application/x-a.b+json", 12, text},
		{"a pipe", from, "text/plain", -1, text},
		{"a device", null, "text/plain", -1, ""},
		{"a stream", stream(strings.NewReader(text)), "text/plain", -1, text},
		{"a stream of bytes", iotest.OneByteReader(strings.NewReader(text)), "text/plain", -1, text},
		{"a length", &sized{strings.NewReader(text), 12}, "text/plain", 12, text},
		{"nothing", strings.NewReader(""), "text/plain", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var u uploads
			got, err := blob.Upload(t.Context(), u.account(t), test.r, test.mimeType, nil)
			want := refTo([]byte(test.want))
			want.MimeType = test.mimeType
			if err != nil || got != want {
				t.Errorf("got %+v, error %v, want %+v", got, err, want)
			}
			if diff := cmp.Diff([]request{{test.mimeType, test.length, test.want, true}}, u.seen()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// What is known not to be allowed is not sent.
func TestUploadPreflight(t *testing.T) {
	images := lex.BlobRules{Accept: []string{"image/*"}, MaxSize: 10}
	hello := func() io.Reader { return strings.NewReader("hello, world") }
	for _, test := range []struct {
		name     string
		r        io.Reader
		mimeType string
		options  blob.UploadOptions
		want     []error
		lex      bool
	}{
		{"no media type", hello(), "", blob.UploadOptions{}, nil, false},
		{"half a media type", hello(), "text", blob.UploadOptions{}, nil, false},
		{"no subtype", hello(), "text/", blob.UploadOptions{}, nil, false},
		{"all media types", hello(), "*/*", blob.UploadOptions{}, nil, false},
		{"a group of media types", hello(), "image/*", blob.UploadOptions{}, nil, false},
		{"no media type at all", hello(), "text/plain\r\nX: y", blob.UploadOptions{}, nil, false},
		{"type", strings.NewReader("hello"), "text/plain", blob.UploadOptions{Rules: images}, nil, true},
		{"type, of a stream", stream(hello()), "text/plain", blob.UploadOptions{Rules: images}, nil, true},
		{"size", hello(), "image/png", blob.UploadOptions{Rules: images}, []error{blob.ErrTooLarge}, true},
		{"size, with a length", &sized{hello(), 12}, "image/png", blob.UploadOptions{Rules: images}, []error{blob.ErrTooLarge}, true},
		{"size, for the server", hello(), "image/png", blob.UploadOptions{MaxSize: 11}, []error{blob.ErrTooLarge}, false},
		{"size, for both", hello(), "image/png", blob.UploadOptions{Rules: images, MaxSize: 11}, []error{blob.ErrTooLarge}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			account := callerFunc(func(context.Context, *rpc.Request, *rpc.Response) error {
				t.Error("it was sent")
				return nil
			})
			_, err := blob.Upload(t.Context(), account, test.r, test.mimeType, &test.options)
			if err == nil || !strings.HasPrefix(err.Error(), "blob: upload: ") {
				t.Fatalf("error %v", err)
			}
			for _, want := range test.want {
				if !errors.Is(err, want) {
					t.Errorf("error %v, want %v", err, want)
				}
			}
			var issues *issue.Error
			if errors.As(err, &issues) != test.lex {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A stream that turns out to be larger than a limit never looks whole to the server; one of just that size is sent.
func TestUploadLimit(t *testing.T) {
	data := string(random(100_000))
	for _, options := range []blob.UploadOptions{
		{MaxSize: 99_999},
		{Rules: lex.BlobRules{MaxSize: 99_999}},
		{Rules: lex.BlobRules{MaxSize: 99_999}, MaxSize: 1 << 30},
		{Rules: lex.BlobRules{MaxSize: 1 << 30}, MaxSize: 99_999},
	} {
		var u uploads
		_, err := blob.Upload(t.Context(), u.account(t), stream(strings.NewReader(data)), "audio/wav", &options)
		if !errors.Is(err, blob.ErrTooLarge) || err.Error() != "blob: upload: too large: more than 99999 bytes" {
			t.Errorf("error %v", err)
		}
		for _, r := range u.seen() {
			if r.Whole || len(r.Body) > 99_999 {
				t.Errorf("the server has %d bytes; whole: %v", len(r.Body), r.Whole)
			}
		}
		if _, err := blob.Upload(t.Context(), u.account(t), stream(strings.NewReader(data[1:])), "audio/wav", &options); err != nil {
			t.Errorf("at the limit: %v", err)
		}
	}
}

// The server's reference must be that of what was sent.
func TestUploadAnswer(t *testing.T) {
	good := refTo([]byte("hello"))
	change := func(f func(*lex.Blob)) string {
		b := good
		f(&b)
		text, err := json.Marshal(map[string]any{"blob": b})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	other := refTo([]byte("other")).Ref
	for _, test := range []struct {
		name, answer string
		want         error
		text         string
	}{
		{"right", change(func(*lex.Blob) {}), nil, ""},
		{"another spelling of the type", change(func(b *lex.Blob) { b.MimeType = "Audio/WAV; rate=8000" }), nil, ""},
		{"a synonym of the type", change(func(b *lex.Blob) { b.MimeType = "audio/vnd.wave" }), nil, ""},
		{"a synonym that the rules do not allow", change(func(b *lex.Blob) { b.MimeType = "audio/x-wav" }), blob.ErrType, `the server says "audio/x-wav"`},
		{"with more", `{"x":1,"blob":` + strings.Replace(strings.TrimPrefix(change(func(*lex.Blob) {}), `{"blob":`), "{", `{"x":1,`, 1), nil, ""},
		{"hash", change(func(b *lex.Blob) { b.Ref = other }), blob.ErrHash, "wrong hash: the server has " + other.String() + ", of 5 bytes; 5 were sent"},
		{"size", change(func(b *lex.Blob) { b.Size = 4 }), blob.ErrSize, "wrong size: 5 bytes were sent, but the server says 4"},
		{"old form", `{"blob":{"cid":"` + good.Ref.String() + `","mimeType":"audio/wav"}}`, blob.ErrSize, ""},
		{"type", change(func(b *lex.Blob) { b.MimeType = "text/plain" }), blob.ErrType, `wrong media type: sent as audio/wav, but the server says "text/plain"`},
		{"no type", change(func(b *lex.Blob) { b.MimeType = "*/*" }), blob.ErrType, ""},
		{"no blob", `{}`, rpc.ErrorName(""), "/blob: required"},
		{"no JSON", `<html>`, rpc.ErrorName(""), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := uploads{answer: func(_ int, w http.ResponseWriter, _ []byte) { io.WriteString(w, test.answer) }}
			options := &blob.UploadOptions{Rules: lex.BlobRules{Accept: []string{"audio/wav", "audio/vnd.wave", "text/*"}}}
			got, err := blob.Upload(t.Context(), u.account(t), strings.NewReader("hello"), "audio/wav", options)
			if test.want == nil {
				want := good
				want.MimeType = got.MimeType
				if err != nil || got != want {
					t.Errorf("got %+v, error %v", got, err)
				}
				return
			}
			if err == nil || got != (lex.Blob{}) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %+v, error %v", got, err)
			}
			var e *blob.UploadError
			if test.want == rpc.ErrorName("") {
				return
			}
			if !errors.Is(err, test.want) || !errors.As(err, &e) || e.Sent != good || e.Blob.Ref.String() == "" {
				t.Errorf("error %v", err)
			}
			if !strings.Contains(test.answer, e.Blob.Ref.String()) {
				t.Errorf("the error has the blob %+v", e.Blob)
			}
		})
	}
}

// A server may refuse what is too large without reading it.
func TestUploadRefused(t *testing.T) {
	large := random(8 << 20)
	for _, test := range []struct {
		name    string
		status  int
		body    string
		want    error
		another bool
	}{
		{"by status", 413, `{"error":"InvalidRequest"}`, blob.ErrTooLarge, false},
		{"by name", 400, `{"error":"PayloadTooLarge","message":"request entity too large"}`, blob.ErrTooLarge, false},
		{"a proxy's page", 413, `<h1>413 Request Entity Too Large</h1>`, nil, true},
		{"JSON of a proxy", 413, `{"message":"Request size limit exceeded"}`, nil, true},
		{"otherwise", 400, `{"error":"InvalidToken"}`, rpc.ErrorName("InvalidToken"), true},
	} {
		for name, r := range map[string]io.Reader{"whose size is known": bytes.NewReader(large), "of a stream": stream(bytes.NewReader(large))} {
			server := start(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			c, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = blob.Upload(t.Context(), c, r, "audio/wav", nil)
			var answer *xrpc.Error
			if test.want != nil && !errors.Is(err, test.want) || !errors.As(err, &answer) || errors.Is(err, blob.ErrTooLarge) == test.another {
				t.Errorf("%s, %s: error %v", test.name, name, err)
			}
			if !test.another && strings.Contains(err.Error(), fmt.Sprint(len(large))) != (name == "whose size is known") {
				t.Errorf("%s, %s: error %v", test.name, name, err)
			}
		}
	}
}

// What can be set back is sent again after a failure, from where it stood; a stream is not.
func TestUploadRepeated(t *testing.T) {
	data := string(random(300_000))
	newServer := func() *uploads {
		u := new(uploads)
		u.answer = func(n int, w http.ResponseWriter, body []byte) {
			switch n {
			case 1:
				w.WriteHeader(http.StatusBadGateway)
			case 2:
				panic(http.ErrAbortHandler)
			default:
				json.NewEncoder(w).Encode(map[string]any{"blob": refTo(body)})
			}
		}
		return u
	}
	u := newServer()
	r := strings.NewReader("..." + data)
	r.Seek(3, io.SeekStart)
	got, err := blob.Upload(t.Context(), u.account(t), r, "audio/wav", nil)
	if err != nil || got != refTo([]byte(data)) {
		t.Errorf("%+v, error %v", got, err)
	}
	if seen := u.seen(); len(seen) != 3 || seen[0] != seen[2] || seen[2].Body != data {
		t.Errorf("%d requests", len(seen))
	}
	u = newServer()
	_, err = blob.Upload(t.Context(), u.account(t), stream(strings.NewReader(data)), "audio/wav", nil)
	var answer *xrpc.Error
	if !errors.As(err, &answer) || answer.Status != http.StatusBadGateway || len(u.seen()) != 1 {
		t.Errorf("a stream: %d requests, error %v", len(u.seen()), err)
	}
}

// An error of the reader ends the upload, and the server does not take it for whole.
func TestUploadReadError(t *testing.T) {
	broken := errors.New("broken")
	var u uploads
	r := io.MultiReader(strings.NewReader("hello"), iotest.ErrReader(broken))
	if _, err := blob.Upload(t.Context(), u.account(t), r, "audio/wav", nil); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	for _, r := range u.seen() {
		if r.Whole {
			t.Errorf("the server has %q", r.Body)
		}
	}
}

// A context ends an upload whose reader or server hangs.
func TestUploadContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	from, to := io.Pipe()
	defer to.Close()
	var u uploads
	if _, err := blob.Upload(ctx, u.account(t), from, "audio/wav", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// An answer that comes before all has been sent is not that of what was to be sent.
func TestUploadEarlyAnswer(t *testing.T) {
	account := callerFunc(func(_ context.Context, request *rpc.Request, response *rpc.Response) error {
		if _, err := io.ReadFull(request.Body, make([]byte, 5)); err != nil {
			return err
		}
		return lex.DecodeJSON([]byte(`{"blob":{"$type":"blob","ref":{"$link":"`+refTo([]byte("hello, world")).Ref.String()+`"},"mimeType":"audio/wav","size":12}}`), response.Output)
	})
	if _, err := blob.Upload(t.Context(), account, strings.NewReader("hello, world"), "audio/wav", nil); !errors.Is(err, blob.ErrHash) {
		t.Errorf("error %v", err)
	}
}
