package layers07

import (
	"errors"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// upgradeLicense moves the license of a corpus into its licensing: an SPDX expression as the expression, with a reference for
// each license in it, and anything else as one reference by name.
func upgradeLicense(record *lex.Map, value lex.Value) (to string, err error) {
	if _, found := record.Get("licensing"); found {
		return "", errors.New("the record already has the field licensing")
	}
	text, _ := value.Text()
	licensing := &layers.Licensing{Licenses: []layers.LicenseRef{{Spdx: layers.LicenseRefSpdxCustom, Name: lex.Some(text)}}}
	to = "/licensing/licenses/0/name"
	if spdx := layers.LicenseRefSpdx(text); spdx.IsKnown() {
		licensing.Licenses[0].Spdx = spdx
	}
	if ids := spdxLicenses(text); ids != nil {
		licensing.Expression, to = lex.Some(text), "/licensing/expression"
		licensing.Licenses = nil
		for _, id := range ids {
			licensing.Licenses = append(licensing.Licenses, layers.LicenseRef{Spdx: layers.LicenseRefSpdx(id)})
		}
	}
	object, err := lex.ValueOf(licensing)
	if err != nil {
		return "", err
	}
	record.Set("licensing", object)
	return to, nil
}

// spdxLicenses returns the identifiers of the licenses in an SPDX license expression, each once, or nil if the text is not
// one. The syntax is that of https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/. An identifier counts if it has the
// form of those in the list of SPDX licenses, since the list grows.
func spdxLicenses(text string) []string {
	p := &spdxParser{tokens: strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text))}
	if len(text) > maxExpression || !p.expression(0) || len(p.tokens) > 0 {
		return nil
	}
	return p.licenses
}

const (
	maxExpression = 512 // bytes, by the lexicon
	maxNesting    = 32
)

// spdxParser reads an expression. Its methods report whether there was what they read.
type spdxParser struct {
	tokens   []string
	licenses []string
}

func (p *spdxParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token
}

// accept reads a token if it is the next one. Operators may be in lower case.
func (p *spdxParser) accept(token string) bool {
	if len(p.tokens) == 0 || p.tokens[0] != token && p.tokens[0] != strings.ToLower(token) {
		return false
	}
	p.next()
	return true
}

func (p *spdxParser) expression(depth int) bool {
	for p.term(depth) {
		if !p.accept("AND") && !p.accept("OR") {
			return true
		}
	}
	return false
}

func (p *spdxParser) term(depth int) bool {
	if p.accept("(") {
		return depth < maxNesting && p.expression(depth+1) && p.accept(")")
	}
	id := p.next()
	if !spdxIdentifier(strings.TrimSuffix(id, "+")) {
		return false
	}
	if !slices.Contains(p.licenses, id) {
		p.licenses = append(p.licenses, id)
	}
	return !p.accept("WITH") || spdxWord(p.next())
}

// spdxIdentifier reports whether a word has the form of an identifier of the SPDX list: one of those without a version, a name
// with a version such as CC-BY-4.0, or a reference to a license outside the list.
func spdxIdentifier(s string) bool {
	if ref, found := strings.CutPrefix(s, "LicenseRef-"); found {
		return spdxWord(ref)
	}
	if slices.Contains([]string{"MIT", "MIT-0", "ISC", "Zlib", "Unlicense", "WTFPL", "0BSD", "X11", "NCSA", "PostgreSQL", "Beerware", "curl", "ICU", "Info-ZIP", "libpng", "Vim", "Ruby"}, s) {
		return true
	}
	if !spdxWord(s) || s[0] < 'A' || s[0] > 'Z' && s[0] < 'a' || s[0] > 'z' {
		return false
	}
	// A version is a part of digits and dots: CC-BY-4.0, GPL-3.0-only, BSD-3-Clause, OLDAP-2.8.
	for i, part := range strings.Split(s, "-") {
		if i > 0 && part != "" && strings.Trim(part, "0123456789.") == "" && strings.Trim(part, ".") == part {
			return true
		}
	}
	return false
}

// spdxWord reports whether s consists of letters, digits, hyphens and dots.
func spdxWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == ""
}
