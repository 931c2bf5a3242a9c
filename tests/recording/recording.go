// Package recording has a recorded stream of com.atproto.sync.subscribeRepos, for benchmarks: at least 5,000 frames of the
// reference PDS, of 3.3 kB on average. A tenth of the frames, with a third of the bytes, are commits of Layers records.
//
// The recording is a file in the user's cache directory, or the one that LAYERS_STREAM names. This command makes it; it
// takes some minutes:
//
//	go test ./tests/recording -run Record -record
//
// [Stream.Client] plays it back in memory, as a server would send it.
package recording

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
)

// Stream is a recorded stream.
type Stream struct {
	// Keys are the public keys of the accounts, as in DID documents.
	Keys map[string]string
	// Frames are the frames in the order of the stream.
	Frames [][]byte
}

// Path returns the path of the recording, whether or not the file exists.
func Path() (string, error) {
	cache, err := os.UserCacheDir()
	if path := os.Getenv("LAYERS_STREAM"); path != "" || err != nil {
		return path, err
	}
	return filepath.Join(cache, "layers-go", "stream.frames"), nil
}

// Load reads the recording. If there is none, it skips the test and says how to make one.
func Load(tb testing.TB) *Stream {
	tb.Helper()
	path, err := Path()
	if err != nil {
		tb.Fatal(err)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		tb.Skipf("there is no recording at %s: run go test ./tests/recording -run Record -record", path)
	}
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	s, err := read(bufio.NewReader(file))
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return s
}

// read reads a recording: a line of JSON with the keys, and the frames, each after its length in four bytes.
func read(r *bufio.Reader) (*Stream, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	s := new(Stream)
	if err := json.Unmarshal(line, &s.Keys); err != nil {
		return nil, err
	}
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err == io.EOF {
			return s, nil
		} else if err != nil {
			return nil, err
		}
		frame := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(r, frame); err != nil {
			return nil, err
		}
		s.Frames = append(s.Frames, frame)
	}
}

// write writes a recording in the format that read reads.
func (s *Stream) write(w io.Writer) error {
	line, err := json.Marshal(s.Keys)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	for _, f := range s.Frames {
		if _, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(f))), f...)); err != nil {
			return err
		}
	}
	return nil
}

// Summary describes the recording in one line.
func (s *Stream) Summary() string {
	var all, ours, size int
	for _, f := range s.Frames {
		if all += len(f); Layers(f) {
			ours++
			size += len(f)
		}
	}
	return fmt.Sprintf("%d frames, %d bytes, %d a frame; %.1f %% of the frames are of Layers, with %.1f %% of the bytes",
		len(s.Frames), all, all/max(1, len(s.Frames)), 100*float64(ours)/float64(len(s.Frames)), 100*float64(size)/float64(all))
}

// Layers reports whether a frame is a commit with an operation on a record of Layers.
func Layers(frame []byte) bool {
	ops, _, _ := bytes.Cut(frame, blocksField) // nodes of the tree have paths, too
	return Commit(frame) && bytes.Contains(ops, []byte("pub.layers."))
}

var blocksField = []byte("\x66blocks")

// Commit reports whether a frame is a commit.
func Commit(frame []byte) bool { return bytes.HasPrefix(frame, []byte("\xa2atg#commitbop\x01")) }

// Blocks returns the content of all blocks in the commits, without their CIDs: the data that a verifying reader must
// hash.
func (s *Stream) Blocks() [][]byte {
	var all [][]byte
	for _, f := range s.Frames {
		if !Commit(f) {
			continue
		}
		_, archive, ok := bytes.Cut(f, blocksField)
		if !ok {
			continue
		}
		var n, head int
		switch archive[0] {
		case 0x58:
			n, head = int(archive[1]), 2
		case 0x59:
			n, head = int(binary.BigEndian.Uint16(archive[1:])), 3
		default:
			n, head = int(binary.BigEndian.Uint32(archive[1:])), 5
		}
		_, blocks := forge.Blocks(archive[head : head+n])
		for _, b := range blocks {
			all = append(all, b.Data)
		}
	}
	return all
}

// Client returns a client that connects to a server in memory. The server accepts any WebSocket, sends all frames
// rounds times, and closes the stream with the code 1000. It ignores what the client sends.
func (s *Stream) Client(rounds int) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.Dial(rounds)}}
}

// Dial returns the function that opens the connections of [Stream.Client].
func (s *Stream) Dial(rounds int) func(ctx context.Context, network, address string) (net.Conn, error) {
	var sent []byte
	for _, f := range s.Frames {
		sent = append(appendHead(sent, 0x82, len(f)), f...)
	}
	return func(context.Context, string, string) (net.Conn, error) {
		return &tape{sent: sent, rounds: rounds, ready: make(chan struct{})}, nil
	}
}

func appendHead(b []byte, opcode byte, n int) []byte {
	b = append(b, opcode)
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
}

// tape is the client's end of a connection in memory. It answers the WebSocket handshake, and then returns the frames.
type tape struct {
	sent   []byte
	rounds int

	request []byte
	ready   chan struct{} // closed when the request is complete
	open    bool
	reply   []byte // the rest of the response to the handshake
	at      int    // the offset in sent of the next byte
	ended   bool   // whether the close frame has been read
}

func (c *tape) Write(b []byte) (int, error) {
	if c.open {
		return len(b), nil
	}
	c.request = append(c.request, b...)
	if !bytes.HasSuffix(c.request, []byte("\r\n\r\n")) {
		return len(b), nil
	}
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.request)))
	if err != nil {
		return 0, err
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	c.reply = fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	c.open = true
	close(c.ready)
	return len(b), nil
}

func (c *tape) Read(b []byte) (int, error) {
	<-c.ready
	if len(c.reply) > 0 {
		n := copy(b, c.reply)
		c.reply = c.reply[n:]
		return n, nil
	}
	if c.at == len(c.sent) && c.rounds > 1 {
		c.at = 0
		c.rounds--
	}
	if c.at == len(c.sent) {
		if c.ended {
			return 0, io.EOF
		}
		c.ended = true
		return copy(b, "\x88\x02\x03\xe8"), nil // close, 1000
	}
	n := copy(b, c.sent[c.at:])
	c.at += n
	return n, nil
}

func (c *tape) Close() error                     { return nil }
func (c *tape) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *tape) SetDeadline(time.Time) error      { return nil }
func (c *tape) SetReadDeadline(time.Time) error  { return nil }
func (c *tape) SetWriteDeadline(time.Time) error { return nil }
