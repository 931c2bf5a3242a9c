package syntax

const maxRecordKey = 512

// RecordKey names a record within a collection of a repository, such as
// "3jzfcijpj2z2a" or "self". Case matters. It is the lexicon format
// "record-key".
//
// Specification: https://atproto.com/specs/record-key
type RecordKey string

// ParseRecordKey returns s as a RecordKey, unchanged. The error is an [*Error]
// with the format "record-key".
func ParseRecordKey(s string) (RecordKey, error) {
	return parse[RecordKey](s, "record-key", checkRecordKey)
}

// ValidRecordKey reports whether [ParseRecordKey] would accept s. It does not
// allocate.
func ValidRecordKey(s string) bool {
	_, reason := checkRecordKey(s)
	return reason == ""
}

// String returns the text of k.
func (k RecordKey) String() string {
	return string(k)
}

// MarshalText returns the text of k, without checking it. The error is
// always nil.
func (k RecordKey) MarshalText() ([]byte, error) {
	return []byte(k), nil
}

// UnmarshalText sets k to text, if [ParseRecordKey] accepts it. Otherwise it
// returns the error of ParseRecordKey and leaves k unchanged.
func (k *RecordKey) UnmarshalText(text []byte) error {
	return unmarshal(k, text, "record-key", checkRecordKey)
}

func checkRecordKey(s string) (offset int, reason string) {
	if s == "" {
		return 0, "record key is empty"
	}
	if len(s) > maxRecordKey {
		return maxRecordKey, "record key is longer than 512 bytes"
	}
	if i := skip(s, 0, keyByte); i < len(s) {
		return i, "record key has a character other than letters, digits and . _ : ~ -"
	}
	if s == "." || s == ".." {
		return 0, "record key is one of the path segments . and .."
	}
	return 0, ""
}
