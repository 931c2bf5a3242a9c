package syntax_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validRecordKeys = []string{
	"self",
	"example.com",
	"~1.2-3_",
	"dHJ1ZQ",
	"_",
	"literal:self",
	"pre:fix",
	":",
	"-",
	"~",
	"...",
	"self.",
	"lang:",
	":lang",
	strings.Repeat("o", 512),
	"3jzfcijpj2z2a",
	"....",
	".a",
}

var invalidRecordKeys = []fault{
	{"alpha/beta", 5, "record key has a character other than letters, digits and . _ : ~ -"},
	{".", 0, "record key is one of the path segments . and .."},
	{"..", 0, "record key is one of the path segments . and .."},
	{"@handle", 0, "record key has a character other than letters, digits and . _ : ~ -"},
	{"any space", 3, "record key has a character other than letters, digits and . _ : ~ -"},
	{"any+space", 3, "record key has a character other than letters, digits and . _ : ~ -"},
	{"number[3]", 6, "record key has a character other than letters, digits and . _ : ~ -"},
	{"number(3)", 6, "record key has a character other than letters, digits and . _ : ~ -"},
	{"\"quote\"", 0, "record key has a character other than letters, digits and . _ : ~ -"},
	{"dHJ1ZQ==", 6, "record key has a character other than letters, digits and . _ : ~ -"},
	{strings.Repeat("o", 513), 512, "record key is longer than 512 bytes"},
	{"", 0, "record key is empty"},
	{"#extra", 0, "record key has a character other than letters, digits and . _ : ~ -"},
	{"a b", 1, "record key has a character other than letters, digits and . _ : ~ -"},
	{"a\x00", 1, "record key has a character other than letters, digits and . _ : ~ -"},
	{"é", 0, "record key has a character other than letters, digits and . _ : ~ -"},
}

var recordKeyPattern = regexp.MustCompile(`^[a-zA-Z0-9._:~-]{1,512}$`)

func isRecordKey(s string) bool {
	return s != "." && s != ".." && recordKeyPattern.MatchString(s)
}

var recordKeyFormat = format[syntax.RecordKey, *syntax.RecordKey]{
	name:  "record-key",
	parse: syntax.ParseRecordKey,
	valid: syntax.ValidRecordKey,
	rule:  isRecordKey,
}

func TestParseRecordKey(t *testing.T) {
	recordKeyFormat.testValid(t, validRecordKeys)
	recordKeyFormat.testInvalid(t, invalidRecordKeys)
}

func FuzzRecordKey(f *testing.F) {
	recordKeyFormat.fuzz(f, validRecordKeys, invalidRecordKeys)
}
