// Command peak measures the memory that reading large data takes, and the time compared with only hashing it. The data
// is a repository in a file, a repository on a server, or a blob of 1 GiB on a server.
//
//	peak write 100000 FILE
//	GOMAXPROCS=1 peak read FILE
//	GOMAXPROCS=1 peak reuse FILE
//	peak pull 100000 FILE
//	peak blob DIRECTORY
//
// The program does not keep records after a turn of the loop; reuse and pull also decode them into memory that is reused.
// The garbage collector runs as rarely as in cmd/layers (GOGC=150); set GOGC=100 for Go's default.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "peak:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx := context.Background()
	if len(args) == 2 {
		switch args[0] {
		case "read":
			return read(ctx, args[1], nil)
		case "reuse":
			return read(ctx, args[1], &repo.DecodeOptions{Reuse: true})
		case "blob":
			return pullBlob(ctx, args[1])
		}
	}
	if len(args) == 3 {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		switch args[0] {
		case "write":
			return write(n, args[2])
		case "serve":
			return serve(n, args[2])
		case "pull":
			return pull(ctx, n, args[2])
		}
	}
	return errors.New("usage: peak write RECORDS FILE | read FILE | reuse FILE | pull RECORDS FILE | blob DIRECTORY")
}

func write(n int, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	return errors.Join(corpus.New(n).WriteCAR(out), out.Flush(), file.Close())
}

func read(ctx context.Context, name string, options *repo.DecodeOptions) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	start := time.Now()
	r, err := repo.Open(ctx, file, info.Size())
	if err != nil {
		return err
	}
	count, failed := 0, 0
	for d, err := range r.Decode(ctx, records.Lookup, options) {
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
	floor, err := hashAll(ctx, name)
	if err != nil {
		return err
	}
	fmt.Printf("%d records, %d failed, %d MB: %v, of-floor %.3f, peak %d MB\n",
		count, failed, info.Size()/1e6, spent.Round(time.Millisecond), float64(floor)/float64(spent), peak/1e6)
	return nil
}

// highWater returns the peak resident memory of the process, in bytes. It works on Linux only.
func highWater() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(status), "\n") {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return kilobytes * 1024, err
		}
	}
	return 0, errors.New("no VmHWM in /proc/self/status")
}

// hashAll returns the time that only hashing every block of the archive once takes, without reading the file.
func hashAll(ctx context.Context, name string) (time.Duration, error) {
	archive, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	index, err := car.NewIndexBytes(ctx, archive)
	if err != nil {
		return 0, err
	}
	locations := index.NewSet().Others()
	const rounds = 5
	start := time.Now()
	for range rounds {
		for _, l := range locations {
			sha256.Sum256(archive[l.Offset() : l.Offset()+int64(l.Size())])
		}
	}
	return time.Since(start) / rounds, nil
}
