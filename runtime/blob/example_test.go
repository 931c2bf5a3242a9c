package blob_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// newServer starts a server that has no more than one blob, as a PDS would for an account.
func newServer() *httptest.Server {
	var stored []byte
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/xrpc/com.atproto.repo.uploadBlob":
			stored, _ = io.ReadAll(r.Body)
			ref := lex.Blob{Ref: cid.Of(cid.Raw, stored).Link(), MimeType: r.Header.Get("Content-Type"), Size: int64(len(stored))}
			text, _ := ref.MarshalJSON()
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"blob":%s}`, text)
		case "/xrpc/com.atproto.sync.getBlob":
			w.Header().Set("Content-Type", "audio/mpeg")
			w.Write(stored)
		}
	}))
}

// This example uploads a file and downloads it again. In a program, the account is an auth.Client.
func Example() {
	server := newServer()
	defer server.Close()
	ctx := context.Background()
	account, err := xrpc.New(server.URL, xrpc.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	story := strings.NewReader("once upon a time")
	ref, err := blob.Upload(ctx, account, story, "audio/mpeg", &blob.UploadOptions{Rules: media.MediaBlobRules})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ref.MimeType, ref.Size)

	const did = syntax.DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	client, err := pds.New(pds.WithHost(server.URL), pds.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	info, err := blob.Download(ctx, client, did, ref, filepath.Join(dir, "story.mp3"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(info.MimeType, info.Size)
	// Output:
	// audio/mpeg 16
	// audio/mpeg 16
}

// This example reads a blob as a stream, which ends without an error only if its size and hash are right.
func ExampleOpen() {
	server := newServer() // answers without a byte
	defer server.Close()
	client, err := pds.New(pds.WithHost(server.URL), pds.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		log.Fatal(err)
	}
	story := cid.Of(cid.Raw, []byte("once upon a time"))
	r, err := blob.Open(context.Background(), client, "did:plc:ewvi7nxzyoun6zhxrhs64oiz", blob.Named(story), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	fmt.Println(errors.Is(err, blob.ErrHash))
	// Output: true
}

// Upload checks the media type and the size against the lexicon before it sends anything.
func ExampleUpload() {
	account, err := xrpc.New("https://pds.example.com")
	if err != nil {
		log.Fatal(err)
	}
	_, err = blob.Upload(context.Background(), account, strings.NewReader("<html>"), "text/html", &blob.UploadOptions{Rules: media.MediaBlobRules})
	fmt.Println(err)
	// Output: blob: upload: lex: (root): blob: media type "text/html" is not one of audio/*, video/*, image/*, application/pdf
}
