// Package syntax has the string formats of the AT Protocol's lexicon language as types.
package syntax

import (
	"time"
)

// DID is a string of the lexicon format "did".
type DID string

// ParseDID checks s and returns it as a DID; the error is an [*Error].
func ParseDID(s string) (DID, error) { return parse[DID](s, "did", checkDID) }

// ValidDID tells whether s is valid.
func ValidDID(s string) bool { _, reason := checkDID(s); return reason == "" }

// String returns the text.
func (v DID) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v DID) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *DID) UnmarshalText(text []byte) error { return unmarshal(v, text, "did", checkDID) }

func checkDID(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// Handle is a string of the lexicon format "handle".
type Handle string

// ParseHandle checks s and returns it as a Handle; the error is an [*Error].
func ParseHandle(s string) (Handle, error) { return parse[Handle](s, "handle", checkHandle) }

// ValidHandle tells whether s is valid.
func ValidHandle(s string) bool { _, reason := checkHandle(s); return reason == "" }

// String returns the text.
func (v Handle) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v Handle) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *Handle) UnmarshalText(text []byte) error { return unmarshal(v, text, "handle", checkHandle) }

func checkHandle(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// AtIdentifier is a string of the lexicon format "at-identifier".
type AtIdentifier string

// ParseAtIdentifier checks s and returns it as a AtIdentifier; the error is an [*Error].
func ParseAtIdentifier(s string) (AtIdentifier, error) {
	return parse[AtIdentifier](s, "at-identifier", checkAtIdentifier)
}

// ValidAtIdentifier tells whether s is valid.
func ValidAtIdentifier(s string) bool { _, reason := checkAtIdentifier(s); return reason == "" }

// String returns the text.
func (v AtIdentifier) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v AtIdentifier) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *AtIdentifier) UnmarshalText(text []byte) error {
	return unmarshal(v, text, "at-identifier", checkAtIdentifier)
}

func checkAtIdentifier(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// NSID is a string of the lexicon format "nsid".
type NSID string

// ParseNSID checks s and returns it as a NSID; the error is an [*Error].
func ParseNSID(s string) (NSID, error) { return parse[NSID](s, "nsid", checkNSID) }

// ValidNSID tells whether s is valid.
func ValidNSID(s string) bool { _, reason := checkNSID(s); return reason == "" }

// String returns the text.
func (v NSID) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v NSID) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *NSID) UnmarshalText(text []byte) error { return unmarshal(v, text, "nsid", checkNSID) }

func checkNSID(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// ATURI is a string of the lexicon format "at-uri".
type ATURI string

// ParseATURI checks s and returns it as a ATURI; the error is an [*Error].
func ParseATURI(s string) (ATURI, error) { return parse[ATURI](s, "at-uri", checkATURI) }

// ValidATURI tells whether s is valid.
func ValidATURI(s string) bool { _, reason := checkATURI(s); return reason == "" }

// String returns the text.
func (v ATURI) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v ATURI) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *ATURI) UnmarshalText(text []byte) error { return unmarshal(v, text, "at-uri", checkATURI) }

func checkATURI(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// RecordKey is a string of the lexicon format "record-key".
type RecordKey string

// ParseRecordKey checks s and returns it as a RecordKey; the error is an [*Error].
func ParseRecordKey(s string) (RecordKey, error) {
	return parse[RecordKey](s, "record-key", checkRecordKey)
}

// ValidRecordKey tells whether s is valid.
func ValidRecordKey(s string) bool { _, reason := checkRecordKey(s); return reason == "" }

// String returns the text.
func (v RecordKey) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v RecordKey) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *RecordKey) UnmarshalText(text []byte) error {
	return unmarshal(v, text, "record-key", checkRecordKey)
}

func checkRecordKey(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// TID is a string of the lexicon format "tid".
type TID string

// ParseTID checks s and returns it as a TID; the error is an [*Error].
func ParseTID(s string) (TID, error) { return parse[TID](s, "tid", checkTID) }

// ValidTID tells whether s is valid.
func ValidTID(s string) bool { _, reason := checkTID(s); return reason == "" }

// String returns the text.
func (v TID) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v TID) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *TID) UnmarshalText(text []byte) error { return unmarshal(v, text, "tid", checkTID) }

func checkTID(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// Datetime is a string of the lexicon format "datetime".
type Datetime string

// ParseDatetime checks s and returns it as a Datetime; the error is an [*Error].
func ParseDatetime(s string) (Datetime, error) { return parse[Datetime](s, "datetime", checkDatetime) }

// ValidDatetime tells whether s is valid.
func ValidDatetime(s string) bool { _, reason := checkDatetime(s); return reason == "" }

// String returns the text.
func (v Datetime) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v Datetime) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *Datetime) UnmarshalText(text []byte) error {
	return unmarshal(v, text, "datetime", checkDatetime)
}

func checkDatetime(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// Language is a string of the lexicon format "language".
type Language string

// ParseLanguage checks s and returns it as a Language; the error is an [*Error].
func ParseLanguage(s string) (Language, error) { return parse[Language](s, "language", checkLanguage) }

// ValidLanguage tells whether s is valid.
func ValidLanguage(s string) bool { _, reason := checkLanguage(s); return reason == "" }

// String returns the text.
func (v Language) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v Language) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *Language) UnmarshalText(text []byte) error {
	return unmarshal(v, text, "language", checkLanguage)
}

func checkLanguage(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// CID is a string of the lexicon format "cid".
type CID string

// ParseCID checks s and returns it as a CID; the error is an [*Error].
func ParseCID(s string) (CID, error) { return parse[CID](s, "cid", checkCID) }

// ValidCID tells whether s is valid.
func ValidCID(s string) bool { _, reason := checkCID(s); return reason == "" }

// String returns the text.
func (v CID) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v CID) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *CID) UnmarshalText(text []byte) error { return unmarshal(v, text, "cid", checkCID) }

func checkCID(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

// URI is a string of the lexicon format "uri".
type URI string

// ParseURI checks s and returns it as a URI; the error is an [*Error].
func ParseURI(s string) (URI, error) { return parse[URI](s, "uri", checkURI) }

// ValidURI tells whether s is valid.
func ValidURI(s string) bool { _, reason := checkURI(s); return reason == "" }

// String returns the text.
func (v URI) String() string { return string(v) }

// MarshalText returns the text as it stands.
func (v URI) MarshalText() ([]byte, error) { return []byte(v), nil }

// UnmarshalText checks text and sets v; the error is an [*Error].
func (v *URI) UnmarshalText(text []byte) error { return unmarshal(v, text, "uri", checkURI) }

func checkURI(s string) (int, string) {
	if s == "" {
		return 0, "empty"
	}
	return -1, ""
}

func (d DID) Method() string                  { return "" }
func (d DID) Identifier() string              { return "" }
func (d DID) AtIdentifier() AtIdentifier      { return AtIdentifier(d) }
func (h Handle) Normalize() Handle            { return h }
func (h Handle) AtIdentifier() AtIdentifier   { return AtIdentifier(h) }
func (a AtIdentifier) IsDID() bool            { return false }
func (a AtIdentifier) DID() (DID, bool)       { return "", false }
func (a AtIdentifier) Handle() (Handle, bool) { return "", false }
func (n NSID) Authority() string              { return "" }
func (n NSID) Name() string                   { return "" }
func (n NSID) Segments() []string             { return nil }
func NewATURI(authority AtIdentifier, collection NSID, recordKey RecordKey) (ATURI, error) {
	return "", nil
}
func (u ATURI) Authority() AtIdentifier { return "" }
func (u ATURI) Collection() NSID        { return "" }
func (u ATURI) RecordKey() RecordKey    { return "" }

type ATURIValidator struct{ _ [1]byte }

func (v *ATURIValidator) Valid(s string) bool { return ValidATURI(s) }
func (d Datetime) Time() (time.Time, error)   { return time.Time{}, nil }
func DatetimeOf(t time.Time) Datetime         { return "" }
func (t TID) Time() time.Time                 { return time.Time{} }
func (t TID) ClockID() int                    { return 0 }

type TIDClock struct{ _ [1]byte }

func NewTIDClock() *TIDClock  { return new(TIDClock) }
func (c *TIDClock) Next() TID { return "" }
