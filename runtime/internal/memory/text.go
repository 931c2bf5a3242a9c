// Package memory allocates the memory of decoded values: chunks that strings, objects and the items of arrays share, and
// arenas whose memory is reused.
package memory

import (
	"encoding/binary"
	"strings"
	"unsafe"
)

// Text is the memory of the strings in decoded values. Short strings are copied one after the other
// into chunks: an allocation for each would cost more than decoding it, and a copy of the whole input would
// retain the names of fields, too. A string that is in use keeps its whole chunk in memory.
type Text struct {
	Share bool // strings may be parts of the input
	chunk []byte
	used  int // how many bytes of chunk are in use
}

const (
	textChunk = 8 << 10 // the size of a chunk, in bytes
	longText  = 1 << 10 // longer strings get memory of their own
)

// Keep returns s, which is part of input, as a string to store in a decoded value: a copy, or s itself if Share is set.
func (k *Text) Keep(s string, input []byte) string {
	if k.Share {
		return s
	}
	return k.Copy(s, input)
}

// Copy returns a copy of s, which is usually part of input. If it is, a short s is copied faster.
func (k *Text) Copy(s string, input []byte) string {
	if len(s) == 0 {
		return ""
	}
	if len(s) <= 24 {
		// A string that had escapes is not in the input, so that its offset is beyond the input.
		at := uintptr(unsafe.Pointer(unsafe.StringData(s))) - uintptr(unsafe.Pointer(unsafe.SliceData(input)))
		if at < uintptr(len(input)) && uintptr(len(input))-at >= 24 && k.Fits() {
			return k.CopyShort((*[24]byte)(input[at:]), len(s))
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

// CopyASCII returns a copy of text, which has at least 8 bytes. It returns false if text is not ASCII, or if the copy would
// need a new chunk.
func (k *Text) CopyASCII(text []byte) (string, bool) {
	if len(text) > len(k.chunk)-k.used {
		return "", false
	}
	to := k.chunk[k.used : k.used+len(text)]
	words := binary.LittleEndian.Uint64(text[len(text)-8:])
	binary.LittleEndian.PutUint64(to[len(to)-8:], words)
	for i := 0; i <= len(text)-8 && i <= len(to)-8; i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		binary.LittleEndian.PutUint64(to[i:], word)
		words |= word
	}
	if words&0x8080808080808080 != 0 {
		return "", false
	}
	k.used += len(to)
	return unsafe.String(unsafe.SliceData(to), len(to)), true
}

// Fits reports whether CopyShort may be called: strings are copied, and there is room for a short one.
func (k *Text) Fits() bool { return !k.Share && k.used <= len(k.chunk)-24 }

// CopyShort returns a copy of the first n bytes of text. It copies all 24 bytes, which is faster than copying n.
// [Text.Fits] must have returned true.
func (k *Text) CopyShort(text *[24]byte, n int) string {
	to := (*[24]byte)(k.chunk[k.used:])
	*to = *text
	k.used += n
	return unsafe.String(&to[0], n)
}
