package mst

import (
	"github.com/layers-pub/layers-go/runtime/lex"
)

// parser reads the parts of a node. Its first error stays, and then all parts are empty.
type parser struct {
	block []byte
	at    int
	err   error
}

// fail notes an error at the position where the parser stands.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = invalid("byte %d: "+format, append([]any{p.at}, args...)...)
		p.block = p.block[:p.at]
	}
}

// literal reads bytes that stand in every node.
func (p *parser) literal(want string) {
	rest := p.block[p.at:]
	if len(rest) < len(want) || string(rest[:len(want)]) != want {
		p.fail("not the canonical form of a node: want % x", want)
		return
	}
	p.at += len(want)
}

// uint reads a number of the major type, in its shortest form; what says of what it is a number.
func (p *parser) uint(major byte, limit int, what string) int {
	rest := p.block[p.at:]
	if len(rest) == 0 || rest[0]&0xe0 != major {
		p.fail("no number of %s", what)
		return 0
	}
	value, size, least := int(rest[0]&0x1f), 1, 0
	switch {
	case value == 24 && len(rest) > 1:
		value, size, least = int(rest[1]), 2, 24
	case value == 25 && len(rest) > 2:
		value, size, least = int(rest[1])<<8|int(rest[2]), 3, 1<<8
	case value >= 24:
		// Beyond 16 bits are all limits, and beyond 64 is what is not canonical.
		p.fail("number of %s is above %d, or not in its shortest form", what, limit)
		return 0
	}
	if value < least || value > limit {
		p.fail("number of %s is above %d, or not in its shortest form", what, limit)
		return 0
	}
	p.at += size
	return value
}

// bytes reads n bytes; they are a part of the block.
func (p *parser) bytes(n int) []byte {
	rest := p.block[p.at:]
	if len(rest) < n {
		p.fail("node ends within a key")
		return nil
	}
	p.at += n
	return rest[:n]
}

// link reads the link to a record.
func (p *parser) link() lex.CID {
	rest := p.block[p.at:]
	if len(rest) < linkSize || string(rest[:len(beforeCID)]) != beforeCID {
		p.fail("no link")
		return lex.CID{}
	}
	c, err := lex.CIDFromBytes(rest[len(beforeCID):linkSize])
	if err != nil {
		p.fail("link: %w", err)
		return lex.CID{}
	}
	p.at += linkSize
	return c
}

// optionalLink reads the link to a node, or that there is none.
func (p *parser) optionalLink() lex.CID {
	rest := p.block[p.at:]
	if len(rest) > 0 && rest[0] == null[0] {
		p.at++
		return lex.CID{}
	}
	if len(rest) >= linkSize && string(rest[:len(beforeDigest)]) != beforeDigest && string(rest[:len(beforeCID)]) == beforeCID {
		p.fail("link to a node with a CID that is not of DAG-CBOR")
		return lex.CID{}
	}
	return p.link()
}
