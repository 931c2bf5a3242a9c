package blob_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

// bearer authorizes with one access token.
type bearer string

func (b bearer) Authorize(_ context.Context, req *http.Request) error {
	req.Header.Set("Authorization", reference.Bearer(string(b)))
	return nil
}

func (b bearer) Refused(context.Context, *http.Request, *xrpc.Error) (bool, error) { return false, nil }

// referenceAccount returns a fresh account, a caller that is logged in as it, and a client that finds repositories by
// the directory.
func referenceAccount(t *testing.T, servers *reference.Servers) (*reference.Account, rpc.Caller, *pds.Client) {
	t.Helper()
	account := servers.Account(t)
	caller, err := xrpc.New(servers.PDS, xrpc.WithNetwork(network.Network{AllowPrivate: true}), xrpc.WithAuthorizer(bearer(account.AccessJWT)))
	if err != nil {
		t.Fatal(err)
	}
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: servers.PLC, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	return account, caller, client
}

func picture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 300, 200))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mediaRecord returns a record that refers to a blob.
func mediaRecord(b lex.Blob) *media.Media {
	return &media.Media{Kind: media.MediaKindImage, Blob: lex.Some(b), CreatedAt: "2026-01-01T00:00:00Z"}
}

// A blob is uploaded, referred to by a record, listed, and downloaded in all ways.
func TestReference(t *testing.T) {
	account, caller, client := referenceAccount(t, reference.Start(t))
	owner, data := syntax.DID(account.DID), picture(t)
	for name, r := range map[string]io.Reader{"sized": bytes.NewReader(data), "stream": stream(bytes.NewReader(data))} {
		t.Run(name, func(t *testing.T) {
			ref, err := blob.Upload(t.Context(), caller, r, "image/png", &blob.UploadOptions{Rules: media.MediaBlobRules})
			if want := (lex.Blob{Ref: refTo(data).Ref, MimeType: "image/png", Size: int64(len(data))}); err != nil || ref != want {
				t.Fatalf("%+v, error %v", ref, err)
			}
		})
	}
	ref := refTo(data)
	ref.MimeType = "image/png"
	if _, _, err := blob.Get(t.Context(), client, owner, ref, nil); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("without a record: %v", err)
	}
	record := mediaRecord(ref)
	if err := record.Validate(); err != nil {
		t.Fatal(err)
	}
	value, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	uri, _ := account.CreateRecord(t, media.NSIDMedia, "", json.RawMessage(value))

	entry, err := pds.Get[media.Media](t.Context(), client, syntax.ATURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := entry.Value.Blob.Get()
	id, _ := stored.Ref.CID()
	for _, ref := range []lex.Blob{stored, blob.Named(id)} {
		got, mimeType, err := blob.Get(t.Context(), client, owner, ref, nil)
		if err != nil || mimeType != "image/png" || !bytes.Equal(got, data) {
			t.Errorf("%d bytes of %s, error %v", len(got), mimeType, err)
		}
		path := filepath.Join(t.TempDir(), "x.png")
		info, err := blob.Download(t.Context(), client, owner, ref, path, nil)
		if want := (blob.Info{Size: int64(len(data)), MimeType: "image/png", RefMimeType: ref.MimeType}); err != nil || info != want {
			t.Errorf("%+v, error %v", info, err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes in the file, error %v", len(got), err)
		}
	}
	var listed []cid.CID
	for c, err := range client.ListBlobs(t.Context(), syntax.AtIdentifier(owner), nil) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, c)
	}
	if diff := cmp.Diff([]cid.CID{id}, listed); diff != "" {
		t.Errorf("blobs (-want +got):\n%s", diff)
	}
	if _, err := blob.Open(t.Context(), client, owner, refTo([]byte("another")), nil); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a blob that is not there: %v", err)
	}
	account.Takedown(t, true)
	if _, err := blob.Open(t.Context(), client, owner, stored, nil); !errors.Is(err, pds.ErrRepoTakendown) {
		t.Errorf("an account that was taken down: %v", err)
	}
}

// The reference server looks at the bytes: a picture is a picture. What it does not know it leaves.
func TestReferenceType(t *testing.T) {
	_, caller, _ := referenceAccount(t, reference.Start(t))
	var e *blob.UploadError
	_, err := blob.Upload(t.Context(), caller, bytes.NewReader(picture(t)), "audio/wav", nil)
	if !errors.Is(err, blob.ErrType) || !errors.As(err, &e) || e.Blob.MimeType != "image/png" || e.Sent.MimeType != "audio/wav" || e.Blob.Ref != e.Sent.Ref {
		t.Errorf("error %v", err)
	}
	for _, test := range []struct{ mimeType, data, want string }{
		{"audio/wav", "hello", "audio/wav"},
		{"audio/wav", "RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00", "audio/vnd.wave"},
		{"audio/flac", "fLaC\x00\x00\x00\x22" + strings.Repeat("\x00", 34), "audio/x-flac"},
		{"text/plain; charset=utf-8", "hello", "text/plain"},
	} {
		got, err := blob.Upload(t.Context(), caller, strings.NewReader(test.data), test.mimeType, nil)
		if err != nil || got.MimeType != test.want {
			t.Errorf("%s: %s, error %v", test.mimeType, got.MimeType, err)
		}
	}
}

// What is over the server's limit is ErrTooLarge, whether or not its size is known beforehand.
func TestReferenceLimit(t *testing.T) {
	const limit = 200_000
	_, caller, _ := referenceAccount(t, reference.StartWith(t, reference.Options{BlobLimit: limit}))
	for _, size := range []int{limit, limit + 1, 8 << 20} {
		for name, r := range map[string]io.Reader{"sized": bytes.NewReader(random(size)), "stream": stream(bytes.NewReader(random(size)))} {
			_, err := blob.Upload(t.Context(), caller, r, "audio/wav", nil)
			if size <= limit && err != nil || size > limit && !errors.Is(err, blob.ErrTooLarge) {
				t.Errorf("%d bytes, %s: %v", size, name, err)
			}
		}
	}
}

// Processes are killed while they download from the reference server.
func TestReferenceKilled(t *testing.T) {
	account, caller, client := referenceAccount(t, reference.Start(t))
	data := random(5 << 20)
	ref, err := blob.Upload(t.Context(), caller, bytes.NewReader(data), "application/octet-stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	value, err := json.Marshal(map[string]any{"file": ref})
	if err != nil {
		t.Fatal(err)
	}
	account.CreateRecord(t, "com.example.file", "", json.RawMessage(value))
	proxy := account.Servers.Proxy(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	var old []byte
	olds, news := 0, 0
	loops := 20
	if testing.Short() {
		loops = 5
	}
	for i := range loops {
		if i%2 == 0 {
			old = []byte("old")
			write(t, path, old)
		}
		child := command(t, "download", proxy.URL, ref.Ref.String(), strconv.FormatInt(ref.Size, 10), path, account.DID)
		before := proxy.Count("com.atproto.sync.getBlob")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for proxy.Count("com.atproto.sync.getBlob") == before {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(rand.N(150 * time.Millisecond))
		child.Process.Kill()
		child.Wait()
		switch got, err := os.ReadFile(path); {
		case err != nil:
			t.Fatal(err)
		case bytes.Equal(got, data):
			news++
			old = data
		case bytes.Equal(got, old):
			olds++
		default:
			t.Fatalf("the file has %d bytes, neither the old nor the new ones", len(got))
		}
		if files := names(t, dir); len(files) > 2 {
			t.Fatalf("the files %q", files)
		}
	}
	t.Logf("%d old files, %d new ones", olds, news)
	if _, err := blob.Download(t.Context(), client, syntax.DID(account.DID), ref, path, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes in the file, error %v", len(got), err)
	}
	if diff := cmp.Diff([]string{"x"}, names(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
