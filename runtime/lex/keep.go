package lex

import (
	"strings"
	"unsafe"
)

// keptText is the memory of the strings in decoded values. Short strings are copied one after the other
// into chunks: an allocation for each would cost more than decoding it, and a copy of the whole input would
// retain the names of fields, too. A string that is in use keeps its whole chunk in memory.
type keptText struct {
	share bool // strings may be parts of the input
	chunk []byte
	used  int // bytes of the chunk
}

const (
	textChunk = 8 << 10
	longText  = 1 << 10 // longer strings get memory of their own
)

// keep returns s, which is part of the input, as a string that outlives it.
func (d *Decoder) keep(s string) string {
	if d.kept.share {
		return s
	}
	return d.copied(s)
}

// copied returns a copy of s.
func (d *Decoder) copied(s string) string {
	k := &d.kept
	if len(s) == 0 {
		return ""
	}
	if len(s) <= 24 {
		// A string that had escapes is not in the input, so that its offset is beyond the input.
		at := uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(unsafe.SliceData(d.b)))
		if at < uintptr(len(d.b)) && uintptr(len(d.b))-at >= 24 && len(k.chunk)-k.used >= 24 {
			return d.keepShort((*[24]byte)(d.b[at:]), len(s))
		}
	}
	if len(s) > len(k.chunk)-k.used {
		if len(s) > longText {
			return strings.Clone(s)
		}
		k.chunk, k.used = make([]byte, textChunk), 0
	}
	to := k.chunk[k.used : k.used+len(s)]
	copy(to, s)
	k.used += len(s)
	return unsafe.String(unsafe.SliceData(to), len(to))
}

// keepShort is keep for the first n bytes of text: copying all of it is faster than copying n.
func (d *Decoder) keepShort(text *[24]byte, n int) string {
	k := &d.kept
	if len(k.chunk)-k.used < len(text) {
		return d.copied(string(text[:n]))
	}
	to := (*[24]byte)(k.chunk[k.used:])
	*to = *text
	k.used += n
	return unsafe.String(&to[0], n)
}
