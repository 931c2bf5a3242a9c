package blob_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

const did syntax.DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

// Some tests run this program once more, to be killed or to be a server of its own.
var children = map[string]func(args []string) error{
	"download": downloadChild,
	"serve":    serveChild,
}

func TestMain(m *testing.M) {
	if child := children[os.Getenv("BLOB_TEST_CHILD")]; child != nil {
		if err := child(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(reference.Main(m))
}

// random returns bytes that are the same in every run.
func random(size int) []byte {
	data := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(data)
	return data
}

// refTo returns the reference to a blob.
func refTo(data []byte) lex.Blob {
	return lex.Blob{Ref: cid.Of(cid.Raw, data).Link(), MimeType: "audio/wav", Size: int64(len(data))}
}

// serve starts a server and returns a client for which all repositories are there.
func serve(t testing.TB, handler http.HandlerFunc, opts ...xrpc.Option) *pds.Client {
	t.Helper()
	return clientOf(t, start(t, handler).URL, opts...)
}

func start(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server
}

func clientOf(t testing.TB, origin string, opts ...xrpc.Option) *pds.Client {
	t.Helper()
	opts = append([]xrpc.Option{xrpc.WithRetry(xrpc.Retry{Attempts: 1})}, opts...)
	c, err := pds.New(pds.WithHost(origin), pds.WithNetwork(network.Network{AllowPrivate: true}), pds.WithXRPC(opts...))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// callerFunc is a caller without a network.
type callerFunc func(ctx context.Context, request *rpc.Request, response *rpc.Response) error

func (f callerFunc) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	return f(ctx, request, response)
}

// names returns the names of what is in a directory.
func names(t testing.TB, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// downloadChild downloads: origin, CID, size, path, DID.
func downloadChild(args []string) error {
	id, err := cid.Parse(args[1])
	if err != nil {
		return err
	}
	ref := blob.Named(id)
	fmt.Sscan(args[2], &ref.Size)
	c, err := pds.New(pds.WithHost(args[0]), pds.WithNetwork(network.Network{AllowPrivate: true}))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, err = blob.Download(ctx, c, syntax.DID(args[4]), ref, args[3], nil)
	return err
}
