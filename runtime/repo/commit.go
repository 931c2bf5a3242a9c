package repo

import (
	"encoding/binary"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Commit is the signed object at the top of a repository.
type Commit struct {
	// DID is the account that owns the repository.
	DID syntax.DID
	// Rev is the revision of the repository. A later commit has a higher one.
	Rev syntax.TID
	// Data is the CID of the tree's root.
	Data cid.CID
	// Prev is the CID of an earlier commit of the repository. It is almost always undefined.
	Prev cid.CID
	// Sig is the signature of the SHA-256 hash of the unsigned commit; see [Commit.Unsigned].
	Sig []byte
}

// The parts of an encoded commit that never vary: the heads of its map, its keys, and its version. The fields are in the
// order of canonical DAG-CBOR.
const (
	signedDID    = "\xa6\x63did" // a map of 6, and its key "did"
	unsignedDID  = "\xa5\x63did" // a map of 5
	beforeRev    = "\x63rev"
	beforeSig    = "\x63sig"
	beforeData   = "\x64data"
	beforePrev   = "\x64prev"
	version3     = "\x67version\x03"
	beforeCID    = "\xd8\x2a\x58\x25\x00" // tag 42, a byte string of 37, and its first byte
	null         = "\xf6"
	beforeSig64  = "\x58\x40" // a byte string of 64
	maxDIDLength = 2048       // the longest text that a commit may contain, in bytes
)

// ParseCommit parses the block of a commit. It accepts version 3 in canonical DAG-CBOR, with exactly
// the fields of the specification. It does not check the signature. The commit shares no memory with
// block.
//
// An error wraps [ErrCommit].
func ParseCommit(block []byte) (*Commit, error) {
	c := new(Commit)
	if err := c.Parse(block); err != nil {
		return nil, err
	}
	return c, nil
}

// Parse sets c to the commit in block, as [ParseCommit] does, and reuses the memory of c.Sig. It does not allocate if c has
// the same DID and Rev already. An error wraps [ErrCommit] and leaves c in an undefined state.
func (c *Commit) Parse(block []byte) error {
	p := parser{rest: block, size: len(block)}
	p.literal(signedDID, "a map of six fields, the first of them did")
	did := p.text("did")
	p.literal(beforeRev, "the field rev")
	rev := p.text("rev")
	p.literal(beforeSig, "the field sig")
	p.literal(beforeSig64, "a signature of 64 bytes")
	c.Sig = append(c.Sig[:0], p.bytes(multikey.SignatureSize, "sig")...)
	p.literal(beforeData, "the field data")
	c.Data = p.link("data")
	p.literal(beforePrev, "the field prev")
	c.Prev = cid.CID{}
	if len(p.rest) > 0 && p.rest[0] == null[0] {
		p.rest = p.rest[1:]
	} else {
		c.Prev = p.link("prev")
	}
	p.literal(version3, "the field version, of 3")
	if p.err == nil && len(p.rest) > 0 {
		p.fail("%d bytes after the commit", len(p.rest))
	}
	if p.err != nil {
		return p.err
	}
	if string(did) != string(c.DID) {
		c.DID = syntax.DID(did)
	}
	if string(rev) != string(c.Rev) {
		c.Rev = syntax.TID(rev)
	}
	if _, err := syntax.ParseDID(string(c.DID)); err != nil {
		return fmt.Errorf("%w: did: %w", ErrCommit, err)
	}
	if _, err := syntax.ParseTID(string(c.Rev)); err != nil {
		return fmt.Errorf("%w: rev: %w", ErrCommit, err)
	}
	return nil
}

// Unsigned returns the commit without its signature in canonical DAG-CBOR. The signature is that of the
// SHA-256 hash of these bytes.
func (c *Commit) Unsigned() []byte { return c.AppendUnsigned(nil) }

// AppendUnsigned appends to b the bytes that [Commit.Unsigned] returns, and returns the extended slice.
func (c *Commit) AppendUnsigned(b []byte) []byte {
	b = appendText(append(b, unsignedDID...), string(c.DID))
	b = appendText(append(b, beforeRev...), string(c.Rev))
	return c.appendLinks(b)
}

// Block returns the signed commit in canonical DAG-CBOR, as archives contain it.
func (c *Commit) Block() []byte {
	b := appendText([]byte(signedDID), string(c.DID))
	b = appendText(append(b, beforeRev...), string(c.Rev))
	b = appendHead(append(b, beforeSig...), majorBytes, len(c.Sig))
	b = append(b, c.Sig...)
	return c.appendLinks(b)
}

func (c *Commit) appendLinks(b []byte) []byte {
	b = appendLink(append(b, beforeData...), c.Data)
	b = append(b, beforePrev...)
	if c.Prev.Defined() {
		b = appendLink(b, c.Prev)
	} else {
		b = append(b, null...)
	}
	return append(b, version3...)
}

const (
	majorBytes = 0x40
	majorText  = 0x60
)

func appendLink(b []byte, c cid.CID) []byte {
	return append(append(b, beforeCID...), c[:]...)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, len(s)), s...)
}

func appendHead(b []byte, major byte, n int) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	}
	return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
}

// parser reads the parts of an encoded commit. After its first error, which it keeps in err, it returns empty parts.
type parser struct {
	rest []byte
	size int
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: byte %d: "+format, append([]any{ErrCommit, p.size - len(p.rest)}, args...)...)
		p.rest = nil
	}
}

// literal reads bytes that are the same in every commit. The argument what describes them for an error.
func (p *parser) literal(want, what string) {
	if len(p.rest) < len(want) || string(p.rest[:len(want)]) != want {
		p.fail("expected %s", what)
		return
	}
	p.rest = p.rest[len(want):]
}

func (p *parser) bytes(n int, field string) []byte {
	if len(p.rest) < n {
		p.fail("commit ends within %s", field)
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

// text reads a text string of at most maxDIDLength bytes, whose length must be encoded in the shortest form.
func (p *parser) text(field string) []byte {
	if len(p.rest) == 0 || p.rest[0]&0xe0 != majorText {
		p.fail("%s is not a string", field)
		return nil
	}
	n, head, least := int(p.rest[0]&0x1f), 1, 0
	switch {
	case n == 24 && len(p.rest) > 1:
		n, head, least = int(p.rest[1]), 2, 24
	case n == 25 && len(p.rest) > 2:
		n, head, least = int(binary.BigEndian.Uint16(p.rest[1:])), 3, 1<<8
	case n >= 24:
		n = maxDIDLength + 1
	}
	if n < least || n > maxDIDLength {
		p.fail("length of %s exceeds %d, or is not in its shortest form", field, maxDIDLength)
		return nil
	}
	p.rest = p.rest[head:]
	return p.bytes(n, field)
}

// link reads a link, which must be to a block of DAG-CBOR.
func (p *parser) link(field string) cid.CID {
	const size = len(beforeCID) + len(cid.CID{})
	if len(p.rest) < size || string(p.rest[:len(beforeCID)]) != beforeCID {
		p.fail("%s is not a link", field)
		return cid.CID{}
	}
	c, err := cid.FromBytes(p.rest[len(beforeCID):size])
	if err == nil && c.Codec() != cid.DagCBOR {
		err = fmt.Errorf("the codec of %s is not DAG-CBOR", c)
	}
	if err != nil {
		p.fail("%s: %w", field, err)
		return cid.CID{}
	}
	p.rest = p.rest[size:]
	return c
}
