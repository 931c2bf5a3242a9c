package syntax

const (
	minCID = 8
	maxCID = 256
)

// CID is the text form of a content identifier, version 1, such as
// "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a". It is the
// lexicon format "cid".
//
// The format restricts only the characters: 8 to 256 letters, digits, plus signs
// and equals signs, so that future bases and hashes are accepted. To learn what
// a CID refers to, a program must decode it. CIDs of version 0, which start with
// "Qm", are not accepted.
//
// Specification: https://atproto.com/specs/data-model#link-and-cid-formats
type CID string

// ParseCID returns s as a CID, unchanged. The error is an [*Error] with the
// format "cid".
func ParseCID(s string) (CID, error) {
	return parse[CID](s, "cid", checkCID)
}

// ValidCID reports whether [ParseCID] would accept s. It does not allocate.
func ValidCID(s string) bool {
	_, reason := checkCID(s)
	return reason == ""
}

// String returns the text of c.
func (c CID) String() string {
	return string(c)
}

// MarshalText returns the text of c, without checking it. The error is
// always nil.
func (c CID) MarshalText() ([]byte, error) {
	return []byte(c), nil
}

// UnmarshalText sets c to text, if [ParseCID] accepts it. Otherwise it
// returns the error of ParseCID and leaves c unchanged.
func (c *CID) UnmarshalText(text []byte) error {
	return unmarshal(c, text, "cid", checkCID)
}

func checkCID(s string) (offset int, reason string) {
	if len(s) < minCID {
		return len(s), "CID is shorter than 8 bytes"
	}
	if len(s) > maxCID {
		return maxCID, "CID is longer than 256 bytes"
	}
	if i := skip(s, 0, cidByte); i < len(s) {
		return i, "CID has a character other than letters, digits, + and ="
	}
	if s[0] == 'Q' && s[1] == 'm' {
		return 0, "CID is of version 0"
	}
	return 0, ""
}
