package mst

import (
	"github.com/layers-pub/layers-go/runtime/cid"
)

// parser reads the parts of a node. It keeps its first error, in err or in absent and left, after which rest is empty.
type parser struct {
	rest   []byte
	size   int    // the size of the node in bytes
	absent string // the literal that was expected but not found
	left   int    // how many bytes were left to read when absent was expected
	err    error
}

// failed reports whether there was an error.
func (p *parser) failed() bool { return p.absent != "" || p.err != nil }

// fail records an error at the current position, unless there was one before.
func (p *parser) fail(format string, args ...any) {
	if !p.failed() {
		p.err = p.errorAt(len(p.rest), format, args...)
	}
	p.rest = nil
}

// errorAt returns an error at the position that is followed by the given number of bytes, left.
func (p *parser) errorAt(left int, format string, args ...any) error {
	return invalid("byte %d: "+format, append([]any{p.size - left}, args...)...)
}

// finish returns the first error, or an error if bytes are left to read, or nil.
func (p *parser) finish() error {
	switch {
	case p.err != nil:
		return p.err
	case p.absent != "":
		return p.errorAt(p.left, "not the canonical form of a node: expected % x", p.absent)
	case len(p.rest) > 0:
		return p.errorAt(len(p.rest), "%d bytes after the node", len(p.rest))
	}
	return nil
}

// literal reads bytes that are the same in every node. It is short enough to be inlined, because it does most of
// the work.
func (p *parser) literal(want string) {
	if len(p.rest) >= len(want) && string(p.rest[:len(want)]) == want {
		p.rest = p.rest[len(want):]
	} else if p.absent == "" {
		p.absent, p.left, p.rest = want, len(p.rest), nil
	}
}

// uint reads a number of at most limit, in its shortest form, from the head of an item with the given major type. An error
// contains the argument what, which says what the number counts.
func (p *parser) uint(major byte, limit int, what string) int {
	rest := p.rest
	if len(rest) == 0 || rest[0]&0xe0 != major {
		p.fail("missing number of %s", what)
		return 0
	}
	value, size, least := int(rest[0]&0x1f), 1, 0
	switch {
	case value == 24 && len(rest) > 1:
		value, size, least = int(rest[1]), 2, 24
	case value == 25 && len(rest) > 2:
		value, size, least = int(rest[1])<<8|int(rest[2]), 3, 1<<8
	case value >= 24:
		// A number of more than 16 bits is above all limits; the rest is not canonical.
		value = limit + 1
	}
	if value < least || value > limit {
		p.fail("number of %s exceeds %d, or is not in its shortest form", what, limit)
		return 0
	}
	p.rest = rest[size:]
	return value
}

// bytes reads n bytes; they are a part of the block.
func (p *parser) bytes(n int) []byte {
	rest := p.rest
	if len(rest) < n {
		p.fail("node ends within a key")
		return nil
	}
	p.rest = rest[n:]
	return rest[:n]
}

// link reads the link to a record into c.
func (p *parser) link(c *cid.CID) {
	rest := p.rest
	if len(rest) >= linkSize && string(rest[:len(beforeDigest)]) == beforeDigest {
		*c = cid.CID(rest[len(beforeCID):linkSize])
		p.rest = rest[linkSize:]
		return
	}
	p.unusualLink(c, rest)
}

// unusualLink is link for a link that does not begin with beforeDigest, such as one to a block that is not DAG-CBOR. It
// fails if rest does not begin with a link.
func (p *parser) unusualLink(c *cid.CID, rest []byte) {
	if len(rest) < linkSize || string(rest[:len(beforeCID)]) != beforeCID {
		p.fail("expected a link")
		return
	}
	var err error
	if *c, err = cid.FromBytes(rest[len(beforeCID):linkSize]); err != nil {
		p.fail("link: %w", err)
		return
	}
	p.rest = rest[linkSize:]
}

// optionalLink reads the link to a node into c. For null, it makes c undefined.
func (p *parser) optionalLink(c *cid.CID) {
	rest := p.rest
	if len(rest) > 0 && rest[0] == null[0] {
		*c = cid.CID{}
		p.rest = rest[1:]
		return
	}
	p.link(c)
	if c.Codec() == cid.Raw {
		p.rest = rest
		p.fail("link to a node whose CID has a codec other than DAG-CBOR")
	}
}
