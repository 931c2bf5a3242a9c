package firehose

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/reposync"
)

// MaxFrame is the size of the largest frame that is decoded, in bytes; it is the protocol's limit. A larger frame is
// yielded as a [*BadFrame].
const MaxFrame = reposync.MaxFrameSize

// The errors of a [BadFrame], in addition to those of package reposync, which are about invalid commits.
var (
	// ErrFrame says that a frame is not two objects in DAG-CBOR, or that its message does not fit its lexicon.
	ErrFrame = errors.New("malformed frame")
	// ErrFrameType says that a frame has a type or an operation that this package does not know. The source may be newer.
	ErrFrameType = errors.New("unknown frame type")
	// ErrFrameSize says that a frame has more than [MaxFrame] bytes.
	ErrFrameSize = errors.New("frame too large")
)

// frameType is the type of a frame, as the fields op and t of its header state it.
type frameType uint8

const (
	typeUnknown frameType = iota
	typeError             // op is -1: the source ends the stream with an error
	typeCommit
	typeSync
	typeIdentity
	typeAccount
	typeInfo
)

// typeOf returns the frame type that the field t of a header names: a definition of com.atproto.sync.subscribeRepos,
// such as "#commit", with or without the NSID before it.
func typeOf(t []byte) frameType {
	const nsid = "com.atproto.sync.subscribeRepos"
	if len(t) > len(nsid) && string(t[:len(nsid)]) == nsid {
		t = t[len(nsid):]
	}
	switch string(t) {
	case "#commit":
		return typeCommit
	case "#sync":
		return typeSync
	case "#identity":
		return typeIdentity
	case "#account":
		return typeAccount
	case "#info":
		return typeInfo
	}
	return typeUnknown
}

// frame is what scan reads of a frame, which is enough to decide whether the frame is wanted. Its slices are parts of
// the frame. Scanning does not allocate memory, because most frames of a relay have nothing that the caller wants.
type frame struct {
	typ     frameType
	op      int64
	t       []byte // the header's field t
	payload []byte // the message, encoded
	seq     int64
	hasSeq  bool
	did     []byte // the field "repo" of a commit, "did" of other messages
	rev     []byte
	time    []byte
	paths   int  // the number of operations
	wanted  bool // whether the filter wants the path of an operation
	tooBig  bool
	name    []byte // the field "error" of an error
	message []byte // the field "message" of an error
}

// scan reads a frame, which is a header {op, t} and a message. want is the filter for the paths of operations. scan
// checks that both are well-formed CBOR as DAG-CBOR uses it, but not everything that DAG-CBOR and the lexicon require:
// wanted messages are decoded again by generated code, which does. If scan returns an error, it has set the fields
// before the fault.
func (f *frame) scan(b []byte, want *stream.Filter) error {
	*f = frame{}
	s := scanner{b: b}
	n, err := s.object()
	if err != nil {
		return err
	}
	hasOp := false
	for range n {
		key, err := s.text()
		if err != nil {
			return err
		}
		switch string(key) {
		case "op":
			f.op, err = s.integer()
			hasOp = true
		case "t":
			f.t, err = s.text()
		default:
			err = s.skip(0)
		}
		if err != nil {
			return err
		}
	}
	f.payload = b[s.at:]
	if err := f.scanMessage(&s, want); err != nil {
		return err
	}
	if s.at != len(b) {
		return fmt.Errorf("%w: %d bytes after the message, at byte %d", ErrFrame, len(b)-s.at, s.at)
	}
	switch {
	case !hasOp:
		return fmt.Errorf("%w: header without op", ErrFrame)
	case f.op == -1:
		f.typ = typeError
	case f.op != 1:
		return fmt.Errorf("%w: op %d", ErrFrameType, f.op)
	default:
		if f.typ = typeOf(f.t); f.typ == typeUnknown {
			return fmt.Errorf("%w: t %s", ErrFrameType, quote.Text(f.t, 100))
		}
	}
	return nil
}

// scanMessage reads the message after the header.
func (f *frame) scanMessage(s *scanner, want *stream.Filter) error {
	n, err := s.object()
	if err != nil {
		return err
	}
	for range n {
		key, err := s.text()
		if err != nil {
			return err
		}
		// A field of another type than expected is skipped here. If it is needed, decoding the message fails.
		value := s.at
		switch major := s.major(); string(key) {
		case "seq":
			if major == majorInt {
				f.seq, err = s.integer()
				f.hasSeq = err == nil
			}
		case "repo", "did":
			if major == majorText {
				f.did, err = s.text()
			}
		case "rev":
			if major == majorText {
				f.rev, err = s.text()
			}
		case "time":
			if major == majorText {
				f.time, err = s.text()
			}
		case "error":
			if major == majorText {
				f.name, err = s.text()
			}
		case "message":
			if major == majorText {
				f.message, err = s.text()
			}
		case "tooBig":
			if s.at < len(s.b) && s.b[s.at] == cborTrue {
				f.tooBig = true
			}
		case "ops":
			if major == majorArray {
				err = f.scanOps(s, want)
			}
		}
		if err == nil && s.at == value {
			err = s.skip(0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// scanOps reads the operations of a commit: it counts them, and finds out whether want selects the path of one of
// them.
func (f *frame) scanOps(s *scanner, want *stream.Filter) error {
	n, err := s.array()
	if err != nil {
		return err
	}
	for range n {
		if s.major() != majorMap {
			if err := s.skip(0); err != nil {
				return err
			}
			continue
		}
		fields, err := s.object()
		if err != nil {
			return err
		}
		f.paths++
		for range fields {
			key, err := s.text()
			if err != nil {
				return err
			}
			if string(key) == "path" && s.major() == majorText {
				path, err := s.text()
				if err != nil {
					return err
				}
				f.wanted = f.wanted || want.WantsPath(path)
				continue
			}
			if err := s.skip(0); err != nil {
				return err
			}
		}
	}
	return nil
}

// The major types of CBOR that the scanner distinguishes, and the encoding of the value true.
const (
	majorInt   = 0
	majorText  = 3
	majorArray = 4
	majorMap   = 5
	cborTrue   = 0xf5
)

// maxDepth is the greatest depth to which arrays and objects may nest in a frame.
const maxDepth = 32

// scanner reads the CBOR values in b one after the other; at is its position. It allocates memory only for errors.
type scanner struct {
	b  []byte
	at int
}

func (s *scanner) bad(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrFrame, what, s.at)
}

// major returns the major type of the next value, or -1 at the end.
func (s *scanner) major() int {
	if s.at >= len(s.b) {
		return -1
	}
	return int(s.b[s.at] >> 5)
}

// head reads the head of a value: its major type and its argument (RFC 8949, section 3).
func (s *scanner) head() (major int, n uint64, err error) {
	if s.at >= len(s.b) {
		return 0, 0, s.bad("unexpected end")
	}
	major, short := int(s.b[s.at]>>5), s.b[s.at]&31
	if short < 24 {
		s.at++
		return major, uint64(short), nil
	}
	if short > 27 {
		return 0, 0, s.bad("indefinite length")
	}
	size := 1 << (short - 24)
	if len(s.b)-s.at-1 < size {
		return 0, 0, s.bad("unexpected end")
	}
	b := s.b[s.at+1:]
	s.at += 1 + size
	switch size {
	case 1:
		n = uint64(b[0])
	case 2:
		n = uint64(binary.BigEndian.Uint16(b))
	case 4:
		n = uint64(binary.BigEndian.Uint32(b))
	default:
		n = binary.BigEndian.Uint64(b)
	}
	return major, n, nil
}

// count reads the head of a value that must have the given major type, and returns the number of its parts. It fails
// if so many parts, each of at least size bytes, do not fit into the rest of the frame. what names the type in errors.
func (s *scanner) count(major int, what string, size int) (int, error) {
	start := s.at
	got, n, err := s.head()
	if err != nil {
		return 0, err
	}
	if got != major {
		s.at = start
		return 0, s.bad(what + " expected")
	}
	if n > uint64((len(s.b)-s.at)/size) {
		s.at = start
		return 0, s.bad(what + " longer than the frame")
	}
	return int(n), nil
}

func (s *scanner) object() (int, error) { return s.count(majorMap, "object", 2) }
func (s *scanner) array() (int, error)  { return s.count(majorArray, "array", 1) }

func (s *scanner) text() ([]byte, error) {
	n, err := s.count(majorText, "text", 1)
	if err != nil {
		return nil, err
	}
	s.at += n
	return s.b[s.at-n : s.at], nil
}

func (s *scanner) integer() (int64, error) {
	start := s.at
	major, n, err := s.head()
	if err != nil {
		return 0, err
	}
	if major > 1 || n > math.MaxInt64 {
		s.at = start
		return 0, s.bad("64-bit integer expected")
	}
	if major == 1 {
		return -1 - int64(n), nil
	}
	return int64(n), nil
}

// skip moves to the position after the next value. depth is how deep the value is nested.
func (s *scanner) skip(depth int) error {
	if depth > maxDepth {
		return s.bad("values nested too deep")
	}
	start := s.at
	major, n, err := s.head()
	if err != nil {
		return err
	}
	left := uint64(len(s.b) - s.at)
	items := n
	switch major {
	case 2, 3:
		if n > left {
			s.at = start
			return s.bad("string longer than the frame")
		}
		s.at += int(n)
		return nil
	case 4, 5:
		if n > left {
			s.at = start
			return s.bad("list longer than the frame")
		}
		if major == 5 {
			items *= 2
		}
	case 6:
		items = 1
	default:
		return nil
	}
	for range items {
		if err := s.skip(depth + 1); err != nil {
			return err
		}
	}
	return nil
}
