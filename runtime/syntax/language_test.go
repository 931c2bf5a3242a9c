package syntax_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

var validLanguages = []string{
	"ja",
	"ban",
	"pt-BR",
	"hy-Latn-IT-arevela",
	"en-GB",
	"zh-Hant",
	"sgn-BE-NL",
	"es-419",
	"en-GB-boont-r-extended-sequence-x-private",
	"zh-hakka",
	"i-default",
	"i-navajo",
	"de-CH-1901",
	"qaa-Qaaa-QM-x-southern",
	"X-fr-CH",
	"x-a",
	"de-X-foo",
	"sl-rozaj-biske",
	"en-u-co-phonebk-t-en-US",
	"de-DE-1901-1901",
	"en-rozaj-ROZAJ",
	"en-a-foo-a-bar",
	"en-u-co-phonebk-U-ca-buddhist",
	"en-GB-oed",
	"en-gb-OED",
	"i-KLINGON",
	"i-enochian",
	"sgn-be-fr",
	"zh-min-nan",
	"zh-cmn-yue-hak-Hant-HK",
	"es-419-x-12345678",
	"de-1996",
	"en-0-ab",
	"art-lojban",
}

var invalidLanguages = []fault{
	{"jaja", 0, "language is not two or three lower-case letters"},
	{".", 0, "language tag has a character other than letters, digits and hyphens"},
	{"123", 0, "language is not two or three lower-case letters"},
	{"JA", 0, "language is not two or three lower-case letters"},
	{"j", 0, "language is not two or three lower-case letters"},
	{"ja-", 3, "subtag of the language tag is empty"},
	{"a-DE", 0, "language is not two or three lower-case letters"},
	{"", 0, "language is not two or three lower-case letters"},
	{"-", 0, "language is not two or three lower-case letters"},
	{"-ja", 0, "language is not two or three lower-case letters"},
	{"ja--JP", 3, "subtag of the language tag is empty"},
	{"ja-JP-", 6, "subtag of the language tag is empty"},
	{"en_US", 2, "language tag has a character other than letters, digits and hyphens"},
	{"english", 0, "language is not two or three lower-case letters"},
	{"abcd-US", 0, "language is not two or three lower-case letters"},
	{"Ja", 0, "language is not two or three lower-case letters"},
	{"jA", 0, "language is not two or three lower-case letters"},
	{"x", 0, "language is not two or three lower-case letters"},
	{"x-", 2, "subtag of the language tag is empty"},
	{"X-", 2, "subtag of the language tag is empty"},
	{"x-a-", 4, "subtag of the language tag is empty"},
	{"x-abcdefghi", 10, "subtag of the language tag is longer than 8 characters"},
	{"en-x", 4, "private use part of the language tag is empty"},
	{"en-x-", 5, "subtag of the language tag is empty"},
	{"en-x-abcdefghi", 13, "subtag of the language tag is longer than 8 characters"},
	{"en-a", 4, "extension of the language tag is empty"},
	{"en-a-", 5, "subtag of the language tag is empty"},
	{"en-a-x-foo", 5, "extension of the language tag is empty"},
	{"en-a-b-foo", 5, "extension of the language tag is empty"},
	{"en-u-co-t", 9, "extension of the language tag is empty"},
	{"en-abcdefghi", 11, "subtag of the language tag is longer than 8 characters"},
	{"de-419-DE", 7, "subtag of the language tag is not allowed at its position"},
	{"de-DE-DE", 6, "subtag of the language tag is not allowed at its position"},
	{"de-DE-Latn", 6, "subtag of the language tag is not allowed at its position"},
	{"de-1901-DE", 8, "subtag of the language tag is not allowed at its position"},
	{"zh-cmn-yue-hak-gan", 15, "subtag of the language tag is not allowed at its position"},
	{"zh-Hant-yue", 8, "subtag of the language tag is not allowed at its position"},
	{"zh-Han1", 3, "subtag of the language tag is not allowed at its position"},
	{"en-US-a1", 6, "subtag of the language tag is not allowed at its position"},
	{"en-12", 3, "subtag of the language tag is not allowed at its position"},
	{"en-1ab", 3, "subtag of the language tag is not allowed at its position"},
	{"i-unknown", 0, "language is not two or three lower-case letters"},
	{"i-", 0, "language is not two or three lower-case letters"},
	{"I-default", 0, "language is not two or three lower-case letters"},
	{"SGN-BE-FR", 0, "language is not two or three lower-case letters"},
	{"i-ha\u212a", 0, "language is not two or three lower-case letters"},
	{"ja-é", 3, "language tag has a character other than letters, digits and hyphens"},
	{"en GB", 2, "language tag has a character other than letters, digits and hyphens"},
	{"en-", 3, "subtag of the language tag is empty"},
}

var languagePattern = regexp.MustCompile(`^(` +
	`[a-z]{2,3}(-[a-zA-Z]{3}){0,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2}|-[0-9]{3})?` +
	`(-[a-zA-Z0-9]{5,8}|-[0-9][a-zA-Z0-9]{3})*` +
	`(-[0-9a-wyzA-WYZ](-[a-zA-Z0-9]{2,8})+)*(-[xX](-[a-zA-Z0-9]{1,8})+)?` +
	`|[xX](-[a-zA-Z0-9]{1,8})+` +
	`|en-[Gg][Bb]-[Oo][Ee][Dd]|sgn-[Bb][Ee]-[Ff][Rr]|sgn-[Bb][Ee]-[Nn][Ll]|sgn-[Cc][Hh]-[Dd][Ee]` +
	`|i-(?i:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)` +
	`)$`)

func isLanguage(s string) bool {
	isASCII := !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
	return isASCII && languagePattern.MatchString(s)
}

var languageFormat = format[syntax.Language, *syntax.Language]{
	name:  "language",
	parse: syntax.ParseLanguage,
	valid: syntax.ValidLanguage,
	rule:  isLanguage,
}

func TestParseLanguage(t *testing.T) {
	languageFormat.testValid(t, validLanguages)
	languageFormat.testInvalid(t, invalidLanguages)
}

func FuzzLanguage(f *testing.F) {
	languageFormat.fuzz(f, validLanguages, invalidLanguages)
}
