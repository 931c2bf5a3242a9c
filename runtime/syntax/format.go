package syntax

import "strconv"

// Format is a string format of the lexicon language. Its methods return its name in lexicons and the type of this package
// for its strings, and check a string. The zero Format stands for strings without a format, and accepts all strings.
//
// This file has the only list of formats: the decoder, the checks of lexicons and the generator use it. A test of
// package lex fails if the decoder lacks a method for a format.
//
// Specification: https://atproto.com/specs/lexicon#string-formats
type Format uint8

// The string formats, each named after its type in this package.
const (
	FormatAtIdentifier Format = iota + 1
	FormatATURI
	FormatCID
	FormatDatetime
	FormatDID
	FormatHandle
	FormatLanguage
	FormatNSID
	FormatRecordKey
	FormatTID
	FormatURI
)

// formats describes each format, in the order of their names.
var formats = [...]struct {
	name, goType string
	valid        func(string) bool
}{
	0:                  {"", "string", func(string) bool { return true }},
	FormatAtIdentifier: {"at-identifier", "AtIdentifier", ValidAtIdentifier},
	FormatATURI:        {"at-uri", "ATURI", ValidATURI},
	FormatCID:          {"cid", "CID", ValidCID},
	FormatDatetime:     {"datetime", "Datetime", ValidDatetime},
	FormatDID:          {"did", "DID", ValidDID},
	FormatHandle:       {"handle", "Handle", ValidHandle},
	FormatLanguage:     {"language", "Language", ValidLanguage},
	FormatNSID:         {"nsid", "NSID", ValidNSID},
	FormatRecordKey:    {"record-key", "RecordKey", ValidRecordKey},
	FormatTID:          {"tid", "TID", ValidTID},
	FormatURI:          {"uri", "URI", ValidURI},
}

// Formats returns all string formats, in the order of their names.
func Formats() []Format {
	all := make([]Format, 0, len(formats)-1)
	for f := 1; f < len(formats); f++ {
		all = append(all, Format(f))
	}
	return all
}

// FormatNamed returns the format that a lexicon calls name, such as "at-uri", and whether there is one.
func FormatNamed(name string) (Format, bool) {
	for f := 1; f < len(formats); f++ {
		if formats[f].name == name {
			return Format(f), true
		}
	}
	return 0, false
}

// String returns the name of f in the lexicon language, such as "at-uri"; it is empty for the zero Format.
func (f Format) String() string {
	if int(f) >= len(formats) {
		return "Format(" + strconv.Itoa(int(f)) + ")"
	}
	return formats[f].name
}

// GoType returns the name of the type of this package that holds strings of format f, such as "ATURI", or "string" for
// the zero Format. For "ATURI", the constant of the format is FormatATURI, and the method of lex.Decoder is ATURI. It
// panics if f is not a format of this package.
func (f Format) GoType() string { return formats[f].goType }

// Valid reports whether s has the format f, as the Valid function for its type does, such as [ValidATURI] for
// [FormatATURI]. It does not allocate. It panics if f is not a format of this package.
func (f Format) Valid(s string) bool { return formats[f].valid(s) }
