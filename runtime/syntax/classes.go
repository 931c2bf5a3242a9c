package syntax

// The sets of bytes that the formats are made of, as bits of an entry of
// classes.
const (
	alnumByte  = 1 << iota // letters and digits
	labelByte              // what a domain label may hold: letters, digits and the hyphen
	didByte                // what the identifier of a DID may hold
	keyByte                // what a record key may hold
	tidByte                // the digits of base32-sortable
	cidByte                // what the text form of a CID may hold
	schemeByte             // what the scheme of a URI may hold
	graphByte              // the ASCII characters that leave ink on paper
)

// classes has the sets that each byte is in. One load from this table is
// cheaper than the comparisons that it stands for.
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
// in the class: len(s) if all of them are. It looks at four bytes at a time, which
// halves the time for long strings.
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
