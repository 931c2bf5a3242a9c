package blob_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// readers are all ways to read a blob. Each returns what it got.
var readers = map[string]func(ctx context.Context, t *testing.T, c *pds.Client, ref lex.Blob, options *blob.ReadOptions) ([]byte, error){
	"read": func(ctx context.Context, t *testing.T, c *pds.Client, ref lex.Blob, options *blob.ReadOptions) ([]byte, error) {
		r, err := blob.Open(ctx, c, did, ref, options)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		data, err := io.ReadAll(struct{ io.Reader }{r})
		if _, again := r.Read(make([]byte, 1)); !errors.Is(again, cmpOr(err, io.EOF)) {
			t.Errorf("Read after %v: %v", err, again)
		}
		return data, err
	},
	"read by the piece": func(ctx context.Context, t *testing.T, c *pds.Client, ref lex.Blob, options *blob.ReadOptions) ([]byte, error) {
		r, err := blob.Open(ctx, c, did, ref, options)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		var b bytes.Buffer
		_, err = io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{r}, make([]byte, 997))
		return b.Bytes(), err
	},
	"write": func(ctx context.Context, t *testing.T, c *pds.Client, ref lex.Blob, options *blob.ReadOptions) ([]byte, error) {
		r, err := blob.Open(ctx, c, did, ref, options)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		var b bytes.Buffer
		n, err := r.WriteTo(&b)
		if n != int64(b.Len()) {
			t.Errorf("WriteTo counts %d of %d bytes", n, b.Len())
		}
		if _, again := r.WriteTo(&b); !errors.Is(again, err) {
			t.Errorf("WriteTo after %v: %v", err, again)
		}
		return b.Bytes(), err
	},
	"get": func(ctx context.Context, t *testing.T, c *pds.Client, ref lex.Blob, options *blob.ReadOptions) ([]byte, error) {
		data, _, err := blob.Get(ctx, c, did, ref, options)
		if err != nil && data != nil {
			t.Error("Get returns data and an error")
		}
		return data, err
	},
	"download": func(ctx context.Context, t *testing.T, c *pds.Client, ref lex.Blob, options *blob.ReadOptions) ([]byte, error) {
		dir := t.TempDir()
		path := filepath.Join(dir, "file")
		write(t, path, []byte("old"))
		_, err := blob.Download(ctx, c, did, ref, path, options)
		if diff := cmp.Diff([]string{"file"}, names(t, dir)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		data, _ := os.ReadFile(path)
		if err != nil && string(data) != "old" {
			t.Errorf("an error changed the file to %.20q", data)
		}
		return data, err
	},
}

func cmpOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// answer sends data without saying how long it is.
func answer(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		w.Write(data)
	}
}

// cut sends data of what is said to be size bytes and closes the connection.
func cut(data []byte, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(data)
		panic(http.ErrAbortHandler)
	}
}

func refuse(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// The failures that a blob may meet, and what is no failure, in each way to read it.
func TestRead(t *testing.T) {
	data := random(300_000)
	flipped := slices.Clone(data)
	flipped[123_456] ^= 1
	sized, named := refTo(data), blob.Named(cid.Of(cid.Raw, data))
	larger := sized
	larger.Size++
	limit := &blob.ReadOptions{MaxSize: 299_999}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(data); err != nil {
				return
			}
		}
	}
	// announced says how long the answer will be, and sends none of it: the caller has seen enough.
	announced := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}
	for _, test := range []struct {
		name    string
		ref     lex.Blob
		handler http.HandlerFunc
		options *blob.ReadOptions
		want    error // nil: the data comes
		text    string
	}{
		{"right", sized, answer(data), nil, nil, ""},
		{"right, with a length", sized, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "300000")
			w.Write(data)
		}, nil, nil, ""},
		{"right, of no known size", named, answer(data), nil, nil, ""},
		{"right, at the limit", named, answer(data), &blob.ReadOptions{MaxSize: 300_000}, nil, ""},
		{"right, compressed on the way", sized, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(data)
			z.Close()
		}, nil, nil, ""},
		{"one bit differs", sized, answer(flipped), nil, blob.ErrHash, `after 300000 of 300000 bytes: wrong hash: the bytes do not match the CID (the server's media type is "audio/wav")`},
		{"one bit differs, of no known size", named, answer(flipped), nil, blob.ErrHash, "after 300000 bytes: wrong hash"},
		{"short", sized, answer(data[:len(data)-1]), nil, blob.ErrSize, "after 299999 of 300000 bytes: wrong size: fewer bytes than expected"},
		{"short, of no known size", named, answer(data[:len(data)-1]), nil, blob.ErrHash, "after 299999 bytes"},
		{"the reference has a wrong size", larger, answer(data), nil, blob.ErrSize, "after 300000 of 300001 bytes"},
		{"empty", sized, answer(nil), nil, blob.ErrSize, ""},
		{"long", sized, answer(append(slices.Clone(data), 0)), nil, blob.ErrSize, "after 300000 of 300000 bytes: wrong size: more bytes than expected"},
		{"endless", sized, endless, nil, blob.ErrSize, "more bytes than expected"},
		{"endless, of no known size", named, endless, &blob.ReadOptions{MaxSize: 1 << 20}, blob.ErrTooLarge, "after 1048576 bytes: too large: the limit is 1048576 bytes"},
		{"over the limit", sized, answer(data), limit, blob.ErrTooLarge, "300000 bytes, the limit is 299999"},
		{"over the limit, of no known size", named, answer(data), limit, blob.ErrTooLarge, "after 299999 bytes"},
		{"short, as announced", sized, announced(299_999), nil, blob.ErrSize, "wrong size: the server's response has 299999 bytes, not 300000"},
		{"long, as announced", sized, announced(300_001), nil, blob.ErrSize, "wrong size: the server's response has 300001 bytes, not 300000"},
		{"over the limit, as announced", named, announced(300_000), limit, blob.ErrTooLarge, "too large: the server's response has 300000 bytes, the limit is 299999"},
		{"cut", sized, cut(data[:200_000], 300_000), nil, io.ErrUnexpectedEOF, " of 300000 bytes: "},
		{"cut, of no known size", named, cut(data[:200_000], 300_000), nil, io.ErrUnexpectedEOF, ""},
		{"cut before the end of what has no length", sized, func(w http.ResponseWriter, r *http.Request) {
			answer(data[:200_000])(w, r)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, nil, io.ErrUnexpectedEOF, ""},
		{"a page of HTML", sized, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, "<!doctype html>")
		}, nil, blob.ErrSize, `wrong size: the server's response has 15 bytes, not 300000 (the server's media type is "text/html; charset=utf-8")`},
		{"not found, as the reference server says it", sized, refuse(400, `{"error":"InvalidRequest","message":"Blob not found"}`), nil, blob.ErrNotFound, ""},
		{"not found, as the lexicon says it", sized, refuse(400, `{"error":"BlobNotFound","message":"?"}`), nil, blob.ErrNotFound, ""},
		{"not found, without a word", sized, refuse(404, `{"error":"NotFound"}`), nil, blob.ErrNotFound, ""},
		{"no such repository", sized, refuse(400, `{"error":"RepoNotFound","message":"?"}`), nil, pds.ErrRepoNotFound, ""},
		{"no such method", sized, refuse(404, `{"error":"XRPCNotSupported"}`), nil, rpc.ErrorName("XRPCNotSupported"), ""},
		{"the header does not come", sized, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, nil, xrpc.ErrTimeout, ""},
		{"the rest does not come", sized, func(w http.ResponseWriter, r *http.Request) {
			w.Write(data[:len(data)/2])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, nil, xrpc.ErrTimeout, " of 300000 bytes: "},
		{"the end does not come", sized, func(w http.ResponseWriter, r *http.Request) {
			w.Write(data)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, nil, xrpc.ErrTimeout, "after 300000 of 300000 bytes: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			idle := 20 * time.Second
			if test.want == xrpc.ErrTimeout {
				idle = 300 * time.Millisecond
			}
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if want := "did=" + string(did) + "&cid=" + test.ref.Ref.String(); r.URL.Path != "/xrpc/com.atproto.sync.getBlob" || r.URL.RawQuery != strings.ReplaceAll(want, ":", "%3A") {
					t.Errorf("the server was asked for %s", r.URL)
				}
				test.handler(w, r)
			}, xrpc.WithIdleTimeout(idle))
			for name, read := range readers {
				got, err := read(t.Context(), t, c, test.ref, test.options)
				if test.want == nil {
					if err != nil || !bytes.Equal(got, data) {
						t.Errorf("%s: %d bytes and the error %v", name, len(got), err)
					}
					continue
				}
				var e *blob.Error
				if !errors.Is(err, test.want) || !errors.As(err, &e) || e.DID != did || e.CID != test.ref.Ref || test.ref.Size >= 0 && e.Size != test.ref.Size {
					t.Errorf("%s: error %v, want %v", name, err, test.want)
				} else if !strings.Contains(err.Error(), test.text) || !strings.HasPrefix(err.Error(), "blob: "+e.CID.String()+" of "+string(did)) {
					t.Errorf("%s: error %v, want the text %s", name, err, test.text)
				}
				for _, other := range []error{blob.ErrHash, blob.ErrSize, blob.ErrNotFound, blob.ErrTooLarge, io.ErrUnexpectedEOF} {
					if other != test.want && test.want != xrpc.ErrTimeout && errors.Is(err, other) {
						t.Errorf("%s: the error is %v, too", name, other)
					}
				}
			}
		})
	}
}

// A context ends what hangs, whichever it is of request, header and body.
func TestReadContext(t *testing.T) {
	data := random(1000)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(data[:500])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	for name, read := range readers {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := read(ctx, t, c, refTo(data), nil)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// steps returns one step for each Read. A Read after the last step fails the test.
type steps struct {
	t     *testing.T
	steps []string
	size  int64
}

func (s *steps) Read(p []byte) (int, error) {
	if len(s.steps) == 0 {
		s.t.Error("read more than needed")
		return 0, io.EOF
	}
	n := copy(p, s.steps[0])
	if s.steps[0] = s.steps[0][n:]; s.steps[0] == "" {
		s.steps = s.steps[1:]
	}
	return n, nil
}
func (s *steps) Close() error { return nil }
func (s *steps) Size() int64  { return s.size }

// bodyCaller answers with a body.
func bodyCaller(t *testing.T, body io.ReadCloser) *pds.Client {
	t.Helper()
	c, err := pds.New(pds.WithCaller(callerFunc(func(_ context.Context, _ *rpc.Request, response *rpc.Response) error {
		response.Body, response.Encoding = body, "text/plain"
		return nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is too much is noticed when its first byte comes, and what comes before is handed out.
func TestSurplus(t *testing.T) {
	for _, test := range []struct {
		name    string
		options *blob.ReadOptions
		ref     lex.Blob
		want    error
	}{
		{"size", nil, refTo([]byte("hello")), blob.ErrSize},
		{"limit", &blob.ReadOptions{MaxSize: 5}, blob.Named(cid.Of(cid.Raw, []byte("hello"))), blob.ErrTooLarge},
	} {
		for name, read := range map[string]func(r *blob.Reader, w io.Writer) error{
			"read":  func(r *blob.Reader, w io.Writer) error { _, err := io.Copy(w, struct{ io.Reader }{r}); return err },
			"write": func(r *blob.Reader, w io.Writer) error { _, err := r.WriteTo(w); return err },
		} {
			for _, chunks := range [][]string{{"hello", "!"}, {"hello!"}, {"h", "ello", "!"}} {
				r, err := blob.Open(t.Context(), bodyCaller(t, &steps{t, chunks, -1}), did, test.ref, test.options)
				if err != nil {
					t.Fatal(err)
				}
				var got bytes.Buffer
				if err := read(r, &got); !errors.Is(err, test.want) || got.String() != "hello" {
					t.Errorf("%s, %s, %q: %q, error %v", test.name, name, chunks, got.String(), err)
				}
			}
		}
	}
}

// The size that the server announces is compared at once, and known for a blob whose reference has none.
func TestAnnouncedSize(t *testing.T) {
	ref := refTo([]byte("hello"))
	c, _ := ref.Ref.CID()
	for _, test := range []struct {
		name    string
		ref     lex.Blob
		size    int64
		options *blob.ReadOptions
		want    error
	}{
		{"as in the reference", ref, 5, nil, nil},
		{"not as in the reference", ref, 6, nil, blob.ErrSize},
		{"of a name", blob.Named(c), 5, nil, nil},
		{"of a name, too large", blob.Named(c), 6, &blob.ReadOptions{MaxSize: 5}, blob.ErrTooLarge},
		{"none", ref, -1, nil, nil},
	} {
		r, err := blob.Open(t.Context(), bodyCaller(t, &steps{t, nil, test.size}), did, test.ref, test.options)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: error %v", test.name, err)
		}
		if err == nil && (r.Size() != 5 || r.MimeType() != "text/plain") {
			t.Errorf("%s: size %d, media type %s", test.name, r.Size(), r.MimeType())
		}
	}
}

// What cannot be verified, or is too large by its reference, is not asked for.
func TestNotAskedFor(t *testing.T) {
	c, err := pds.New(pds.WithCaller(callerFunc(func(context.Context, *rpc.Request, *rpc.Response) error {
		t.Error("a call")
		return errors.New("no")
	})))
	if err != nil {
		t.Fatal(err)
	}
	link := func(s string) lex.Blob {
		l, err := cid.ParseLink(s)
		if err != nil {
			t.Fatal(err)
		}
		return lex.Blob{Ref: l, Size: 5}
	}
	huge := refTo([]byte("hello"))
	huge.Size = blob.DefaultMaxMemory + 1
	for _, test := range []struct {
		name string
		ref  lex.Blob
		want error
	}{
		{"no CID", lex.Blob{}, blob.ErrUnverifiable},
		{"DAG-CBOR", blob.Named(cid.Of(cid.DagCBOR, nil)), blob.ErrUnverifiable},
		{"DAG-PB", link("bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"), blob.ErrUnverifiable},
		{"SHA-512", link("bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs"), blob.ErrUnverifiable},
		{"too large for memory", huge, blob.ErrTooLarge},
	} {
		var e *blob.Error
		if _, _, err := blob.Get(t.Context(), c, did, test.ref, nil); !errors.Is(err, test.want) || !errors.As(err, &e) {
			t.Errorf("%s: error %v", test.name, err)
		}
	}
	if _, err := blob.Open(t.Context(), c, did, refTo(nil), &blob.ReadOptions{MaxSize: -1}); err == nil {
		t.Error("a negative limit is no error")
	}
}

// Get is limited where the reference says nothing.
func TestGetLimit(t *testing.T) {
	ref := blob.Named(cid.Of(cid.Raw, nil))
	_, _, err := blob.Get(t.Context(), bodyCaller(t, io.NopCloser(zeros{})), did, ref, nil)
	var e *blob.Error
	if !errors.Is(err, blob.ErrTooLarge) || !errors.As(err, &e) || e.Read != blob.DefaultMaxMemory {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A writer's error comes back as it is, and the Reader goes on.
func TestWriteToError(t *testing.T) {
	data := random(600_000)
	full := errors.New("full")
	r, err := blob.Open(t.Context(), serve(t, answer(data)), did, refTo(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := r.WriteTo(writerFunc(func(p []byte) (int, error) { return 1, full }))
	if n != 1 || err != full {
		t.Errorf("%d bytes, error %v", n, err)
	}
	n, err = r.WriteTo(writerFunc(func(p []byte) (int, error) { return len(p) - 1, nil }))
	if err != io.ErrShortWrite {
		t.Errorf("%d bytes, error %v", n, err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Errorf("the rest: %v", err)
	}
	r.Close()
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after Close: %v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestClosed(t *testing.T) {
	data := random(600_000)
	r, err := blob.Open(t.Context(), serve(t, answer(data)), did, refTo(data), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if _, err := r.WriteTo(io.Discard); !errors.Is(err, os.ErrClosed) {
		t.Errorf("WriteTo: %v", err)
	}
}

// The repository is looked for as package pds does; the error is its error.
func TestMoved(t *testing.T) {
	c, err := pds.New(pds.WithCaller(callerFunc(func(context.Context, *rpc.Request, *rpc.Response) error {
		return fmt.Errorf("%w", rpc.ErrorName("RepoTakendown"))
	})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Open(t.Context(), c, syntax.DID("did:plc:other"), refTo(nil), nil); !errors.Is(err, pds.ErrRepoTakendown) {
		t.Error(err)
	}
}

// TestPages: the page of a proxy does not say that there is no such blob, whatever its status.
func TestPages(t *testing.T) {
	const did = syntax.DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	data := []byte("a blob")
	ref := lex.Blob{Ref: cid.Of(cid.Raw, data).Link(), MimeType: "text/plain", Size: int64(len(data))}
	for _, status := range []int{200, 401, 403, 404, 408, 410, 429, 502, 524} {
		for _, page := range []struct{ mediaType, body string }{
			{"text/html", "<html>404</html>"}, {"application/json", `{"message":"no Route matched with those values"}`},
			{"application/json", `{"error":"Not Found","status":404}`}, {"", ""},
		} {
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{page.mediaType}
				w.WriteHeader(status)
				io.WriteString(w, page.body)
			})
			_, _, err := blob.Get(t.Context(), c, did, ref, nil)
			if err == nil || errors.Is(err, blob.ErrNotFound) || errors.Is(err, pds.ErrRepoNotFound) {
				t.Errorf("%d %q: %v", status, page.body, err)
			}
		}
	}
}
