package xrpcserver

import "time"

// WithTimes sets how long a handler waits for the clients of subscriptions.
func WithTimes(ping, patience, goodbye time.Duration) Option {
	return func(h *handler) { h.ping, h.patience, h.goodbye = ping, patience, goodbye }
}
