package plan

import (
	"go/token"
	"go/types"
	"strings"
)

// wordSet returns the set of the words in a text.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// takenPackages are names that no generated package gets: those of the packages that generated code and the examples
// in package comments import, and names that have a meaning to Go.
var takenPackages = wordSet("cmp context fmt io iter lex rec rpc syntax init main internal testdata vendor")

// usableDirectory reports whether any Go program can import packages below a directory called name.
func usableDirectory(name string) bool {
	return name != "internal" && name != "testdata" && name != "vendor"
}

// usablePackageName reports whether a package can be called name: an identifier that is neither predeclared nor taken.
func usablePackageName(name string) bool {
	return token.IsIdentifier(name) && types.Universe.Lookup(name) == nil && !takenPackages[name]
}

// localNames are the variables of generated functions and the other packages that they use; a
// package that is imported by one of these names would clash with them.
var localNames = wordSet("b body c call contentType ctx cursor d e err i input o ok out p page params payload q t v x " +
	"cmp context io iter lex rec rpc syntax")

// recordsNames are the same for the package that lists every collection, which imports only packages with records.
var recordsNames = wordSet("account archive c cid cmp context ctx d entry err found i lex nsid options r rec repo slices syntax t trust uri v")

// takenMembers are the members that any generated struct may have besides its fields.
var takenMembers = wordSet("DecodeLex EncodeLex Extra IsKnown LexParams MarshalJSON RecordType String UnmarshalJSON Validate")

// fieldName returns name, changed if a method or another member of a struct has it.
func fieldName(name string) string {
	if takenMembers[name] || strings.HasSuffix(name, "OrDefault") {
		return name + "Field"
	}
	return name
}
