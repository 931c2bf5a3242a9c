package identity

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// The time-outs of the steps of a look-up.
const (
	httpTimeout = 10 * time.Second
	dnsTimeout  = 10 * time.Second
)

// byteOrderMark is what some editors and servers put before text in UTF-8.
const byteOrderMark = "\ufeff"

// fetch returns the answer to a GET request: its status, and its body, of at most limit bytes if the status is 200.
// The failure says that there is no answer, or that a successful answer is not usable: see read.
func (s *sources) fetch(ctx context.Context, url, accept, begin string, limit int64) (status int, body []byte, f *failure) {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, invalid("%w", err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", s.UserAgent)
	response, err := s.HTTPClient.Do(req)
	if err != nil {
		return 0, nil, unanswered(ctx, url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		const reason = 4 << 10
		body, _ = io.ReadAll(io.LimitReader(response.Body, reason))
		return response.StatusCode, body, nil
	}
	body, f = read(ctx, url, response.Body, begin, limit)
	return response.StatusCode, body, f
}

// read reads a successful answer of at most limit bytes and removes a byte order mark. The answer must begin with
// begin: anything else is the page of a proxy, or of a site that has a page for every path, and says nothing about
// the identity.
func read(ctx context.Context, url string, source io.Reader, begin string, limit int64) ([]byte, *failure) {
	body, err := io.ReadAll(io.LimitReader(source, limit+1))
	if err != nil {
		return nil, unanswered(ctx, url, err)
	}
	tooLong := int64(len(body)) > limit
	body = bytes.TrimPrefix(body, []byte(byteOrderMark))
	text := bytes.TrimSpace(body)
	switch page := !bytes.HasPrefix(text, []byte(begin)); {
	case page && !(tooLong && strings.HasPrefix(begin, string(text))):
		return nil, unreachable("%s: malformed response: it begins with %s", url, excerpt(string(text)))
	case tooLong:
		return nil, invalid("%s: the response is longer than %d bytes", url, limit)
	}
	return body, nil
}

// unanswered returns the failure for a request that ended with err.
func unanswered(ctx context.Context, url string, err error) *failure {
	switch {
	case ctx.Err() != nil:
		return unreachable("%s: no response within %s", url, httpTimeout)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		// A time-out of the client's own must not look like the end of the caller's context.
		return unreachable("%s", err.Error())
	}
	return unreachable("%w", err)
}

// noSuchHost reports whether f says that the host name of the request does not exist.
func noSuchHost(f *failure) bool {
	var dns *net.DNSError
	return errors.As(f.cause, &dns) && dns.IsNotFound
}
