package identity

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// The time-outs of what is done to find out one thing.
const (
	httpTimeout = 10 * time.Second
	dnsTimeout  = 10 * time.Second
)

// fetch returns the answer to a GET request: its body, if its status is 200, of at most limit bytes. The
// failure is that there is no answer, or one that is too long.
func (o *options) fetch(ctx context.Context, url, accept string, limit int64) (status int, body []byte, f *failure) {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, invalid("%w", err)
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", userAgent)
	response, err := o.http.Do(req)
	if err != nil {
		return 0, nil, unanswered(ctx, url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		limit = 4 << 10 // enough for a reason
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	switch {
	case response.StatusCode != http.StatusOK:
		return response.StatusCode, body, nil
	case err != nil:
		return 0, nil, unanswered(ctx, url, err)
	case int64(len(body)) > limit:
		return 0, nil, invalid("%s: answer is longer than %d bytes", url, limit)
	}
	return response.StatusCode, body, nil
}

// unanswered returns the failure of a request that err ended.
func unanswered(ctx context.Context, url string, err error) *failure {
	switch {
	case ctx.Err() != nil:
		return unreachable("%s: no answer within %s", url, httpTimeout)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		// A time-out of the client's own must not look like the end of the caller's context.
		return unreachable("%s", err.Error())
	}
	return unreachable("%w", err)
}

// noSuchHost reports whether f says that the name of the host that was asked does not exist.
func noSuchHost(f *failure) bool {
	var dns *net.DNSError
	return errors.As(f.cause, &dns) && dns.IsNotFound
}
