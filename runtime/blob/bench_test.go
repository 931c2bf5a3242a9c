package blob_test

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/blob"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
)

// piece is what the large blobs of these tests consist of.
const piece = 1 << 20

// serveChild is a server in a process of its own. Its blob is as many pieces as its argument says.
func serveChild(args []string) error {
	pieces, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	data := random(piece)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { // the parent's end is this one's
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	fmt.Println("http://" + listener.Addr().String())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		w.Header().Set("Content-Length", strconv.Itoa(pieces*piece))
		for range pieces {
			if _, err := w.Write(data); err != nil {
				return
			}
		}
	}))
}

// serveLarge starts a server in another process and returns a client, and the blob there.
func serveLarge(t testing.TB, pieces int) (*pds.Client, lex.Blob) {
	t.Helper()
	child := command(t, "serve", strconv.Itoa(pieces))
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		child.Wait()
	})
	origin, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	digest, _ := hashAll(pieces)
	c := cid.Of(cid.Raw, nil)
	copy(c[len(c)-sha256.Size:], digest.Sum(nil))
	return clientOf(t, strings.TrimSpace(origin)), lex.Blob{Ref: c.Link(), MimeType: "audio/wav", Size: int64(pieces) * piece}
}

// hashAll is the floor: SHA-256 over the bytes, which are in the processor's cache.
func hashAll(pieces int) (hash.Hash, time.Duration) {
	data := random(piece)
	start := time.Now()
	h := sha256.New()
	for range pieces {
		h.Write(data)
	}
	return h, time.Since(start)
}

// BenchmarkDownload downloads and verifies a blob from a server in another process on the same machine.
// of-floor is the time of hashing it once, divided by the total time, and peak-MB the highest resident memory above that of
// the idle process, which has downloaded a small part before, where the system tells (Linux).
//
// With -short the blob has 64 MiB, else 1 GiB.
func BenchmarkDownload(b *testing.B) {
	pieces := 1024
	if testing.Short() {
		pieces = 64
	}
	c, ref := serveLarge(b, pieces)
	path := filepath.Join(b.TempDir(), "blob")
	for _, bench := range []struct {
		name     string
		download func() error
	}{
		{"discard", func() error {
			r, err := blob.Open(b.Context(), c, did, ref, nil)
			if err != nil {
				return err
			}
			defer r.Close()
			_, err = r.WriteTo(io.Discard)
			return err
		}},
		{"file", func() error {
			_, err := blob.Download(b.Context(), c, did, ref, path, nil)
			return err
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(ref.Size)
			var floor, took time.Duration
			var most float64
			for b.Loop() {
				b.StopTimer()
				_, f := hashAll(pieces)
				floor += f
				peak := watchMemory()
				start := time.Now()
				b.StartTimer()
				if err := bench.download(); err != nil {
					b.Fatal(err)
				}
				took += time.Since(start)
				most = max(most, peak())
			}
			b.ReportMetric(floor.Seconds()/took.Seconds(), "of-floor")
			b.ReportMetric(most, "peak-MB")
		})
	}
}

// watchMemory returns a function that returns how many megabytes the resident memory has grown at most.
func watchMemory() func() float64 {
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the peak
	idle := status("VmRSS:")
	return func() float64 { return (status("VmHWM:") - idle) / 1e6 }
}

// status returns a number of bytes that the system knows about this process, 0 where it does not tell.
func status(name string) float64 {
	data, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(data), name)
	var kB float64
	fmt.Sscan(rest, &kB)
	return kB * 1024
}

// Memory does not depend on the size of the blob.
func TestMemory(t *testing.T) {
	pieces := 256
	if testing.Short() {
		pieces = 64
	}
	c, ref := serveLarge(t, pieces)
	path := filepath.Join(t.TempDir(), "blob")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := blob.Download(t.Context(), c, did, ref, path, nil); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	const most = 2 << 20
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("a blob of %d bytes takes %d bytes of memory, want at most %d", ref.Size, got, most)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != ref.Size {
		t.Errorf("%v, %v", info, err)
	}
}
