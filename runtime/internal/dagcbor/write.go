package dagcbor

import "encoding/binary"

// AppendHeader appends the head of a value of the given major type with the argument n, in its shortest form.
func AppendHeader(to []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(to, major|byte(n))
	case n < 1<<8:
		return append(to, major|24, byte(n))
	case n < 1<<16:
		return append(to, major|25, byte(n>>8), byte(n))
	case n < 1<<32:
		return append(to, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint64(append(to, major|27), n)
}

// AppendText appends s as a text string.
func AppendText(to []byte, s string) []byte {
	return append(AppendHeader(to, TextString, uint64(len(s))), s...)
}

// AppendInt appends v as an integer.
func AppendInt(to []byte, v int64) []byte {
	if v < 0 {
		return AppendHeader(to, Negint, uint64(-1-v))
	}
	return AppendHeader(to, Uint, uint64(v))
}

// AppendLink appends a link to the CID whose binary form is raw.
func AppendLink(to []byte, raw string) []byte {
	to = append(to, Tagged, LinkTag)
	to = AppendHeader(to, ByteString, uint64(len(raw)+1))
	return append(append(to, 0), raw...)
}
