package guard

import "net/netip"

// The IPv4 ranges that are not part of the public Internet: those that the IANA special-purpose registry lists as not
// globally reachable, multicast, and the deprecated 6to4 relays.
// https://www.iana.org/assignments/iana-ipv4-special-registry
var private4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared by carriers (CGNAT)
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata services of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays of 6to4
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
)

// Of IPv6, only 2000::/3 is allocated as global unicast. These are the ranges in it that are not part of the public
// Internet. https://www.iana.org/assignments/iana-ipv6-special-registry
var private6 = prefixes(
	"2001::/23",     // protocol assignments: Teredo, benchmarks, ORCHID
	"2001:db8::/32", // documentation
	"3fff::/20",     // documentation
)

// Ranges of IPv6. An address in nat64 or sixToFour contains an IPv4 address, and is public if that is.
var (
	global6   = netip.MustParsePrefix("2000::/3")     // global unicast
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // the IPv4 address is in the last four bytes
	sixToFour = netip.MustParsePrefix("2002::/16")    // the IPv4 address is in the third to sixth byte
)

// Public reports whether addr is an address of the public Internet. These are not public: private, loopback,
// link-local, unspecified, multicast, shared (CGNAT) and reserved addresses, addresses for documentation or
// benchmarks, and IPv6 addresses that contain such an IPv4 address (IPv4-mapped, NAT64, 6to4). The zero Addr and
// addresses with a zone are not public either.
func Public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if addr.Is4() {
		return !within(private4, addr)
	}
	bytes := addr.As16()
	switch {
	case nat64.Contains(addr):
		return Public(netip.AddrFrom4([4]byte(bytes[12:])))
	case sixToFour.Contains(addr):
		return Public(netip.AddrFrom4([4]byte(bytes[2:])))
	}
	return global6.Contains(addr) && !within(private6, addr)
}

func within(ranges []netip.Prefix, addr netip.Addr) bool {
	for _, p := range ranges {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func prefixes(texts ...string) []netip.Prefix {
	p := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		p[i] = netip.MustParsePrefix(text)
	}
	return p
}
