package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// server is a process with a PLC directory and a PDS that has one repository. It is not this process, so that its memory
// is not measured.
type server struct {
	*exec.Cmd
	stdin  io.Closer
	origin string
}

// startServer runs this program as the server of the corpus of n records, whose repository is in the file archive. The
// file may be missing if nobody requests the repository.
func startServer(n int, archive string) (*server, error) {
	s := &server{Cmd: exec.Command(os.Args[0], "serve", strconv.Itoa(n), archive)}
	s.Stderr = os.Stderr
	stdin, err := s.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	stdout, err := s.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	s.origin = strings.TrimSpace(line)
	return s, err
}

func (s *server) stop() {
	s.stdin.Close()
	s.Wait()
}

// blobSize is the size of the server's large blob in bytes. It consists of zeros, which the server sends in pieces of
// pieceSize. The server also has a blob of one piece.
const (
	blobSize  = 1 << 30
	pieceSize = 1 << 20
)

// serve is the main function of the server process. It prints its origin, and serves until standard input ends.
func serve(n int, archive string) error {
	c := corpus.New(n)
	piece := make([]byte, pieceSize)
	mux := http.NewServeMux()
	httpServer := httptest.NewServer(mux)
	document := strings.ReplaceAll(string(c.DIDDocument()), "https://pds.example.com", httpServer.URL)
	mux.HandleFunc("/"+c.DID(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, document)
	})
	mux.HandleFunc("/xrpc/com.atproto.sync.getRepo", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.ipld.car")
		http.ServeFile(w, r, archive)
	})
	mux.HandleFunc("/xrpc/com.atproto.sync.getBlob", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		size := blobSize
		if r.FormValue("cid") == blobOf(pieceSize).Ref.String() {
			size = pieceSize
		}
		w.Header().Set("Content-Length", strconv.Itoa(size))
		for range size / pieceSize {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	fmt.Println(httpServer.URL)
	_, err := io.Copy(io.Discard, os.Stdin)
	httpServer.CloseClientConnections()
	return err
}

// blobOf returns the blob of size zeros.
func blobOf(size int64) lex.Blob {
	digest := sha256.New()
	piece := make([]byte, pieceSize)
	for range size / pieceSize {
		digest.Write(piece)
	}
	c, err := cid.FromBytes(digest.Sum([]byte{1, cid.Raw, 0x12, sha256.Size}))
	if err != nil {
		panic(err)
	}
	return lex.Blob{Ref: c.Link(), MimeType: "application/octet-stream", Size: size}
}

// connect returns a client of the server.
func connect(s *server) (*pds.Client, error) {
	return pds.New(pds.WithNetwork(network.Network{
		PLC: s.origin, AllowPrivate: true,
		LookupTXT: func(context.Context, string) ([]string, error) { return nil, errors.New("no DNS here") },
	}))
}

// pull measures GetRepo from a local server, and decoding all records into their Go types.
func pull(ctx context.Context, n int, archive string) error {
	s, err := startServer(n, archive)
	if err != nil {
		return err
	}
	defer s.stop()
	client, err := connect(s)
	if err != nil {
		return err
	}
	did := syntax.AtIdentifier(corpus.New(n).DID())
	if _, err := client.Directory().Resolve(ctx, did); err != nil {
		return err
	}
	start := time.Now()
	r, err := client.GetRepo(ctx, did, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	downloaded := time.Since(start)
	count, failed := 0, 0
	for d, err := range r.Decode(ctx, records.Lookup, &repo.DecodeOptions{Reuse: true}) {
		if err != nil {
			return err
		}
		count++
		if d.Issues != nil {
			failed++
		}
	}
	spent := time.Since(start)
	peak, err := highWater()
	if err != nil {
		return err
	}
	floor, err := hashAll(ctx, archive)
	if err != nil {
		return err
	}
	fmt.Printf("%d records, %d failed: %v (downloaded after %v), of-floor %.3f, peak %d MB\n",
		count, failed, spent.Round(time.Millisecond), downloaded.Round(time.Millisecond), float64(floor)/float64(spent), peak/1e6)
	return nil
}

// pullBlob measures the download of a blob of 1 GiB, once discarded and once written to a file.
func pullBlob(ctx context.Context, directory string) error {
	s, err := startServer(100, "")
	if err != nil {
		return err
	}
	defer s.stop()
	client, err := connect(s)
	if err != nil {
		return err
	}
	did := syntax.DID(corpus.New(100).DID())
	if _, _, err := blob.Get(ctx, client, did, blobOf(pieceSize), nil); err != nil { // connects
		return err
	}
	large := blobOf(blobSize)
	floor := hashZeros()
	for _, way := range []struct {
		name string
		get  func() error
	}{
		{"discarded", func() error {
			r, err := blob.Open(ctx, client, did, large, nil)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, r)
			return errors.Join(err, r.Close())
		}},
		{"to a file", func() error {
			file := directory + "/blob"
			_, err := blob.Download(ctx, client, did, large, file, nil)
			return errors.Join(err, os.Remove(file))
		}},
	} {
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			return err
		}
		idle, err := highWater()
		if err != nil {
			return err
		}
		start := time.Now()
		if err := way.get(); err != nil {
			return err
		}
		spent := time.Since(start)
		peak, err := highWater()
		if err != nil {
			return err
		}
		fmt.Printf("blob of 1 GiB %s: %v, of-floor %.3f, %.1f MB above idle\n",
			way.name, spent.Round(time.Millisecond), float64(floor)/float64(spent), float64(peak-idle)/1e6)
	}
	return nil
}

// hashZeros returns the time that only hashing blobSize zeros takes.
func hashZeros() time.Duration {
	piece := make([]byte, pieceSize)
	digest := sha256.New()
	start := time.Now()
	for range blobSize / pieceSize {
		digest.Write(piece)
	}
	return time.Since(start)
}
