package cid

// validBinary reports whether raw is a version 1 CID: version, codec, and a multihash whose digest has the length
// that the multihash states and that its hash function produces.
func validBinary(raw string) bool {
	if len(raw) == size && raw[0] == version && raw[1] < 0x80 && raw[2] == hashSHA256 && raw[3] == digestSize {
		return true
	}
	if len(raw) < 4 || len(raw) > 256 || raw[0] != version {
		return false
	}
	rest := raw[1:]
	var parts [3]uint64 // codec, hash function, digest length
	for i := range parts {
		n := 0
		if parts[i], n = uvarint(rest); n == 0 {
			return false
		}
		rest = rest[n:]
	}
	if parts[2] != uint64(len(rest)) {
		return false
	}
	if length, fixed := digestLength(parts[1]); fixed {
		return length == len(rest)
	}
	return len(rest) > 0 || parts[1] == hashIdentity
}

// digestLength returns how many bytes the digests of a hash function have. code is the function's code in the
// multicodec table, https://github.com/multiformats/multicodec. fixed is false for the identity function, whose digest
// is the data itself, and for functions that this package does not know. For a function that can make digests of any
// length, the result is the length that the table states.
func digestLength(code uint64) (length int, fixed bool) {
	switch {
	case code >= 0xb201 && code <= 0xb240: // blake2b-8 to blake2b-512
		return int(code - 0xb200), true
	case code >= 0xb241 && code <= 0xb260: // blake2s-8 to blake2s-256
		return int(code - 0xb240), true
	case code >= 0xb301 && code <= 0xb320: // skein256-8 to skein256-256
		return int(code - 0xb300), true
	case code >= 0xb321 && code <= 0xb360: // skein512-8 to skein512-512
		return int(code - 0xb320), true
	case code >= 0xb361 && code <= 0xb3e0: // skein1024-8 to skein1024-1024
		return int(code - 0xb360), true
	}
	length, fixed = digestLengths[code]
	return length, fixed
}

const hashIdentity = 0x00

var digestLengths = map[uint64]int{
	0x11:   20, // sha1
	0x12:   32, // sha2-256
	0x13:   64, // sha2-512
	0x14:   64, // sha3-512
	0x15:   48, // sha3-384
	0x16:   32, // sha3-256
	0x17:   28, // sha3-224
	0x18:   32, // shake-128
	0x19:   64, // shake-256
	0x1a:   28, // keccak-224
	0x1b:   32, // keccak-256
	0x1c:   48, // keccak-384
	0x1d:   64, // keccak-512
	0x1e:   32, // blake3
	0x20:   48, // sha2-384
	0x22:   8,  // murmur3-x64-64
	0x23:   4,  // murmur3-32
	0x56:   32, // dbl-sha2-256
	0xd4:   16, // md4
	0xd5:   16, // md5
	0x1012: 32, // sha2-256-trunc254-padded
	0x1013: 28, // sha2-224
	0x1014: 28, // sha2-512-224
	0x1015: 32, // sha2-512-256
	0x1052: 16, // ripemd-128
	0x1053: 20, // ripemd-160
	0x1054: 32, // ripemd-256
	0x1055: 40, // ripemd-320
	0x534d: 32, // sm3-256
}

// uvarint reads an unsigned varint in its shortest form; n is 0 if s does not begin with one.
func uvarint(s string) (v uint64, n int) {
	for i := 0; i < len(s) && i < 9; i++ {
		v |= uint64(s[i]&0x7f) << (7 * i)
		if s[i] < 0x80 {
			if i > 0 && s[i] == 0 {
				return 0, 0
			}
			return v, i + 1
		}
	}
	return 0, 0
}
