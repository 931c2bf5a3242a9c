package identity_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// endless is a body that counts what is read of it.
type endless struct {
	begin  io.Reader
	read   int
	closed bool
}

func (e *endless) Read(b []byte) (int, error) {
	n, err := e.begin.Read(b)
	if err == io.EOF {
		n = copy(b, strings.Repeat(" ", len(b)))
	}
	e.read += n
	return n, nil
}

func (e *endless) Close() error { e.closed = true; return nil }

// TestReadLimits: of an answer without an end no more is read than may be in a good one, and it is closed.
func TestReadLimits(t *testing.T) {
	const page = 4 << 10
	for name, test := range map[string]struct {
		url       string
		status    int
		begin     string
		byService bool
		most      int
	}{
		"document":           {plc + string(alice), 200, documentOf(alice, ""), false, 256 << 10},
		"document, page":     {plc + string(alice), 200, "<html>", false, 256 << 10},
		"document, 404":      {plc + string(alice), 404, "<html>", false, page},
		"document, 500":      {plc + string(alice), 500, "<html>", false, page},
		"well-known":         {wellKnown("alice.test"), 200, string(alice), false, page},
		"well-known, page":   {wellKnown("alice.test"), 200, "<html>", false, page},
		"well-known, spaces": {wellKnown("alice.test"), 200, "", false, page},
		"well-known, 404":    {wellKnown("alice.test"), 404, "", false, page},
		"service":            {service + "alice.test", 200, `{"did":"` + string(alice) + `"}`, true, page},
		"service, 400":       {service + "alice.test", 400, "", true, 64 << 10},
	} {
		body := &endless{begin: strings.NewReader(test.begin)}
		n := newNetwork()
		n.at(test.url, func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: test.status, Header: http.Header{}, Body: body, ContentLength: -1, Request: req}, nil
		})
		d := n.directory(t)
		if test.byService {
			d = n.directory(t, n.withService())
		}
		var err error
		if strings.HasPrefix(test.url, plc) {
			_, err = d.ResolveDID(t.Context(), alice)
		} else {
			_, err = d.ResolveHandle(t.Context(), "alice.test")
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if body.read > test.most+1 || !body.closed {
			t.Errorf("%s: %d bytes were read, at most %d should have been; closed: %t", name, body.read, test.most+1, body.closed)
		}
	}
}
