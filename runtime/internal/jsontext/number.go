package jsontext

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/layers-pub/layers-go/runtime/internal/input"
)

// Number reads a number; the caller has moved to its first character. As the data model says, a number whose value is
// an integer counts as one however it is spelled: 1.0 and 1e2, for example. Number returns false if the value is not a
// 64-bit integer.
func Number(in *input.Input) (int64, bool) {
	if in.Ahead() {
		if v, n := short(in.Window()); n > 0 {
			in.At += n
			return v, true
		}
	}
	b, i := in.Data, in.At
	negative := b[i] == '-'
	if negative {
		i++
	}
	first := i
	var u uint64
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		if i-first < 19 {
			u = u*10 + uint64(b[i]-'0')
		}
	}
	n := i - first
	if n == 0 || n > 1 && b[first] == '0' {
		in.Fail("malformed number")
		return 0, false
	}
	if i < len(b) && (b[i] == '.' || b[i]|0x20 == 'e') {
		return decimal(in, first, i, negative)
	}
	in.At = i
	if n > 19 {
		return 0, false
	}
	return signed(u, negative)
}

// short returns the number at the beginning of text and the count of its digits, if it has one to seven digits and no
// sign, fraction or exponent. Otherwise it returns zeros. It converts all digits at once, because a loop over them
// would end with a branch that the processor cannot predict.
func short(text *[32]byte) (v int64, n int) {
	digits := binary.LittleEndian.Uint64(text[:]) ^ allOnes*'0'
	others := (digits + allOnes*(0x80-10) | digits) & highBits // marks bytes above 9; only the first mark is reliable
	n = bits.TrailingZeros64(others) / 8
	if after := text[n]; n == 0 || n == 8 || n > 1 && text[0] == '0' || after == '.' || after|0x20 == 'e' {
		return 0, 0
	}
	digits <<= 64 - 8*n                                              // zeros come first
	digits = digits * (1 + 10<<8) >> 8 & 0x00ff00ff00ff00ff          // numbers of two digits
	digits = digits * (1 + 100<<16) >> 16 & 0x0000ffff0000ffff       // of four
	return int64(digits * (1 + 10000<<32) >> 32 & math.MaxUint32), n // of eight
}

// signed returns u, or -u if negative is true. It returns false if the result does not fit in 64 bits.
func signed(u uint64, negative bool) (int64, bool) {
	switch {
	case negative && u <= 1<<63:
		return -int64(u), true
	case !negative && u <= math.MaxInt64:
		return int64(u), true
	}
	return 0, false
}

// decimal reads the rest of a number whose digits begin at offset first and which has a fraction or an exponent at
// offset i.
func decimal(in *input.Input, first, i int, negative bool) (int64, bool) {
	b := in.Data
	digits := func() int {
		start := i
		for i < len(b) && b[i]-'0' < 10 {
			i++
		}
		return i - start
	}
	whole, fraction := in.Str[first:i], ""
	if b[i] == '.' {
		i++
		start := i
		if digits() == 0 {
			in.Fail("malformed number")
			return 0, false
		}
		fraction = in.Str[start:i]
	}
	exponent := 0
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		minus := i < len(b) && b[i] == '-'
		if i < len(b) && (b[i] == '-' || b[i] == '+') {
			i++
		}
		start := i
		if digits() == 0 {
			in.Fail("malformed number")
			return 0, false
		}
		for _, c := range b[start:i] {
			exponent = min(exponent*10+int(c-'0'), 1<<40)
		}
		if minus {
			exponent = -exponent
		}
	}
	in.At = i
	digit := func(k int) byte {
		if k < len(whole) {
			return whole[k]
		}
		return fraction[k-len(whole)]
	}
	from, to := 0, len(whole)+len(fraction) // of the digits without zeros at both ends
	for from < to && digit(from) == '0' {
		from++
	}
	for from < to && digit(to-1) == '0' {
		to--
	}
	if from == to {
		return 0, true
	}
	zeros := len(whole) + exponent - to // that follow these digits
	if zeros < 0 || to-from+zeros > 19 {
		return 0, false
	}
	var u uint64
	for ; from < to; from++ {
		u = u*10 + uint64(digit(from)-'0')
	}
	for range zeros {
		u *= 10
	}
	return signed(u, negative)
}
