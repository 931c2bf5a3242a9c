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

// takenPackages are names that no generated package gets: those of the standard library, of the
// runtime's packages that generated code imports, and of directories that have a meaning to Go.
var takenPackages = wordSet(`
	adler32 aes ascii85 asn1 ast atomic base32 base64 big binary bits bufio build buildinfo bytes bzip2
	cgi cgo cipher cmp cmplx color comment constant constraint context cookiejar coverage crc32 crc64
	crypto cryptotest csv debug des doc draw driver dsa dwarf ecdh ecdsa ed25519 elf elliptic embed
	encoding errors exec expvar fcgi filepath fips140 flag flate fmt fnv format fs fstest gif gob gosym
	gzip hash heap hex hkdf hmac hpke html http httptest httptrace httputil image importer io iotest
	ioutil iter jpeg json jsonrpc list log lzw macho mail maphash maps math md5 metrics mime mlkem
	mlkemtest multipart net netip os palette parse parser path pbkdf2 pe pem pkix plan9obj plugin png
	pprof printer quick quotedprintable race rand rc4 reflect regexp ring rpc rsa runtime scanner sha1
	sha256 sha3 sha512 signal slices slog slogtest smtp sort sql strconv strings structs subtle
	suffixarray sync synctest syntax syscall syslog tabwriter tar template testing textproto time tls
	token trace types tzdata unicode unique unsafe url user utf16 utf8 version weak x509 xml zip zlib
	lex
	main internal testdata vendor`)

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
var localNames = wordSet("b body c call contentType ctx cursor d e err input o ok out p page params payload q t v x " +
	"account archive c cid entry found i nsid options r trust uri cmp context io iter lex rec repo rpc slices syntax")

// takenMembers are the members that any generated struct may have besides its fields.
var takenMembers = wordSet("DecodeLex EncodeLex Extra IsKnown LexParams MarshalJSON RecordType String UnmarshalJSON Validate")

// fieldName returns name, changed if a method or another member of a struct has it.
func fieldName(name string) string {
	if takenMembers[name] || strings.HasSuffix(name, "OrDefault") {
		return name + "Field"
	}
	return name
}
