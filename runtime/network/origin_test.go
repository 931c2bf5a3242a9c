package network_test

import (
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/network"
)

func TestParseOrigin(t *testing.T) {
	for _, test := range []struct{ address, want, err string }{
		{"https://pds.example.com", "https://pds.example.com", ""},
		{"https://PDS.Example.com/", "https://pds.example.com", ""},
		{"HTTPS://pds.example.com", "https://pds.example.com", ""},
		{"https://pds.example.com:443", "https://pds.example.com", ""},
		{"https://pds.example.com:80", "https://pds.example.com:80", ""},
		{"https://pds.example.com:8443", "https://pds.example.com:8443", ""},
		{"https://[2001:db8::1]:443", "https://[2001:db8::1]", ""},
		{"http://localhost:2583", "http://localhost:2583", ""},
		{"http://localhost:80/", "http://localhost", ""},
		{"https://pds.example.com/xrpc", "", `"https://pds.example.com/xrpc" has more than a host and a port`},
		{"https://pds.example.com:port", "", `"https://pds.example.com:port" is not a URL: `},
		{"https://[::1", "", `"https://[::1" is not a URL: `},
		{"https://pds.example.com//", "", "more than a host"},
		{"https://pds.example.com?", "", "the address is not of the form"},
		{"https://pds.example.com#fragment", "", "more than a host"},
		{"https://pds.example.com#", "", "more than a host"},
		{"https://pds.example.com:", "", "no host, or an empty port"},
		{"https://:443", "", "no host, or an empty port"},
		{"https:pds.example.com", "", "no host, or an empty port"},
		{"ftp://pds.example.com", "", "not an http or https URL"},
		{"pds.example.com:443", "", "not an http or https URL"},
		{"pds.example.com", "", `"pds.example.com" has no scheme`},
		{"", "", `"" has no scheme`},
		{"https://bücher.example", "", "punycode"},
		{"https://b%C3%BCcher.example", "", "punycode"},
		{"https://pds.example.com?token=pw", "", "the address is not of the form"},
		{"https://user:pw@pds.example.com", "", "the address is not of the form"},
		{"https://user:pw@pds.example.com:x", "", "the address is not of the form"},
	} {
		u, err := network.ParseOrigin(test.address)
		if test.err == "" {
			if err != nil || u.String() != test.want {
				t.Errorf("%s: %v, %v, want %s", test.address, u, err, test.want)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%s: %v, %v, want an error with %q and without secrets", test.address, u, err, test.err)
		}
	}
}
