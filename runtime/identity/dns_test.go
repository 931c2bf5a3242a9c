package identity_test

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// nameServer starts a DNS server that answers each question with a response code and a TXT record, unless
// that is empty, and returns a resolver that asks it.
func nameServer(t *testing.T, code uint16, strs ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 4096)
		for {
			size, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := dnsReply(buffer[:size], code, strs); reply != nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// dnsReply returns the answer to a query: RFC 1035, section 4.1.
func dnsReply(query []byte, code uint16, strs []string) []byte {
	const header = 12
	end := header // of the question
	for end < len(query) && query[end] != 0 {
		end += 1 + int(query[end])
	}
	if end += 1 + 4; end > len(query) {
		return nil
	}
	reply := append([]byte(nil), query[:end]...)
	binary.BigEndian.PutUint16(reply[2:], 0x8180|code) // a response, recursion available
	clear(reply[6:header])
	if len(strs) == 0 {
		return reply
	}
	var data []byte
	for _, s := range strs {
		data = append(append(data, byte(len(s))), s...)
	}
	binary.BigEndian.PutUint16(reply[6:], 1)                       // answers
	reply = append(reply, 0xc0, header, 0, 16, 0, 1, 0, 0, 0, 255) // the name of the question, TXT, IN, lifetime
	reply = binary.BigEndian.AppendUint16(reply, uint16(len(data)))
	return append(reply, data...)
}

// What Go's resolver makes of the answers of a DNS server.
func TestDNS(t *testing.T) {
	const noError, serverFailure, noSuchName, refused = 0, 2, 3, 5
	for _, test := range []struct {
		name string
		code uint16
		strs []string
		want syntax.DID
		kind error
	}{
		{name: "record", strs: []string{"did=" + string(alice)}, want: alice},
		{name: "record in parts", strs: []string{"did=did:", strings.TrimPrefix(string(alice), "did:")}, want: alice},
		{name: "another record", strs: []string{"v=spf1"}, kind: identity.ErrNotFound},
		{name: "no record", code: noError, kind: identity.ErrNotFound},
		{name: "no such name", code: noSuchName, kind: identity.ErrNotFound},
		{name: "failure", code: serverFailure, kind: identity.ErrUnreachable},
		{name: "refused", code: refused, kind: identity.ErrUnreachable},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNetwork()
			d := n.directory(t, n.as(network.Network{LookupTXT: nameServer(t, test.code, test.strs...).LookupTXT}))
			did, err := d.ResolveHandle(t.Context(), "alice.test")
			if test.kind != nil {
				wantError(t, err, "alice.test", test.kind)
			} else if did != test.want || err != nil {
				t.Errorf("got %q, %v, want %q", did, err, test.want)
			}
		})
	}
}
