package syntax_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validCIDs = []string{
	"bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
	"zdj7WWeQ43G6JJvLWQWZpyHuAMq6uYWRjkBXFad11vE2LHhQ7",
	"bafybeie5gq4jxvzmsym6hjlwxej4rwdoxt7wadqvmmwbqi7r27fclha2va",
	"mBcDxtdWx0aWhhc2g+",
	"z7x3CtScH765HvShXT",
	"zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz",
	"7134036155352661643226414134664076",
	"f017012202c5f688262e0ece8569aa6f94d60aad55ca8d9d83734e4a7430d0cff6588ec2b",
	"bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a",
	"bafkreib",
	strings.Repeat("b", 256),
}

var invalidCIDs = []fault{
	{"example.com", 7, "CID has a character other than letters, digits, + and ="},
	{"https://example.com", 5, "CID has a character other than letters, digits, + and ="},
	{"cid:bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", 3, "CID has a character other than letters, digits, + and ="},
	{".", 1, "CID is shorter than 8 bytes"},
	{"12345", 5, "CID is shorter than 8 bytes"},
	{" bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", 0, "CID has a character other than letters, digits, + and ="},
	{"bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi ", 59, "CID has a character other than letters, digits, + and ="},
	{"bafybe igdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi", 6, "CID has a character other than letters, digits, + and ="},
	{"QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR", 0, "CID is of version 0"},
	{"noop", 4, "CID is shorter than 8 bytes"},
	{"", 0, "CID is shorter than 8 bytes"},
	{"bafkrei", 7, "CID is shorter than 8 bytes"},
	{strings.Repeat("b", 257), 256, "CID is longer than 256 bytes"},
	{"QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG", 0, "CID is of version 0"},
	{"bafkreib-", 8, "CID has a character other than letters, digits, + and ="},
	{"bafkreib/", 8, "CID has a character other than letters, digits, + and ="},
}

var cidPattern = regexp.MustCompile(`^[a-zA-Z0-9+=]{8,256}$`)

func isCID(s string) bool {
	return cidPattern.MatchString(s) && !strings.HasPrefix(s, "Qm")
}

var cidFormat = format[syntax.CID, *syntax.CID]{
	name:  "cid",
	parse: syntax.ParseCID,
	valid: syntax.ValidCID,
	rule:  isCID,
}

func TestParseCID(t *testing.T) {
	cidFormat.testValid(t, validCIDs)
	cidFormat.testInvalid(t, invalidCIDs)
}

func FuzzCID(f *testing.F) {
	cidFormat.fuzz(f, validCIDs, invalidCIDs)
}
