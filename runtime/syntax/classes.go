package syntax

// Sets of bytes that formats allow, as bits of an element of classes.
const (
	alnumByte  = 1 << iota // letters and digits
	labelByte              // allowed in a domain label: letters, digits and the hyphen
	didByte                // allowed in the identifier of a DID
	keyByte                // allowed in a record key
	tidByte                // the digits of base32-sortable
	cidByte                // allowed in the text form of a CID
	schemeByte             // allowed in the scheme of a URI
	graphByte              // the ASCII characters that are visible: all but space and control characters
)

// classes maps each byte to the sets that it is in. One load from this table is
// cheaper than the comparisons that it replaces.
var classes = byteClasses()

func byteClasses() (table [256]uint8) {
	const alnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for _, set := range []struct {
		class uint8
		bytes string
	}{
		{alnumByte, alnum},
		{labelByte, alnum + "-"},
		{didByte, alnum + "._:%-"},
		{keyByte, alnum + "._:~-"},
		{tidByte, tidDigits},
		{cidByte, alnum + "+="},
		{schemeByte, alnum + "+-."},
	} {
		for _, c := range []byte(set.bytes) {
			table[c] |= set.class
		}
	}
	for c := '!'; c <= '~'; c++ {
		table[c] |= graphByte
	}
	return table
}

// skip returns the offset of the first byte of s, from start on, that is not
// in the class, or len(s) if all of them are. It checks four bytes at a time,
// which halves the time for long strings.
func skip(s string, start int, class uint8) int {
	i := start
	for ; i+4 <= len(s); i += 4 {
		if classes[s[i]]&classes[s[i+1]]&classes[s[i+2]]&classes[s[i+3]]&class == 0 {
			break
		}
	}
	for i < len(s) && classes[s[i]]&class != 0 {
		i++
	}
	return i
}

func isLower(c byte) bool { return c-'a' < 26 }

func isLetter(c byte) bool { return (c|0x20)-'a' < 26 }

func isDigit(c byte) bool { return c-'0' < 10 }
