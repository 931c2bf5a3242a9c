package syntax

import "time"

const (
	tidLength = 13
	// tidDigits are the digits of base32-sortable, whose order as text is that of their values.
	tidDigits = "234567abcdefghijklmnopqrstuvwxyz"
	// tidClockBits is how many of the lowest bits of a TID's integer, which has 64
	// bits, are the number of the clock. The other bits are the microseconds since
	// 1970. The specification says that the highest bit is always 0, but its syntax
	// allows 1.
	tidClockBits = 10
	maxTIDMicros = 1<<(64-tidClockBits) - 1
)

// TID is a timestamp identifier, such as "3jzfcijpj2z2a": the usual record key,
// and the revision of a repository. TIDs sort as text in the order of their
// times, and every TID is a valid record key. Anybody can choose any TID, so
// that it proves nothing about when a record was made. It is the lexicon format
// "tid".
//
// Specification: https://atproto.com/specs/tid
type TID string

// ParseTID returns s as a TID, unchanged. The error is an [*Error] with the
// format "tid".
func ParseTID(s string) (TID, error) {
	return parse[TID](s, "tid", checkTID)
}

// ValidTID reports whether [ParseTID] would accept s. It does not allocate.
func ValidTID(s string) bool {
	_, reason := checkTID(s)
	return reason == ""
}

// String returns the text of t.
func (t TID) String() string {
	return string(t)
}

// MarshalText returns the text of t, without checking it. The error is
// always nil.
func (t TID) MarshalText() ([]byte, error) {
	return []byte(t), nil
}

// UnmarshalText sets t to text, if [ParseTID] accepts it. Otherwise it
// returns the error of ParseTID and leaves t unchanged.
func (t *TID) UnmarshalText(text []byte) error {
	return unmarshal(t, text, "tid", checkTID)
}

// Time returns the time of t in UTC, with microseconds. It is the zero time if t
// is not a valid TID.
func (t TID) Time() time.Time {
	if !ValidTID(string(t)) {
		return time.Time{}
	}
	return time.UnixMicro(int64(t.integer() >> tidClockBits)).UTC()
}

// ClockID returns the number of the clock that made t, from 0 to 1023. It is 0
// if t is not a valid TID.
func (t TID) ClockID() int {
	if !ValidTID(string(t)) {
		return 0
	}
	return int(t.integer() & (1<<tidClockBits - 1))
}

// Add returns the TID of the same clock whose time is d later than that of t. It
// truncates d to microseconds. The result is empty if t is not a valid TID, or if
// a TID cannot have that time: if it is before 1970 or after 2540.
func (t TID) Add(d time.Duration) TID {
	if !ValidTID(string(t)) {
		return ""
	}
	n := t.integer()
	micros := int64(n>>tidClockBits) + d.Microseconds()
	if micros < 0 || micros > maxTIDMicros {
		return ""
	}
	return encodeTID(uint64(micros)<<tidClockBits | n&(1<<tidClockBits-1))
}

// TIDFromInteger returns the TID that encodes the lower 63 bits of n: of these, the upper 53 are the time in microseconds
// since 1970, and the lower 10 the number of the clock. With a part of a hash, it makes record keys that can be derived
// again.
func TIDFromInteger(n uint64) TID { return encodeTID(n &^ (1 << 63)) }

// integer returns the integer that t encodes. t must be valid.
func (t TID) integer() uint64 {
	var n uint64
	for _, c := range []byte(t) {
		// The digits 2 to 7 are worth 0 to 5, and the letters a to z 6 to 31.
		if isDigit(c) {
			n = n<<5 | uint64(c-'2')
		} else {
			n = n<<5 | uint64(c-'a'+6)
		}
	}
	return n
}

// encodeTID returns the TID that encodes n.
func encodeTID(n uint64) TID {
	var digits [tidLength]byte
	for i := tidLength - 1; i >= 0; i-- {
		digits[i] = tidDigits[n&31]
		n >>= 5
	}
	return TID(digits[:])
}

func checkTID(s string) (offset int, reason string) {
	if len(s) != tidLength {
		return min(len(s), tidLength), "TID does not have 13 characters"
	}
	if i := skip(s, 0, tidByte); i < len(s) {
		return i, "TID has a character other than 2 to 7 and a to z"
	}
	if s[0] > 'j' {
		return 0, "TID starts with a character above j"
	}
	return 0, ""
}
