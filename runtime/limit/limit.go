// Package limit defines the error that all limits of this module have in common. Each package that limits sizes or counts
// has its own, more specific error, which wraps this one:
//
//	if errors.Is(err, limit.ErrTooLarge) {
//		// an archive, a block, a blob, an answer or a write is over its limit
//	}
package limit

import "errors"

// ErrTooLarge says that something is larger than its limit. repo.ErrTooLarge, car.ErrTooLarge, xrpc.ErrTooLarge,
// blob.ErrTooLarge and write.ErrTooLarge wrap it. Of these, only write.ErrTooLarge guarantees that nothing was written.
var ErrTooLarge = errors.New("too large")
