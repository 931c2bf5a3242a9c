package car

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// header is the part of an archive before the first section.
type header struct {
	roots []cid.CID
	start int64 // offset of the first section
}

// pragma begins an archive of CAR version 2, which wraps one of version 1.
const pragma = "\x0a\xa1\x67version\x02"

// readHeader reads the header of an archive, and leaves r at the first section.
func readHeader(r *bufio.Reader, maxSize int) (header, error) {
	fault := func(err error) (header, error) {
		return header{}, &Error{Err: fmt.Errorf("%w: %w", ErrHeader, err)}
	}
	if start, _ := r.Peek(len(pragma)); string(start) == pragma { // an error of reading comes again
		return fault(errVersion2)
	}
	prefix, err := r.Peek(maxVarint)
	size, n := uvarint(prefix)
	switch {
	case n == 0 && err != nil:
		return fault(truncated(err))
	case n <= 0:
		return fault(fmt.Errorf("its length is not a canonical varint"))
	case isText(prefix):
		return fault(fmt.Errorf("this is text, not an archive: it begins with %q", prefix))
	case size > uint64(maxSize):
		return fault(fmt.Errorf("%w: %d bytes, limit %d", ErrTooLarge, size, maxSize))
	}
	_, _ = r.Discard(n) // peeked
	// The memory grows with what is read: a claimed length alone allocates nothing.
	b, err := io.ReadAll(io.LimitReader(r, int64(size)))
	if err == nil && len(b) < int(size) {
		err = ErrTruncated
	}
	if err != nil {
		return fault(err)
	}
	roots, err := parseHeader(b, int64(n))
	return header{roots: roots, start: int64(n) + int64(size)}, err
}

// isText reports whether start is only ASCII text, as in the JSON and HTML that servers send in place of an archive. In a
// header, the byte after the length is never text, because it begins a map.
func isText(start []byte) bool {
	for _, c := range start {
		if c != '\t' && c != '\n' && c != '\r' && (c < ' ' || c > '~') {
			return false
		}
	}
	return len(start) > 1
}

// The names of the fields of a header, and parts of DAG-CBOR (https://ipld.io/specs/codecs/dag-cbor/spec/) for reading and
// writing it.
const (
	fieldRoots   = "roots"
	fieldVersion = "version"

	majorUint   = 0
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorMap    = 5
	majorTag    = 6
	majorOther  = 7
	tagCID      = 42
	beforeCID   = "\xd8\x2a"  // the tag
	infinity    = 0x7ff << 52 // the exponent bits of infinities and NaNs
	maxNesting  = 32          // how deep values in unknown fields may be nested
	beforeRoots = "\xa2\x65roots"
	afterRoots  = "\x67version\x01"
)

// headerParser reads canonical DAG-CBOR. It keeps its first error in err, and skips the rest of b after it.
type headerParser struct {
	b      []byte
	i      int
	offset int64 // of b in the archive
	err    error
}

// parseHeader returns the roots in the header b, which is at offset in the archive. A header is a map of
// the roots, an array of CIDs, and the version, 1. The format allows further fields, and an empty array of roots.
func parseHeader(b []byte, offset int64) ([]cid.CID, error) {
	p := headerParser{b: b, offset: offset}
	major, fields := p.head()
	if major != majorMap {
		p.fail(0, fmt.Errorf("not a map"))
	}
	var roots []cid.CID
	var version uint64
	var key []byte // the previous key
	has := map[string]bool{}
	for i := uint64(0); i < fields && p.err == nil; i++ {
		key = p.key(key, i == 0)
		at := p.i
		switch string(key) {
		case fieldRoots:
			has[fieldRoots] = true
			roots = p.roots()
		case fieldVersion:
			has[fieldVersion] = true
			if major, version = p.head(); p.err == nil && (major != majorUint || version != 1) {
				p.fail(at, fmt.Errorf("the version is not 1"))
			}
		default:
			p.skip(maxNesting)
		}
	}
	for _, field := range []string{fieldRoots, fieldVersion} {
		if !has[field] {
			p.fail(p.i, fmt.Errorf("missing field %q", field))
		}
	}
	if p.i < len(p.b) {
		p.fail(p.i, fmt.Errorf("%d bytes after the map", len(p.b)-p.i))
	}
	return roots, p.err
}

// fail records an error at byte i of the header.
func (p *headerParser) fail(i int, err error) {
	if p.err == nil {
		p.err = &Error{Offset: p.offset + int64(i), Err: fmt.Errorf("%w: %w", ErrHeader, err)}
	}
	p.i = len(p.b)
}

// head reads the head of an item: its major type and its argument, a count, a number or a length, in the shortest form.
// Simple values and floats have major type 7; the argument of a float is its bits.
func (p *headerParser) head() (major byte, argument uint64) {
	if p.i == len(p.b) {
		p.fail(p.i, fmt.Errorf("unexpected end of the map"))
		return majorOther, 0
	}
	start := p.i
	first := p.b[p.i]
	major, argument = first>>5, uint64(first&0x1f)
	p.i++
	if argument < 24 {
		return major, argument
	}
	size := 1 << (argument - 24)
	if argument > 27 {
		p.fail(start, fmt.Errorf("a value of indefinite length"))
		return majorOther, 0
	}
	if len(p.b)-p.i < size {
		p.fail(p.i, fmt.Errorf("unexpected end of the map"))
		return majorOther, 0
	}
	argument = 0
	for _, c := range p.b[p.i : p.i+size] {
		argument = argument<<8 | uint64(c)
	}
	p.i += size
	switch {
	case major == majorOther:
		if size != 8 { // the only floats are those of 64 bits
			p.fail(start, fmt.Errorf("a value that DAG-CBOR does not allow"))
		}
	case argument < 24 || size > 1 && argument>>(8*size/2) == 0:
		p.fail(start, fmt.Errorf("a number that is not in the shortest form"))
	}
	return major, argument
}

// take reads n bytes.
func (p *headerParser) take(n uint64) []byte {
	if n > uint64(len(p.b)-p.i) {
		p.fail(p.i, fmt.Errorf("unexpected end of the map"))
		return nil
	}
	b := p.b[p.i : p.i+int(n)]
	p.i += int(n)
	return b
}

// text reads the n bytes of a text string, whose head is at byte at, and checks that they are UTF-8.
func (p *headerParser) text(at int, n uint64) []byte {
	b := p.take(n)
	if !utf8.Valid(b) {
		p.fail(at, fmt.Errorf("a string that is not valid UTF-8"))
	}
	return b
}

// key reads a key of a map. Unless it is the first, it must come after before, the previous key: shorter keys come
// first, and those of the same length are sorted by their bytes.
func (p *headerParser) key(before []byte, first bool) []byte {
	at := p.i
	major, n := p.head()
	if p.err == nil && major != majorText {
		p.fail(at, fmt.Errorf("a key that is not a string"))
	}
	key := p.text(at, n)
	if p.err == nil && !first && (len(key) < len(before) || len(key) == len(before) && bytes.Compare(key, before) <= 0) {
		p.fail(at, fmt.Errorf("key %s after %s", quote.Text(key, 40), quote.Text(before, 40)))
	}
	return key
}

// roots reads the array of roots.
func (p *headerParser) roots() []cid.CID {
	at := p.i
	major, count := p.head()
	if p.err == nil && major != majorArray {
		p.fail(at, fmt.Errorf("the roots are not an array"))
	}
	var roots []cid.CID
	for i := uint64(0); i < count && p.err == nil; i++ {
		at := p.i
		b := p.link()
		if p.err != nil {
			break
		}
		c, err := cid.FromBytes(b)
		if err != nil {
			p.fail(at, fmt.Errorf("root %d: %w", i, err))
			break
		}
		roots = append(roots, c)
	}
	return roots
}

// link reads a link and returns the binary form of its CID.
func (p *headerParser) link() []byte {
	at := p.i
	major, tag := p.head()
	if p.err == nil && major != majorTag {
		p.fail(at, fmt.Errorf("not a link"))
	}
	return p.target(at, tag)
}

// target reads the value of a tag, whose head is at byte at. It fails unless the tag is that of a link.
func (p *headerParser) target(at int, tag uint64) []byte {
	major, n := p.head()
	b := p.take(n)
	if p.err == nil && (tag != tagCID || major != majorBytes || n == 0 || b[0] != 0) {
		p.fail(at, fmt.Errorf("not a link"))
	}
	if p.err != nil {
		return nil
	}
	return b[1:]
}

// skip skips a value. It checks that the value is canonical, but does not check the CIDs of its links.
func (p *headerParser) skip(depth int) {
	at := p.i
	if depth == 0 {
		p.fail(at, fmt.Errorf("%w: values nested more than %d deep", ErrTooLarge, maxNesting))
		return
	}
	major, n := p.head()
	switch major {
	case majorBytes:
		p.take(n)
	case majorText:
		p.text(at, n)
	case majorArray:
		for i := uint64(0); i < n && p.err == nil; i++ {
			p.skip(depth - 1)
		}
	case majorMap:
		var key []byte
		for i := uint64(0); i < n && p.err == nil; i++ {
			key = p.key(key, i == 0)
			p.skip(depth - 1)
		}
	case majorTag:
		p.target(at, n)
	case majorOther:
		const no, null = 20, 22 // and yes between them
		simple := p.i == at+1
		if p.err == nil && (simple && (n < no || n > null) || !simple && n&infinity == infinity) {
			p.fail(at, fmt.Errorf("a value that DAG-CBOR does not allow"))
		}
	}
}

// appendHeader appends the header of version 1 with its length.
func appendHeader(dst []byte, roots []cid.CID) []byte {
	b := appendHead([]byte(beforeRoots), majorArray, len(roots))
	for _, root := range roots {
		b = appendHead(append(b, beforeCID...), majorBytes, 1+len(root))
		b = append(append(b, 0), root[:]...)
	}
	b = append(b, afterRoots...)
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendHead(b []byte, major byte, n int) []byte {
	switch major <<= 5; {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
}
