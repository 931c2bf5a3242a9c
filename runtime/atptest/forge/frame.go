package forge

import (
	"encoding/binary"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The first bytes of values in DAG-CBOR.
const (
	majorUint  = 0x00
	majorBytes = 0x40
	majorText  = 0x60
	majorArray = 0x80
	majorMap   = 0xa0
	tagCID     = "\xd8\x2a\x58\x25\x00"
	null       = 0xf6
	no         = 0xf4
)

// Frame returns m as a #commit frame of the stream, with the given sequence number and time.
func Frame(m *reposync.Commit, seq int64, at time.Time) []byte {
	b := header("#commit")
	fields := uint64(11)
	if m.PrevData.Defined() {
		fields++
	}
	b = appendHead(b, majorMap, fields)
	b = appendHead(appendText(b, "ops"), majorArray, uint64(len(m.Ops)))
	for i := range m.Ops {
		op := &m.Ops[i]
		n := uint64(3)
		if op.Prev.Defined() {
			n++
		}
		b = appendHead(b, majorMap, n)
		b = appendCID(appendText(b, "cid"), op.CID)
		b = appendText(appendText(b, "path"), op.Path)
		if op.Prev.Defined() {
			b = appendCID(appendText(b, "prev"), op.Prev)
		}
		b = appendText(appendText(b, "action"), string(op.Action))
	}
	b = appendText(appendText(b, "rev"), string(m.Rev))
	b = appendHead(appendText(b, "seq"), majorUint, uint64(seq))
	b = appendText(appendText(b, "repo"), string(m.DID))
	b = appendText(appendText(b, "time"), at.UTC().Format("2006-01-02T15:04:05.000Z"))
	b = appendHead(appendText(b, "blobs"), majorArray, 0)
	if b = appendText(b, "since"); m.Since == "" {
		b = append(b, null)
	} else {
		b = appendText(b, string(m.Since))
	}
	b = append(appendHead(appendText(b, "blocks"), majorBytes, uint64(len(m.Blocks))), m.Blocks...)
	b = appendCID(appendText(b, "commit"), m.Commit)
	b = appendBool(appendText(b, "rebase"), m.Rebase)
	b = appendBool(appendText(b, "tooBig"), m.TooBig)
	if m.PrevData.Defined() {
		b = appendCID(appendText(b, "prevData"), m.PrevData)
	}
	return b
}

// SyncFrame returns m as a #sync frame of the stream, with the given sequence number and time.
func SyncFrame(m *reposync.Sync, seq int64, at time.Time) []byte {
	b := appendHead(header("#sync"), majorMap, 5)
	b = appendText(appendText(b, "did"), string(m.DID))
	b = appendText(appendText(b, "rev"), string(m.Rev))
	b = appendHead(appendText(b, "seq"), majorUint, uint64(seq))
	b = appendText(appendText(b, "time"), at.UTC().Format("2006-01-02T15:04:05.000Z"))
	return append(appendHead(appendText(b, "blocks"), majorBytes, uint64(len(m.Blocks))), m.Blocks...)
}

// header returns the encoded header of a frame with a message of type typ, such as "#sync".
func header(typ string) []byte {
	b := appendText(appendHead(nil, majorMap, 2), "t")
	return append(appendText(appendText(b, typ), "op"), 1)
}

func appendHead(b []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendText(b []byte, s string) []byte {
	return append(appendHead(b, majorText, uint64(len(s))), s...)
}

func appendCID(b []byte, c cid.CID) []byte {
	if !c.Defined() {
		return append(b, null)
	}
	return append(append(b, tagCID...), c[:]...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, no+1)
	}
	return append(b, no)
}

// AccountFrame returns an #account message as a frame of the stream. An empty status is left out.
func AccountFrame(did syntax.DID, active bool, status string, seq int64, at time.Time) []byte {
	fields := uint64(4)
	if status != "" {
		fields++
	}
	b := appendHead(header("#account"), majorMap, fields)
	b = appendText(appendText(b, "did"), string(did))
	b = appendHead(appendText(b, "seq"), majorUint, uint64(seq))
	b = appendText(appendText(b, "time"), at.UTC().Format("2006-01-02T15:04:05.000Z"))
	b = appendBool(appendText(b, "active"), active)
	if status != "" {
		b = appendText(appendText(b, "status"), status)
	}
	return b
}

// IdentityFrame returns an #identity message as a frame of the stream. An empty handle is left out.
func IdentityFrame(did syntax.DID, handle syntax.Handle, seq int64, at time.Time) []byte {
	fields := uint64(3)
	if handle != "" {
		fields++
	}
	b := appendHead(header("#identity"), majorMap, fields)
	b = appendText(appendText(b, "did"), string(did))
	b = appendHead(appendText(b, "seq"), majorUint, uint64(seq))
	b = appendText(appendText(b, "time"), at.UTC().Format("2006-01-02T15:04:05.000Z"))
	if handle != "" {
		b = appendText(appendText(b, "handle"), string(handle))
	}
	return b
}

// InfoFrame returns an #info message as a frame of the stream.
func InfoFrame(name, message string) []byte {
	b := appendText(appendText(appendHead(header("#info"), majorMap, 2), "name"), name)
	return appendText(appendText(b, "message"), message)
}

// ErrorFrame returns the frame with which a server ends the stream, with the name of an error and a text for people.
func ErrorFrame(name, message string) []byte {
	b := append(appendText(appendHead(nil, majorMap, 1), "op"), 0x20) // -1
	b = appendText(appendText(appendHead(b, majorMap, 2), "error"), name)
	return appendText(appendText(b, "message"), message)
}
